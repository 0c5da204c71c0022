"""What came after a snapshot, and before it: the next escalation and the last."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from risk_model.timeline import DAY


def next_escalation(snapshots: pd.DataFrame, escalations: pd.DataFrame) -> pd.Series[float]:
    """Return for each snapshot the day number of the first escalation at or after it, or NaN.

    ``snapshots`` has ``account_id`` and ``as_of`` (day number), ``escalations`` ``account_id`` and
    ``opened_at`` (epoch seconds).
    """
    return _nearest(snapshots, escalations, "forward").rename("escalated_day")


def last_escalation(snapshots: pd.DataFrame, escalations: pd.DataFrame) -> pd.Series[float]:
    """Return for each snapshot the day number of the last escalation before it, or NaN.

    The arguments are those of ``next_escalation``.
    """
    return _nearest(snapshots, escalations, "backward")


def _nearest(
    snapshots: pd.DataFrame, escalations: pd.DataFrame, direction: Literal["forward", "backward"]
) -> pd.Series[float]:
    opened = escalations.assign(day=escalations["opened_at"] // DAY)[["account_id", "day"]]
    opened = opened.astype({"day": "int64"}).drop_duplicates().sort_values("day")
    asked = snapshots[["account_id", "as_of"]].assign(row=np.arange(len(snapshots)))
    asked = asked.astype({"as_of": "int64"}).sort_values("as_of")
    found = pd.merge_asof(
        asked,
        opened,
        left_on="as_of",
        right_on="day",
        by="account_id",
        direction=direction,
        allow_exact_matches=direction == "forward",
    ).sort_values("row")
    return pd.Series(found["day"].to_numpy(float), index=snapshots.index)
