"""Exports as they come in practice: a refusal to the letter, or read with what has to be said.

A case puts files beside two accounts and one row of usage. Either the whole folder is refused with
one exact sentence, or its table is read: rows kept, rows refused by line, notices.
"""

from __future__ import annotations

import datetime as dt
import gzip
import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from command import Command
from risk_model.engines.duckdb import DuckDBEngine
from risk_model.errors import DataRefused
from risk_model.features.snapshots import snapshots_on
from risk_model.tables import open_tables
from risk_model.timeline import day_number

pytestmark = pytest.mark.slow

ACCOUNTS = b"account_id,name,arr\na,Ann,100\nb,Bob,\n"
USAGE = b"account_id,date,logins\na,2026-03-01,1\n"
UNKNOWN = "unknown account (not in accounts, or refused there)"
TAKE_OUT = (
    "It has to name the columns: take out what stands above, or lead them there in sources.yaml."
)
DAMAGED = "usage.csv.gz: the file is cut off, damaged or no gzip file; export or copy it again."
ZEROS = (
    "usage.csv: its first line holds zero bytes, as UTF-16 and damaged files do. Save the file as "
    "CSV UTF-8, or say its `encoding:` in sources.yaml."
)
NO_HEADER = "It has to name the columns, separated by commas; export the file again."
OTHERWISE = "Ids have to be the same, letter by letter."

NUMBER = (
    "not a number (write 1234.5, without thousands separators or currency, or say `decimal:` in "
    "sources.yaml)"
)


def packed(content: bytes, mtime: int = 0) -> bytes:
    return gzip.compress(content, mtime=mtime)


def zipped(name: str, content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, content)
    return archive.getvalue()


def wide(content: bytes, encoding: str) -> bytes:
    return content.decode().encode(encoding)


def no_columns(*first_line: str) -> str:
    shown = ", ".join(f"'{name}'" for name in first_line) or "none"
    return (
        f"usage.csv: no column 'account_id', 'date', needed here; the first line reads {shown}. "
        f"{TAKE_OUT}"
    )


@dataclass(frozen=True)
class Refused:
    """The folder is refused with this sentence."""

    file: str
    content: bytes
    told: str


