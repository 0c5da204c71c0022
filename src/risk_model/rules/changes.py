"""A company's own changes to the rules: a threshold, a grade, an effect, or a rule off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from risk_model.documents import Document, Strict, did_you_mean
from risk_model.rules.spec import (
    OWN,
    Case,
    Cause,
    Conditions,
    CountOfKinds,
    Grade,
    Level,
    Points,
    Rule,
    RuleSet,
    Sponsor,
)


class RuleChange(Strict):
    """What a company writes of one rule; ``use: false`` switches it off.

    ``when`` replaces a condition wherever the rule has one on that feature.
    """

    use: bool = True
    when: Conditions = Field(default_factory=dict)
    kinds: CountOfKinds | None = None
    grade: Grade | None = None
    says: str | None = None
    do: str | None = None
    cause: Cause | None = None
    fallback_cause: Cause | None = None
    risk_level: Level | None = None
    severity: int | None = Field(default=None, ge=1, le=4)
    tier: int | None = Field(default=None, ge=1, le=4)
    sponsor: Sponsor | None = None


class RuleChanges(Strict):
    """What company.yaml says of the rules by their ids, of points and of flags."""

    rules: Mapping[str, RuleChange] = Field(default_factory=dict)
    points: Mapping[Grade, Points] = Field(default_factory=dict)
    flags: tuple[Grade, ...] | None = None


def changed(rules: RuleSet, changes: RuleChanges) -> RuleSet:
    """Return the rules as the company has them."""
    kept = tuple(
        _changed(rule, changes.rules.get(rule.id, RuleChange()))
        for rule in rules.rules
        if changes.rules.get(rule.id, RuleChange()).use
    )
    return RuleSet(
        points={**rules.points, **changes.points},
        flags=rules.flags if changes.flags is None else changes.flags,
        kind_of=rules.kind_of,
        rules=kept,
    )


def mistakes_in(rules: RuleSet, changes: RuleChanges, document: Document) -> Iterator[str]:
    """Yield what points to nothing: rules that are not there, conditions that they don't have."""
    for name, change in changes.rules.items():
        if name not in rules.by_id:
            near = did_you_mean(name, rules.by_id)
            yield f"{document.where(('rules', name))}: there is no rule '{name}'.{near}"
            continue
        reads = rules.by_id[name].features
        for feature in change.when:
            if feature not in reads:
                place = document.where(("rules", name, "when", feature))
                own = f"It has: {', '.join(reads)}." if reads else "It counts kinds."
                yield f"{place}: rule '{name}' has no condition on '{feature}'. {own}"


def _changed(rule: Rule, change: RuleChange) -> Rule:
    if change == RuleChange():
        return rule
    effects = {name: getattr(change, name) for name in OWN if getattr(change, name) is not None}
    cases = tuple(
        Case.model_validate(
            {
                **{name: getattr(case, name) for name in OWN if name not in effects},
                "when": _conditions(case.when, change),
            }
        )
        for case in rule.any_of
    )
    written = {name: getattr(rule, name) for name in type(rule).model_fields}
    written |= {"when": _conditions(rule.when, change), "any_of": cases, **effects}
    written |= {"kinds": change.kinds or rule.kinds}
    return Rule.model_validate(written)


def _conditions(own: Conditions, change: RuleChange) -> Conditions:
    return {name: change.when.get(name, condition) for name, condition in own.items()}
