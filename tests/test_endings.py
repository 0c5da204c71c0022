"""Tickets that are open by one table and over by the other are named; resolved_at counts."""

from __future__ import annotations

from pathlib import Path

from risk_model.tables import open_tables
from small_company import Row, account, moment, ticket, write_tables


def event(number: int, ago: int, kind: str, value: str = "") -> Row:
    when = moment(ago)
    return {"ticket_id": f"T{number}", "occurred_at": when, "kind": kind, "value": value}


def notices(folder: Path, tickets: list[Row], log: list[Row]) -> str:
    accounts = [account("A1")]
    write_tables(folder, accounts=accounts, tickets=tickets, ticket_events=log)
    with open_tables(folder) as tables:
        return "\n".join(tables.report.notices)


def solved(number: int, ago: int) -> Row:
    return ticket(number, "A1", moment(30), resolved_at=moment(ago))


def test_a_ticket_reopened_after_its_end_is_named(tmp_path: Path) -> None:
    tickets = [solved(number, 20) for number in (1, 2, 3, 4)]
    log = [
        event(1, 9, "reopened"),
        # solved again, and the first time was kept
        event(2, 9, "reopened"),
        event(2, 5, "status", "Solved"),
        # reopened before that end
        event(3, 25, "reopened"),
        event(4, 21, "status", "open"),
    ]
    said = notices(tmp_path, tickets, log)
    assert "ticket_events.csv: 1 reopened after their resolved_at and not closed since" in said
    assert "(as 'T1'); they count as closed" in said
    assert "last status" not in said


def test_a_ticket_closed_by_its_status_alone_is_named(tmp_path: Path) -> None:
    tickets = [ticket(number, "A1", moment(30)) for number in (1, 2, 3)]
    log = [
        event(1, 9, "status", "open"),
        event(1, 8, "status", " Closed"),
        event(2, 8, "status", "closed"),
        event(2, 7, "status", "open"),
        event(3, 8, "status", "closed"),
        event(3, 7, "reopened"),
    ]
    said = notices(tmp_path / "some", [*tickets, solved(9, 2)], log)
    assert "ticket_events.csv: 1 closed by their last status, without a resolved_at" in said
    assert "(as 'T1'); they count as open" in said
    assert "reopened after" not in said
    # where nobody records the end, that is said elsewhere
    assert "last status" not in notices(tmp_path / "none", tickets, log)