BROKEN = {
    "an empty gzip file": Refused(
        "usage.csv.gz",
        b"",
        "usage.csv.gz: the file is empty (0 bytes); export it again, or remove it.",
    ),
    "a gzip file of nothing": Refused(
        "usage.csv.gz",
        packed(b""),
        "usage.csv.gz: the file is empty (0 bytes); export it again, or remove it.",
    ),
    "rubbish behind a gzip file": Refused("usage.csv.gz", packed(USAGE) + b"rubbish", DAMAGED),
    "a gzip file whose checksum is wrong": Refused(
        "usage.csv.gz", packed(USAGE)[:-8] + bytes(4) + packed(USAGE)[-4:], DAMAGED
    ),
    "gzip in gzip": Refused(
        "usage.csv.gz", packed(packed(USAGE)), "usage.csv.gz: packed twice. Unpack it once."
    ),
    "gzip called csv": Refused(
        "usage.csv",
        packed(USAGE),
        "usage.csv: by its first bytes a gzip file, no CSV. Name it usage.csv.gz, or unpack it.",
    ),
    "a workbook called csv": Refused(
        "usage.csv",
        zipped("xl/workbook.xml", b"<x/>"),
        "usage.csv: by its first bytes a zip file or a workbook, no CSV. Save the sheet as CSV "
        "UTF-8, or unpack it.",
    ),
    "an old workbook called csv": Refused(
        "usage.csv",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64),
        "usage.csv: by its first bytes an old workbook, no CSV. Save the sheet as CSV UTF-8.",
    ),
    "a workbook": Refused(
        "tickets.xlsx",
        zipped("xl/workbook.xml", b"<x/>"),
        "tickets.xlsx: only .csv, .csv.gz and .parquet are read; export it as one of them.",
    ),
    "tabs under another name": Refused(
        "tickets.tsv",
        b"ticket_id\taccount_id\topened_at\n",
        "tickets.tsv: only .csv, .csv.gz and .parquet are read; export it as one of them.",
    ),
    "a login page": Refused(
        "usage.csv",
        b"\r\n<!DOCTYPE html>\n<title>Please sign in</title>\n",
        "usage.csv: a web page or XML, no CSV. Export it again; had the login run out?",
    ),
    "JSON": Refused(
        "usage.csv",
        b'[\n {"account_id": "a", "date": "2026-03-01"}]\n',
        "usage.csv: JSON, no CSV. Export it as CSV UTF-8.",
    ),
    "a PDF": Refused(
        "usage.csv",
        b"%PDF-1.7\n",
        "usage.csv: by its first bytes a PDF, no CSV. Export the table as CSV.",
    ),
    "a database called csv": Refused(
        "usage.csv",
        b"SQLite format 3\0" + bytes(84),
        "usage.csv: by its first bytes a SQLite database, no CSV. Export its table.",
    ),
    "Parquet called csv": Refused(
        "usage.csv",
        b"PAR1" + bytes(60) + b"PAR1",
        "usage.csv: by its first bytes a Parquet file, no CSV. Name it usage.parquet.",
    ),
    "csv called Parquet": Refused(
        "tasks.parquet",
        b"task_id,account_id,created_at\n",
        "tasks.parquet: the file is cut off or no Parquet file; export or copy it again.",
    ),
    "an empty Parquet file": Refused(
        "tasks.parquet",
        b"",
        "tasks.parquet: the file is empty (0 bytes); export it again, or remove it.",
    ),
    "UTF-32": Refused(
        "usage.csv", wide(USAGE, "utf-32"), "usage.csv: UTF-32. Save the file as CSV UTF-8."
    ),
    "UTF-16 that does not say so": Refused("usage.csv", wide(USAGE, "utf-16-le"), ZEROS),
    "zero bytes all over": Refused("usage.csv", bytes(4096), ZEROS),
    "half of a UTF-16 letter": Refused(
        "usage.csv",
        b"\xff\xfe" + wide(USAGE, "utf-16-le") + b"\x00\xd8\n\0",
        "usage.csv: not all of it is UTF-16. Save it as CSV UTF-8.",
    ),
    "no header": Refused("usage.csv", b"a,2026-03-01,1\n", no_columns("a", "2026-03-01", "1")),
    "a title above the header": Refused(
        "usage.csv", b"Usage of March\n" + USAGE, no_columns("Usage of March")
    ),
    "a spreadsheet's own first line": Refused(
        "usage.csv", b"sep=;\n" + USAGE.replace(b",", b";"), no_columns("sep=;")
    ),
    "blank lines above the header": Refused("usage.csv", b"\n\n" + USAGE, no_columns()),
    "a header whose quote never closes": Refused(
        "usage.csv",
        b'"account_id,date\n' + USAGE,
        "usage.csv:1: the first line is no header (a quote opens in it that never closes). "
        f"{NO_HEADER}",
    ),
    "a header with text behind a quote": Refused(
        "usage.csv",
        b'"account"_id,date\n' + USAGE,
        f"usage.csv:1: the first line is no header (',' expected after '\"'). {NO_HEADER}",
    ),
    "a name of three million letters": Refused(
        "usage.csv",
        b"account_id,date," + b"x" * 3_000_000 + b"\n",
        "usage.csv:1: the first line is no header (a name of over 131,072 characters). "
        f"{NO_HEADER}",
    ),
    "a column twice but for its case": Refused(
        "usage.csv",
        b"account_id,date,logins, LOGINS\na,2026-03-01,1,2\n",
        "usage.csv: column 'logins' stands there twice; leave one of them out.",
    ),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_meant_is_refused_with_the_remedy(tmp_path: Path, case: Refused):
    (tmp_path / "accounts.csv").write_bytes(ACCOUNTS)
    if not case.file.startswith("usage."):
        (tmp_path / "usage.csv").write_bytes(USAGE)
    (tmp_path / case.file).write_bytes(case.content)
    with pytest.raises(DataRefused) as caught:
        open_tables(tmp_path)
    assert caught.value.reasons == [case.told]


@dataclass(frozen=True)
class Read:
    """The table is read: rows kept, lines refused with their reasons, notices."""

    usage: bytes
    kept: int
    refused: tuple[tuple[int, str], ...] = ()
    notices: tuple[str, ...] = ()
    accounts: bytes = ACCOUNTS
    name: str = "usage.csv"


