"""``sources.yaml``: how a company's own exports lead to the contract's tables.

The file is checked as a whole: every mistake with its line and a remedy, all at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import duckdb
from pydantic import AfterValidator, BeforeValidator, Field

from risk_model.documents import Document, Strict, check_document, did_you_mean, read_document
from risk_model.errors import ConfigError
from risk_model.tables.casting import Rules
from risk_model.tables.contract import CONTRACT, Table
from risk_model.tables.moments import EPOCH, EPOCH_MS, EXCEL, ISO
from risk_model.tables.raw import RECORDED, ROW, Layout


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str | int | float) else value


def _as_text(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(
            f"YAML reads this as {str(value).lower()}, not as a word; write it in quotes."
        )
    return str(value) if isinstance(value, int | float) else value


def _as_target(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else _as_text(value)


def _as_file(value: object) -> object:
    return {"file": value} if isinstance(value, str) else value


def _spelling(value: str) -> str:
    """Check a strptime format with the engine that will use it."""
    if value.upper() in (ISO, EPOCH, EPOCH_MS, EXCEL):
        return value.upper()
    wrong = _wrong_with(value)
    if wrong or "%" not in value:
        why = f" ({wrong})" if wrong else ""
        raise ValueError(f"'{value}' is no date format{why}; one is %d/%m/%Y %H:%M.")
    return value


def _wrong_with(spelling: str) -> str:
    """Return what the engine has against a format, or nothing."""
    try:
        with duckdb.connect() as connection:
            connection.execute("SELECT try_strptime('', $1)", [spelling]).fetchall()
    except duckdb.Error as error:
        return str(error).splitlines()[0].rsplit(": ", 1)[-1]
    return ""


@cache
def _zones() -> frozenset[str]:
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT name FROM pg_timezone_names()").fetchall()
    return frozenset(str(row[0]) for row in rows)


def _zone(value: str) -> str:
    if value not in _zones():
        near = did_you_mean(value, _zones())
        raise ValueError(f"'{value}' is no time zone; one is Europe/Berlin.{near}")
    return value


Word = Annotated[str, BeforeValidator(_as_text)]
Constant = Annotated[str, BeforeValidator(_as_target)]
Target = Annotated[str | None, BeforeValidator(_as_target)]
Words = Annotated[tuple[Word, ...], BeforeValidator(_as_list)]
Spellings = Annotated[
    tuple[Annotated[str, AfterValidator(_spelling)], ...], BeforeValidator(_as_list)
]
Sign = Literal[",", "."]
Encoding = Literal["utf-8", "utf-16", "latin-1", "windows-1252"]
Delimiter = Literal[",", ";", "\t", "|"]
Zone = Annotated[str, AfterValidator(_zone)]


class MappedTable(Strict):
    """One contract table: where its rows are (one of ``file``, ``table``, ``sql``), what is what.

    Without ``columns`` theirs are called as ours; with it, only those listed are read. ``known_at``
    leads a column (or ``row``) to *their* column that holds the time from which it is known.
    ``constants`` say what every row holds in a column that is not there.
    """

    file: str | None = None
    table: str | None = None
    sql: str | None = None
    columns: dict[str, Word] | None = None
    constants: dict[str, Constant] = Field(default_factory=dict)
    values: dict[str, dict[Word, Target]] = Field(default_factory=dict)
    known_at: dict[str, Word] = Field(default_factory=dict)
    dates: Spellings | None = None
    timezone: Zone | None = None
    missing: Words | None = None
    decimal: Sign | None = None
    encoding: Encoding | None = None
    delimiter: Delimiter | None = None


class Input(Strict):
    """An input of the views: a file of the folder (its name alone will do), or a table."""

    file: str | None = None
    table: str | None = None
    encoding: Encoding | None = None
    delimiter: Delimiter | None = None


class SourcesFile(Strict):
    """The whole file. ``dates`` and ``decimal`` are for files; a view gives what SQL writes.

    ``database`` is the address of a PostgreSQL database for the tables that are not in files.
    """

    tables: dict[str, MappedTable]
    inputs: dict[str, Annotated[Input, BeforeValidator(_as_file)]] = Field(default_factory=dict)
    database: str | None = None
    timezone: Zone = "UTC"
    dates: Spellings = ()
    missing: Words = ()
    decimal: Sign | None = None


class SourcesMapping:
    """A checked mapping: for each contract table where it comes from, and how it is read."""

    def __init__(self, document: Document, content: SourcesFile) -> None:
        self.path = document.file
        self.folder = document.file.parent
        self.tables = content.tables
        self.inputs = content.inputs
        self.database = content.database
        self._content = content
        self._document = document

    def where(self, *place: str) -> str:
        """Return ``file:line`` of a part of the mapping."""
        return self._document.where(place)

    def layout(self, name: str) -> Layout:
        """Return which columns a table's are and how its cells are read."""
        mapped, whole = self.tables[name], self._content
        dates, decimal = mapped.dates, mapped.decimal
        if dates is None:
            dates = () if mapped.sql else whole.dates
        if decimal is None and not mapped.sql:
            decimal = whole.decimal
        rules = Rules(
            timezone=mapped.timezone or whole.timezone,
            formats=dates,
            missing=whole.missing if mapped.missing is None else mapped.missing,
            decimal=decimal,
            values=mapped.values,
        )
        return Layout(mapped.columns, mapped.constants, mapped.known_at, rules)


