"""Whose turn it is, and for how many hours we have been silent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model.catalogue import Catalogue
from risk_model.explain import QUIET, sentence, waited
from risk_model.respond.facts import any_group
from risk_model.respond.spec import Response
from risk_model.row_values import rows_of
from risk_model.rules import Rule

HOURS_A_DAY = 24


def waiting_on(facts: pd.DataFrame, how: Response) -> list[str]:
    """Return whose turn it is: ours if anything is late with us, theirs if we spoke last.

    A call or a held meeting was a word of both: after it nobody waits.
    """
    silent_since = facts["days_since_contact"].fillna(np.inf)
    spoke = (facts["days_since_outbound"] < silent_since) & (
        facts["days_since_outbound"] <= how.turn.answered_days
    )
    ours = any_group(how.turn.ours, facts)
    theirs = spoke.to_numpy(bool) | any_group(how.turn.theirs, facts)
    sides: list[str] = np.select([ours, theirs], ["us", "customer"], "nobody").tolist()
    return sides


def silent_hours(facts: pd.DataFrame, how: Response) -> NDArray[np.float64]:
    """Return for how many whole hours something of theirs has waited for us; 0 where nothing has.

    Only what is past the limit counts, as for the rules: up to it, an answer is not late.
    """
    waits = facts[list(how.turn.silence)].to_numpy(dtype=float)
    longest = np.nanmax(np.column_stack([waits, np.zeros(len(facts))]), axis=1)
    hours = longest * HOURS_A_DAY
    # A second is 3e-4 hours: what has waited for just the limit is not past it.
    return np.where(hours > how.turn.silent_hours + 1e-6, np.floor(hours + 1e-9), 0.0)


def with_silence(
    reasons: Sequence[Sequence[str]],
    hours: NDArray[np.float64],
    fired: Sequence[Sequence[Rule]],
    facts: pd.DataFrame,
    catalogue: Catalogue,
    how: Response,
    most: int = 3,
) -> list[list[str]]:
    """Return the reasons with our silence among them, by its hours, where there is one.

    Where a rule's sentence about what waits for us tells just these, it is told; else it comes
    second, after what leads.
    """
    result = [list(said) for said in reasons]
    rows = rows_of(facts)
    for row in np.flatnonzero(hours > 0).tolist():
        waits = [rule for rule in fired[row] if not how.turn.waits.isdisjoint(rule.features)]
        told = {sentence(rule.says, rows[row], catalogue) for rule in waits} & set(result[row])
        if not any(waited(hours[row]) in text for text in told):
            says = how_long(how.turn.says, hours[row])
            rest = [text for text in result[row] if text != QUIET]
            result[row] = [*rest[:1], says, *rest[1:]][:most]
    return result


def how_long(pattern: str, hours: float) -> str:
    """Fill in how long something has waited: ``{waited}`` as people say it, or ``{hours}``."""
    return pattern.format(waited=waited(hours), hours=f"{hours:,.0f}")


def is_about_waiting(rule: Rule, how: Response) -> bool:
    """Whether a rule fires on what waits for us: our silence, what is past due with us."""
    return not how.turn.late.isdisjoint(rule.features)
