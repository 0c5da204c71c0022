"""The watchlist into PostgreSQL: whole or not at all, upserted, and nobody else's data touched."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from command import Command
from postgres import Empty
from risk_model.errors import RiskModelError, UsageError
from risk_model.tables import open_tables
from risk_model.tables.address import address_of
from risk_model.tables.postgres import connect
from risk_model.upsert import TYPES, check_reachable, targets, upserted
from risk_model.watchlist import COLUMNS, ESCALATED_COLUMNS, Watchlist
from small_company import AS_OF, account, desk, moment, ticket, write_tables

pytestmark = pytest.mark.slow

ENVIRONMENT = address_of("postgresql:")
ESCALATION = {
    "account_id": "E",
    "escalation_id": "1",
    "opened_at": "2026-03-01T10:00:00Z",
    "days_open": 3,
    "overdue": False,
}


@pytest.fixture
def inside(database: Empty, monkeypatch: pytest.MonkeyPatch) -> Empty:
    """A database that libpq's environment leads to."""
    for name, value in database.env.items():
        monkeypatch.setenv(name, value)
    return database


def a_list(*accounts: str, day: str = "2026-03-04", level: str = "Low") -> Watchlist:
    """Return a list of accounts, and one that is escalated."""
    ranked = pd.DataFrame(
        {
            "rank": range(1, len(accounts) + 1),
            "account_id": list(accounts),
            "as_of": day,
            "risk_level": level,
            "escalation_probability": 0.1234,
            "arr": [None, *[1000.5] * (len(accounts) - 1)][: len(accounts)],
        }
    ).reindex(columns=list(COLUMNS))
    escalated = pd.DataFrame([ESCALATION]).reindex(columns=list(ESCALATED_COLUMNS))
    run = {
        "as_of": day,
        "made_at": f"{day}T05:00:00Z",
        "horizon_days": 30,
        "scored_by": "rules",
        "calibrated": False,
        "counts": {"ranked": len(accounts), "escalated": 1},
    }
    return Watchlist(ranked, escalated, run)


def put(watchlist: Watchlist, table: str = "watchlist", where: str = "postgresql:") -> str:
    with upserted(address_of(where), table, watchlist) as done:
        return str(done)


def listed(database: Empty, table: str = "watchlist") -> list[tuple[object, ...]]:
    return database.run(
        f'SELECT as_of::text, account_id, rank, risk_level FROM "{table}" ORDER BY as_of, rank'
    )


@pytest.mark.slow
def test_every_cell_of_the_files_is_in_the_tables(
    command: Command, database: Empty, tmp_path: Path
) -> None:
    data = write_tables(
        tmp_path / "data",
        accounts=[account("A"), account("B", name="=1+1"), account("C", arr="")],
        tickets=[*desk("A"), ticket(1, "B", moment(1), priority="P1", sla_due_at=moment(0, 1))],
        escalations=[
            {"escalation_id": "E1", "account_id": "C", "opened_at": moment(3), "closed_at": ""}
        ],
    )
    found = command.at(tmp_path)
    found.env = {**command.env, **database.env}  # type: ignore[misc]
    lists = found.score(data, "--model", "rules", "--into", "postgresql:")
    assert f"upserted: {database.name}: watchlist 2 rows" in lists.done.out
    for table, file, key in (
        ("watchlist", lists.rows, "account_id"),
        ("watchlist_escalated", lists.escalated, "escalation_id"),
    ):
        names = list(file.columns)
        chosen = ", ".join(f'"{name}"' for name in names)
        rows = database.run(f'SELECT {chosen} FROM {table} ORDER BY "{key}"')
        cells = [[in_a_file(value) for value in row] for row in rows]
        text = file.sort_values(key).to_numpy().tolist()
        numbers = {i for i, name in enumerate(names) if TYPES.get(name) in ("numeric", "integer")}
        for ours, theirs in zip(cells, text, strict=True):
            for place, (one, other) in enumerate(zip(ours, theirs, strict=True)):
                if place in numbers and other:
                    assert float(one) == pytest.approx(float(other)), names[place]
                else:
                    assert one == other.removeprefix("'"), names[place]
    record = database.run("SELECT record, as_of FROM watchlist_runs")[0]
    assert record[0]["counts"] == lists.run["counts"]  # type: ignore[index]
    assert record[1] == AS_OF
    assert database.server.password not in lists.done.said + str(lists.run)