def load_mapping(path: Path) -> SourcesMapping:
    """Read a ``sources.yaml``. Raises ConfigError with every mistake, each with file and line."""
    document = read_document(path)
    content = check_document(document, SourcesFile)
    mapping = SourcesMapping(document, content)
    mistakes = list(_mistakes(mapping))
    if mistakes:
        raise ConfigError(mistakes)
    return mapping


def _mistakes(mapping: SourcesMapping) -> Iterator[str]:
    for name, mapped in mapping.tables.items():
        at = mapping.where("tables", name)
        table = CONTRACT.get(name)
        if table is None:
            yield f"{at}: the contract has no table '{name}'.{did_you_mean(name, CONTRACT)}"
            continue
        if sum(place is not None for place in (mapped.file, mapped.table, mapped.sql)) != 1:
            yield f"{at}: say where '{name}' is with exactly one of file, table, sql."
        if mapped.sql and not (mapping.folder / mapped.sql).is_file():
            at_sql = mapping.where("tables", name, "sql")
            yield f"{at_sql}: no file '{mapped.sql}' beside the mapping."
        yield from _mistakes_in(mapping, table, mapped)
    for name, given in mapping.inputs.items():
        if (given.file is None) == (given.table is None):
            yield f"{mapping.where('inputs', name)}: say what '{name}' is with one of file, table."


def _mistakes_in(mapping: SourcesMapping, table: Table, mapped: MappedTable) -> Iterator[str]:
    """Yield the mistakes in the column names and renamed values of one table."""
    for part, names in (
        ("columns", mapped.columns or {}),
        ("constants", mapped.constants),
        ("values", mapped.values),
        ("known_at", mapped.known_at),
    ):
        known = [*table.by_name, {"known_at": ROW, "columns": RECORDED}.get(part, "")]
        for name in names:
            at = mapping.where("tables", table.name, part, name)
            if name not in known:
                near = did_you_mean(name, known)
                yield f"{at}: table '{table.name}' has no column '{name}'.{near}"
            elif part == "constants" and name in (mapped.columns or {}):
                yield f"{at}: '{name}' is among the columns above; leave one of them out."
            elif (part, table.name, name) == ("known_at", "accounts", "valid_from"):
                yield f"{at}: say '{ROW}' instead, for a version is known as a whole."
            elif (
                part in ("values", "known_at")
                and name != ROW
                and name not in (mapped.columns or known)
            ):
                yield f"{at}: '{name}' is not among the columns of '{table.name}' above."
    for name, value in mapped.constants.items():
        column = table.by_name.get(name)
        if column is not None and column.values and value not in column.values:
            at, every = mapping.where("tables", table.name, "constants", name), column.values
            yield f"{at}: '{name}' has no value '{value}' (one of: {', '.join(every)})."
    for name, renamed in mapped.values.items():
        yield from _mistakes_in_values(mapping, table, name, renamed)


def _mistakes_in_values(
    mapping: SourcesMapping, table: Table, name: str, renamed: dict[str, str | None]
) -> Iterator[str]:
    column = table.by_name.get(name)
    if column is None:
        return
    at = mapping.where("tables", table.name, "values", name)
    if column.kind in ("time", "date"):
        yield f"{at}: the values of a {column.kind} cannot be renamed; say its format in `dates`."
    for target in renamed.values():
        if column.values and target is not None and target not in column.values:
            near = did_you_mean(target, column.values)
            every = ", ".join(column.values)
            yield f"{at}: '{name}' has no value '{target}' (one of: {every}).{near}"
