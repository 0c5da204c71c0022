"""Windows over time: count, sum, mean, minimum, maximum, slope, distinct, most_common.

Events are summed once into tiles (an account and a run of days that no window edge cuts), and
each tile is handed to the snapshots that see it. The cost is events + tiles x the windows that
hold them, never events x snapshots. What became known late is held apart inside its tile, and
handed only to snapshots that knew it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from risk_model.catalogue import Feature
from risk_model.documents import hash_of
from risk_model.engines import Engine
from risk_model.features.calendar import Calendar
from risk_model.features.conditions import matches, rows_matching
from risk_model.features.grid import Grid, Tiles
from risk_model.features.sources import Source
from risk_model.timeline import DAY

Frame = nw.LazyFrame[Any]
Expr = nw.Expr
KEYS = ("account_id", "position")
BY_VALUE = ("distinct", "most_common")


@dataclass(frozen=True)
class Partial:
    """One figure that is kept for every tile: how it is made there, and how tiles add up."""

    name: str
    make: Expr
    how: str


def window_features(
    engine: Engine, source: Source, features: Sequence[Feature], calendar: Calendar, at: str
) -> list[Frame]:
    """Return frames (account_id, position, a column a feature) for window verbs over a source.

    All features must share ``at`` and the columns from which their values are known. Rows that
    no snapshot knows are absent; who is absent has no rows in any window.
    """
    known = source.known_columns(frozenset().union(*(f.columns for f in features)), at)
    read = frozenset().union(*(f.columns for f in features))
    rows = engine.named(_dated(source, at, known, calendar.grid, sorted(read)))
    by_value = [feature for feature in features if feature.verb in BY_VALUE]
    plain = [feature for feature in features if feature.verb not in BY_VALUE]
    results = [_plain(engine, rows, plain, calendar)] if plain else []
    for column in sorted({feature.column or "" for feature in by_value}):
        same = [feature for feature in by_value if feature.column == column]
        results.append(_by_value(engine, rows, same, column, calendar))
    return [engine.keep(result) for result in results]


def _dated(source: Source, at: str, known: Iterable[str], grid: Grid, keep: Sequence[str]) -> Frame:
    """Return ``keep`` with ``event_day`` and ``seen_day``, without what no snapshot can know."""
    known = [name for name in known if name != at]
    moments = [at, "row_known", *known]
    frame = source.frame.filter(*(~nw.col(name).is_null() for name in moments))
    frame = frame.select(
        "account_id",
        *keep,
        (nw.col(at) // DAY).alias("event_day"),
        (nw.max_horizontal(*(nw.col(name) for name in moments)) // DAY).alias("seen_day"),
    )
    first, last = grid.days[0] - 1, grid.days[-1] - 1
    frame = frame.filter(nw.col("seen_day") <= last)
    return frame.with_columns(
        seen_day=nw.when(nw.col("seen_day") < first).then(first).otherwise(nw.col("seen_day"))
    )


def _plain(engine: Engine, rows: Frame, features: Sequence[Feature], calendar: Calendar) -> Frame:
    partials = {partial.name: partial for f in features for partial in _partials(f)}
    tiles = _tiles(engine, rows, features, calendar, list(partials.values()), [])
    figures = {
        figure.name: figure for feature in features for figure in _figures(feature, partials)
    }
    sums = tiles.group_by(*KEYS).agg(*(f.make.alias(name) for name, f in figures.items()))
    return sums.select(*KEYS, *(_value(feature).alias(feature.name) for feature in features))


def _by_value(
    engine: Engine, rows: Frame, features: Sequence[Feature], column: str, calendar: Calendar
) -> Frame:
    """Count rows for each value, so that values can be counted or the commonest be found."""
    rows = rows.with_columns(a_value=nw.col(column).cast(nw.String)).filter(
        ~nw.col("a_value").is_null()
    )
    partials = {
        _rows_name(f): Partial(_rows_name(f), rows_matching(f.where), "sum") for f in features
    }
    tiles = _tiles(engine, rows, features, calendar, list(partials.values()), ["a_value"])
    counts = tiles.group_by(*KEYS, "a_value").agg(
        *(_inside(f).then(nw.col(_rows_name(f))).sum().alias(f.name) for f in features)
    )
    found = [
        (
            nw.when(nw.col(f.name) > 0).then(1).sum()
            if f.verb == "distinct"
            else nw.col(f.name).max()
        ).alias(f.name)
        for f in features
    ]
    return counts.group_by(*KEYS).agg(*found)


def _tiles(
    engine: Engine,
    rows: Frame,
    features: Sequence[Feature],
    calendar: Calendar,
    partials: Sequence[Partial],
    keys: Sequence[str],
) -> Frame:
    """Sum rows into tiles and hand each tile to the snapshots that see it."""
    edges = sorted({edge for feature in features for edge in _edges(feature)})
    tiles = Tiles.between(calendar.grid, edges)
    days = engine.small(tiles.days_table())
    dated = rows.join(days, on="event_day", how="inner")
    dated = dated.join(calendar.opens("seen_day"), on="seen_day", how="inner")
    summed = dated.group_by("account_id", *keys, "tile", "opens").agg(
        *(partial.make.alias(partial.name) for partial in partials)
    )
    handed = summed.join(engine.small(tiles.seen_table()), on="tile", how="inner")
    return handed.filter(nw.col("position") >= nw.col("opens"))


def _edges(feature: Feature) -> Iterable[int]:
    """Return the days before as_of at which the feature's windows begin and end."""
    window = feature.window or 0
    step = 7 if feature.verb == "slope" else window
    return range(feature.lag, feature.lag + window + 1, step)


