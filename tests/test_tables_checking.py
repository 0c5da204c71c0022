"""What `risk-model check` says of the tables: how fresh, what is missing, what was refused."""

from __future__ import annotations

import csv
import datetime as dt
import tempfile
from pathlib import Path

from risk_model.tables import (
    Tables,
    check_lines,
    check_sentences,
    check_table,
    cost_of_missing,
    freshness,
    open_tables,
    stopped_feeds,
    write_refused,
)
from risk_model.tables.contract import CONTRACT
from risk_model.timeline import day_number

ACCOUNTS = "account_id,name,arr\na,Ann,100\nb,Bob,\n"


def folder(**tables: str) -> Path:
    where = Path(tempfile.mkdtemp())
    for name, text in tables.items():
        (where / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    return where


def read(**tables: str) -> Tables:
    return open_tables(folder(accounts=tables.pop("accounts", ACCOUNTS), **tables))


def test_a_feed_is_stopped_once_its_days_of_grace_are_over():
    tables = read(
        usage="account_id,date\na,2026-03-01\na,2026-03-10\n",
        surveys="survey_id,account_id,kind,sent_at\n1,a,NPS,2026-03-01\n",
    )
    last = day_number(dt.date(2026, 3, 10))
    grace = CONTRACT["usage"].grace_days
    fresh = freshness(tables.report, last + 1 + grace)["usage"]
    assert (fresh.stopped, fresh.age_days, fresh.last_day) == (False, 3, dt.date(2026, 3, 10))
    late = freshness(tables.report, last + 2 + grace)
    assert late["usage"].state == "stopped" and late["surveys"].state == "fresh"
    assert late["accounts"].state == "register"
    early = freshness(tables.report, day_number(dt.date(2026, 3, 5)))["usage"]
    assert (early.age_days, early.stopped) == (1, False)
    assert freshness(tables.report, last - 30)["usage"].state == "no rows yet"


def test_all_feeds_that_stopped_are_named_in_one_sentence_with_day_and_age():
    tables = read(
        usage="account_id,date\na,2026-03-01\n",
        tickets="ticket_id,account_id,opened_at\n1,a,2026-03-02T10:00:00Z\n",
        surveys="survey_id,account_id,kind,sent_at\n1,a,NPS,2026-01-01\n",
    )
    said = stopped_feeds(tables.report, day_number(dt.date(2026, 3, 31)))
    assert said == [
        "stopped feeds, as of 2026-03-31: usage (last row of 2026-03-01, 30 days before), tickets "
        "(last row of 2026-03-02, 29 days before). What needs them is as of then, or not measured; "
        "look at their exports"
    ]
    assert stopped_feeds(tables.report, day_number(dt.date(2026, 3, 4))) == []


def test_a_row_of_the_future_does_not_make_a_feed_that_stopped_look_fresh():
    usage = "account_id,date\na,2026-03-01\na,2062-03-01\n"
    tables = read(usage=usage, surveys="survey_id,account_id,kind,sent_at\n1,a,NPS,2026-01-01\n")
    told = freshness(tables.report, day_number(dt.date(2026, 3, 31)))["usage"]
    assert (told.last_day, told.stopped) == (dt.date(2026, 3, 1), True)
    ahead = read(usage="account_id,date\na,2062-03-01\n").report.tables["usage"]
    assert ahead.last_day == dt.date(2062, 3, 1)


def test_what_a_missing_table_costs_is_said_in_words():
    tables = read(usage="account_id,date,logins\na,2026-03-01,1\n")
    said = cost_of_missing(tables.report, {"tickets": 18, "surveys": 1})
    assert "no tickets: its 18 features are not measured" in said
    assert "no surveys: its one feature is not measured" in said
    assert any(line.startswith("usage without active_users, actions") for line in said)
    assert any(line.startswith("no escalations: nothing to train on") for line in said)


def test_the_check_shows_figures_that_add_up_and_writes_what_it_refused(tmp_path: Path):
    tables = read(
        usage="account_id,date,logins\na,2026-03-01,1\na,2026-03-01,1\nx,2026-03-01,=1+1\n"
    )
    usage = next(line for line in check_lines(tables, 20_600) if line.table == "usage")
    assert (usage.read, usage.kept, usage.merged, usage.refused) == (3, 2, 1, 1)
    assert usage.state == "stopped"
    assert check_table(check_lines(tables, 20_600)).row_count == 2
    assert (
        "usage.csv: 1 refused: unknown account (not in accounts, or refused there)"
        in check_sentences(tables)
    )
    where = tmp_path / "refused.csv"
    assert write_refused(tables, where) == 2
    rows = list(csv.DictReader(where.open(encoding="utf-8")))
    assert [(r["table"], r["line"], r["column"], r["value"]) for r in rows] == [
        ("usage", "4", "account_id", "x"),
        ("usage", "4", "logins", "'=1+1"),
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["refused.csv"]


def test_a_refused_cell_with_a_lone_carriage_return_stays_one_cell(tmp_path: Path):
    tables = read(usage='account_id,date,logins\na,2026-03-01,"1\r=1+1"\n')
    where = tmp_path / "refused.csv"
    assert write_refused(tables, where) == 1
    read_again = list(csv.reader(where.open(encoding="utf-8", newline="")))
    assert [len(row) for row in read_again] == [5, 5]
    assert read_again[1][-1] == "1\r=1+1"
