"""Finding the tables in a folder or in a DuckDB file: by their names, or where a mapping says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from risk_model.documents import did_you_mean
from risk_model.errors import DataRefused
from risk_model.tables.contract import CONTRACT
from risk_model.tables.csv_files import said_by
from risk_model.tables.files import Found, add_file, add_relation, ending_of, fingerprint
from risk_model.tables.from_postgres import add_served, named
from risk_model.tables.mapping import SourcesMapping
from risk_model.tables.postgres import Database
from risk_model.tables.quoting import identifier, literal
from risk_model.tables.raw import Layout
from risk_model.tables.resources import EngineConfig
from risk_model.tables.signatures import not_readable
from risk_model.tables.views import run_view, workshop

OTHER_FORMS: tuple[str, ...] = (
    ".xlsx",
    ".xls",
    ".ods",
    ".tsv",
    ".tab",
    ".txt",
    ".json",
    ".jsonl",
    ".ndjson",
)
OTHER_FORMS += (".zip", ".bz2", ".zst", ".xz", ".7z", ".avro", ".orc", ".feather", ".arrow")


def from_folder(connection: duckdb.DuckDBPyConnection, folder: Path) -> Found:
    """Find the tables of a folder by their files' names, whatever their case."""
    found = Found(folder.name or str(folder))
    files = _files_by_stem(folder)
    for stem, paths in files.items():
        if stem not in CONTRACT:
            found.notices.append(
                f"{paths[0].name}: left alone, as the contract has no such table."
                f"{did_you_mean(stem, CONTRACT)}"
            )
        elif len(paths) > 1:
            found.named.add(stem)
            names = " and ".join(path.name for path in paths)
            found.mistakes.append(f"{names}: one table in two files; leave one of them.")
        else:
            add_file(connection, found, CONTRACT[stem], paths[0], Layout())
    found.mistakes += _in_other_forms(folder, files)
    used = [path for stem, paths in files.items() if stem in CONTRACT for path in paths]
    found.fingerprint = fingerprint(used)
    return found


def _files_by_stem(folder: Path) -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        ending = ending_of(path)
        if ending and not path.name.startswith("."):
            files.setdefault(path.name[: -len(ending)].strip().lower(), []).append(path)
    return files


def _in_other_forms(folder: Path, files: Mapping[str, list[Path]]) -> list[str]:
    """Name the tables that are there in a form that is not read, and in no other one."""
    return [
        f"{path.name}: only .csv, .csv.gz and .parquet are read; export it as one of them."
        for path in sorted(folder.iterdir())
        if (stem := path.name.split(".")[0].strip().lower()) in CONTRACT
        and stem not in files
        and path.suffix.lower() in OTHER_FORMS
    ]


def from_database(connection: duckdb.DuckDBPyConnection, path: Path) -> Found:
    """Find the tables of a DuckDB file by their names; it is opened for reading only."""
    found = Found(path.name, fingerprint=fingerprint([path]))
    for name, places in _tables_by_name(connection, path, found).items():
        if name in CONTRACT and len(places) > 1:
            found.named.add(name)
            found.mistakes.append(f"{path.name}: table '{name}' is there twice; leave one of them.")
        elif name in CONTRACT:
            place = f"{path.name}:{name}"
            add_relation(connection, found, CONTRACT[name], places[0], place, Layout())
    return found


def _tables_by_name(
    connection: duckdb.DuckDBPyConnection, path: Path, found: Found
) -> dict[str, list[str]]:
    """Attach a DuckDB file and return where each of its tables is, by name in lower case."""
    try:
        connection.execute(f"ATTACH {literal(str(path))} AS given (READ_ONLY)")
    except duckdb.Error as error:
        raise DataRefused(f"{path.name}: {_no_database(path, error)}") from error
    found.afterwards.append("DETACH given")
    rows = connection.execute(
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_catalog = 'given' ORDER BY ALL"
    ).fetchall()
    by_name: dict[str, list[str]] = {}
    for schema, name in rows:
        place = f"given.{identifier(schema)}.{identifier(name)}"
        by_name.setdefault(str(name).lower(), []).append(place)
    return by_name


def _no_database(path: Path, error: duckdb.Error) -> str:
    """Say in a sentence why a file can't be opened as a DuckDB file, with the remedy."""
    wrong = not_readable(path)
    if wrong:
        return wrong
    if ending_of(path):
        return f"one table, not the folder of all. Give the folder: {path.parent.name or '.'}"
    if "lock" in str(error):
        return "another process has it open for writing. Close it there, or give a copy."
    if path.stat().st_size == 0:
        return "the file is empty (0 bytes)."
    return f"neither a folder nor a DuckDB file ({said_by(error)})."


