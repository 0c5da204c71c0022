"""How bad it would be: floors by fact, then what past escalations taught. Never by tone.

``models/severity.yaml`` names the signals of text that tell how something is said. Whatever reads
one of them, a feature or a rule's group of conditions, has no part in a severity.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, field_validator

from risk_model.catalogue import Catalogue
from risk_model.documents import Document, Strict, check_document, did_you_mean, read_changed
from risk_model.errors import ConfigError
from risk_model.explain import QUIET, sentence
from risk_model.respond.facts import Group, any_group
from risk_model.row_values import rows_of
from risk_model.rules import RuleSet

Grades = NDArray[np.int64]
Floats = NDArray[np.float64]
WORST, MILDEST = 1, 4


class Floor(Strict):
    """A fact, and the severity that it asks for at the least.

    A ``firm`` floor is so by definition; another one may be overruled by what past escalations
    taught.
    """

    severity: int = Field(ge=WORST, le=MILDEST)
    firm: bool = False
    says: str
    any_of: tuple[Group, ...] = Field(min_length=1)


class Learned(Strict):
    """When and from what the learned part learns; ``penalty`` is the ridge's weight."""

    min_labels: int = Field(60, ge=20)
    min_of_each: int = Field(3, ge=1)
    folds: int = Field(4, ge=2)
    penalty: float = Field(10.0, gt=0)
    impact: tuple[str, ...] = Field(min_length=1)


