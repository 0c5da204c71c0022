"""Small real tables, damaged on purpose: what the fuzz of the readers feeds on.

A company of a few accounts is written as people write it, and then spoilt step by step: cells,
columns and rows first, then the way of writing (delimiter, line ends, encoding, packing, Parquet of
other types), then bytes. Each step is drawn by hypothesis, so a failure shrinks to a few of them.
"""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from company_rows import FIRST_DAY
from random_company import random_company

Cells = list[list[str]]

JUNK = (
    *("", " ", "nan", "NULL", "#N/A", "#REF!", "-", "0", "-1", "1e400", "1_0", "0x1F", "inf"),
    *("2026-02-30", "0202-01-01", "9999-12-31", "2026-03-01T24:00", "2026-03-01T23:59:60Z"),
    *("2026-03-29 02:30", "1772323200", "46082.5", "99999999999999999999", "1,234.5", "\u0663"),
    *('"', '""', '"a', 'a"b', "'", "=1+1", "a\nb", "a\r\nb", "a\rb", ";", ",", "\t", "|"),
    *("\x00", "\ufeff", "\u200b", "\u202e", "\U0001f469\u200d\U0001f680", "e\u0301", "x" * 70_000),
    *("true", "x", "P1", "p9", "NPS", "a0", "A0", "a0 ", "00012", "'; DROP TABLE accounts; --"),
    *("infinity", "epoch", "now", "2026-03-01T10:00:00+25:00", "-0", "1.7976931348623157e308"),
)
HEADERS = ("", "account_id", "ACCOUNT_ID ", "recorded_at", "row_known", "rowid", "known__row", "c0")
HEADERS += ("problems", "select", '"', "\x00", "\n", "a" * 300, "date", "value", "being_read")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "latin-1", "utf-32")
BYTES = (
    b"\x00",
    b"\xff",
    b'"',
    b"\r",
    b"\n",
    b",",
    b";",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"PAR1",
)
CASTS = (pa.int64(), pa.float64(), pa.bool_(), pa.binary(), pa.timestamp("ns"), pa.date32())
CASTS += (pa.dictionary(pa.int32(), pa.string()), pa.timestamp("us", "UTC"), pa.time64("us"))
MAPPING = """\
timezone: Europe/Berlin
dates: [ISO, "%d/%m/%Y %H:%M", epoch]
missing: ["?"]
tables:
  accounts: {file: accounts.csv}
  tickets:
    file: tickets.csv
    values: {priority: {"1 - Critical": P1}}
    known_at: {category: resolved_at, row: opened_at}
  usage: {file: usage.csv, delimiter: ";", encoding: latin-1}
"""


@cache
def base() -> dict[str, Cells]:
    """Return the tables of a small company as rows of text, the header first."""
    frames = random_company(5, 40, 3, [FIRST_DAY + 20], whole=True).frames()
    tables = {}
    for name, frame in frames.items():
        cells = frame.head(8).astype(object).where(frame.head(8).notna(), "").astype(str)
        tables[name] = [list(frame.columns), *cells.to_numpy().tolist()]
    return tables


POSITION = st.integers(0, 10_000)
CELL_STEP = st.tuples(
    st.sampled_from(["cell"] * 8 + ["header", "drop", "double", "swap", "cut", "again", "longer"]),
    POSITION,
    POSITION,
    st.integers(0, len(JUNK) - 1),
)
BYTE_STEP = st.tuples(
    st.sampled_from(["flip", "cut", "double", "insert", "end"]),
    POSITION,
    st.integers(0, 200),
    st.sampled_from(BYTES),
)


