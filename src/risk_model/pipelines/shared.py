"""What one account can't tell by itself: incidents that several customers share."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model.pipelines.line import Line
from risk_model.timeline import DAY

# A running incident that nobody closed stops to count after four weeks, as it does in the features.
OLDEST_DAYS = 28


def shares_incident(line: Line, accounts: pd.Series[str], day: int) -> NDArray[np.bool_]:
    """Return which accounts an incident touches that touches several customers, shape (n,).

    It counts while it runs and for ``shared_incident_days`` after it; maintenance does not. Only
    what was known before the day does.
    """
    if "incidents" not in line.tables.present:
        return np.zeros(len(accounts), dtype=bool)
    how, now = line.settings.response, day * DAY
    known = line.tables.frame("incidents")
    ended = known["ended_at"].astype("float64")
    lately = ended.isna() | (ended >= now - how.shared_incident_days * DAY)
    fresh = known["started_at"] >= now - OLDEST_DAYS * DAY
    real = known["kind"].fillna("") != "maintenance"
    # Who is no customer any more makes nobody one of several.
    recent = known[(known["row_known"] < now) & lately & fresh & real]
    recent = recent[recent["account_id"].isin(accounts)]
    touched = recent.groupby("incident_id")["account_id"].transform("nunique")
    shared = set(recent.loc[touched >= how.several_customers, "account_id"])
    return accounts.isin(shared).to_numpy(dtype=bool)