class SeverityPlan(Strict):
    """``models/severity.yaml``: what tone is, floors, costs of a wrong severity, what is learnt.

    ``in_person`` are features of who speaks: a fact, beside which a rule may hear tone.
    ``costs[true][said]`` is what it costs to say one severity where another came, both from SEV-1.
    """

    tone: tuple[str, ...]
    in_person: tuple[str, ...] = ()
    floors: tuple[Floor, ...]
    any_rule: int = Field(3, ge=WORST, le=MILDEST)
    nothing: int = Field(4, ge=WORST, le=MILDEST)
    costs: tuple[tuple[float, float, float, float], ...] = Field(min_length=4, max_length=4)
    learned: Learned

    @field_validator("costs")
    @classmethod
    def _sound(cls, costs: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
        if any(row[place] != 0 for place, row in enumerate(costs)):
            raise ValueError("a right severity costs nothing: the diagonal has to be 0.")
        if any(cost < 0 for row in costs for cost in row):
            raise ValueError("a cost is never negative.")
        return costs

    @property
    def features(self) -> list[str]:
        """Every feature that it reads, each once."""
        floors = (name for f in self.floors for group in f.any_of for name in group)
        return list(dict.fromkeys([*self.in_person, *floors, *self.learned.impact]))

    @cached_property
    def cost_table(self) -> Floats:
        """The costs, shape (4, 4): row true, column said."""
        return np.array(self.costs, dtype=float)


def load_severity(
    file: Path, catalogue: Catalogue | None, company: Document | None = None
) -> SeverityPlan:
    """Read the plan, with a company's changes.

    Raises ConfigError with every mistake, each with its line and a remedy. Without a catalogue, for
    it has mistakes of its own, features are not looked up.
    """
    document = read_changed(file, company)
    plan = check_document(document, SeverityPlan)
    if catalogue is None:
        return plan
    mistakes = []
    for name in plan.features:
        place = _place_of(document, plan, name)
        heard = ", ".join(tone_of(name, catalogue, plan.tone))
        if name not in catalogue.by_name:
            remedy = did_you_mean(name, catalogue.names)
            mistakes.append(f"{place}: unknown feature '{name}'.{remedy}")
        elif heard:
            mistakes.append(
                f"{place}: '{name}' hears {heard}: severity follows impact, never tone. "
                "Take a feature that tells of a fact."
            )
    if mistakes:
        raise ConfigError(mistakes)
    return plan


def _place_of(document: Document, plan: SeverityPlan, name: str) -> str:
    for number, floor in enumerate(plan.floors):
        for place, group in enumerate(floor.any_of):
            if name in group:
                return document.where(("floors", number, "any_of", place, name))
    if name in plan.in_person:
        return document.where(("in_person", plan.in_person.index(name)))
    position = plan.learned.impact.index(name)
    return document.where(("learned", "impact", position))


def tone_of(name: str, catalogue: Catalogue, tone: Iterable[str]) -> list[str]:
    """Return the signals of tone that a feature hears, itself or through its parts."""
    feature = catalogue.by_name.get(name)
    if feature is None:
        return []
    heard = {signal for part in feature.parts for signal in tone_of(part, catalogue, tone)}
    return sorted(heard | (feature.columns & set(tone)))


def floors_of(
    features: pd.DataFrame,
    rules: RuleSet,
    catalogue: Catalogue,
    plan: SeverityPlan,
    *,
    firm_only: bool = False,
) -> Grades:
    """Return for each account the worst severity that a fact or a rule asks for, 1 … 4.

    Of a rule only the groups of conditions count that hear no tone, or hold a fact of who speaks
    (``in_person``) where the rule names a severity; a rule that counts kinds does not count. Any
    other rule asks for ``any_rule``, nothing at all is ``nothing``.

    With ``firm_only`` only what past escalations may not overrule counts: firm floors, and what a
    rule asks for where somebody speaks in person.
    """
    worst = np.full(len(features), MILDEST if firm_only else plan.nothing, dtype=np.int64)
    for floor in plan.floors:
        if floor.firm or not firm_only:
            _worsen(worst, any_group(floor.any_of, features), floor.severity)
    toned = {name for name in catalogue.names if tone_of(name, catalogue, plan.tone)}
    for rule in rules.rules:
        if rule.kinds is not None:
            continue
        for group, case in zip(rule.groups, rule.as_cases, strict=True):
            by_whom = case.severity is not None and set(plan.in_person) & set(group)
            if by_whom or not (firm_only or toned & set(group)):
                holds = any_group([group], features)
                _worsen(worst, holds, case.severity or plan.any_rule)
    return worst


def facts_behind(features: pd.DataFrame, plan: SeverityPlan) -> list[str]:
    """Return for each account the feature of the worst fact that asks for a severity, else empty.

    Of equally severe ones it is the first in the file that holds.
    """
    found = np.full(len(features), "", dtype=object)
    for floor in sorted(plan.floors, key=lambda floor: floor.severity):
        for group in floor.any_of:
            found[any_group([group], features) & (found == "")] = next(iter(group))
    return [str(name) for name in found]


def with_fact(
    reasons: Sequence[Sequence[str]],
    facts: Sequence[str],
    features: pd.DataFrame,
    catalogue: Catalogue,
) -> list[list[str]]:
    """Return the reasons, where nothing stands out the fact that set the severity instead.

    ``facts`` are names of features (see ``facts_behind``), empty where there is nothing to name.
    """
    result = [list(said) for said in reasons]
    rows = rows_of(features)
    for row, name in enumerate(facts):
        if name and result[row] == [QUIET]:
            own = catalogue.by_name[name]
            means = f"{own.means[:1].upper()}{own.means[1:]}"
            says = own.says or f"{means}: {{value}}"
            result[row] = [sentence(says, rows[row], catalogue, own)]
    return result


def _worsen(worst: Grades, where: NDArray[Any], severity: int) -> None:
    worst[where] = np.minimum(worst[where], severity)


def cheapest(probabilities: Floats, costs: Floats) -> Grades:
    """Return the severity of least expected cost, the worse of equals.

    ``probabilities`` of shape (n, 4) for SEV-1 … SEV-4, ``costs`` of shape (4, 4), true by said.
    """
    return np.asarray(np.argmin(probabilities @ costs, axis=1) + 1, dtype=np.int64)


def decided(probabilities: Floats, firm: Grades, plan: SeverityPlan) -> Grades:
    """Return what the learned part says, never milder than a firm floor."""
    return np.minimum(cheapest(probabilities, plan.cost_table), firm)


def named(grades: Sequence[int] | Grades) -> list[str]:
    """Return 1 … 4 as SEV-1 … SEV-4."""
    return [f"SEV-{int(grade)}" for grade in grades]
