"""What every feature is by definition: loops over rows in plain Python, one snapshot at a time.

No pandas, no SQL, no tiles, no grid. It is slow, and it is what the fast way has to equal.

A *fact* is one row of a source: its values, and for every value the second from which it is known
(None: never). At the second ``now`` only facts with ``known < now`` exist.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from risk_model.catalogue import Catalogue, Condition, Feature
from risk_model.tables import Tables
from risk_model.tables.contract import CONTRACT
from risk_model.text import SIGNALS

DAY, HOUR = 86_400, 3_600
Hear = Callable[[str], Mapping[str, float]]
Row = dict[str, Any]

HAPPENS = {
    "accounts": "row_known",
    "usage": "date",
    "tickets": "opened_at",
    "priorities": "from_time",
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
HEARD = {"messages": "text", "surveys": "comment", "tickets": "description"}
HOURS = {
    "tickets": {
        "hours_to_first_response": ("opened_at", "first_response_at"),
        "hours_to_resolve": ("opened_at", "resolved_at"),
    },
    "incidents": {"hours_lasting": ("started_at", "ended_at")},
}
REGISTERS = ("accounts", "renewals", "outcomes")


@dataclass
class Fact:
    """One row: values, from when each is known, from when the row is, and its key."""

    values: Row
    known: dict[str, int | None]
    row_known: int
    key: str

    def is_known(self, columns: Iterable[str], now: int) -> bool:
        """Say whether the row and all of these columns are known before ``now``."""
        since = [self.row_known, *(self.known.get(name, self.row_known) for name in columns)]
        return all(second is not None and second < now for second in since)


class Reference:
    """The tables as rows, opened once; ``feature`` answers for one account on one day."""

    def __init__(self, tables: Tables, hear: Hear) -> None:
        self.present = tables.present
        self.tables = {name: rows_of(tables, name) for name in tables.present}
        self.sources: dict[str, dict[str, list[Fact]]] = {}
        self.missing: dict[str, set[str]] = {}
        for name in tables.present:
            self._open(name, hear)
        if "tickets" in tables.present:
            self._open_priorities()
        self.measured_days = {
            name: [(event // DAY, known) for event, known in self._events(name)]
            for name in tables.present
        }

    def features(
        self, catalogue: Catalogue, snapshots: Iterable[tuple[str, int]]
    ) -> list[dict[str, float | None]]:
        """Return every feature of every snapshot (account, day number); None: not measured."""
        answers = []
        for account, as_of in snapshots:
            values: dict[str, float | None] = {}
            for feature in catalogue.features:
                self._add(values, feature, catalogue, account, as_of)
            answers.append(values)
        return answers

    def _add(
        self,
        values: dict[str, float | None],
        feature: Feature,
        catalogue: Catalogue,
        account: str,
        as_of: int,
    ) -> None:
        if feature.name in values:
            return
        if feature.is_derived:
            for part in feature.parts:
                self._add(values, catalogue.by_name[part], catalogue, account, as_of)
            values[feature.name] = derived(feature, values)
        elif not self.is_measured(feature, as_of):
            values[feature.name] = None
        else:
            facts = self.sources[feature.source].get(account, [])
            values[feature.name] = of_rows(feature, facts, as_of)

    def is_measured(self, feature: Feature, as_of: int) -> bool:
        """Say whether table and columns are there, and the table covers the window."""
        table = "tickets" if feature.source == "priorities" else feature.source
        if table not in self.present or self._needs(feature) & self.missing[feature.source]:
            return False
        if table in REGISTERS:
            return True
        grace = CONTRACT[table].grace_days
        days = [day for day, known in self.measured_days[table] if known < as_of * DAY]
        last_looked_at = as_of - feature.lag - 1
        first_looked_at = as_of - feature.lag - (feature.window or 1)
        return (
            bool(days)
            and min(days) - grace <= first_looked_at
            and last_looked_at <= max(days) + grace
        )

    def _needs(self, feature: Feature) -> set[str]:
        """Return the columns read, and those that say when each of them is known."""
        columns = columns_read(feature) | set(feature.interval.until if feature.interval else ())
        columns |= {at_of(feature)}
        contract = CONTRACT.get(feature.source)
        for name in list(columns):
            if contract and name in contract.by_name and not self._is_mapped(feature.source, name):
                columns |= {contract.by_name[name].known_at or name}
            if name in SIGNALS and feature.source == "surveys":
                columns |= {"comment"}
                if not self._is_mapped("surveys", "comment"):
                    columns |= {"responded_at"}
        return columns

    def _is_mapped(self, source: str, column: str) -> bool:
        """Say whether the export told from when the column is known."""
        return any(f"known__{column}" in row for row in self.tables[source][:1])

    def _events(self, name: str) -> list[tuple[int, int]]:
        """Return (time, known) of every row of a table, whoever's it is."""
        events = []
        for row in self.tables[name]:
            times = [in_seconds(name, column, row) for column in CONTRACT[name].row_known_at]
            time = next((time for time in times if time is not None), None)
            if time is not None:
                events.append((time, max(time, row["row_known"])))
        return events

    def _open(self, name: str, hear: Hear) -> None:
        table = CONTRACT[name]
        facts: dict[str, list[Fact]] = defaultdict(list)
        for row in self.tables[name]:
            fact = fact_of(name, row)
            add_hours(name, fact)
            if name in HEARD:
                add_signals(name, fact, hear)
            facts[row["account_id"]].append(fact)
        if name == "messages":
            for theirs in facts.values():
                add_answers(theirs)
        missing = {column.name for column in table.columns} - self.present[name]
        for derived_name, (_, until) in HOURS.get(name, {}).items():
            missing |= {derived_name} if until in missing else set()
        if name == "usage" and "actions" in missing:
            missing |= {"weekday_actions"}
        if HEARD.get(name) in missing:
            missing |= set(SIGNALS)
        self.sources[name], self.missing[name] = facts, missing

    def _open_priorities(self) -> None:
        """A ticket's stints: the priority exported, then each change, until the next."""
        with_values = "value" in self.present.get("ticket_events", ())
        changes = defaultdict(list)
        for events in self.sources.get("ticket_events", {}).values():
            for event in events:
                if with_values and event.values["kind"] == "priority":
                    told = event.values["value"]
                    since = [event.values["occurred_at"], event.row_known]
                    since += [event.known.get("kind"), event.known.get("value")]
                    if None not in since:
                        change = (max(since), told or "", told and told.upper())
                        changes[event.values["ticket_id"]].append(change)
        stints: dict[str, list[Fact]] = defaultdict(list)
        for account, tickets in self.sources["tickets"].items():
            for ticket in tickets:
                moments = list(changes[ticket.values["ticket_id"]])
                exported, since = ticket.values["priority"], ticket.known["priority"]
                if exported is not None and since is not None:
                    start = max(ticket.values["opened_at"], ticket.row_known, since)
                    moments.append((start, "", exported))
                moments.sort(key=lambda moment: moment[:2])
                for number, (start, _, priority) in enumerate(moments):
                    following = [time for time, _, _ in moments[number + 1 :]]
                    values = {
                        **ticket.values,
                        "from_time": start,
                        "until_time": min(following, default=None),
                        "priority": priority,
                    }
                    known = {"resolved_at": ticket.known["resolved_at"]}
                    stints[account].append(Fact(values, known, ticket.row_known, ""))
        self.sources["priorities"] = stints
        self.missing["priorities"] = self.missing["tickets"] & {"priority", "resolved_at"}


