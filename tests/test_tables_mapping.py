"""A company's own exports, led to the contract's tables by one file and views in plain SQL."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from risk_model.errors import ConfigError, DataRefused
from risk_model.tables import open_tables
from risk_model.timeline import day_number

CUSTOMERS = "id,company\na,Ann\nb,Bob\n"
CASES = (
    "number,caller,opened,closed,prio,kind\n"
    "1,a,29/3/2026 01:30,30/3/2026 10:00,1 - Critical,bug\n"
    "2,b,25/10/2026 02:30,?,4 - Low,?\n"
)
MAPPING = """\
timezone: Europe/Berlin
dates: "%d/%m/%Y %H:%M"
missing: ["?"]
tables:
  accounts:
    file: customers.csv
    columns: {account_id: id, name: company}
  tickets:
    file: cases.csv
    columns:
      ticket_id: number
      account_id: caller
      opened_at: opened
      resolved_at: closed
      priority: prio
      category: kind
    values: {priority: {"1 - Critical": P1, "4 - Low": P4}}
    known_at: {category: closed}
"""


def lay(where: Path, mapping: str = MAPPING, **files: str) -> Path:
    files = {"customers.csv": CUSTOMERS, "cases.csv": CASES, **files, "sources.yaml": mapping}
    for name, text in files.items():
        (where / name).write_text(text, encoding="utf-8")
    return where


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        open_tables(folder)
    return caught.value.mistakes


def local(zone: str, *moment: int, fold: int = 0) -> int:
    return int(dt.datetime(*moment, tzinfo=ZoneInfo(zone), fold=fold).timestamp())


def test_a_mapping_in_the_folder_leads_columns_values_dates_and_zone(tmp_path: Path):
    frame = open_tables(lay(tmp_path)).frame("tickets")
    assert frame["priority"].tolist() == ["P1", "P4"]
    assert frame["opened_at"].tolist() == [
        local("Europe/Berlin", 2026, 3, 29, 1, 30),
        # half past two came twice that night; the later one, so that nothing is known too early
        local("Europe/Berlin", 2026, 10, 25, 2, 30, fold=1),
    ]
    assert frame["resolved_at"].isna().tolist() == [False, True]
    assert frame["category"].tolist()[:1] == ["bug"] and pd.isna(frame["category"].iloc[1])
    assert frame["known__category"].tolist()[0] == local("Europe/Berlin", 2026, 3, 30, 10)
    assert pd.isna(frame["known__category"].iloc[1])


def test_a_local_time_that_never_was_is_refused(tmp_path: Path):
    cases = CASES.replace("29/3/2026 01:30", "29/3/2026 02:30")
    tables = open_tables(lay(tmp_path, **{"cases.csv": cases}))
    assert tables.refused()[["line", "reason"]].to_numpy().tolist() == [
        [2, "no such local time (the clocks went forward; is the time zone right?)"]
    ]


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2036, 1, 1)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo"]),
)
def test_local_times_become_the_moments_that_python_says(
    tmp_path: Path, moment: dt.datetime, zone: str
):
    moment = moment.replace(second=0, microsecond=0)
    aware = moment.replace(tzinfo=ZoneInfo(zone), fold=1)
    back = dt.datetime.fromtimestamp(aware.timestamp(), ZoneInfo(zone)).replace(tzinfo=None)
    cases = f"number,caller,opened,closed,prio,kind\n1,a,{moment:%d/%m/%Y %H:%M},,,\n"
    mapping = MAPPING.replace("Europe/Berlin", zone)
    frame = open_tables(lay(tmp_path, mapping, **{"cases.csv": cases})).frame("tickets")
    exists = back == moment
    assert frame["opened_at"].tolist() == ([int(aware.timestamp())] if exists else [])


def test_a_date_without_a_time_stays_on_its_day_whatever_the_zone(tmp_path: Path):
    mapping = MAPPING.replace('dates: "%d/%m/%Y %H:%M"', 'dates: ["%d.%m.%Y", ISO]')
    cases = "number,caller,opened,closed,prio,kind\n1,a,1.3.2026,2026-03-02,,\n"
    row = open_tables(lay(tmp_path, mapping, **{"cases.csv": cases})).frame("tickets").iloc[0]
    days = [day_number(dt.date(2026, 3, 1)), day_number(dt.date(2026, 3, 2))]
    assert [row["opened_at"] / 86_400, row["resolved_at"] / 86_400] == days


def test_with_a_format_said_other_spellings_are_refused(tmp_path: Path):
    cases = CASES.replace("29/3/2026 01:30", "2026-03-29 01:30")
    tables = open_tables(lay(tmp_path, **{"cases.csv": cases}))
    assert tables.report.tables["tickets"].refused == 1


def test_a_table_may_have_its_own_zone_dates_and_words_for_nothing(tmp_path: Path):
    own = """\
    file: cases.csv
    timezone: UTC
    dates: "%d/%m/%Y %H:%M"
    missing: [bug, "?"]
