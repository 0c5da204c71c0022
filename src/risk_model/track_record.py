"""What each rule was worth over the past: how often it fired, what followed, what it adds.

All intervals come from resampling whole accounts, on the same draws for every rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model import by_lot
from risk_model.resample import (
    Difference,
    Interval,
    Ranks,
    Sums,
    difference_of,
    interval_of,
    redraw,
)
from risk_model.rules import Rule, Rulebook, RuleSet

Floats = NDArray[np.float64]

# A rule fired often enough to be judged from so many firings on, at so many accounts; one without
# lift is to be retired where even the upper end of its interval is below so much.
ENOUGH_FIRINGS, ENOUGH_ACCOUNTS, LITTLE_LIFT = 100, 20, 2.0
VERDICTS = {
    "keep": "where it fires, escalations come more often than elsewhere, or the list is better",
    "retire": "fired often, and tells nothing of what comes beyond noise",
    "unclear": "fired often, and its lift may be anything from none to a lot",
    "too few": "too few firings to tell",
    "never fired": "never fired where it was measured",
    "not measured": "its data is missing",
}


@dataclass(frozen=True)
class RuleRecord:
    """One rule over past snapshots.

    ``measured`` is the share of snapshots on which it could be told; ``precision`` how many of its
    firings an escalation followed within the horizon, ``lift`` that against all measured snapshots;
    ``caught`` counts escalations before which it fired, each once. What it adds beyond the others:
    ``adds`` counts the escalations that the team's lists by the rules catch with it, less those
    that they catch without it; ``gain`` is the rules' average precision with it less that without.
    """

    rule: Rule
    measured: float
    fired: int
    accounts: int
    precision: float
    lift: Interval
    caught: int
    adds: float
    gain: Difference
    verdict: str

    @property
    def also(self) -> str:
        """What it does besides its points: a reason to keep it even where it tells nothing."""
        cases = self.rule.as_cases
        # The mildest is what an account has anyway.
        severity = min((case.severity or 4 for case in cases), default=4)
        tier = max((case.tier for case in cases if case.tier), default=None)
        sponsor = next((case.sponsor for case in cases if case.sponsor), None)
        told = [f"SEV-{severity}" if severity < 4 else "", f"tier {tier}" if tier else ""]
        return ", ".join(filter(None, [*told, f"sponsor {sponsor}" if sponsor else ""]))


def track_record(
    rules: RuleSet,
    features: pd.DataFrame,
    labels: Sequence[int] | NDArray[np.int64],
    accounts: Sequence[str] | pd.Series,
    escalations: Sequence[float] | Floats,
    days: Sequence[int] | pd.Series,
    *,
    capacity: int,
    n: int = 200,
    seed: int = 0,
) -> list[RuleRecord]:
    """Return the record of every rule, in the order of the file.

    ``features``, ``labels`` (1: an escalation followed), ``accounts``, ``escalations`` (the day
    on which the next one opened, NaN for none) and ``days`` have a row a snapshot. ``capacity`` is
    how many accounts a list holds.
    """
    fired = Rulebook.of(rules).fired(features)
    y = np.asarray(labels, dtype=np.int64)
    group = np.unique(np.asarray(accounts), return_inverse=True)[1].astype(np.int64)
    came = pd.Series(np.asarray(escalations, dtype=float)).where(y == 1)
    episode = pd.Series(group).astype(str) + "|" + came.astype(str)
    lists = pd.DataFrame({"account": group, "day": np.asarray(days), "escalated_day": came})
    points = Rulebook.of(rules).points(features)
    with_all = on_lists(lists, points, capacity)
    figures: list[Sums | Ranks] = [Ranks(y, points, group, "average_precision")]
    adds = []
    for rule in rules.rules:
        without = Rulebook.of(rules.without(rule.id)).points(features)
        figures += _firings(fired[rule.id], y, group)
        figures.append(Ranks(y, without, group, "average_precision"))
        adds.append(with_all - on_lists(lists, without, capacity))
    drawn = redraw(figures, group, n, seed)
    records = []
    for place, rule in enumerate(rules.rules):
        hits_of, base, without_it = drawn[:, 1 + 3 * place : 4 + 3 * place].T
        hits = (fired[rule.id] == 1).to_numpy()
        caught = set(episode[hits & (y == 1)])
        lift = interval_of(hits_of / np.where(base > 0, base, np.nan))
        gain = difference_of(drawn[:, 0], without_it)
        measured = float(fired[rule.id].notna().mean())
        told = (int(hits.sum()), len(np.unique(group[hits])))
        records.append(
            RuleRecord(
                rule,
                measured,
                *told,
                precision=float(y[hits].mean()) if hits.any() else float("nan"),
                lift=lift,
                caught=len(caught),
                adds=adds[place],
                gain=gain,
                verdict=_verdict(measured, told, lift, gain),
            )
        )
    return records


def _firings(fired: pd.Series, y: NDArray[np.int64], group: NDArray[np.int64]) -> list[Sums]:
    """Return what came of a rule's firings, and of all snapshots on which it was measured."""
    parts = [part.to_numpy().astype(np.float64) for part in (fired == 1, fired.notna())]
    return [Sums(part * y, part, group) for part in parts]


def on_lists(lists: pd.DataFrame, points: Floats, capacity: int) -> float:
    """Return how many escalations are caught by each day's list of those with the most points.

    ``lists`` has ``account``, ``day`` and ``escalated_day`` (NaN for none) of every snapshot. Who
    has as many points as the last on a list is drawn by lot, so this is what is expected.
    """
    of_day = pd.Series(points, index=lists.index).groupby(lists["day"])
    above = of_day.rank(method="min", ascending=False) - 1
    equal = of_day.rank(method="max", ascending=False) - above
    return by_lot.caught(lists, ((capacity - above) / equal).clip(0.0, 1.0))


def _verdict(measured: float, told: tuple[int, int], lift: Interval, gain: Difference) -> str:
    """Return one of VERDICTS. No lift beyond noise counts against a rule that fired enough."""
    fired, accounts = told
    if measured == 0:
        return "not measured"
    if fired == 0:
        return "never fired"
    if lift.low > 1 or gain.low > 0:
        return "keep"
    if fired < ENOUGH_FIRINGS or accounts < ENOUGH_ACCOUNTS:
        return "too few"
    return "retire" if lift.high < LITTLE_LIFT else "unclear"
