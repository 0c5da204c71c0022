"""The contract's tables without a single row: what an engine can be asked about without data."""

from __future__ import annotations

import duckdb

from risk_model.tables.checking import prepare
from risk_model.tables.contract import CONTRACT, Table
from risk_model.tables.opened import Tables
from risk_model.tables.quoting import identifier
from risk_model.tables.report import Report
from risk_model.tables.staging import SQL_TYPES


def blank_tables() -> Tables:
    """Return every table of the contract with all of its columns, typed as if it had been read."""
    connection = duckdb.connect()
    prepare(connection)
    for table in CONTRACT.values():
        connection.execute(f"CREATE TABLE {identifier(table.name)} ({_columns(table)})")
    present = {table.name: frozenset(table.by_name) for table in CONTRACT.values()}
    return Tables(connection, present, Report({}), "")


def _columns(table: Table) -> str:
    types = {column.name: SQL_TYPES[column.kind] for column in table.columns}
    types["row_known"] = "BIGINT"
    if table.name == "ticket_events":
        types["account_id"] = "VARCHAR"
    return ", ".join(f"{identifier(name)} {kind}" for name, kind in types.items())