"""
    frame = open_tables(lay(tmp_path, MAPPING.replace("    file: cases.csv\n", own))).frame(
        "tickets"
    )
    assert frame["opened_at"].tolist()[0] == local("UTC", 2026, 3, 29, 1, 30)
    assert frame["category"].isna().all()


def test_an_encoding_and_a_delimiter_can_be_said(tmp_path: Path):
    lay(tmp_path)
    reading = "    file: customers.csv\n    encoding: latin-1\n    delimiter: ';'\n"
    (tmp_path / "sources.yaml").write_text(MAPPING.replace("    file: customers.csv\n", reading))
    (tmp_path / "customers.csv").write_bytes("id;company\na;Jürgen\nb;Bö\nc\n".encode("latin-1"))
    tables = open_tables(tmp_path)
    assert tables.frame("accounts")["name"].tolist() == ["Jürgen", "Bö"]
    assert tables.refused()["line"].tolist()[:1] == [4]


def test_what_becomes_known_later_is_gone_after_the_cut(tmp_path: Path):
    cases = CASES.replace("25/10/2026 02:30,?", "2/4/2026 09:00,5/4/2026 09:00").replace(
        ",?", ",how"
    )
    tables = open_tables(lay(tmp_path, **{"cases.csv": cases}))

    def categories(day: int, month: int) -> list[str | None]:
        frame = tables.cut(day_number(dt.date(2026, month, day))).frame("tickets")
        return [None if pd.isna(value) else value for value in frame["category"]]

    assert categories(30, 3) == [None]
    assert categories(31, 3) == ["bug"]
    assert categories(5, 4) == ["bug", None]
    assert categories(6, 4) == ["bug", "how"]


def test_a_row_known_late_is_known_late_and_one_of_unknown_time_is_refused(tmp_path: Path):
    mapping = MAPPING.replace("{category: closed}", "{row: closed}")
    tables = open_tables(lay(tmp_path, mapping))
    assert tables.frame("tickets")["row_known"].tolist() == [
        local("Europe/Berlin", 2026, 3, 30, 10)
    ]
    assert tables.refused()[["column", "reason"]].to_numpy().tolist() == [
        ["closed", "required value missing"]
    ]


def test_every_mistake_in_a_mapping_is_said_at_once_with_its_line(tmp_path: Path):
    mapping = """\
tables:
  ticket: {file: x.csv}
  accounts: {file: customers.csv, table: accounts}
  tickets:
    file: cases.csv
    columns:
      ticket_id: number
      opend_at: opened
      priority: prio
    values:
      priority: {"1 - Critical": P0}
      category: {a: b}
    known_at: {resolvedat: closed}
  messages: {sql: messages.sql}
"""
    at = f"{tmp_path.name}/sources.yaml"
    assert mistakes(lay(tmp_path, mapping)) == [
        f"{at}:2: the contract has no table 'ticket'. Did you mean 'tickets'?",
        f"{at}:3: say where 'accounts' is with exactly one of file, table, sql.",
        f"{at}:8: table 'tickets' has no column 'opend_at'. Did you mean 'opened_at'?",
        f"{at}:12: 'category' is not among the columns of 'tickets' above.",
        f"{at}:13: table 'tickets' has no column 'resolvedat'. Did you mean 'resolved_at'?",
        f"{at}:11: 'priority' has no value 'P0' (one of: P1, P2, P3, P4).",
        f"{at}:14: no file 'messages.sql' beside the mapping.",
    ]


def test_mistakes_in_zone_format_key_and_words_are_said_with_their_line(tmp_path: Path):
    mapping = """\
