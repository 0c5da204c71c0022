"""``models/response.yaml`` as frozen models: what severities, tiers, causes, stages call for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator

from risk_model.catalogue import Catalogue
from risk_model.documents import Document, Place, Strict, check_document, did_you_mean, read_changed
from risk_model.errors import ConfigError
from risk_model.explain import is_ever_notable
from risk_model.respond.facts import Group
from risk_model.respond.hours import BusinessHours
from risk_model.rules.spec import Cause, Level

Severity = Literal["SEV-1", "SEV-2", "SEV-3", "SEV-4"]
Stage = Literal["week-1", "weeks-2-4", "month-2", "month-3", "month-6"]
Counting = Literal["clock", "business-hours", "business-days"]
Urgency = Literal["critical", "high", "other"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
STAGES: tuple[Stage, ...] = get_args(Stage)
CAUSES: tuple[Cause, ...] = get_args(Cause)


class SeverityResponse(Strict):
    """What a severity calls for; ``counted`` says how its hours run, around the clock or not.

    ``least_tier`` is the tier that its owner stands for.
    """

    acknowledge_minutes: int = Field(gt=0)
    acknowledge_counted: Counting = "clock"
    update_hours: int = Field(gt=0)
    update_counted: Counting = "clock"
    then: str = ""
    told: str = ""
    owner: str
    least_tier: Literal[1, 2, 3, 4] = 1


class WithoutSeverities(Strict):
    """The response of a company that knows no severities: one clock, updates by urgency."""

    acknowledge_minutes: int = Field(120, gt=0)
    update_hours: Mapping[Urgency, int]


class FirstSteps(Strict):
    """One sentence for the sign that stands out when no rule fires, or for an open escalation."""

    usage: str
    tickets: str
    surveys: str
    messages: str
    relationship: str
    recovery: str
    silent: str
    escalated: str
    nothing: str
    unread: str = "Have what they wrote read by somebody who speaks their language"
    unseen: str = "See that the exports have their id as the list of accounts has it"


class CausePlan(Strict):
    """What helps against one of the five causes, who has to be there, and what tells of it.

    ``signs`` are features: a notable value of one is evidence beside the rules.
    """

    looks_like: str
    bring_in: tuple[str, ...] = Field(min_length=1)
    lever_first: str
    then: tuple[str, ...] = ()
    owner: str | None = None
    signs: tuple[str, ...] = ()

    @field_validator("lever_first")
    @classmethod
    def _no_money_first(cls, lever: str) -> str:
        money = re.search(r"credit|discount|refund|compensat", lever, re.IGNORECASE)
        if money:
            raise ValueError(
                f"'{money[0]}' is never the first answer. Put it under 'levers' with "
                "'compensates: true', and name another one here."
            )
        return lever


class Lever(Strict):
    """Something to offer, and when. One that ``compensates`` costs money and never comes first."""

    offer: str
    why: str
    causes: tuple[Cause, ...] = ()
    severity_up_to: int | None = Field(None, ge=1, le=4)
    any_of: tuple[Group, ...] = ()
    compensates: bool = False


class Reason(Strict):
    """A sentence that is true of an account when one of its groups of conditions holds."""

    says: str
    any_of: tuple[Group, ...] = Field(min_length=1)


class RecoveryStage(Strict):
    """A stage after an escalation: the last day that belongs to it, and what is due in it."""

    until_day: int = Field(gt=0)
    due: str


class Tier(Strict):
    """Who holds an escalation of this tier."""

    holders: str


class Turn(Strict):
    """When silence is ours, when the ball lies with them, and what each calls for.

    ``silence`` are features in days: how long something of theirs has waited for us. It is our turn
    while anything is ``waiting`` for us, ``owed`` by us, or ``unsolved`` so that no answer ends it.
    """

    silence: tuple[str, ...]
    silent_hours: int = Field(48, gt=0)
    answered_days: int = Field(14, gt=0)
    waiting: tuple[Group, ...]
    owed: tuple[Group, ...]
    unsolved: tuple[Group, ...] = ()
    theirs: tuple[Group, ...]
    answer: str
    says: str

    @field_validator("says", "answer")
    @classmethod
    def _known_places(cls, says: str) -> str:
        bare = says.replace("{waited}", "").replace("{hours}", "")
        if "{" in bare or "}" in bare:
            raise ValueError("only {waited} and {hours} can be filled in.")
        return says

    @cached_property
    def waits(self) -> frozenset[str]:
        """The features that tell what waits for our answer."""
        return frozenset((*self.silence, *(name for group in self.waiting for name in group)))

    @cached_property
    def late(self) -> frozenset[str]:
        """The same, and those of what is past due with us."""
        return self.waits | {name for group in self.owed for name in group}

    @property
    def ours(self) -> tuple[Group, ...]:
        """What makes it our turn."""
        return (*self.waiting, *self.owed, *self.unsolved)


class Silent(Strict):
    """Who counts as a silent leaver: one sign of fading, and not one of complaint.

    That nobody complains is known where one of ``known_by`` is measured; it is not where of what
    they write (``heard``: how much it is) what they say is not measured.
    """

    fading: tuple[Group, ...]
    complains: tuple[Group, ...]
    known_by: tuple[str, ...] = ("inbound_28d", "tickets_28d")
    heard: Mapping[str, str] = {"loud_84d": "inbound_84d", "complaints_28d": "inbound_28d"}


class Response(Strict):
    """``models/response.yaml``: clocks, owners, tiers, causes, levers, recovery, first steps."""

    respond_by: Literal["severity", "urgency"] = "severity"
    severities: Mapping[Severity, SeverityResponse]
    without_severities: WithoutSeverities
    business_hours: BusinessHours
    levels: Mapping[Level, tuple[str, ...]]
    tiers: Mapping[Literal[1, 2, 3, 4], Tier]
    chain: tuple[str, ...]
    large_arr: float = Field(ge=0)
    share_of_arr: float = Field(gt=0, le=1)
    largest_accounts: int = Field(ge=0)
    several_customers: int = Field(3, ge=2)
    shared_incident_days: int = Field(7, ge=0)
    capacity: int = Field(gt=0)
    stale_after_days: int = Field(gt=0)
    out_of_options_after_days: int = Field(15, gt=0)
    repeated_within_days: int = Field(90, gt=0)
    renewal_near_days: int = Field(90, gt=0)
    turn: Turn
    silent: Silent
    recovery: Mapping[Stage, RecoveryStage]
    causes: Mapping[Cause, CausePlan]
    levers: tuple[Lever, ...]
    leadership: tuple[Reason, ...] = ()
    talk: tuple[str, ...] = ()
    first_step: FirstSteps

    @property
    def recovery_days(self) -> int:
        """Days after an escalation in which the account counts as recovering."""
        return max(stage.until_day for stage in self.recovery.values())

    @property
    def features(self) -> list[str]:
        """Every feature that a condition, a sign or a clock in it reads, each once."""
        return list(dict.fromkeys(name for name, _ in self.read_at()))

    def read_at(self) -> Iterator[tuple[str, Place]]:
        """Yield each feature that it reads with the place at which it is named."""
        for number, name in enumerate(self.turn.silence):
            yield name, ("turn", "silence", number)
        for number, name in enumerate(self.silent.known_by):
            yield name, ("silent", "known_by", number)
        for said, much in self.silent.heard.items():
            yield from ((name, ("silent", "heard", said)) for name in (said, much))
        for cause, plan in self.causes.items():
            for number, name in enumerate(plan.signs):
                yield name, ("causes", cause, "signs", number)
        groups: list[tuple[Place, tuple[Group, ...]]] = [
            (("turn", "waiting"), self.turn.waiting),
            (("turn", "owed"), self.turn.owed),
            (("turn", "unsolved"), self.turn.unsolved),
            (("turn", "theirs"), self.turn.theirs),
            (("silent", "fading"), self.silent.fading),
            (("silent", "complains"), self.silent.complains),
        ]
        groups += [(("levers", n, "any_of"), lever.any_of) for n, lever in enumerate(self.levers)]
        groups += [(("leadership", n, "any_of"), r.any_of) for n, r in enumerate(self.leadership)]
        for place, any_of in groups:
            for number, group in enumerate(any_of):
                for name in group:
                    yield name, (*place, number, name)

    @model_validator(mode="after")
    def _complete(self) -> Response:
        wanted: dict[str, tuple[Iterable[object], Iterable[object]]] = {
            "severities": (SEVERITIES, self.severities),
            "levels": (get_args(Level), self.levels),
            "tiers": ((1, 2, 3, 4), self.tiers),
            "recovery": (STAGES, self.recovery),
            "causes": (CAUSES, self.causes),
            "update_hours": (get_args(Urgency), self.without_severities.update_hours),
        }
        for part, (names, given) in wanted.items():
            missing = [str(name) for name in names if name not in set(given)]
            if missing:
                raise ValueError(f"'{part}' says nothing of {', '.join(missing)}.")
        ends = [self.recovery[stage].until_day for stage in STAGES]
        if ends != sorted(set(ends)):
            raise ValueError("'recovery': each stage has to end later than the one before.")
        return self


def _may_be_a_sign(name: str, catalogue: Catalogue) -> bool:
    feature = catalogue.by_name.get(name)
    return feature is None or is_ever_notable(feature)


def load_response(
    file: Path, catalogue: Catalogue | None, company: Document | None = None
) -> Response:
    """Read the responses, with a company's changes.

    Raises ConfigError with every mistake, each with its line. Without a catalogue, for it has
    mistakes of its own, features are not looked up.
    """
    document = read_changed(file, company)
    response = check_document(document, Response)
    if catalogue is None:
        return response
    mistakes = [
        f"{document.where(place)}: unknown feature '{name}'.{did_you_mean(name, catalogue.names)}"
        for name, place in response.read_at()
        if name not in catalogue.by_name
    ]
    mistakes += [
        f"{document.where(place)}: '{name}' is never a sign: give it 'says' and 'notable' in "
        "features/, or take another one."
        for name, place in response.read_at()
        if place[-2:-1] == ("signs",) and not _may_be_a_sign(name, catalogue)
    ]
    if mistakes:
        raise ConfigError(mistakes)
    return response
