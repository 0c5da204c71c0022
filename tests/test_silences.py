"""Tickets and their log: whose turn it is, what only a robot answered, and what came back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from risk_model.pipelines.judged_day import JudgedDay, judged_day
from risk_model.pipelines.line import Line
from risk_model.settings import load_settings
from small_company import AS_OF, Row, account, desk, moment, solved, ticket, write_tables

pytestmark = pytest.mark.slow

Said = tuple[int, str, str]
"""Days ago, the kind of a change, and its value."""

# What was said of the one open ticket of each account, which was opened twenty days ago.
STORIES: Mapping[str, list[Said]] = {
    "pending": [(6, "public_reply", ""), (6, "status", "Waiting on Customer")],
    "zendesk": [(6, "status", "pending")],
    "their-answer": [(9, "status", "pending"), (4, "status", "open")],
    "came-back": [(9, "status", "Awaiting user info"), (5, "reopened", "")],
    "vendor": [(6, "status", "Pending vendor")],
    "our-desk": [(6, "status", "waiting for customer support")],
    "person": [(20, "automatic_reply", ""), (7, "public_reply", "")],
    "robot": [(9, "public_reply", ""), (8, "automatic_reply", "")],
    "much": [(ago, "public_reply", "") for ago in (18, 12, 1)],
    "again": [(ago, "reopened", "") for ago in (16, 9, 2)],
    "elsewhere": [(7, "public_reply", "")],
}

# One open ticket of each account, and from when until when it waited for the customer.
CLOCKS: Mapping[str, tuple[Row, list[str]]] = {
    "p1-waits": ({"opened_at": moment(6), "priority": "P1"}, [moment(5)]),
    "p1-back": ({"opened_at": moment(10), "priority": "P1"}, [moment(10, 20), moment(2)]),
    "p1-ours": ({"opened_at": moment(10), "priority": "P1"}, [moment(9, 2), moment(2)]),
    "sla-waits": ({"opened_at": moment(6), "sla_due_at": moment(2)}, [moment(5)]),
    "sla-late": ({"opened_at": moment(6), "sla_due_at": moment(5)}, [moment(2)]),
    "sla-moved": (
        {"opened_at": moment(9), "sla_due_at": moment(8)},
        [moment(9, 13), moment(4, 13)],
    ),
    "sla-not-yet": ({"opened_at": moment(9), "sla_due_at": moment(7)}, [moment(8), moment(1)]),
    "sla-before": ({"opened_at": moment(9), "sla_due_at": moment(8)}, [moment(7), moment(2)]),
    "date-waits": ({"opened_at": moment(9), "promised_for": moment(2)}, [moment(5)]),
    "date-before": ({"opened_at": moment(9), "promised_for": moment(6)}, [moment(5)]),
    "date-back": ({"opened_at": moment(9), "promised_for": moment(3)}, [moment(5), moment(1)]),
}
FIRST_CLOCK = 200


def told(number: int, said: Said) -> Row:
    ago, kind, value = said
    changed = {"occurred_at": moment(ago), "kind": kind, "value": value}
    return {"ticket_id": f"T{number}", **changed}


@pytest.fixture(scope="module")
def the_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JudgedDay]:
    tickets = [*desk("calm")]
    events = [told(150, (150, "assigned", "")), told(151, (1, "assigned", ""))]
    for number, (name, said) in enumerate(STORIES.items()):
        first = {"first_response_at": moment(20, 13), "priority": "P4"}
        tickets.append(ticket(number, name, moment(20), **first))
        events += [told(number, one) for one in said]
    for number, (name, (columns, turns)) in enumerate(CLOCKS.items(), FIRST_CLOCK):
        opened = columns["opened_at"]
        tickets.append(ticket(number, name, opened, first_response_at=opened, **columns))
        if "promised_for" in columns:
            tickets[-1]["promise_made_at"] = opened
        for at, status in zip(turns, ("pending", "open"), strict=False):
            change = {"occurred_at": at, "kind": "status", "value": status}
            events.append({"ticket_id": f"T{number}", **change})
    # A robot answered another ticket, and that one is solved.
    tickets.append(solved(90, "elsewhere", 5))
    events.append(told(90, (5, "automatic_reply", "")))
    folder = write_tables(
        tmp_path_factory.mktemp("silences"),
        accounts=[account(name) for name in ("calm", *STORIES, *CLOCKS)],
        tickets=tickets,
        ticket_events=events,
    )
    with Line.open(folder, load_settings()) as line:
        yield judged_day(line, AS_OF, model="rules")


@pytest.fixture(scope="module")
def rows(the_day: JudgedDay) -> Mapping[str, Mapping[str, Any]]:
    return {row["account_id"]: row for row in the_day.rows.to_dict("records")}


Rows = Mapping[str, Mapping[str, Any]]


def reasons(row: Mapping[str, Any]) -> str:
    return "; ".join(str(row[f"reason_{n}"]) for n in (1, 2, 3))


@pytest.mark.parametrize("name", ["pending", "zendesk"])
def test_while_a_ticket_waits_for_the_customer_it_is_their_turn(rows: Rows, name: str) -> None:
    assert rows[name]["waiting_on"] == "customer"
    assert "No reply" not in reasons(rows[name])
    assert "waiting-on-us" not in rows[name]["rules_fired"]


@pytest.mark.parametrize(
    ("name", "since"), [("their-answer", "2026-03-26"), ("came-back", "2026-03-25")]
)
def test_it_is_ours_again_from_the_change_or_the_reopening_on(
    rows: Rows, name: str, since: str
) -> None:
    assert rows[name]["waiting_on"] == "us"
    assert f"no word of ours for {_hours(since)} hours, since {since}" in reasons(rows[name])


def _hours(since: str) -> int:
    # Everything here happens at noon; the list stands on the midnight after.
    return (30 - int(since[-2:])) * 24 - 12


@pytest.mark.parametrize("name", ["vendor", "our-desk"])
def test_a_status_that_waits_for_somebody_else_is_still_ours(rows: Rows, name: str) -> None:
    assert rows[name]["waiting_on"] == "us"


def test_only_automatic_replies_are_told_of_the_ticket_that_got_nothing_else(rows: Rows) -> None:
    only = "Nothing but automatic replies to an open ticket"
    assert f"{only} for {_hours('2026-03-21')} hours, since 2026-03-21" in reasons(rows["robot"])
    for name in ("person", "elsewhere"):
        assert only not in reasons(rows[name])
        assert "since 2026-03-23" in reasons(rows[name])


def test_a_ticket_that_answers_do_not_solve_is_dated_by_its_opening(rows: Rows) -> None:
    said = "1 open ticket after four answers and more, without a solution since 2026-03-10"
    assert said in reasons(rows["much"])


def test_one_ticket_reopened_three_times_is_one_ticket(rows: Rows) -> None:
    said = "1 ticket was reopened in 4 weeks, the last on 2026-03-28"
    assert said in reasons(rows["again"])


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("p1-waits", "critical-open-48h"),
        ("p1-back", "critical-open-48h"),
        ("sla-waits", "ticket-past-sla"),
        ("sla-late", "ticket-past-sla"),
        ("sla-not-yet", "ticket-past-sla"),
        ("date-waits", "promise-broken"),
    ],
)
@pytest.mark.practice("clock-stands-still")
def test_what_waits_for_the_customer_is_not_late_with_us(rows: Rows, name: str, rule: str) -> None:
    assert rule not in rows[name]["rules_fired"]
    if name.endswith(("waits", "late")):
        assert rows[name]["waiting_on"] == "customer"


def test_a_p1_that_waits_for_the_customer_is_still_open(rows: Rows) -> None:
    assert rows["p1-waits"]["suggested_severity"] == "SEV-2"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("p1-ours", "1 P1 open with us for more than 48 hours, the longest for 50 hours"),
        ("sla-moved", "1 open ticket is past its SLA, the oldest since 2026-03-27"),
        ("sla-before", "1 open ticket is past its SLA, the oldest since 2026-03-22"),
        ("date-before", "A date that we promised passed on 2026-03-24"),
        ("date-back", "A date that we promised passed on 2026-03-27"),
    ],
)
def test_our_clock_runs_while_a_ticket_is_with_us(rows: Rows, name: str, says: str) -> None:
    assert says in reasons(rows[name])
    assert rows[name]["waiting_on"] == "us"
