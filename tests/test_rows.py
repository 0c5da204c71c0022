"""Rows that used to say something false or to contradict themselves: a story an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from golden_company import AS_OF, Rows, tables_of, ticket, wrote
from golden_rules import due, incident
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


TWO_BLIPS = [incident(4, "degraded"), incident(12, "degraded")]
STORIES: dict[str, Rows] = {
    **{f"{kind}-{ago}": _waits(kind, ago) for kind, days in WAITS.items() for ago in days},
    "asked-thrice": {
        "messages": [row for ago in (20, 10, 3) for row in wrote(ASKS, ago, answered=False)]
    },
    "told-lost": {"messages": wrote("All our records of March are gone after the migration.", 3)},
    "told-lost-upset": {
        "messages": wrote("The new release deleted half of our contacts, this is a disaster.", 3)
    },
    "told-down": {"messages": wrote("Our production is down since 8 am. Nobody can work.", 3)},
    "told-down-long-ago": {
        "messages": wrote("Our production is down since 8 am. Nobody can work.", 20)
    },
    "night-and-day": {"incidents": [incident(10, hour=2), incident(4, "degraded")]},
    "by-day": {"incidents": [incident(10)]},
    "third-runs": {"incidents": [*TWO_BLIPS, incident(1, hour=23, ended_at="")]},
    "third-degraded-runs": {"incidents": [*TWO_BLIPS, incident(1, "degraded", 23, ended_at="")]},
    "third-lost": {"incidents": [*TWO_BLIPS, incident(20, "data-loss")]},
    "runs-and-upset": {
        "incidents": [incident(1, hour=23, ended_at="")],
        "messages": wrote(UPSET, 5, answered=False),
    },
    **{f"lost-{ago}": {"incidents": [incident(ago, "data-loss")]} for ago in (3, 15, 27, 29)},
    "long-incident": {"incidents": [incident(20, "degraded", ended_at=moment(19))]},
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


@pytest.mark.parametrize(
    ("account", "severity", "tier", "says"),
    [
        ("told-lost", "SEV-1", 3, "They told of lost data on 2026-03-27"),
        ("told-lost-upset", "SEV-1", 3, "They told of lost data on 2026-03-27"),
        ("told-down", "SEV-2", 2, "They told of something down on 2026-03-27"),
    ],
)
def test_what_they_tell_of_lost_data_or_an_outage_is_a_rule_and_what_leads(
    account: str, severity: str, tier: int, says: str, rows: Listed
) -> None:
    row = rows[account]
    assert (row["risk_level"], row["suggested_severity"]) == ("High", severity)
    assert (row["escalation_tier"], row["likely_cause"]) == (tier, "product")
    assert row["reason_1"] == says
    assert row["rules_fired"].split(";")[0] == "outage"
    assert "today with an engineer" in row["recommended_action"]
    assert "this week" not in row["recommended_action"]


def test_an_outage_that_they_told_of_three_weeks_ago_is_over(rows: Listed) -> None:
    row = rows["told-down-long-ago"]
    assert (row["rules_fired"], row["suggested_severity"]) == ("", "SEV-4")


def test_one_sentence_tells_of_one_incident(rows: Listed) -> None:
    assert rows["night-and-day"]["reason_1"] == "An outage touched the account on 2026-03-20"
    said = "An outage touched the account in working hours on 2026-03-20"
    assert rows["by-day"]["reason_1"] == said


@pytest.mark.parametrize(
    ("account", "severity", "says", "step"),
    [
        ("third-runs", "SEV-1", "an outage has been running for 1 hour", "Call them now"),
        ("third-degraded-runs", "SEV-2", "one has been running for 1 hour", "Call them now"),
        ("third-lost", "SEV-1", "and data was lost on 2026-03-10", "Call their owner today"),
        ("runs-and-upset", "SEV-1", "An outage has been running for 1 hour", "Call them now"),
    ],
)
def test_what_runs_or_is_lost_is_said_first_and_met_first(
    account: str, severity: str, says: str, step: str, rows: Listed
) -> None:
    row = rows[account]
    assert says in row["reason_1"]
    assert row["recommended_action"].startswith(step)
    assert row["suggested_severity"] == severity


def test_no_severity_stands_beside_a_tier_or_a_level_that_denies_it(rows: Listed) -> None:
    least = {"SEV-1": 3, "SEV-2": 2}
    for account, row in rows.items():
        if "suggested_severity" in row and "escalation_tier" in row:
            assert row["escalation_tier"] >= least.get(row["suggested_severity"], 1), account
            assert row["suggested_severity"] != "SEV-1" or row["risk_level"] == "High", account
    for ago in (3, 15, 27):
        assert rows[f"lost-{ago}"]["rules_fired"] == "outage"
        assert rows[f"lost-{ago}"]["suggested_severity"] == "SEV-1"
    assert rows["lost-29"]["suggested_severity"] == "SEV-4"
    assert rows["long-incident"]["escalation_tier"] == 2
