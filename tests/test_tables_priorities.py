"""An exported priority counts from the change that set it, not from the opening."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from measuring import SHIPPED
from risk_model.catalogue import Catalogue
from risk_model.catalogue.spec import Condition
from risk_model.engines.duckdb import DuckDBEngine
from risk_model.features import features_at
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


TICKET = ("ticket_id", "account_id", "opened_at", "first_response_at", "resolved_at")
FIRST, LAST = day_number(dt.date(2026, 1, 1)), day_number(dt.date(2026, 4, 1))
OF_PRIORITIES = SHIPPED.only(
    {f.name for f in SHIPPED.features if not f.is_derived and "priority" in f.where}
)


def export_on(day: int, seed: int) -> Tables:
    """Return what a desk exports on a day: the priority of then, and the log since the opening."""
    rng = np.random.default_rng(seed)
    tickets, events = [], []
    for number in range(60):
        # A desk that fell silent tells nothing, so one comes on the last day.
        opened = int(rng.integers(FIRST * DAY, LAST * DAY)) if number else LAST * DAY - DAY // 2
        raised = rng.integers(opened, (LAST + 9) * DAY, rng.integers(0, 4))
        values = [f"P{value}" for value in rng.integers(1, 5, len(raised) + 1)]
        changes = zip([opened, *sorted(raised)], values, strict=True)
        told = [(f"T{number}", at, "priority", value) for at, value in changes if at < day * DAY]
        ends = sorted(opened + rng.integers(1, 40 * DAY, 2))
        answered, resolved = (end if end < day * DAY else None for end in ends)
        if told:
            tickets.append(
                (f"T{number}", f"A{number % 3}", opened, answered, resolved, told[-1][3])
            )
        events += told
    desk = pd.DataFrame(tickets, columns=[*TICKET, "priority"])
    log = pd.DataFrame(events, columns=["ticket_id", "occurred_at", "kind", "value"])
    for frame in (desk, log):
        for name in frame.columns[frame.columns.str.endswith("_at")]:
            frame[name] = pd.to_datetime(frame[name].astype("Int64"), unit="s", utc=True)
    accounts = pd.DataFrame({"account_id": ["A0", "A1", "A2"]})
    return tables_from_frames({"accounts": accounts, "tickets": desk, "ticket_events": log})


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weeks", [1, 5])
def test_changes_to_come_move_no_feature_of_the_days_before(seed: int, weeks: int) -> None:
    asked = pd.MultiIndex.from_product(
        [["A0", "A1", "A2"], [LAST - 7 * week for week in range(weeks)]],
        names=["account_id", "as_of"],
    ).to_frame(index=False)
    found = []
    for day in (LAST, LAST + 10):
        with export_on(day, seed) as tables:
            engine = DuckDBEngine(tables.connection)
            found.append(features_at(engine, tables.present, asked, OF_PRIORITIES))
    assert len(OF_PRIORITIES.names) >= 10
    assert found[0][OF_PRIORITIES.names].sum().gt(0).sum() >= 8
    pd.testing.assert_frame_equal(*found)


def test_a_priority_that_no_ticket_can_have_is_one_that_none_has() -> None:
    asked = pd.DataFrame({"account_id": ["A0"], "as_of": [LAST]})
    strange = OF_PRIORITIES.by_name["urgent_tickets_28d"].model_copy(
        update={"where": {"priority": Condition.model_validate(["high", "P9"])}}
    )
    with export_on(LAST, 0) as tables:
        engine = DuckDBEngine(tables.connection)
        found = features_at(engine, tables.present, asked, Catalogue(features=(strange,)))
    assert found["urgent_tickets_28d"].tolist() == [0.0]
