"""Who should hold it if it escalated today, and whether an executive sponsor is called in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from risk_model.respond.facts import Bools
from risk_model.respond.spec import Response
from risk_model.rules import Rule


def tiers(
    fired: Sequence[Sequence[Rule]],
    levels: Sequence[str],
    arr: pd.Series[float],
    how: Response,
    causes: Sequence[str] | None = None,
    shared: Bools | None = None,
    severities: Sequence[str] | None = None,
) -> list[int]:
    """Return 1 … 4: the highest tier of the rules, raised by what hangs on the account.

    At High risk an account whose cause nobody knows is tier 2, and one above ``large_arr`` or hit
    by an incident that others share (``shared``) tier 3. A tier 3 case at an account above
    ``share_of_arr`` of the company's revenue is tier 4, unless revenue alone made it tier 3; so is
    one of the largest accounts at High risk. High value alone is not. Whoever owns a severity by
    ``least_tier`` holds at least that.
    """
    revenue = arr.fillna(0.0).to_numpy(float)
    is_large = revenue > how.share_of_arr * revenue.sum()
    is_largest = _largest(revenue, how.largest_accounts)
    result = []
    # Accounts with the same rules may share a list of them.
    tier_of = {
        key: max([rule.tier or 1 for rule in rules], default=1)
        for key, rules in {id(rules): rules for rules in fired}.items()
    }
    for place, rules in enumerate(fired):
        tier = tier_of[id(rules)]
        high = levels[place] == "High"
        if high and causes is not None and not causes[place]:
            tier = max(tier, 2)
        if high and shared is not None and shared[place]:
            tier = max(tier, 3)
        if (tier == 3 and is_large[place]) or (high and is_largest[place]):
            tier = 4
        if high and revenue[place] > how.large_arr:
            tier = max(tier, 3)
        if severities is not None:
            tier = max(tier, how.severities[severities[place]].least_tier)  # type: ignore[index]
        result.append(tier)
    return result


def _largest(revenue: np.ndarray, most: int) -> Bools:
    """Return who is among the ``most`` largest accounts.

    Where everybody is among them that says nothing, nor does it of several with the same revenue
    that do not all find room there.
    """
    if len(revenue) <= most:
        return np.zeros(len(revenue), dtype=bool)
    as_large = len(revenue) - np.searchsorted(np.sort(revenue), revenue, side="left")
    return (as_large <= most) & (revenue > 0)


def sponsors(
    fired: Sequence[Sequence[Rule]],
    levels: Sequence[str],
    arr: pd.Series[float],
    how: Response,
    overdue: Sequence[bool] | Bools | None = None,
) -> list[str]:
    """Return ``now``, ``within-24h`` or ``no``: when an executive sponsor is called in.

    ``overdue`` marks what wants one within a day for other reasons than a rule: a SEV-1 or SEV-2
    past its first SLA and, in an escalation, a second one, a near renewal, a CSM out of options.
    """
    late = [False] * len(levels) if overdue is None else overdue
    result = []
    shared = {id(rules): rules for rules in fired}
    called_by = {key: {rule.sponsor for rule in rules} for key, rules in shared.items()}
    revenues = arr.fillna(0.0).tolist()
    for rules, level, revenue, is_late in zip(fired, levels, revenues, late, strict=True):
        called = called_by[id(rules)]
        if "now" in called or (level == "High" and revenue > how.large_arr):
            result.append("now")
        else:
            result.append("within-24h" if "within-24h" in called or is_late else "no")
    return result
