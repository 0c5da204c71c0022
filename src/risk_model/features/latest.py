"""The last row before a snapshot, and what it says.

Rows are put in order once an account; each holds from the first snapshot that sees it until one
sees a later row. These runs don't overlap, so there is one copy a snapshot at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_, or_
from typing import Any

import narwhals as nw

from risk_model.catalogue import Feature
from risk_model.engines import Engine
from risk_model.features.calendar import Calendar
from risk_model.features.conditions import matches
from risk_model.features.days import days_of
from risk_model.features.extremes import greatest, smallest
from risk_model.features.sources import Source
from risk_model.features.spans import KEYS, Span, span_of

Frame = nw.LazyFrame[Any]
Expr = nw.Expr


def latest_features(
    engine: Engine, source: Source, features: Sequence[Feature], calendar: Calendar
) -> Frame:
    """Return (account_id, position, one column a feature) of the last row before the snapshot.

    All features share ``at``. The last row is the one with the latest ``at`` among the rows
    known; ties go to the larger key. What is found as a moment is its second: see ``as_days``.
    """
    at = features[0].at or source.event_time
    kinds = _kinds(source, features)
    columns = sorted({feature.column or at for feature in features} | {at, "row_key"})
    rows = _known_rows(engine, source, [group[0] for group in kinds], columns)
    last = _last(rows, calendar, at)
    found = (
        nw.when(nw.col("looked_for") == kind).then(nw.col(f.column or at)).max().alias(f.name)
        for kind, group in enumerate(kinds)
        for f in group
    )
    return last.group_by(*KEYS).agg(*found)


def latest_rows(engine: Engine, source: Source, calendar: Calendar) -> Frame:
    """Return the latest known row of each account at each snapshot, with ``as_of``."""
    row = Feature(name="row", means="the latest row", source=source.name, since=True)
    columns = source.frame.collect_schema().names()
    rows = _known_rows(engine, source, [row], [name for name in columns if name != "account_id"])
    last = _last(rows, calendar, source.event_time).drop("looked_for")
    return engine.keep(last.join(calendar.positions(), on="position", how="inner"))


def _kinds(source: Source, features: Sequence[Feature]) -> list[list[Feature]]:
    """Put together features that look at the same row."""
    kinds: dict[tuple[object, ...], list[Feature]] = {}
    for feature in features:
        key = (span_of(feature, source), repr(sorted(feature.where.items())))
        kinds.setdefault(key, []).append(feature)
    return list(kinds.values())


def _known_rows(
    engine: Engine, source: Source, kinds: Sequence[Feature], columns: Sequence[str]
) -> Frame:
    """Return the rows of each kind with ``kind``, ``open_day`` and ``last_day``.

    A row may be the last at snapshots after ``open_day``, and counts as such up to ``last_day``.
    """
    spans = [span_of(feature, source) for feature in kinds]
    tests = [_ever_known(feature, span) for feature, span in zip(kinds, spans, strict=True)]
    rows = source.frame.filter(reduce(or_, tests))
    if len(kinds) > 1:
        numbers = engine.small({"looked_for": list(range(len(kinds)))})
        rows = rows.join(numbers, how="cross")
        is_kind = [nw.col("looked_for") == kind for kind in range(len(kinds))]
        rows = rows.filter(reduce(or_, map(and_, is_kind, tests)))
    else:
        is_kind = [nw.lit(True)]
    open_day = _chosen(is_kind, [_latest(span) for span in spans])
    last_day = _chosen(is_kind, [_limit(span) for span in spans])
    kind = nw.col("looked_for") if len(kinds) > 1 else nw.lit(0)
    return rows.select(
        "account_id",
        *columns,
        looked_for=kind,
        open_day=days_of(open_day),
        last_day=days_of(last_day),
    )


def _ever_known(feature: Feature, span: Span) -> Expr:
    tests = [~nw.col(name).is_null() for name, _ in sorted(span.before)]
    where = matches(feature.where)
    return reduce(and_, tests if where is None else [*tests, where])


def _latest(span: Span) -> Expr:
    moments = [nw.col(name) + by for name, by in sorted(span.before)]
    return greatest(*moments)


def _limit(span: Span) -> Expr:
    (name, by) = next(iter(span.since), (next(iter(sorted(span.before)))[0], 1 << 60))
    return nw.col(name) + by


def _chosen(is_kind: Sequence[Expr], values: Sequence[Expr]) -> Expr:
    if len({repr(value) for value in values}) == 1:
        return values[0]
    chosen = values[-1]
    for test, value in list(zip(is_kind, values, strict=True))[-2::-1]:
        chosen = nw.when(test).then(value).otherwise(chosen)
    return chosen


def _last(rows: Frame, calendar: Calendar, at: str) -> Frame:
    """Return one row for each account, kind and snapshot: the last one known."""
    by, order = ("account_id", "looked_for"), (at, "row_key")
    end = len(calendar.grid.days)
    if calendar.single:
        day = calendar.grid.days[0]
        rows = rows.filter(nw.col("open_day") < day)
        rows = rows.with_columns(after=nw.col("looked_for").shift(-1).over(*by, order_by=order))
        rows = rows.filter(nw.col("after").is_null(), nw.col("last_day") >= day)
        return rows.with_columns(position=nw.lit(0)).drop("open_day", "last_day", "after")
    rows = calendar.opened(rows)
    # A row is superseded as soon as any later one is known, whichever of them came in first.
    after = nw.col("opens").shift(-1).over(*by, order_by=order).fill_null(end)
    rows = rows.with_columns(after=after)
    rows = rows.with_columns(until=nw.col("after").cum_min(reverse=True).over(*by, order_by=order))
    rows = calendar.shut(rows.with_columns(shut_day=nw.col("last_day")), "within")
    rows = rows.with_columns(closes=smallest(nw.col("until") - 1, nw.col("within")))
    rows = calendar.steps(rows)
    helpers = ("open_day", "shut_day", "last_day", "opens", "closes", "after", "until", "within")
    return rows.drop(*helpers, "length", "step", "as_of", "now")
