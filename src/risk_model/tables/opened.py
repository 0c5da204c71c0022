"""The tables once they are open: typed, checked, in one engine."""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd

from risk_model.tables import run_folder
from risk_model.tables.checking import LOST, REFUSED
from risk_model.tables.in_place import Stamp
from risk_model.tables.quoting import identifier
from risk_model.tables.report import Report


@dataclass
class Tables:
    """One typed table per table that was given, in ``connection`` under the contract's names.

    Every typed table has all columns of the contract (NULL where the export had none): keys, texts
    and categories VARCHAR, numbers DOUBLE, integers BIGINT, flags BOOLEAN, times BIGINT (epoch
    seconds UTC), dates INTEGER (day number since 1970-01-01), and ``row_known`` BIGINT, the epoch
    second from which the row is known. ``known__<column>`` is there where the mapping says *known
    at* for that column; NULL means never. ``ticket_events`` has its ticket's ``account_id`` too.
    ``present`` tells which columns the export really had. ``spill`` is the folder for what does not
    fit into memory; ``beside`` is set for a copy: the database of the engine that it lies beside.
    ``stamps`` are of the files that are read where they lie: ``unmoved`` watches over them.
    """

    connection: duckdb.DuckDBPyConnection
    present: Mapping[str, frozenset[str]]
    report: Report
    fingerprint: str
    spill: Path | None = field(default=None, repr=False)
    beside: str | None = field(default=None, repr=False)
    stamps: tuple[Stamp, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """See to it that what was spilled is gone even where nobody closes the tables."""
        gone = partial(run_folder.end, self.spill) if self.spill else _nothing
        self._clean_up = weakref.finalize(self, gone)

    def frame(self, name: str, *columns: str) -> pd.DataFrame:
        """Return a typed table as a pandas frame: the columns named, else all."""
        chosen = ", ".join(map(identifier, columns)) or "*"
        with self.unmoved():
            return self.connection.execute(f"SELECT {chosen} FROM {identifier(name)}").df()

    @contextmanager
    def unmoved(self) -> Iterator[None]:
        """Read tables, and see to it that they are still what was checked.

        Raises DataRefused where a file that is read where it lies has changed meanwhile.
        """
        try:
            yield
        except duckdb.Error:
            self.ensure_unchanged()
            raise
        self.ensure_unchanged()

    def ensure_unchanged(self) -> None:
        """Raise DataRefused where a file that is read where it lies is not what was checked."""
        for stamp in self.stamps:
            stamp.ensure_unchanged()

    def cut(self, as_of: int) -> Tables:
        """Return a copy as it stood at day number ``as_of`` 00:00 UTC.

        Rows not known by then are gone, values known later are NULL. Columns stay present.
        """
        from risk_model.tables.cutting import cut

        return cut(self, as_of)

    def refused(self) -> pd.DataFrame:
        """Return the refused rows: table, line, reason, column, value (60 characters at most).

        ``line`` is the line of a CSV file, else the row's number from 1. A row with two reasons
        stands there twice.
        """
        return self.connection.execute(
            'SELECT table_name AS "table", line, reason, column_name AS "column", value '
            f"FROM {REFUSED} ORDER BY table_name, line, column_name, reason"
        ).df()

    def lost_accounts(self) -> set[str]:
        """Return the ids of accounts of which every row is refused, as far as they could be read.

        Of an earlier day's copy there are none.
        """
        if self.beside is not None:
            return set()
        rows = self.connection.execute(f"SELECT account_id FROM {LOST}").fetchall()
        return {str(row[0]) for row in rows}

    def close(self) -> None:
        """Let go of the engine and of what it spilled to disk."""
        if self.beside is not None:
            here = self.connection.execute("SELECT current_database()").fetchall()
            self.connection.execute(f"USE {identifier(self.beside)}")
            self.connection.execute(f"DETACH {identifier(str(here[0][0]))}")
        self.connection.close()
        self._clean_up()

    def __enter__(self) -> Tables:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _nothing() -> None:
    """Clean up nothing."""
