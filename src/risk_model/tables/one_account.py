"""One account with a row a day in every table: what an engine can be asked about without data."""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

import duckdb

from risk_model.tables.checking import prepare
from risk_model.tables.contract import CONTRACT, Table
from risk_model.tables.opened import Tables
from risk_model.tables.quoting import identifier, literal
from risk_model.tables.report import Report
from risk_model.tables.staging import SQL_TYPES
from risk_model.timeline import DAY

ACCOUNT = "A"


def one_account(first: int, until: int) -> Tables:
    """Return every table and column of the contract, with a row a day from ``first`` to ``until``.

    So every window that lies in these days is measured. Only keys and the times at which rows
    are known are filled.
    """
    connection = duckdb.connect()
    prepare(connection)
    for table in CONTRACT.values():
        cells = ", ".join(
            f"CAST({value} AS {kind}) AS {identifier(name)}"
            for name, (value, kind) in _cells(table).items()
        )
        connection.execute(
            f"CREATE TABLE {identifier(table.name)} AS "
            f"SELECT {cells} FROM range({first}, {until}) AS days(day)"
        )
    present = {table.name: frozenset(table.by_name) for table in CONTRACT.values()}
    return Tables(connection, present, Report({}), "")


def _cells(table: Table) -> dict[str, tuple[str, str]]:
    """Return SQL and type of each column, given the day number ``day``."""
    cells = {}
    for column in table.columns:
        value = "NULL"
        if column.name == "account_id":
            value = literal(ACCOUNT)
        elif column.kind == "key":
            value = "day"
        elif column.name in table.row_known_at and table.is_event:
            value = "day" if column.kind == "date" else f"day * {DAY}"
        cells[column.name] = (value, SQL_TYPES[column.kind])
    cells["row_known"] = (f"day * {DAY}", "BIGINT")
    if table.name == "ticket_events":
        cells["account_id"] = (literal(ACCOUNT), "VARCHAR")
    return cells
