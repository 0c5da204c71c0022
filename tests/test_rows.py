"""No row says something false or contradicts itself: a story an account, scored once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from golden_company import AS_OF, tables_of
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.settings import load_settings
from row_stories import LOUD, QUIET_FOR, STORIES, WAITS
from small_company import write_tables

pytestmark = pytest.mark.slow

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
    waited = "19 days (471 hours)"
    said = f"3 messages that ask or complain have waited {waited} for our answer, since 2026-03-10"
    assert rows["asked-thrice"]["reason_1"] == said


def test_the_step_and_the_reasons_tell_one_wait(rows: Listed) -> None:
    row = rows["ticket-waits-longer"]
    assert "cancelling" in row["reason_1"]
    assert row["reason_2"] == "Something of theirs has waited 99 days (2,391 hours) for our reply"
    assert row["recommended_action"].startswith(
        "Answer today, with a date, what has waited 99 days (2,391 hours), then have the"
    )


def test_a_legal_step_leads_before_lost_data_and_lost_data_before_anger(rows: Listed) -> None:
    assert rows["told-lost-legal"]["rules_fired"].startswith("breach-or-legal-fact;")
    assert rows["told-lost-upset"]["rules_fired"].startswith("outage;upset-message")


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
        (
            *("told-stopped", "SEV-1", 3),
            "They told on 2026-03-27 that something down stops their business or hits those whom "
            "they serve",
        ),
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
    assert "with an engineer" in row["recommended_action"]
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
        ("told-lost-waits", "product"),
        ("upset-and-promised", "support"),
        ("upset-answered", "experience"),
    ],
)
def test_the_cause_is_what_it_is_about_and_not_how_it_is_said_or_by_whom(
    account: str, cause: str, rows: Listed
) -> None:
    assert rows[account]["likely_cause"] == cause


def test_an_executives_outage_is_among_the_reasons(rows: Listed) -> None:
    assert "They told on 2026-03-27 that something down stops" in why(rows["executive-down"])


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


@pytest.mark.parametrize(
    ("account", "says", "step"),
    [
        ("low-csat", "Last CSAT answer was 1 of 5", "Take a personal 30 minutes"),
        ("missed-twice", "2 meetings missed or cancelled in 12 weeks", "Agree on the next step"),
        ("promoter", "Nothing stands out in what was measured", "Keep the usual rhythm"),
        ("scheduling", "Nothing stands out in what was measured", "Keep the usual rhythm"),
        ("thanks", "Nothing stands out in what was measured", "Keep the usual rhythm"),
    ],
)
def test_nothing_stands_out_only_where_nothing_is_notable(
    account: str, says: str, step: str, rows: Listed
) -> None:
    row = rows[account]
    assert (row["rules_fired"], row["risk_level"]) == ("", "Low")
    assert (row["reason_1"], row["reason_2"]) == (says, "")
    assert row["recommended_action"].startswith(step)
