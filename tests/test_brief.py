"""Documents: what each says about an account built for it, and what it never says."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import documents_company
from another_future import another_future
from command import Command
from company_rows import FIRST_DAY
from documents_company import EVIL, message
from random_company import random_company
from risk_model.brief import html, markdown
from risk_model.brief.composing import PARTS, compose
from risk_model.brief.plan import KINDS, Kind, load_documents
from risk_model.brief.plan import PARTS as NAMES
from risk_model.errors import ConfigError, UsageError
from risk_model.pipelines.brief import story_of
from risk_model.pipelines.judged_day import JudgedDay, judged_day
from risk_model.pipelines.line import Line
from risk_model.pipelines.patterns import patterns_of
from risk_model.settings import default_folder, load_settings
from risk_model.tables import known_rows
from small_company import AS_OF, Row, account, day, desk, moment, ticket, write_tables
from test_brief_safety import OURS, Reader

MARK = re.compile(r"\[… fill in: [^\]]+\]")


def found_in(judged: JudgedDay) -> dict[str, pd.DataFrame]:
    return dict(patterns_of(judged).tables)


def row_of(judged: JudgedDay, account_id: str) -> dict[str, Any]:
    return dict(judged.rows.set_index("account_id").loc[account_id])


def written(judged: JudgedDay, account_id: str, kind: Kind, evidence: bool = False) -> str:
    return markdown.render(compose(story_of(judged, account_id, evidence), kind))


def sections(text: str) -> dict[str, str]:
    """Return what stands below each heading."""
    parts = re.split(r"^## (.+)\n", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.practice("doc-email")
def test_the_email_has_subject_issue_level_timeline_attempts_actions_and_ask(
    judged: JudgedDay,
) -> None:
    text = written(judged, "acme", "email")
    assert text.startswith("# Escalation: Acme Ltd – Sync with the ledger is down\n")
    parts = sections(text)
    assert list(parts) == [
        "Issue", "Call recording", "Level", "Timeline", "De-escalation attempted",
        "Actions taken", "What we ask of you",
    ]  # fmt: skip
    assert "T1 P1 “Ledger sync down”, open for 20 days (since 2026-03-09)" in parts["Issue"]
    assert MARK.search(parts["Call recording"])
    assert "| High |" in parts["Level"]
    assert "SEV-2" in parts["Level"]
    assert "2026-03-10 08:00 UTC | Escalation E1 opened, SEV-2" in parts["Timeline"]
    assert "Long before" not in sections(written(judged, "acme", "tracking"))["Timeline of events"]
    assert "2026-03-26 12:00 UTC | Promised date passed without a solution" in parts["Timeline"]
    assert "Call: 2026-03-12 15:00 UTC" in parts["De-escalation attempted"]
    assert "Meeting held: 2026-03-13 14:00 UTC" in parts["De-escalation attempted"]
    assert "2026-03-17 | Engineer on site" in parts["Actions taken"]
    assert "An executive sponsor is called for now." in parts["What we ask of you"]


@pytest.mark.practice("doc-tracking")
def test_the_tracking_document_follows_a_case_from_its_head_to_its_aftercare(
    judged: JudgedDay,
) -> None:
    parts = sections(written(judged, "acme", "tracking"))
    head = parts["The case"]
    for cell in (
        "| **Id** | E1 |", "Acme Ltd (acme)", "180,000", "SEV-2", "| **Status** | open |",
        "Ola Berg", "2026-03-10 08:00 UTC", "2026-03-25 (15 days, overdue)",
    ):  # fmt: skip
        assert cell in head
    assert "Acme Ltd escalated on 2026-03-10 (SEV-2)" in parts["Summary"]
    cause = row_of(judged, "acme")["likely_cause"]
    assert f"Not established. What is on record points to: {cause}." in parts["Root cause"]
    plan = parts["Resolution plan"]
    assert "Solve T2 P2 “Wrong totals” | [… fill in: owner] | 2026-03-26 (overdue)" in plan
    assert "Finish action item K1 | [… fill in: owner] | 2026-03-22 (overdue)" in plan
    assert "K2" not in plan, "what is done is no step"
    log = parts["Communication log"]
    assert "2026-03-10 10:00 UTC (late)" in log, "acknowledged two hours after the opening"
    assert "2026-03-11 09:00 UTC | E-mail | from their executive" in log
    assert "CS director and engineering manager within 2 hours" in parts["Who was told"]
    assert "Open for 19 days." in parts["Resolution"]
    assert "Month 6" in parts["After it"]


@pytest.mark.practice("doc-tracking")
def test_a_case_that_was_closed_says_when_why_and_what_is_due_by_which_day(
    judged: JudgedDay,
) -> None:
    parts = sections(written(judged, "healed", "tracking"))
    assert "closed on 2026-03-20" in parts["The case"]
    assert "Recorded at the closing on 2026-03-20: support." in parts["Root cause"]
    assert "Closed on 2026-03-20, 20 days after the opening." in parts["Resolution"]
    assert "It is recovering: Weeks 2 to 4." in parts["After it"]
    assert "by 2026-04-17" in parts["After it"]


@pytest.mark.practice("doc-executive")
def test_the_executive_brief_is_read_in_five_minutes_and_asks_for_a_follow_up(
    judged: JudgedDay,
) -> None:
    text = written(judged, "acme", "executive")
    assert len(text.split()) < 5 * 200
    parts = sections(text)
    impact = parts["Impact in figures"]
    assert "180,000" in impact
    assert "2026-05-09, in 40 days" in impact
    assert "2, 2 of them P1 or P2; the oldest since 2026-03-09" in impact
    assert "1 incident since 2026-01-09, 4 hours in all, up to 120 users affected" in impact
    assert "3 on 2026-03-05" in impact
    assert "Engineer on site" in parts["Done so far"]
    assert "T2 P2 “Wrong totals” was promised for 2026-03-26" in parts["What to convey"]
    assert "Ola Berg" in parts["The path from here"]
    assert "within 4 hours" in parts["Your written follow-up"]


@pytest.mark.practice("doc-investigation")
def test_the_investigation_tells_their_side_the_events_and_what_contributed(
    judged: JudgedDay,
) -> None:
    parts = sections(written(judged, "acme", "investigation"))
    says = parts["What the customer says"]
    assert "2026-03-24 | E-mail from a user | something else that was promised" in says
    assert "2026-03-09 06:00 UTC | Incident began: outage I1" in parts["What happened"]
    assert "1 P1 open with us for more than 48 hours" in parts["Contributing factors"]
    plan = judged.line.settings.response.causes[row_of(judged, "acme")["likely_cause"]]
    for team in plan.bring_in:
        assert f"{team}: [… fill in: who, when, and what they said]" in parts["Teams consulted"]
    assert MARK.search(parts["Prevention"])


@pytest.mark.practice("doc-post-mortem")
def test_the_third_of_a_kind_is_due_its_post_mortem_and_the_first_is_not(
    judged: JudgedDay,
) -> None:
    third = sections(written(judged, "third", "post-mortem"))
    assert (
        "product: 3 times within 365 days (2025-09-11, 2025-12-20, 2026-03-25)" in third["Why now"]
    )
    assert (
        "E3 | 2025-12-20 | 4 days | Export broken again | product"
        in third["What happened each time"]
    )
    first = sections(written(judged, "healed", "post-mortem"))
    assert "Not due yet: the commonest kind came 1 time" in first["Why now"]


@pytest.mark.practice("doc-expectations")
def test_the_checklist_has_boxes_and_what_is_on_record_of_each_expectation(
    judged: JudgedDay,
) -> None:
    parts = sections(written(judged, "acme", "expectations"))
    assert list(parts) == [
        "Capabilities", "Service levels", "Billing", "Terms", "Cadence", "Escalation path",
    ]  # fmt: skip
    assert all("- [ ] " in part for part in parts.values())
    assert "promised: 2026-03-24" in parts["Capabilities"]
    assert (
        "| SEV-1 | within 15 minutes | a team within 1 hour | every hour |"
        in parts["Service levels"]
    )
    assert "2026-05-09, renews by itself, not confirmed" in parts["Terms"]
    assert "1 held of 2 planned" in parts["Cadence"]
    assert "| **CSM** | Ana |" in parts["Escalation path"]


@pytest.mark.slow
def test_what_is_not_shown_is_counted(tmp_path: Path) -> None:
    many = [ticket(n, "A1", moment(40 - n)) for n in range(1, 16)]
    folder = write_tables(
        tmp_path / "data", accounts=[account("A1"), account("A2")], tickets=[*desk("A2"), *many]
    )
    with Line.open(folder, load_settings()) as line:
        on_the_day = judged_day(line, AS_OF, model="rules")
        email = sections(written(on_the_day, "A1", "email"))["Issue"]
        tracking = written(on_the_day, "A1", "tracking")
    assert "15 tickets open:" in email
    assert email.count("\n- T") == 8
    assert "and 7 newer" in email
    assert tracking.count("Solve T") == 12
    assert "Solve 3 newer tickets" in tracking


@pytest.mark.slow
def test_a_mail_a_call_a_meeting_and_a_reply_of_ours_are_on_record_as_done(tmp_path: Path) -> None:
    ours = {
        "mail": {"messages": [message(1, "mail", moment(3), "Hi.", direction="outbound")]},
        "call": {"messages": [message(2, "call", moment(4), "Spoke.", channel="call")]},
        "met": {"meetings": [{"meeting_id": "G1", "scheduled_at": moment(5), "status": "held"}]},
        "told": {"ticket_events": [{"ticket_id": "T1", "occurred_at": moment(6),
                                    "kind": "public_reply"}]},
        "idle": {"messages": [message(3, "idle", moment(7), "Hello?")],
                 "meetings": [{"meeting_id": "G2", "scheduled_at": moment(5), "status": "missed"}]},
    }  # fmt: skip
    tables: dict[str, list[Row]] = {"accounts": [account(name) for name in ours]}
    tables["tickets"] = [ticket(1, "told", moment(8))]
    for name, of in ours.items():
        for table, rows in of.items():
            of_account = {} if table == "ticket_events" else {"account_id": name}
            tables.setdefault(table, []).extend(row | of_account for row in rows)
    folder = write_tables(tmp_path / "data", **tables)
    with Line.open(folder, load_settings()) as line:
        on_the_day = judged_day(line, AS_OF, model="rules")
        done = {name: sections(written(on_the_day, name, "executive"))["Done so far"]
                for name in ours}  # fmt: skip
    assert "E-mail (1 time, last 2026-03-27)" in done["mail"]
    assert "Call (1 time, last 2026-03-26)" in done["call"]
    assert "Meeting held (1 time, last 2026-03-25)" in done["met"]
    assert "Reply on a ticket (1 time, last 2026-03-24)" in done["told"]
    silent = {name for name, text in done.items() if "Nothing of ours is on record" in text}
    assert silent == {"idle"}


@pytest.mark.practice("doc-blanks")
def test_what_no_table_holds_is_a_marked_blank_in_every_document(judged: JudgedDay) -> None:
    for kind in KINDS:
        assert MARK.search(written(judged, "alone", kind)), kind
    tracking = sections(written(judged, "alone", "tracking"))
    assert "[… fill in: escalation id]" in tracking["The case"]
    assert "[… fill in: owner]" in tracking["The case"]


def test_documents_are_written_for_accounts_that_have_not_escalated(judged: JudgedDay) -> None:
    text = written(judged, "risky", "email")
    assert text.startswith(f"# Escalation: Risky Co – {row_of(judged, 'risky')['reason_1']}\n")
    assert "Risky Co has not escalated yet; it is on the watchlist." in text
    assert "would hold it if it escalated today" in text
    assert "Score (no probability)" in text, "the rules alone give no probability"


def test_words_of_theirs_come_with_evidence_only_and_masked(judged: JudgedDay) -> None:
    for kind in KINDS:
        assert "Call me" not in written(judged, "risky", kind)
    quoted = sections(written(judged, "risky", "investigation", evidence=True))["In their words"]
    assert r"Call me: \[telephone number\] or \[e-mail address\], Jo" in quoted
    assert "151" not in quoted
    assert "risky.example" not in quoted


def later(folder: Path) -> Path:
    """Write the same company with another future: rows to come, values that became known since."""
    documents_company.write(folder)
    acme: dict[str, object] = {"account_id": "acme"}
    ahead = {
        "tickets": ticket(90, "acme", moment(0, 0), priority="P1", subject="From the future"),
        "messages": documents_company.message(90, "acme", moment(-1), "See you in court."),
        "escalations": documents_company.escalation(90, "risky", -1, None, issue="Future"),
        "incidents": acme | {"incident_id": "I9", "started_at": moment(-2), "kind": "breach"},
        "outcomes": acme | {"as_of": day(3), "acted_at": moment(0, 0), "action": "Future"},
        "meetings": acme | {"meeting_id": "G9", "scheduled_at": moment(-3), "status": "missed"},
        "surveys": acme
        | {"survey_id": "S9", "kind": "NPS", "sent_at": moment(-1), "responded_at": moment(-1)},
    }
    for name, row in ahead.items():
        with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for one in rows:
            if one.get("escalation_id") == "E1":
                one |= {"closed_at": moment(-1), "cause": "contract"}
            if one.get("ticket_id") == "T1":
                one |= {"resolved_at": moment(-1), "first_response_at": moment(0, 1)}
        write_tables(folder, **{name: [*rows, row]})
    return folder


@pytest.fixture(scope="module")
def judged_later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JudgedDay]:
    """The same day of the same company, seen when more is known."""
    folder = later(tmp_path_factory.mktemp("later"))
    with Line.open(folder, load_settings()) as line:
        yield judged_day(line, AS_OF, model="rules")


@pytest.mark.slow
def test_another_future_changes_no_word_of_any_document(
    judged: JudgedDay, judged_later: JudgedDay
) -> None:
    for account_id in ("acme", "risky", "third", "silent", "evil"):
        now, then = (story_of(one, account_id, True) for one in (judged, judged_later))
        for kind in KINDS:
            assert compose(now, kind) == compose(then, kind)


def test_another_future_changes_no_pattern(judged: JudgedDay, judged_later: JudgedDay) -> None:
    for name, table in found_in(judged).items():
        pd.testing.assert_frame_equal(table, found_in(judged_later)[name])


@pytest.mark.slow
@given(st.integers(0, 10_000))
@settings(max_examples=5)
def test_rows_known_on_a_day_are_the_same_whatever_comes_later(seed: int) -> None:
    day_number = FIRST_DAY + 60
    company = random_company(seed, 90, 3, [day_number])
    with company.tables() as now, another_future(company, day_number, seed + 1).tables() as other:
        for name in company.rows:
            assert known_rows(now, name, day_number) == known_rows(other, name, day_number)
            some = known_rows(now, name, day_number, company.accounts[0])
            assert some == [
                row
                for row in known_rows(now, name, day_number)
                if row["account_id"] == company.accounts[0]
            ]


def test_every_part_of_the_plan_can_be_written() -> None:
    assert set(PARTS) == set(NAMES)


def test_a_mistake_in_the_plan_is_answered_with_line_and_remedy(tmp_path: Path) -> None:
    text = (default_folder() / "models" / "documents.yaml").read_text()
    file = tmp_path / "models" / "documents.yaml"
    file.parent.mkdir()
    file.write_text(text.replace("parts: [root_cause]", "parts: [rot_cause]"))
    with pytest.raises(ConfigError) as mistake:
        load_documents(file)
    line = text[: text.index("parts: [root_cause]")].count("\n") + 1
    assert (
        f"models/documents.yaml:{line}: unknown part 'rot_cause'. Did you mean 'root_cause'?"
        in str(mistake.value)
    )
    file.write_text(text.replace("{summary}", "{sumary}"))
    with pytest.raises(ConfigError, match="can be filled in"):
        load_documents(file)


def test_an_account_that_is_not_there_is_answered_with_the_nearest(judged: JudgedDay) -> None:
    with pytest.raises(UsageError, match=r"no account 'acne'\. Did you mean 'acme'"):
        story_of(judged, "acne")


@pytest.mark.slow
def test_a_company_changes_a_document_without_touching_python(
    command: Command, tmp_path: Path
) -> None:
    rows = [account("one", name="One", csm="Ana")]
    folder = write_tables(tmp_path / "data", accounts=rows, tickets=desk("one"))
    config = tmp_path / "config"
    for part in ("features", "models", "pipelines"):
        shutil.copytree(default_folder() / part, config / part)
    plan = config / "models" / "documents.yaml"
    plan.write_text(plan.read_text().replace('heading: "Issue"', 'heading: "What it is about"'))
    out = tmp_path / "briefs" / "one.html"
    done = command(
        "brief", "one", "--data", folder, "--config", config, "--model", "rules",
        "--as-of", day(0), "--format", "html", "--out", out,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "<h2>What it is about</h2>" in out.read_text(encoding="utf-8")
    assert done.out == f"written: {out}\n"
    wrong = command("brief", "one", "--data", folder, "--kind", "mail")
    assert wrong.code == 2
    assert "--kind mail: choose one of email, tracking, executive" in wrong.err


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_with_markup_in_it_is_shown_as_it_is(kind: Kind, judged: JudgedDay) -> None:
    page = Reader(html.render(compose(story_of(judged, "evil", True), kind)))
    assert EVIL in page.text
    assert {tag for tag, _ in page.found} <= OURS
    names = {name for _, attributes in page.found for name in attributes}
    assert names <= {
        "lang", "charset", "http-equiv", "content", "name", "class", "scope", "aria-hidden",
    }  # fmt: skip
