"""Tables of a PostgreSQL database as raw tables: found by name, streamed when they are checked."""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace

import duckdb

from risk_model.documents import did_you_mean
from risk_model.errors import DataRefused
from risk_model.tables.casting import RawColumn
from risk_model.tables.contract import CONTRACT, Table
from risk_model.tables.copying import batches
from risk_model.tables.files import Found
from risk_model.tables.postgres import Database, Relation
from risk_model.tables.quoting import identifier
from risk_model.tables.raw import Layout, match_columns
from risk_model.tables.resources import too_little

_numbers = itertools.count()


def from_postgres(connection: duckdb.DuckDBPyConnection, database: Database) -> Found:
    """Find the tables of a database by their names, whatever their case."""
    found = Found(database.name)
    for name, relations in database.by_name().items():
        if name in CONTRACT and len(relations) > 1:
            found.named.add(name)
            found.mistakes.append(f"{database.name}: table '{name}' is there twice; leave one.")
        elif name in CONTRACT:
            add_served(connection, found, CONTRACT[name], database, relations[0], Layout())
    return found


def named(database: Database, name: str, at: str, found: Found) -> Relation | None:
    """Return the table that a mapping names, with its schema or without; else note the mistake."""
    by_name = database.by_name()
    relations = by_name.get(name.lower(), [])
    if len(relations) == 1:
        return relations[0]
    what = "is there twice" if relations else f"is not there.{did_you_mean(name, by_name)}"
    found.mistakes.append(f"{at}: {database.name} table '{name}' {what}")
    return None


def add_served(
    connection: duckdb.DuckDBPyConnection,
    found: Found,
    table: Table,
    database: Database,
    relation: Relation,
    layout: Layout,
) -> None:
    """Add a table of the database; nothing but the columns that are used is asked for."""
    found.named.add(table.name)
    place = f"{database.name}:{relation.name}"
    raw, mistakes = match_columns(table, place, database.columns(relation), layout)
    if not mistakes:
        used = {c.name: c for c in (*raw.columns.values(), *raw.known_at.values())}
        used = {name: column for name, column in used.items() if column.constant is None}
        raw = replace(
            raw, relation=_served(connection, found, database, relation, list(used.values()))
        )
    found.add(raw, mistakes)


def load_served(
    closed: duckdb.DuckDBPyConnection,
    name: str,
    database: Database,
    relation: Relation,
) -> None:
    """Copy a table of the database into the engine of the views, every column as text."""
    columns = [replace(c, type="VARCHAR") for c in database.columns(relation)]
    served = _served(closed, Found(""), database, relation, columns)
    shown = ", ".join(f"{identifier(c.name)} AS {identifier(c.label)}" for c in columns)
    try:
        closed.execute(f"CREATE TABLE {identifier(name)} AS SELECT {shown} FROM {served}")
    except duckdb.Error as error:
        if database.failure is not None:
            raise database.failure from None
        if too_little(error):
            raise
        said = str(error).splitlines()[0]
        raise DataRefused(f"{database.name}:{relation.name}: cannot be read ({said}).") from error


def fingerprint(database: Database) -> str:
    """Return the sha256 over what was read of the database, table by table."""
    total = hashlib.sha256()
    for name, digest in sorted(database.digests.items()):
        total.update(f"{name}\0{digest}\n".encode())
    return total.hexdigest()


def _served(
    connection: duckdb.DuckDBPyConnection,
    found: Found,
    database: Database,
    relation: Relation,
    columns: list[RawColumn],
) -> str:
    """Hand the stream of a table to the engine; return what a SELECT reads FROM, once."""
    name = f"served_{next(_numbers)}"
    connection.register(name, batches(database, relation, columns))
    found.afterwards.append(f"DROP VIEW IF EXISTS {identifier(name)}")
    return f"(SELECT {', '.join(map(_as_typed, columns))} FROM {identifier(name)})"


def _as_typed(column: RawColumn) -> str:
    """Return a moment as the engine's; one that it cannot hold (BC) is a year to be refused."""
    ref = identifier(column.name)
    if column.type == "VARCHAR":
        return ref
    never = f"CASE WHEN {ref} IS NOT NULL THEN CAST('-infinity' AS {column.type}) END"
    return f"coalesce(TRY_CAST({ref} AS {column.type}), {never}) AS {ref}"
