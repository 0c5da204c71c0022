"""Windows at many snapshots: count, sum, mean, minimum, maximum, slope, and the last time within.

Events are summed once into tiles (an account and a run of days that no window edge cuts), and
each tile is handed to the snapshots that see it. The cost is events + tiles x the windows that
hold them, never events x snapshots. What became known late is held apart inside its tile, and
handed only to snapshots that knew it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from risk_model.catalogue import Feature
from risk_model.documents import hash_of
from risk_model.engines import Engine
from risk_model.features.calendar import Calendar
from risk_model.features.conditions import matches
from risk_model.features.days import days_of
from risk_model.features.extremes import greatest
from risk_model.features.figures import from_the_middle, slope_of, sum_of
from risk_model.features.grid import Tiles
from risk_model.features.sources import Source
from risk_model.features.spans import KEYS, span_of
from risk_model.timeline import DAY

Frame = nw.LazyFrame[Any]
Expr = nw.Expr


@dataclass(frozen=True)
class Partial:
    """One figure that is kept for every tile: how it is made there, and how tiles add up."""

    make: Expr
    how: str


def window_features(
    engine: Engine, source: Source, features: Sequence[Feature], calendar: Calendar
) -> Frame:
    """Return (account_id, position, one column a feature) for window verbs and ``since``.

    All features share the moments that date their rows and tell when they are known.
    """
    at = features[0].at or source.event_time
    whole = _without_blanks(engine, source, features)
    partials = {name: p for f in features for name, p in _partials(f, at, whole).items()}
    tiles = tiles_of(engine, source, features, calendar, partials)
    made = tiles.group_by(*KEYS).agg(*(_figure(f, at, whole).alias(f.name) for f in features))
    return made


def tiles_of(
    engine: Engine,
    source: Source,
    features: Sequence[Feature],
    calendar: Calendar,
    partials: Mapping[str, Partial],
    key: str | None = None,
) -> Frame:
    """Sum rows into tiles, for each value of ``key``, and hand each to the snapshots that see it.

    Adds ``near`` and ``far``, the ages in days of a tile's last and first day.
    """
    keys = [key] if key else []
    days = Tiles.between(calendar.grid, {edge for f in features for edge in _edges(f)})
    dated = _dated(source, features, days, keys)
    dated = dated.join(engine.small(days.days_table()), on="event_day", how="inner")
    tiles = dated.group_by("account_id", *keys, "tile", "late").agg(
        *(partial.make.alias(name) for name, partial in partials.items())
    )
    tiles = engine.clustered(tiles, ["account_id", "tile"])
    handed = tiles.join(engine.small(days.seen_table()), on="tile", how="inner")
    return handed.filter(nw.col("late").is_null() | (nw.col("late") < nw.col("as_of")))


def inside(feature: Feature) -> Expr:
    """Return the test that holds for the tiles inside of the feature's window."""
    end = feature.lag + _reach(feature)
    return (nw.col("near") > feature.lag) & (nw.col("far") <= end)


def rows_name(feature: Feature) -> str:
    """Return the name of the partial that counts the rows that a feature looks at."""
    return f"n_{_where_name(feature)}"


def rows_partial(feature: Feature) -> Partial:
    """Return the partial that counts the rows that a feature looks at."""
    test = matches(feature.where)
    one = nw.lit(1.0) if test is None else nw.when(test).then(1.0)
    return Partial(nw.len().cast(nw.Float64) if test is None else one.sum(), "sum")


def _dated(source: Source, features: Sequence[Feature], days: Tiles, keys: Sequence[str]) -> Frame:
    """Return rows with ``event_day`` and, where they were known on a later one, that: ``late``."""
    at = features[0].at or source.event_time
    known = sorted({name for name, _ in span_of(features[0], source).before} - {at})
    read = {name for f in features for name in (at, *f.where, f.column) if name and name != "rows"}
    end = days.end * DAY
    rows = source.frame.filter(
        nw.col(at) >= days.starts[0] * DAY, *(nw.col(name) < end for name in (at, *known))
    )
    event_day = days_of(nw.col(at))
    seen_day = days_of(greatest(*(nw.col(name) for name in (at, *known))))
    late = nw.when(seen_day > event_day).then(seen_day)
    return rows.select("account_id", *sorted({*read, *keys}), event_day=event_day, late=late)


