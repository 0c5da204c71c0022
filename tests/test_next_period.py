"""What calibrating was worth in the period after: beside none, whatever was kept, and in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.table import Table
from scipy.special import expit, logit

from risk_model.blend import Blend
from risk_model.evaluate import judge, predict_ahead
from risk_model.folds import ForwardFolds
from risk_model.learner import LogisticLearner
from risk_model.measure import calibration_error
from risk_model.next_period import compared
from risk_model.pipelines.backtest import calibration_of
from risk_model.pipelines.calibrated import (
    calibration_shown,
    in_words,
    periods_panel,
    reliability_panel,
)
from risk_model.pipelines.present import as_text

SHIFT = 1.5


def said(kept: str = "none", shifted: bool = True, folds: int = 2) -> pd.DataFrame:
    """Predictions that are too low by ``SHIFT`` in the logit, and what a shift makes of them."""
    rng = np.random.default_rng(4)
    rows, accounts = 3_000, 150
    true = expit(rng.normal(-2.0, 1.0, rows))
    plain = expit(logit(true) - SHIFT)
    mended = true if kept == "shift" else plain
    return pd.DataFrame(
        {
            "row": range(rows),
            "fold": np.arange(rows) * folds // rows,
            "day": 20_000 + np.arange(rows) // accounts * 7,
            "group": np.arange(rows) % accounts,
            "y": (rng.random(rows) < true).astype(int),
            "blend": mended,
            "uncalibrated": plain,
            "shifted": true if shifted else np.nan,
            "calibration": kept,
            "because": "left as they are: too few positives to compare: 3 earlier, 8 later",
        }
    )


def test_each_period_has_the_figures_as_kept_without_and_by_a_prior_shift() -> None:
    ahead = said("shift")
    told = compared(ahead, "blend")
    assert [row["kept"] for row in told["folds"]] == ["shift", "shift"]
    assert told["all"]["kept"] == 2
    first = ahead[ahead["fold"] == 0]
    row = told["folds"][0]
    assert (row["snapshots"], row["followed_by_escalation"]) == (len(first), first["y"].sum())
    for way, name in (("as_kept", "blend"), ("uncalibrated", "uncalibrated")):
        y, p = first["y"].to_numpy(), first[name].to_numpy()
        losses = -np.where(y == 1, np.log(p), np.log1p(-p))
        assert row[way]["log_loss"] == pytest.approx(losses.mean())
        assert row[way]["brier"] == pytest.approx(np.mean((p - y) ** 2))
        assert row[way]["calibration_error"] == pytest.approx(calibration_error(y, p))
    assert row["as_kept"] == row["prior_shift"]
    assert told["better_by"]["as_kept"] == told["better_by"]["prior_shift"] > 5


def test_what_was_never_calibrated_says_why_and_what_a_shift_would_have_done() -> None:
    told = compared(said("none"), "blend")
    assert told["better_by"]["as_kept"] == 0
    words = in_words(told)
    assert words.startswith("Never calibrated: too few positives to compare: 3 earlier, 8 later. ")
    assert "With a prior shift each time the log loss was lower by" in words
    without = compared(said("none", shifted=False), "blend")
    assert without["folds"][0]["prior_shift"] is None
    assert without["better_by"]["prior_shift"] is None
    assert in_words(without).endswith("8 later.")


def test_the_table_has_a_row_a_period_and_one_of_all() -> None:
    table = calibration_shown(compared(said("shift", folds=3), "blend"))
    assert isinstance(table, Table)
    assert table.row_count == 4
    text = " ".join(as_text(table, 200).split())
    assert "3 of 3" in text
    assert "Calibrated before 3 of 3 periods; on all of them the log loss was lower by" in text


def test_what_is_beside_the_predictions_is_no_member() -> None:
    done = judge(said("shift"), "blend", n=50)
    assert list(done.figures) == ["blend"]


def test_the_plots_say_the_gap_and_how_often_it_was_calibrated() -> None:
    ahead = said("shift")
    gaps = calibration_of(ahead)
    assert gaps["uncalibrated"]["calibration_error"] > gaps["blend"]["calibration_error"]
    axes: Any = Figure().subplots()
    reliability_panel(axes, gaps)
    assert f"differ by {gaps['blend']['calibration_error']:.1%}" in axes.get_title(loc="left")
    assert [line.get_label() for line in axes.lines] == ["as said", "not calibrated", "blend"]
    axes = Figure().subplots()
    told = compared(ahead, "blend")
    periods_panel(axes, told)
    every = told["all"]
    saved = every["uncalibrated"]["log_loss"] - every["prior_shift"]["log_loss"]
    wanted = f"Calibrated in 2 of 2 periods; a prior shift saves {saved:.4f}"
    assert axes.get_title(loc="left") == wanted
    moved = [bar.get_height() for bar in axes.patches[:2]]
    wanted = [r["as_kept"]["log_loss"] - r["uncalibrated"]["log_loss"] for r in told["folds"]]
    assert moved == pytest.approx(wanted)
    axes = Figure().subplots()
    periods_panel(axes, compared(said("none", shifted=False), "blend"))
    assert axes.get_title(loc="left") == "Never calibrated"
    same: Any = Figure().subplots()
    reliability_panel(same, calibration_of(said("none")))
    assert [line.get_label() for line in same.lines] == ["as said", "blend"]


@pytest.mark.slow
def test_a_fold_keeps_what_its_blend_said_before_its_calibration() -> None:
    rng = np.random.default_rng(1)
    accounts, weeks = 120, 60
    group, day = np.repeat(np.arange(accounts), weeks), np.tile(7 * np.arange(weeks), accounts)
    X = pd.DataFrame({"a": rng.normal(size=len(day)), "b": rng.normal(size=len(day))})
    # The base rate rises fourfold half-way, where the first fold begins.
    y = (rng.random(len(day)) < expit(X["a"] - 3.5 + 1.6 * (day > 7 * 25))).astype(int)
    blends: list[Blend] = []

    def members() -> dict[str, Any]:
        blends.append(Blend(None, [("logistic", LogisticLearner())], horizon=14))
        return {"blend": blends[-1]}

    folds = ForwardFolds(2, 14)
    ahead = predict_ahead(members, X, y, day, group, folds, calibrates="blend")
    for number, (blend, (_, test)) in enumerate(zip(blends, folds.split(day), strict=True)):
        rows = ahead[ahead["fold"] == number]
        plain = blend.decision_logit(X.iloc[test])
        assert rows["uncalibrated"].to_numpy() == pytest.approx(expit(plain))
        assert set(rows["calibration"]) == {blend.calibrator_.kind}
        assert set(rows["because"]) == {blend.calibrator_.reason_}
        # One number is added to every logit.
        assert np.ptp(logit(rows["shifted"]) - plain) < 1e-9
    plain = predict_ahead(members, X, y, day, group, folds)
    assert list(plain.columns) == [*ahead.columns[:6], "blend"]
    assert plain["blend"].tolist() == ahead["blend"].tolist()
