"""Files and relations as raw tables, whoever asks for them: a folder, a mapping, a database."""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from risk_model.errors import DataRefused
from risk_model.tables import csv_files
from risk_model.tables.casting import RawColumn
from risk_model.tables.contract import Table
from risk_model.tables.quoting import literal
from risk_model.tables.raw import Layout, RawTable, match_columns
from risk_model.tables.signatures import no_parquet, not_readable

ENDINGS = (".csv.gz", ".csv", ".parquet")


@dataclass
class Found:
    """What was found: raw tables, mistakes and notices in words, and the input's fingerprint.

    ``named`` are the tables that were given at all, whether or not they can be read.
    ``afterwards`` are statements that clean up once the tables are typed.
    """

    place: str
    tables: list[RawTable] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    mistakes: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    fingerprint: str = ""
    afterwards: list[str] = field(default_factory=list)

    def add(self, raw: RawTable, mistakes: Sequence[str]) -> None:
        """Take a table in, or what is wrong with it."""
        self.mistakes += mistakes
        if not mistakes:
            self.tables.append(raw)


def ending_of(path: Path) -> str | None:
    """Return the ending of a file that can be read as a table, else None."""
    return next((ending for ending in ENDINGS if path.name.lower().endswith(ending)), None)


def add_file(
    connection: duckdb.DuckDBPyConnection,
    found: Found,
    table: Table,
    path: Path,
    layout: Layout,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> None:
    """Add a CSV or Parquet file as a table."""
    found.named.add(table.name)
    wrong = not_readable(path)
    if wrong is None and ending_of(path) == ".parquet":
        wrong = no_parquet(path)
    if wrong:
        found.mistakes.append(f"{path.name}: {wrong}")
        return
    if ending_of(path) == ".parquet":
        relation = f"read_parquet({literal(str(path))})"
        add_relation(connection, found, table, relation, path.name, layout, path)
        return
    wanted = set((layout.columns or {name: name for name in table.by_name}).values())
    try:
        columns, shape, notices = csv_files.read_header(path, wanted, encoding, delimiter)
    except DataRefused as error:
        found.mistakes += error.reasons
        return
    found.notices += notices
    raw, mistakes = match_columns(table, path.name, columns, layout)
    found.add(replace(raw, csv=shape), mistakes)


def add_relation(
    connection: duckdb.DuckDBPyConnection,
    found: Found,
    table: Table,
    relation: str,
    place: str,
    layout: Layout,
    parquet: Path | None = None,
) -> None:
    """Add whatever the engine can select from as a table."""
    found.named.add(table.name)
    try:
        columns = described(connection, relation, place)
    except DataRefused as error:
        found.mistakes += error.reasons
        return
    raw, mistakes = match_columns(table, place, columns, layout)
    found.add(replace(raw, relation=relation, parquet=parquet), mistakes)


def described(connection: duckdb.DuckDBPyConnection, relation: str, place: str) -> list[RawColumn]:
    """Return the columns of a relation with the engine's types."""
    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    except duckdb.Error as error:
        raise csv_files.unreadable(place, error) from error
    return [RawColumn(str(row[0]), str(row[0]), str(row[1])) for row in rows]


def fingerprint(paths: Sequence[Path]) -> str:
    """Return the sha256 over the names and bytes of readable files, in the order of their names."""
    total = hashlib.sha256()
    readable = {path for path in paths if path.is_file() and not_readable(path) is None}
    for path in sorted(readable, key=lambda path: (path.name, str(path))):
        with path.open("rb") as file:
            part = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{path.name}\0{part}\n".encode())
    return total.hexdigest()
