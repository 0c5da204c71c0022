"""A Monday on which an export went wrong: whatever is missing is said in the record of the run."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from conftest import Trained
from part_of_sample import first_accounts
from risk_model.errors import DataRefused
from risk_model.pipelines.importing import with_export
from risk_model.pipelines.judged_day import judged_day
from risk_model.pipelines.judges import choose_judge
from risk_model.pipelines.line import Line
from risk_model.pipelines.rules_record import _disagreement
from risk_model.pipelines.score import score
from risk_model.tables import open_tables
from risk_model.watchlist import Watchlist
from small_company import AS_OF, SETTINGS, Row, account, day, desk, write_tables

pytestmark = pytest.mark.slow

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


def test_numbers_whose_sum_is_more_than_a_number_holds_are_refused(tmp_path: Path) -> None:
    used = [{"account_id": NAMES[2], "date": day(n), "actions": "1.7e308"} for n in range(1, 80)]
    rich = [account(name, arr="1e308") for name in NAMES[:2]]
    rows = [*rich, *(account(name) for name in NAMES[2:])]
    found = listed(company(tmp_path, accounts=rows, usage=used))
    assert sorted(found.ranked["account_id"]) == NAMES[2:]
    said = "\n".join(found.run["notes"])
    assert "usage.csv: all 79 rows refused (implausibly large (over 1e15): 79)" in said
    assert "their rows are refused: 2 (implausibly large (over 1e15): 2)" in said


def test_refused_accounts_are_named_and_their_rows_in_one_sentence(tmp_path: Path) -> None:
    rows = [*(account(name) for name in NAMES), account(NAMES[0], name="Other")]
    said = notes(company(tmp_path, accounts=rows))
    assert "accounts.csv: accounts on no list, as their rows are refused: 1 (contradicts" in said
    assert "of accounts that are not there or refused: tickets 2 (17%)" in said
    assert "tickets.csv:" not in said


def last_list(folder: Path, names: list[str], burning: tuple[str, ...] = ()) -> Path:
    """Write a list of the week before, and the escalated accounts beside it."""
    out = folder / "last.csv"
    rows = pd.DataFrame({"account_id": names, "rank": range(1, len(names) + 1), "as_of": day(7)})
    rows.to_csv(out, index=False)
    pd.DataFrame({"account_id": burning}).to_csv(folder / "last.escalated.csv", index=False)
    return out


def a_week_on(folder: Path) -> Path:
    """Write a company of which one account ended, one is refused, one escalated, two are gone."""
    rows = [account(name) for name in NAMES[:3]]
    rows += [account(NAMES[3], contract_end=day(2)), account(NAMES[4], arr="lots")]
    burning = {"escalation_id": "E1", "account_id": NAMES[0], "opened_at": day(2), "closed_at": ""}
    tickets = [row for n, name in enumerate(NAMES[:3]) for row in desk(name, 10 * n)]
    return company(folder, accounts=rows, tickets=tickets, escalations=[burning])


def test_accounts_of_the_last_list_that_are_on_none_are_named(tmp_path: Path) -> None:
    data = a_week_on(tmp_path / "data")
    now = listed(data, last_list(tmp_path, NAMES, burning=("gone-while-escalated",)))
    assert now.run["left_since_last"] == {
        "not_a_customer": [NAMES[3]],
        "refused": [NAMES[4]],
        "of_other_ids": [],
        "not_in_accounts": [NAMES[5], "gone-while-escalated"],
    }
    (said,) = [note for note in now.run["notes"] if "on the last list" in note]
    assert said.startswith("on the last list and on neither today: 4 accounts. ")
    assert f"1 no customer any more: {NAMES[3]}; 1 refused: {NAMES[4]}" in said
    assert f"2 not in accounts: {NAMES[5]}, gone-while-escalated" in said
    assert "on the last list" not in notes(data, last_list(tmp_path, NAMES[:3]))
    assert "on the last list" not in notes(data)


@pytest.mark.parametrize("names", [["1", "2"], ["1.0", "2.0"], ["X-1", "X-2"]])
def test_a_last_list_of_other_ids_is_named_as_one(tmp_path: Path, names: list[str]) -> None:
    now = listed(company(tmp_path / "data"), last_list(tmp_path, names))
    assert now.run["left_since_last"]["of_other_ids"] == names
    assert "was the last list saved by a spreadsheet" in str(now.run["notes"])
    assert set(now.ranked["change"]) == {"new"}


def test_advice_of_an_earlier_list_is_overwritten_where_an_account_left_it(tmp_path: Path) -> None:
    now = listed(a_week_on(tmp_path / "data"), last_list(tmp_path, NAMES))
    told, files = with_export(now, tmp_path / "list.csv", "salesforce", SETTINGS.importers)
    (data,) = files.values()
    rows = pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False)
    rows = rows.set_index("Account_External_Id__c")
    assert set(rows.index) == set(NAMES)
    assert rows.index.is_unique
    states = rows["Escalation_State__c"].to_dict()
    assert [states[name] for name in NAMES[3:]] == ["off-list"] * 3
    assert states[NAMES[0]] == "escalated"
    assert set(rows["Escalation_As_Of__c"]) == {str(AS_OF)}
    ranks = rows["Escalation_Rank__c"].tolist()
    assert ranks == ["1", "2", "", "", "", ""]
    left = rows.loc[[NAMES[0], *NAMES[3:]]]
    for words in ("Recommended_Action__c", "Escalation_Risk_Level__c", "Escalation_Reason_1__c"):
        assert set(left[words]) == {"none"}
    assert rows.loc[NAMES[0], "Suggested_Severity__c"].startswith("SEV-")
    (note,) = [note for note in told.run["notes"] if note.startswith("salesforce: accounts that")]
    assert "(3 off-list, 1 escalated). Their rank, escalation_probability," in note


@pytest.mark.parametrize(("factor", "said"), [(0.01, "went to 1;"), (0.1, "went to 10;"), (1, "")])
def test_health_scores_of_another_scale_are_named(tmp_path: Path, factor: float, said: str) -> None:
    rows: list[Row] = [
        {"account_id": name, "scored_at": day(n), "score": (20 + 13 * n) * factor}
        for name in NAMES
        for n in range(1, 7)
    ]
    with open_tables(company(tmp_path / "many", health_scores=rows)) as tables:
        told = str(tables.report.notices)
    assert said in told
    assert ("score * " in told) == bool(said)
    with open_tables(company(tmp_path / "few", health_scores=rows[:6])) as tables:
        assert "score * " not in str(tables.report.notices), "a few may fare badly"


def test_what_the_champion_was_trained_with_and_is_gone_is_named(
    trained: Trained, sample_folder: Path, tmp_path: Path
) -> None:
    data = first_accounts(sample_folder, tmp_path / "data", 40)
    (data / "tickets.csv.gz").unlink()
    renamed = pd.read_csv(data / "escalations.csv", dtype=str).rename(columns={"closed_at": "end"})
    renamed.to_csv(data / "escalations.csv", index=False)
    notes = "\n".join(trained.command.score(data).run["notes"])  # type: ignore[arg-type]
    by = "that model risk-model-escalation/1 was trained with, not there today"
    gone = "tickets, ticket_events, outcomes"
    assert f"tables {by}: {gone}. What needs them is not measured" in notes
    by = "that model risk-model-escalation/1 was trained with, not there or empty today"
    assert f"columns {by}: escalations: closed_at" in notes
    assert "nobody is listed as escalated" in notes
    renamed.rename(columns={"end": "closed_at"}).assign(closed_at="").to_csv(
        data / "escalations.csv", index=False
    )
    emptied = "\n".join(trained.command.score(data).run["notes"])  # type: ignore[arg-type]
    assert f"columns {by}: escalations: " in emptied
    assert "closed_at" in emptied


def test_a_table_that_the_champion_learnt_from_is_not_refused_as_a_whole_without_a_stop(
    trained: Trained, sample_folder: Path, tmp_path: Path
) -> None:
    data = first_accounts(sample_folder, tmp_path / "data", 60)
    tickets = pd.read_csv(data / "tickets.csv.gz", dtype=str)
    other = tickets.assign(opened_at=tickets["opened_at"].str.replace("-", "/"))
    other.to_csv(data / "tickets.csv.gz", index=False)
    done = trained.command("score", "--data", data, "--out", "none.csv")
    assert done.code == 3
    assert f"tickets.csv.gz: all {len(tickets):,} rows are refused (not a date or time" in done.err
    assert "model risk-model-escalation/1 was trained with them" in done.err
    assert trained.command.score(data, "--model", "rules").run["counts"]["ranked"] > 0  # type: ignore[index]
    few = data / "incidents.csv"
    tickets.to_csv(data / "tickets.csv.gz", index=False)
    pd.read_csv(few, dtype=str).head(3).assign(started_at="?").to_csv(few, index=False)
    notes = str(trained.command.score(data).run["notes"])
    assert "incidents.csv: all 3 rows refused" in notes


def test_rules_and_model_are_not_compared_where_nobody_is_a_customer(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", trained.command.env["MLFLOW_TRACKING_URI"])
    over = company(tmp_path, accounts=[account(name, contract_end=day(2)) for name in NAMES])
    with Line.open(over, SETTINGS) as line:
        apart, why = _disagreement(
            line, line.day_of(AS_OF), choose_judge(line.settings, "champion", None)
        )
    assert apart is None
    assert why == f"no customer is there to be listed on {AS_OF}"
