"""Any table with texts in, what each text was heard to say out: streaming, row by row."""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

import gzip
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import IO

import duckdb
import pandas as pd
from rich.table import Table

from risk_model.csv_text import harmless, header_text, rows_text
from risk_model.errors import DataRefused, UsageError
from risk_model.tables import csv_files, run_folder
from risk_model.tables.files import described, ending_of
from risk_model.tables.opening import engine_within
from risk_model.tables.quoting import identifier, literal
from risk_model.tables.resources import ALL_THERE_IS, Resources
from risk_model.tables.signatures import no_parquet, not_readable
from risk_model.text import Lexicons, explain_all
from risk_model.text.cleaning import MAX_CHARACTERS
from risk_model.text.lexicon import HEARD
from risk_model.whole_files import refuse_no_file, whole

CHUNK = 20_000
_FIGURES = ("sentiment", "words", "understood")
_COLUMNS = (*HEARD, *_FIGURES, "why")
# Columns that name a row of a table, wherever it comes from: they are kept as they are.
_KEY_ENDINGS = ("_id", "_key", "_number")
_KEY_NAMES = ("id", "key", "number")

Progress = Callable[[int], None]


@dataclass
class Heard:
    """What became of a file: rows read, without a text, refused, and flags raised.

    ``long`` texts were heard up to their 20,000th character, ``lost`` ones are in a language that
    is not understood.
    """

    rows: int = 0
    empty: int = 0
    long: int = 0
    lost: int = 0
    refused: int = 0
    raised: dict[str, int] = field(default_factory=lambda: dict.fromkeys(HEARD, 0))
    notices: list[str] = field(default_factory=list)

    def add(self, said: pd.DataFrame) -> None:
        """Count a part of the table."""
        self.rows += len(said)
        self.empty += int(said["words"].isna().sum())
        self.lost += int((said["understood"] == 0).sum())
        for name in HEARD:
            self.raised[name] += int((said[name] == 1).sum())


def counted(heard: Heard) -> Table:
    """Return how many messages say what, for the terminal."""
    table = Table("", "Messages", "Of those with a text", header_style="bold")
    for name, count in heard.raised.items():
        share = f"{count / (heard.rows - heard.empty):.1%}" if count else ""
        table.add_row(name.replace("_", " "), f"{count:,}", share)
    return table


@dataclass(frozen=True)
class Wanted:
    """Which column holds the texts, which others to keep, and whether to show the texts.

    ``encoding`` is that of a CSV file, as a mapping of tables has it (none: UTF-8).
    """

    column: str = "text"
    keep: tuple[str, ...] = ()
    with_text: bool = False
    encoding: str | None = None


def listen(
    file: Path,
    out: Path,
    lexicons: Lexicons,
    wanted: Wanted,
    *,
    jobs: int = -1,
    resources: Resources = ALL_THERE_IS,
    progress: Progress | None = None,
) -> Heard:
    """Write for each row of a CSV or Parquet file what its text says; return the counts.

    Columns out: ``row`` (from 1), the kept ones, one a category (1, 0, or empty where there is no
    text, or one that is not understood), ``sentiment``, ``words``, ``understood`` (1, 0, or empty
    where a text is too short to tell), ``why``. Text that a spreadsheet could take for a formula
    gets a leading ``'``; keys (``..._id``) are never altered. ``resources`` bound the engine.
    The file appears whole or not at all.
    Raises UsageError for a wrong call, DataRefused for a file that cannot be read.
    """
    _refuse(file, out)
    heard = Heard()
    with _table(file, wanted, heard, resources) as (connection, columns):
        kept = _kept(columns, wanted, file)
        texts = columns[_matching(columns, wanted.column, file)]
        names = [texts, *(columns[name] for name in kept)]
        selected = ", ".join(f"CAST({identifier(name)} AS VARCHAR)" for name in names)
        rows = connection.execute(f"SELECT {selected} FROM read")
        shown = [*kept, *((wanted.column,) if wanted.with_text else ())]
        with _written(out) as written:
            written.write(header_text(["row", *shown, *_COLUMNS]))
            while part := rows.fetchmany(CHUNK):
                said = explain_all([row[0] for row in part], lexicons, jobs=jobs)
                others = [[*row[1:], *(row[:1] if wanted.with_text else ())] for row in part]
                written.write(rows_text(_cells(said, others, shown, heard.rows)))
                heard.add(said)
                heard.long += sum(len(row[0] or "") > MAX_CHARACTERS for row in part)
                if progress:
                    progress(heard.rows)
    return heard


