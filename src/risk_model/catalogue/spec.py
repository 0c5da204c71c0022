"""The catalogue: what is measured, as frozen specs read from ``features/*.yaml``.

The vocabulary is closed. A feature has exactly one verb:

====================================  ========================================================
``count``, ``sum``, ``mean``,         rows of a source in a window ``[as_of - lag - window,
``minimum``, ``maximum``, ``slope``   as_of - lag)``; ``slope`` is the weekly trend over its mean
``distinct``, ``most_common``         different values of a column in a window; rows of the
                                      commonest value
``open``, ``oldest``, ``soonest``,    rows in their interval ``[from + after, until)`` at as_of:
``total``                             how many, days since the first ``from``, days to the next
                                      date, sum of a column
``latest``, ``since``, ``ever``       the last row's value, the days since it, rows so far
``top_share``                         the share of the customers whose last value is as high, so
                                      that 0.1 is the top tenth
``ratio``, ``change``, ``difference`` of two other features
``streak``, ``first_of``, ``add``, ``least``     of several other features
====================================  ========================================================
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from risk_model.documents import Strict, hash_of
from risk_model.errors import ConfigError

Worse = Literal["higher", "lower", "none"]
Unit = Literal["count", "share", "change", "days", "hours", "score", "money", "number", "flag"]

WINDOW_VERBS = (
    "count",
    "sum",
    "mean",
    "minimum",
    "maximum",
    "slope",
    "distinct",
    "most_common",
)
OPEN_VERBS = ("open", "oldest", "soonest", "total")
LATEST_VERBS = ("latest", "since", "ever", "age_of", "time_to")
COMPANY_VERBS = ("top_share",)
# Sources made of another table: a ticket's stints of one priority, between replies, with one side.
STINTS_OF = {"priorities": "tickets", "silences": "tickets", "clocks": "tickets"}
# What they said anywhere that raises a matter: messages, tickets and survey comments in one source.
SAID = "said"
# The time at which a row of a source happens, unless a feature says ``at``.
EVENT_TIME = {
    "accounts": "row_known",
    "usage": "date",
    "tickets": "opened_at",
    **dict.fromkeys(STINTS_OF, "from_time"),
    SAID: "said_at",
    "ticket_events": "occurred_at",
    "surveys": "responded_at",
    "messages": "sent_at",
    "meetings": "scheduled_at",
    "tasks": "created_at",
    "renewals": "row_known",
    "health_scores": "scored_at",
    "incidents": "started_at",
    "escalations": "opened_at",
    "outcomes": "row_known",
}
DERIVED_VERBS = ("ratio", "change", "difference", "streak", "first_of", "add", "least")
VERBS = (*WINDOW_VERBS, *OPEN_VERBS, *LATEST_VERBS, *COMPANY_VERBS, *DERIVED_VERBS)


def _days(value: object) -> object:
    """Read ``28d`` or ``4w`` as days; numbers are days already."""
    match = re.fullmatch(r"(\d+)\s*(d|w)", value) if isinstance(value, str) else None
    return int(match[1]) * (7 if match[2] == "w" else 1) if match else value


def _hours(value: object) -> object:
    """Read ``48h``, ``14d`` or ``-90d`` as hours; numbers are hours already."""
    match = re.fullmatch(r"(-?\d+)\s*(h|d)", value) if isinstance(value, str) else None
    return int(match[1]) * (24 if match[2] == "d" else 1) if match else value


def _spellings(item: object) -> list[str]:
    """Return an item of a list as a column may hold it: text, a whole number or one with .0."""
    if isinstance(item, bool):
        item = int(item)
    if isinstance(item, float) and item.is_integer():
        item = int(item)
    return [str(item), f"{item}.0"] if isinstance(item, int) else [str(item)]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Days = Annotated[int, BeforeValidator(_days), Field(ge=0, le=3660)]
Hours = Annotated[int, BeforeValidator(_hours)]
Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class Condition(Strict):
    """A test of one value. An unknown value passes no test but ``known: false``."""

    one_of: tuple[str, ...] | None = Field(None, alias="in")
    above: float | None = None
    below: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    known: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: object) -> object:
        if isinstance(value, bool):
            return {"at_least": 1} if value else {"at_most": 0}
        if isinstance(value, int | float):
            return {"at_least": value, "at_most": value}
        if isinstance(value, str):
            return {"in": [value]}
        if isinstance(value, list):
            value = {"in": value}
        if isinstance(value, dict) and isinstance(value.get("in"), list):
            return {**value, "in": [text for item in value["in"] for text in _spellings(item)]}
        return value

    def holds(self, value: object) -> bool:
        """Say whether a single value passes (None or NaN: not known)."""
        unknown = value is None or value != value  # noqa: PLR0124  (NaN is not itself)
        if self.known is not None and unknown is self.known:
            return False
        if unknown:
            return self.known is False
        if self.one_of is not None and str(value) not in self.one_of:
            return False
        number = float(value) if isinstance(value, int | float) else float("nan")
        return (
            (self.above is None or number > self.above)
            and (self.below is None or number < self.below)
            and (self.at_least is None or number >= self.at_least)
            and (self.at_most is None or number <= self.at_most)
        )


class Interval(Strict):
    """When a row is open: from ``start`` (plus hours) until the first of ``until`` that came."""

    start: str = Field(alias="from")
    until: Names = ()
    after: Hours = 0


class Pair(Strict):
    """Two features: ``of`` beside ``to``; null where ``to`` is below ``at_least``."""

    of: str
    to: str
    at_least: float = 0.0


class Feature(Strict):
    """One feature: a verb, its rows and its story; ``learned`` false is for rules alone."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    means: str
    unit: Unit = "count"
    worse: Worse = "none"
    says: str | None = None
    notable: Condition | None = None
    family: str = ""
    learned: bool = True

    source: str = ""
    at: str | None = None
    where: Mapping[str, Condition] = Field(default_factory=dict)
    window: Days | None = None
    lag: Days = 0
    within: Days | None = None
    interval: Interval | None = None

    count: Literal[True] | None = None
    sum: str | None = None
    mean: str | None = None
    minimum: str | None = None
    maximum: str | None = None
    slope: str | None = None
    distinct: str | None = None
    most_common: str | None = None
    open: Literal[True] | None = None
    oldest: Literal[True] | None = None
    soonest: str | None = None
    total: str | None = None
    latest: str | None = None
    since: Literal[True] | None = None
    ever: Literal[True] | None = None
    age_of: str | None = None
    time_to: str | None = None
    top_share: str | None = None
    ratio: Pair | None = None
    change: Pair | None = None
    difference: Pair | None = None
    streak: tuple[str, ...] | None = None
    first_of: tuple[str, ...] | None = None
    add: tuple[str, ...] | None = None
    least: tuple[str, ...] | None = None

    @cached_property
    def verb(self) -> str:
        """The one verb that is set."""
        return next(verb for verb in VERBS if getattr(self, verb) is not None)

    @property
    def column(self) -> str | None:
        """The column that the verb reads, if it names one."""
        value = getattr(self, self.verb)
        return value if isinstance(value, str) else None

    @property
    def is_derived(self) -> bool:
        """Whether it is made of other features."""
        return self.verb in DERIVED_VERBS

    @property
    def parts(self) -> tuple[str, ...]:
        """The features that a derived one is made of."""
        value = getattr(self, self.verb)
        if isinstance(value, Pair):
            return (value.of, value.to)
        return tuple(value) if self.is_derived else ()

    @property
    def columns(self) -> frozenset[str]:
        """Every column of the source that it reads."""
        return self.needed | frozenset(self.interval.until if self.interval else ())

    @property
    def needed(self) -> frozenset[str]:
        """The columns without which a row says nothing: all but the ends of its interval."""
        named = {*self.where, self.column, self.at, self.interval and self.interval.start}
        return frozenset(name for name in named if name and name != "rows")

    @property
    def fingerprint(self) -> str:
        """What it computes, without its story: equal fingerprints compute the same."""
        return hash_of(self.model_dump_json(exclude=_STORY, exclude_none=True))

    @model_validator(mode="after")
    def _one_verb_with_what_it_needs(self) -> Feature:
        verbs = [verb for verb in VERBS if getattr(self, verb) is not None]
        if len(verbs) != 1:
            raise ValueError(f"'{self.name}' needs exactly one verb, it has {verbs or 'none'}.")
        verb = verbs[0]
        needs = {"window": verb in WINDOW_VERBS, "interval": verb in OPEN_VERBS}
        for part, needed in needs.items():
            if needed and getattr(self, part) is None:
                raise ValueError(f"'{self.name}': '{verb}' needs '{part}'.")
            if not needed and getattr(self, part) is not None:
                raise ValueError(f"'{self.name}': '{verb}' takes no '{part}'.")
        lasting = (*OPEN_VERBS, *(name for name in LATEST_VERBS if name != "ever"))
        if self.within is not None and verb not in lasting:
            raise ValueError(f"'{self.name}': '{verb}' takes no 'within'.")
        if verb in COMPANY_VERBS and (self.source != "accounts" or self.where or self.lag):
            raise ValueError(f"'{self.name}': '{verb}' looks at all accounts, as they are now.")
        if verb == "slope" and (self.window or 0) % 7:
            raise ValueError(f"'{self.name}': 'slope' needs a window of whole weeks.")
        if verb in DERIVED_VERBS and (self.where or self.at or self.lag):
            raise ValueError(f"'{self.name}': '{verb}' takes other features, no rows of its own.")
        return self