ROW = b"a,2026-03-01,1\n"
ODD = {
    "Windows line ends": Read(
        USAGE.replace(b"\n", b"\r\n") + b"x,2026-03-01,1\r\n", 1, ((3, UNKNOWN),)
    ),
    "old line ends": Read(USAGE.replace(b"\n", b"\r") + b"x,2026-03-01,1\r", 1, ((3, UNKNOWN),)),
    "no line end at the end": Read(USAGE + ROW.strip().replace(b"01", b"02"), 2),
    "two marks of byte order": Read(b"\xef\xbb\xbf\xef\xbb\xbf" + USAGE, 1),
    "a mark before a quoted header": Read(b'\xef\xbb\xbf"account_id","date","logins"\n' + ROW, 1),
    "invisible letters in the header": Read(
        "account_id\u200b,\u00a0date\u00a0,\u2060logins\n".encode() + ROW, 1
    ),
    "empty names in the header": Read(b"account_id,,date,,logins\na,x,2026-03-01,y,1\n", 1),
    "a comma behind every line": Read(b"account_id,date,logins,\na,2026-03-01,1,\n", 1),
    "a comma behind every row": Read(b"account_id,date,logins\na,2026-03-01,1,\n", 1),
    "a comma behind the header": Read(
        b"account_id,date,logins,\n" + ROW,
        0,
        ((2, "fewer columns than the header (is the line cut off?)"),),
    ),
    "a column more behind a quote that closes too early": Read(
        USAGE + b'a,"2026-03-02",1,"x"\n',
        1,
        ((3, "more columns than the header (is a comma left unquoted?)"),),
    ),
    "a total below the rows": Read(
        USAGE + b"Total,,1\n", 1, ((3, UNKNOWN), (3, "required value missing"))
    ),
    "decimal commas between semicolons": Read(
        b"account_id;date;logins\na;2026-03-01;1,5\nb;2026-03-01;1.5\n",
        1,
        ((2, NUMBER),),
        ("usage.csv: columns are separated by ';', not by a comma.",),
    ),
    "semicolons between quotes": Read(
        b'"account_id";"date";"logins"\r\n"a";"2026-03-01";"1"\r\n',
        1,
        notices=("usage.csv: columns are separated by ';', not by a comma.",),
    ),
    "twenty thousand columns": Read(
        b"account_id,date," + b",".join(b"c%d" % i for i in range(20_000)) + b"\n"
        b"a,2026-03-01" + b"," * 20_000 + b"\n",
        1,
        notices=(
            "usage.csv: left alone, as the contract has no such columns: "
            + ", ".join(f"c{i}" for i in range(12))
            + " … and 19,988 more.",
        ),
    ),
    "a line break inside a name": Read(
        b'account_id,date,"log\r\n ins"\na,2026-03-01,1\nx,2026-03-01,1\n',
        1,
        ((4, UNKNOWN),),
        ("usage.csv: left alone, as the contract has no such columns: log ins.",),
    ),
    "half of a letter in two pieces": Read(
        USAGE,
        1,
        accounts=b"account_id,name\na,Ann\nb,\xed\xa0\xbd\n",
    ),
    "gzip in two pieces": Read(packed(USAGE) + packed(b"a,2026-03-02,5\n"), 2, name="usage.csv.gz"),
    "gzip of UTF-16": Read(
        packed(wide(b"\xef\xbb\xbf" + USAGE, "utf-16-le")),
        1,
        notices=("usage.csv.gz: read as UTF-16, as its first bytes say.",),
        name="usage.csv.gz",
    ),
    "ids that a spreadsheet took for numbers": Read(
        b"account_id,date\n00012,2026-03-01\n12,2026-03-01\n12.0,2026-03-01\n1e5,2026-03-01\n"
        b"1E+05,2026-03-01\n",
        2,
        ((3, UNKNOWN), (4, UNKNOWN), (6, UNKNOWN)),
        (
            "usage.csv: 2 of the refused rows name an id that stands otherwise in accounts: '12' "
            f"here, '00012' there. {OTHERWISE}",
        ),
        b"account_id\n00012\n1e5\n100000\n",
    ),
    "ids with a blank behind": Read(
        b"account_id,date\na ,2026-03-01\na,2026-03-01\n",
        1,
        ((2, UNKNOWN),),
        (
            "usage.csv: 1 of the refused rows name an id that stands otherwise in accounts: 'a ' "
            f"here, 'a' there. {OTHERWISE}",
        ),
    ),
    "ids that differ by case alone are two accounts": Read(
        b"account_id,date\n0015abcde,2026-03-01\n0015abcdE,2026-03-01\n0015ABCDE,2026-03-01\n",
        2,
        ((4, UNKNOWN),),
        (
            "usage.csv: 1 of the refused rows name an id that stands otherwise in accounts: "
            f"'0015ABCDE' here, '0015abcdE' there. {OTHERWISE}",
        ),
        b"account_id\n0015abcde\n0015abcdE\n",
    ),
    "ids whose letters are put together in another way": Read(
        "account_id,date\nCafe\u0301,2026-03-01\n".encode(),
        0,
        ((2, UNKNOWN),),
        (
            "usage.csv: 1 of the refused rows name an id that stands otherwise in accounts: "
            f"'Cafe\u0301' here, 'Caf\u00e9' there. {OTHERWISE}",
        ),
        "account_id\nCaf\u00e9\n".encode(),
    ),
    "an id of a hundred thousand letters": Read(
        b"account_id,date\n" + b"k" * 100_000 + b",2026-03-01\n",
        1,
        accounts=b"account_id\n" + b"k" * 100_000 + b"\n",
    ),
    "two companies' files": Read(
        b"account_id,date\nx1,2026-03-01\nx2,2026-03-01\n",
        0,
        ((2, UNKNOWN), (3, UNKNOWN)),
        (
            "usage.csv: not one of its rows names an id of accounts ('x1' here, 'a' there). Are "
            "these files of one company, and is it the right column?",
        ),
    ),
    "rows of another company between ours": Read(
        USAGE + b"x1,2026-03-01,1\nb,2026-03-01,1\nx1,2026-03-02,1\n",
        2,
        ((3, UNKNOWN), (5, UNKNOWN)),
    ),
    "one moment in several zones, and a key thrice": Read(
        b"account_id,date\na,2026-03-01T23:30:00+00:00\na,2026-03-01\nb,2026-03-01T23:30-05:00\n",
        3,
    ),
}


