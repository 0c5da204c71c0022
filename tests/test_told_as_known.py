"""What lists, pages and documents tell is what was known on the day, and what the list says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from command import Command
from documents_company import message
from small_company import AS_OF, Row, account, day, desk, moment, ticket, write_tables

pytestmark = pytest.mark.slow
STATUS = "waiting on customer"


def company(folder: Path, **tables: list[Row]) -> Path:
    """Write account A with these tables, and an account B whose desk is measured."""
    tickets = [*tables.pop("tickets", []), *desk("B")]
    return write_tables(folder, accounts=[account("A"), account("B")], tickets=tickets, **tables)


def rules(command: Command, data: Path, **more: object) -> dict[str, str]:
    options = [part for name, value in more.items() for part in (f"--{name}", value)]
    return command.score(data, "--as-of", AS_OF, "--model", "rules", *options).row("A")


def brief(command: Command, data: Path, kind: str) -> str:
    done = command(
        *("brief", "A", "--data", data, "--as-of", AS_OF, "--model", "rules", "--kind", kind)
    )
    assert done.code == 0, done.err
    return done.out


def case(number: int, opened: str, **more: object) -> Row:
    return {"escalation_id": f"E{number}", "account_id": "A", "opened_at": opened, **more}


def test_without_ends_on_record_who_escalated_yesterday_is_in_recovery(
    command: Command, tmp_path: Path
) -> None:
    without = company(tmp_path / "without", escalations=[case(1, moment(1))])
    ends = company(tmp_path / "ends", escalations=[case(1, moment(1), closed_at=moment(1))])
    told = [rules(command, data) for data in (without, ends)]
    assert told[0] == told[1]
    assert (told[0]["state"], told[0]["recovery_stage"]) == ("recovery", "week-1")


def test_an_escalation_whose_opening_is_told_later_is_not_listed_yet(
    command: Command, tmp_path: Path
) -> None:
    cases = [
        {**case(1, moment(20)), "logged": moment(20), "closed_at": ""},
        {**case(2, moment(3)), "logged": moment(-2), "closed_at": ""},
    ]
    data = company(tmp_path / "data", escalations=cases)
    (tmp_path / "sources.yaml").write_text(
        "tables: {accounts: {file: accounts.csv}, tickets: {file: tickets.csv},\n"
        " escalations: {file: escalations.csv, known_at: {opened_at: logged}}}\n"
    )
    listed = command.score(
        data, "--as-of", AS_OF, "--model", "rules", "--sources", tmp_path / "sources.yaml"
    )
    assert listed.escalated["escalation_id"].tolist() == ["E1"]


@pytest.mark.parametrize(("entered", "told"), [(3, day(-40)), (-3, "")])
def test_a_renewal_date_is_told_from_when_it_was_entered(
    command: Command, tmp_path: Path, entered: int, told: str
) -> None:
    renewal = {"account_id": "A", "renewal_date": day(-40), "entered": moment(entered)}
    data = company(tmp_path / "data", renewals=[renewal])
    (tmp_path / "sources.yaml").write_text(
        "tables: {accounts: {file: accounts.csv}, tickets: {file: tickets.csv},\n"
        " renewals: {file: renewals.csv, known_at: {renewal_date: entered}}}\n"
    )
    assert rules(command, data, sources=tmp_path / "sources.yaml")["renewal_date"] == told


def test_a_clock_that_stands_still_is_not_late_in_a_document(
    command: Command, tmp_path: Path
) -> None:
    late = {"sla_due_at": moment(5), "promise_made_at": moment(9, 8), "promised_for": moment(4)}
    asked = ticket(1, "A", moment(10), first_response_at=moment(10, 13), **late)
    changes = [{"ticket_id": "T1", "occurred_at": moment(9), "kind": "status", "value": STATUS}]
    still = company(tmp_path / "still", tickets=[asked], ticket_events=changes)
    theirs = brief(command, still, "executive") + brief(command, still, "tracking")
    assert "T1 " in theirs
    assert not re.search(r"was promised for|passed without|\(overdue\)", theirs)
    changes.append(
        {"ticket_id": "T1", "occurred_at": moment(6), "kind": "status", "value": "in work"}
    )
    runs = company(tmp_path / "runs", tickets=[asked], ticket_events=changes)
    assert "was promised for" in brief(command, runs, "executive")
    assert "(overdue)" in brief(command, runs, "tracking")


def test_where_nobody_records_acknowledgements_none_is_overdue(
    command: Command, tmp_path: Path
) -> None:
    own = {"closed_at": "", "severity": 1, "issue": "Export is down"}
    data = company(tmp_path / "untold", escalations=[case(1, moment(5), **own)])
    assert "not yet (overdue)" not in brief(command, data, "tracking")
    told = [case(1, moment(5), **own, acknowledged_at="")]
    data = company(tmp_path / "told", escalations=told)
    assert "not yet (overdue)" in brief(command, data, "tracking")


def test_what_a_machine_of_ours_sent_is_no_contact(command: Command, tmp_path: Path) -> None:
    asked = message(1, "A", moment(6), "When will the export work again?")
    away = message(2, "A", moment(2), "Automatic reply: I am out of office.", direction="outbound")
    data = company(tmp_path / "machine", messages=[asked, away])
    assert "Our last contacts" not in brief(command, data, "email")
    mine = message(2, "A", moment(2), "It will work on Monday.", direction="outbound")
    data = company(tmp_path / "person", messages=[asked, mine])
    assert "Our last contacts" in brief(command, data, "email")


def test_planned_work_is_no_incident_and_minutes_are_no_hours(
    command: Command, tmp_path: Path
) -> None:
    def hit(number: int, ends: str, kind: str) -> Row:
        at = f"{day(5)}T03"
        times = {"started_at": f"{at}:00:00Z", "ended_at": f"{at}:{ends}:00Z"}
        return {"incident_id": f"I{number}", "account_id": "A", "kind": kind, **times}

    planned = company(tmp_path / "planned", incidents=[hit(1, "40", "maintenance")])
    assert "Incidents" not in brief(command, planned, "executive")
    both = [hit(1, "40", "maintenance"), hit(2, "20", "outage")]
    told = brief(command, company(tmp_path / "both", incidents=both), "executive")
    assert re.search(r"1 incident since [0-9-]+, 20 minutes in all", told)


def test_who_is_no_customer_makes_no_incident_one_of_several(
    command: Command, tmp_path: Path
) -> None:
    def tier(folder: str, ended: str) -> str:
        names = ("A", "C", "D")
        accounts = [
            account(name, contract_end=ended if name in ("C", "D") else "") for name in names
        ]
        hits = [
            {
                **{"incident_id": "I1", "account_id": name, "kind": "outage"},
                **{"started_at": moment(2), "ended_at": moment(2, 14)},
            }
            for name in names
        ]
        data = write_tables(tmp_path / folder, accounts=accounts, incidents=hits, tickets=desk("A"))
        return rules(command, data)["escalation_tier"]

    assert tier("left", day(20)) == "2"
    assert tier("still", "") > "2"


def test_a_list_that_a_spreadsheet_saved_makes_a_page(command: Command, tmp_path: Path) -> None:
    command.score(company(tmp_path / "data"), "--as-of", AS_OF, "--model", "rules")
    path = command.cwd / "list.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    place = head.split(",").index("escalation_probability")
    before = rf"^((?:[^,]*,){{{place}}})([^,]*)"
    shares = [re.sub(before, _as_share, row) for row in rows]
    path.write_text("\n".join([head, *shares, "," * head.count(",")]) + "\n", encoding="utf-8")
    done = command("report", "list.csv", "--out", "page.html")
    assert done.code == 0, done.err
    assert "2 accounts" in done.out
    said = float(rows[0].split(",")[place])
    assert f"{100 * said:.1f}%" in (command.cwd / "page.html").read_text(encoding="utf-8")
    path.write_text("\n".join([head, *rows]).replace(rows[0].split(",")[place], "high", 1))
    wrong = command("report", "list.csv", "--out", "page.html")
    assert wrong.code == 2
    assert "escalation_probability: 'high' is no number" in wrong.err


def _as_share(found: re.Match[str]) -> str:
    return f"{found[1]}{100 * float(found[2]):.1f}%"


def test_a_day_centuries_ahead_and_a_sentence_with_an_unknown_place_are_told(
    command: Command, tmp_path: Path
) -> None:
    data = company(tmp_path / "data")
    asked = ("score", "--data", data, "--model", "rules", "--out", "list.csv")
    done = command(*asked, "--as-of", "9999-12-31")
    assert done.code == 2
    assert "--as-of 9999-12-31: is a century ahead. Give a day of your data." in done.err
    own = tmp_path / "own"
    own.mkdir()
    answer = json.dumps({"turn": {"answer": "Reply to {account} today"}})
    (own / "company.yaml").write_text(f"response: {answer}\n")
    done = command(*asked, "--as-of", AS_OF, "--config", own)
    assert done.code != 0
    assert "only {waited} and {hours} can be filled in." in done.err
    assert "company.yaml:1" in done.err