def _rows_name(feature: Feature) -> str:
    return f"n_{_where_name(feature)}"


def _where_name(feature: Feature) -> str:
    where = {name: condition.model_dump() for name, condition in sorted(feature.where.items())}
    return hash_of(repr(where)) if where else "all"


def _partials(feature: Feature) -> list[Partial]:
    """Return what a feature needs kept for every tile."""
    where = _where_name(feature)
    partials = [Partial(f"n_{where}", rows_matching(feature.where), "sum")]
    column = feature.column
    if column and column != "rows":
        test = matches(feature.where)
        value = nw.col(column).cast(nw.Float64)
        value = value if test is None else nw.when(test).then(value)
        partials.append(Partial(f"k_{column}_{where}", value.count(), "sum"))
        kind = {"minimum": "lo", "maximum": "hi"}.get(feature.verb, "s")
        made = {"lo": value.min, "hi": value.max, "s": value.sum}[kind]()
        how = {"lo": "min", "hi": "max", "s": "sum"}[kind]
        partials.append(Partial(f"{kind}_{column}_{where}", made, how))
    return partials


def _inside(feature: Feature) -> Any:
    """Start an expression that holds for the tiles inside of the feature's window."""
    end = feature.lag + (feature.window or 0)
    return nw.when((nw.col("near") > feature.lag) & (nw.col("far") <= end))


def _figures(feature: Feature, partials: dict[str, Partial]) -> list[Partial]:
    """Add a feature's partials up over the tiles of its window."""
    figures = []
    for partial in _partials(feature):
        inside = _inside(feature).then(nw.col(partial.name))
        made = {"sum": inside.sum, "min": inside.min, "max": inside.max}[partials[partial.name].how]
        figures.append(Partial(f"{feature.name}__{partial.name[0]}", made(), partial.how))
    if feature.verb == "slope":
        # Weeks count back from the end of the window, so the latest has the largest x.
        weeks = (feature.window or 0) // 7
        source = nw.col(_partials(feature)[-1].name)
        x = (weeks - 1) / 2 - ((nw.col("near") - 1 - feature.lag) // 7)
        weighted = _inside(feature).then(source.cast(nw.Float64) * x).sum()
        figures.append(Partial(f"{feature.name}__x", weighted, "sum"))
    return figures


def _value(feature: Feature) -> Expr:
    """Turn the figures of a window into the feature's value; unknown where nothing is known."""
    rows = nw.col(f"{feature.name}__n")
    if feature.verb == "count":
        return rows.cast(nw.Float64)
    total = nw.col(f"{feature.name}__s") if feature.verb in ("sum", "mean", "slope") else None
    if feature.column == "rows":
        return _slope(feature, rows)
    filled = nw.col(f"{feature.name}__k")
    if feature.verb == "sum":
        # Rows without a value are not zero, no rows at all are: NaN keeps the two apart.
        return nw.when((filled > 0) | (rows == 0)).then(total).otherwise(float("nan"))
    if feature.verb == "mean":
        return nw.when(filled > 0).then(total / filled)
    if feature.verb == "slope":
        return nw.when(filled > 0).then(_slope(feature, total))
    return nw.col(f"{feature.name}__{'l' if feature.verb == 'minimum' else 'h'}")


def _slope(feature: Feature, total: Any) -> Expr:
    """Return the least-squares change a week, as a share of the weekly mean."""
    weeks = (feature.window or 0) // 7
    spread = sum((week - (weeks - 1) / 2) ** 2 for week in range(weeks)) or 1.0
    slope = nw.col(f"{feature.name}__x") / spread
    return nw.when(total > 0).then(slope / (total.cast(nw.Float64) / weeks))