timezone: Europe/Berln
dates: "%d/%m/%Q"
tables:
  accounts:
    file: customers.csv
    colums: {account_id: id}
    values: {strategic: {Yes: true}}
"""
    told = mistakes(lay(tmp_path, mapping))
    at = f"{tmp_path.name}/sources.yaml"
    assert (
        f"{at}:1: 'Europe/Berln' is no time zone; one is Europe/Berlin. "
        "Did you mean 'Europe/Berlin'?" in told
    )
    assert any(line.startswith(f"{at}:2: '%d/%m/%Q' is no date format (") for line in told)
    assert f"{at}:6: unknown key 'colums'. Did you mean 'columns'?" in told
    assert any("write it in quotes" in line and line.startswith(f"{at}:7") for line in told)
    assert len(told) == 4


def test_files_and_columns_that_are_not_there_are_named_with_a_guess(tmp_path: Path):
    mapping = MAPPING.replace("customers.csv", "customer.csv").replace(
        "priority: prio", "priority: pri"
    )
    with pytest.raises(DataRefused) as caught:
        open_tables(lay(tmp_path, mapping))
    at = f"{tmp_path.name}/sources.yaml"
    assert caught.value.reasons == [
        f"{at}:6: no file 'customer.csv' in {tmp_path.name}. Did you mean 'customers.csv'?",
        "cases.csv: no column 'pri' (for 'priority'). Did you mean 'prio'?",
    ]


def test_one_misspelt_column_hides_neither_the_delimiter_nor_the_others(tmp_path: Path):
    mapping = MAPPING.replace("ticket_id: number", "ticket_id: numbr")
    with pytest.raises(DataRefused) as caught:
        open_tables(lay(tmp_path, mapping, **{"cases.csv": CASES.replace(",", ";")}))
    assert caught.value.reasons == [
        "cases.csv: no column 'numbr' (for 'ticket_id'). Did you mean 'number'?"
    ]


def test_columns_that_only_the_mapping_leaves_out_are_told_from_unknown_ones(tmp_path: Path):
    customers = "id,company,ARR,recorded_at,colour\na,Ann,5,2026-01-01,red\nb,Bob,6,,\n"
    tables = open_tables(lay(tmp_path, **{"customers.csv": customers}))
    assert set(tables.report.notices) == {
        "customers.csv: left alone, as the contract has no such columns: colour.",
        "customers.csv: not read, as the mapping does not name them, although the contract has "
        "columns of that name: ARR, recorded_at.",
    }


def test_files_of_the_contract_that_the_mapping_does_not_name_are_not_read(tmp_path: Path):
    lay(tmp_path, **{"usage.csv": "account_id,date\na,2026-03-01\n"})
    tables = open_tables(tmp_path)
    assert "usage" not in tables.present
    assert "usage.csv: not read, as sources.yaml does not name it." in tables.report.notices


VIEW = MAPPING + "  messages: {sql: messages.sql}\ninputs: {notes: notes.csv}\n"
NOTES = "id,who,day,words\n1,a,2026-03-01,hello\n2,zz,2026-03-02,there\n3,a\n"
SELECT = """\
-- a comment; with a semicolon
SELECT id AS message_id, who AS account_id, day AS sent_at, 'email' AS channel,
       'inbound' AS direction, words AS text
