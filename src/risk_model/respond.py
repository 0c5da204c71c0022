"""How bad it would be, who should hold it, and what to do first: from rules, facts and ARR.

Severity follows business impact, never tone: it comes from the floors of the rules that fired.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model.rules import Rule, RuleSet
from risk_model.settings import Response

Bools = NDArray[np.bool_]

# Features that the answer reads besides the rules'; always computed, whatever the catalogue holds.
FACTS = (
    "days_since_escalation_closed",
    "days_since_inbound",
    "days_since_outbound",
    "inbound_28d",
    "inbound_84d",
    "complaints_28d",
    "frustration_28d",
    "asks_waiting_48h",
    "complaints_waiting_48h",
    "unanswered_48h",
    "past_sla",
    "tasks_overdue_us",
    "tasks_overdue_customer",
    "promises_overdue",
    "tickets_28d",
    "usage_change",
)

LEVELS = ("Low", "Medium", "High")
LEVEL_OF_GRADE = {"strong": "High", "warning": "Medium", "mild": "Low"}
# Recovery after an escalation: the last day of each stage.
STAGES = ((7, "week-1"), (28, "weeks-2-4"), (60, "month-2"), (91, "month-3"), (182, "month-6"))


def fired_rules(fired: pd.DataFrame, rules: RuleSet) -> list[list[Rule]]:
    """Return for each account the rules that fired, strongest first, then in the file's order."""
    order = {rule.id: place for place, rule in enumerate(rules.rules)}
    worth = {rule.id: rules.points[rule.grade] for rule in rules.rules}
    names = sorted(fired.columns, key=lambda name: (-worth[name], order[name]))
    hits = fired[names].to_numpy() == 1
    listed = [rules.by_id[name] for name in names]
    return [[rule for rule, hit in zip(listed, row, strict=True) if hit] for row in hits]


def risk_levels(fired: Sequence[Sequence[Rule]], within_capacity: Bools) -> list[str]:
    """Return High, Medium or Low of each account; an account that shows nothing is Low.

    ``within_capacity`` marks accounts whose calibrated probability stands within what the team
    can work: it lifts Low to Medium.
    """
    levels = []
    for rules, likely in zip(fired, within_capacity, strict=True):
        own = [LEVELS.index(rule.risk_level or LEVEL_OF_GRADE[rule.grade]) for rule in rules]
        levels.append(LEVELS[max([*own, 1 if likely else 0])])
    return levels


def severities(fired: Sequence[Sequence[Rule]]) -> list[str]:
    """Return SEV-1 … SEV-4: the worst floor of the rules; SEV-3 where any fired, else SEV-4."""
    return [f"SEV-{min([rule.severity or 3 for rule in rules], default=4)}" for rules in fired]


def tiers(
    fired: Sequence[Sequence[Rule]], levels: Sequence[str], arr: pd.Series[float], how: Response
) -> list[int]:
    """Return 1 … 4: the highest tier of the rules, raised where much revenue hangs on it.

    A tier 3 case at an account above ``share_of_arr`` of the company's revenue is tier 4, and so
    is one of the largest accounts at High risk. High value alone is not.
    """
    revenue = arr.fillna(0.0).to_numpy(float)
    is_large = revenue > how.share_of_arr * revenue.sum()
    largest = np.zeros(len(revenue), dtype=bool)
    largest[np.argsort(-revenue, kind="stable")[: how.largest_accounts]] = True
    largest &= revenue > 0
    result = []
    for place, rules in enumerate(fired):
        tier = max([rule.tier or 1 for rule in rules], default=1)
        if tier == 3 and is_large[place]:
            tier = 4
        if levels[place] == "High" and largest[place] and len(revenue) > how.largest_accounts:
            tier = 4
        result.append(tier)
    return result


def sponsors(
    fired: Sequence[Sequence[Rule]], levels: Sequence[str], arr: pd.Series[float], how: Response
) -> list[str]:
    """Return ``now``, ``within-24h`` or ``no``: when an executive sponsor is called in."""
    result = []
    for rules, level, revenue in zip(fired, levels, arr.fillna(0.0), strict=True):
        asked = {rule.sponsor for rule in rules}
        if "now" in asked or (level == "High" and revenue > how.large_arr):
            result.append("now")
        else:
            result.append("within-24h" if "within-24h" in asked else "no")
    return result


