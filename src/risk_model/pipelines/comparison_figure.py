"""Rules, learners, blend and baselines side by side, on days that none of them had seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from risk_model.evaluate import PRIOR
from risk_model.pipelines.figures import BASELINE as GREY
from risk_model.pipelines.figures import COLOURS, calibration_panel
from risk_model.pipelines.judge import CALLED, ORDER
from risk_model.pipelines.replay_figure import splits_panel

if TYPE_CHECKING:
    from risk_model.pipelines.backtest import Backtest


def comparison_figure(done: Backtest) -> Figure:
    """Return three plots: average precision with intervals, ways of splitting, calibration."""
    figure = Figure(figsize=(13, 4.4), dpi=110, layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    _members(left, done)
    splits_panel(middle, done.sections["splits"])
    calibration_panel(right, done.judged)
    for axes in (left, middle, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(axes.get_title(loc="left"), loc="left", fontsize=10)
    figure.suptitle(finding(done), x=0.01, ha="left", fontweight="bold")
    return figure


def finding(done: Backtest) -> str:
    """Return in a sentence whom the blend beats, and who beats it, beyond redrawing's noise."""
    if done.evaluation is None:
        return done.judged.reason
    against = done.evaluation.against
    gains = {
        CALLED.get(name, name): against[name]["average_precision"]
        for name in ORDER
        if name in against and name != PRIOR
    }
    beaten = [name for name, gain in gains.items() if gain.low > 0]
    better = [name for name, gain in gains.items() if gain.high < 0]
    level = [name for name in gains if name not in (*beaten, *better)]
    said = [f"ranks better than {_listed(beaten, 'and')}"] if beaten else []
    said += [f"is beaten by {_listed(better, 'and')}"] if better else []
    if level:
        said.append(f"{'' if said else 'is '}not clearly better than {_listed(level, 'or')}")
    return f"The blend {', '.join(said)}"


def _members(axes: Any, done: Backtest) -> None:
    judged = done.evaluation
    if judged is None:
        return
    names = [name for name in ORDER if name in judged.figures][::-1]
    for place, name in enumerate(names):
        told = judged.intervals[name]["average_precision"]
        colour = COLOURS.get(name, GREY)
        axes.plot([told.low, told.high], [place, place], color=colour, linewidth=3, alpha=0.5)
        axes.plot(told.estimate, place, "o", color=colour)
        axes.annotate(
            f"{told.estimate:.2f}", (told.estimate, place + 0.15), ha="center", fontsize=8
        )
    axes.set_yticks(range(len(names)), [CALLED.get(name, name) for name in names])
    axes.set_ylim(-0.5, len(names) - 0.4)
    axes.set_xlim(left=0)
    axes.set(xlabel="average precision, 95% interval")
    axes.set_title("Forward in time, all on the same days", loc="left")


def _listed(names: list[str], last: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"