@pytest.mark.parametrize("case", ODD.values(), ids=ODD)
def test_an_odd_file_is_read_as_it_was_meant_and_the_rest_is_refused_by_line(
    tmp_path: Path, case: Read
):
    (tmp_path / "accounts.csv").write_bytes(case.accounts)
    (tmp_path / case.name).write_bytes(case.usage)
    with open_tables(tmp_path) as tables:
        report, rows = tables.report.tables["usage"], tables.refused()
        told = rows.loc[rows["table"] == "usage", ["line", "reason"]]
        assert tuple(told.itertuples(index=False, name=None)) == case.refused
        assert (report.kept, report.read) == (case.kept, case.kept + report.refused)
        assert report.refused == len({line for line, _ in case.refused})
        assert tables.report.notices == case.notices


PARQUET = {
    "a list": ("['a'] AS account_id, DATE '2026-03-01' AS date", "account_id", "VARCHAR[]"),
    "bytes": ("'a'::BLOB AS account_id, DATE '2026-03-01' AS date", "account_id", "BLOB"),
    "a structure": (
        "{'x': 'a'} AS account_id, DATE '2026-03-01' AS date",
        "account_id",
        "STRUCT(x VARCHAR)",
    ),
    "a time of day": ("'a' AS account_id, TIME '10:00' AS date", "date", "TIME"),
    "a span of time": ("'a' AS account_id, INTERVAL 1 DAY AS date", "date", "INTERVAL"),
}


def lay_parquet(folder: Path, columns: str) -> Path:
    (folder / "accounts.csv").write_bytes(ACCOUNTS)
    duckdb.connect().execute(f"COPY (SELECT {columns}) TO '{folder}/usage.parquet'")
    return folder


@pytest.mark.parametrize(("columns", "name", "kind"), PARQUET.values(), ids=PARQUET)
def test_a_parquet_column_of_a_kind_that_no_table_has_is_refused(
    tmp_path: Path, columns: str, name: str, kind: str
):
    with pytest.raises(DataRefused) as caught:
        open_tables(lay_parquet(tmp_path, columns))
    assert caught.value.reasons == [
        f"usage.parquet: column '{name}' holds {kind} values, and a table needs plain ones: text, "
        "numbers, true/false, dates or times."
    ]


