"""A call and a held meeting are words of both sides: they answer, and they are contact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from documents_company import message
from risk_model.pipelines.judged_day import JudgedDay, judged_day
from risk_model.pipelines.line import Line
from risk_model.settings import load_settings
from small_company import AS_OF, Row, account, desk, moment, write_tables

pytestmark = pytest.mark.slow

ASKS = "When will the import be fixed? Can you tell us a date?"
NOTE = "Went through the new features, she is happy."


def said(account_id: str, ago: int, text: str, **more: object) -> Row:
    return message(0, account_id, moment(ago), text, **more)


def met(account_id: str, ago: int, status: str) -> Row:
    return {"account_id": account_id, "scheduled_at": moment(ago), "status": status}


MESSAGES = [
    *(said("calm", ago, "Thank you, all is well.") for ago in (180, 1)),
    said("unanswered", 6, ASKS),
    said("met", 6, ASKS),
    said("stood-up", 6, ASKS),
    said("before", 6, ASKS),
    said("called", 6, ASKS),
    said("called", 3, NOTE, channel="call", direction="inbound"),
    said("rang", 6, ASKS),
    said("rang", 3, NOTE, channel="call", direction="outbound"),
    said("noted", 5, "We agreed on the plan. Can you send the dates?", channel="call"),
    said("faded", 60, "All fine here."),
    said("talked", 60, "All fine here."),
    said("talked", 10, NOTE, channel="call", direction="outbound"),
    said("sat", 60, "All fine here."),
    said("sat-long-ago", 60, "All fine here."),
    said("mailed-then-met", 20, "All fine here."),
    said("mailed-then-met", 5, "Here is our offer.", direction="outbound"),
    said("mailed", 20, "All fine here."),
    said("mailed", 5, "Here is our offer.", direction="outbound"),
]
MEETINGS = [
    *(met("calm", ago, "held") for ago in (180, 1)),
    met("met", 3, "held"),
    met("stood-up", 3, "missed"),
    met("before", 8, "held"),
    met("sat", 10, "held"),
    met("sat-long-ago", 35, "held"),
    met("mailed-then-met", 2, "held"),
]
Rows = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def the_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JudgedDay]:
    accounts = dict.fromkeys(str(row["account_id"]) for row in MESSAGES)
    folder = write_tables(
        tmp_path_factory.mktemp("conversations"),
        accounts=[account(name) for name in accounts],
        tickets=desk("calm"),
        messages=[{**row, "message_id": f"M{n}"} for n, row in enumerate(MESSAGES)],
        meetings=[{**row, "meeting_id": f"G{n}"} for n, row in enumerate(MEETINGS)],
    )
    with Line.open(folder, load_settings()) as line:
        yield judged_day(line, AS_OF, model="rules")


@pytest.fixture(scope="module")
def rows(the_day: JudgedDay) -> Rows:
    return {row["account_id"]: row for row in the_day.rows.to_dict("records")}


@pytest.mark.parametrize("name", ["met", "called", "rang", "noted"])
def test_what_was_talked_about_waits_for_nobody(rows: Rows, name: str) -> None:
    assert rows[name]["waiting_on"] == "nobody"
    assert "waiting-on-us" not in rows[name]["rules_fired"]


@pytest.mark.parametrize("name", ["unanswered", "stood-up", "before"])
def test_without_a_talk_since_then_a_question_waits_for_us(rows: Rows, name: str) -> None:
    assert rows[name]["waiting_on"] == "us"
    assert "waiting-on-us" in rows[name]["rules_fired"]


def test_a_call_and_a_meeting_are_contact_whoever_wrote_them_down(rows: Rows) -> None:
    silent = {name for name, row in rows.items() if row["state"] == "silent"}
    assert silent == {"faded", "sat-long-ago"}
    weeks = {name for name, row in rows.items() if "no-contact-weeks" in row["rules_fired"]}
    assert weeks == {"faded", "sat-long-ago"}


def test_the_last_word_from_them_may_be_one_in_a_meeting(rows: Rows) -> None:
    assert rows["faded"]["reason_1"] == "No word from them for 59 days, since 2026-01-29"
    assert rows["sat-long-ago"]["reason_1"] == "No word from them for 34 days, since 2026-02-23"


def test_after_a_meeting_nobody_waits_for_an_answer_to_the_mail_before(rows: Rows) -> None:
    assert rows["mailed"]["waiting_on"] == "customer"
    assert rows["mailed-then-met"]["waiting_on"] == "nobody"
