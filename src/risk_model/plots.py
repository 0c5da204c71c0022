"""Figures for people who look at a company's data: what is there, and what came before.

Every title is computed from the figures shown.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

from risk_model.catalogue import Catalogue, Feature
from risk_model.colours import BLUE, GREEN, GREY, INK, ORANGE, PINK, SKY, VERMILION, YELLOW
from risk_model.pipelines.comparison_figure import comparison_figure
from risk_model.pipelines.replay_figure import planner_figure, replay_figure
from risk_model.pipelines.scorer import coverage
from risk_model.pipelines.waterfall import waterfall_figure
from risk_model.story_figure import story_figure
from risk_model.timeline import DAY, date_of
from risk_model.trajectories import BEFORE, BY_MEDIAN, QUIET, parting

__all__ = [
    "comparison_figure",
    "coverage_by_family",
    "coverage_figure",
    "escalations_figure",
    "families_figure",
    "finding",
    "planner_figure",
    "replay_figure",
    "story_figure",
    "trajectory_figure",
    "waterfall_figure",
]

COLOURS = {BEFORE: VERMILION, QUIET: BLUE}
CAUSE_COLOURS = {
    "product": BLUE,
    "support": ORANGE,
    "expectations": GREEN,
    "contract": PINK,
    "experience": SKY,
}
NOT_KNOWN = "not known yet"
SEVERITY_COLOURS = {1: "#7A3300", 2: VERMILION, 3: ORANGE, 4: YELLOW}


def coverage_by_family(
    features: pd.DataFrame, snapshots: pd.DataFrame, catalogue: Catalogue
) -> pd.DataFrame:
    """Return the share of features that could be measured, a row a day and a column a family.

    ``features`` has one row a snapshot, in the same order. What is empty because there is nothing
    to tell (no open ticket has no age) does not count as missing.
    """
    days = pd.to_datetime([date_of(int(day)) for day in snapshots["as_of"]])
    shares = {}
    for family in dict.fromkeys(feature.family for feature in catalogue.features):
        own = Catalogue(features=tuple(f for f in catalogue.features if f.family == family))
        shares[family] = coverage(features, own).groupby(days).mean()
    return pd.DataFrame(shares).rename_axis("as_of")


def coverage_figure(shares: pd.DataFrame) -> Figure:
    """Plot ``coverage_by_family`` over time, one line a family, named at its end."""
    figure = Figure(figsize=(8, 3.6), dpi=110, layout="constrained")
    axes = _plain(figure.subplots())
    colour = dict(zip(shares.columns, [BLUE, VERMILION, GREEN, PINK, ORANGE, SKY], strict=False))
    last = shares.iloc[-1].sort_values()
    heights = _spread(last.to_numpy(dtype=float), 0.06)
    for family, share, height in zip(last.index, last, heights, strict=True):
        ink = colour.get(family, GREY)
        axes.plot(shares.index, shares[family], color=ink, linewidth=2)
        axes.annotate(
            f"{family} {share:.0%}",
            (1.01, height),
            xycoords=("axes fraction", "data"),
            color=ink,
            va="center",
        )
    axes.set(ylim=(0, 1.03), ylabel="share of features measured")
    axes.yaxis.set_major_formatter(_percent())
    title = (
        f"Least is measured of {last.index[0]}: {last.iloc[0]:.0%} of its features on the last day"
    )
    if len(last) > 1:
        title += f", of the others at least {last.iloc[1]:.0%}"
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)
    return figure


def escalations_figure(escalations: pd.DataFrame, as_of: int) -> Figure:
    """Plot the escalations of each month by cause and by severity, as known at day ``as_of``.

    ``escalations`` is the typed table. A cause counts from the closing on: before that it is a
    guess at best, whatever the export holds. Without any escalation the figure just says so.
    """
    known = escalations[escalations["opened_at"] < as_of * DAY]
    if known.empty:
        figure = Figure(figsize=(11, 3.9), dpi=110, layout="constrained")
        figure.suptitle("no escalation is known", x=0.01, ha="left", fontweight="bold")
        return figure
    month = pd.to_datetime(known["opened_at"], unit="s").dt.to_period("M")
    closed = (known["closed_at"] < as_of * DAY).fillna(False).to_numpy(bool)
    cause = known["cause"].where(closed).fillna(NOT_KNOWN)
    months = pd.period_range(month.min(), month.max(), freq="M")
    by_cause, by_severity = (
        pd.crosstab(month, column).reindex(months, fill_value=0)
        for column in (cause, known["severity"])
    )
    figure = Figure(figsize=(11, 3.9), dpi=110, layout="constrained")
    left, right = (_plain(axes) for axes in figure.subplots(1, 2, sharey=True))
    order = by_cause.sum().drop(NOT_KNOWN, errors="ignore").sort_values(ascending=False)
    names = [*order.index, *([NOT_KNOWN] if NOT_KNOWN in by_cause else [])]
    _stack(left, by_cause[names], CAUSE_COLOURS)
    _stack(right, by_severity, SEVERITY_COLOURS)
    left.set_title("by cause, known once they are closed", loc="left")
    right.set_title("by severity, 1 is the worst", loc="left")
    left.set_ylabel("escalations opened")
    most = f", most often because of {order.index[0]} ({order.iloc[0]})" if len(order) else ""
    figure.suptitle(
        f"{len(known)} escalations of {known['account_id'].nunique()} accounts{most}",
        x=0.01,
        ha="left",
        fontweight="bold",
    )
    return figure


def trajectory_figure(told: pd.DataFrame, signals: Sequence[Feature]) -> Figure:
    """Plot what ``trajectories`` returns, one panel a signal, with its 95% interval."""
    columns = min(3, len(signals))
    rows = -(-len(signals) // columns)
    layout = ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.1)
    figure = Figure(figsize=(3.9 * columns, 1 + 2.7 * rows), dpi=110, layout=layout)
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    apart = parting(told).set_index("signal")["weeks_apart"]
    for axes, signal in zip(panels, signals, strict=False):
        _panel(_plain(axes), told[told["signal"] == signal.name], signal, int(apart[signal.name]))
    for axes in panels[len(signals) :]:
        axes.set_visible(False)
    for axes in panels[max(0, len(signals) - columns) : len(signals)]:
        axes.set_xlabel("weeks before the escalation")
        axes.tick_params(labelbottom=True)
    figure.suptitle(finding(told), x=0.01, ha="left", fontweight="bold", fontsize=14)
    handles = [panels[0].get_lines()[number] for number in range(len(COLOURS))]
    figure.legend(handles, _who(told), loc="outside lower left", ncols=1, frameon=False)
    return figure


def finding(told: pd.DataFrame) -> str:
    """Return in one sentence how many signals part from quiet accounts, and how early."""
    apart = parting(told)
    parted = apart[apart["weeks_apart"] > 0]
    if parted.empty:
        return f"None of {len(apart)} signals parts from quiet accounts before an escalation"
    earliest = int(parted["weeks_apart"].max())
    count = f"{len(parted)} of {len(apart)} signals"
    weeks = "1 week" if earliest == 1 else f"{earliest} weeks"
    part = "parts" if len(parted) == 1 else "part"
    return f"{count} {part} from quiet accounts before an escalation, up to {weeks} ahead"


def families_figure(told: pd.DataFrame, mark: str = "") -> Figure:
    """Plot what ``library.families`` returns: what each family adds, and what it can do alone.

    ``mark`` is the family that the title speaks of, by default the one that adds most.
    """
    mark = mark or str(told["adds"].idxmax())
    figure = Figure(figsize=(11, 1.6 + 0.45 * len(told)), dpi=110, layout="constrained")
    left, right = (_plain(axes) for axes in figure.subplots(1, 2, sharey=True))
    rows = told.sort_values("adds")
    for place, (family, row) in enumerate(rows.iterrows()):
        colour = VERMILION if family == mark else BLUE
        left.plot([row["adds_low"], row["adds_high"]], [place] * 2, color=colour, lw=3, alpha=0.5)
        left.plot(row["adds"], place, "o", color=colour)
        right.barh(place, row["ap_alone"], color=colour, height=0.6)
    left.axvline(0, color=INK, linewidth=0.8)
    counted = [f"{name} ({count})" for name, count in rows["features"].items()]
    left.set_yticks(range(len(rows)), counted)
    left.set_title("adds to all the others (average precision, 95%)", loc="left", fontsize=10)
    right.axvline(rows["ap_all"].iloc[0], color=INK, linestyle="--", linewidth=1)
    right.set_title("alone; dashed: all together", loc="left", fontsize=10)
    here = told.loc[mark]
    says = "adds" if here["adds_low"] > 0 else "takes" if here["adds_high"] < 0 else ""
    said = f"{says} {abs(here['adds']):.3f}" if says else "adds nothing beyond noise"
    span = f"[{here['adds_low']:+.3f}, {here['adds_high']:+.3f}]"
    title = f"The family '{mark}' {said}: {here['adds']:+.3f} {span}"
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
    return figure


def _panel(axes: Any, told: pd.DataFrame, signal: Feature, weeks_apart: int) -> None:
    for group, colour in COLOURS.items():
        line = told[told["group"] == group].sort_values("week")
        axes.fill_between(line["week"], line["low"], line["high"], color=colour, alpha=0.2, lw=0)
        axes.plot(line["week"], line["middle"], color=colour, linewidth=2, label=group)
    said = signal.means.split(":")[0]
    kind = "median" if signal.unit in BY_MEDIAN else "mean"
    axes.set_title(textwrap.fill(f"{said[0].upper()}{said[1:]}", 46), loc="left", fontsize=10)
    axes.set_ylabel(kind, color=INK)
    weeks = sorted(told["week"].unique())
    axes.set_xticks(weeks, [str(-week) for week in weeks], fontsize=8.5)
    if signal.unit in ("change", "share"):
        axes.yaxis.set_major_formatter(_percent(signed=signal.unit == "change"))
    if weeks_apart:
        axes.axvspan(-weeks_apart - 0.5, -0.5, color=GREY, alpha=0.15, lw=0, zorder=0)
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom, top + 0.16 * (top - bottom))
    note = {0: "not apart in the last week", 1: "apart in the last week"}
    said = note.get(weeks_apart, f"apart for {weeks_apart} weeks")
    axes.annotate(said, (0.02, 0.97), xycoords="axes fraction", va="top", fontsize=9, color=INK)


def _who(told: pd.DataFrame) -> list[str]:
    """Return what each group is and how many stand behind it, for the legend."""
    called = {BEFORE: BEFORE, QUIET: "quiet accounts on the same days"}
    said = []
    for group in COLOURS:
        size = told[told["group"] == group]
        said.append(
            f"{called[group]}: {size['snapshots'].min():,} to {size['snapshots'].max():,} "
            f"snapshots a point, of up to {size['accounts'].max():,} accounts"
        )
    said[-1] += ".   Band: 95% interval.   Grey: bands apart up to the end."
    return said


def _stack(axes: Any, counts: pd.DataFrame, colours: dict[Any, str]) -> None:
    bottom = np.zeros(len(counts))
    at = np.arange(len(counts))
    for name in counts.columns:
        height = counts[name].to_numpy(dtype=float)
        label = f"{name} ({int(height.sum())})"
        axes.bar(at, height, bottom=bottom, color=colours.get(name, GREY), label=label, width=0.8)
        bottom += height
    axes.set_xticks(at[::2], [f"{month:%b %y}" for month in counts.index[::2]], fontsize=8.5)
    axes.set_ylim(0, bottom.max() * 1.35)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, ncols=3, loc="upper left", fontsize=8.5)


def _spread(heights: np.ndarray[Any, Any], least: float) -> list[float]:
    """Move sorted heights down, from the highest on, until labels at them do not overlap."""
    moved: list[float] = []
    for height in heights[::-1]:
        moved.append(min(float(height), moved[-1] - least) if moved else float(height))
    return moved[::-1]


def _percent(signed: bool = False) -> FuncFormatter:
    return FuncFormatter(lambda share, _: f"{share:+.0%}" if signed and share else f"{share:.0%}")


def _plain(axes: Any) -> Any:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(colors=INK)
    return axes
