"""The contract of the watchlist, end to end: nobody is dropped, each column means one thing."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from command import Command, List
from conftest import ROOT, Trained
from risk_model.tables import known_rows, open_tables
from risk_model.timeline import day_number
from small_company import AS_OF, account, day, desk, moment, ticket, write_tables

LIST = (
    "rank,account_id,account_name,segment,csm,arr,renewal_date,as_of,horizon_days,"
    "escalation_probability,risk_level,suggested_severity,escalation_tier,likely_cause,reason_1,"
    "reason_2,reason_3,rules_fired,recommended_action,acknowledge_by,update_every_hours,owner_role,"
    "executive_sponsor,arr_at_risk,previous_rank,change,state,waiting_on,recovery_stage,"
    "data_coverage,model_version,run_id"
)
ESCALATED = (
    "account_id,account_name,csm,arr,escalation_id,opened_at,days_open,suggested_severity,"
    "rules_fired,acknowledge_overdue,next_update_due,sponsor_due,overdue"
)
CAUSES = {"product", "support", "expectations", "contract", "experience", ""}
ENUMERATIONS = {
    "risk_level": {"High", "Medium", "Low"},
    "suggested_severity": {"SEV-1", "SEV-2", "SEV-3", "SEV-4"},
    "escalation_tier": {"1", "2", "3", "4"},
    "likely_cause": CAUSES,
    "change": {"new", "up", "down", "same"},
    "state": {"at-risk", "silent", "recovery"},
    "waiting_on": {"us", "customer", "nobody"},
    "recovery_stage": {"week-1", "weeks-2-4", "month-2", "month-3", "month-6", ""},
    "executive_sponsor": {"now", "within-24h", "no"},
}
RULES = {rule["id"] for rule in yaml.safe_load((ROOT / "models/rules.yaml").read_text())["rules"]}
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def assert_keeps_the_contract(listed: List, folder: Path, name: str = "list") -> None:
    """Check all that the contract says of any list's form."""
    for file, header in ((f"{name}.csv", LIST), (f"{name}.escalated.csv", ESCALATED)):
        data = (folder / file).read_bytes()
        assert data.decode("utf-8").split("\n")[0] == header
        assert b"\r" not in data
        assert data.endswith(b"\n")
        assert listed.run["sha256"][file] == hashlib.sha256(data).hexdigest()
    rows = listed.rows
    assert rows["account_id"].is_unique
    assert rows["rank"].tolist() == [str(n + 1) for n in range(len(rows))]
    order = list(
        zip(-rows["escalation_probability"].astype(float), rows["account_id"], strict=True)
    )
    assert order == sorted(order)
    for column, allowed in ENUMERATIONS.items():
        assert set(rows[column]) <= allowed, column
    assert rows["escalation_probability"].str.fullmatch(r"[01]\.\d{1,4}").all()
    assert rows["escalation_probability"].astype(float).between(0, 1).all()
    assert rows["data_coverage"].astype(float).between(0, 1).all()
    for fired in rows["rules_fired"]:
        assert set(filter(None, fired.split(";"))) <= RULES
    assert rows["acknowledge_by"].str.fullmatch(TIME).all()
    assert rows["renewal_date"].str.fullmatch(r"(\d{4}-\d\d-\d\d)?").all()
    assert set(rows["as_of"]) <= {listed.run["as_of"]}
    assert set(rows["horizon_days"]) <= {str(listed.run["horizon_days"])}
    known = rows[rows["arr"] != ""]
    product = known["escalation_probability"].astype(float) * known["arr"].astype(float)
    assert (known["arr_at_risk"].astype(float) - product).abs().max() < 0.006
    assert (rows.loc[rows["arr"] == "", "arr_at_risk"] == "").all()
    assert_reads_well(rows)
    assert_adds_up(listed)


