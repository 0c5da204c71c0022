"""Opening what a company hands over: a folder of files, a DuckDB file, a database, or frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from contextlib import nullcontext
from pathlib import Path

import duckdb
import pandas as pd

from risk_model.errors import ConfigError, DataRefused, UsageError
from risk_model.tables import run_folder
from risk_model.tables.address import address_of, is_address
from risk_model.tables.checking import check, nothing_refused, prepare
from risk_model.tables.contract import CONTRACT, EVENT_TABLES
from risk_model.tables.files import Found
from risk_model.tables.finding import from_database, from_folder, from_mapping
from risk_model.tables.frames import from_frames
from risk_model.tables.from_postgres import fingerprint, from_postgres
from risk_model.tables.in_place import Stamp, viewed
from risk_model.tables.mapping import SourcesMapping, load_mapping
from risk_model.tables.opened import Tables
from risk_model.tables.postgres import Database
from risk_model.tables.priorities import date_priorities
from risk_model.tables.raw import RECORDED, RawTable, folded, listed
from risk_model.tables.report import Report, TableReport
from risk_model.tables.resources import ALL_THERE_IS, DATABASE, Resources

SOURCES = "sources.yaml"


def open_tables(
    data: Path | str, sources: Path | None = None, *, resources: Resources = ALL_THERE_IS
) -> Tables:
    """Open a folder of NAME.csv, NAME.csv.gz or NAME.parquet, a ``.duckdb`` file, or a database.

    A database is ``postgresql://host/db?schema=…`` or ``postgresql:`` (see ``address_of``).
    ``sources`` is the mapping of a company's own exports; a ``sources.yaml`` in the folder is used
    where none is given. ``resources`` bound the engine; beyond its memory it spills to disk.

    Raises UsageError where there is nothing to open, ConfigError for mistakes in the mapping,
    DataRefused where going on would mislead, each with all reasons at once; RiskModelError where
    a database cannot be reached.
    """
    address = address_of(str(data)) if is_address(data) else None
    path = None if address else Path(data)
    if path is not None and not path.exists():
        raise UsageError(f"{path}: no such folder or file.")
    mapping = mapping_of(path, sources)
    if mapping is not None and mapping.database is not None:
        if address is not None:
            raise ConfigError(f"{mapping.where('database')}: --data names a database already.")
        address = address_of(mapping.database, mapping.where("database"))
    connection, spill = _engine(resources)
    try:
        with Database(address) if address else nullcontext() as database:
            if mapping is not None:
                config = resources.config(spill)
                found = from_mapping(connection, path, mapping, database, config)
            elif database is not None:
                found = from_postgres(connection, database)
            elif path is not None:
                found = (from_folder if path.is_dir() else from_database)(connection, path)
            return _built(connection, found, spill, database)
    except BaseException:
        connection.close()
        run_folder.end(spill)
        raise


def mapping_of(path: Path | None, sources: Path | None) -> SourcesMapping | None:
    """Return the mapping that was named, else that of the folder. Raises as ``load_mapping``."""
    if sources is None and path is not None and path.is_dir() and (path / SOURCES).is_file():
        sources = path / SOURCES
    return load_mapping(Path(sources)) if sources is not None else None


def tables_from_frames(
    frames: Mapping[str, pd.DataFrame], resources: Resources = ALL_THERE_IS
) -> Tables:
    """Open pandas frames under the contract's names, with the same checks as files."""
    connection, spill = _engine(resources)
    try:
        return _built(connection, from_frames(connection, frames), spill)
    except BaseException:
        connection.close()
        run_folder.end(spill)
        raise


def _engine(resources: Resources) -> tuple[duckdb.DuckDBPyConnection, Path]:
    connection, spill = engine_within(resources)
    prepare(connection)
    return connection, spill


def engine_within(resources: Resources) -> tuple[duckdb.DuckDBPyConnection, Path]:
    """Return an engine within its bounds, and the folder that holds its tables and what it spills.

    Close the one and remove the other with ``run_folder.end``. Tables are in a file there: columns
    are compressed in files only, to a tenth of what they take in memory, and are read faster so.
    """
    try:
        spill = run_folder.begin(resources.spill)
    except OSError as error:
        raise UsageError(f"spill {resources.spill}: {error.strerror}.") from error
    try:
        connection = duckdb.connect(spill / DATABASE, config=resources.config(spill))
    except duckdb.Error as error:
        run_folder.end(spill)
        said = str(error).splitlines()[0]
        raise UsageError(f"memory '{resources.memory}': {said}") from error
    return connection, spill


def _built(
    connection: duckdb.DuckDBPyConnection,
    found: Found,
    spill: Path,
    database: Database | None = None,
) -> Tables:
    """Check every table in the contract's order (accounts first) and what they make together."""
    mistakes, notices = list(found.mistakes), list(found.notices)
    mistakes += _not_enough(found.named, found.place)
    reports: dict[str, TableReport] = {}
    stamps: list[Stamp] = []
    if any(raw.table.name == "accounts" for raw in found.tables):
        order = list(CONTRACT)
        for raw in sorted(found.tables, key=lambda raw: order.index(raw.table.name)):
            if raw.table.name == "ticket_events" and "tickets" not in reports:
                if "tickets" not in found.named:
                    mistakes.append(f"{raw.place}: events of tickets need a table 'tickets'.")
                continue
            try:
                stamp = viewed(connection, raw) if "accounts" in reports else None
                done = check(connection, raw, notices) if stamp is None else None
                reports[raw.table.name] = done or nothing_refused(connection, raw)
                stamps += [stamp] if stamp else []
            except DataRefused as error:
                if database is not None and database.failure is not None:
                    raise database.failure from None
                mistakes += error.reasons
    mistakes += _nothing_left(reports)
    if mistakes:
        raise DataRefused(list(dict.fromkeys(mistakes)))
    for clean_up in found.afterwards:
        connection.execute(clean_up)
    present = {raw.table.name: frozenset(raw.columns) for raw in found.tables}
    date_priorities(connection, present)
    notices += _left_alone(found.tables)
    # a database is read while its tables are checked, so only now is it known what came
    print_ = found.fingerprint + (fingerprint(database) if database is not None else "")
    report = Report(reports, tuple(notices))
    return Tables(connection, present, report, print_, spill, stamps=tuple(stamps))


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
    """Say which columns are not read: the contract has none such, or a mapping leaves them out."""
    said = []
    for raw in given:
        known = {*raw.table.by_name, RECORDED}
        left_out = [label for label in raw.unknown if folded(label) in known]
        strange = [label for label in raw.unknown if folded(label) not in known]
        if strange:
            said.append(
                f"{raw.place}: left alone, as the contract has no such columns: {listed(strange)}."
            )
        if left_out:
            said.append(
                f"{raw.place}: not read, as the mapping does not name them, although the contract "
                f"has columns of that name: {listed(left_out)}."
            )
    return said
