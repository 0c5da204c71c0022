"""Large Parquet files stay where they are: what is checked once need not be copied.

Copying compresses every value anew, which takes several times as long as judging it. It is done
all the same where a single row is refused or merged, for rows are taken out of a copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from risk_model.errors import DataRefused
from risk_model.tables import csv_files
from risk_model.tables.quoting import identifier
from risk_model.tables.raw import RawTable
from risk_model.tables.single import count
from risk_model.tables.staging import doubtful, staging_select, typed_select

FROM_ROWS = 5_000_000
"""Rows from which it pays: a smaller file is copied in a second, and may change after that."""
TABLES = frozenset({"usage"})
"""Tables that are read a few times only, that nothing is added to, and whose key is a day."""


@dataclass(frozen=True)
class Stamp:
    """A file that is read where it lies, and how it was when it was checked."""

    path: Path
    place: str
    state: tuple[int, ...]

    @classmethod
    def of(cls, path: Path, place: str) -> Stamp:
        """Return the stamp of a file as it is now."""
        return cls(path, place, _state(path))

    def ensure_unchanged(self) -> None:
        """Raise DataRefused where the file is not what was checked."""
        if _state(self.path) != self.state:
            raise DataRefused(
                f"{self.place}: the file changed while it was being read, so what was computed "
                "from it is of no use. Run again when it is written to its end."
            )


def _state(path: Path) -> tuple[int, ...]:
    try:
        now = path.stat()
    except OSError:
        return ()
    return (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns)


def viewed(connection: duckdb.DuckDBPyConnection, raw: RawTable) -> Stamp | None:
    """Make the typed table of ``raw`` a view of its file where all its rows are kept; else None.

    Raises DataRefused where the file cannot be read at all.
    """
    name = raw.table.name
    if raw.parquet is None or name not in TABLES or doubtful(raw):
        return None
    stamp = Stamp.of(raw.parquet, raw.place)
    try:
        if count(connection, raw.relation) < FROM_ROWS or _has_wrong_rows(connection, raw):
            return None
        view = f"CREATE VIEW {identifier(name)} AS {typed_select(raw, raw.relation)}"
        connection.execute(view)
    except duckdb.Error as error:
        raise csv_files.unreadable(raw.place, error) from error
    return stamp


def _has_wrong_rows(connection: duckdb.DuckDBPyConnection, raw: RawTable) -> bool:
    """Say whether a row has to be refused or merged: a wrong cell, a stranger, a repeated key."""
    typed = f"({typed_select(raw, raw.relation)})"
    stranger = f"{typed} AS s ANTI JOIN accounts AS p ON s.account_id = p.account_id"
    problems = f"({staging_select(raw, raw.relation)}) WHERE problems IS NOT NULL"
    return bool(
        count(connection, problems)
        or count(connection, stranger)
        or count(connection, _repeated_days(typed))
    )


def _repeated_days(typed: str) -> str:
    """Return SQL of the rows, one at least, if an account stands there twice on one day.

    Then some 64 days of it are fewer different ones than rows: a fifth of what sorting keys takes.
    """
    days = "bit_count(bit_or(1::UBIGINT << (date & 63)))"
    again = f"GROUP BY account_id, date >> 6 HAVING count(*) <> {days}"
    return f"(SELECT 1 FROM {typed} {again})"  # noqa: S608 - quoted by staging.py
