"""CSV files: what the first line says, the engine's reader, and the lines it could not read."""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from risk_model.errors import DataRefused
from risk_model.tables.casting import RawColumn
from risk_model.tables.csv_lines import lines_of, opened
from risk_model.tables.line_ends import CR, LF, ends_of_rows, scanned
from risk_model.tables.quoting import identifier, literal
from risk_model.tables.raw import CsvShape
from risk_model.tables.recoding import WINDOWS, readable
from risk_model.tables.resources import too_little
from risk_model.tables.signatures import no_csv

DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "latin-1": "latin-1", WINDOWS: "cp1252"}
GZIP_ERRORS = (gzip.BadGzipFile, EOFError, zlib.error)
READER = "\0reader\0"
_numbers = itertools.count()
TRUNCATED = "the file is cut off, damaged or no gzip file; export or copy it again."


@dataclass(frozen=True)
class Rejected:
    """A row that could not be read: its first byte (from 1), its line, why, in which column."""

    byte: int
    line: int
    kind: str
    column: str | None


def read_header(
    path: Path,
    needed: Collection[str] = (),
    encoding: str | None = None,
    delimiter: str | None = None,
) -> tuple[list[RawColumn], CsvShape, list[str]]:
    """Return the columns of the first line, the file's shape, and notices on what was guessed.

    ``needed`` are the columns that tell which delimiter it is: that which finds most of them, and
    without any that which finds most columns.
    Raises DataRefused for a file of no bytes, of another encoding, or cut off.
    """
    place, notices = path.name, []
    with _told_in_words(place):
        look = scanned(path)
        _refuse_foreign(look.start, place, is_guessed=encoding is None)
    if encoding is None and look.start.startswith(codecs.BOM_UTF16_LE):
        encoding = "utf-16"
        notices.append(f"{place}: read as UTF-16, as its first bytes say.")
    encoding = encoding or "utf-8"
    with _told_in_words(place, encoding):
        if delimiter is None:
            delimiter = _delimiter_of(path, encoding, needed)
            if delimiter != ",":
                shown = "a tab" if delimiter == "\t" else f"'{delimiter}'"
                notices.append(f"{place}: columns are separated by {shown}, not by a comma.")
        names = _first_record(path, encoding, delimiter)
        ends = look.ends if encoding != "utf-16" else None
        ends = ends or ends_of_rows(path, encoding, delimiter)
    packed = path.name.lower().endswith(".gz")
    shape = CsvShape(str(path), len(names), delimiter, encoding, packed, ends)
    return [RawColumn(f"c{i}", name) for i, name in enumerate(names)], shape, notices


def _refuse_foreign(start: bytes, place: str, *, is_guessed: bool) -> None:
    """Raise DataRefused where the first bytes are of no file that is read here, or of none."""
    if not start:
        raise DataRefused(f"{place}: the file is empty (0 bytes); export it again, or remove it.")
    if start.startswith(codecs.BOM_UTF16_BE):
        raise DataRefused(f"{place}: UTF-16 in big-endian order. Save the file as CSV UTF-8.")
    foreign = no_csv(start, place) if is_guessed else None
    if foreign:
        raise DataRefused(f"{place}: {foreign}")


@contextmanager
def _told_in_words(place: str, encoding: str = "utf-8") -> Iterator[None]:
    """Turn what goes wrong while a header is read into DataRefused."""
    try:
        yield
    except GZIP_ERRORS as error:
        raise DataRefused(f"{place}: {TRUNCATED}") from error
    except UnicodeError as error:
        if encoding == "utf-16":
            raise DataRefused(f"{place}: not all of it is UTF-16. Save it as CSV UTF-8.") from error
        raise DataRefused(
            f"{place}:1: the first line is not UTF-8. Save the file as CSV UTF-8, or say its "
            "`encoding:` in sources.yaml (windows-1252 is what Excel and Outlook call ANSI)."
        ) from error
    except csv.Error as error:
        raise DataRefused(
            f"{place}:1: the first line is no header ({_in_words(error)}). It has to name the "
            "columns, separated by commas; export the file again."
        ) from error


def _in_words(error: csv.Error) -> str:
    said = str(error)
    if "end of data" in said:
        return "a quote opens in it that never closes"
    return "a name of over 131,072 characters" if "field limit" in said else said


def _first_record(path: Path, encoding: str, delimiter: str) -> list[str]:
    with opened(path) as file:
        # the first line alone is judged here: rows of another encoding are refused singly later
        text = io.TextIOWrapper(
            file, encoding=ENCODINGS[encoding], errors="surrogateescape", newline=""
        )
        names = next(csv.reader(text, delimiter=delimiter, strict=True), [])
    for name in names:
        name.encode("utf-8")
    return names


def _delimiter_of(path: Path, encoding: str, needed: Collection[str]) -> str:
    """Return the delimiter with which most (needed) columns are there; of equal ones the first."""
    folded = {name.strip().casefold() for name in needed}
    found = dict.fromkeys(DELIMITERS, 0)
    for delimiter in DELIMITERS:
        # a quoted name that another delimiter follows is an error
        with suppress(csv.Error):
            names = _first_record(path, encoding, delimiter)
            there = {name.strip().casefold() for name in names}
            found[delimiter] = len(folded & there) if folded else len(names)
    return max(DELIMITERS, key=found.__getitem__)


