"""Features over the rows that a snapshot sees, of any bounds, in one pass over their source.

With one snapshot nothing is copied: every figure is an aggregate under its own condition. With
several, each row is copied to the snapshots that may see it, from the first to the last; so this
is for rows that few snapshots see. See ``windows`` and ``so_far`` for the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Any

import narwhals as nw

from risk_model.catalogue import Feature
from risk_model.engines import Engine
from risk_model.features.answers import NEVER
from risk_model.features.calendar import Calendar
from risk_model.features.conditions import matches
from risk_model.features.days import days_of
from risk_model.features.extremes import greatest, smallest
from risk_model.features.figures import figure_of
from risk_model.features.sources import Source
from risk_model.features.spans import Bound, Span, moments_of, span_of
from risk_model.timeline import DAY

Frame = nw.LazyFrame[Any]
Expr = nw.Expr


def seen_features(
    engine: Engine, source: Source, features: Sequence[Feature], calendar: Calendar
) -> Frame:
    """Return (account_id, position, one column a feature) of everything but by-value and latest.

    What is found as a moment is its epoch second: see ``as_days``.
    """
    rows, tests, now = seen_rows(source, features, calendar)
    figures = (figure_of(f, tests[f.name], f.at or source.event_time, now) for f in features)
    made = rows.group_by("account_id", *by_snapshot(calendar)).agg(*figures)
    return made.with_columns(position=nw.lit(0)) if calendar.single else made


def by_snapshot(calendar: Calendar) -> tuple[str, ...]:
    """Return the key that tells snapshots apart, where there are several."""
    return () if calendar.single else ("position",)


def seen_rows(
    source: Source, features: Sequence[Feature], calendar: Calendar
) -> tuple[Frame, dict[str, Expr | None], Expr | int]:
    """Return rows that may be seen, one copy a snapshot; the test of each feature; the moment.

    The moment of the snapshot is a number where there is only one, else the column ``now``.
    """
    spans = {feature.name: span_of(feature, source) for feature in features}
    wanted = list(dict.fromkeys(spans.values()))
    moments, ends = moments_of(wanted)
    read = {
        name for f in features for name in (*f.where, f.column, f.interval and f.interval.start)
    }
    columns = sorted(moments | {name for name in read if name and name != "rows"})
    last = calendar.grid.days[-1] * DAY
    sure = frozenset.intersection(*(span.before for span in wanted))
    bounds = [nw.col(name) < last - by for name, by in sorted(sure)]
    bounds += [nw.col(name) >= since for name, since in _earliest(wanted, calendar)]
    rows = source.frame.filter(*bounds) if bounds else source.frame
    rows = rows.select("account_id", *columns, *ends)
    if calendar.single:
        now: Expr | int = last
    else:
        rows, now, sure = _spread(rows, wanted, calendar), nw.col("now"), frozenset()
    flags, tests = _tests(features, spans, now, sure)
    return (rows.with_columns(*flags) if flags else rows), tests, now


def _earliest(spans: Sequence[Span], calendar: Calendar) -> list[tuple[str, int]]:
    """Return moments before which a row is too old for all features at all snapshots."""
    first = calendar.grid.days[0] * DAY
    plain = [{n: by for n, by in span.since if "|" not in n} for span in spans]
    shared = set.intersection(*(set(reach) for reach in plain))
    return [(name, first - max(reach[name] for reach in plain)) for name in sorted(shared)]


def _tests(
    features: Sequence[Feature], spans: Mapping[str, Span], now: Expr | int, sure: frozenset[Bound]
) -> tuple[list[Expr], dict[str, Expr | None]]:
    """Return a flag for each different bound and condition, and each feature's test over them."""
    flags: dict[str, Expr] = {}
    numbers: dict[str, str] = {}
    tests: dict[str, Expr | None] = {}
    for feature in features:
        span = spans[feature.name]
        parts = []
        for key, test in (
            (f"{sorted(span.before - sure)}{sorted(span.since)}", span.holds(now, sure)),
            (repr(sorted(feature.where.items())), matches(feature.where)),
        ):
            if test is not None:
                name = numbers.setdefault(key, f"flag_{len(numbers)}")
                flags.setdefault(name, test.alias(name))
                parts.append(nw.col(name))
        tests[feature.name] = reduce(and_, parts) if parts else None
    return list(flags.values()), tests


def _spread(rows: Frame, spans: Sequence[Span], calendar: Calendar) -> Frame:
    """Copy each row to every snapshot from the first to the last that may see it, as ``now``."""
    opens = [greatest(*(nw.col(n) + by for n, by in sorted(s.before))) for s in spans]
    shuts = [
        smallest(*([nw.col(n) + by for n, by in sorted(s.since)] or [nw.lit(NEVER)])) for s in spans
    ]
    rows = rows.with_columns(
        open_day=days_of(smallest(*opens)),
        shut_day=days_of(greatest(*shuts)),
    )
    return calendar.spread(rows)
