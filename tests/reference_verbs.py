"""Every verb of the catalogue by its definition: a loop over the facts of one account."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from reference_facts import DAY, HOUR, Fact
from risk_model.catalogue import Condition, Feature

HAPPENS = {
    "accounts": "row_known",
    "usage": "date",
    "tickets": "opened_at",
    "priorities": "from_time",
    "silences": "from_time",
    "clocks": "from_time",
    "said": "said_at",
    "ticket_events": "occurred_at",
    "surveys": "responded_at",
    "messages": "sent_at",
    "meetings": "scheduled_at",
    "tasks": "created_at",
    "renewals": "row_known",
    "health_scores": "scored_at",
    "incidents": "started_at",
    "escalations": "opened_at",
}


def columns_read(feature: Feature) -> set[str]:
    """Return the columns whose values the feature reads (besides the ends of intervals)."""
    columns = {*feature.where, feature.column, feature.interval and feature.interval.start}
    return {name for name in columns if name and name != "rows"}


def at_of(feature: Feature) -> str:
    """Return the column that says when a row of the feature happens."""
    return feature.at or HAPPENS[feature.source]


def passes(condition: Condition, value: Any) -> bool:
    """Say whether a value passes a condition; an unknown one passes only ``known: false``."""
    if value is None:
        return condition.known is False
    return (
        condition.known is not False
        and (condition.one_of is None or str(value) in condition.one_of)
        and (condition.above is None or value > condition.above)
        and (condition.below is None or value < condition.below)
        and (condition.at_least is None or value >= condition.at_least)
        and (condition.at_most is None or value <= condition.at_most)
    )


def of_rows(feature: Feature, facts: list[Fact], as_of: int) -> float | None:
    """Return a feature of the rows of one account."""
    if feature.window is not None:
        return of_window(feature, facts, as_of)
    return of_open(feature, facts, as_of) if feature.interval else of_past(feature, facts, as_of)


def matching(feature: Feature, facts: list[Fact]) -> list[Fact]:
    """Return the facts for which every condition holds."""
    return [
        fact
        for fact in facts
        if all(passes(test, fact.values[name]) for name, test in feature.where.items())
    ]


def of_window(feature: Feature, facts: list[Fact], as_of: int) -> float | None:
    """Evaluate a verb over the rows that happened in ``[as_of - lag - window, as_of - lag)``."""
    at = at_of(feature)
    end = (as_of - feature.lag) * DAY
    begin = end - (feature.window or 0) * DAY
    columns = columns_read(feature) | {at}
    inside = [
        fact
        for fact in matching(feature, facts)
        if fact.values[at] is not None
        and begin <= fact.values[at] < end
        and fact.is_known(columns, as_of * DAY)
    ]
    if feature.verb == "count":
        return float(len(inside))
    if feature.column == "rows":
        return slope([(fact.values[at], 1.0) for fact in inside], begin, end)
    given = [fact for fact in inside if fact.values[feature.column] is not None]
    values = [fact.values[feature.column] for fact in given]
    if feature.verb == "slope":
        return slope([(f.values[at], v) for f, v in zip(given, values, strict=True)], begin, end)
    if feature.verb in ("distinct", "most_common"):
        often = {value: values.count(value) for value in values}
        return float(len(often) if feature.verb == "distinct" else max(often.values(), default=0))
    if not values:
        return 0.0 if feature.verb == "sum" and not inside else None
    figures = {"sum": sum, "minimum": min, "maximum": max, "mean": lambda v: sum(v) / len(v)}
    return float(figures[feature.verb](values))


def slope(points: list[tuple[int, float]], begin: int, end: int) -> float | None:
    """Return the weekly change by least squares over weekly sums, as a share of their mean."""
    weeks = (end - begin) // (7 * DAY)
    sums = [sum(v for at, v in points if (at - begin) // (7 * DAY) == w) for w in range(weeks)]
    mean, middle = sum(sums) / weeks, (weeks - 1) / 2
    if not points or mean <= 0:
        return None
    product = sum((week - middle) * (value - mean) for week, value in enumerate(sums))
    squares = sum((week - middle) ** 2 for week in range(weeks)) or 1.0
    return product / squares / mean


def of_open(feature: Feature, facts: list[Fact], as_of: int) -> float | None:
    """Evaluate a verb over the rows that are open in the last second before the moment."""
    interval, now = feature.interval, (as_of - feature.lag) * DAY
    assert interval is not None
    columns = columns_read(feature) | ({feature.at} if feature.at else set())
    still = []
    for fact in matching(feature, facts):
        start = fact.values[interval.start]
        if start is None or not start + interval.after * HOUR < now:
            continue
        if not fact.is_known(columns, now):
            continue
        ends = [fact.values[name] for name in interval.until if fact.is_known([name], now)]
        if any(end is not None and end < now for end in ends):
            continue
        if feature.within is None or start >= now - feature.within * DAY:
            still.append(fact)
    if feature.verb == "open":
        return float(len(still))
    if feature.verb == "oldest":
        starts = [fact.values[interval.start] for fact in still]
        return (now - min(starts)) / DAY if starts else None
    values = [fact.values[feature.column] for fact in still]
    values = [value for value in values if value is not None]
    if feature.verb == "total":
        return float(sum(values))
    return (min(values) - now) / DAY if values else None


def of_past(feature: Feature, facts: list[Fact], as_of: int) -> float | None:
    """Evaluate a verb over the last row before the moment, or over all of them."""
    at, now = at_of(feature), (as_of - feature.lag) * DAY
    columns = columns_read(feature) | {at}
    past = [
        fact
        for fact in matching(feature, facts)
        if fact.values[at] is not None and fact.values[at] < now and fact.is_known(columns, now)
    ]
    if feature.verb == "ever":
        return float(len(past))
    if feature.within is not None:
        past = [fact for fact in past if fact.values[at] >= now - feature.within * DAY]
    if not past:
        return None
    last = max(past, key=lambda fact: (fact.values[at], fact.key))
    if feature.verb == "since":
        return (now - last.values[at]) / DAY
    value = last.values[feature.column]
    if value is None:
        return None
    if feature.verb == "age_of":
        return (now - value) / DAY
    return (value - now) / DAY if feature.verb == "time_to" else float(value)


def derived(  # noqa: PLR0911
    feature: Feature, values: Mapping[str, float | None]
) -> float | None:
    """Return a feature made of others."""
    parts = [values[name] for name in feature.parts]
    if feature.verb == "first_of":
        return next((part for part in parts if part is not None), None)
    if feature.verb == "least":
        return min((part for part in parts if part is not None), default=None)
    if any(part is None for part in parts):
        return None
    numbers = [part for part in parts if part is not None]
    if feature.verb == "add":
        return math.fsum(numbers)
    if feature.verb == "streak":
        falls = 0
        while falls + 1 < len(numbers) and numbers[falls] < numbers[falls + 1]:
            falls += 1
        return float(falls)
    of, to = numbers
    if feature.verb == "difference":
        return of - to
    pair = feature.ratio or feature.change
    assert pair is not None
    if to <= 0 or to < pair.at_least:
        return None
    return of / to if feature.verb == "ratio" else (of - to) / to