def in_a_file(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return "" if value is None else str(value)


def test_a_second_list_of_a_day_takes_the_place_of_the_first_and_leaves_other_days(
    inside: Empty,
) -> None:
    put(a_list("a", day="2026-03-03"))
    put(a_list("a", "b", "c"))
    inside.run("ALTER TABLE watchlist ADD COLUMN note text")
    inside.run("UPDATE watchlist SET note = 'called them' WHERE account_id = 'b'")
    assert "(1 removed)" in put(a_list("b", "a", level="High"))
    assert listed(inside) == [
        ("2026-03-03", "a", 1, "Low"),
        ("2026-03-04", "b", 1, "High"),
        ("2026-03-04", "a", 2, "High"),
    ]
    notes = inside.run("SELECT note FROM watchlist ORDER BY account_id, as_of")
    assert notes == [(None,), (None,), ("called them",)]
    assert inside.run("SELECT count(*) FROM watchlist_runs") == [(2,)]


def test_an_escalation_that_has_ended_by_the_second_run_is_gone_from_that_day(
    inside: Empty,
) -> None:
    put(a_list("a"))
    again = a_list("a")
    put(Watchlist(again.ranked, again.escalated.iloc[:0], again.run))
    assert inside.run("SELECT count(*) FROM watchlist_escalated") == [(0,)]


def test_an_empty_list_empties_its_day(inside: Empty) -> None:
    put(a_list("a"))
    empty = a_list("a")
    put(Watchlist(empty.ranked.iloc[:0], empty.escalated.iloc[:0], empty.run))
    assert listed(inside) == []
    assert inside.run("SELECT count(*) FROM watchlist_runs") == [(1,)]


@pytest.mark.parametrize("table", ["watchlist", "watchlist_escalated", "watchlist_runs"])
def test_what_the_database_refuses_leaves_the_old_lists_whole_and_writes_no_file(
    inside: Empty, tmp_path: Path, table: str
) -> None:
    put(a_list("a", "b"))
    before = listed(inside)
    inside.run(f"ALTER TABLE {table} ADD CHECK (as_of < '2026-03-05')")
    with (
        pytest.raises(RiskModelError, match=r"not written .* what stood there still stands") as e,
        upserted(ENVIRONMENT, "watchlist", a_list("a", "z", day="2026-03-05")),
    ):
        (tmp_path / "list.csv").write_text("never")
    assert "Failing row" not in str(e.value), "a row's values are nobody's business"
    assert listed(inside) == before
    assert inside.run("SELECT count(*) FROM watchlist_runs") == [(1,)]
    assert not list(tmp_path.iterdir())


def test_files_that_cannot_be_written_undo_the_upsert(inside: Empty) -> None:
    put(a_list("a"))
    with pytest.raises(OSError, match="disk"), upserted(ENVIRONMENT, "watchlist", a_list("z")):
        raise OSError("disk full")
    assert listed(inside) == [("2026-03-04", "a", 1, "Low")]


KILLED = """
import sys, time
sys.path.insert(0, "tests")
from test_postgres_watchlist import ENVIRONMENT, a_list
from risk_model.upsert import upserted
with upserted(ENVIRONMENT, "watchlist", a_list("a", "x", "y", level="High")):
    print("in the middle", flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_a_run_that_is_killed_in_the_middle_leaves_the_old_list_whole(inside: Empty) -> None:
    put(a_list("a", "b"))
    root = Path(__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "src"), *sys.path])},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "in the middle\n"
    process.kill()
    process.wait()
    assert listed(inside) == [("2026-03-04", "a", 1, "Low"), ("2026-03-04", "b", 2, "Low")]
    # and nothing that it held stands in the way of the next run
    put(a_list("c"))
    assert listed(inside) == [("2026-03-04", "c", 1, "Low")]


def test_what_somebody_has_locked_is_not_waited_for_for_ever(
    inside: Empty, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with connect(ENVIRONMENT) as connection:
        assert connection.execute("SHOW lock_timeout").fetchone() == ("10min",)
    put(a_list("a"))
    inside.run("CREATE TABLE accounts (account_id text, name text)")
    monkeypatch.setenv("PGOPTIONS", "-c lock_timeout=200ms")
    told = "somebody else has locked it"
    with connect(ENVIRONMENT) as connection:
        connection.execute("LOCK TABLE watchlist, accounts IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(RiskModelError, match=rf"list is not written \({told}.* still stands"):
            put(a_list("b"))
        with pytest.raises(RiskModelError, match=rf"accounts: cannot be read \({told}"):
            open_tables("postgresql:")
    assert listed(inside) == [("2026-03-04", "a", 1, "Low")]


def test_runs_at_once_wait_for_each_other_also_for_the_first_table(inside: Empty) -> None:
    lists = [a_list(*(f"{name}{i}" for i in range(300))) for name in "abcd"]
    with ThreadPoolExecutor(len(lists)) as pool:
        list(pool.map(put, lists))
    names = {str(row[1])[0] for row in listed(inside)}
    assert len(names) == 1, "rows of two runs are mixed"
    assert len(listed(inside)) == 300


def test_who_may_only_write_rows_can_write_the_list(
    inside: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(a_list("a"))
    role = f"writer_{inside.name}"
    inside.run(f"CREATE ROLE {role} LOGIN PASSWORD 'x1'")
    inside.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    inside.run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
    monkeypatch.setenv("PGUSER", role)
    monkeypatch.setenv("PGPASSWORD", "x1")
    put(a_list("b"))
    assert [row[1] for row in listed(inside)] == ["b"]
    with pytest.raises(RiskModelError, match="permission denied for schema public"):
        put(a_list("b"), table="another")
    inside.run(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_a_table_that_lacks_a_column_says_how_to_add_it(inside: Empty) -> None:
    put(a_list("a"))
    inside.run("ALTER TABLE watchlist DROP COLUMN waiting_on, DROP COLUMN previous_rank")
    with pytest.raises(RiskModelError, match="lacks columns of the list") as caught:
        put(a_list("b"))
    inside.run(str(caught.value).partition("Add them: ")[2])
    put(a_list("b"))
    assert [row[1] for row in listed(inside)] == ["b"]
    types = inside.run(
        "SELECT data_type FROM information_schema.columns "
        "WHERE table_name = 'watchlist' AND column_name = 'previous_rank'"
    )
    assert types == [("integer",)]


def test_a_name_is_a_name_whatever_stands_in_it(inside: Empty) -> None:
    odd = 'list"; DROP TABLE watchlist; --'
    put(a_list("a"))
    put(a_list("b"), table=odd)
    assert [row[1] for row in listed(inside)] == ["a"]
    assert inside.run('SELECT account_id FROM "list""; DROP TABLE watchlist; --"') == [("b",)]


def test_a_schema_takes_the_tables_in(inside: Empty) -> None:
    inside.run("CREATE SCHEMA cs")
    put(a_list("a"), where="postgresql:?schema=cs")
    assert inside.run("SELECT count(*) FROM cs.watchlist_runs") == [(1,)]


def test_text_that_the_database_cannot_hold_is_made_to_fit(inside: Empty) -> None:
    watchlist = a_list("a")
    watchlist.ranked["account_name"] = ["nul\0 tab\t line\n back\\ é ' \r \\N \\."]
    put(watchlist)
    assert inside.run("SELECT account_name FROM watchlist") == [
        ("nul tab\t line\n back\\ é ' \r \\N \\.",)
    ]


def test_a_list_of_any_length_is_compared_with_its_day_at_once_and_not_row_by_row(
    inside: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    # as little memory as a server of few hundred thousand accounts has for its list
    inside.run(f"ALTER DATABASE \"{inside.name}\" SET work_mem = '64kB'")
    names = [f"a-{number:06}" for number in range(30_000)]
    put(a_list(*names))
    begun = time.monotonic()
    assert "30,000 rows (1 removed)" in put(a_list(*names[1:], "new"))
    # row by row these are 30,000 times 30,000 comparisons, which take half a minute
    assert time.monotonic() - begun < 10
    assert inside.run("SELECT count(*), min(account_id), max(account_id) FROM watchlist") == [
        (30_000, "a-000001", "new")
    ]


def test_numbers_and_days_are_columns_of_their_kind() -> None:
    kinds = {name: TYPES.get(name, "text") for target in targets("w") for name in target.columns}
    text = {name for name, kind in kinds.items() if kind == "text"}
    assert not text & {"rank", "arr", "as_of", "overdue", "opened_at", "acknowledge_by"}
    assert {"account_id", "escalation_id", "reason_1", "run_id", "sponsor_due"} <= text


@pytest.mark.parametrize("name", ["", "n" * 51])
def test_a_name_has_to_leave_room_for_the_other_two_tables(name: str) -> None:
    with pytest.raises(UsageError, match="--into-table"):
        targets(name)


def test_a_database_that_is_not_there_is_found_out_before_anything_is_computed(
    command: Command, sample_folder: Path
) -> None:
    arguments = ["score", "--data", sample_folder, "--out", "l.csv", "--model", "rules", "--into"]
    done = command(*arguments, "postgresql://127.0.0.1:1/crm")
    assert done.code == 1
    assert "cannot be reached" in done.said
    assert "features:" not in done.said
    done = command(*arguments, "postgresql://u:letmein@127.0.0.1:1/crm")
    assert (done.code, "letmein" in done.said) == (2, False)
    done = command(*arguments, "lists.db")
    assert (done.code, "--into: give a database" in done.said) == (2, True)
    assert not (command.cwd / "l.csv").exists()


def test_reaching_it_is_all_that_the_check_does(inside: Empty) -> None:
    check_reachable(ENVIRONMENT)
    assert inside.run("SELECT count(*) FROM pg_class WHERE relname LIKE 'watchlist%'") == [(0,)]
