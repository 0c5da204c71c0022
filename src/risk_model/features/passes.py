"""Which features one pass over a source computes together, and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from risk_model.catalogue import OPEN_VERBS, WINDOW_VERBS, Feature
from risk_model.catalogue.spec import COMPANY_VERBS
from risk_model.engines import Engine
from risk_model.features.by_value import by_value_features
from risk_model.features.calendar import Calendar
from risk_model.features.latest import latest_features
from risk_model.features.looked_up import looked_up, marker_of
from risk_model.features.seen import seen_features
from risk_model.features.so_far import so_far_features
from risk_model.features.sources import Source
from risk_model.features.spans import span_of
from risk_model.features.standing import standing_features
from risk_model.features.windows import window_features

COUNTS = ("count", "distinct", "ever", "open")
"""Verbs that count rows."""
Frame = nw.LazyFrame[Any]
Compute = Callable[[Engine, Source, Sequence[Feature], Calendar], Frame]


@dataclass(frozen=True)
class Pass:
    """One pass over a source: all of these features, in this way; ``found`` are then looked up."""

    source: Source
    features: tuple[Feature, ...]
    compute: Compute
    found: tuple[Feature, ...] = ()

    def run(self, engine: Engine, calendar: Calendar) -> list[Frame]:
        """Return frames (account_id, position, one column a feature).

        They are computed one after the other: all at once, of a million accounts, they need so
        much memory that half of the time goes into moving it to files and back.
        """
        made = self.compute(engine, self.source, self.features, calendar)
        if not calendar.single and (counts := _small(self.features)):
            made = made.with_columns(*counts)
        made = engine.keep(made)
        return [made, *looked_up(engine, self.source, made, self.found, calendar)]


def _small(features: Sequence[Feature]) -> list[nw.Expr]:
    """Return counts as whole numbers of half the size: of many days that is what joins move."""
    counts = (f.name for f in features if f.verb in COUNTS)
    return [nw.col(name).cast(nw.Int32) for name in counts]


def passes_for(
    features: Sequence[Feature], sources: Mapping[str, Source], calendar: Calendar
) -> list[Pass]:
    """Return the passes that compute features, none of them derived, over a calendar.

    With one snapshot all that is an aggregate over a source is one pass, each figure under its
    own condition. With several, windows go through tiles, rows so far are added up, and rows that
    are open are copied to the snapshots that see them.
    """
    kinds: dict[tuple[object, ...], tuple[Compute, list[Feature]]] = {}
    found: dict[str, list[Feature]] = {}
    for feature in _with_markers(features, sources, calendar, found):
        source = sources[feature.source]
        compute, key = _way_of(feature, source, features, calendar)
        kinds.setdefault((feature.source, compute, *key), (compute, []))[1].append(feature)
    return [
        Pass(
            sources[members[0].source],
            tuple(members),
            compute,
            tuple(f for member in members for f in found.get(member.name, ())),
        )
        for compute, members in kinds.values()
    ]


def _with_markers(
    features: Sequence[Feature],
    sources: Mapping[str, Source],
    calendar: Calendar,
    found: dict[str, list[Feature]],
) -> list[Feature]:
    """Replace features of a row that can be looked up by what finds the row; fill ``found``."""
    wanted: dict[str, Feature] = {}
    for feature in features:
        source = sources[feature.source]
        marker = marker_of(feature, source)
        if marker and not (calendar.single or _rides_along(marker, source, features)):
            marker = None
        wanted.setdefault((marker or feature).name, marker or feature)
        if marker:
            found.setdefault(marker.name, []).append(feature)
    return list(wanted.values())


def _way_of(
    feature: Feature, source: Source, features: Sequence[Feature], calendar: Calendar
) -> tuple[Compute, tuple[object, ...]]:
    """Return how a feature is computed, and what it must have in common with others for that."""
    before = span_of(feature, source).before
    moments = tuple(sorted(name for name, _ in before))
    if feature.verb in ("distinct", "most_common"):
        return by_value_features, (feature.column, feature.at, moments)
    if feature.verb in COMPANY_VERBS:
        return standing_features, (feature.name,)
    if feature.verb in ("latest", "age_of", "time_to"):
        return latest_features, (feature.at,)
    if calendar.single or feature.verb in OPEN_VERBS:
        return seen_features, ()
    if feature.verb in WINDOW_VERBS or _rides_along(feature, source, features):
        return window_features, (feature.at, moments)
    return so_far_features, (feature.at, tuple(sorted(before)))


def _rides_along(feature: Feature, source: Source, features: Sequence[Feature]) -> bool:
    """Whether the last time is found in tiles that windows of the same rows need anyway."""
    if feature.verb != "since" or feature.within is None or feature.lag:
        return False
    names = {name for name, _ in span_of(feature, source).before}
    reaches = [
        other.lag + (other.window or 0)
        for other in features
        if other.verb in WINDOW_VERBS
        and (other.source, other.at) == (feature.source, feature.at)
        and {name for name, _ in span_of(other, source).before} == names
    ]
    return feature.within <= max(reaches, default=0)
