"""Calibration in the honesty report: said against came, and what calibrating was worth after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.ticker import PercentFormatter
from rich.table import Table

from risk_model.calibration import AS_THEY_ARE
from risk_model.next_period import UNCALIBRATED
from risk_model.pipelines.figures import BASELINE as GREY
from risk_model.pipelines.figures import COLOURS

BLUE, ORANGE = COLOURS["blend"], COLOURS["logistic"]
WAYS = {
    "uncalibrated": "not calibrated",
    "as_kept": "as kept",
    "prior_shift": "prior shift, kept or not",
}
# Two standard errors: what is told as a difference would be luck in one case of twenty.
BEYOND_NOISE = 2.0


def calibration_shown(told: Mapping[str, Any]) -> Table:
    """Return ``next_period.compared`` as a table: a row a period, and in words what it did."""
    table = Table(
        title="Did calibrating help in the period after? Log loss, Brier, mean gap said and came",
        title_justify="left",
        header_style="bold",
    )
    for name in ("predicted", "snapshots before one", "kept", *WAYS.values()):
        table.add_column(name, justify="left" if name in ("predicted", "kept") else "right")
    for row in told["folds"]:
        table.add_row(f"{row['from']} to {row['to']}", *_cells(row, row["kept"]))
    every = told["all"]
    table.add_row("all", *_cells(every, f"{every['kept']} of {len(told['folds'])}"))
    table.caption = in_words(told)
    table.caption_justify = "left"
    return table


def in_words(told: Mapping[str, Any]) -> str:
    """Return in a sentence or two how often it was calibrated, why, and what that changed."""
    every, better = told["all"], told["better_by"]
    kept, of = every["kept"], len(told["folds"])
    if kept:
        said = f"Calibrated before {kept} of {of} periods; on all of them the log loss "
        said += f"{_changed(better['as_kept'])}."
    else:
        said = f"Never calibrated: {every['because'].removeprefix(AS_THEY_ARE)}."
    if better["prior_shift"] is None:
        return said
    return f"{said} With a prior shift each time the log loss {_changed(better['prior_shift'])}."


def reliability_panel(axes: Any, told: Mapping[str, Any]) -> None:
    """Plot what was said against what came, in bins; without calibration, too, where that differs.

    ``told`` is the report's section ``calibration``.
    """
    bins = told["blend"]["bins"]
    plain = told.get(UNCALIBRATED, told["blend"])["bins"]
    top = max(each[what] for row in (bins, plain) for each in row for what in ("said", "came"))
    top = max(top, 0.01) * 1.08
    axes.plot([0, top], [0, top], color=GREY, linewidth=1, linestyle="--", label="as said")
    if plain != bins:
        _line(axes, plain, color=GREY, label="not calibrated")
    _line(axes, bins, color=BLUE, label="blend")
    axes.set(xlabel="probability said", ylabel="share that escalated", xlim=(0, top), ylim=(0, top))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    gap = told["blend"]["calibration_error"]
    axes.set_title(f"Said and came differ by {gap:.1%} on average", loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8)


def periods_panel(axes: Any, told: Mapping[str, Any]) -> None:
    """Plot by period how much the log loss moved by calibrating; below 0 it helped."""
    rows = told["folds"]
    for shift, (way, colour) in enumerate((("as_kept", BLUE), ("prior_shift", ORANGE))):
        there = [n for n, row in enumerate(rows) if row[way] is not None]
        more = [rows[n][way]["log_loss"] - rows[n]["uncalibrated"]["log_loss"] for n in there]
        places = np.array(there) + (shift - 0.5) * 0.38
        axes.bar(places, more, 0.36, color=colour, label=WAYS[way])
    axes.axhline(0, color="#333333", linewidth=0.8)
    axes.set_title(_finding(told), loc="left", fontsize=10)
    named = [row["from"][2:] for row in rows]
    axes.set_xticks(range(len(rows)), named, fontsize=8, rotation=30 if len(rows) > 4 else 0)
    axes.set(xlabel="period from", ylabel="log loss less that without; below 0 is better")
    axes.legend(frameon=False, fontsize=8)


def _finding(told: Mapping[str, Any]) -> str:
    rows, kept = told["folds"], told["all"]["kept"]
    said = f"Calibrated in {kept} of {len(rows)} periods" if kept else "Never calibrated"
    shifted = [row for row in rows if row["prior_shift"] is not None]
    if not shifted:
        return said
    # Over all of them: two periods that gain nothing do not outweigh one that loses a lot.
    gains = [row["uncalibrated"]["log_loss"] - row["prior_shift"]["log_loss"] for row in shifted]
    gain = float(np.average(gains, weights=[row["snapshots"] for row in shifted]))
    return f"{said}; a prior shift {'saves' if gain > 0 else 'costs'} {abs(gain):.4f}"


def _cells(row: Mapping[str, Any], kept: str) -> list[str]:
    return [f"{row['followed_by_escalation']:,}", kept, *(_cell(row[way]) for way in WAYS)]


def _cell(told: Mapping[str, float] | None) -> str:
    if told is None:
        return ""
    return f"{told['log_loss']:.4f} {told['brier']:.4f} {told['calibration_error']:.1%}"


def _changed(by: float) -> str:
    """Say how a log loss moved, given by how many standard errors it is lower than without."""
    if abs(by) < BEYOND_NOISE:
        return f"was the same within noise ({-by:+.1f} standard errors)"
    return f"was {'lower' if by > 0 else 'higher'} by {abs(by):.1f} standard errors"


def _line(axes: Any, bins: Any, **how: Any) -> None:
    said, came = ([each[what] for each in bins] for what in ("said", "came"))
    axes.plot(said, came, marker="o", markersize=4, **how)