_STORY = {"means", "says", "worse", "notable", "unit", "family", "learned"}


class Catalogue(Strict):
    """All features, in the order of the files and of the lines in them."""

    features: tuple[Feature, ...]

    @cached_property
    def by_name(self) -> dict[str, Feature]:
        """The features by their names."""
        return {feature.name: feature for feature in self.features}

    @cached_property
    def patterns(self) -> dict[tuple[str, str], Any]:
        """Sentences taken apart, by their words and whose own they are, once that was done."""
        return {}

    @property
    def names(self) -> list[str]:
        """The names, in order."""
        return [feature.name for feature in self.features]

    @property
    def directions(self) -> dict[str, int]:
        """+1 where more is worse, -1 where less is worse, 0 where no direction is forced."""
        signs = {"higher": 1, "lower": -1, "none": 0}
        return {feature.name: signs[feature.worse] for feature in self.features}

    @property
    def version(self) -> str:
        """Fingerprint of everything that the features compute."""
        return hash_of(*(feature.fingerprint for feature in self.features))

    def by_table(self) -> dict[str, int]:
        """Return how many features read each table (or ``said``); derived ones as their parts."""
        tables: dict[str, str] = {}
        counts: dict[str, int] = {}
        for feature in self.in_order_of_making():
            parts = [tables[part] for part in feature.parts if part in tables]
            name = parts[0] if parts else feature.source
            tables[feature.name] = STINTS_OF.get(name, name)
            counts[tables[feature.name]] = counts.get(tables[feature.name], 0) + 1
        return counts

    def family(self, *families: str) -> Catalogue:
        """Return the features of some families, and those that they are made of."""
        wanted = {feature.name for feature in self.features if feature.family in families}
        return self.only(wanted)

    def only(self, names: set[str]) -> Catalogue:
        """Return the named features and the parts that they are made of."""
        wanted = set(names)
        for feature in reversed(self.in_order_of_making()):
            if feature.name in wanted:
                wanted |= set(feature.parts)
        return Catalogue(features=tuple(f for f in self.features if f.name in wanted))

    def in_order_of_making(self) -> list[Feature]:
        """Return the features so that each comes after the parts that it is made of."""
        made: list[Feature] = []
        done: set[str] = set()

        def make(feature: Feature, path: tuple[str, ...]) -> None:
            if feature.name in path:
                raise ConfigError(f"features go in a circle: {' > '.join((*path, feature.name))}")
            if feature.name in done:
                return
            for part in feature.parts:
                make(self.by_name[part], (*path, feature.name))
            done.add(feature.name)
            made.append(feature)

        for feature in self.features:
            make(feature, ())
        return made
