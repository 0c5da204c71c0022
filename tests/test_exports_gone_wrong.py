"""A Monday on which an export went wrong: whatever is missing is said in the record of the run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from conftest import Trained
from risk_model.errors import DataRefused
from risk_model.pipelines.judged_day import judged_day
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.settings import load_settings
from risk_model.watchlist import Watchlist
from small_company import AS_OF, Row, account, day, desk, write_tables

SETTINGS = load_settings()
NAMES = [f"{n:07d}" for n in range(1, 7)]


def company(folder: Path, **tables: list[Row]) -> Path:
    """Write a company of six accounts with a support desk; ``tables`` replace or add tables."""
    whole = {
        "accounts": [account(name) for name in NAMES],
        "tickets": [row for n, name in enumerate(NAMES) for row in desk(name, 10 * n)],
    }
    return write_tables(folder, **{**whole, **tables})


def listed(folder: Path, previous: Path | None = None) -> Watchlist:
    with Line.open(folder, SETTINGS) as line:
        return score(line, AS_OF, model="rules", previous=previous)


def notes(folder: Path, previous: Path | None = None) -> str:
    return "\n".join(listed(folder, previous).run["notes"])


def test_where_nobody_is_a_customer_it_is_said_what_became_of_everybody(tmp_path: Path) -> None:
    rows = [
        account("0000001", contract_end=day(30)),
        account("0000002", contract_end=day(4)),
        account("0000003", contract_start=day(-5)),
        account("0000004", contract_start="", valid_from=day(-5)),
        account("0000005", arr="lots"),
    ]
    data = company(tmp_path, accounts=rows)
    with Line.open(data, SETTINGS) as line:
        for run in (score, judged_day):
            with pytest.raises(DataRefused) as refused:
                run(line, AS_OF, model="rules")
            said = str(refused.value)
            assert f"no account is a customer on {AS_OF}" in said
            assert f"contract ended: 2 (the last on {day(4)})" in said
            assert f"yet to begin: 1 (the first on {day(-5)})" in said
            assert "nothing known before that day: 1; refused: 1" in said


def test_a_feed_of_which_every_row_is_refused_is_named_with_the_reason(tmp_path: Path) -> None:
    rows = [{**row, "opened_at": "soon"} for row in desk(NAMES[0])]
    events = [{"ticket_id": "T150", "occurred_at": day(3), "kind": "reopened", "value": ""}]
    usage = [{"account_id": NAMES[0], "date": day(n), "logins": 3} for n in range(1, 9)]
    said = notes(company(tmp_path, tickets=rows, ticket_events=events, usage=usage))
    assert "tickets.csv: all 2 rows refused (not a date or time" in said
    assert "ticket_events.csv: all 1 rows refused (unknown ticket" in said
    assert "None" not in said
    assert "usage" not in said


def test_a_feed_without_a_row_is_named(tmp_path: Path) -> None:
    data = company(tmp_path)
    (data / "usage.csv").write_text("account_id,date,logins\n")
    assert "without a single row: usage" in notes(data)


def test_refused_rows_are_named_from_one_in_a_hundred_on(tmp_path: Path) -> None:
    good = [{"account_id": NAMES[0], "date": day(n), "logins": 3} for n in range(1, 199)]
    bad = [{"account_id": NAMES[0], "date": day(n), "logins": -1} for n in (300, 301)]
    said = notes(company(tmp_path / "two", usage=[*good, *bad]))
    assert "usage.csv: 2 of 200 rows refused, 1% (negative: 2)" in said
    assert "refused" not in notes(company(tmp_path / "one", usage=[*good, bad[0]]))


def test_refused_accounts_are_named_and_their_rows_in_one_sentence(tmp_path: Path) -> None:
    rows = [*(account(name) for name in NAMES), account(NAMES[0], name="Other")]
    said = notes(company(tmp_path, accounts=rows))
    assert "accounts.csv: 1 accounts are on no list, as their rows are refused (contradicts" in said
    assert "of accounts that are not there or refused: tickets 2 (17%)" in said
    assert "tickets.csv:" not in said


@pytest.mark.slow
def test_what_the_champion_was_trained_with_and_is_gone_is_named(
    trained: Trained, sample_folder: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for file in sample_folder.glob("*.csv*"):
        if not file.name.startswith("ticket"):
            shutil.copy(file, data)
    renamed = pd.read_csv(data / "escalations.csv", dtype=str).rename(columns={"closed_at": "end"})
    renamed.to_csv(data / "escalations.csv", index=False)
    notes = "\n".join(trained.command.score(data).run["notes"])  # type: ignore[arg-type]
    by = "that model risk-model-escalation/1 was trained with, not there today"
    assert f"tables {by}: tickets, ticket_events. What needs them is not measured" in notes
    assert f"columns {by}: escalations: closed_at" in notes
    assert "nobody is listed as escalated" in notes
    whole = trained.command.score(sample_folder).run
    assert "not there today" not in str(whole["notes"])
    assert "closed_at" in whole["tables"]["escalations"]["columns"]  # type: ignore[index]


@pytest.mark.slow
def test_a_table_that_the_champion_learnt_from_is_not_refused_as_a_whole_without_a_stop(
    trained: Trained, sample_folder: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(sample_folder, data)
    tickets = pd.read_csv(data / "tickets.csv.gz", dtype=str)
    other = tickets.assign(opened_at=tickets["opened_at"].str.replace("-", "/"))
    other.to_csv(data / "tickets.csv.gz", index=False)
    done = trained.command("score", "--data", data, "--out", "none.csv")
    assert done.code == 3
    assert f"tickets.csv.gz: all {len(tickets):,} rows are refused (not a date or time" in done.err
    assert "model risk-model-escalation/1 was trained with them" in done.err
    assert trained.command.score(data, "--model", "rules").run["counts"]["ranked"] > 0  # type: ignore[index]
    few = data / "incidents.csv"
    shutil.copy(sample_folder / "tickets.csv.gz", data)
    pd.read_csv(few, dtype=str).head(3).assign(started_at="?").to_csv(few, index=False)
    notes = str(trained.command.score(data).run["notes"])
    assert "incidents.csv: all 3 rows refused" in notes
