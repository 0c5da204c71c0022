"""Rows that arrive late: how late, and the tables as they would stand had nothing been late."""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from risk_model.tables.contract import CONTRACT
from risk_model.tables.opened import Tables
from risk_model.tables.quoting import identifier
from risk_model.tables.single import single
from risk_model.tables.staging import KNOWN, SINCE_EVER, natural_time
from risk_model.timeline import DAY

LOOKED_BACK = 182
"""Days of which the rows tell how late they typically are: older ones were often imported once."""
_HINDSIGHT = "hindsight"


@dataclass(frozen=True)
class Lateness:
    """How many days after their own time a table's rows were recorded: half, nine in ten."""

    table: str
    rows: int
    late: int
    median_days: float
    ninety_days: float


def late_tables(tables: Tables) -> list[str]:
    """Return the tables of which some row was recorded after its own time."""
    return [name for name, report in tables.report.tables.items() if report.late]


def lateness(tables: Tables, as_of: int) -> list[Lateness]:
    """Return how late the rows of the last 26 weeks before day ``as_of`` arrived, table by table.

    Only rows known by then count, and only tables are named of which some row was late.
    """
    found = []
    for name in late_tables(tables):
        own = natural_time(CONTRACT[name])
        row = single(
            tables.connection,
            f"SELECT count(*), count(*) FILTER (late > 0), quantile_cont(late, 0.5), "
            f"quantile_cont(late, 0.9) FROM (SELECT (row_known - {own}) / {DAY} AS late "
            f"FROM {identifier(name)} WHERE row_known < {as_of * DAY} "
            f"AND {own} >= {(as_of - LOOKED_BACK) * DAY})",
        )
        if row and row[1]:
            found.append(Lateness(name, int(row[0]), int(row[1]), float(row[2]), float(row[3])))
    return found


@contextmanager
def hindsight(tables: Tables, as_of: int) -> Iterator[Tables]:
    """Open the tables with all that is known at ``as_of`` 00:00 UTC, as if no row had been late.

    Nothing is copied: late tables are seen through views on a connection of their own.
    """
    late = set(late_tables(tables))
    if late & {"tickets", "ticket_events"} and "ticket_events" in tables.present:
        late.add("ticket_events")
    tables.connection.execute(f"CREATE SCHEMA {_HINDSIGHT}")
    connection = tables.connection.cursor()
    try:
        for name in sorted(late):
            connection.execute(
                f"CREATE VIEW {_HINDSIGHT}.{name} AS {_in_time(tables, name, as_of)}"
            )
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET search_path = '{_HINDSIGHT},main'")
        yield replace(tables, connection=connection, spill=None)
    finally:
        connection.close()
        tables.connection.execute(f"DROP SCHEMA {_HINDSIGHT} CASCADE")


def _in_time(tables: Tables, name: str, as_of: int) -> str:
    """Return the SELECT of a table in which each row is known from its own time."""
    own = natural_time(CONTRACT[name])
    if name == "ticket_events":
        opened = natural_time(CONTRACT["tickets"])
        ticket = f"(SELECT {opened} FROM main.tickets AS t WHERE t.ticket_id = e.ticket_id)"
        own = f"greatest({own}, {ticket})"
    described = tables.connection.execute(f"DESCRIBE main.{identifier(name)}").fetchall()
    dated = [identifier(str(row[0])) for row in described if str(row[0]).startswith(KNOWN)]
    # a row without a time of its own is not late: it says since when it is known
    own = f"CASE WHEN {own} > {SINCE_EVER} THEN {own} ELSE row_known END"
    changed = [f"{own} AS row_known"]
    # what became known with the row would have been known with it
    changed += [f"CASE WHEN {c} = row_known THEN {own} ELSE {c} END AS {c}" for c in dated]
    return (
        f"SELECT * REPLACE ({', '.join(changed)}) FROM main.{identifier(name)} AS e "
        f"WHERE row_known < {as_of * DAY}"
    )