def rows_of(tables: Tables, name: str) -> list[Row]:
    """Return a typed table as dicts; whatever stands for *nothing* is None."""
    whole = {c.name for c in CONTRACT[name].columns if c.kind in ("time", "date", "integer")}

    def plain(column: str, value: Any) -> Any:
        if value is None or value != value or str(value) in ("<NA>", "NaT"):
            return None
        return int(value) if column in whole or column.startswith("known__") else value

    records = tables.frame(name).to_dict("records")
    return [{str(k): plain(str(k), value) for k, value in row.items()} for row in records]


def in_seconds(table: str, column: str, row: Row) -> Any:
    """Return a value as features see it: dates as seconds, flags as 0 or 1."""
    value, spec = row[column], CONTRACT[table].by_name.get(column)
    if value is None or spec is None:
        return value
    if spec.kind == "date":
        return value * DAY
    return int(value) if spec.kind == "flag" else value


def fact_of(table: str, row: Row) -> Fact:
    """Return a row with from when each of its values is known."""
    contract, known = CONTRACT[table], {}
    values = {name: in_seconds(table, name, row) for name in row if not name.startswith("known__")}
    for name, column in contract.by_name.items():
        if f"known__{name}" in row:
            known[name] = row[f"known__{name}"]
        elif column.known_at:
            known[name] = values[column.known_at]
        else:
            known[name] = row["row_known"]
    key = "|".join("" if row[name] is None else str(row[name]) for name in contract.key)
    return Fact(values, known, int(row["row_known"]), key)


def add_hours(table: str, fact: Fact) -> None:
    """Add how many hours something took, known once its end is; and the actions of workdays."""
    for name, (since, until) in HOURS.get(table, {}).items():
        begin, end = fact.values[since], fact.values[until]
        fact.values[name] = None if begin is None or end is None else (end - begin) / HOUR
        fact.known[name] = fact.known[until]
    if table == "usage":
        # Day 0 was a Thursday, so days 2 and 3 were the first weekend.
        weekend = (fact.values["date"] // DAY) % 7 in (2, 3)
        fact.values["weekday_actions"] = None if weekend else fact.values["actions"]
        fact.known["weekday_actions"] = fact.known["actions"]


def add_signals(table: str, fact: Fact, hear: Hear) -> None:
    """Add what a text was heard to say; of messages only what customers wrote."""
    text = fact.values[HEARD[table]]
    ours = table == "messages" and fact.values["direction"] != "inbound"
    said = hear(text) if text is not None and not ours else dict.fromkeys(SIGNALS)
    fact.values |= said
    fact.known |= dict.fromkeys(said, fact.known[HEARD[table]])


def add_answers(messages: list[Fact]) -> None:
    """Add to each message when we next wrote to the account; in the same second ours is after."""

    def order(message: Fact) -> tuple[int, bool, str]:
        is_ours = message.values["direction"] == "outbound"
        return message.values["sent_at"], is_ours, message.key

    for message in messages:
        ours = [
            other.row_known
            for other in messages
            if other.values["direction"] == "outbound" and order(other) >= order(message)
        ]
        message.values["answered_at"] = min(ours, default=None)
        message.known["answered_at"] = message.values["answered_at"]


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
    """Return the weekly change by least squares over the sums of weeks, as a share of their mean."""
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


def derived(feature: Feature, values: Mapping[str, float | None]) -> float | None:
    """Return a feature made of others."""
    parts = [values[name] for name in feature.parts]
    if feature.verb == "first_of":
        return next((part for part in parts if part is not None), None)
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