def _cells(
    said: pd.DataFrame, others: Sequence[Sequence[object]], shown: Sequence[str], before: int
) -> pd.DataFrame:
    """Return the cells of rows, with ``before`` rows written already."""
    kept = pd.DataFrame(others, columns=range(len(shown)), dtype=object)
    for place, name in enumerate(shown):
        if not _is_key(name):
            kept[place] = harmless(kept[place])
    figures = said[[*HEARD, *_FIGURES]].map(_figure).reset_index(drop=True)
    why = harmless(said["why"]).reset_index(drop=True)
    row = pd.Series(range(before + 1, before + len(said) + 1))
    return pd.concat([row, kept, figures, why], axis=1)


def _figure(value: float) -> str:
    """Return a flag or a figure as it is written; nothing where nothing is known."""
    return "" if math.isnan(value) else f"{value:.4f}".rstrip("0").rstrip(".")


def _refuse(file: Path, out: Path) -> None:
    refuse_no_file(out)
    if not file.exists():
        raise UsageError(f"{file}: no such file. Give a .csv, .csv.gz or .parquet file.")
    if file.resolve() == out.resolve():
        raise UsageError(f"--out {out}: is the file that is read. Give another name.")
    if ending_of(file) is None:
        raise UsageError(f"{file.name}: unknown kind. Give a .csv, .csv.gz or .parquet file.")
    wrong = not_readable(file) or (no_parquet(file) if ending_of(file) == ".parquet" else None)
    if wrong:
        raise DataRefused(f"{file.name}: {wrong}")


@contextmanager
def _table(
    file: Path, wanted: Wanted, heard: Heard, resources: Resources
) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, str]]]:
    """Open a file as the table ``read``; yield with it each column's name there, by its own."""
    # On disk, so that a file larger than the memory can be read too.
    connection, folder = engine_within(resources)
    try:
        if ending_of(file) == ".parquet":
            source = f"read_parquet({literal(str(file))})"
            names = {c.label: c.name for c in described(connection, source, file.name)}
            csv_files.run(connection, f"CREATE VIEW read AS SELECT * FROM {source}", file.name)
        else:
            given, shape, notices = csv_files.read_header(file, (wanted.column,), wanted.encoding)
            create = f"CREATE TABLE read AS SELECT * FROM {csv_files.READER}"
            refused = csv_files.load(connection, create, shape, file.name, notices)
            names = {c.label: c.name for c in given}
            heard.refused, heard.notices = len(refused), notices
        yield connection, names
    finally:
        connection.close()
        run_folder.end(folder)


def _matching(columns: dict[str, str], asked: str, file: Path) -> str:
    """Return the column of that name, upper and lower case alike; raise UsageError."""
    folded = {name.strip().casefold(): name for name in columns}
    if (name := folded.get(asked.strip().casefold())) is not None:
        return name
    close = get_close_matches(asked.casefold(), folded, n=1)
    hint = f"Did you mean '{folded[close[0]]}'? Say it with --column." if close else ""
    there = ", ".join(columns) or "none"
    raise UsageError(f"{file.name}: no column '{asked}'. There are: {there}. {hint}".strip())


def _kept(columns: dict[str, str], wanted: Wanted, file: Path) -> list[str]:
    """Return the columns to keep: those asked for, else those that name the row."""
    if wanted.keep:
        return [_matching(columns, name, file) for name in wanted.keep]
    text = _matching(columns, wanted.column, file)
    return [name for name in columns if _is_key(name) and name != text]


def _is_key(name: str) -> bool:
    return name.strip().casefold() in _KEY_NAMES or name.strip().casefold().endswith(_KEY_ENDINGS)


@contextmanager
def _written(out: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """Yield a file to write to (gzip for ``.gz``) that appears whole or not at all."""
    with whole(out) as (place,):
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            file = place.open("wb")
        except OSError as error:
            raise UsageError(f"--out {out}: cannot be written ({error.strerror}).") from error
        with file:
            if out.name.lower().endswith(".gz"):
                with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as stream:
                    yield stream
            else:
                yield file
