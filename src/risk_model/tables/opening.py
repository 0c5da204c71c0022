"""Opening what a company hands over: a folder of files, a DuckDB file, or frames."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

import duckdb
import pandas as pd

from risk_model.errors import DataRefused, UsageError
from risk_model.tables.checking import check, prepare
from risk_model.tables.contract import CONTRACT, EVENT_TABLES
from risk_model.tables.files import Found
from risk_model.tables.finding import from_database, from_folder, from_mapping
from risk_model.tables.frames import from_frames
from risk_model.tables.mapping import load_mapping
from risk_model.tables.opened import Tables
from risk_model.tables.priorities import date_priorities
from risk_model.tables.raw import RawTable, listed
from risk_model.tables.report import Report, TableReport

SOURCES = "sources.yaml"


def open_tables(
    data: Path, sources: Path | None = None, *, memory_limit: str | None = None
) -> Tables:
    """Open a folder of NAME.csv, NAME.csv.gz or NAME.parquet, or a ``.duckdb`` file.

    ``sources`` is the mapping of a company's own exports; a ``sources.yaml`` in the folder is used
    where none is given. ``memory_limit`` as DuckDB takes it (``4GB``); beyond it spills to disk.

    Raises UsageError where there is nothing to open, ConfigError for mistakes in the mapping,
    DataRefused where going on would mislead, each with all reasons at once.
    """
    data = Path(data)
    if not data.exists():
        raise UsageError(f"{data}: no such folder or file.")
    if data.is_dir() and sources is None and (data / SOURCES).is_file():
        sources = data / SOURCES
    mapping = load_mapping(Path(sources)) if sources is not None else None
    connection, spill = _engine(memory_limit)
    try:
        if mapping is not None:
            memory = (memory_limit, str(spill)) if memory_limit is not None else None
            found = from_mapping(connection, data, mapping, memory)
        else:
            found = (from_folder if data.is_dir() else from_database)(connection, data)
        return _built(connection, found, spill)
    except BaseException:
        connection.close()
        if spill is not None:
            shutil.rmtree(spill, ignore_errors=True)
        raise


def tables_from_frames(frames: Mapping[str, pd.DataFrame]) -> Tables:
    """Open pandas frames under the contract's names, with the same checks as files."""
    connection, spill = _engine(None)
    try:
        return _built(connection, from_frames(connection, frames), spill)
    except BaseException:
        connection.close()
        raise


def _engine(memory_limit: str | None) -> tuple[duckdb.DuckDBPyConnection, Path | None]:
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false"
    }
    spill = None
    if memory_limit is not None:
        spill = Path(tempfile.mkdtemp(prefix="risk-model-"))
        config |= {"memory_limit": memory_limit, "temp_directory": str(spill)}
    try:
        connection = duckdb.connect(config=config)
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        raise UsageError(f"memory limit '{memory_limit}': {said}") from error
    prepare(connection)
    return connection, spill


def _built(connection: duckdb.DuckDBPyConnection, found: Found, spill: Path | None) -> Tables:
    """Check every table in the contract's order (accounts first) and what they make together."""
    mistakes, notices = list(found.mistakes), list(found.notices)
    mistakes += _not_enough(found.named, found.place)
    reports: dict[str, TableReport] = {}
    if any(raw.table.name == "accounts" for raw in found.tables):
        order = list(CONTRACT)
        for raw in sorted(found.tables, key=lambda raw: order.index(raw.table.name)):
            if raw.table.name == "ticket_events" and "tickets" not in reports:
                mistakes.append(f"{raw.place}: events of tickets need a table 'tickets'.")
                continue
            try:
                reports[raw.table.name] = check(connection, raw, notices)
            except DataRefused as error:
                mistakes += error.reasons
    mistakes += _nothing_left(reports)
    if mistakes:
        raise DataRefused(list(dict.fromkeys(mistakes)))
    for clean_up in found.afterwards:
        connection.execute(clean_up)
    present = {raw.table.name: frozenset(raw.columns) for raw in found.tables}
    date_priorities(connection, present)
    notices += _left_alone(found.tables)
    return Tables(connection, present, Report(reports, tuple(notices)), found.fingerprint, spill)


def _not_enough(names: Set[str], place: str) -> list[str]:
    mistakes = []
    if "accounts" not in names:
        mistakes.append(f"{place}: no table 'accounts'; it is needed, as accounts.csv for one.")
    if not names & set(EVENT_TABLES):
        mistakes.append(
            f"{place}: no table of events; at least one of {', '.join(EVENT_TABLES)} is needed."
        )
    return mistakes


def _nothing_left(reports: Mapping[str, TableReport]) -> list[str]:
    accounts = reports.get("accounts")
    if accounts is None or accounts.kept:
        return []
    if not accounts.read:
        return [f"{accounts.place}: not a single account; export it again."]
    why = "; ".join(f"{reason}: {count}" for reason, count in accounts.reasons.items())
    return [f"{accounts.place}: all {accounts.read} rows are refused ({why})."]


def _left_alone(given: Sequence[RawTable]) -> list[str]:
    return [
        f"{raw.place}: left alone, as the contract has no such columns: {listed(raw.unknown)}."
        for raw in given
        if raw.unknown
    ]
