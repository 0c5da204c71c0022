"""What stands above a figure is what its numbers say; what a notebook shows is the terminal's."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.table import Table

from risk_model import worth
from risk_model.evaluate import judge
from risk_model.library import Shown
from risk_model.measure import calibration_error
from risk_model.pipelines.backtest import calibration_of
from risk_model.pipelines.comparison_figure import comparison_figure, finding
from risk_model.pipelines.figures import calibration_panel
from risk_model.pipelines.judge import Judged
from risk_model.pipelines.present import as_text
from risk_model.pipelines.present_judged import shown
from risk_model.pipelines.replay_figure import planner_figure
from risk_model.splits import WAYS
from risk_model.tables.quiet import keep_quiet

WEEKS, ACCOUNTS, SIZE = 12, 60, 10
ZERO = "±0"


def predictions(strength: dict[str, float]) -> pd.DataFrame:
    """Scores that tell of what comes, each so strongly."""
    rng = np.random.default_rng(5)
    rows = WEEKS * ACCOUNTS
    danger = rng.normal(0, 1, rows)
    y = (rng.random(rows) < 1 / (1 + np.exp(2.2 - 1.5 * danger))).astype(int)
    told = {
        "row": range(rows),
        "fold": np.arange(rows) // (rows // 3),
        "day": np.repeat(np.arange(WEEKS) * 7, ACCOUNTS),
        "group": np.tile([f"A{n}" for n in range(ACCOUNTS)], WEEKS),
        "y": y,
    }
    for name, by in strength.items():
        told[name] = 1 / (1 + np.exp(2.2 - by * danger - (1 - by) * rng.normal(0, 1, rows)))
    return pd.DataFrame(told)


def backtest(**strength: float) -> Any:
    rows = predictions(strength)
    done = judge(rows, "blend", n=100)
    splits = {
        way: {"logistic": {"auroc": auroc}}
        for way, auroc in zip(WAYS, (0.9, 0.8, 0.7), strict=True)
    }
    return SimpleNamespace(
        evaluation=done, judged=Judged(done, {}), sections={"splits": splits}, replay=rows
    )


def test_the_bins_of_the_report_are_those_of_its_calibration_error() -> None:
    told = calibration_of(predictions({"blend": 0.9, "rules": 0.1}).assign(tickets_28d=3.0))
    assert list(told) == ["blend", "rules"]
    for member in told.values():
        rows = [one["rows"] for one in member["bins"]]
        gaps = [one["rows"] * abs(one["said"] - one["came"]) for one in member["bins"]]
        assert sum(rows) == WEEKS * ACCOUNTS
        assert sum(gaps) / sum(rows) == pytest.approx(member["calibration_error"])
        assert [one["said"] for one in member["bins"]] == sorted(o["said"] for o in member["bins"])


def test_the_headline_names_whom_the_blend_beats_beyond_noise_and_whom_not() -> None:
    done = backtest(blend=0.9, logistic=0.9, rules=0.1)
    assert done.evaluation.against["rules"]["average_precision"].low > 0
    said = finding(done)
    assert said == "The blend ranks better than rules, not clearly better than logistic"
    assert finding(backtest(blend=0.5, rules=0.9)) == "The blend is beaten by rules"
    assert finding(backtest(blend=0.9, rules=0.9)) == "The blend is not clearly better than rules"
    three = backtest(blend=0.6, logistic=0.6, boosting=0.95, rules=0.05)
    assert finding(three) == (
        "The blend ranks better than rules, is beaten by boosting, not clearly better than logistic"
    )
    none = SimpleNamespace(evaluation=None, judged=SimpleNamespace(reason="too short a past"))
    assert finding(none) == "too short a past"


def test_below_the_table_stands_what_the_blend_has_over_each_other_on_the_same_draws() -> None:
    done = backtest(blend=0.5, logistic=0.5, rules=0.9).judged
    gain = done.evaluation.against["rules"]["average_precision"]
    assert gain.high < 0
    said = as_text(shown(done), 200)
    assert f"AP of the blend less that of logistic {ZERO}" in said.replace(
        done.evaluation.against["logistic"]["average_precision"].told("+.3f"), ZERO
    )
    assert f"rules {gain.estimate:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]" in said
    counted = replace(done, facts={"escalations_judged": 51, "accounts_escalated": 33})
    title = " ".join(as_text(shown(counted), 200).split())
    assert "before one of 51 escalations of 33 accounts" in title


def test_the_plot_of_calibration_says_the_figure_and_hangs_on_no_order_of_rows() -> None:
    rng = np.random.default_rng(0)
    p = rng.choice([0.02, 0.05, 0.3], 500, p=[0.6, 0.3, 0.1])
    y = (rng.random(500) < p).astype(int)
    lines = []
    for order in (np.arange(500), rng.permutation(500)):
        judged = SimpleNamespace(labels=y[order], predictions={"blend": p[order]})
        axes = Figure().subplots()
        calibration_panel(axes, judged)  # type: ignore[arg-type]
        assert f"differ by {calibration_error(y, p):.1%}" in axes.get_title(loc="left")
        lines.append(np.column_stack(axes.lines[1].get_data()))
    assert lines[0] == pytest.approx(lines[1])
    assert lines[0][:, 0] == pytest.approx([0.02, 0.05, 0.3])


def test_the_comparison_shows_every_member_at_its_figure_and_how_far_random_rows_flatter() -> None:
    done = backtest(blend=0.9, logistic=0.8, rules=0.1)
    figure = comparison_figure(done)
    left, middle, _ = figure.axes
    names = ["rules", "logistic", "blend"]
    assert [label.get_text() for label in left.get_yticklabels()] == names
    heights = [float(line.get_xdata()[0]) for line in left.lines if len(line.get_xdata()) == 1]
    wanted = [
        done.evaluation.figures[m]["average_precision"] for m in ("rules", "logistic", "blend")
    ]
    assert heights == pytest.approx(wanted)
    assert middle.get_title(loc="left") == "Random rows flatter by up to 0.20 AUROC"


def replay() -> pd.DataFrame:
    rows = predictions({"blend": 0.9}).rename(columns={"group": "account"})
    came = np.where(rows["y"] == 1, rows["day"] + 10.0, np.nan)
    rows = rows.assign(p=rows["blend"], csm="Ann", escalated_day=came, averted=False)
    return worth.ranked_by(rows, "p")


def test_the_planner_says_what_a_list_of_the_teams_size_catches_and_which_size_pays() -> None:
    rows = replay()
    plan = worth.planner(rows, (5, SIZE, 20))
    at_size = worth.at_capacity(rows, SIZE)
    sections = {"planner": plan.to_dict("records"), "capacity": {"blend": at_size}}
    figure = planner_figure(SimpleNamespace(sections=sections, replay=rows))  # type: ignore[arg-type]
    left, right = figure.axes
    here = plan.set_index("capacity").loc[SIZE]
    caught, drawn = here["caught_share"], here["caught_share_by_lot"]
    wanted = f"{SIZE} a week catch {caught:.0%} of escalations; by lot {drawn:.0%}"
    assert left.get_title(loc="left") == wanted
    best = plan["capacity"][plan["value_20"].idxmax()]
    assert f"{best} a week pay best" in right.get_title(loc="left")
    assert f"{at_size['escalations']} escalations in {WEEKS} weeks" in figure._supxlabel.get_text()


def test_what_a_notebook_shows_is_text_and_a_table_and_still_the_thing_itself() -> None:
    table = Table("account", "p")
    table.add_row("<A1>", "0.5")
    shown = Shown(pd.DataFrame({"p": [0.5]}), table)
    assert "<A1>" in repr(shown)
    html = shown._repr_html_()
    assert "&lt;A1&gt;" in html
    assert "<A1>" not in html
    assert shown.shape == (1, 1)
    assert {"shape", "_repr_html_"} <= set(dir(shown))
    with pytest.raises(AttributeError):
        shown.nothing_of_the_kind  # noqa: B018


@pytest.mark.parametrize("was_on", [True, False])
def test_a_connection_draws_no_bar_and_is_left_alone_where_it_did_not(was_on: bool) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"SET enable_progress_bar = {str(was_on).lower()}")
        keep_quiet(connection)
        asked = "SELECT current_setting('enable_progress_bar')"
        assert connection.execute(asked).fetchall() == [(False,)]
