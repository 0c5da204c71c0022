"""Loud, silent or in recovery, and which stage of a recovery."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model.explain import QUIET, told
from risk_model.respond.facts import Bools, any_group
from risk_model.respond.spec import STAGES, Response


def states(facts: pd.DataFrame, how: Response) -> list[str]:
    """Return recovery (after an escalation), silent (disengaged, no complaint) or at-risk.

    Nobody is silent whom we have not answered, or of whom nobody can know whether they complain.
    """
    recovering = facts["days_since_escalation_closed"] <= how.recovery_days
    speaks = any_group((*how.silent.complains, *how.turn.waiting), facts)
    silent = any_group(how.silent.fading, facts) & ~speaks & ~unheard(facts, how)
    chosen: list[str] = np.select([recovering, silent], ["recovery", "silent"], "at-risk").tolist()
    return chosen


def unheard(facts: pd.DataFrame, how: Response) -> Bools:
    """Return where it can't be known whether they complain: untold, or not understood."""
    known = facts[list(how.silent.known_by)].notna().any(axis=1).to_numpy(bool)
    foreign = np.zeros(len(facts), dtype=bool)
    for said, much in how.silent.heard.items():
        foreign |= ((facts[much] > 0) & facts[said].isna()).to_numpy(bool)
    return ~known | foreign


def fades_unheard(facts: pd.DataFrame, how: Response) -> Bools:
    """Return who fades, and of whom nobody can know whether it is in silence."""
    return any_group(how.silent.fading, facts) & unheard(facts, how)


def in_care(facts: pd.DataFrame) -> pd.DataFrame:
    """Return the facts, of accounts with an open escalation without when one was closed.

    Whoever is escalated is not recovering, whatever was over before it.
    """
    closed = facts["days_since_escalation_closed"].mask(facts["open_escalations"] > 0)
    return facts.assign(days_since_escalation_closed=closed)


def recovery_stages(facts: pd.DataFrame, how: Response) -> list[str]:
    """Return the stage of recovery by the days since the escalation was closed, else empty."""
    ends = [how.recovery[stage].until_day for stage in STAGES]
    days = facts["days_since_escalation_closed"].to_numpy(dtype=float)
    places = np.searchsorted(ends, days).tolist()
    return [STAGES[place] if place < len(STAGES) else "" for place in places]


def with_relapse(
    reasons: Sequence[Sequence[str]],
    facts: pd.DataFrame,
    p: NDArray[np.float64],
    called: str,
    how: Response,
    most: int = 3,
) -> list[list[str]]:
    """Return the reasons, of a recovering account with its relapse risk as the last of them.

    The risk is that of another escalation: the account's probability, or score, as ``called``.
    """
    days = facts["days_since_escalation_closed"].to_numpy(dtype=float)
    result = [list(said) for said in reasons]
    for row in np.flatnonzero(days <= how.recovery_days).tolist():
        since = told(days[row], "days")
        says = f"Escalation closed {since} ago; relapse {called} {p[row]:.0%}"
        kept = [text for text in result[row] if text != QUIET]
        result[row] = [*kept[: most - 1], says]
    return result
