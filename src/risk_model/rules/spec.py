"""Rules as frozen specs, read from ``models/rules.yaml``: when they fire, what they do and say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from risk_model.catalogue.figures import OfFigures
from risk_model.documents import Strict, hash_of

Grade = Literal["strong", "warning", "mild"]
Cause = Literal["product", "support", "expectations", "contract", "experience"]
Level = Literal["High", "Medium", "Low"]
Sponsor = Literal["now", "within-24h"]
Conditions = Mapping[str, OfFigures]
Points = Annotated[float, Field(ge=0)]
# How strong a rule is, as it fired: points, and whether it cannot wait.
Strength = tuple[float, bool]

GRADE_POINTS: Mapping[Grade, float] = {"strong": 3.0, "warning": 2.0, "mild": 1.0}
# What a case may say of its own, where it differs from its rule.
OWN = (
    *("grade", "says", "do", "cause", "fallback_cause", "risk_level", "severity", "tier"),
    "sponsor",
)


class Case(Strict):
    """One of several ways to fire, with what it says and does where that differs from its rule."""

    when: Conditions
    grade: Grade | None = None
    says: str | None = None
    do: str | None = None
    cause: Cause | None = None
    fallback_cause: Cause | None = None
    risk_level: Level | None = None
    severity: int | None = Field(None, ge=1, le=4)
    tier: int | None = Field(None, ge=1, le=4)
    sponsor: Sponsor | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        """``{feature: condition}`` is short for ``{when: {feature: condition}}``."""
        return value if isinstance(value, dict) and "when" in value else {"when": value}


class Kinds(Strict):
    """How many different kinds of the other rules have fired."""

    at_least: int = Field(ge=2)
    at_most: int | None = Field(None, ge=2)


def _as_kinds(value: object) -> object:
    return {"at_least": value} if isinstance(value, int) else value


CountOfKinds = Annotated[Kinds, BeforeValidator(_as_kinds)]


class Rule(Strict):
    """One rule: when it fires, what it does, what it says.

    ``when`` fires if all of its conditions hold; ``any_of`` if one of its cases does, and the
    first that holds speaks; ``kinds`` if so many different kinds of the other rules have fired
    (and ``when`` or ``any_of`` holds, where given). ``kind`` is the table that the features come
    from, messages by what was heard, unless it is given.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    kind: str | None = None
    grade: Grade
    when: Conditions = Field(default_factory=dict)
    any_of: tuple[Case, ...] = ()
    kinds: CountOfKinds | None = None
    says: str = ""
    do: str
    cause: Cause | None = None
    fallback_cause: Cause | None = None
    risk_level: Level | None = None
    severity: int | None = Field(None, ge=1, le=4)
    tier: int | None = Field(None, ge=1, le=4)
    sponsor: Sponsor | None = None
    source: str = Field("", alias="from")

    @model_validator(mode="after")
    def _one_way_to_fire(self) -> Rule:
        ways = bool(self.when) + bool(self.any_of)
        if ways > 1 or (ways == 0 and self.kinds is None):
            raise ValueError(
                f"'{self.id}' needs one of 'when' and 'any_of', or 'kinds', which may stand beside."
            )
        if not self.says and not (self.any_of and all(case.says for case in self.any_of)):
            raise ValueError(f"'{self.id}' needs 'says', the sentence on the list.")
        return self

    @property
    def cannot_wait(self) -> bool:
        """Whether it calls the sponsor now or says SEV-1: then its step comes before any other."""
        return self.sponsor == "now" or self.severity == 1

    @cached_property
    def groups(self) -> tuple[Conditions, ...]:
        """The groups of conditions, of which one has to hold throughout."""
        return (self.when,) if self.when else tuple(case.when for case in self.any_of)

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The features that its conditions read."""
        return tuple(dict.fromkeys(name for group in self.groups for name in group))

    @property
    def sentences(self) -> tuple[str, ...]:
        """Everything that it may say."""
        own = (case.says for case in self.any_of)
        return tuple(dict.fromkeys(said for said in (self.says, *own) if said))

    @cached_property
    def as_cases(self) -> tuple[Rule, ...]:
        """The rule as each of its cases has it: with that case's words and effects."""
        return tuple(
            self.model_copy(
                update={
                    name: getattr(case, name) for name in OWN if getattr(case, name) is not None
                }
            )
            for case in self.any_of
        ) or (self,)

    def as_fired(self, values: Mapping[str, Any]) -> Rule:
        """Return the rule as the first of its cases that holds has it; itself where none does."""
        for group, rule in zip(self.groups, self.as_cases, strict=False):
            if all(test.holds(values.get(name)) for name, test in group.items()):
                return rule
        return self


class RuleSet(Strict):
    """The rules, what a grade is worth in points, and which grades count as flags.

    ``kind_of`` leads a feature to its kind: the table that it comes from, messages by what was
    heard. Reading the rules fills it in from the catalogue.
    """

    points: Mapping[Grade, Points] = Field(default_factory=lambda: dict(GRADE_POINTS))
    flags: tuple[Grade, ...] = ("strong", "warning")
    kind_of: Mapping[str, str] = Field(default_factory=dict)
    rules: tuple[Rule, ...]

    @cached_property
    def by_id(self) -> dict[str, Rule]:
        """The rules by their ids."""
        return {rule.id: rule for rule in self.rules}

    @property
    def features(self) -> list[str]:
        """Every feature that a rule reads, each once."""
        return list(dict.fromkeys(name for rule in self.rules for name in rule.features))

    @property
    def sentences(self) -> list[str]:
        """Everything that a rule may say, each once."""
        return list(dict.fromkeys(said for rule in self.rules for said in rule.sentences))

    @property
    def version(self) -> str:
        """Fingerprint of all rules."""
        return hash_of(self.model_dump_json(by_alias=True))

    def strength(self, rule: Rule) -> Strength:
        """Return how strong a rule is as it fired; of equals the first in the file leads.

        Among rules of one grade lost data and a running outage do not wait behind a complaint.
        """
        return self.points[rule.grade], rule.cannot_wait

    def kind(self, rule: Rule, group: Conditions) -> str:
        """Return the kind of flag that a group of a rule's conditions is."""
        first = next(iter(group), rule.id)
        return rule.kind or self.kind_of.get(first, first)

    def without(self, rule_id: str) -> RuleSet:
        """Return the rules but one."""
        kept = tuple(rule for rule in self.rules if rule.id != rule_id)
        return RuleSet(points=self.points, flags=self.flags, kind_of=self.kind_of, rules=kept)
