"""What a list is worth to the people who work it: caught, false, early, steady, and at what price.

Everything here reads one frame, the *replay*: a row for every account on every past Monday, with
what was said of it then and what came. Columns: ``day`` and ``escalated_day`` (day numbers, the
latter NaN where nothing came within the horizon), ``account``, ``csm``, ``y``, ``averted`` (nothing
came, and people say that it was averted by what they did about this very list), and the score by
which it would have been listed.

An escalation counts as *caught* if its account was on any list of the weeks before it. That rises
with every change of the list, good or bad, so each such figure has its like of lists drawn by lot
(``by_lot``) beside it, and ``on_last_list`` counts what stood on the last list before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model import by_lot

Floats = NDArray[np.float64]

CAPACITIES = (5, 10, 15, 25, 40, 60, 100, 150, 250)
# What one caught escalation is worth, in the cost of working one account for a week.
WORTHS = (5, 10, 20, 50, 100)
RECALLS = (0.5, 0.8, 0.9)
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def ranked_by(replay: pd.DataFrame, score: str) -> pd.DataFrame:
    """Return the replay with ``rank`` (within its day) and ``csm_rank`` (within day and CSM).

    Ranks begin with 1; ties go by account, as on the watchlist.
    """
    order = replay.sort_values(
        ["day", score, "account"], ascending=[True, False, True], kind="stable"
    )
    csm = order["csm"].fillna("")
    rank = order.groupby("day").cumcount() + 1
    csm_rank = order.groupby(["day", csm]).cumcount() + 1
    return replay.assign(rank=rank, csm_rank=csm_rank)


def at_capacity(ranked: pd.DataFrame, capacity: int, per_csm: bool = False) -> dict[str, float]:
    """Return what lists of ``capacity`` accounts a day (or a day and CSM) were worth.

    ``precision`` and ``recall`` count snapshots; ``caught`` counts escalations, each once however
    often its account was listed, ``on_last_list`` those whose account was on the last list before
    them. Nothing is left out of ``precision``; with what people averted as hits it is
    ``precision_if_averted``. A listing called averted is no false alarm (``averted`` counts them).
    """
    is_listed = ranked["csm_rank" if per_csm else "rank"] <= capacity
    listed, weeks = ranked[is_listed], max(1, ranked["day"].nunique())
    came, caught = _escalations(ranked), _escalations(listed)
    last = int(is_listed[by_lot.last_rows(ranked)].sum())
    hits, averted = int(listed["y"].sum()), int(listed["averted"].sum())
    false = len(listed) - hits - averted
    csms = max(1, ranked["csm"].fillna("").nunique())
    return {
        "capacity": capacity,
        "weeks": weeks,
        "listed": len(listed),
        "precision": hits / len(listed) if len(listed) else float("nan"),
        "precision_if_averted": (hits + averted) / len(listed) if len(listed) else float("nan"),
        "recall": float(hits / max(1, ranked["y"].sum())),
        "escalations": came,
        "caught": caught,
        "caught_share": caught / max(1, came),
        "on_last_list": last,
        "on_last_list_share": last / max(1, came),
        "averted": averted,
        "false_alarms_a_week": false / weeks,
        "false_alarms_a_csm_and_week": false / weeks / csms,
        "new_share_a_week": turnover(ranked, is_listed),
    }


def turnover(ranked: pd.DataFrame, is_listed: pd.Series[bool]) -> float:
    """Return the share of a list that was not on the list before, averaged over the weeks."""
    lists = ranked[is_listed].groupby("day")["account"].agg(set).sort_index().tolist()
    shares = [len(new - old) / max(1, len(new)) for old, new in pairwise(lists)]
    return float(np.mean(shares)) if shares else float("nan")


def lead_days(ranked: pd.DataFrame, capacity: int) -> pd.Series[float]:
    """Return for each escalation caught the days from its first listing, indexed by account.

    Only listings within the horizon of the escalation count: an account that is always listed does
    not earn months of lead.
    """
    hits = ranked[(ranked["rank"] <= capacity) & ranked["escalated_day"].notna()]
    first = hits.groupby(["account", "escalated_day"])["day"].min().reset_index()
    lead = first["escalated_day"] - first["day"]
    return pd.Series(lead.to_numpy(float), index=first["account"], name="lead_days")


def lead_quantiles(leads: pd.Series[float]) -> dict[str, float]:
    """Return the quantiles of lead days by name (``p10`` … ``p90``); NaN where none was caught."""
    told = leads.quantile(list(QUANTILES)) if len(leads) else [np.nan] * len(QUANTILES)
    return {f"p{round(100 * q)}": float(value) for q, value in zip(QUANTILES, told, strict=True)}


def planner(
    ranked: pd.DataFrame, capacities: Sequence[int] = CAPACITIES, n: int = 300, seed: int = 0
) -> pd.DataFrame:
    """Return for each capacity what it catches and costs a week, with 95% intervals.

    Columns: ``capacity``, ``listed``, ``caught``, ``false`` (all a week), ``caught_share``,
    ``lead_p50``, one ``value_R`` for each of WORTHS (R caught worth R, minus one a listed account),
    each with ``_low`` and ``_high`` by resampling accounts, whose lists stay as they were; and what
    lists of that length drawn by lot would have had (``caught_by_lot``, ``caught_share_by_lot``,
    ``lead_p50_by_lot``).
    """
    most = int(ranked.groupby("day").size().max())
    sizes = sorted({min(size, most) for size in capacities})
    account, names = pd.factorize(ranked["account"])
    drawn = np.random.default_rng(seed).multinomial(
        len(names), np.full(len(names), 1 / len(names)), n
    )
    weights = np.vstack([np.ones(len(names)), drawn]).astype(np.float64)
    rows = [_planned(ranked, account, len(names), size, weights) for size in sizes]
    return pd.DataFrame(rows)


def _planned(
    ranked: pd.DataFrame, account: NDArray[Any], accounts: int, size: int, weights: Floats
) -> dict[str, float]:
    weeks = ranked["day"].nunique()
    is_listed = (ranked["rank"] <= size).to_numpy()
    is_false = is_listed & (ranked["y"] == 0).to_numpy() & ~ranked["averted"].to_numpy(bool)
    by_account = {
        "listed": np.bincount(account[is_listed], minlength=accounts),
        "false": np.bincount(account[is_false], minlength=accounts),
        "caught": _escalations_by(ranked[is_listed], account[is_listed], accounts),
        "came": _escalations_by(ranked, account, accounts),
    }
    sums = {name: weights @ counts / weeks for name, counts in by_account.items()}
    share = sums["caught"] / np.maximum(sums["came"], 1e-12)
    told = {"listed": sums["listed"], "caught": sums["caught"], "false": sums["false"]}
    told |= {"caught_share": share}
    told |= {f"value_{worth}": worth * sums["caught"] - sums["listed"] for worth in WORTHS}
    row: dict[str, float] = {"capacity": size}
    for name, draws in told.items():
        low, high = np.quantile(draws[1:], [0.025, 0.975])
        row |= {name: float(draws[0]), f"{name}_low": float(low), f"{name}_high": float(high)}
    leads = lead_days(ranked, size)
    drawn = by_lot.caught(ranked, by_lot.chances(ranked, size))
    return row | {
        "lead_p50": float(leads.median()) if len(leads) else float("nan"),
        "caught_by_lot": drawn / weeks,
        "caught_share_by_lot": drawn / max(1, _escalations(ranked)),
        "lead_p50_by_lot": by_lot.lead_quantiles(ranked, size, [0.5])["p50"],
    }


def workload(ranked: pd.DataFrame, recalls: Sequence[float] = RECALLS) -> pd.DataFrame:
    """Return how long lists must be to catch a share of the escalations, and what that saves.

    Columns: ``recall``, ``capacity`` (accounts a day), ``share`` of all accounts, ``by_lot`` and
    ``share_by_lot`` (the same for lists drawn by lot anew each day, which catch that share on
    average), ``saved``: ``share_by_lot - share``; NaN where no escalation came.
    """
    came = _escalations(ranked)
    hits = ranked[ranked["escalated_day"].notna()]
    needed = np.sort(hits.groupby(["account", "escalated_day"])["rank"].min().to_numpy())
    size = float(ranked.groupby("day").size().mean())
    rows = []
    for recall in recalls:
        place = int(np.ceil(recall * came)) - 1
        found = float(needed[place]) if 0 <= place < len(needed) else float("nan")
        row = {"recall": recall, "capacity": found, "share": min(1.0, found / size)}
        drawn = by_lot.capacity_for(ranked, recall)
        row |= {"by_lot": drawn, "share_by_lot": min(1.0, drawn / size)}
        rows.append(row | {"saved": row["share_by_lot"] - row["share"]})
    return pd.DataFrame(rows)


def unsuspected(ranked: pd.DataFrame, capacity: int) -> dict[str, float]:
    """Return how the lists did where people would not have known: rows marked ``hidden``.

    ``recall`` counts snapshots, ``caught`` escalations; ``_by_lot`` is what lists of the same
    length, drawn by lot among all accounts, are expected to have.
    """
    chance = by_lot.chances(ranked, capacity)
    hidden = ranked[ranked["hidden"]]
    positive = hidden[hidden["y"] == 1]
    few = len(positive) == 0
    return {
        "snapshots": len(hidden),
        "followed_by_escalation": len(positive),
        "escalations": _escalations(hidden),
        "caught": _escalations(hidden[hidden["rank"] <= capacity]),
        "caught_by_lot": by_lot.caught(hidden, chance[hidden.index]),
        "recall": float("nan") if few else float((positive["rank"] <= capacity).mean()),
        "recall_by_lot": float("nan") if few else float(chance[positive.index].mean()),
    }


def _escalations(rows: pd.DataFrame) -> int:
    told = rows.loc[rows["escalated_day"].notna(), ["account", "escalated_day"]]
    return len(told.drop_duplicates())


def _escalations_by(rows: pd.DataFrame, account: NDArray[Any], accounts: int) -> NDArray[Any]:
    """Return how many different escalations each account's rows tell of."""
    told = pd.DataFrame({"account": account, "day": rows["escalated_day"].to_numpy()}).dropna()
    return np.bincount(told.drop_duplicates()["account"], minlength=accounts)