@pytest.mark.parametrize(
    ("columns", "refused"),
    [
        (
            "DATE 'infinity' AS date",
            "not a date or time (write 2026-03-31, or say its format in sources.yaml)",
        ),
        ("DATE '10000-01-01' AS date", "implausible year (before 1990 or after 2100)"),
        (
            "20260301 AS date",
            "not a date or time (write 2026-03-31, or say its format in sources.yaml)",
        ),
        (
            "DATE '2026-03-01' AS date, 'inf'::DOUBLE AS logins",
            NUMBER,
        ),
        (
            "DATE '2026-03-01' AS date, true AS logins",
            NUMBER,
        ),
        (
            "TIMESTAMP_NS '2026-03-01 23:59:59.999999999' AS date, 1.5::DECIMAL(38, 9) AS logins",
            None,
        ),
        ("TIMESTAMPTZ '2026-03-01 01:00:00+02' AS date, 'nan'::FLOAT AS logins", None),
        ("DATE '2026-03-01' AS date, NULL AS logins", None),
    ],
)
def test_parquet_of_other_types_is_read_or_refused_row_by_row(
    tmp_path: Path, columns: str, refused: str | None
):
    with open_tables(lay_parquet(tmp_path, f"'a'::ENUM('a') AS account_id, {columns}")) as tables:
        rows = tables.refused()
        assert rows[["line", "reason"]].to_numpy().tolist() == ([[1, refused]] if refused else [])
        assert tables.report.tables["usage"].kept == (refused is None)


def test_a_corrupt_parquet_file_is_refused_without_telling_paths(tmp_path: Path):
    lay_parquet(tmp_path, "'a' AS account_id, DATE '2026-03-01' AS date")
    whole = (tmp_path / "usage.parquet").read_bytes()
    (tmp_path / "usage.parquet").write_bytes(b"PAR1" + bytes(len(whole) - 12) + whole[-8:])
    with pytest.raises(DataRefused) as caught:
        open_tables(tmp_path)
    assert caught.value.reasons == [
        "usage.parquet: cannot be read (TProtocolException: Invalid data). Export it again."
    ]


PLACES = {
    "folder": "a folder, not a file. Put its parts together into one file.",
    "loop": "a link that leads nowhere. Put the file itself there, or remove the link.",
    "link": "a link that leads nowhere. Put the file itself there, or remove the link.",
    "pipe": "no plain file. Put an export there, or remove it.",
    "unreadable": "cannot be read (Input/output error). Let the user that runs this read it.",
}


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("mapped", [False, True])
def test_what_is_no_file_is_refused_and_never_passed_over(tmp_path: Path, kind: str, mapped: bool):
    (tmp_path / "accounts.csv").write_bytes(ACCOUNTS)
    (tmp_path / "usage.csv").write_bytes(USAGE)
    if mapped:
        names = (
            "{accounts: {file: accounts.csv}, usage: {file: usage.csv}, tasks: {file: tasks.csv}}"
        )
        (tmp_path / "sources.yaml").write_text(f"tables: {names}\n")
    odd = tmp_path / "tasks.csv"
    if kind == "folder":
        odd.mkdir()
    elif kind == "pipe":
        os.mkfifo(odd)
    else:
        # the kernel's view of a process can be opened, but its first byte is never there to read
        odd.symlink_to(
            {"loop": "tasks.csv", "link": "gone.csv", "unreadable": "/proc/self/mem"}[kind]
        )
    with pytest.raises(DataRefused) as caught:
        open_tables(tmp_path)
    assert caught.value.reasons == [f"tasks.csv: {PLACES[kind]}"]


def test_a_database_that_is_none_is_refused_in_one_sentence(tmp_path: Path):
    whole = tmp_path / "whole.duckdb"
    with duckdb.connect(str(whole)) as connection:
        connection.execute("CREATE TABLE accounts AS SELECT 'a' AS account_id")
    (tmp_path / "empty.duckdb").write_bytes(b"")
    (tmp_path / "usage.csv").write_bytes(USAGE)
    told = {
        "empty.duckdb": "empty.duckdb: the file is empty (0 bytes).",
        "usage.csv": "usage.csv: one table, not the folder of all. Give the folder: "
        f"{tmp_path.name}",
        "whole.duckdb": (
            "whole.duckdb: no table of events; at least one of usage, tickets, ticket_events, "
            "surveys, messages, meetings, tasks, health_scores, incidents is needed."
        ),
    }
    for name, sentence in told.items():
        with pytest.raises(DataRefused) as caught:
            open_tables(tmp_path / name)
        assert caught.value.reasons == [sentence]
    (tmp_path / "cut.duckdb").write_bytes(whole.read_bytes()[:9000])
    with pytest.raises(DataRefused) as caught:
        open_tables(tmp_path / "cut.duckdb")
    assert len(caught.value.reasons) == 1
    assert caught.value.reasons[0].startswith("cut.duckdb: neither a folder nor a DuckDB file (")
    assert str(tmp_path) not in caught.value.reasons[0]