def from_mapping(
    connection: duckdb.DuckDBPyConnection,
    data: Path | None,
    mapping: SourcesMapping,
    database: Database | None,
    config: EngineConfig,
) -> Found:
    """Find the tables where a mapping says that they are: in files, a DuckDB file, a database.

    ``data`` is the folder or the DuckDB file, None where all tables are in ``database``.
    """
    found = Found(_place_of(data, database), named=set(mapping.tables))
    used = [mapping.path]
    if data is not None and data.is_dir():
        used += _mapped_files(connection, data, mapping, found)
    elif data is not None:
        used.append(data)
        _mapped_tables(connection, data, mapping, found)
    if database is not None:
        _mapped_relations(connection, data, mapping, database, found)
    views = [name for name, mapped in mapping.tables.items() if mapped.sql]
    used += [mapping.folder / str(mapping.tables[name].sql) for name in views]
    if views:
        with workshop(mapping, data, found, database, config) as closed:
            for name in views if not found.mistakes else ():
                _add_view(connection, closed, mapping, name, found)
    found.fingerprint = fingerprint([path for path in used if path.is_file()])
    return found


def _place_of(data: Path | None, database: Database | None) -> str:
    if data is not None:
        return data.name or str(data)
    return database.name if database is not None else ""


def _mapped_files(
    connection: duckdb.DuckDBPyConnection, data: Path, mapping: SourcesMapping, found: Found
) -> list[Path]:
    used = [data / given.file for given in mapping.inputs.values() if given.file is not None]
    for name, mapped in mapping.tables.items():
        if mapped.table is not None and mapping.database is None:
            at = mapping.where("tables", name, "table")
            found.mistakes.append(f"{at}: {data.name} is a folder; say which `file:` it is.")
        if mapped.file is None:
            continue
        path, at = data / mapped.file, mapping.where("tables", name, "file")
        if not path.exists() and not path.is_symlink():
            near = did_you_mean(mapped.file, [other.name for other in data.iterdir()])
            found.mistakes.append(f"{at}: no file '{mapped.file}' in {data.name}.{near}")
        elif ending_of(path) is None:
            found.mistakes.append(f"{at}: '{mapped.file}' is no .csv, .csv.gz or .parquet file.")
        else:
            used.append(path)
            layout = mapping.layout(name)
            reading = (mapped.encoding, mapped.delimiter)
            add_file(connection, found, CONTRACT[name], path, layout, *reading)
    found.notices += [
        f"{path.name}: not read, as {mapping.path.name} does not name it."
        for stem, paths in _files_by_stem(data).items()
        for path in paths
        if stem in CONTRACT and path not in used
    ]
    return used


def _mapped_tables(
    connection: duckdb.DuckDBPyConnection, data: Path, mapping: SourcesMapping, found: Found
) -> None:
    places = _tables_by_name(connection, data, found)
    for name, mapped in mapping.tables.items():
        if mapped.file is not None:
            at = mapping.where("tables", name, "file")
            found.mistakes.append(f"{at}: {data.name} is a database; say which `table:` it is.")
        if mapped.table is None:
            continue
        where = places.get(mapped.table.lower(), [])
        if len(where) == 1:
            place = f"{data.name}:{mapped.table}"
            add_relation(connection, found, CONTRACT[name], where[0], place, mapping.layout(name))
        elif not found.mistakes or places:
            at = mapping.where("tables", name, "table")
            what = (
                "is there twice" if where else f"is not there.{did_you_mean(mapped.table, places)}"
            )
            found.mistakes.append(f"{at}: table '{mapped.table}' {what}")


def _mapped_relations(
    connection: duckdb.DuckDBPyConnection,
    data: Path | None,
    mapping: SourcesMapping,
    database: Database,
    found: Found,
) -> None:
    """Find the tables that are in PostgreSQL; a DuckDB file beside it keeps its own."""
    for name, mapped in mapping.tables.items():
        if mapped.file is not None and data is None:
            at = mapping.where("tables", name, "file")
            found.mistakes.append(f"{at}: {found.place} is a database; say which `table:` it is.")
        if mapped.table is None or (data is not None and not data.is_dir()):
            continue
        at = mapping.where("tables", name, "table")
        relation = named(database, mapped.table, at, found)
        if relation is not None:
            layout = mapping.layout(name)
            add_served(connection, found, CONTRACT[name], database, relation, layout)


def _add_view(
    connection: duckdb.DuckDBPyConnection,
    closed: duckdb.DuckDBPyConnection,
    mapping: SourcesMapping,
    name: str,
    found: Found,
) -> None:
    try:
        relation = run_view(closed, connection, mapping, name)
    except DataRefused as error:
        found.mistakes += error.reasons
        return
    found.afterwards.append(f"DROP TABLE {identifier(relation)}")
    place = str(mapping.tables[name].sql)
    layout = mapping.layout(name)
    add_relation(connection, found, CONTRACT[name], identifier(relation), place, layout)
