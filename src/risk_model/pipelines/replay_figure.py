"""One page about the Monday replay: what was caught, how early, how often, and at what price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from risk_model import by_lot, worth
from risk_model.pipelines.calibrated import periods_panel, reliability_panel
from risk_model.pipelines.figures import BASELINE as GREY
from risk_model.pipelines.figures import COLOURS
from risk_model.splits import WAYS
from risk_model.timeline import date_of

if TYPE_CHECKING:
    from risk_model.pipelines.backtest import Backtest

BLUE, ORANGE, GREEN = COLOURS["blend"], COLOURS["logistic"], COLOURS["boosting"]
SHOWN_WORTH = 20


def replay_figure(done: Backtest) -> Figure:
    """Return a page of eight plots, each with its finding as title."""
    figure = Figure(figsize=(17, 8), dpi=110, layout="constrained")
    grid = figure.subplots(2, 4)
    size = int(done.sections["capacity"]["blend"]["capacity"])
    _weeks(grid[0, 0], done.replay, size)
    _leads(grid[0, 1], done.replay, size, done.sections["lead_days_by_lot"]["p50"])
    _plan(grid[0, 2], pd.DataFrame(done.sections["planner"]), size)
    _value(grid[1, 0], pd.DataFrame(done.sections["planner"]))
    splits_panel(grid[1, 1], done.sections["splits"])
    _members(grid[1, 2], done.sections["capacity"], done.sections["capacity_by_lot"])
    reliability_panel(grid[0, 3], done.sections["calibration"])
    periods_panel(grid[1, 3], done.sections["next_period"])
    for axes in grid.ravel():
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        f"{_when(done.replay['day'])}, with what was known then; lists of {size} accounts",
        x=0.01,
        ha="left",
        fontsize=12,
    )
    return figure


def _when(days: pd.Series[int]) -> str:
    """Return on which days there were lists; their weekday, where it is always the same."""
    dates = [date_of(int(day)) for day in sorted(days.unique())]
    weekdays = {day.strftime("%A") for day in dates}
    told = f"Every {weekdays.pop()}" if len(weekdays) == 1 else f"{len(dates)} days"
    return f"{told} from {dates[0]} to {dates[-1]}"


def planner_figure(done: Backtest) -> Figure:
    """Return two plots for whoever decides how many accounts to work: what is caught, what pays."""
    figure = Figure(figsize=(11, 4.3), dpi=110, layout="constrained")
    left, right = figure.subplots(1, 2)
    plan = pd.DataFrame(done.sections["planner"])
    size = int(done.sections["capacity"]["blend"]["capacity"])
    _plan(left, plan, size)
    _value(right, plan)
    left.set_ylabel("share of escalations caught")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    came = int(done.sections["capacity"]["blend"]["escalations"])
    weeks = done.replay["day"].nunique()
    figure.supxlabel(
        f"{came} escalations in {weeks} weeks; bands: 95%, accounts redrawn",
        x=0.01,
        ha="left",
        fontsize=9,
    )
    return figure


def _weeks(axes: Any, replay: pd.DataFrame, size: int) -> None:
    listed = replay[replay["rank"] <= size]
    weekly = listed.groupby("day")["y"].agg(["sum", "size"])
    days = [date_of(int(day)) for day in weekly.index]
    axes.bar(days, weekly["size"], width=5, color="#DDDDDD", label="listed")
    axes.bar(days, weekly["sum"], width=5, color=BLUE, label="escalated within the horizon")
    share = weekly["sum"].sum() / max(1, weekly["size"].sum())
    drawn = by_lot.at_capacity(replay, size)["precision"]
    axes.set_title(
        f"{share:.0%} of the accounts listed escalated; by lot {drawn:.0%}", loc="left", fontsize=10
    )
    axes.tick_params(axis="x", rotation=30)
    axes.legend(frameon=False, fontsize=8)


def _leads(axes: Any, replay: pd.DataFrame, size: int, drawn: float) -> None:
    leads = worth.lead_days(replay, size)
    if leads.empty:
        axes.set_title("No escalation was caught", loc="left", fontsize=10)
        return
    axes.hist(leads, bins=np.arange(0, leads.max() + 4, 3), color=BLUE)
    axes.axvline(leads.median(), color=ORANGE, linewidth=2)
    axes.set_title(
        f"Half of those caught were listed {leads.median():.0f} days ahead; by lot {drawn:.0f}",
        loc="left",
        fontsize=10,
    )
    axes.set(xlabel="days from the first listing", ylabel="escalations")


def _plan(axes: Any, plan: pd.DataFrame, size: int) -> None:
    axes.fill_between(
        plan["capacity"], plan["caught_share_low"], plan["caught_share_high"], color=BLUE, alpha=0.2
    )
    axes.plot(
        plan["capacity"], plan["caught_share"], color=BLUE, marker="o", markersize=3, label="blend"
    )
    drawn = plan["caught_share_by_lot"]
    axes.plot(plan["capacity"], drawn, color=GREY, linestyle=":", label="drawn by lot")
    axes.axvline(size, color=GREY, linestyle="--", linewidth=1)
    here, lot = (float(np.interp(size, plan["capacity"], y)) for y in (plan["caught_share"], drawn))
    axes.set_title(
        f"{size} a week catch {here:.0%} of escalations; by lot {lot:.0%}",
        loc="left",
        fontsize=10,
    )
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    axes.set(xlabel="accounts worked a week", ylim=(0, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))


def _value(axes: Any, plan: pd.DataFrame) -> None:
    for factor, colour in zip((10, SHOWN_WORTH, 50), (GREY, BLUE, GREEN), strict=True):
        name = f"value_{factor}"
        axes.plot(plan["capacity"], plan[name], color=colour, label=f"a catch is worth {factor}")
        axes.fill_between(
            plan["capacity"], plan[f"{name}_low"], plan[f"{name}_high"], color=colour, alpha=0.12
        )
    drawn = SHOWN_WORTH * plan["caught_by_lot"] - plan["listed"]
    told = f"by lot, worth {SHOWN_WORTH}"
    axes.plot(plan["capacity"], drawn, color=BLUE, linestyle=":", label=told)
    axes.axhline(0, color="#333333", linewidth=0.8)
    value = plan[f"value_{SHOWN_WORTH}"].to_numpy(float)
    best = int(np.argmax(value))
    told = f"{plan['capacity'].iloc[best]} a week pay best" if value[best] > 0 else "no list pays"
    axes.set_title(f"A catch worth {SHOWN_WORTH} accounts' work: {told}", loc="left", fontsize=10)
    axes.set(xlabel="accounts worked a week", ylabel="value a week, in accounts' work")
    axes.legend(frameon=False, fontsize=8)


def splits_panel(axes: Any, splits: Any) -> None:
    """Plot each learner's AUROC by way of splitting; the title says how far random rows flatter."""
    names = list(splits[WAYS[0]])
    room = 0.7 / len(names)
    for shift, name in enumerate(names):
        places = np.arange(len(WAYS)) + (shift - (len(names) - 1) / 2) * room
        heights = [splits[way][name]["auroc"] for way in WAYS]
        bars = axes.bar(places, heights, 0.94 * room, color=COLOURS.get(name, GREY), label=name)
        axes.bar_label(bars, fmt="%.2f", fontsize=7)
    gap = max(splits[WAYS[0]][n]["auroc"] - splits[WAYS[2]][n]["auroc"] for n in names)
    axes.set_title(f"Random rows flatter by up to {gap:.2f} AUROC", loc="left", fontsize=10)
    axes.set_xticks(range(len(WAYS)), WAYS, fontsize=8)
    axes.set_ylim(0.5, 1)
    axes.legend(frameon=False, fontsize=8)


def _members(axes: Any, by_member: Any, drawn: Any) -> None:
    shares = {name: row["caught_share"] for name, row in by_member.items()}
    shares["by lot"] = drawn["caught_share"]
    names = list(shares)[::-1]
    heights, inks = [shares[n] for n in names], [COLOURS.get(n, GREY) for n in names]
    bars = axes.barh(names, heights, color=inks)
    axes.bar_label(bars, labels=[f"{share:.0%}" for share in heights], fontsize=8, padding=2)
    told = ", ".join(f"{n} {shares[n]:.0%}" for n in ("blend", "rules", "by lot"))
    axes.set_title(f"Caught: {told}", loc="left", fontsize=10)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
