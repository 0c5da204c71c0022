"""Loud, silent or in recovery, and which stage of a recovery."""

from __future__ import annotations

import numpy as np
import pandas as pd

from risk_model.respond.facts import any_group
from risk_model.respond.spec import STAGES, Response


def states(facts: pd.DataFrame, how: Response) -> list[str]:
    """Return recovery (after an escalation), silent (disengaged, no complaint) or at-risk."""
    recovering = facts["days_since_escalation_closed"] <= how.recovery_days
    silent = any_group(how.silent.fading, facts) & ~any_group(how.silent.complains, facts)
    chosen = np.select([recovering, silent], ["recovery", "silent"], "at-risk")
    return [str(state) for state in chosen]


def recovery_stages(facts: pd.DataFrame, how: Response) -> list[str]:
    """Return the stage of recovery by the days since the escalation was closed, else empty."""
    ends = [how.recovery[stage].until_day for stage in STAGES]
    days = facts["days_since_escalation_closed"].to_numpy(dtype=float)
    places = np.searchsorted(ends, days)
    return [STAGES[place] if place < len(STAGES) else "" for place in places]