def test_numbers_for_times_are_read_where_the_mapping_says_what_they_are(tmp_path: Path):
    (tmp_path / "accounts.csv").write_bytes(ACCOUNTS)
    rows = {"epoch": "1772361000.9", "epoch_ms": "1772361000999", "excel": "46082.4375"}
    for spelling, cell in rows.items():
        (tmp_path / "tasks.csv").write_text(f"task_id,account_id,created_at\n1,a,{cell}\n2,a,-7\n")
        (tmp_path / "sources.yaml").write_text(
            f"dates: {spelling}\n"
            "tables: {accounts: {file: accounts.csv}, tasks: {file: tasks.csv}}\n"
        )
        with open_tables(tmp_path) as tables:
            # half past ten in the morning, 1 March 2026
            assert tables.frame("tasks")["created_at"].tolist() == [1_772_361_000]
            assert tables.refused()["line"].tolist() == [3]


def test_an_account_history_with_gaps_is_no_customer_in_between(tmp_path: Path):
    (tmp_path / "usage.csv").write_bytes(USAGE)
    (tmp_path / "accounts.csv").write_bytes(
        b"account_id,valid_from,contract_start,contract_end,csm\n"
        b"a,2024-01-01,2024-01-01,2025-01-01,Kim\n"
        b"a,2026-01-01,2026-02-01,2027-02-01,Lee\n"
        b"a,2026-01-01,2026-02-01,2027-02-01,Lee\n"
        b"b,2024-01-01,2025-01-01,2024-01-01,Kim\n"
    )
    days = [(2023, 12), (2024, 6), (2025, 6), (2026, 1), (2026, 2), (2026, 3)]
    numbers = [day_number(dt.date(year, month, 15)) for year, month in days]
    with open_tables(tmp_path) as tables:
        report = tables.report.tables["accounts"]
        assert (report.read, report.kept, report.merged, report.refused) == (4, 3, 1, 1)
        assert tables.refused()[["line", "reason"]].to_numpy().tolist() == [
            [5, "ends before it begins"]
        ]
        found = snapshots_on(DuckDBEngine(tables.connection), tables.present, numbers)
    assert found["is_customer"].tolist() == [True, False, False, True, True]
    assert found["csm"].tolist() == ["Kim", "Kim", "Lee", "Lee", "Lee"]


ENDS = st.sampled_from(["\n", "\r\n", "\r"])
BREAKS = st.sampled_from(["", "", "\n", "\r\n", "\r"])


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(ENDS, min_size=1, max_size=2), BREAKS, st.lists(BREAKS, max_size=5), st.data())
def test_rows_are_counted_whatever_they_end_with(
    tmp_path: Path, ends: list[str], in_header: str, cells: list[str], data: st.DataObject
):
    lines = [f'account_id,date,"log{in_header}ins"']
    lines += [f'a,2026-03-{day:02d},"{day}{inside}"' for day, inside in enumerate(cells, start=1)]
    text = "".join(line + data.draw(st.sampled_from(ends)) for line in lines)
    wide_ones = data.draw(st.booleans())
    (tmp_path / "accounts.csv").write_bytes(ACCOUNTS)
    (tmp_path / "usage.csv").write_bytes(text.encode("utf-16" if wide_ones else "utf-8"))
    with open_tables(tmp_path) as tables:
        assert tables.report.tables["usage"].kept == len(cells)


def test_the_command_shows_what_became_of_the_rows_before_it_refuses(
    command: Command, tmp_path: Path
):
    data = tmp_path / "data"
    data.mkdir()
    (data / "accounts.csv").write_bytes(ACCOUNTS)
    (data / "usage.csv").write_bytes(b"account_id,date\nx1,2026-03-01\n")
    done = command("--quiet", "check", "--data", data, "--refused", "refused.csv")
    assert done.code == 3
    assert "usage.csv: 1 refused: unknown account (not in accounts, or refused there)" in done.said
    assert done.err == (
        "risk-model: not a single dated row is left in any table, so there is no day to stand on. "
        "See what was refused, and why, with: risk-model check\n"
    )
    assert (tmp_path / "refused.csv").read_text() == (
        "table,line,reason,column,value\n"
        'usage,2,"unknown account (not in accounts, or refused there)",account_id,x1\n'
    )
