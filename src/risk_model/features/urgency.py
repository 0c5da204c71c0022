"""Features of tickets of a priority count a ticket from when it first had it.

A ticket's exported priority is that of today, and was another one before. What a later change
makes of it must not move what was known on a day before, so a ticket belongs to P1 from the first
moment at which it was one, also if it is lowered afterwards. What is open as a P1 ends when the
ticket gets another priority; should it become a P1 again, that is told by its stints
(``priorities``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import narwhals as nw

from risk_model.catalogue import Feature, Interval
from risk_model.catalogue.spec import Condition
from risk_model.features.extremes import smallest
from risk_model.features.sources import Source
from risk_model.tables.priorities import FIRST, LEFT


def from_the_first(
    features: Iterable[Feature], sources: Mapping[str, Source]
) -> tuple[list[Feature], dict[str, Source]]:
    """Let conditions on a ticket's priority hold from when it was so for the first time.

    Returns the features and sources with them; where no log tells, those that were given.
    """
    told, opened = [], dict(sources)
    for feature in features:
        asked = feature.where.get("priority")
        source = opened[feature.source]
        values = sorted(set(asked.one_of or ())) if asked else []
        if not values or not set(values) <= set(FIRST) or not _tells(source):
            told.append(feature)
            continue
        had, since = (f"{what}_{'_'.join(values)}" for what in ("had", "since"))
        opened[feature.source] = _with(source, values, had, since)
        where = {name: test for name, test in feature.where.items() if name != "priority"}
        where[had] = Condition.model_validate(True)
        ends = _ends(feature, values)
        told.append(feature.model_copy(update={"where": where, **ends}))
    return told, opened


def _ends(feature: Feature, values: Sequence[str]) -> dict[str, Interval]:
    """End what is open as a ticket of one priority when it gets another one."""
    if feature.interval is None or len(values) != 1:
        return {}
    until = (*feature.interval.until, LEFT[values[0]])
    return {"interval": feature.interval.model_copy(update={"until": until})}


def _tells(source: Source) -> bool:
    return source.name in ("tickets", "silences") and FIRST["P1"] in source.known


def _with(source: Source, values: Iterable[str], had: str, since: str) -> Source:
    if since in source.known:
        return source
    first = smallest(*(nw.col(FIRST[value]) for value in values))
    frame = source.frame.with_columns(first.alias(since))
    frame = frame.with_columns(nw.when(~nw.col(since).is_null()).then(1).otherwise(0).alias(had))
    return replace(source, frame=frame, known={**source.known, had: since, since: since})
