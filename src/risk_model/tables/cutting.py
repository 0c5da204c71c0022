"""A copy of the tables as they stood on an earlier day, beside them in the same engine."""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

import itertools

from risk_model.tables.checking import prepare
from risk_model.tables.contract import CONTRACT, Table
from risk_model.tables.opened import Tables
from risk_model.tables.quoting import identifier
from risk_model.tables.staging import KNOWN
from risk_model.timeline import DAY

_numbers = itertools.count()


def cut(tables: Tables, as_of: int) -> Tables:
    """Return ``tables`` as of day number ``as_of`` 00:00 UTC.

    The copy is a database of its own in the same engine: it shares the engine's memory, and rows
    never leave it on their way.
    """
    row = tables.connection.execute("SELECT current_database()").fetchone()
    source = str(row[0]) if row else "memory"
    database = f"cut_{next(_numbers)}"
    connection = tables.connection.cursor()
    connection.execute(f"ATTACH ':memory:' AS {identifier(database)}")
    connection.execute(f"USE {identifier(database)}")
    prepare(connection)
    for name in tables.present:
        given = f"{identifier(source)}.main.{identifier(name)}"
        columns = [str(row[0]) for row in connection.execute(f"DESCRIBE {given}").fetchall()]
        kept = ", ".join(_as_known(CONTRACT[name], column, columns, as_of) for column in columns)
        connection.execute(
            f"CREATE TABLE {identifier(name)} AS "
            f"SELECT {kept} FROM {given} WHERE row_known < {as_of * DAY}"
        )
    fingerprint = f"{tables.fingerprint}@{as_of}"
    return Tables(connection, tables.present, tables.report, fingerprint, beside=source)


def _as_known(table: Table, column: str, columns: list[str], as_of: int) -> str:
    """Return the SQL of a column with what becomes known later taken out."""
    name = column.removeprefix(KNOWN)
    known = f"{KNOWN}{name}"
    if known not in columns:
        own = table.by_name.get(name)
        if own is None or own.known_at is None:
            return identifier(column)
        known = own.known_at
    test = f"{identifier(known)} < {as_of * DAY}"
    return f"CASE WHEN {test} THEN {identifier(column)} END AS {identifier(column)}"
