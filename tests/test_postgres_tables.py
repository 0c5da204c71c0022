"""Tables from PostgreSQL: a real server, the same tables as from files, no password anywhere."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from pathlib import Path

import pytest

from command import Command
from postgres import Empty
from risk_model.errors import ConfigError, DataRefused, RiskModelError, UsageError
from risk_model.tables import Tables, open_tables
from risk_model.tables.address import address_of, is_address
from risk_model.tables.copying import CopyBytes, batches
from risk_model.tables.postgres import Database
from risk_model.timeline import day_number

pytestmark = pytest.mark.slow

ACCOUNTS = (
    "CREATE TABLE accounts (account_id text, name text, arr numeric, contract_start date)",
    "INSERT INTO accounts VALUES ('1', 'Ann', 12.5, '2024-01-01'), ('2', '', NULL, NULL)",
)
TICKETS = "CREATE TABLE tickets (ticket_id text, account_id text, opened_at text, resolved_at text)"


@pytest.fixture
def inside(database: Empty, monkeypatch: pytest.MonkeyPatch) -> Empty:
    """A database that libpq's environment leads to."""
    for name, value in database.env.items():
        monkeypatch.setenv(name, value)
    return database


def epoch(*moment: int) -> int:
    return int(dt.datetime(*moment, tzinfo=dt.UTC).timestamp())  # type: ignore[misc, arg-type]


def url(database: Empty, more: str = "") -> str:
    return f"postgresql://risk@127.0.0.1:{database.server.port}/{database.name}{more}"


def same(one: Tables, other: Tables) -> None:
    assert one.present == other.present
    for name, table in one.report.tables.items():
        theirs = other.report.tables[name]
        assert (table.read, table.kept, table.refused, table.merged) == (
            theirs.read,
            theirs.kept,
            theirs.refused,
            theirs.merged,
        )
        assert one.frame(name).equals(other.frame(name)), name


@pytest.mark.slow
def test_a_database_gives_the_same_tables_as_the_files_that_it_was_loaded_from(
    inside: Empty, sample_folder: Path, tmp_path: Path
) -> None:
    for path in sample_folder.glob("*.csv*"):
        if not path.name.startswith(("usage", "ticket_events")):
            shutil.copy(path, tmp_path)
    inside.load(tmp_path)
    with open_tables("postgresql:") as served, open_tables(tmp_path) as files:
        assert len(files.present) == 11
        same(served, files)


def test_the_same_rows_have_one_fingerprint_and_other_rows_another(inside: Empty) -> None:
    inside.run(*ACCOUNTS, TICKETS)
    prints = [open_tables("postgresql:").fingerprint for _ in range(2)]
    assert prints[0] == prints[1]
    inside.run("INSERT INTO tickets VALUES ('t', '1', '2026-01-01', NULL)")
    assert open_tables("postgresql:").fingerprint != prints[0]


def test_typed_columns_are_understood_whatever_the_habits_of_the_server(inside: Empty) -> None:
    inside.run(
        f"ALTER DATABASE {inside.name} SET datestyle = 'German'",
        f"ALTER DATABASE {inside.name} SET timezone = 'Asia/Tokyo'",
        "CREATE TABLE accounts (account_id int, strategic bool, arr float8, contract_start date)",
        "INSERT INTO accounts VALUES (1, true, 3e5, '2024-02-01'), (2, false, 'NaN', NULL)",
        "CREATE DOMAIN moment AS timestamptz",
        "CREATE TABLE tickets (ticket_id bigint, account_id float8, opened_at moment, "
        "resolved_at timestamp, priority varchar(2), reopens smallint, subject text)",
        "INSERT INTO tickets VALUES "
        "(7, 1, '2026-01-01T12:00:00+02', '2026-01-02 03:04:05', 'p1', 2, E'a \"b\",\\nc;\\td')",
    )
    tables = open_tables("postgresql:")
    accounts, ticket = tables.frame("accounts"), tables.frame("tickets").iloc[0]
    assert list(accounts["account_id"]) == ["1", "2"]
    assert list(accounts["strategic"]) == [True, False]
    assert accounts["contract_start"][0] == day_number(dt.date(2024, 2, 1))
    assert tables.report.tables["accounts"].kept == 2
    assert accounts["arr"][0] == 300_000
    assert accounts["arr"].isna()[1]
    assert ticket["account_id"] == "1"
    assert ticket["opened_at"] == epoch(2026, 1, 1, 10)
    assert ticket["resolved_at"] == epoch(2026, 1, 2, 3, 4, 5)
    assert (ticket["priority"], ticket["reopens"]) == ("P1", 2)
    assert ticket["subject"] == 'a "b",\nc;\td'


def test_a_moment_that_no_calendar_of_ours_holds_is_refused_and_counted(inside: Empty) -> None:
    inside.run(
        *ACCOUNTS,
        "CREATE TABLE tickets (ticket_id text, account_id text, opened_at timestamptz)",
        "INSERT INTO tickets VALUES ('a', '1', 'infinity'), ('b', '1', '0044-03-15 BC'), "
        "('c', '1', '0202-01-01'), ('d', '1', '2026-01-01')",
    )
    report = open_tables("postgresql:").report.tables["tickets"]
    assert (report.read, report.kept, report.refused) == (4, 1, 3)


