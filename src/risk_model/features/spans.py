"""Which snapshots see a row: the bounds of every verb, and what is a moment as days.

A row belongs to a feature at a snapshot where some of its moments lie before that and others do
not. Windows, open rows and the rows so far differ in these bounds only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import and_

import narwhals as nw

from risk_model.catalogue import OPEN_VERBS, WINDOW_VERBS, Feature
from risk_model.catalogue.spec import EVENT_TIME
from risk_model.features.answers import NEVER
from risk_model.features.extremes import greatest
from risk_model.features.sources import Source
from risk_model.timeline import DAY, HOUR

Expr = nw.Expr
KEYS = ("account_id", "position")
_END = "end|"
# A column of seconds, and how many seconds before the snapshot it is compared with.
Bound = tuple[str, int]


@dataclass(frozen=True)
class Span:
    """A row is seen iff ``column < now - seconds`` for all of ``before``, ``>=`` for ``since``."""

    before: frozenset[Bound]
    since: frozenset[Bound] = frozenset()

    def holds(self, now: Expr | int, but_for: frozenset[Bound] = frozenset()) -> Expr | None:
        """Return the test at ``now``, less what is known to hold; None where nothing is left.

        An unknown moment passes no test.
        """
        tests = [nw.col(name) < now - by for name, by in sorted(self.before - but_for)]
        tests += [nw.col(name) >= now - by for name, by in sorted(self.since - but_for)]
        return reduce(and_, tests) if tests else None


def span_of(feature: Feature, source: Source) -> Span:
    """Return which snapshots see a row for a feature."""
    lag = feature.lag * DAY
    if feature.verb in OPEN_VERBS:
        return _open_span(feature, source)
    at, farthest = feature.at or source.event_time, farthest_of(feature)
    known = {"row_known", *source.known_columns(feature.columns, at)}
    within = frozenset({farthest} if farthest else ())
    if feature.verb in WINDOW_VERBS:
        # A lag moves the window; what is known is asked at the snapshot itself.
        return Span(frozenset({(at, lag), *((name, 0) for name in known)}), within)
    return Span(frozenset((name, lag) for name in (at, *known)), within)


def farthest_of(feature: Feature) -> Bound | None:
    """Return (moment, seconds): no row is seen whose moment is longer ago; None: however long."""
    days = feature.window if feature.verb in WINDOW_VERBS else feature.within
    if days is None:
        return None
    start = feature.interval.start if feature.interval else None
    at = start or feature.at or EVENT_TIME[str(feature.source)]
    return at, (feature.lag + days) * DAY


def _open_span(feature: Feature, source: Source) -> Span:
    interval, lag = feature.interval, feature.lag * DAY
    if interval is None:
        raise ValueError(f"'{feature.name}' has no interval")
    known = {"row_known", *source.known_columns(feature.needed, "")}
    before = {(name, lag) for name in known} | {(interval.start, lag + interval.after * HOUR)}
    since = {(_end_of(source, name), lag) for name in interval.until}
    farthest = farthest_of(feature)
    return Span(frozenset(before), frozenset(since | ({farthest} if farthest else set())))


def _end_of(source: Source, name: str) -> str:
    """Name the column that says when it is known that a row ended: when all of these came."""
    return _END + "|".join([name, *source.known_columns(frozenset({name}), name)])


def moments_of(spans: Iterable[Span]) -> tuple[set[str], list[Expr]]:
    """Return the columns that the bounds compare: those of the source, and those made of them."""
    names = {name for span in spans for name, _ in span.before | span.since}
    ends = sorted(name for name in names if name.startswith(_END))
    made = []
    for end in ends:
        parts = [nw.col(part).fill_null(NEVER) for part in end.removeprefix(_END).split("|")]
        made.append(greatest(*parts).alias(end))
    return names - set(ends), made


def as_days(feature: Feature, value: Expr) -> Expr:
    """Turn the second that a verb found into days before the snapshot, or days after it."""
    now = nw.col("as_of") - feature.lag
    if feature.verb in ("oldest", "since", "age_of"):
        return now - value / DAY
    return value / DAY - now if feature.verb in ("soonest", "time_to") else value
