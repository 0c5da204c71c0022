"""Where a feature is measured at all: its table is there, has begun and has not stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw

from risk_model.catalogue import WINDOW_VERBS, Feature
from risk_model.engines import Engine
from risk_model.features.days import days_of
from risk_model.features.extremes import greatest
from risk_model.features.grid import Grid, measured_days
from risk_model.features.sources import Source
from risk_model.tables.contract import CONTRACT
from risk_model.timeline import DAY

Reach = tuple[tuple[str, ...], int, int]
Frame = nw.LazyFrame[Any]


def reach_of(feature: Feature, source: Source) -> Reach:
    """Return (tables, lag, reach): the feature looks at ``[as_of - reach, as_of - lag)``.

    It is measured where one of the tables is. What holds at a moment (open rows, the latest row)
    needs the table to have begun by then.
    """
    window = feature.window if feature.verb in WINDOW_VERBS else 1
    return source.tables, feature.lag, feature.lag + (window or 1)


def flag_name(reach: Reach) -> str:
    """Return the column that says whether a reach is measured."""
    tables, lag, far = reach
    return f"measured_{'_'.join(tables)}_{lag}_{far}"


def measured_flags(
    engine: Engine, sources: Mapping[str, Source], reaches: Sequence[Reach], grid: Grid
) -> dict[Reach, list[bool]]:
    """Return for each reach at which snapshots it is measured."""
    wanted = sorted(set(reaches))
    tables = sorted({table for some, _, _ in wanted for table in some if CONTRACT[table].is_event})
    covered = _covered(engine, [sources[table] for table in tables], grid)
    flags = {}
    for some, lag, far in wanted:
        # A register (accounts, renewals) tells what is true, not what happened: it never stops.
        each = [
            measured_days(grid, covered[table], lag, far, CONTRACT[table].grace_days)
            if table in covered
            else [True] * len(grid.days)
            for table in some
        ]
        flags[some, lag, far] = [any(of_day) for of_day in zip(*each, strict=True)]
    return flags


def _covered(
    engine: Engine, sources: Sequence[Source], grid: Grid
) -> dict[str, list[tuple[int, int]]]:
    """Return for each table pairs (day of a row, day on which it became known), asked at once."""
    covered: dict[str, list[tuple[int, int]]] = {source.table: [] for source in sources}
    if not sources:
        return covered
    parts = [_days_of(source, grid, number) for number, source in enumerate(sources)]
    days = nw.concat(parts, how="vertical") if len(parts) > 1 else parts[0]
    for number, event, known in engine.pandas(days).dropna().itertuples(index=False):
        covered[sources[int(number)].table].append((int(event), int(known)))
    return covered


def _days_of(source: Source, grid: Grid, number: int) -> Frame:
    """Return (number, event_day, known_day): all days; with one snapshot the first and the last."""
    first = CONTRACT[source.table].row_known_at
    event = nw.coalesce(*(nw.col(name) for name in first)) if len(first) > 1 else nw.col(first[0])
    rows = (source.frame if source.bare is None else source.bare).select(
        event=event, known=greatest(event, nw.col("row_known"))
    )
    if len(grid.days) > 1:
        rows = rows.select(event_day=days_of(nw.col("event")), known_day=days_of(nw.col("known")))
        days = rows.group_by("event_day").agg(known_day=nw.col("known_day").min())
    else:
        known = rows.filter(nw.col("known") < grid.days[0] * DAY)
        ends = known.select(first=nw.col("event").min(), last=nw.col("event").max())
        both = [ends.select(event_day=days_of(nw.col(name))) for name in ("first", "last")]
        days = nw.concat(both, how="vertical").with_columns(known_day=nw.lit(grid.days[0] - 1))
    return days.select(nw.lit(number).alias("number"), "event_day", "known_day")


def is_zero_when_absent(feature: Feature) -> bool:
    """Whether no rows mean 0 (counts and sums) and not unknown (all the rest)."""
    return feature.verb in ("count", "sum", "distinct", "most_common", "open", "total", "ever")


def can_be_measured(feature: Feature, source: Source | None) -> bool:
    """Whether the table was given, every column that is read, and those that date them."""
    if source is None:
        return False
    read = (
        feature.columns if feature.interval else feature.columns | {feature.at or source.event_time}
    )
    read |= {source.known[name] for name in read if name in source.known}
    return not (read & source.missing)
