"""Views in plain SQL: exports of another shape made into tables, in an engine shut off from all.

Each view is one SELECT. It sees the files named under ``inputs`` (every column as text), or the
tables of the DuckDB file, and nothing more: no file, no network, no setting can be reached from it.
"""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from risk_model.errors import DataRefused
from risk_model.tables import csv_files
from risk_model.tables.files import Found, described, ending_of
from risk_model.tables.from_postgres import load_served, named
from risk_model.tables.mapping import Input, SourcesMapping
from risk_model.tables.postgres import Database
from risk_model.tables.quiet import keep_quiet
from risk_model.tables.quoting import identifier, literal
from risk_model.tables.resources import EngineConfig, too_little
from risk_model.tables.signatures import not_readable


@contextmanager
def workshop(
    mapping: SourcesMapping,
    data: Path | None,
    found: Found,
    database: Database | None,
    config: EngineConfig,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an engine that holds the inputs of the views, shut off from everything outside."""
    connection = duckdb.connect(config=dict(config))
    try:
        connection.execute("SET TimeZone = 'UTC'")
        keep_quiet(connection)
        if data is not None and not data.is_dir():
            _see_database(connection, data)
        for name in mapping.inputs:
            try:
                _load_input(connection, mapping, name, data, database, found)
            except DataRefused as error:
                found.mistakes += error.reasons
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection
    finally:
        connection.close()


def _load_input(
    connection: duckdb.DuckDBPyConnection,
    mapping: SourcesMapping,
    name: str,
    data: Path | None,
    database: Database | None,
    found: Found,
) -> None:
    """Load one input, a file of the folder or a table of the database; or note the mistake."""
    given, at = mapping.inputs[name], mapping.where("inputs", name)
    if given.table is not None:
        if database is None:
            found.mistakes.append(
                f"{at}: no database to find '{given.table}' in; give `database:`."
            )
        elif relation := named(database, given.table, at, found):
            load_served(connection, name, database, relation)
        return
    file = str(given.file)
    if data is None:
        found.mistakes.append(f"{at}: {found.place} is a database; write {{table: {file}}}.")
    elif not data.is_dir():
        return
    elif not (path := data / file).exists() and not path.is_symlink():
        found.mistakes.append(f"{at}: no file '{file}' in {data.name}.")
    elif ending_of(path) is None:
        found.mistakes.append(f"{at}: '{file}' is no .csv, .csv.gz or .parquet file.")
    else:
        _load_file(connection, name, path, given, found)


def _load_file(
    connection: duckdb.DuckDBPyConnection, name: str, path: Path, given: Input, found: Found
) -> None:
    create = f"CREATE TABLE {identifier(name)} AS SELECT"
    wrong = not_readable(path)
    if wrong:
        raise DataRefused(f"{path.name}: {wrong}")
    if ending_of(path) == ".parquet":
        relation = f"read_parquet({literal(str(path))})"
        described(connection, relation, path.name)
        connection.execute(f"{create} CAST(COLUMNS(*) AS VARCHAR) FROM {relation}")
        return
    columns, shape, notices = csv_files.read_header(path, (), given.encoding, given.delimiter)
    found.notices += notices
    labels = [column.label.strip() or column.name for column in columns]
    twice = {label for label in labels if labels.count(label) > 1}
    if twice:
        raise DataRefused(f"{path.name}: column '{min(twice)}' stands there twice.")
    named = ", ".join(
        f"{identifier(column.name)} AS {identifier(label)}"
        for column, label in zip(columns, labels, strict=True)
    )
    statement = f"{create} {named} FROM {csv_files.READER}"
    rejected = csv_files.load(connection, statement, shape, path.name, found.notices)
    if rejected:
        lines = ", ".join(str(row.line) for row in rejected[:5])
        more = ", …" if len(rejected) > 5 else ""
        found.notices.append(
            f"{path.name}: {len(rejected)} lines cannot be read and no view sees them: "
            f"lines {lines}{more}."
        )


def _see_database(connection: duckdb.DuckDBPyConnection, data: Path) -> None:
    connection.execute(f"ATTACH {literal(str(data))} AS given (READ_ONLY)")
    rows = connection.execute(
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_catalog = 'given' ORDER BY ALL"
    ).fetchall()
    for schema, name in rows:
        connection.execute(
            f"CREATE VIEW IF NOT EXISTS {identifier(name)} AS "
            f"SELECT * FROM given.{identifier(schema)}.{identifier(name)}"
        )


def run_view(
    closed: duckdb.DuckDBPyConnection,
    connection: duckdb.DuckDBPyConnection,
    mapping: SourcesMapping,
    name: str,
) -> str:
    """Run the view of a table in ``closed`` and leave its rows in ``connection``; return where.

    Raises DataRefused with the file and the engine's message.
    """
    file = mapping.tables[name].sql or ""
    try:
        text = (mapping.folder / file).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise DataRefused(f"{file}: is not UTF-8. Save it as UTF-8.") from None
    relation = f"view_{name}"
    try:
        statements = closed.extract_statements(text)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise DataRefused(f"{file}: one single SELECT is expected, nothing else.")
        reader = closed.sql(text).to_arrow_reader()
        connection.register("rows_of_view", reader)
        # in one order whatever the engine's threads did, so that a row's number means something
        connection.execute(
            f"CREATE TABLE {identifier(relation)} AS SELECT * FROM rows_of_view ORDER BY ALL"
        )
        connection.unregister("rows_of_view")
    except duckdb.Error as error:
        if too_little(error):
            raise
        raise DataRefused(f"{file}: {_told(error)}") from None
    return relation


def _told(error: duckdb.Error) -> str:
    """Return the engine's message; without the cell where one is to blame, for a customer's words
    belong in no log."""
    said = " ".join(line.strip() for line in str(error).splitlines() if line.strip(" ^"))
    if not isinstance(error, duckdb.DataError | duckdb.InvalidInputException):
        return said
    kind = said.partition(":")[0]
    return f"{kind}: a cell is not what the SELECT makes of it. TRY_CAST leaves such cells empty."