def test_names_are_quoted_and_text_is_never_run(inside: Empty, tmp_path: Path) -> None:
    inside.run(
        *ACCOUNTS,
        'CREATE TABLE "cases; DROP TABLE accounts" ("No ""1""; --" text, cust text, "Opened" text)',
        """INSERT INTO "cases; DROP TABLE accounts" VALUES ('x''); --', '1', '2026-01-01')""",
    )
    sources = tmp_path / "sources.yaml"
    sources.write_text(
        "tables:\n  accounts: {table: accounts}\n  tickets:\n"
        '    table: "cases; DROP TABLE accounts"\n'
        "    columns: {ticket_id: 'No \"1\"; --', account_id: cust, opened_at: opened}\n"
    )
    tables = open_tables("postgresql:", sources)
    assert list(tables.frame("tickets")["ticket_id"]) == ["x'); --"]
    assert inside.run("SELECT count(*) FROM accounts") == [(2,)]


def test_bad_rows_are_refused_one_by_one_as_in_a_file(inside: Empty) -> None:
    inside.run(
        *ACCOUNTS,
        TICKETS,
        "INSERT INTO tickets VALUES ('a', '1', '2026-01-01', NULL), ('b', '9', '2026-01-01', ''), "
        "('c', '1', 'yesterday', NULL), (NULL, '1', '2026-01-01', NULL)",
    )
    tables = open_tables("postgresql:")
    assert tables.report.tables["tickets"].kept == 1
    refused = tables.refused()
    assert list(refused["line"]) == [2, 3, 4]
    assert list(refused["value"][:2]) == ["9", "yesterday"]


def test_a_column_of_lists_is_a_mistake_with_its_place(inside: Empty) -> None:
    inside.run(*ACCOUNTS, "CREATE TABLE usage (account_id text, date date, logins int[])")
    with pytest.raises(DataRefused, match=r":usage: column 'logins' holds integer\[\] values"):
        open_tables("postgresql:")


def test_what_is_missing_is_said_at_once(inside: Empty) -> None:
    inside.run("CREATE TABLE usage (account_id text)")
    with pytest.raises(DataRefused) as caught:
        open_tables("postgresql:")
    assert "no table 'accounts'" in str(caught.value)
    assert "no column 'date'" in str(caught.value)


def test_a_schema_may_be_named_and_the_search_path_counts_without(inside: Empty) -> None:
    inside.run("CREATE SCHEMA crm", *ACCOUNTS, "CREATE TABLE usage (account_id text, date text)")
    inside.run("SET search_path = crm", "CREATE TABLE crm.accounts (account_id text)")
    inside.run("INSERT INTO crm.accounts VALUES ('9')", "CREATE TABLE crm.usage (LIKE usage)")
    assert len(open_tables("postgresql:").frame("accounts")) == 2
    assert list(open_tables(url(inside, "?schema=crm")).frame("accounts")["account_id"]) == ["9"]
    with pytest.raises(RiskModelError, match="no tables in a schema 'sales'"):
        open_tables("postgresql:?schema=sales")


def test_a_mapping_leads_to_tables_of_any_schema_and_views_see_those_named_as_inputs(
    inside: Empty, tmp_path: Path
) -> None:
    inside.run(
        "CREATE SCHEMA desk",
        "CREATE TABLE desk.customers (nr int)",
        "INSERT INTO desk.customers VALUES (1), (2)",
        "CREATE TABLE desk.log (case_id text, customer int, happened timestamp, what text)",
        "INSERT INTO desk.log VALUES ('c', 1, '2026-01-01 10:00', 'open'), "
        "('c', 1, '2026-01-03 10:00', 'close'), ('d', 2, '2026-01-04', 'open')",
    )
    (tmp_path / "tickets.sql").write_text(
        "SELECT case_id AS ticket_id, customer AS account_id, min(happened) AS opened_at, "
        "max(happened) FILTER (WHERE what = 'close') AS resolved_at FROM log GROUP BY ALL"
    )
    sources = tmp_path / "sources.yaml"
    sources.write_text(
        "timezone: Europe/Berlin\ntables:\n"
        "  accounts: {table: desk.customers, columns: {account_id: nr}}\n"
        "  tickets: {sql: tickets.sql}\ninputs:\n  log: {table: desk.log}\n"
    )
    tickets = open_tables("postgresql:", sources).frame("tickets")
    assert list(tickets["opened_at"]) == [epoch(2026, 1, 1, 9), epoch(2026, 1, 3, 23)]
    assert tickets["resolved_at"][0] == epoch(2026, 1, 3, 9)


