"""What signals looked like in the weeks before escalations, beside quiet accounts of those weeks.

Every snapshot before an escalation is put at its *week*: -1 is the week that ended with the
opening, -2 the one before, and so on. It is compared with the snapshots, on the very same days, of
customers that opened no escalation in the same stretch of weeks (a matched comparison, so that
seasons, releases and outages that touch everybody fall out).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model.catalogue import Feature
from risk_model.features.following import last_escalation, next_escalation
from risk_model.resample import Sums

BEFORE, QUIET = "before an escalation", "quiet"
GROUPS = (BEFORE, QUIET)
WEEK = 7
# Ratios, waits and amounts have a few huge values that would own a mean; counts and scores have
# so many equal values that a median would not move.
BY_MEDIAN = ("change", "days", "hours", "money")
DRAWS_AT_ONCE = 50

Floats = NDArray[np.float64]


def align(snapshots: pd.DataFrame, escalations: pd.DataFrame, weeks: int = 12) -> pd.DataFrame:
    """Return the snapshots by group and week: ``row`` (position), ``week``, ``group``, ``weight``.

    ``snapshots`` has ``account_id``, ``as_of`` (day number), ``is_customer``, ``is_escalated``;
    ``escalations`` has ``account_id`` and ``opened_at`` (epoch seconds). A snapshot belongs to the
    account's next escalation only. A quiet one weighs as much as the escalations that it is
    compared with, and stands at every week at which it is: no account is quiet in a week in which
    its own escalation comes, or came within the same ``weeks``.
    """
    as_of = snapshots["as_of"].to_numpy(dtype=np.int64)
    ahead, past = _days_to_escalations(snapshots, escalations)
    usable = snapshots["is_customer"].to_numpy(bool) & ~snapshots["is_escalated"].to_numpy(bool)
    parts = []
    for back in range(1, weeks + 1):
        comes = usable & (ahead >= WEEK * (back - 1)) & (ahead < WEEK * back)
        is_quiet = usable & (ahead >= WEEK * back) & (past > WEEK * (weeks - back))
        days, counts = np.unique(as_of[comes], return_counts=True)
        weight = pd.Series(counts, index=days, dtype=float).reindex(as_of).fillna(0).to_numpy()
        is_quiet &= weight > 0
        parts += [
            _part(comes, -back, BEFORE, np.ones(len(as_of))),
            _part(is_quiet, -back, QUIET, weight),
        ]
    return pd.concat(parts, ignore_index=True)


def trajectories(
    features: pd.DataFrame,
    snapshots: pd.DataFrame,
    escalations: pd.DataFrame,
    signals: Sequence[Feature],
    weeks: int = 12,
    draws: int = 300,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the middle of each signal by group and week, with its 95% interval.

    ``features`` has one row a snapshot, in the same order. Columns: ``signal``, ``group``,
    ``week``, ``middle`` (the median of ratios and waits, the mean of the rest), ``low``, ``high``,
    and how many measured ``snapshots`` and ``accounts`` stand behind it. The interval redraws whole
    accounts, because snapshots of one account repeat each other.
    """
    aligned = align(snapshots, escalations, weeks)
    codes, _ = pd.factorize(snapshots["account_id"])
    told = []
    for signal in signals:
        values = features[signal.name].to_numpy(dtype=float)
        for (group, week), cell in aligned.groupby(["group", "week"], sort=True):
            rows = cell["row"].to_numpy()
            known = ~np.isnan(values[rows])
            rows, weight = rows[known], cell["weight"].to_numpy()[known]
            drawn = _redrawn(signal, values[rows], weight, codes[rows], draws, seed)
            told.append((signal.name, group, week, *drawn, len(rows), len(set(codes[rows]))))
    columns = ["signal", "group", "week", "middle", "low", "high", "snapshots", "accounts"]
    return pd.DataFrame(told, columns=columns)


def parting(told: pd.DataFrame) -> pd.DataFrame:
    """Return for each signal how early it parts from quiet accounts, earliest first.

    ``weeks_apart`` is how many weeks in a row, up to the last one before the escalation, the two
    intervals do not touch: 0 where they touch in the last week. ``before`` and ``quiet`` are the
    last week's middles.
    """
    middle, low, high = (_by_group(told, value) for value in ("middle", "low", "high"))
    is_apart = (low[BEFORE] > high[QUIET]) | (high[BEFORE] < low[QUIET])
    rows = []
    for signal in told["signal"].unique():
        last_first = is_apart[signal].sort_index(ascending=False).to_numpy(bool)
        weeks_apart = int(np.cumprod(last_first).sum())
        last = middle.loc[signal].sort_index().iloc[-1]
        rows.append((signal, weeks_apart, last[BEFORE], last[QUIET]))
    table = pd.DataFrame(rows, columns=["signal", "weeks_apart", "before", "quiet"])
    return table.sort_values("weeks_apart", ascending=False, kind="stable", ignore_index=True)


def _by_group(told: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return a value by (signal, week), one column a group; NaN where a group is empty."""
    wide = told.pivot(index=["signal", "week"], columns="group", values=value)
    return wide.reindex(columns=list(GROUPS))


def _days_to_escalations(
    snapshots: pd.DataFrame, escalations: pd.DataFrame
) -> tuple[Floats, Floats]:
    """Return (days to the next escalation, days since the last); infinite where there is none."""
    as_of = snapshots["as_of"]
    ahead = next_escalation(snapshots, escalations) - as_of
    since = as_of - last_escalation(snapshots, escalations)
    return ahead.fillna(np.inf).to_numpy(float), since.fillna(np.inf).to_numpy(float)


def _part(mask: NDArray[np.bool_], week: int, group: str, weight: Floats) -> pd.DataFrame:
    rows = np.flatnonzero(mask)
    return pd.DataFrame({"row": rows, "week": week, "group": group, "weight": weight[rows]})


def _redrawn(
    signal: Feature,
    values: Floats,
    weight: Floats,
    account: NDArray[np.intp],
    draws: int,
    seed: int,
) -> tuple[float, float, float]:
    """Return (middle, low, high) of a signal in one group and week."""
    if len(values) == 0:
        return (float("nan"),) * 3
    there, code = np.unique(account, return_inverse=True)
    everybody = np.ones((1, len(there)))
    middle = _middle(signal, values, weight, code, everybody)[0]
    rng = np.random.default_rng(seed)
    drawn = []
    for start in range(0, draws, DRAWS_AT_ONCE):
        size = min(DRAWS_AT_ONCE, draws - start)
        counts = rng.multinomial(len(there), np.full(len(there), 1 / len(there)), size=size)
        drawn.append(_middle(signal, values, weight, code, counts.astype(float)))
    low, high = np.quantile(np.concatenate(drawn), [0.025, 0.975])
    return float(middle), float(low), float(high)


def _middle(
    signal: Feature, values: Floats, weight: Floats, code: NDArray[np.intp], counts: Floats
) -> Floats:
    """Return the mean or median for each draw; ``counts`` of shape (draws, accounts)."""
    if signal.unit not in BY_MEDIAN:
        return Sums(values * weight, weight, code).redraw(counts)
    order = np.argsort(values, kind="stable")
    total = np.cumsum(counts[:, code[order]] * weight[order], axis=1)
    half = np.argmax(total >= total[:, -1:] / 2, axis=1)
    return np.asarray(values[order][half], dtype=float)