def _reach(feature: Feature) -> int:
    return (feature.within if feature.verb == "since" else feature.window) or 0


def _without_blanks(engine: Engine, source: Source, features: Sequence[Feature]) -> frozenset[str]:
    """Return the columns that are added up and filled in every row.

    As many values as rows need not be counted at every snapshot: that is half of the adding.
    """
    added = {f.column for f in features if f.verb in ("sum", "mean") and f.column != "rows"}
    columns = sorted(column for column in added if column)
    if not columns:
        return frozenset()
    # Counts are asked for because an embedded engine knows them without reading.
    filled = (nw.col(column).count() for column in columns)
    found = engine.pandas(source.frame.select(nw.len().alias("rows"), *filled)).iloc[0]
    return frozenset(column for column in columns if found[column] == found["rows"])


def _edges(feature: Feature) -> Iterable[int]:
    """Return the days before as_of at which the feature's windows begin and end."""
    step = 7 if feature.verb == "slope" else max(_reach(feature), 1)
    return range(feature.lag, feature.lag + _reach(feature) + 1, step)


def _where_name(feature: Feature) -> str:
    where = {name: condition.model_dump() for name, condition in sorted(feature.where.items())}
    return hash_of(repr(where)) if where else "all"


def _names(feature: Feature, at: str, whole: frozenset[str]) -> tuple[str, str]:
    """Return the names of the partials that hold a feature's values and how many there are."""
    column = at if feature.verb == "since" else feature.column
    kind = {"minimum": "lo", "maximum": "hi", "since": "hi"}.get(feature.verb, "s")
    where = _where_name(feature)
    filled = rows_name(feature) if column in whole else f"k_{column}_{where}"
    return f"{kind}_{column}_{where}", filled


def _partials(feature: Feature, at: str, whole: frozenset[str]) -> dict[str, Partial]:
    """Return what a feature needs kept for every tile."""
    partials = {}
    is_whole = feature.column in whole
    counts_rows = {"count": True, "sum": not is_whole, "mean": is_whole}.get(feature.verb)
    if counts_rows or feature.column == "rows":
        partials[rows_name(feature)] = rows_partial(feature)
    if feature.verb == "count" or feature.column == "rows":
        return partials
    test = matches(feature.where)
    value = nw.col(feature.column or at)
    value = value if feature.verb == "since" else value.cast(nw.Float64)
    value = value if test is None else nw.when(test).then(value)
    name, filled = _names(feature, at, whole)
    if feature.verb in ("minimum", "maximum", "since"):
        least = feature.verb == "minimum"
        partials[name] = Partial(value.min() if least else value.max(), "min" if least else "max")
        return partials
    partials[name] = Partial(value.sum(), "sum")
    if feature.verb in ("sum", "mean") and not is_whole:
        partials[filled] = Partial(value.count().cast(nw.Float64), "sum")
    return partials


def _figure(feature: Feature, at: str, whole: frozenset[str]) -> Expr:
    """Add a feature's partials up over the tiles of its window."""

    def of(name: str) -> Expr:
        return nw.when(inside(feature)).then(nw.col(name))

    name, filled = _names(feature, at, whole)
    name = rows_name(feature) if feature.verb == "count" or feature.column == "rows" else name
    if feature.verb == "minimum":
        return of(name).min()
    if feature.verb in ("maximum", "since"):
        return of(name).max()
    if feature.verb == "slope":
        x = from_the_middle(feature, nw.col("near") - 1 - feature.lag)
        weighted = nw.when(inside(feature)).then(nw.col(name) * x)
        return slope_of(feature, weighted.sum(), of(name).sum())
    if feature.verb == "sum" and feature.column not in whole:
        return sum_of(of(name).sum(), of(filled).sum(), of(rows_name(feature)).sum())
    if feature.verb == "mean":
        count = of(filled).sum()
        return nw.when(count > 0).then(of(name).sum() / count)
    return of(name).sum()
