"""What moved an account between two days, as steps from one probability to the other."""

from __future__ import annotations

import io
import textwrap
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from risk_model.movement import THE_RULES, largest
from risk_model.pipelines.against import (
    ANOTHER_MODEL,
    CAME_LATE,
    Change,
    figures_of,
    others_of,
    said_of,
)

PICTURES = (".png", ".svg", ".pdf")
UP, DOWN, GREY, INK = "#D55E00", "#0072B2", "#999999", "#333333"
# More steps than these are too thin to read; the rest is told by family.
MOST, WRAPPED, NO_BREAK = 8, 62, "\N{NO-BREAK SPACE}"


class Step(NamedTuple):
    """A part of the change: what it is called, and what it adds to the probability."""

    name: str
    adds: float


def waterfall_figure(change: Change) -> Figure:
    """Plot the change of an account's probability as steps, the parts that moved it most by name.

    Model version, late data and rules are always there; all steps add up to the change.
    """
    steps, moved = steps_of(change), change.moved
    ends = moved.before + np.cumsum([step.adds for step in steps])
    starts = np.concatenate([[moved.before], ends[:-1]])
    names = [f"{change.what} on {change.earlier}", *(step.name for step in steps)]
    names.append(f"{change.what} on {change.day}")
    figure = Figure(figsize=(10, 1.3 + 0.42 * len(names)), dpi=110, layout="constrained")
    axes = figure.subplots()
    last = len(names) - 1
    axes.barh([0, last], [moved.before, moved.after], 0.62, color=GREY)
    for place, (step, start, end) in enumerate(zip(steps, starts, ends, strict=True), start=1):
        axes.barh(place, step.adds, 0.62, left=start, color=UP if step.adds > 0 else DOWN)
        axes.plot([end, end], [place - 0.31, place + 1.31], color=INK, linewidth=0.6)
    axes.plot([moved.before] * 2, [-0.31, 1.31], color=INK, linewidth=0.6)
    rights = [moved.before, *np.maximum(starts, ends), moved.after]
    labels = [f"{moved.before:.1%}", *(_points(step.adds) for step in steps), f"{moved.after:.1%}"]
    for place, (right, label) in enumerate(zip(rights, labels, strict=True)):
        axes.annotate(label, (right, place), (4, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(names)), [textwrap.fill(name, WRAPPED) for name in names], fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(min(0.0, *starts, *ends), 1.12 * max(rights))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK)
    figure.suptitle(_finding(change), x=0.01, ha="left", fontweight="bold", fontsize=11)
    return figure


def waterfall_bytes(change: Change, suffix: str) -> bytes:
    """Return ``waterfall_figure`` as a file of one of the kinds in ``PICTURES``."""
    written = io.BytesIO()
    waterfall_figure(change).savefig(written, format=suffix.removeprefix("."))
    return written.getvalue()


def steps_of(change: Change) -> list[Step]:
    """Return the steps in order: another model, late data, the rules, features, others."""
    moved = change.moved
    top, _ = largest(moved.parts, MOST)
    named = sorted(top.items(), key=lambda part: (part[0] != THE_RULES, -abs(part[1])))
    return [
        Step(ANOTHER_MODEL, moved.model_version),
        Step(CAME_LATE, moved.late_data),
        *(Step(_named(str(name), change), float(adds)) for name, adds in named),
        *(Step(said, adds) for said, adds in others_of(change, top)),
    ]


def _named(part: str, change: Change) -> str:
    then, now = figures_of(part, change)
    said = said_of(part, change.catalogue)
    if not then and not now:
        return said
    # The figures stay on one line, wherever the name is wrapped.
    told = f"{then} to {now}" if then != now else now
    return f"{said}: {told.replace(' ', NO_BREAK)}"


def _finding(change: Change) -> str:
    """Return what the change was, and what moved it most: a family of features, a rule, another."""
    moved, known = change.moved, change.catalogue.by_name
    named = [
        known[n].family if n in known else said_of(n, change.catalogue) for n in moved.parts.index
    ]
    causes = moved.parts.groupby(named).sum()
    causes[ANOTHER_MODEL], causes[CAME_LATE] = moved.model_version, moved.late_data
    went = f"{change.account}: {change.what} from {moved.before:.1%} to {moved.after:.1%}"
    most = str(causes.abs().idxmax())
    return f"{went}, most by {most} ({_points(causes[most])})" if causes[most] else went


def _points(adds: float) -> str:
    return f"{100 * adds:+.1f}" if abs(adds) >= 5e-4 else "0"
