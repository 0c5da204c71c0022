"""Which rules fired, strongest first, and the risk level that follows from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from risk_model.respond.facts import Bools
from risk_model.rules import Rule, RuleSet

LEVELS = ("Low", "Medium", "High")
LEVEL_OF_GRADE = {"strong": "High", "warning": "Medium", "mild": "Low"}


def fired_rules(cases: pd.DataFrame, rules: RuleSet) -> list[list[Rule]]:
    """Return for each account the rules that fired, strongest first, then in the file's order.

    ``cases`` says which case of each rule holds (see ``Rulebook.cases``): a rule comes with that
    case's words and effects.
    """
    order = {rule.id: place for place, rule in enumerate(rules.rules)}
    listed = [rules.by_id[str(name)].as_cases for name in cases.columns]
    result = []
    for row in cases.to_numpy(dtype=float):
        hits = [listed[place][int(row[place])] for place in np.flatnonzero(row >= 0)]
        result.append(sorted(hits, key=lambda rule: (-rules.points[rule.grade], order[rule.id])))
    return result


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


def lead_of(rules: Sequence[Rule]) -> Rule | None:
    """Return the rule whose step comes first, of rules that stand strongest first."""
    single = [rule for rule in rules if rule.kinds is None]
    several = [rule for rule in rules if rule.kinds is not None]
    if single and not (several and all(rule.grade != "strong" for rule in single)):
        return single[0]
    return several[0] if several else None
