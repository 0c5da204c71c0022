"""Rows that used to say something false or to contradict themselves: a story an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from golden_company import AS_OF, Rows, tables_of, ticket, wrote
from golden_rules import due
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.settings import load_settings
from small_company import moment, write_tables

UPSET = "This is unacceptable, the sync is broken again! When will it be fixed?"
ASKS = "Could you send us the new price list?"
# Days for which something of theirs has waited, or something of ours is overdue.
WAITS = {
    "complaint": (3, 13, 15, 29, 31, 60, 83),
    "question": (3, 13, 15, 40, 83),
    "unanswered": (3, 15, 31, 91, 181),
    "open": (3, 13, 15, 91, 181),
    "promise": (3, 29, 31, 91),
    "task": (3, 29, 31, 91),
}


def _waits(kind: str, ago: int) -> Rows:
    """Return the story of what has waited for us, or been overdue with us, for so many days."""
    promised = {"promise_made_at": moment(ago + 9), "promised_for": moment(ago)}
    replied = {"kind": "public_reply", "occurred_at": moment(1, 9)}
    stories: dict[str, Rows] = {
        "complaint": {"messages": wrote(UPSET, ago, answered=False)},
        "question": {"messages": wrote(ASKS, ago, answered=False)},
        "unanswered": {"tickets": [ticket(ago, first_response_at="", priority="P4")]},
        "open": {"tickets": [ticket(ago)]},
        "promise": {"tickets": [ticket(ago + 9, **promised)], "ticket_events": [replied]},
        "task": {"tasks": [due(ago, "us")]},
    }
    return stories[kind]


STORIES: dict[str, Rows] = {
    **{f"{kind}-{ago}": _waits(kind, ago) for kind, days in WAITS.items() for ago in days},
    "asked-thrice": {
        "messages": [row for ago in (20, 10, 3) for row in wrote(ASKS, ago, answered=False)]
    },
    "upset-and-promised": {**_waits("promise", 3), "messages": wrote(UPSET, 5)},
}

Listed = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Listed:
    """Every account's row, by the rules alone, scored once."""
    data = write_tables(tmp_path_factory.mktemp("rows") / "tables", **tables_of([], STORIES))
    with Line.open(data, load_settings()) as line:
        listed = score(line, AS_OF, model="rules")
    return {
        str(row["account_id"]): row
        for part in (listed.ranked, listed.escalated)
        for row in part.to_dict("records")
    }


def why(row: Mapping[str, Any]) -> str:
    return "; ".join(str(row[f"reason_{n}"]) for n in (1, 2, 3) if row[f"reason_{n}"])


@pytest.mark.parametrize("kind", WAITS)
def test_the_longer_we_are_silent_the_row_gets_no_calmer(kind: str, rows: Listed) -> None:
    for ago in WAITS[kind]:
        row = rows[f"{kind}-{ago}"]
        assert (row["waiting_on"], row["state"]) == ("us", "at-risk"), ago
        assert row["risk_level"] in ("High", "Medium"), ago
        assert row["suggested_severity"] == "SEV-3", ago
        first = "Own the missed date" if kind in ("promise", "task") else "Answer "
        assert str(row["recommended_action"]).startswith(first), ago
        assert not {"no-contact-weeks", "survey-silence"} & set(row["rules_fired"].split(";"))


def test_what_has_waited_is_counted_and_dated_from_the_first_of_it(rows: Listed) -> None:
    said = "3 messages that ask or complain have waited 471 hours for our answer, since 2026-03-10"
    assert rows["asked-thrice"]["reason_1"] == said


def test_what_is_overdue_with_us_comes_before_another_step(rows: Listed) -> None:
    row = rows["upset-and-promised"]
    assert row["rules_fired"].startswith("upset-message;promise-broken")
    assert row["recommended_action"].startswith(
        "Own the missed date in one call and give a new one that will hold, then take a personal"
    )
