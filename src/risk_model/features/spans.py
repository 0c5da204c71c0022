"""What holds at a snapshot: rows that are open, the latest row, the rows so far.

Every row is turned into the run of snapshots that it holds for, and each snapshot of the run
gets a copy. For the latest row runs don't overlap, so there is one copy a snapshot at most: an
as-of join without a join of events with snapshots.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from risk_model.catalogue import Feature
from risk_model.engines import Engine
from risk_model.features.calendar import Calendar
from risk_model.features.conditions import matches, rows_matching
from risk_model.features.sources import NEVER, Source
from risk_model.timeline import DAY, HOUR

Frame = nw.LazyFrame[Any]
Expr = nw.Expr
KEYS = ("account_id", "position")


def open_features(
    engine: Engine, source: Source, features: Sequence[Feature], calendar: Calendar
) -> Frame:
    """Return (account_id, position, one column a feature) for rows open at the snapshot.

    All features share interval, ``within`` and ``lag``, and the columns their values hang on.
    What is found as a moment is its epoch second: see ``as_days``.
    """
    like = features[0]
    interval = like.interval
    if interval is None:
        raise ValueError(f"'{like.name}' has no interval")
    known = source.known_columns(frozenset().union(*(f.needed for f in features)), "")
    told = {interval.start, *(name for f in features for name in (*f.where, f.column) if name)}
    until = {*interval.until, *source.known_columns(frozenset(interval.until), "")}
    read = sorted({"row_known", *known, *told, *until})
    frame = source.frame.select("account_id", *read).filter(
        *(~nw.col(name).is_null() for name in [interval.start, "row_known", *known])
    )
    moments = [nw.col(name) for name in ["row_known", *known]]
    begin = nw.col(interval.start) + interval.after * HOUR
    ends = [_known_end(source, name) for name in interval.until]
    end = nw.min_horizontal(*ends) if ends else nw.lit(NEVER)
    frame = frame.with_columns(
        open_day=nw.max_horizontal(begin, *moments) // DAY,
        shut_day=end // DAY,
    )
    if like.within is not None:
        frame = frame.with_columns(
            shut_day=nw.min_horizontal("shut_day", nw.col(interval.start) // DAY + like.within)
        )
    frame = frame.select("account_id", "open_day", "shut_day", *sorted(told))
    spread = _spread(frame, calendar, like.lag)
    return engine.keep(spread.group_by(*KEYS).agg(*(_open_figure(f) for f in features)))


def _known_end(source: Source, name: str) -> Expr:
    """Return when it is known that a row ended: an end counts from when both came."""
    moments = [name, *source.known_columns(frozenset({name}), name)]
    return nw.max_horizontal(*(nw.col(moment).fill_null(NEVER) for moment in moments))


def _open_figure(feature: Feature) -> Expr:
    test = matches(feature.where)

    def of(value: Expr) -> Expr:
        return value if test is None else nw.when(test).then(value)

    if feature.verb == "open":
        figure = rows_matching(feature.where)
    elif feature.verb == "total":
        figure = of(nw.col(feature.column or "").cast(nw.Float64)).sum()
    else:
        start = feature.interval.start if feature.interval else ""
        figure = of(nw.col(feature.column or start)).min()
    return figure.alias(feature.name)


def as_days(feature: Feature, value: Expr) -> Expr:
    """Turn the second that a verb found into days before the snapshot, or days after it."""
    now = nw.col("as_of") - feature.lag
    if feature.verb in ("oldest", "since", "age_of"):
        return now - value / DAY
    return value / DAY - now if feature.verb in ("soonest", "time_to") else value


def latest_features(
    engine: Engine, source: Source, features: Sequence[Feature], calendar: Calendar, at: str
) -> Frame:
    """Return (account_id, position, one column a feature) of the last row before the snapshot.

    All features share ``where``, ``within``, ``lag`` and the columns their values hang on. The
    last row is the one with the latest ``at`` among the rows known; ties go to the larger key.
    What is found as a moment is its epoch second: see ``as_days``.
    """
    needed = {feature.column for feature in features if feature.column} | {at}
    rows = _known_rows(source, features, at, ["account_id", "row_key", *sorted(needed)])
    spread = _latest(rows, calendar, features[0], at)
    found = (nw.col(f.column or at).cast(nw.Float64).alias(f.name) for f in features)
    return engine.keep(spread.select(*KEYS, *found))


def latest_rows(engine: Engine, source: Source, calendar: Calendar, at: str) -> Frame:
    """Return the latest known row of each account at each snapshot, with ``as_of``."""
    row = Feature(name="row", means="the latest row", source=source.name, since=True)
    rows = _known_rows(source, [row], at, source.frame.collect_schema().names())
    latest = _latest(rows, calendar, row, at)
    return engine.keep(latest.join(calendar.positions(), on="position", how="inner"))


def _latest(frame: Frame, calendar: Calendar, like: Feature, at: str) -> Frame:
    frame = _with_opens(frame, calendar, like.lag)
    order = [at, "row_key"]
    # A row is superseded as soon as any later one is known, whichever of them came in first.
    after = nw.col("opens").shift(-1).over("account_id", order_by=order)
    frame = frame.with_columns(after=after.fill_null(len(calendar.grid.days)))
    superseded = nw.col("after").cum_min(reverse=True).over("account_id", order_by=order)
    frame = frame.with_columns(closes=superseded - 1)
    if like.within is not None:
        frame = _closed_within(frame, calendar, like, at)
    return _steps(frame, calendar)


def ever_features(
    engine: Engine, source: Source, features: Sequence[Feature], calendar: Calendar, at: str
) -> Frame:
    """Return (account_id, position, one column a feature): how many rows were known so far."""
    like = features[0]
    rows = _known_rows(source, features, at, ["account_id"])
    frame = _with_opens(rows, calendar, like.lag)
    counts = frame.group_by("account_id", "opens").agg(here=nw.len())
    running = nw.col("here").cum_sum().over("account_id", order_by="opens")
    after = nw.col("opens").shift(-1).over("account_id", order_by="opens")
    counts = counts.with_columns(
        so_far=running, closes=after.fill_null(len(calendar.grid.days)) - 1
    )
    spread = _steps(counts, calendar)
    value = nw.col("so_far").cast(nw.Float64)
    return engine.keep(spread.select(*KEYS, *(value.alias(f.name) for f in features)))


def _known_rows(source: Source, features: Sequence[Feature], at: str, keep: Sequence[str]) -> Frame:
    """Return ``keep`` of the matching rows that ever get known, with ``open_day``: from when."""
    read = frozenset().union(*(f.columns for f in features))
    moments = sorted({at, "row_known", *source.known_columns(read, at)})
    test = matches(features[0].where)
    tests = [*(~nw.col(name).is_null() for name in moments), *([] if test is None else [test])]
    open_day = (nw.max_horizontal(*moments) // DAY).alias("open_day")
    return source.frame.filter(*tests).select(*keep, open_day)


def _closed_within(frame: Frame, calendar: Calendar, like: Feature, at: str) -> Frame:
    last = nw.col(at) // DAY + (like.within or 0)
    frame = _clipped(frame.with_columns(last_day=last), calendar, like.lag, "last_day")
    within = calendar.closes("last_day", like.lag, "within_closes")
    frame = frame.join(within, on="last_day", how="inner")
    return frame.with_columns(closes=nw.min_horizontal("closes", "within_closes"))


def _clipped(frame: Frame, calendar: Calendar, lag: int, *names: str) -> Frame:
    """Move days outside of the calendar onto its ends."""
    first, last = calendar.grid.days[0] - lag - 1, calendar.grid.days[-1] - lag
    days = {
        name: nw.max_horizontal(nw.min_horizontal(nw.col(name), nw.lit(last)), nw.lit(first))
        for name in names
    }
    return frame.with_columns(**days)


def _with_opens(frame: Frame, calendar: Calendar, lag: int) -> Frame:
    """Add ``opens``, the first snapshot that sees ``open_day``."""
    frame = _clipped(frame, calendar, lag, "open_day")
    return frame.join(calendar.opens("open_day", lag), on="open_day", how="inner")


def _spread(frame: Frame, calendar: Calendar, lag: int) -> Frame:
    """Give each row to every snapshot from the first that sees ``open_day`` to ``shut_day``."""
    frame = _clipped(frame, calendar, lag, "open_day", "shut_day")
    frame = frame.join(calendar.opens("open_day", lag), on="open_day", how="inner")
    frame = frame.join(calendar.closes("shut_day", lag), on="shut_day", how="inner")
    return _steps(frame, calendar)


def _steps(frame: Frame, calendar: Calendar) -> Frame:
    """Copy each row to every snapshot from ``opens`` to ``closes``."""
    frame = frame.with_columns(length=nw.col("closes") - nw.col("opens") + 1)
    frame = frame.filter(nw.col("length") > 0)
    frame = frame.join(calendar.steps(), on="length", how="inner")
    return frame.with_columns(position=nw.col("opens") + nw.col("step"))