def relation(shape: CsvShape, rejects: str, strict: bool = True) -> str:
    """Return the engine's reader of a file: every column as text under c0, c1, …"""
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(shape.width))
    options = {
        "delim": literal(shape.delimiter),
        "encoding": literal(shape.encoding),
        "compression": literal("gzip" if shape.compressed else "none"),
        "strict_mode": "true" if strict else "false",
        "rejects_table": literal(rejects),
        "rejects_scan": literal(f"{rejects}_scans"),
    }
    ends = shape.ends if strict else LF  # the lenient reader, told of LF, takes all three
    if ends in (LF, CR):
        options["new_line"] = literal(repr(ends)[1:-1])
    said = ", ".join(f"{name}={value}" for name, value in options.items())
    return (
        f"read_csv({literal(shape.path)}, all_varchar=true, auto_detect=false, header=true, "
        f"quote='\"', escape='\"', null_padding=false, ignore_errors=true, store_rejects=true, "
        f"columns={{{columns}}}, {said})"
    )


def load(
    connection: duckdb.DuckDBPyConnection,
    create: str,
    shape: CsvShape,
    place: str,
    notices: list[str],
) -> list[Rejected]:
    """Run ``create`` (the reader goes where it says ``READER``); return the rejected.

    Raises DataRefused for a file that cannot be read at all, RiskModelError for a full disk.
    """
    with readable(connection, shape) as shape_read:
        return _load(connection, create, shape_read, place, notices)


def _load(
    connection: duckdb.DuckDBPyConnection,
    create: str,
    shape: CsvShape,
    place: str,
    notices: list[str],
) -> list[Rejected]:
    rejects = f"rejects_{next(_numbers)}"
    try:
        if shape.ends is None:
            raise duckdb.InvalidInputException(place)
        connection.execute(create.replace(READER, relation(shape, rejects)))
    except duckdb.InvalidInputException:
        # line ends of two kinds in one file: only the lenient reader takes them
        drop_rejects(connection, rejects)
        run(connection, create.replace(READER, relation(shape, rejects, strict=False)), place)
        notices.append(f"{place}: not quite CSV (line ends of two kinds?); read leniently.")
    except duckdb.Error as error:
        raise unreadable(place, error) from error
    found = _rejected(connection, rejects, shape, place)
    drop_rejects(connection, rejects)
    return found


def run(connection: duckdb.DuckDBPyConnection, statement: str, place: str) -> None:
    """Run a statement that reads ``place``; raise DataRefused with it where that fails."""
    try:
        connection.execute(statement)
    except duckdb.Error as error:
        raise unreadable(place, error) from error


def unreadable(place: str, error: duckdb.Error) -> DataRefused:
    """Return the refusal of a file that the engine cannot read, in words.

    Raises the error itself where it is not the file's fault: no memory or no disk is left.
    """
    if too_little(error):
        raise error
    said = said_by(error)
    if "not latin-1 encoded" in said:
        return DataRefused(
            f"{place}: not all of it is latin-1. If Excel or Outlook wrote it, say "
            "`encoding: windows-1252` in sources.yaml."
        )
    if "GZIP" in said.upper():
        return DataRefused(f"{place}: {TRUNCATED}")
    return DataRefused(f"{place}: cannot be read ({said}). Export it again.")


def said_by(error: duckdb.Error) -> str:
    """Return the first line of what the engine said, with files by their names alone."""
    return re.sub(r"""(["'])/?(?:[^"'/]*/)+([^"'/]*)\1""", r"\1\2\1", str(error).splitlines()[0])


def _rejected(
    connection: duckdb.DuckDBPyConnection, rejects: str, shape: CsvShape, place: str
) -> list[Rejected]:
    """Return what the reader could not read, in the order of the file.

    Raises DataRefused for a quote that never closes: it swallows the rest of the file.
    """
    rows = connection.execute(
        "SELECT line_byte_position, arg_min(CAST(error_type AS VARCHAR), byte_position), "
        f"arg_min(column_name, byte_position) FROM {identifier(rejects)} "
        "GROUP BY line_byte_position ORDER BY line_byte_position"
    ).fetchall()
    if not rows:
        return []
    _, lines, swallowing = lines_of([], [row[0] for row in rows], shape)
    if swallowing is not None:
        raise DataRefused(
            f"{place}:{swallowing}: a quote opens here that never closes, so the rest of the file "
            "is one value. Is the file cut off? Export it again."
        )
    return [
        Rejected(at, line, kind, name) for (at, kind, name), line in zip(rows, lines, strict=True)
    ]


def drop_rejects(connection: duckdb.DuckDBPyConnection, rejects: str) -> None:
    """Forget the records that could not be read (they are kept per connection)."""
    for name in (rejects, f"{rejects}_scans"):
        connection.execute(f"DROP TABLE IF EXISTS {identifier(name)}")
