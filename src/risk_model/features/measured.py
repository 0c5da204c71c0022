"""Where a feature is measured at all: its table is there, has begun and has not stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import narwhals as nw

from risk_model.catalogue import WINDOW_VERBS, Feature
from risk_model.engines import Engine
from risk_model.features.grid import Grid, measured_days
from risk_model.features.sources import Source
from risk_model.tables.contract import CONTRACT
from risk_model.timeline import DAY

Reach = tuple[str, int, int]


def reach_of(feature: Feature, source: Source) -> Reach:
    """Return (table, lag, reach): the feature looks at ``[as_of - reach, as_of - lag)``.

    What holds at a moment (open rows, the latest row) needs the table to have begun by then.
    """
    window = feature.window if feature.verb in WINDOW_VERBS else 1
    return source.table, feature.lag, feature.lag + (window or 1)


def flag_name(reach: Reach) -> str:
    """Return the column that says whether a reach is measured."""
    table, lag, far = reach
    return f"measured_{table}_{lag}_{far}"


def measured_flags(
    engine: Engine, sources: Mapping[str, Source], reaches: Sequence[Reach], grid: Grid
) -> dict[Reach, list[bool]]:
    """Return for each reach at which snapshots it is measured."""
    days: dict[str, list[tuple[int, int]] | None] = {}
    flags = {}
    for reach in sorted(set(reaches)):
        table, lag, far = reach
        if table not in days:
            days[table] = table_days(engine, sources[table])
        covered = days[table]
        flags[reach] = (
            [True] * len(grid.days)
            if covered is None
            else measured_days(grid, covered, lag, far, CONTRACT[table].grace_days)
        )
    return flags


def table_days(engine: Engine, source: Source) -> list[tuple[int, int]] | None:
    """Return pairs (day of a row, day on which it became known), or None for a register.

    A register (accounts, renewals) tells what is true, not what happened: it never stops.
    """
    table = CONTRACT[source.table]
    if not table.is_event:
        return None
    first = table.row_known_at
    frame = source.frame.with_columns(
        event=nw.coalesce(*(nw.col(name) for name in first)) if len(first) > 1 else nw.col(first[0])
    )
    days = frame.select(
        event_day=nw.col("event") // DAY,
        known_day=nw.max_horizontal("event", "row_known") // DAY,
    )
    days = days.group_by("event_day").agg(known_day=nw.col("known_day").min())
    return [
        (int(event), int(known)) for event, known in engine.pandas(days).itertuples(index=False)
    ]


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
