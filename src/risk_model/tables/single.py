"""Statements that answer with one row, read to its end.

A result that is not read to its end keeps the connection busy: relations on it are refused.
"""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

from typing import Any

import duckdb


def single(connection: duckdb.DuckDBPyConnection, statement: str) -> tuple[Any, ...]:
    """Return the only row of a statement's answer."""
    (row,) = connection.execute(statement).fetchall()
    return tuple(row)


def count(connection: duckdb.DuckDBPyConnection, what: str) -> int:
    """Return the rows of what stands after a FROM."""
    return int(single(connection, f"SELECT count(*) FROM {what}")[0])
