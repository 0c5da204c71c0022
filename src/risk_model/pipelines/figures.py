"""Two plots for every training: is the probability true, and is the ranking better than others'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from risk_model.colours import BLUE, GREEN, ORANGE, PINK, SKY
from risk_model.importance import by_family
from risk_model.measure import calibration_bins, calibration_error

if TYPE_CHECKING:
    from risk_model.pipelines.judge import Judged

COLOURS = {
    "blend": BLUE,
    "logistic": ORANGE,
    "boosting": GREEN,
    "extra_trees": SKY,
    "rules": PINK,
}
BASELINE = "#777777"


def calibration_figure(judged: Judged, bins: int = 10) -> Figure:
    """Plot the share that escalated against the probability said, in bins of equal size."""
    figure, axes = _axes()
    calibration_panel(axes, judged, bins)
    return figure


def calibration_panel(axes: Any, judged: Judged, bins: int = 10) -> None:
    """Plot calibration into given axes; the title says how far said and come are apart."""
    y, p = judged.labels, judged.predictions["blend"]
    bin_of = calibration_bins(p, bins)
    parts = [np.flatnonzero(bin_of == number) for number in np.unique(bin_of)]
    said = [float(p[part].mean()) for part in parts]
    came = [float(y[part].mean()) for part in parts]
    top = max([*said, *came, 0.01]) * 1.08
    axes.plot([0, top], [0, top], color=BASELINE, linewidth=1, linestyle="--", label="as said")
    axes.plot(said, came, marker="o", color=COLOURS["blend"], label="blend")
    axes.set(xlabel="probability said", ylabel="share that escalated", xlim=(0, top), ylim=(0, top))
    gap = calibration_error(y, p, bins)
    axes.set_title(f"What is said and what came differ by {gap:.1%} on average", loc="left")
    axes.legend(frameon=False)


def ranking_figure(judged: Judged) -> Figure:
    """Plot how many escalations the first part of the list catches, for everybody."""
    figure, axes = _axes()
    share = np.linspace(0, 1, 101)
    for name, p in judged.predictions.items():
        caught = _caught(judged.labels, p, share)
        colour = COLOURS.get(name, BASELINE)
        style = "-" if name in COLOURS else ":"
        axes.plot(share, caught, color=colour, linestyle=style, label=name)
    axes.plot([0, 1], [0, 1], color=BASELINE, linewidth=1, linestyle="--", label="at random")
    first = _caught(judged.labels, judged.predictions["blend"], np.array([0.1]))[0]
    axes.set_title(f"The first tenth of the list catches {first:.0%} of what came", loc="left")
    axes.set(
        xlabel="share of the list that is worked", ylabel="share of snapshots before escalations"
    )
    axes.legend(frameon=False)
    return figure


def importance_figure(told: pd.DataFrame, most: int = 15) -> Figure:
    """Plot what moves the scores: the weightiest features, and what each family adds up to."""
    figure, axes = _axes()
    top = told.head(most).iloc[::-1]
    axes.barh(top["means"].str.slice(0, 48), top["share"], color=COLOURS["blend"])
    families = by_family(told)
    axes.set_title(
        f"{families.index[0].capitalize()} moves the scores most: {families.iloc[0]:.0%}",
        loc="left",
    )
    axes.set(xlabel="share of what moves the scores")
    axes.tick_params(axis="y", labelsize=7)
    return figure


def _caught(y: Any, p: Any, share: Any) -> Any:
    """Return the share of positives among the first rows; ties count in part."""
    order = np.argsort(-p, kind="stable")
    sorted_p, sorted_y = p[order], y[order].astype(float)
    # Rows with the same figure share their positives evenly: no order of them is meant.
    _, start, count = np.unique(-sorted_p, return_index=True, return_counts=True)
    means = np.add.reduceat(sorted_y, start) / count
    total = np.concatenate([[0.0], np.cumsum(np.repeat(means, count))])
    return np.interp(share * len(y), np.arange(len(y) + 1), total) / max(total[-1], 1)


def _axes() -> tuple[Figure, Any]:
    figure = Figure(figsize=(6.4, 4.2), dpi=150, layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