FROM notes
"""


def with_view(where: Path, sql: str) -> Path:
    return lay(where, VIEW, **{"notes.csv": NOTES, "messages.sql": sql})


def test_a_view_makes_a_table_that_is_checked_like_a_file(tmp_path: Path):
    tables = open_tables(with_view(tmp_path, SELECT))
    report = tables.report.tables["messages"]
    assert (report.place, report.read, report.kept, report.refused) == ("messages.sql", 2, 1, 1)
    assert tables.frame("messages")["text"].tolist() == ["hello"]
    assert (
        "notes.csv: 1 lines cannot be read and no view sees them: lines 4." in tables.report.notices
    )
    names = {row[0] for row in tables.connection.execute("SHOW TABLES").fetchall()}
    assert names >= {"accounts", "tickets", "messages"}
    assert not {name for name in names if "view" in name}


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        (
            "SELECT * FROM notess",
            "messages.sql: Catalog Error: Table with name notess does not exist",
        ),
        ("SELEC 1", "messages.sql: Parser Error: syntax error at or near"),
        ("DROP TABLE notes", "messages.sql: one single SELECT is expected"),
        ("SELECT 1; SELECT 2", "messages.sql: one single SELECT is expected"),
        ("COPY notes TO '/tmp/stolen.csv'", "messages.sql: one single SELECT is expected"),
        ("SELECT * FROM '/etc/passwd'", "messages.sql: "),
        ("SELECT * FROM read_csv('/etc/passwd')", "messages.sql: Permission Error"),
        ("SELECT content FROM read_text('/etc/passwd')", "messages.sql: Permission Error"),
        ("SELECT * FROM glob('/etc/*')", "messages.sql: Permission Error"),
    ],
)
def test_a_view_reads_its_inputs_and_nothing_else(tmp_path: Path, sql: str, told: str):
    with pytest.raises(DataRefused) as caught:
        open_tables(with_view(tmp_path, sql))
    assert len(caught.value.reasons) == 1
    assert caught.value.reasons[0].startswith(told)


def test_a_database_is_mapped_by_its_tables_and_seen_by_views(tmp_path: Path):
    lay(tmp_path)
    connection = duckdb.connect(str(tmp_path / "crm.duckdb"))
    for name in ("customers", "cases"):
        connection.execute(
            f"CREATE TABLE {name} AS FROM read_csv('{tmp_path}/{name}.csv', all_varchar=true)"
        )
    connection.execute(
        "CREATE TABLE notes AS SELECT 1 AS id, 'a' AS who, DATE '2026-03-01' AS day, 'x' AS words"
    )
    connection.close()
    mapping = VIEW.replace("file: customers.csv", "table: Customers").replace(
        "file: cases.csv", "table: cases"
    )
    (tmp_path / "crm.yaml").write_text(mapping.split("inputs:")[0])
    (tmp_path / "messages.sql").write_text(SELECT)
    tables = open_tables(tmp_path / "crm.duckdb", tmp_path / "crm.yaml")
    assert {name: len(tables.frame(name)) for name in tables.present} == {
        "accounts": 2,
        "tickets": 2,
        "messages": 1,
    }
    assert not tables.connection.execute(
        "SELECT 1 FROM duckdb_databases() WHERE database_name = 'given'"
    ).fetchall()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT CAST('they will sue us' AS INTEGER) AS message_id FROM notes",
        "SELECT strptime('they will sue us', '%Y') AS message_id FROM notes",
    ],
)
def test_a_view_that_fails_on_a_cell_tells_no_customers_words(tmp_path: Path, sql: str):
    with pytest.raises(DataRefused) as refused:
        open_tables(with_view(tmp_path, sql))
    assert "messages.sql: " in str(refused.value)
    assert "TRY_CAST" in str(refused.value)
    assert "sue us" not in str(refused.value)


def test_a_view_in_another_encoding_is_told_so(tmp_path: Path):
    folder = with_view(tmp_path, "SELECT 1")
    (folder / "messages.sql").write_bytes("SELECT 'é' AS text".encode("latin-1"))
    with pytest.raises(DataRefused, match=r"messages\.sql: is not UTF-8"):
        open_tables(folder)


def test_what_stands_for_missing_is_missing_though_it_could_be_read(tmp_path: Path) -> None:
    customers = "id,company,arr,ends\n1,One,999999,9999-12-31\n2,Two,500,2027-01-01\n"
    named = "dates: iso, columns: {account_id: id, name: company, arr: arr, contract_end: ends}"
    said = MAPPING.replace('missing: ["?"]', 'missing: ["?", "999999", "9999-12-31"]')
    columns = "    file: customers.csv\n    columns: {account_id: id, name: company}\n"
    assert columns in said
    lay(tmp_path, said.replace(columns, f"    {{file: customers.csv, {named}}}\n"))
    (tmp_path / "customers.csv").write_text(customers, encoding="utf-8")
    with open_tables(tmp_path) as tables:
        told = tables.frame("accounts", "account_id", "arr", "contract_end")
        assert tables.report.tables["accounts"].refused == 0
    told = told.set_index("account_id")
    assert told.loc["1"].isna().all()
    assert told.loc["2", "arr"] == 500
    assert told.loc["2"].notna().all()
