"""Which numbers stand twice in a column that may be larger than memory."""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

import duckdb
import numpy as np
from numpy.typing import NDArray

from risk_model.tables.single import single

AT_ONCE = 32_000_000
"""Numbers that are sorted at once: a quarter of a gigabyte."""


def repeated(
    connection: duckdb.DuckDBPyConnection, number: str, relation: str
) -> NDArray[np.uint64]:
    """Return each whole number from 0 (SQL ``number``) that several rows of a relation have.

    Sorting them takes a quarter of the time that grouping takes, and memory for one part of them:
    equal numbers are in the same part.
    """
    rows = int(single(connection, f"SELECT count(*) FROM {relation}")[0])
    parts = max(1, -(-rows // AT_ONCE))
    found = [_twice(_part(connection, number, relation, part, parts)) for part in range(parts)]
    return np.concatenate(found)


def _part(
    connection: duckdb.DuckDBPyConnection, number: str, relation: str, part: int, parts: int
) -> NDArray[np.uint64]:
    mine = f" WHERE n % {parts} = {part}" if parts > 1 else ""
    query = f"SELECT n FROM (SELECT {number} AS n FROM {relation}){mine}"
    table = connection.sql(query).to_arrow_table()
    return np.array(table["n"].to_numpy(), dtype=np.uint64)


def _twice(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    numbers.sort()
    return np.unique(numbers[1:][numbers[1:] == numbers[:-1]])
