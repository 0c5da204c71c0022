"""From when a ticket's exported priority is known, where its events tell of changes.

An export holds a ticket's priority as it is today. Where the last change of a ticket set just that
value, it was known from that change on and not from the opening: a P1 that was raised on Friday
was none on Monday.

What a ticket is today hides what it was: one that is raised or lowered tomorrow has the same past.
So it is told besides from when it had each priority for the first time, which nothing that comes
later changes. Where the log tells of changes only, what a ticket was before the first of them is
lost with that change: until then it belongs to no priority.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from risk_model.tables.staging import KNOWN

COLUMN = f"{KNOWN}priority"
PRIORITIES = ("P1", "P2", "P3", "P4")
FIRST = {priority: f"{COLUMN}_{priority}" for priority in PRIORITIES}
"""The columns of the tickets that say from when a ticket had a priority for the first time."""
LEFT = {priority: f"{FIRST[priority]}_left" for priority in PRIORITIES}
"""The columns that say when it then got another one."""
OF_PRIORITIES = frozenset({*FIRST.values(), *LEFT.values()})


def date_priorities(
    connection: duckdb.DuckDBPyConnection, present: Mapping[str, frozenset[str]]
) -> None:
    """Add ``known__priority`` and FIRST to the tickets, unless the mapping has said it already."""
    needed = "priority" in present.get("tickets", ()) and "value" in present.get(
        "ticket_events", ()
    )
    if not needed or _has_it_already(connection):
        return
    connection.execute(f'ALTER TABLE "tickets" ADD COLUMN "{COLUMN}" BIGINT')
    connection.execute(f'UPDATE "tickets" SET "{COLUMN}" = row_known')  # noqa: S608
    connection.execute(
        f"""
        UPDATE "tickets" SET "{COLUMN}" = last.known
        FROM (
            SELECT ticket_id,
                   max_by(upper(trim("value")), (occurred_at, "value")) AS priority,
                   max_by(row_known, (occurred_at, "value")) AS known
            FROM "ticket_events"
            WHERE kind = 'priority'
            GROUP BY ticket_id
        ) AS last
        WHERE last.ticket_id = "tickets".ticket_id
          AND last.priority = "tickets".priority
          AND last.known > "tickets".row_known
        """  # noqa: S608
    )

    _date_first(connection)


def _date_first(connection: duckdb.DuckDBPyConnection) -> None:
    """Add FIRST and LEFT; what is exported and in no event is what a ticket was opened with."""
    columns = (*FIRST.values(), *LEFT.values())
    for column in columns:
        connection.execute(f'ALTER TABLE "tickets" ADD COLUMN "{column}" BIGINT')
    opened = (f"\"{FIRST[p]}\" = CASE WHEN priority = '{p}' THEN row_known END" for p in PRIORITIES)
    connection.execute(f'UPDATE "tickets" SET {", ".join(opened)}')  # noqa: S608
    firsts = (
        f"""coalesce(min(greatest(told, row_known)) FILTER (said = '{p}'),
                     any_value("{FIRST[p]}")) AS "{FIRST[p]}\""""
        for p in PRIORITIES
    )
    ends = (
        f"""min(told) FILTER (said <> '{p}' AND told > "{FIRST[p]}") AS "{LEFT[p]}\""""
        for p in PRIORITIES
    )
    known = (f'"{column}" = known."{column}"' for column in columns)
    connection.execute(
        f"""
        WITH said AS (
            SELECT ticket_id, upper(trim("value")) AS said, row_known AS told
            FROM "ticket_events" WHERE kind = 'priority' AND "value" IS NOT NULL
        ), firsts AS (
            SELECT ticket_id, {", ".join(firsts)}
            FROM "tickets" JOIN said USING (ticket_id) GROUP BY ticket_id
        ), ends AS (
            SELECT ticket_id, {", ".join(ends)}
            FROM firsts JOIN said USING (ticket_id) GROUP BY ticket_id
        )
        UPDATE "tickets" SET {", ".join(known)}
        FROM (FROM firsts JOIN ends USING (ticket_id)) AS known
        WHERE known.ticket_id = "tickets".ticket_id
        """  # noqa: S608
    )


def _has_it_already(connection: duckdb.DuckDBPyConnection) -> bool:
    columns = connection.execute('DESCRIBE "tickets"').fetchall()
    return any(row[0] == COLUMN for row in columns)
