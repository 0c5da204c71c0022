"""A copy of the tables as they stood on an earlier day: what property tests compare with."""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

import duckdb

from risk_model.tables.checking import prepare
from risk_model.tables.contract import CONTRACT, Table
from risk_model.tables.opened import Tables
from risk_model.tables.quoting import identifier
from risk_model.tables.staging import KNOWN
from risk_model.timeline import DAY


def cut(tables: Tables, as_of: int) -> Tables:
    """Return ``tables`` as of day number ``as_of`` 00:00 UTC, in an engine of its own."""
    connection = duckdb.connect()
    prepare(connection)
    for name in tables.present:
        columns = [row[0] for row in tables.connection.execute(f"DESCRIBE {name}").fetchall()]
        kept = ", ".join(_as_known(CONTRACT[name], column, columns, as_of) for column in columns)
        arrow = tables.connection.sql(
            f"SELECT {kept} FROM {identifier(name)} WHERE row_known < {as_of * DAY}"
        ).to_arrow_table()
        connection.register("incoming", arrow)
        connection.execute(f"CREATE TABLE {identifier(name)} AS SELECT * FROM incoming")
        connection.unregister("incoming")
    fingerprint = f"{tables.fingerprint}@{as_of}"
    return Tables(connection, tables.present, tables.report, fingerprint)


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
