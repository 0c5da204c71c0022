"""Ugly files and folders: each ends in a sentence with a remedy, or is read as it was meant."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from risk_model.errors import DataRefused, UsageError
from risk_model.tables import Tables, open_tables, tables_from_frames, write_refused

ACCOUNTS = b"account_id,name,arr\na,Ann,100\nb,Bob,\n"
USAGE = b"account_id,date,logins\na,2026-03-01,1\n"


def put(where: Path, **files: bytes) -> Path:
    """Write files into a folder: ``usage_csv_gz`` becomes usage.csv.gz."""
    for name, content in {"accounts_csv": ACCOUNTS, "usage_csv": USAGE, **files}.items():
        (where / name.replace("_csv", ".csv").replace("_gz", ".gz")).write_bytes(content)
    return where


def refusals(tables: Tables, name: str) -> list[tuple[object, ...]]:
    rows = tables.refused()
    rows = rows[rows["table"] == name].astype(object)
    rows = rows.where(rows.notna(), None)
    return list(rows.drop(columns="table").itertuples(index=False, name=None))


def refused_with(folder: Path) -> list[str]:
    with pytest.raises(DataRefused) as caught:
        open_tables(folder)
    return caught.value.reasons


def test_a_byte_order_mark_and_headers_in_capitals_are_no_matter(tmp_path: Path):
    usage = "\ufeffAccount_ID , DATE,Logins\r\na,2026-03-01,4\r\n".encode()
    tables = open_tables(put(tmp_path, usage_csv=usage))
    assert tables.frame("usage")["logins"].tolist() == [4.0]
    assert tables.report.notices == ()


def test_latin_1_rows_are_refused_and_the_rest_is_read(tmp_path: Path):
    accounts = "account_id,name\na,Ann\nb,Jürgen\nc,Carl\n".encode("latin-1")
    tables = open_tables(put(tmp_path, accounts_csv=accounts))
    assert tables.frame("accounts")["account_id"].tolist() == ["a", "c"]
    why = (
        "not UTF-8 (save the file as CSV UTF-8, or say its `encoding:` in sources.yaml; "
        "windows-1252 is what Excel and Outlook call ANSI)"
    )
    assert refusals(tables, "accounts") == [(3, why, "name", None)]


def test_a_latin_1_header_is_refused_with_the_remedy(tmp_path: Path):
    accounts = "account_id,größe\na,Ann\n".encode("latin-1")
    assert refused_with(put(tmp_path, accounts_csv=accounts)) == [
        "accounts.csv:1: the first line is not UTF-8. Save the file as CSV UTF-8, or say its "
        "`encoding:` in sources.yaml (windows-1252 is what Excel and Outlook call ANSI)."
    ]


def test_utf_16_is_certain_by_its_first_bytes_and_read_with_a_notice(tmp_path: Path):
    text = "\ufeffaccount_id,name\na,Jürgen\nb\nb,Bob\nc,Carl,x\n"
    tables = open_tables(put(tmp_path, accounts_csv=text.encode("utf-16-le")))
    assert tables.frame("accounts")["name"].tolist() == ["Jürgen", "Bob"]
    assert refusals(tables, "accounts") == [
        (3, "fewer columns than the header (is the line cut off?)", "name", None),
        (5, "more columns than the header (is a comma left unquoted?)", None, None),
    ]
    assert tables.report.notices == ("accounts.csv: read as UTF-16, as its first bytes say.",)


def test_utf_16_in_the_other_order_is_refused_with_the_remedy(tmp_path: Path):
    usage = ("\ufeff" + USAGE.decode()).encode("utf-16-be")
    assert refused_with(put(tmp_path, usage_csv=usage)) == [
        "usage.csv: UTF-16 in big-endian order. Save the file as CSV UTF-8."
    ]


@pytest.mark.parametrize(("delimiter", "shown"), [(";", "';'"), ("\t", "a tab"), ("|", "'|'")])
def test_another_delimiter_is_read_with_a_notice(tmp_path: Path, delimiter: str, shown: str):
    usage = USAGE.decode().replace(",", delimiter).encode()
    tables = open_tables(put(tmp_path, usage_csv=usage))
    assert tables.frame("usage")["logins"].tolist() == [1.0]
    assert tables.report.notices == (
        f"usage.csv: columns are separated by {shown}, not by a comma.",
    )


def test_ragged_rows_are_refused_each_with_its_line(tmp_path: Path):
    usage = (
        b'account_id,date,logins\na,2026-03-01\n\na,"2026-03-02\n",1,9\na,2026-03-03,1\n"a"b,2,3\n'
    )
    tables = open_tables(put(tmp_path, usage_csv=usage))
    assert refusals(tables, "usage") == [
        (2, "fewer columns than the header (is the line cut off?)", "logins", None),
        (4, "more columns than the header (is a comma left unquoted?)", None, None),
        (7, "text after a closing quote (write a quote inside a value twice)", "account_id", None),
    ]
    assert tables.report.tables["usage"].read == 4


def test_a_quote_that_never_closes_refuses_the_file(tmp_path: Path):
    usage = USAGE + b'a,"2026-03-02,1\na,2026-03-03,1\n'
    assert refused_with(put(tmp_path, usage_csv=usage)) == [
        "usage.csv:3: a quote opens here that never closes, so the rest of the file is one value. "
        "Is the file cut off? Export it again."
    ]


def test_a_file_that_cannot_be_read_leaves_the_good_ones_out_of_it(tmp_path: Path):
    good = {
        "tickets_csv": b"ticket_id,account_id,opened_at\nt,a,2026-03-01T10:00:00Z\n",
        "ticket_events_csv": b"ticket_id,occurred_at,kind\nt,2026-03-02T10:00:00Z,status\n",
    }
    accounts = b'account_id,name\na,"Al\n'
    swallowed = ":2: a quote opens here that never closes, so the rest of the file is one value. "
    swallowed += "Is the file cut off? Export it again."
    assert refused_with(put(tmp_path, accounts_csv=accounts, **good)) == [
        f"accounts.csv{swallowed}"
    ]
    good["tickets_csv"] = b'ticket_id,account_id,opened_at\n"t,a,2026-03-01T10:00:00Z\n'
    good["usage_csv"] = USAGE
    assert refused_with(put(tmp_path, accounts_csv=b"account_id\na\n", **good)) == [
        f"tickets.csv{swallowed}"
    ]


def test_line_ends_of_two_kinds_are_read_with_a_notice(tmp_path: Path):
    usage = b"account_id,date,logins\r\na,2026-03-01,1\na,2026-03-02,2\r\n"
    tables = open_tables(put(tmp_path, usage_csv=usage))
    assert tables.report.tables["usage"].kept == 2
    assert tables.report.notices == (
        "usage.csv: not quite CSV (line ends of two kinds?); read leniently.",
    )


def test_a_name_that_is_a_formula_stays_a_name_and_is_harmless_once_written(tmp_path: Path):
    text = b"account_id,name,arr\na,=cmd|' /C calc'!A0,1\nb,Bob,=1+1\n"
    tables = open_tables(put(tmp_path, accounts_csv=text))
    assert tables.frame("accounts")["name"].tolist() == ["=cmd|' /C calc'!A0"]
    write_refused(tables, tmp_path / "out.csv")
    assert "'=1+1" in (tmp_path / "out.csv").read_text()


def test_a_message_of_a_megabyte_is_read_and_never_shown(tmp_path: Path):
    header = b"message_id,account_id,sent_at,channel,direction,text\n"
    long = b"x" * 1_000_000
    text = (
        header
        + b"1,a,2026-03-01,email,inbound,"
        + long
        + b"\n2,zz,2026-03-01,email,inbound,secret\n"
    )
    tables = open_tables(put(tmp_path, messages_csv=text))
    assert tables.frame("messages")["text"].str.len().tolist() == [1_000_000]
    why = "unknown account (not in accounts, or refused there)"
    assert refusals(tables, "messages") == [(3, why, "account_id", "zz")]
    assert tables.report.notices == ()


def test_a_line_of_three_megabytes_is_refused_singly(tmp_path: Path):
    usage = USAGE + b"a,2026-03-02," + b"1" * 3_000_000 + b"\na,2026-03-03,1\n"
    tables = open_tables(put(tmp_path, usage_csv=usage))
    assert refusals(tables, "usage") == [(3, "longer than 2 million bytes", None, None)]


def test_empty_files_are_refused_and_a_mere_header_is_an_empty_table(tmp_path: Path):
    tables = open_tables(put(tmp_path, usage_csv=b"account_id,date,logins\n"))
    assert (tables.report.tables["usage"].read, len(tables.frame("usage"))) == (0, 0)
    assert refused_with(put(tmp_path, usage_csv=b"")) == [
        "usage.csv: the file is empty (0 bytes); export it again, or remove it."
    ]


@pytest.mark.parametrize("share", [0.1, 0.6, 0.99])
def test_a_gzip_file_that_is_cut_off_is_refused(tmp_path: Path, share: float):
    rows = b"".join(b"a,2026-03-01,%d\n" % (i * 7919) for i in range(20_000))
    packed = gzip.compress(b"account_id,date,logins\n" + rows)
    put(tmp_path, usage_csv_gz=packed[: int(len(packed) * share)])
    (tmp_path / "usage.csv").unlink()
    assert refused_with(tmp_path) == [
        "usage.csv.gz: the file is cut off, damaged or no gzip file; export or copy it again."
    ]


def test_a_file_that_only_says_it_is_gzip_or_parquet_is_refused(tmp_path: Path):
    put(tmp_path, tickets_csv_gz=b"ticket_id,account_id,opened_at\n")
    (tmp_path / "meetings.parquet").write_bytes(b"not parquet")
    assert refused_with(tmp_path) == [
        "meetings.parquet: the file is cut off or no Parquet file; export or copy it again.",
        "tickets.csv.gz: the file is cut off, damaged or no gzip file; export or copy it again.",
    ]


def test_everything_wrong_with_a_folder_is_said_at_once(tmp_path: Path):
    (tmp_path / "usage.csv").write_bytes(b"")
    (tmp_path / "tickets.csv").write_bytes(b"ticketid,account_id,account_id,opened_at\n")
    (tmp_path / "ticket.csv").write_bytes(b"x\n")
    connection = duckdb.connect()
    connection.execute(f"COPY (SELECT 1 AS x) TO '{tmp_path}/usage.parquet'")
    assert refused_with(tmp_path) == [
        "tickets.csv: column 'account_id' stands there twice; leave one of them out.",
        "tickets.csv: no column 'ticket_id', needed here; the columns are 'ticketid', "
        "'account_id', 'account_id', 'opened_at'. Did you mean 'ticketid'? Rename it, or lead it "
        "there in sources.yaml.",
        "usage.csv and usage.parquet: one table in two files; leave one of them.",
        f"{tmp_path.name}: no table 'accounts'; it is needed, as accounts.csv for one.",
    ]


def test_a_folder_without_a_table_of_events_is_refused(tmp_path: Path):
    (tmp_path / "accounts.csv").write_bytes(ACCOUNTS)
    (tmp_path / "renewals.csv").write_bytes(b"account_id,renewal_date\na,2026-09-01\n")
    assert refused_with(tmp_path) == [
        f"{tmp_path.name}: no table of events; at least one of usage, tickets, ticket_events, "
        "surveys, messages, meetings, tasks, health_scores, incidents is needed."
    ]


def test_accounts_that_are_all_refused_refuse_the_run(tmp_path: Path):
    assert refused_with(put(tmp_path, accounts_csv=b"account_id,arr\na,-1\nb,x\n")) == [
        "accounts.csv: all 2 rows are refused (negative: 1; not a number (write 1234.5, without "
        "thousands separators or currency, or say `decimal:` in sources.yaml): 1)."
    ]
    assert refused_with(put(tmp_path, accounts_csv=b"account_id\n")) == [
        "accounts.csv: not a single account; export it again."
    ]


def test_a_place_that_is_not_there_or_is_no_database_is_a_wrong_call(tmp_path: Path):
    with pytest.raises(UsageError, match="nowhere: no such folder or file"):
        open_tables(tmp_path / "nowhere")
    (tmp_path / "x.duckdb").write_bytes(b"something else altogether")
    assert refused_with(tmp_path / "x.duckdb")[0].startswith(
        "x.duckdb: neither a folder nor a DuckDB file ("
    )


def test_unknown_files_and_columns_are_left_alone_and_named_once(tmp_path: Path):
    put(tmp_path, usage_csv=USAGE.replace(b"logins", b"logins,colour").replace(b",1", b",1,red"))
    put(tmp_path, usage_csv=(tmp_path / "usage.csv").read_bytes(), ticket_csv=b"x\n1\n")
    assert open_tables(tmp_path).report.notices == (
        "ticket.csv: left alone, as the contract has no such table. Did you mean 'tickets'?",
        "usage.csv: left alone, as the contract has no such columns: colour.",
    )


def test_columns_of_other_types_are_read_or_refused_clearly(tmp_path: Path):
    put(tmp_path)
    connection = duckdb.connect()
    connection.execute(
        "COPY (SELECT 'a' AS account_id, TIMESTAMP '2026-03-01 00:00' AS renewal_date, 'yes'::ENUM("
        "'yes') AS auto_renew, 12::DECIMAL(9, 2) AS proposed_arr, TIMESTAMPTZ '2026-02-01 "
        f"00:00:00+02' AS recorded_at) TO '{tmp_path}/renewals.parquet'"
    )
    row = open_tables(tmp_path).frame("renewals").iloc[0]
    assert (row["renewal_date"], bool(row["auto_renew"]), row["proposed_arr"]) == (20513, True, 12)
    assert row["recorded_at"] == pd.Timestamp("2026-01-31 22:00").timestamp()
    connection.execute(
        "COPY (SELECT 1 AS task_id, 'a' AS account_id, 1772323200 AS created_at, ['x'] AS done_at) "
        f"TO '{tmp_path}/tasks.parquet'"
    )
    assert refused_with(tmp_path) == [
        "tasks.parquet: column 'done_at' holds VARCHAR[] values, and a table needs plain ones: "
        "text, numbers, true/false, dates or times."
    ]


def test_a_number_where_a_time_belongs_is_no_time():
    accounts = pd.DataFrame({"account_id": ["a"]})
    tasks = pd.DataFrame({"task_id": [1], "account_id": ["a"], "created_at": [1772323200]})
    tables = tables_from_frames({"accounts": accounts, "tasks": tasks})
    assert tables.report.tables["tasks"].refused == 1
    assert tables.refused()["value"].tolist() == ["1772323200"]


def test_hostile_names_never_become_sql(tmp_path: Path):
    text = b'account_id,"x\'); DROP TABLE accounts; --",name\n"a\'; --",1,"""q"""\nb,2,b\n'
    tables = open_tables(put(tmp_path, accounts_csv=text))
    assert tables.frame("accounts")["account_id"].tolist() == ["a'; --", "b"]