def test_some_tables_from_files_and_some_from_a_database(inside: Empty, tmp_path: Path) -> None:
    inside.run("CREATE TABLE usage (account_id text, date date, logins int)")
    inside.run("INSERT INTO usage VALUES ('a', '2026-03-01', 4)")
    (tmp_path / "accounts.csv").write_text("account_id\na\n")
    (tmp_path / "sources.yaml").write_text(
        "database: 'postgresql:'\n"
        "tables:\n  accounts: {file: accounts.csv}\n  usage: {table: usage}\n"
    )
    assert open_tables(tmp_path).frame("usage")["logins"][0] == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "tables: {accounts: {table: nowhere}}",
            r"sources.yaml:1: .* table 'nowhere' is not there",
        ),
        (
            "tables: {accounts: {file: a.csv}}",
            r"sources.yaml:1: .* is a database; say which `table",
        ),
        (
            "tables: {accounts: {table: accounts}}\ndatabase: 'postgresql:'",
            r"sources.yaml:2: --data names a database already",
        ),
        (
            "tables: {accounts: {table: accounts}, usage: {sql: u.sql}}\ninputs: {log: l.csv}",
            r"sources.yaml:2: .* is a database; write \{table: l.csv\}",
        ),
    ],
)
def test_mistakes_in_a_mapping_are_told_with_their_line(
    inside: Empty, tmp_path: Path, text: str, said: str
) -> None:
    inside.run(*ACCOUNTS, TICKETS)
    (tmp_path / "u.sql").write_text("SELECT 1")
    sources = tmp_path / "sources.yaml"
    sources.write_text(text)
    with pytest.raises((ConfigError, DataRefused), match=said):
        open_tables("postgresql:", sources)


def test_all_tables_are_of_one_moment(inside: Empty) -> None:
    inside.run(*ACCOUNTS, TICKETS)
    with Database(address_of("postgresql:")) as database:
        by_name = database.by_name()
        rows = []
        for name in ("accounts", "tickets"):
            relation = by_name[name][0]
            rows.append(batches(database, relation, database.columns(relation)).read_all().num_rows)
            inside.run("INSERT INTO tickets VALUES ('late', '1', '2026-01-01', NULL)")
    assert rows == [2, 0], "a row that was written while we read came in"


def test_nothing_can_be_written_where_tables_are_read_from(inside: Empty) -> None:
    import psycopg

    inside.run(*ACCOUNTS)
    with (
        Database(address_of("postgresql:")) as database,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        database.connection.execute("DELETE FROM accounts")


def test_a_table_that_we_may_not_read_is_named(
    inside: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside.run(*ACCOUNTS, TICKETS, f"CREATE ROLE reader_{inside.name} LOGIN PASSWORD 'x1'")
    inside.run(f"GRANT SELECT ON accounts TO reader_{inside.name}")
    monkeypatch.setenv("PGUSER", f"reader_{inside.name}")
    monkeypatch.setenv("PGPASSWORD", "x1")
    with pytest.raises(RiskModelError, match=r":tickets: cannot be read \(permission denied") as e:
        open_tables("postgresql:")
    assert "Traceback" not in str(e.value)
    inside.run(f"DROP OWNED BY reader_{inside.name}", f"DROP ROLE reader_{inside.name}")


def test_pieces_of_any_size_are_read_as_one_stream() -> None:
    pieces = [b"a", b"bc" * 40_000, b"d" * 3]
    whole = b"".join(pieces)
    file = CopyBytes(iter(pieces))  # type: ignore[arg-type]
    assert file.has_begun()
    read = b"".join(iter(lambda: file.read(777), b""))
    assert read == whole


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ann:s3cret@host/db",
        "postgres://ann:s3c@ret@host/db",
        "postgresql://host/db?password=s3cret",
        "postgresql://host/db?user=ann&sslpassword=s3cret",
        "postgresql:s3cret",
        "postgresql://host:s3cret/db",
        "postgresql://host/db?s3cret=1",
    ],
)
def test_an_address_with_a_password_is_refused_and_none_is_ever_repeated(text: str) -> None:
    assert is_address(text)
    try:
        address = address_of(text)
    except UsageError as error:
        assert "s3c" not in str(error)
    else:
        assert "s3c" not in str({k: v for k, v in address.settings.items() if k != "port"})
        assert text == "postgresql://host:s3cret/db", "libpq finds out that it is no port"


def test_a_folder_is_no_address() -> None:
    assert not is_address("data/postgresql")
    assert not is_address(Path("postgresql:"))


def test_without_the_driver_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError, match=r"pip install 'risk-model\[postgres\]'"):
        open_tables("postgresql:")


@pytest.mark.slow
def test_no_password_is_shown_whether_it_is_right_or_wrong(
    command: Command, database: Empty
) -> None:
    database.run(*ACCOUNTS, TICKETS, "INSERT INTO tickets VALUES ('t', '1', '2026-01-01', NULL)")
    done = command("check", "--data", "postgresql:", **database.env)
    assert done.code == 0, done.err
    assert "tickets" in done.out
    assert database.server.password not in done.said
    wrong = {**database.env, "PGPASSWORD": "entirely-wrong"}
    done = command("check", "--data", url(database), **wrong)
    assert done.code == 1
    assert "password authentication failed" in done.said
    assert "entirely-wrong" not in done.said
    assert "Traceback" not in done.err
    done = command("check", "--data", url(database).replace("risk@", "risk:letmein@"))
    assert done.code == 2
    assert "letmein" not in done.said