def assert_reads_well(rows: pd.DataFrame) -> None:
    """Check the sentences: there is one, none twice, no gap between them, nothing left unfilled."""
    for said in rows[["reason_1", "reason_2", "reason_3"]].to_numpy().tolist():
        told = [text for text in said if text]
        assert told
        assert said[: len(told)] == told
        assert len(set(told)) == len(told)
        assert not re.search(
            r"[{}|]|unknown|\bnan\b|\b1 (messages|tickets|days|questions)\b", " ".join(told)
        )
    assert (rows["recommended_action"] != "").all()


def assert_adds_up(listed: List) -> None:
    """Check: accounts read = refused + not a customer + ranked + escalated."""
    counts: Any = listed.run["counts"]
    parts = ("refused", "not_a_customer", "ranked", "escalated")
    assert counts["accounts_read"] == sum(counts[part] for part in parts)
    assert counts["ranked"] == len(listed.rows)
    assert counts["escalated"] == listed.escalated["account_id"].nunique()
    assert not set(listed.rows["account_id"]) & set(listed.escalated["account_id"])


@pytest.mark.slow
def test_a_list_by_the_champion_keeps_the_contract(trained: Trained, sample_folder: Path) -> None:
    listed = trained.command.score(sample_folder, out="champion.csv")
    assert_keeps_the_contract(listed, trained.folder, "champion")
    assert listed.run["calibrated"] is True
    assert "Probability" in listed.done.out
    assert set(listed.rows["model_version"]) == {"risk-model-escalation/1"}
    assert listed.run["scored_by"] == "risk-model-escalation/1"
    assert listed.rows["run_id"].str.fullmatch("[0-9a-f]{32}").all()
    assert {"versions", "seconds", "tables", "data_fingerprint", "settings_version"} <= set(
        listed.run
    )
    usage = listed.run["tables"]["usage"]
    assert (usage["last_day"], usage["age_days"], usage["stopped"]) == ("2026-06-28", 1, False)
    assert "not there today" not in str(listed.run["notes"]), "it has what it was trained with"
    assert "closed_at" in listed.run["tables"]["escalations"]["columns"]
    ids = set(pd.read_csv(sample_folder / "accounts.csv")["account_id"])
    assert listed.run["counts"]["accounts_read"] == len(ids)
    assert set(listed.rows["account_id"]) | set(listed.escalated["account_id"]) <= ids


@pytest.mark.slow
def test_the_champion_scores_without_escalations_and_without_old_data(
    trained: Trained, sample_folder: Path, tmp_path: Path
) -> None:
    for path in sample_folder.iterdir():
        if path.name not in ("escalations.csv", "outcomes.csv"):
            shutil.copy(path, tmp_path)
    young = pd.read_csv(tmp_path / "messages.csv.gz", dtype=str)
    young = young[young["sent_at"] > "2026-03-01"]
    young.to_csv(tmp_path / "messages.csv.gz", index=False)
    listed = trained.command.score(tmp_path, out="bare.csv")
    assert_keeps_the_contract(listed, trained.folder, "bare")
    assert listed.run["scored_by"] == "risk-model-escalation/1"
    assert len(listed.escalated) == 0


# One account for every way that one can go. Nobody may be lost on any of them.
ODD = [
    account("plain"),
    account("twice"),
    account("twice"),
    account("gaps", valid_from="2025-01-01", arr=500),
    account("gaps", valid_from="2026-02-01", arr=700),
    account("half-bad", valid_from="2025-01-01"),
    account("half-bad", valid_from="2026-01-01", arr="-5"),
    account("silent-since-ever"),
    account("bad-money", arr="lots"),
    account("contradicts", name="One"),
    account("contradicts", name="Two"),
    account(""),
    account("not-yet", contract_start=day(-1)),
    account("starts-today", contract_start=day(0)),
    account("no-longer", contract_end=day(0)),
    account("one-day-left", contract_end=day(-1)),
    account("known-tomorrow", valid_from=day(-1)),
    account("known-today", valid_from=day(0)),
    account("never-seen", contract_start=""),
    account("seen", contract_start=""),
    account("burning"),
    account("burnt"),
    account("burns-twice"),
    account("burning-no-longer-a-customer", contract_end=day(10)),
]
RANKED = {
    "plain", "twice", "gaps", "half-bad", "silent-since-ever", "starts-today", "one-day-left",
    "seen", "burnt",
}  # fmt: skip
GONE = {
    "not-yet", "no-longer", "known-tomorrow", "known-today", "never-seen",
    "burning-no-longer-a-customer",
}  # fmt: skip


