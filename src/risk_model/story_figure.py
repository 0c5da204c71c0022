"""One account's weeks as a figure: what was said, which rules fired, what it did."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from risk_model.colours import BLUE, INK, VERMILION
from risk_model.pipelines.history import History

CALLED = {
    "usage": "usage a week",
    "tickets": "tickets a week",
    "messages": "messages from them",
    "health": "health score",
}


def story_figure(history: History, name: str = "") -> Figure:
    """Plot an account's weeks; the title says where its probability went."""
    panels = 2 + len(history.series)
    heights = [2.2, 0.2 * max(5, history.fired.shape[1]), *[0.8] * len(history.series)]
    figure = Figure(figsize=(9, sum(heights) + 1), dpi=110, layout="constrained")
    grid = figure.subplots(panels, 1, sharex=True, height_ratios=heights)
    _said(grid[0], history)
    _rules(grid[1], history)
    for axes, (series, line) in zip(grid[2:], history.series.items(), strict=True):
        draw = axes.plot if series in ("usage", "health") else axes.bar
        draw(line.index, line, color=BLUE, **({} if draw == axes.plot else {"width": 4}))
        axes.set_title(CALLED[series], loc="left", fontsize=9)
        if line.isna().all():  # an empty panel with a scale would look like a fault
            axes.set_title(f"{CALLED[series]}: not measured in these weeks", loc="left", fontsize=9)
            axes.set_yticks([])
    for axes in grid:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=INK, labelsize=8)
        for day in history.escalated:
            axes.axvline(day, color=VERMILION, linewidth=1.2)
    first, last = history.weeks["probability"].iloc[[0, -1]]
    figure.suptitle(
        f"{name or history.account}: from {first:.0%} to {last:.0%} in {len(history.weeks)} weeks",
        x=0.01,
        ha="left",
        fontweight="bold",
    )
    return figure


def _said(axes: Any, history: History) -> None:
    said = history.weeks["probability"]
    axes.plot(said.index, said, color=BLUE, marker="o", markersize=3)
    axes.set_ylim(0, max(0.1, float(said.max()) * 1.15))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    note = "; red: an escalation opened" if history.escalated else ""
    axes.set_title(f"what would have been said each week{note}", loc="left", fontsize=9)


def _rules(axes: Any, history: History) -> None:
    names = list(history.fired.columns)
    for place, rule in enumerate(names):
        days = history.fired.index[history.fired[rule] == 1]
        axes.scatter(days, [place] * len(days), color=BLUE, marker="s", s=18)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.7, max(len(names), 1) - 0.3)
    axes.invert_yaxis()
    axes.set_title("rules that fired" if names else "no rule fired", loc="left", fontsize=9)
    axes.grid(axis="y", color="#EEEEEE")
    axes.set_axisbelow(True)
