"""Which rules fired, strongest first, and the risk level that follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model.respond.facts import Bools
from risk_model.rules import Rule, RuleSet
from risk_model.rules.spec import Strength

LEVELS = ("Low", "Medium", "High")
LEVEL_OF_GRADE = {"strong": "High", "warning": "Medium", "mild": "Low"}


def fired_rules(cases: pd.DataFrame, rules: RuleSet) -> list[list[Rule]]:
    """Return for each account the rules that fired, strongest first (see ``strength``).

    ``cases`` is what the rulebook returns: one column a rule, with the case that holds. Each rule
    is returned as that case has it, with its words and effects.
    """
    hits: list[list[tuple[Strength, int, Rule]]] = [[] for _ in range(len(cases))]
    for order, rule in enumerate(rules.rules):
        held = cases[rule.id].to_numpy(dtype=float)
        cases_told = [(rules.strength(case), -order, case) for case in rule.as_cases]
        fires = np.flatnonzero(held >= 0)
        for row, case in zip(fires.tolist(), held[fires].astype(int).tolist(), strict=True):
            hits[row].append(cases_told[case])
    strongest = itemgetter(0, 1)
    return [[rule for _, _, rule in sorted(own, key=strongest, reverse=True)] for own in hits]


def risk_levels(fired: Sequence[Sequence[Rule]], within_capacity: Bools) -> list[str]:
    """Return High, Medium or Low of each account; an account that shows nothing is Low.

    ``within_capacity`` marks accounts whose calibrated probability stands within what the team
    can work: it lifts Low to Medium.
    """
    # Of a million accounts a few thousand have rules of their own: the others share a list.
    shared = {id(rules): rules for rules in fired}
    level_of = {
        key: max([LEVELS.index(r.risk_level or LEVEL_OF_GRADE[r.grade]) for r in rules], default=0)
        for key, rules in shared.items()
    }
    return [
        LEVELS[max(level_of[id(rules)], int(likely))]
        for rules, likely in zip(fired, within_capacity.tolist(), strict=True)
    ]


def lead_of(rules: Sequence[Rule]) -> Rule | None:
    """Return the rule whose step comes first, of rules that stand strongest first."""
    single = [rule for rule in rules if rule.kinds is None]
    several = [rule for rule in rules if rule.kinds is not None]
    if single and not (several and all(rule.grade != "strong" for rule in single)):
        return single[0]
    return several[0] if several else None


def likeliest(p: NDArray[np.float64], at_risk: Bools, capacity: int) -> Bools:
    """Return who is among the ``capacity`` likeliest of those at risk, and likelier than most.

    Who has escalated is on a list of their own, and takes nobody's place on this one.
    """
    within = np.zeros(len(p), dtype=bool)
    if capacity == 0 or not at_risk.any():
        return within
    within[np.argsort(-np.where(at_risk, p, -1.0), kind="stable")[:capacity]] = True
    return within & at_risk & (p > np.mean(p[at_risk]))
