"""Documents of accounts with an escalation, open or closed: what is over, and what counts today."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from documents_company import escalation, message
from risk_model.brief import markdown
from risk_model.brief.composing import compose
from risk_model.brief.plan import Kind
from risk_model.pipelines.account import explained
from risk_model.pipelines.brief import story_of
from risk_model.pipelines.judged_day import JudgedDay, judged_day
from risk_model.pipelines.line import Line
from risk_model.pipelines.present import acknowledged, as_text
from risk_model.settings import load_settings
from small_company import AS_OF, account, desk, moment, ticket, write_tables

pytestmark = pytest.mark.slow

ESCALATIONS = [
    escalation(
        1, "healed-then-hit", 55, 40, severity=3, cause="support", issue="Late answers",
        owner="Pia Old", acknowledged_at=moment(55, 9),
    ),
    escalation(2, "quiet", 5, None, issue="Ask Jo", acknowledged_at=moment(4)),
    escalation(5, "contract", 5, None, issue="Ask Jo", acknowledged_at=moment(5, 10)),
    escalation(3, "quiet-worst", 5, None, severity=1, issue="Ask Jo"),
    escalation(4, "unnamed", 6, None, severity="", issue="Ask Jo"),
]  # fmt: skip


@pytest.fixture(scope="module")
def the_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JudgedDay]:
    names = (
        "calm",
        "lost-data",
        "ticket-only",
        "polite",
        "met",
        *dict.fromkeys(str(row["account_id"]) for row in ESCALATIONS),
    )
    folder = write_tables(
        tmp_path_factory.mktemp("cases"),
        accounts=[account(name) for name in names],
        tickets=[
            *desk("calm"),
            ticket(1, "ticket-only", moment(1), subject="Contract",
                   description="We will cancel our subscription and go to the press."),
        ],
        messages=[
            message(5, "calm", moment(150), "Hello."),
            message(1, "lost-data", moment(1), "All our customer records of last week are gone."),
            message(2, "lost-data", moment(2), "I want to speak with your manager."),
            message(4, "contract", moment(1),
                    "The invoice is wrong and we dispute the price increase."),
            message(3, "polite", moment(1), "Thanks, the plan is fine."),
        ],
        escalations=ESCALATIONS,
        meetings=[
            {"meeting_id": "G1", "account_id": "met", "scheduled_at": moment(3), "status": "held",
             "kind": "Call with jo@met.example +1 555 123 4567"},
        ],
        incidents=[
            {"incident_id": "I0", "account_id": "calm", "started_at": moment(100),
             "ended_at": moment(100, 13), "kind": "maintenance"},
            {"incident_id": "I1", "account_id": "healed-then-hit", "started_at": moment(2),
             "ended_at": moment(2, 14), "kind": "breach"},
        ],
    )  # fmt: skip
    with Line.open(folder, load_settings()) as line:
        yield judged_day(line, AS_OF, model="rules")


def sections(
    the_day: JudgedDay, account_id: str, kind: Kind, evidence: bool = False
) -> dict[str, str]:
    """Return what stands below each heading."""
    text = markdown.render(compose(story_of(the_day, account_id, evidence), kind))
    parts = re.split(r"^## (.+)\n", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_a_recovering_account_is_told_by_what_is_so_today(the_day: JudgedDay) -> None:
    row = the_day.rows.set_index("account_id").loc["healed-then-hit"]
    assert (row["suggested_severity"], row["likely_cause"]) == ("SEV-1", "product")
    email = sections(the_day, "healed-then-hit", "email")
    breach = "A data breach is on record since 2026-03-28"
    assert email["Issue"].strip().startswith(f"Today it is about this: {breach}.")
    assert f"| **Severity** | SEV-1: {breach} |" in email["Level"]
    assert (
        "To bring in for this cause: Support, Product and Engineering."
        in (email["What we ask of you"])
    )
    tracking = sections(the_day, "healed-then-hit", "tracking")
    assert "SEV-1: VP CS, VP Engineering and CTO at once" in tracking["Who was told"]
    assert "Owner: director or above" in tracking["Who was told"]
    assert "What there is today points to: product." in tracking["Root cause"]
    assert "acknowledge by 2026-03-30 00:15 UTC" in tracking["Communication log"]
    assert "Tracking documents are kept" not in tracking["The case"]
    executive = sections(the_day, "healed-then-hit", "executive")
    assert (
        "| **If it escalated, they hear from us** | every hour |" in executive["The path from here"]
    )
    assert "Pia Old" not in executive["The path from here"]
    assert "a workaround today" in executive["The path from here"]
    assert "The signs point to the product." in executive["What happened"]


def test_the_record_of_a_closed_case_keeps_its_own_severity_cause_and_owner(
    the_day: JudgedDay,
) -> None:
    tracking = sections(the_day, "healed-then-hit", "tracking")
    for cell in ("| **Id** | E1 |", "Pia Old", "SEV-3; today SEV-1 (suggested"):
        assert cell in tracking["The case"]
    assert "escalated on 2026-02-03 (SEV-3): Late answers." in tracking["Summary"]
    assert "closed on 2026-02-18, cause: support." in tracking["Summary"]
    assert "Recorded at the closing on 2026-02-18: support." in tracking["Root cause"]
    assert "acknowledged on 2026-02-03 09:00 UTC (due by" in tracking["Communication log"]


UPDATE = "Update them today, with one owner and a date for the end"
BY_SEVERITY = [("quiet", "SEV-2", 2), ("quiet-worst", "SEV-1", 3), ("unnamed", "SEV-3", 1)]


@pytest.mark.parametrize(("account_id", "severity", "least_tier"), BY_SEVERITY)
def test_an_open_escalation_with_nothing_else_on_record_is_no_calm_account(
    the_day: JudgedDay, account_id: str, severity: str, least_tier: int
) -> None:
    story = story_of(the_day, account_id)
    assert (story.severity, story.row["risk_level"]) == (severity, "High")
    assert story.row["escalation_tier"] >= least_tier
    email = sections(the_day, account_id, "email")
    assert f"First step: {UPDATE}." in email["What we ask of you"]
    assert f"| **Severity** | {severity} |" in email["Level"]
    assert "- An escalation is open since 2026-03-2" in email["Issue"]
    assert UPDATE in sections(the_day, account_id, "tracking")["Resolution plan"]
    assert the_day.escalated.set_index("account_id").loc[account_id, "suggested_severity"] == (
        severity
    )


def test_an_open_escalation_is_explained_with_its_tier_its_step_and_our_turn(
    the_day: JudgedDay,
) -> None:
    said = as_text(explained(the_day, "quiet-worst"), 400)
    for told in (
        "tier 3, waiting on us", f"first step: {UPDATE}",
        "because: An escalation is open since 2026-03-25",
        "held by: director or VP CS, with the VP Engineering; owner director or above",
    ):  # fmt: skip
        assert told in said
    assert "othing stands out" not in said


def test_lost_data_and_a_call_for_a_manager_are_told_wherever_they_were_written(
    the_day: JudgedDay,
) -> None:
    lost = sections(the_day, "lost-data", "investigation", evidence=True)
    says = lost["What the customer says"]
    assert "| 2026-03-28 | E-mail from a user | a call for somebody higher |" in says
    assert "| 2026-03-29 | E-mail from a user | lost data |" in says
    assert "it speaks of: lost data |" in lost["What happened"]
    assert "records of last week are gone" in lost["In their words"]
    ticket_only = sections(the_day, "ticket-only", "investigation")
    assert (
        "| 2026-03-29 | Ticket T1 | leaving and going public |"
        in (ticket_only["What the customer says"])
    )
    assert (
        "Ticket opened: T1 P3 “Contract”; it speaks of: leaving, going public |"
        in (ticket_only["What happened"])
    )


def test_only_where_nothing_was_heard_nobody_is_upset(the_day: JudgedDay) -> None:
    told = {
        name: sections(the_day, name, "investigation")["What the customer says"]
        for name in ("lost-data", "ticket-only", "polite", "unnamed")
    }
    assert {name for name, text in told.items() if "none upset" in text} == {"polite"}
    # This company has no surveys, where they might have written too.
    assert "No words of theirs are on record since 2026-01-" in told["unnamed"]
    assert "Not recorded here: surveys." in told["unnamed"]


def test_what_a_meeting_was_called_is_masked_as_any_text(the_day: JudgedDay) -> None:
    told = sections(the_day, "met", "investigation")["What happened"]
    assert r"Meeting held: Call with \[e-mail address\] \[telephone number\] |" in told


def test_who_owns_a_dispute_of_a_contract_is_told_as_on_the_list(the_day: JudgedDay) -> None:
    told = sections(the_day, "contract", "tracking")["Who was told"]
    assert "Owner: CSM, with senior CSM or CS manager |" in told


def test_what_was_acknowledged_too_late_was_not_in_time(the_day: JudgedDay) -> None:
    cases = the_day.escalated.set_index("account_id").to_dict("index")
    told = {name: acknowledged(case) for name, case in cases.items()}
    # The second was acknowledged a day late, the third never.
    assert (told["contract"], told["quiet"], told["quiet-worst"]) == (
        "not overdue", "not overdue", "overdue",
    )  # fmt: skip
    assert "(late)" in sections(the_day, "quiet", "tracking")["Communication log"]


def test_what_is_promised_in_open_hours_is_told_in_open_hours(the_day: JudgedDay) -> None:
    told = sections(the_day, "calm", "expectations")["Service levels"]
    for row in (
        "| SEV-2 | within 1 hour | a plan within 4 hours | every 4 business hours |",
        "| SEV-3 | within 4 business hours | a plan within 24 hours | every 24 hours, on working",
        "| SEV-4 | within 1 working day | a plan within 1 week | twice a week |",
    ):
        assert row in told


def test_what_is_not_late_yet_is_not_denied(the_day: JudgedDay) -> None:
    told = sections(the_day, "polite", "executive")["What happened"]
    assert "Nothing is late on either side." in told