def escalation(number: int, account_id: str, opened: int, closed: int | None) -> dict[str, object]:
    return {
        "escalation_id": f"E{number}",
        "account_id": account_id,
        "opened_at": moment(opened),
        "closed_at": "" if closed is None else moment(closed),
        "acknowledged_at": "",
    }


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A company of odd accounts."""
    tickets = [*desk("plain"), *desk("bad-money", 20), ticket(30, "seen", moment(3))]
    escalations = [
        escalation(1, "burning", 20, None),
        escalation(2, "burnt", 9, 2),
        escalation(3, "burns-twice", 5, None),
        escalation(4, "burns-twice", 3, -1) | {"severity": 4},
        escalation(5, "burning-no-longer-a-customer", 20, None),
    ]
    return write_tables(tmp_path / "odd", accounts=ODD, tickets=tickets, escalations=escalations)


def test_accounts_read_are_refused_or_no_customers_or_ranked_or_escalated(
    command: Command, odd: Path, tmp_path: Path
) -> None:
    listed = command.score(odd, "--model", "rules", "--as-of", day(0))
    assert_keeps_the_contract(listed, tmp_path)
    assert set(listed.rows["account_id"]) == RANKED
    assert listed.escalated["account_id"].tolist() == ["burning", "burns-twice", "burns-twice"]
    assert listed.run["counts"] == {
        "accounts_read": len({row["account_id"] for row in ODD}),
        "refused": len({"bad-money", "contradicts", ""}),
        "not_a_customer": len(GONE),
        "ranked": len(RANKED),
        "escalated": 2,
    }
    assert float(listed.row("gaps")["arr"]) == 700
    assert listed.row("burnt")["state"] == "recovery"
    assert listed.row("burnt")["recovery_stage"] == "week-1"


@pytest.mark.slow
def test_the_escalated_stand_apart_with_what_is_overdue(command: Command, odd: Path) -> None:
    listed = command.score(odd, "--model", "rules", "--as-of", day(0))
    rows = {row["escalation_id"]: row for row in listed.escalated.to_dict("records")}
    assert [rows[key]["days_open"] for key in ("E1", "E3", "E4")] == ["19", "4", "2"]
    assert [rows[key]["overdue"] for key in ("E1", "E3", "E4")] == ["True", "False", "False"]
    # The last was opened on Friday at noon: a working day later is Monday at noon.
    late = [rows[key]["acknowledge_overdue"] for key in ("E1", "E3", "E4")]
    assert late == ["True", "True", "False"]
    assert rows["E1"]["opened_at"] == moment(20)
    assert listed.escalated["next_update_due"].str.fullmatch(TIME).all()
    assert set(listed.escalated["sponsor_due"]) <= ENUMERATIONS["executive_sponsor"]


def test_an_end_that_was_noted_before_it_came_ends_nothing_before_it_comes(
    command: Command, tmp_path: Path
) -> None:
    planned = {**escalation(1, "planned", 20, -5), "noted": moment(3)}
    late = {**escalation(2, "late", 20, 6), "noted": moment(-2)}
    over = {**escalation(3, "over", 20, 6), "noted": moment(3)}
    names = ("planned", "late", "over")
    data = write_tables(
        tmp_path / "noted",
        accounts=[account(name) for name in names],
        tickets=[row for at, name in enumerate(names) for row in desk(name, 10 * at)],
        escalations=[planned, late, over],
    )
    mapping = "tables:\n  escalations: {file: escalations.csv, known_at: {closed_at: noted}}\n"
    for name in ("accounts", "tickets"):
        mapping += f"  {name}: {{file: {name}.csv}}\n"
    (data / "sources.yaml").write_text(mapping)
    listed = command.score(data, "--model", "rules", "--as-of", day(0))
    assert sorted(listed.escalated["account_id"]) == ["late", "planned"]
    assert listed.rows["account_id"].tolist() == ["over"]
    with open_tables(data) as tables:
        rows = known_rows(tables, "escalations", day_number(AS_OF))
    ends = {row["account_id"]: row["closed_at"] is not None for row in rows}
    assert ends == {"planned": False, "late": False, "over": True}


@pytest.fixture
def busy(tmp_path: Path) -> Path:
    """Three accounts: one with a burst of tickets, one with half of it, one quiet and large."""
    rows = [
        account("=burst", name="=HYPERLINK(1)", csm="@kim", arr=100),
        account("half", name='Half, "Ltd"', arr=2000),
        account("quiet", name="Größe 東", segment="-SMB", arr=90_000),
    ]
    tickets = desk("quiet")
    tickets += [ticket(n, "=burst", moment(3, n)) for n in range(6)]
    tickets += [ticket(10 + n, "half", moment(4, n), resolved_at=moment(1)) for n in range(5)]
    return write_tables(tmp_path / "busy", accounts=rows, tickets=tickets)


def test_formulas_are_harmless_and_keys_are_as_they_came(
    command: Command, busy: Path, tmp_path: Path
) -> None:
    listed = command.score(busy, "--model", "rules")
    assert_keeps_the_contract(listed, tmp_path)
    row = listed.row("=burst")
    assert row["account_name"] == "'=HYPERLINK(1)"
    assert row["csm"] == "'@kim"
    assert listed.row("quiet")["segment"] == "'-SMB"
    assert listed.row("quiet")["account_name"] == "Größe 東"
    with (tmp_path / "list.csv").open(newline="", encoding="utf-8") as file:
        assert {line["account_name"] for line in csv.DictReader(file)} >= {'Half, "Ltd"'}


@pytest.mark.slow
def test_top_shortens_the_terminal_and_never_the_file(command: Command, busy: Path) -> None:
    short = command.score(busy, "--model", "rules", "--top", 1, out="short.csv")
    none = command.score(busy, "--model", "rules", "--top", 0, out="none.csv")
    assert len(short.rows) == len(none.rows) == 3
    assert "HYPERLINK" in short.done.said
    assert "Half" not in short.done.said
    assert "1 of 3 ranked accounts" in short.done.said
    assert "Watchlist" not in none.done.out
    assert none.done.out.startswith("written:")


@pytest.mark.slow
def test_arr_at_risk_ranks_by_the_money(command: Command, busy: Path) -> None:
    by_odds = command.score(busy, "--model", "rules", out="odds.csv")
    by_money = command.score(busy, "--model", "rules", "--policy", "arr-at-risk", out="money.csv")
    assert by_odds.rows["account_id"].tolist() == ["=burst", "half", "quiet"]
    assert by_money.rows["account_id"].tolist() == ["quiet", "half", "=burst"]
    money = by_money.rows["arr_at_risk"].astype(float)
    assert money.is_monotonic_decreasing
    wrong = command("score", "--data", busy, "--out", "x.csv", "--policy", "arr")
    assert wrong.code == 2
    assert "choose probability or arr-at-risk" in wrong.err


@pytest.mark.slow
def test_the_list_before_gives_ranks_and_has_to_be_older(command: Command, busy: Path) -> None:
    def at(ago: int, *more: object, out: str) -> List:
        return command.score(busy, "--model", "rules", "--as-of", day(ago), *more, out=out)

    before = at(3, out="before.csv")
    assert before.rows["account_id"].tolist() == ["half", "=burst", "quiet"]
    assert set(before.rows["change"]) == {"new"}
    assert set(before.rows["previous_rank"]) == {""}
    now = at(0, "--previous", "before.csv", out="now.csv")
    told = {
        row["account_id"]: (row["previous_rank"], row["change"]) for _, row in now.rows.iterrows()
    }
    assert told == {"=burst": ("2", "up"), "half": ("1", "down"), "quiet": ("3", "same")}
    old = (command.cwd / "now.csv").read_bytes()
    again = command(
        "score", "--data", busy, "--model", "rules", "--as-of", day(0),
        "--previous", "now.csv", "--out", "now.csv",
    )  # fmt: skip
    assert again.code == 3
    assert "Give the list of an earlier day" in again.err
    assert (command.cwd / "now.csv").read_bytes() == old


@pytest.mark.slow
def test_exports_that_stand_still_are_named_where_nobody_reads_the_log(
    command: Command, busy: Path
) -> None:
    stale = command.score(busy, "--model", "rules")
    day = stale.run["as_of"]
    assert any(f"days old: this is as of {day}" in note for note in stale.run["notes"])
    asked = command.score(busy, "--model", "rules", "--as-of", day)
    assert not any("days old" in note for note in asked.run["notes"])


@pytest.mark.slow
def test_a_feed_that_stopped_is_named_once_also_on_a_day_that_was_asked_for(
    command: Command, busy: Path
) -> None:
    write_tables(busy, usage=[{"account_id": "half", "date": day(n)} for n in range(30, 60)])
    listed = command.score(busy, "--model", "rules", "--as-of", day(0))
    told = f"usage (last row of {day(30)}, 30 days before)"
    assert [told in note for note in listed.run["notes"]].count(True) == 1
    assert "tickets (" not in str(listed.run["notes"])
    assert " ".join(listed.done.err.split()).count(told) == 1, "warned once"
    old = command.score(busy, "--model", "rules", "--as-of", str(AS_OF + dt.timedelta(147)))
    stopped = next(note for note in old.run["notes"] if "stopped feeds" in note)
    assert f"tickets (last row of {day(1)}, 148 days before)" in stopped
    fresh = command.score(busy, "--model", "rules", "--as-of", day(29))
    assert "stopped" not in str(fresh.run["notes"])


@pytest.mark.slow
def test_without_a_champion_the_rules_score_and_it_is_said(command: Command, busy: Path) -> None:
    listed = command.score(busy)
    assert listed.run["calibrated"] is False
    assert listed.run["scored_by"] == "rules"
    assert "no champion is registered" in str(listed.run["notes"])
    assert "no champion is registered: scored by the rules alone" in listed.done.said
    assert "Score" in listed.done.out
    assert "Probability" not in listed.done.out
    assert listed.rows["model_version"].str.startswith("rules/").all()
    asked = command.score(busy, "--model", "rules")
    assert asked.run["notes"][0] == "scored by the rules alone, as asked"
    assert not (command.cwd / "mlflow.db").exists(), "scoring made a registry"


@pytest.mark.slow
def test_a_version_that_is_not_there_is_named(command: Command, busy: Path) -> None:
    done = command("score", "--data", busy, "--model", "99", "--out", "x.csv")
    assert done.code in (1, 2)
    assert re.search(r"99", done.err)
    assert "Traceback" not in done.err
    assert not (command.cwd / "x.csv").exists()


@pytest.mark.slow
def test_a_model_of_other_definitions_is_refused_with_a_remedy(
    trained: Trained, odd: Path, tmp_path: Path
) -> None:
    refused = _scored_with(
        trained, odd, tmp_path, "features/tickets.yaml", "window: 7d", "window: 8d"
    )
    assert "trained on another definition of features tickets_7d" in refused
    assert "risk-model train" in refused
    assert "--model rules" in refused


@pytest.mark.slow
def test_a_model_that_heard_other_words_is_refused(
    trained: Trained, odd: Path, tmp_path: Path
) -> None:
    file = "features/lexicons/threat.yaml"
    refused = _scored_with(trained, odd, tmp_path, file, "cancel", "walk out of")
    assert "another definition of the lexicons" in refused


@pytest.mark.slow
def test_a_threshold_changed_since_the_training_counts_at_once_and_is_said(
    trained: Trained, busy: Path, tmp_path: Path
) -> None:
    config = changed(
        tmp_path / "config", "models/rules.yaml", "tickets_7d: {above: 3}", "tickets_7d: {above: 5}"
    )
    before = trained.command.score(busy, out="rules-then.csv")
    now = trained.command.score(busy, "--config", config, out="rules-now.csv")
    assert "ticket-burst" in before.row("half")["rules_fired"]
    assert "ticket-burst" not in now.row("half")["rules_fired"]
    assert "trained with other rules" not in str(before.run["notes"])
    assert "trained with other rules" in str(now.run["notes"])
    probability = "escalation_probability"
    assert now.row("half")[probability] == before.row("half")[probability]


def _scored_with(
    trained: Trained, data: Path, tmp_path: Path, file: str, old: str, new: str
) -> str:
    config = changed(tmp_path / "config", file, old, new)
    done = trained.command("score", "--data", data, "--config", config, "--out", tmp_path / "x.csv")
    assert done.code in (1, 2), done.out
    assert "Traceback" not in done.err
    assert not (tmp_path / "x.csv").exists()
    return " ".join(done.err.split())


def changed(folder: Path, file: str, old: str, new: str) -> Path:
    """Return a copy of the decisions with one word changed."""
    config = copy_of_decisions(folder)
    text = (config / file).read_text()
    assert old in text
    (config / file).write_text(text.replace(old, new, 1))
    return config


def copy_of_decisions(folder: Path) -> Path:
    for part in ("features", "models", "pipelines"):
        shutil.copytree(ROOT / part, folder / part)
    return folder


@pytest.mark.slow
def test_another_horizon_than_the_models_is_refused(
    trained: Trained, odd: Path, tmp_path: Path
) -> None:
    out = tmp_path / "x.csv"
    done = trained.command("score", "--data", odd, "--horizon", 60, "--out", out)
    assert done.code == 2
    assert "speaks of 30 days" in done.err
    rules = trained.command("rules", "--data", odd, "--horizon", 60)
    assert rules.code == 2
    assert "speaks of 30 days" in rules.err


def _wait_for(there: Callable[[], bool], process: subprocess.Popen[str], limit: float = 60) -> None:
    until = time.monotonic() + limit
    while not there() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.002)


@pytest.mark.slow
def test_a_run_killed_at_any_moment_leaves_the_old_list_whole(command: Command, busy: Path) -> None:
    command.score(busy, "--model", "rules", "--as-of", day(1))
    names = ("list.csv", "list.escalated.csv", "list.run.json")
    before = {name: (command.cwd / name).read_bytes() for name in names}
    asked = ("score", "--data", busy, "--model", "rules", "--as-of", day(0), "--out", "list.csv")
    # The last moment is when the first temporary file appears, in the midst of writing.
    for delay in (0.3, 1.5, None):
        process = command.fresh(*asked)
        if delay is None:
            _wait_for(lambda: any(command.cwd.glob(".list*.tmp")), process)
        else:
            time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        after = {name: (command.cwd / name).read_bytes() for name in names}
        if after != before:
            # It got as far as putting files in their places: then none may be torn.
            whole = json.loads(after["list.run.json"])
            assert dt.date.fromisoformat(whole["as_of"])
            assert after["list.csv"].count(b"\n") == before["list.csv"].count(b"\n")
            break
    listed = command.score(busy, "--model", "rules", "--as-of", day(0))
    assert_keeps_the_contract(listed, command.cwd)
