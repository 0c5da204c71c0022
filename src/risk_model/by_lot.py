"""What lists drawn by lot anew each week would have been worth: exact, without drawing any.

An escalation is caught when its account was on any list of the weeks before it, so the longer it is
looked at, the more of them chance alone catches. With a list of ``size`` among the ``n`` accounts
of a week an account is listed with probability ``size / n``, each week anew: an escalation is
missed with the product of the rest. All functions read the replay of ``worth``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

ESCALATION = ["account", "escalated_day"]


def chances(replay: pd.DataFrame, capacity: int, per_csm: bool = False) -> pd.Series[float]:
    """Return for each row the probability that its account is drawn on its day."""
    drawn_among = [replay["day"], replay["csm"].fillna("")] if per_csm else [replay["day"]]
    rows = replay["account"].groupby(drawn_among).transform("size")
    return (capacity / rows).clip(upper=1.0)


def caught(replay: pd.DataFrame, chance: pd.Series[float]) -> float:
    """Return how many of the escalations that the rows tell of are expected to be caught."""
    return float(_firsts(replay, chance)["first"].sum())


def at_capacity(replay: pd.DataFrame, capacity: int, per_csm: bool = False) -> dict[str, float]:
    """Return the expected figures of lists of ``capacity``, by the names of worth.at_capacity."""
    chance = chances(replay, capacity, per_csm)
    weeks, csms = max(1, replay["day"].nunique()), max(1, replay["csm"].fillna("").nunique())
    came = len(replay[ESCALATION].dropna().drop_duplicates())
    listed, hits = float(chance.sum()), float((chance * replay["y"]).sum())
    averted = float((chance * replay["averted"]).sum())
    found, last = caught(replay, chance), float(chance[last_rows(replay)].sum())
    false = (listed - hits - averted) / weeks
    return {
        "capacity": capacity,
        "weeks": weeks,
        "listed": listed,
        "precision": hits / listed if listed else float("nan"),
        "precision_if_averted": (hits + averted) / listed if listed else float("nan"),
        "recall": hits / max(1, replay["y"].sum()),
        "escalations": came,
        "caught": found,
        "caught_share": found / max(1, came),
        "on_last_list": last,
        "on_last_list_share": last / max(1, came),
        "averted": averted,
        "false_alarms_a_week": false,
        "false_alarms_a_csm_and_week": false / csms,
        "new_share_a_week": _turnover(replay, chance),
    }


def lead_quantiles(
    replay: pd.DataFrame, capacity: int, quantiles: Sequence[float]
) -> dict[str, float]:
    """Return the quantiles of lead days over what is expected to be caught, by name (``p50``)."""
    first = _firsts(replay, chances(replay, capacity))
    names = [f"p{round(100 * q)}" for q in quantiles]
    if not first["first"].sum() > 0:
        return dict.fromkeys(names, float("nan"))
    lead = (first["escalated_day"] - first["day"]).to_numpy(float)
    told = np.quantile(lead, quantiles, weights=first["first"], method="inverted_cdf")
    return dict(zip(names, told.tolist(), strict=True))


def capacity_for(replay: pd.DataFrame, recall: float) -> float:
    """Return the shortest list expected to catch this share; NaN where no escalation came."""
    hits = replay[replay["escalated_day"].notna()]
    came = len(hits[ESCALATION].drop_duplicates())
    if came == 0:
        return float("nan")
    rows = replay.groupby("day").size()
    among = hits["day"].map(rows)
    least, most = 1, int(rows.max())
    while least < most:
        size = (least + most) // 2
        if caught(hits, (size / among).clip(upper=1.0)) >= recall * came - 1e-9:
            most = size
        else:
            least = size + 1
    return float(least)


def last_rows(replay: pd.DataFrame) -> list[int]:
    """Return the labels of the rows that are their escalation's last before it opened."""
    hits = replay[replay["escalated_day"].notna()]
    return hits.sort_values("day").groupby(ESCALATION).tail(1).index.tolist()


def _firsts(replay: pd.DataFrame, chance: pd.Series[float]) -> pd.DataFrame:
    """Return the rows before escalations with the probability that each is the first listing."""
    hits = replay.assign(chance=chance)[replay["escalated_day"].notna()].sort_values("day")
    missed = (1 - hits["chance"]).groupby([hits[name] for name in ESCALATION])
    before = missed.cumprod().groupby([hits[name] for name in ESCALATION]).shift(fill_value=1.0)
    return hits.assign(first=before * hits["chance"])


def _turnover(replay: pd.DataFrame, chance: pd.Series[float]) -> float:
    """Return the share of a list that is expected not to have been on the list before."""
    by_week = [
        week.set_index("account")["chance"]
        for _, week in replay.assign(chance=chance).sort_values("day").groupby("day")
    ]
    shares = [
        float((new * (1 - old.reindex(new.index).fillna(0))).sum() / new.sum())
        for old, new in pairwise(by_week)
    ]
    return float(np.mean(shares)) if shares else float("nan")
