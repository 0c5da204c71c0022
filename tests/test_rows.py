"""Rows that used to say something false or to contradict themselves: a story an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from golden_company import AS_OF, Rows, tables_of, ticket, used, wrote
from golden_rules import EXECUTIVE, asked, due, escalation, incident, met
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.settings import load_settings
from small_company import Row, day, moment, write_tables

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


WORRIED = "I'm worried about the sync delays, my teams lose hours each day."
MANAGER = "I want to talk to your manager about the delays."
INVOICE = "The invoice is wrong: you charged us twice. Please correct it."
TO_CEO = {**EXECUTIVE, "recipient_role": "ceo"}
QUIET_FOR = (40, 83, 85, 181, 184, 250)


def thanks(ago: int, **more: object) -> list[Row]:
    text = "Thank you for the dinner and congratulations on the award."
    return wrote(text, ago, answered=False, **more)


def in_a_thread(text: str) -> list[Row]:
    """Return four messages in one thread, each answered."""
    told = ((9, "two"), (8, "three"), (6, "four"), (5, "five"))
    return [row for ago, word in told for row in wrote(text.format(word), ago, thread_id="W")]


# What keeps an account whose use fades from being a silent leaver.
LOUD: dict[str, Rows] = {
    **{
        name: {"messages": wrote(text, 40)}
        for name, text in {
            "press": "We will post about this on social media and call the press.",
            "lawyers": "Our lawyers will take legal action against you.",
            "breach": "Personal data of our customers was exposed to another company.",
            "down": "Our system is down and nobody can work since this morning.",
            "told": "We were told that this was included in our plan, and now it is not.",
            "passed": "We have been passed from team to team.",
            "upset": UPSET,
        }.items()
    },
    "manager": {"messages": wrote(MANAGER, 5)},
    "nps": {"surveys": [asked("NPS", 40, 0)]},
    "ticket": {"tickets": [ticket(60)]},
}
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
    "executive-worried": {"messages": wrote(WORRIED, 3, **EXECUTIVE)},
    "executive-waits": {"messages": wrote(WORRIED, 1, answered=False, **EXECUTIVE)},
    "executive-thanks-later": {
        "messages": [*wrote(WORRIED, 20, **EXECUTIVE), *thanks(18, **EXECUTIVE)]
    },
    "to-our-ceo": {"messages": wrote(ASKS, 3, **TO_CEO)},
    "to-our-ceo-waits": {"messages": wrote(ASKS, 1, answered=False, **TO_CEO)},
    "thanks-our-ceo": {"messages": thanks(3, **TO_CEO)},
    "manager-called": {"messages": wrote(MANAGER, 20)},
    "manager-waits": {"messages": wrote(MANAGER, 1, answered=False)},
    "executive-invoice": {"messages": wrote(INVOICE, 3, **EXECUTIVE)},
    "executive-down": {
        "messages": wrote("Our production is down. Nobody can work.", 3, **EXECUTIVE)
    },
    "upset-answered": {"messages": wrote("This is outrageous, I am furious with you.", 5)},
    "scheduling": {"messages": in_a_thread("We will join the workshop with {} people.")},
    "asking": {"messages": in_a_thread("When will the export of our {} lists work?")},
    "renewal-passed": {
        "accounts": [{"contract_end": ""}],
        "renewals": [{"renewal_date": day(2), "recorded_at": moment(200)}],
    },
    "renewal-followed": {
        "renewals": [
            {"renewal_date": day(2), "recorded_at": moment(200)},
            {"renewal_date": day(-360), "recorded_at": moment(3)},
        ]
    },
    "renewal-long-ago": {"renewals": [{"renewal_date": day(40), "recorded_at": moment(200)}]},
    "renews-by-itself": {
        "renewals": [{"renewal_date": day(-40), "recorded_at": moment(200), "auto_renew": "true"}]
    },
    "twice-long-ago": {
        "escalations": [
            escalation(170, 165, "Import stuck"),
            escalation(150, 110, "The imports are stuck"),
        ]
    },
    "twice-closed-lately": {
        "escalations": [
            escalation(170, 165, "Import stuck"),
            escalation(150, 80, "The imports are stuck"),
        ]
    },
    **{f"quiet-{ago}": {"messages": wrote("Sounds good.", ago)} for ago in QUIET_FOR},
    "quiet-but-met": {"messages": wrote("Sounds good.", 60), "meetings": met("held", 5)},
    **{f"fades-{kind}": {"usage": used(100, 40), **more} for kind, more in LOUD.items()},
    "fades": {"usage": used(100, 40), "messages": wrote("We see the report.", 60)},
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


@pytest.mark.parametrize("account", ["executive-worried", "executive-waits"])
def test_an_executive_who_complains_has_one_row_that_agrees_with_itself(
    account: str, rows: Listed
) -> None:
    row = rows[account]
    assert "executive-involved" in row["rules_fired"]
    assert (row["suggested_severity"], row["executive_sponsor"]) == ("SEV-2", "now")
    assert row["owner_role"] == "senior CSM or CS manager"


@pytest.mark.parametrize(
    ("account", "before", "after"),
    [
        ("executive-waits", "answer theirs today", ""),
        ("executive-worried", "", "ask theirs today whether it is settled"),
        ("executive-thanks-later", "", "ask theirs today whether it is settled"),
        ("to-our-ceo-waits", "Let our CEO's office answer today", ""),
        ("to-our-ceo", "", "ask theirs today whether it is settled"),
        ("manager-waits", "Let the person they ask for call them today", ""),
        ("manager-called", "", "whether they have spoken to the person they asked for"),
    ],
)
def test_a_step_that_was_taken_is_not_asked_for_again(
    account: str, before: str, after: str, rows: Listed
) -> None:
    row = rows[account]
    assert (before or after) in row["recommended_action"]
    assert ("answered" in row["reason_1"]) == bool(after)


def test_mere_thanks_to_our_ceo_are_no_escalation(rows: Listed) -> None:
    row = rows["thanks-our-ceo"]
    assert (row["rules_fired"], row["suggested_severity"]) == ("", "SEV-4")


@pytest.mark.parametrize(
    ("account", "cause"),
    [
        ("executive-invoice", "contract"),
        ("executive-down", "product"),
        ("told-lost-upset", "product"),
        ("upset-and-promised", "support"),
        ("upset-answered", "experience"),
    ],
)
def test_the_cause_is_what_it_is_about_and_not_how_it_is_said_or_by_whom(
    account: str, cause: str, rows: Listed
) -> None:
    assert rows[account]["likely_cause"] == cause


def test_an_executives_outage_is_among_the_reasons(rows: Listed) -> None:
    assert "They told of something down on 2026-03-27" in why(rows["executive-down"])


def test_mails_about_a_date_are_no_matter_without_progress(rows: Listed) -> None:
    assert rows["scheduling"]["rules_fired"] == ""
    assert "no-progress" in rows["asking"]["rules_fired"].split(";")
    assert "4 messages on one matter in 4 weeks that ask or complain" in why(rows["asking"])


def test_a_renewal_that_has_passed_unconfirmed_stands_out(rows: Listed) -> None:
    row = rows["renewal-passed"]
    assert (row["rules_fired"], row["risk_level"]) == ("renewal-unconfirmed", "Medium")
    said = "The renewal of 2026-03-28 has passed without being confirmed"
    assert row["reason_1"] == said
    for account in ("renewal-followed", "renewal-long-ago", "renews-by-itself"):
        assert rows[account]["rules_fired"] == "", account


def test_a_second_escalation_calls_an_executive_while_it_is_fresh(rows: Listed) -> None:
    assert rows["twice-closed-lately"]["rules_fired"] == "escalated-twice"
    assert rows["twice-closed-lately"]["executive_sponsor"] == "within-24h"
    assert rows["twice-long-ago"]["rules_fired"] == ""
    assert rows["twice-long-ago"]["executive_sponsor"] == "no"


def test_who_says_nothing_stays_silent_however_long(rows: Listed) -> None:
    for ago in QUIET_FOR:
        row = rows[f"quiet-{ago}"]
        assert (row["state"], row["risk_level"]) == ("silent", "Medium"), ago
        assert row["rules_fired"] == "no-contact-weeks", ago
        assert row["suggested_severity"] == "SEV-3", ago
    assert rows["quiet-181"]["reason_1"] == "No word from them for 180 days, since 2025-09-30"
    assert rows["quiet-250"]["reason_1"] == "No word from them for more than 26 weeks"
    assert rows["quiet-but-met"]["state"] == "at-risk"


@pytest.mark.parametrize("kind", LOUD)
def test_who_complains_is_not_silent(kind: str, rows: Listed) -> None:
    assert rows[f"fades-{kind}"]["state"] == "at-risk"
    assert rows["fades"]["state"] == "silent"
