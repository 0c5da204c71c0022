"""From when a ticket's exported priority is known, where its events tell of changes.

An export holds a ticket's priority as it is today. Where the last change of a ticket set just that
value, it was known from that change on and not from the opening: a P1 that was raised on Friday
was none on Monday.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from risk_model.tables.staging import KNOWN

COLUMN = f"{KNOWN}priority"


def date_priorities(
    connection: duckdb.DuckDBPyConnection, present: Mapping[str, frozenset[str]]
) -> None:
    """Add ``known__priority`` to the tickets, unless the mapping has said it already."""
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


def _has_it_already(connection: duckdb.DuckDBPyConnection) -> bool:
    columns = connection.execute('DESCRIBE "tickets"').fetchall()
    return any(row[0] == COLUMN for row in columns)
