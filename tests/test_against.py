"""Why an account moved: what was recorded late stands apart from what happened."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from command import Command
from conftest import Trained
from risk_model.explain import told_of
from risk_model.movement import THE_RULES, Movement
from risk_model.pipelines.against import ANOTHER_MODEL, CAME_LATE, Change, explain_change
from risk_model.pipelines.line import Line
from risk_model.pipelines.waterfall import steps_of, waterfall_figure
from risk_model.settings import load_settings
from small_company import AS_OF, account, desk, moment, solved, ticket, write_tables

A_WEEK_AGO = AS_OF - timedelta(days=7)
# A desk's log that flows on both days, so that tickets are measured on both.
FLOWING = [*desk("A2"), solved(152, "A2", 9), solved(153, "A2", 8)]


def explained(folder: Path) -> str:
    console = Console(width=160, record=True)
    with Line.open(folder, load_settings()) as line:
        console.print(explain_change(line, "A1", A_WEEK_AGO, AS_OF, model="rules"))
    return console.export_text()


def points(text: str, part: str) -> float:
    line = next(line for line in text.splitlines() if part in line)
    return float(line.rstrip(" │").split()[-1].rstrip("%"))


@pytest.mark.slow
@pytest.mark.parametrize("recorded_ago", [3, 12])
def test_rows_recorded_after_the_earlier_day_are_late_facts_and_no_news(
    tmp_path: Path, recorded_ago: int
) -> None:
    told = [
        ticket(n, "A1", moment(14), priority="P1", recorded_at=moment(recorded_ago))
        for n in range(1, 5)
    ]
    quiet = [{**row, "recorded_at": row["opened_at"]} for row in FLOWING]
    folder = write_tables(
        tmp_path / "data", accounts=[account("A1"), account("A2")], tickets=[*quiet, *told]
    )
    text = explained(folder)
    late = points(text, "facts that came in late")
    assert (late > 5) == (recorded_ago == 3)
    assert (late == 0) == (recorded_ago == 12)
    assert "A1" in text


@pytest.mark.slow
def test_where_no_table_says_when_it_was_recorded_nothing_is_late(tmp_path: Path) -> None:
    urgent = [ticket(n, "A1", moment(3), priority="P1") for n in range(1, 5)]
    folder = write_tables(
        tmp_path / "data",
        accounts=[account("A1"), account("A2")],
        tickets=[*FLOWING, *urgent],
        escalations=[
            {"escalation_id": "E1", "account_id": "A1", "opened_at": moment(2), "closed_at": ""}
        ],
    )
    text = explained(folder)
    assert text.startswith(f"A1 is escalated on {AS_OF}, so no longer at risk of it")
    assert points(text, "facts that came in late") == 0
    assert points(text, "sum") > 5


def changed(folder: Path) -> Change:
    """Return the change of an account with four new urgent tickets, by the rules."""
    urgent = [ticket(n, "A1", moment(3), priority="P1") for n in range(1, 5)]
    accounts = [account("A1"), account("A2")]
    write_tables(folder, accounts=accounts, tickets=[*FLOWING, *urgent])
    with Line.open(folder, load_settings()) as line:
        return explain_change(line, "A1", A_WEEK_AGO, AS_OF, model="rules")


@pytest.mark.slow
def test_the_parts_in_the_file_and_the_steps_of_the_plot_add_up_to_the_change(
    tmp_path: Path,
) -> None:
    change = changed(tmp_path / "data")
    moved = change.moved.after - change.moved.before
    assert moved > 0.05
    parts = change.parts()
    assert list(parts.columns) == ["part", "kind", "means", "then", "now", "adds"]
    assert parts["kind"].tolist()[:2] == ["model version", "late data"]
    assert len(parts) == 2 + len(change.moved.parts)
    assert parts["adds"].sum() == pytest.approx(moved)
    steps = steps_of(change)
    assert [step.name for step in steps[:2]] == [ANOTHER_MODEL, CAME_LATE]
    assert sum(step.adds for step in steps) == pytest.approx(moved)
    axes = waterfall_figure(change).axes[0]
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    assert bars[:2] == [(0, change.moved.before), (0, change.moved.after)]
    ends = [x + width for x, width in bars[2:]]
    assert [x for x, _ in bars[2:]] == pytest.approx([change.moved.before, *ends[:-1]])
    assert ends[-1] == pytest.approx(change.moved.after)
    assert axes.get_yticklabels()[-1].get_text() == f"{change.what} on {AS_OF}"


def test_steps_name_the_rules_and_the_largest_features_with_their_figures_then_and_now() -> None:
    catalogue = load_settings().catalogue
    names = [feature.name for feature in catalogue.features if feature.learned][:12]
    adds = pd.Series([0.01 * n for n in range(1, 13)], index=names)
    moved = Movement(0.1, 0.9, 0.015, -0.005, pd.concat([adds, pd.Series({THE_RULES: 0.01})]))
    then = pd.DataFrame([dict.fromkeys(names, 1.0)])
    judge: Any = SimpleNamespace(calibrated=True)
    change = Change("A1", A_WEEK_AGO, AS_OF, moved, then, then + 1, judge, catalogue, False)
    steps = steps_of(change)
    assert [step.name for step in steps][:3] == [ANOTHER_MODEL, CAME_LATE, THE_RULES]
    assert [step.adds for step in steps[3:11]] == pytest.approx(
        [0.01 * n for n in range(12, 4, -1)]
    )
    feature = catalogue.by_name[names[-1]]
    figures = f"{told_of(feature, 1.0)} to {told_of(feature, 2.0)}"
    assert steps[3].name.replace("\N{NO-BREAK SPACE}", " ") == f"{feature.means}: {figures}"
    family = catalogue.by_name[names[0]].family
    assert steps[11:] == [(f"4 other features of {family}", pytest.approx(0.1))]
    assert change.parts().set_index("part").loc[names[0], "now"] == 2.0
    title = waterfall_figure(change).get_suptitle()
    assert title == f"A1: probability from 10.0% to 90.0%, most by {family} (+78.0)"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--plot", "f.png"), "--plot: is about a change. Say since when with --against DAY."),
        (("--out", "f.csv"), "--out: is about a change. Say since when with --against DAY."),
        (("--against", "2026-06-01", "--plot", "f.txt"), "--plot f.txt: end its name in .png"),
    ],
)
def test_a_plot_of_no_change_or_of_no_known_kind_is_refused_at_once(
    command: Command, options: tuple[str, ...], told: str
) -> None:
    done = command("explain", "A1", "--data", "nowhere", *options)
    assert (done.code, told in done.said) == (2, True), done.said


def test_explain_writes_the_plot_and_every_part(
    trained: Trained, sample_folder: Path, tmp_path: Path
) -> None:
    plot, out = tmp_path / "steps.png", tmp_path / "parts.csv"
    asked = ("explain", "A00003", "--data", sample_folder, "--against", "2026-06-01")
    done = trained.command(*asked, "--plot", plot, "--out", out)
    assert done.code == 0, done.err
    assert plot.read_bytes().startswith(b"\x89PNG")
    parts = pd.read_csv(out)
    points = re.search(r"([+-]\d+\.\d) points", done.said)
    assert points
    assert 100 * parts["adds"].sum() == pytest.approx(float(points[1]), abs=0.051)
    assert {"model version", "late data", "rules", "tickets", "usage"} <= set(parts["kind"])