@dataclass(frozen=True)
class Spoilt:
    """How one table is spoilt and written. ``bytes_steps`` may leave anything at all."""

    table: str
    cell_steps: list[tuple[str, int, int, int]] = field(default_factory=list)
    form: str = "csv"
    delimiter: str = ","
    ends: str = "\n"
    quoting: int = csv.QUOTE_MINIMAL
    encoding: str = "utf-8"
    casts: list[tuple[int, int]] = field(default_factory=list)
    byte_steps: list[tuple[str, int, int, bytes]] = field(default_factory=list)

    def cells(self) -> Cells:
        """Return the rows after the steps that spoil cells, columns and rows."""
        rows = [list(row) for row in base()[self.table]]
        for step in self.cell_steps:
            _spoil(rows, *step)
        return rows

    def write(self, folder: Path) -> Path:
        """Write the table; return its file."""
        name = f"{self.table}.{'parquet' if self.form == 'parquet' else self.form}"
        content = self._parquet() if self.form == "parquet" else self._csv()
        for step in self.byte_steps:
            content = _spoilt_bytes(content, *step)
        (folder / name).write_bytes(content)
        return folder / name

    def text(self) -> str:
        """Return the table as a writer of CSV writes it."""
        text = io.StringIO()
        writer = csv.writer(
            text, delimiter=self.delimiter, lineterminator=self.ends, quoting=self.quoting
        )
        writer.writerows(self.cells())
        return text.getvalue()

    def _csv(self) -> bytes:
        content = self.text().encode(self.encoding, "replace")
        return gzip.compress(content, mtime=0) if self.form == "csv.gz" else content

    def _parquet(self) -> bytes:
        header, *rows = self.cells()
        arrays = []
        for position in range(len(header)):
            column = [row[position] if position < len(row) else None for row in rows]
            arrays.append(pa.array([value or None for value in column], pa.string()))
        for position, kind in self.casts:
            if arrays:
                where = position % len(arrays)
                arrays[where] = _cast(arrays[where], CASTS[kind % len(CASTS)])
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_arrays(arrays, names=header), sink)
        return sink.getvalue()


def _cast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    try:
        return array.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        numbers = range(len(array))
        try:
            return pa.array(numbers, pa.int64()).cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return pa.array([[n] for n in numbers])


def _spoil(rows: Cells, what: str, at: int, column: int, junk: int) -> None:
    width = max(1, len(rows[0]))
    row, place = rows[at % len(rows)], column % width
    if what == "cell" and len(rows) > 1 and rows[0]:
        row = rows[1 + at % (len(rows) - 1)]
        row[column % max(1, len(row))] = JUNK[junk]
    elif what == "header" and rows[0]:
        rows[0][place] = HEADERS[junk % len(HEADERS)]
    elif what == "drop" and width > 1:
        for each in rows:
            del each[place : place + 1]
    elif what == "double":
        for each in rows:
            each.append(each[place] if place < len(each) else "")
    elif what == "swap":
        for each in rows[1:]:
            each.reverse()
    elif what == "cut" and len(rows) > 1:
        del rows[1 + at % (len(rows) - 1)]
    elif what == "again":
        rows.append(list(row))
    elif what == "longer":
        row.append(JUNK[junk])


def _spoilt_bytes(content: bytes, what: str, at: int, length: int, put: bytes) -> bytes:
    where = at % (len(content) + 1)
    before, after = content[:where], content[where:]
    if what == "flip" and after:
        return before + bytes([after[0] ^ (1 + length)]) + after[1:]
    if what == "cut":
        return before + after[length:]
    if what == "double":
        return before + after[:length] + after
    if what == "insert":
        return before + put + after
    return before if what == "end" else content


def _tables(names: list[str]) -> st.SearchStrategy[Spoilt]:
    return st.builds(
        Spoilt,
        table=st.sampled_from(names),
        cell_steps=st.lists(CELL_STEP, max_size=6),
        form=st.sampled_from(["csv", "csv", "csv", "csv.gz", "parquet"]),
        delimiter=st.sampled_from([",", ",", ";", "\t", "|"]),
        ends=st.sampled_from(["\n", "\n", "\r\n", "\r"]),
        quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        encoding=st.sampled_from(["utf-8"] * 9 + [*ENCODINGS]),
        casts=st.lists(st.tuples(POSITION, POSITION), max_size=2),
        byte_steps=st.one_of(st.just([]), st.just([]), st.lists(BYTE_STEP, max_size=3)),
    )


@st.composite
def folders(draw: st.DrawFn) -> tuple[list[Spoilt], bytes | None]:
    """Draw accounts, hardly spoilt, with one to three tables that are, and maybe a mapping."""
    accounts = Spoilt("accounts", draw(st.lists(CELL_STEP, max_size=1)))
    others = [name for name in base() if name != "accounts"]
    spoilt = draw(st.lists(_tables(others), min_size=1, max_size=3, unique_by=lambda s: s.table))
    mapping = None
    if draw(st.integers(0, 7)) == 7:
        mapping = MAPPING.encode()
        for step in draw(st.lists(BYTE_STEP, max_size=2)):
            mapping = _spoilt_bytes(mapping, *step)
    return [accounts, *spoilt], mapping
