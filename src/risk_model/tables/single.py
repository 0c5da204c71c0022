"""A statement that answers with one row, read to its end.

A result that is not read to its end keeps the connection busy: relations on it are refused.
"""

from __future__ import annotations

from typing import Any

import duckdb


def single(connection: duckdb.DuckDBPyConnection, statement: str) -> tuple[Any, ...]:
    """Return the only row of a statement's answer."""
    (row,) = connection.execute(statement).fetchall()
    return tuple(row)
