"""Where an account writes mostly what nobody here understands, "none" is "unknown".

Of what was heard in texts a count of 0 says that nobody threatened, complained or asked. That is so
only if the texts were understood: where more than half of those that the feature looks at were not,
its 0 is unknown, as a rule's that asks for it. A text that raised something counts in any language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

import narwhals as nw

from risk_model.catalogue import WINDOW_VERBS, Feature
from risk_model.catalogue.spec import SAID, Condition
from risk_model.features.measured import is_zero_when_absent
from risk_model.features.sources import HEARD, OF_SIGNALS, Source
from risk_model.text import SIGNALS

UNDERSTOOD = "understood"
# What is known of a text that was not understood.
_ALWAYS_KNOWN = {"words", UNDERSTOOD}
_SAID_IN_TEXTS = {*SIGNALS, *OF_SIGNALS} - _ALWAYS_KNOWN


def hears(feature: Feature) -> bool:
    """Return whether a feature of rows tells what texts were heard to say."""
    return feature.source == SAID or (
        feature.source in HEARD and bool(feature.columns & _SAID_IN_TEXTS)
    )


@dataclass(frozen=True)
class Understood:
    """How many texts within a feature's reach were understood, and how many were not."""

    yes: tuple[Feature, ...]
    no: tuple[Feature, ...]

    def mostly_not(self) -> nw.Expr:
        """Return whether more were not understood than were, as an expression over a snapshot."""
        yes, no = (_sum(features) for features in (self.yes, self.no))
        return no > yes


def understood_of(
    features: Iterable[Feature], sources: Mapping[str, Source]
) -> dict[str, Understood]:
    """Return by the name of a feature, where a 0 may be unknown, the counts that tell."""
    told = {}
    for feature in features:
        if not (hears(feature) and is_zero_when_absent(feature)):
            continue
        tables = HEARD if feature.source == SAID else (feature.source,)
        counted = [
            name for name in tables if name in sources and UNDERSTOOD not in sources[name].missing
        ]
        if counted:
            told[feature.name] = Understood(
                tuple(_count(name, feature, yes=True) for name in counted),
                tuple(_count(name, feature, yes=False) for name in counted),
            )
    return told


def counts_in(told: Iterable[Understood]) -> list[Feature]:
    """Return the counts that are asked for, each once."""
    every = {count.name: count for one in told for count in (*one.yes, *one.no)}
    return list(every.values())


def _count(source: str, feature: Feature, *, yes: bool) -> Feature:
    days = feature.window if feature.verb in WINDOW_VERBS else feature.within
    days = days or _FAR
    name = f"texts_{'' if yes else 'not_'}understood_{source}_{days}d_{feature.lag}d"
    return Feature(
        name=name,
        means="texts that were understood, or not",
        source=source,
        where={UNDERSTOOD: Condition.model_validate(yes)},
        window=days,
        lag=feature.lag,
        count=True,
    )


# What looks at all rows so far is told by those of a year.
_FAR = 364


def _sum(features: Iterable[Feature]) -> nw.Expr:
    return reduce(
        lambda so_far, part: so_far + part,
        (nw.col(feature.name).cast(nw.Float64).fill_null(0.0) for feature in features),
    )
