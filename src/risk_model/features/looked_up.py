"""What the last row says, looked up by when it was.

Where an account has one row a moment, the latest moment tells the row: finding that moment is an
aggregate like others, and nothing needs to be put in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from risk_model.catalogue import Feature
from risk_model.documents import hash_of
from risk_model.engines import Engine
from risk_model.features.calendar import Calendar
from risk_model.features.conditions import matches
from risk_model.features.sources import Source
from risk_model.features.spans import KEYS, span_of
from risk_model.tables.contract import CONTRACT
from risk_model.timeline import DAY

Frame = nw.LazyFrame[Any]


def marker_of(feature: Feature, source: Source) -> Feature | None:
    """Return the feature that finds the moment of the row; None where that tells no single row."""
    at = feature.at or source.event_time
    if feature.verb not in ("latest", "age_of", "time_to") or source.name != source.table:
        return None
    if not {at, "account_id"} >= set(CONTRACT[source.table].key):
        return None
    without = feature.columns - {feature.column}
    if source.known_columns(feature.columns, at) != source.known_columns(without, at):
        return None
    asked = feature.model_dump(include={"source", "at", "where", "within", "lag"}, by_alias=True)
    name = f"moment_{hash_of(repr(sorted(asked.items(), key=str)))}"
    asked["where"] = feature.where
    return Feature(name=name, means="the last moment", since=True, **asked)


def looked_up(
    engine: Engine,
    source: Source,
    made: Frame,
    features: Sequence[Feature],
    calendar: Calendar,
) -> list[Frame]:
    """Return frames (account_id, position, columns); ``made`` has the moments of the markers."""
    markers = {marker.name: marker for f in features if (marker := marker_of(f, source))}
    frames = []
    for name, marker in markers.items():
        same = [f for f in features if marker_of(f, source) == marker]
        at = marker.at or source.event_time
        moments = made.select(*KEYS, nw.col(name).alias(at)).filter(~nw.col(at).is_null())
        rows = _that_count(source, marker, same).join(moments, on=["account_id", at], how="inner")
        now: nw.Expr | int = calendar.grid.days[0] * DAY
        if not calendar.single:
            rows, now = rows.join(calendar.positions(), on="position", how="inner"), nw.col("now")
        seen = span_of(marker, source).holds(now)
        rows = rows.filter(seen) if seen is not None else rows
        # One row a moment was promised; were it two, a snapshot must not become two.
        values = (nw.col(f.column or at).max().alias(f.name) for f in same)
        found = rows.group_by(*KEYS).agg(*values)
        frames.append(engine.named(found) if calendar.single else engine.keep(found))
    return frames


def _that_count(source: Source, marker: Feature, features: Sequence[Feature]) -> Frame:
    """Return the rows that pass the conditions, with what is looked up."""
    names = {name for name, _ in span_of(marker, source).before}
    names |= {f.column for f in features if f.column}
    test = matches(marker.where)
    rows = source.frame if test is None else source.frame.filter(test)
    return rows.select("account_id", *sorted(names))
