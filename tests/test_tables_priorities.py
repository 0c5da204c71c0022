"""An exported priority counts from the change that set it, not from the opening."""

import datetime as dt

import pandas as pd

from risk_model.tables import Tables, tables_from_frames
from risk_model.timeline import DAY, day_number

OPENED = "2026-01-05T09:00:00Z"
RAISED = "2026-01-09T12:00:00Z"


def company(exported: str, *changes: tuple[str, str]) -> Tables:
    tickets = pd.DataFrame(
        {"ticket_id": ["T"], "account_id": ["A"], "opened_at": [OPENED], "priority": [exported]}
    )
    events = pd.DataFrame(
        [("T", at, "priority", value) for at, value in changes] or [("T", OPENED, "assigned", "x")],
        columns=["ticket_id", "occurred_at", "kind", "value"],
    )
    accounts = pd.DataFrame({"account_id": ["A"]})
    return tables_from_frames({"accounts": accounts, "tickets": tickets, "ticket_events": events})


def priority_on(tables: Tables, day: dt.date) -> object:
    return tables.cut(day_number(day)).frame("tickets")["priority"].iloc[0]


def test_a_priority_that_was_raised_is_not_known_before_it_was() -> None:
    with company("P1", (RAISED, "P1")) as tables:
        assert pd.isna(priority_on(tables, dt.date(2026, 1, 9)))
        assert priority_on(tables, dt.date(2026, 1, 10)) == "P1"


def test_a_priority_without_changes_is_known_from_the_opening() -> None:
    with company("P2") as tables:
        assert priority_on(tables, dt.date(2026, 1, 6)) == "P2"


def test_an_exported_opening_priority_stays_known_from_the_opening() -> None:
    with company("P3", (RAISED, "P1")) as tables:
        assert priority_on(tables, dt.date(2026, 1, 6)) == "P3"


def test_changes_in_the_very_second_are_settled_the_same_way_in_any_order() -> None:
    known = set()
    for changes in ([(RAISED, "P1"), (RAISED, "P2")], [(RAISED, "P2"), (RAISED, "P1")]):
        with company("P2", *changes) as tables:
            known.add(int(tables.frame("tickets")["known__priority"].iloc[0]))
    assert known == {day_number(dt.date(2026, 1, 9)) * DAY + DAY // 2}