def causes(fired: Sequence[Sequence[Rule]], rules: RuleSet) -> list[str]:
    """Return the likely cause: the one that most points speak for; empty where none does."""
    result = []
    for hits in fired:
        votes: dict[str, float] = {}
        for rule in hits:
            if rule.cause:
                votes[rule.cause] = votes.get(rule.cause, 0.0) + rules.points[rule.grade]
        result.append(max(votes, key=lambda cause: votes[cause]) if votes else "")
    return result


OURS = (
    "asks_waiting_48h",
    "complaints_waiting_48h",
    "unanswered_48h",
    "past_sla",
    "tasks_overdue_us",
    "promises_overdue",
)


def waiting_on(facts: pd.DataFrame) -> list[str]:
    """Return whose turn it is: ours if anything is late with us, theirs if we spoke last."""
    ours = np.any([_above(facts, name) for name in OURS], axis=0)
    silent_since = facts["days_since_inbound"].fillna(np.inf)
    spoke = (facts["days_since_outbound"] < silent_since) & (facts["days_since_outbound"] <= 14)
    theirs = spoke | _above(facts, "tasks_overdue_customer")
    return [str(side) for side in np.select([ours, theirs], ["us", "customer"], "nobody")]


def states(facts: pd.DataFrame, how: Response) -> list[str]:
    """Return recovery (after an escalation), silent (disengaged, no complaint) or at-risk."""
    recovering = facts["days_since_escalation_closed"] <= how.recovery_days
    spoke_before = facts["inbound_84d"].fillna(0) > facts["inbound_28d"].fillna(0)
    fading = (facts["usage_change"] < -0.3) | ((facts["inbound_28d"] == 0) & spoke_before)
    complains = (
        _above(facts, "complaints_28d")
        | _above(facts, "frustration_28d")
        | _above(facts, "tickets_28d")
    )
    chosen = np.select([recovering, fading & ~complains], ["recovery", "silent"], "at-risk")
    return [str(state) for state in chosen]


def recovery_stages(facts: pd.DataFrame, how: Response) -> list[str]:
    """Return the stage of recovery by the days since the escalation was closed, else empty."""
    stages = []
    for days in facts["days_since_escalation_closed"]:
        late = not days <= how.recovery_days
        stages.append("" if late else next((name for end, name in STAGES if days <= end), ""))
    return stages


def first_steps(
    fired: Sequence[Sequence[Rule]],
    standing_out: Sequence[str],
    states_: Sequence[str],
    how: Response,
) -> list[str]:
    """Return the preventive first step: the strongest rule's, else by the sign's family."""
    steps: list[str] = []
    for rules, family, state in zip(fired, standing_out, states_, strict=True):
        single = [rule for rule in rules if rule.kinds is None]
        several = [rule for rule in rules if rule.kinds is not None]
        if single and not (several and all(rule.grade != "strong" for rule in single)):
            steps.append(single[0].do)
        elif several:
            steps.append(several[0].do)
        elif state in ("recovery", "silent"):
            steps.append(str(getattr(how.first_step, state)))
        else:
            steps.append(str(getattr(how.first_step, family or "nothing")))
    return steps


def clocks(severity: Sequence[str], as_of: pd.Series[Any], how: Response) -> pd.DataFrame:
    """Return acknowledge_by (ISO, UTC), update_every_hours and owner_role for each account."""
    rows = []
    for name, moment in zip(severity, as_of, strict=True):
        answer = how.severities[name]  # type: ignore[index]
        due = moment + pd.Timedelta(minutes=answer.acknowledge_minutes)
        rows.append((due.strftime("%Y-%m-%dT%H:%M:%SZ"), answer.update_hours, answer.owner))
    return pd.DataFrame(rows, columns=["acknowledge_by", "update_every_hours", "owner_role"])


def _above(facts: pd.DataFrame, name: str) -> pd.Series[bool]:
    return facts[name].fillna(0) > 0
