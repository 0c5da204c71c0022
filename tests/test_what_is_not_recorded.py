"""Of what is not recorded, or not understood, nothing is claimed: neither that it is nor is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp

import pytest

import documents_company
from command import Command
from documents_company import escalation, message
from risk_model.brief import markdown
from risk_model.brief.composing import compose
from risk_model.brief.plan import KINDS, Kind
from risk_model.brief.unrecorded import NAMES
from risk_model.pipelines.brief import story_of
from risk_model.pipelines.judged_day import JudgedDay, judged_day
from risk_model.pipelines.line import Line
from risk_model.pipelines.patterns import patterns_of
from risk_model.pipelines.patterns_shown import shown
from risk_model.pipelines.present import as_text
from small_company import AS_OF, SETTINGS, Row, account, day, desk, moment, write_tables

pytestmark = pytest.mark.slow
Judge = Callable[..., JudgedDay]
ACCOUNTS = ("acme", "calm", "alone")
# What sounds like "there is none", by the tables that could know.
CLAIMS = {
    "none upset|written nothing|[Nn]o words of theirs": ("messages", "tickets", "surveys"),
    "[Nn]o contact of ours": ("messages", "meetings", "ticket_events"),
    "[Nn]othing of ours": ("messages", "meetings", "ticket_events", "tickets", "tasks"),
    "[Nn]othing on record since": ("messages", "meetings"),
    "[Nn]othing is late": ("messages", "tickets", "tasks"),
    "Open tickets.*none": ("tickets",),
    "[0-9]+ held of": ("meetings",),
    "not confirmed": ("renewals",),
    "not escalated|[Nn]o escalation|Not due yet|No kind came back": ("escalations",),
    "Nobody fades": ("usage", "messages", "tickets"),
    "Nobody at risk complains": ("messages",),
    "Nothing is systemic": ("tickets", "incidents", "escalations"),
    r"\*\*(Usage|Health|Last NPS|Incidents)": ("usage", "health_scores", "surveys", "incidents"),
}
# What a table tells of, where the line itself names several.
TELLS = {"usage": "Usage", "health_scores": "Health", "surveys": "Last NPS", "incidents": "Incid"}
GERMAN = (
    "Wir sind sehr unzufrieden, seit Wochen antwortet uns niemand.",
    "Das ist nicht akzeptabel, wir werden den Vertrag nicht verlängern.",
)


def told(judged: JudgedDay) -> list[str]:
    """Return every line of every document of some accounts, and of the patterns."""
    documents = [
        markdown.render(compose(story_of(judged, account_id), kind))
        for account_id in ACCOUNTS
        for kind in KINDS
    ]
    patterns = as_text(shown(patterns_of(judged)), width=1000)
    return [line for text in (*documents, patterns) for line in text.splitlines()]


def brief(judged: JudgedDay, account_id: str, kind: Kind) -> str:
    return markdown.render(compose(story_of(judged, account_id), kind))


@pytest.fixture
def judge(tmp_path: Path) -> Iterator[Judge]:
    """Return what judges a company of the tables that it is given."""
    with ExitStack() as opened:

        def judged_of(**tables: list[Row]) -> JudgedDay:
            folder = write_tables(Path(mkdtemp(dir=tmp_path)), **tables)
            line = opened.enter_context(Line.open(folder, SETTINGS))
            return judged_day(line, AS_OF, model="rules")

        yield judged_of


def claims_about(table: str, line: str) -> list[str]:
    return [
        claim
        for claim, tables in CLAIMS.items()
        if table in tables
        and (found := re.search(claim, line))
        and (not found[0].startswith("**") or TELLS[table] in found[0])
    ]


@pytest.mark.parametrize("gone", [*NAMES, "messages refused"])
def test_no_sentence_claims_that_there_is_none_of_what_is_not_recorded(
    tmp_path: Path, gone: str
) -> None:
    folder = documents_company.write(tmp_path / "data")
    table, *how = gone.split()
    if how:
        write_tables(folder, messages=[message(1, "nobody", "never", "Hello")])
    else:
        (folder / f"{table}.csv").unlink()
    if table == "tickets":
        (folder / "ticket_events.csv").unlink()
    with Line.open(folder, SETTINGS) as line:
        lines = told(judged_day(line, AS_OF, model="rules"))
    claimed = {
        sentence
        for sentence in lines
        if claims_about(table, sentence)
        and not re.search(
            rf"(?i)not recorded.*{NAMES[table]}|{NAMES[table]}.*not recorded", sentence
        )
    }
    assert not claimed
    ends = [line for line in lines if line.startswith("*Not recorded here: ")]
    assert all(NAMES[table] in end for end in ends) or table == "ticket_events"
    assert len(ends) == len(ACCOUNTS) * len(KINDS)


def test_the_list_and_the_page_do_not_count_escalations_that_nobody_records(
    command: Command, tmp_path: Path
) -> None:
    accounts = [account("A"), account("B")]
    usage = fading("A")
    without = write_tables(tmp_path / "without", accounts=accounts, usage=usage)
    done = command(
        "score", "--data", without, "--as-of", AS_OF, "--model", "rules", "--out", "l.csv"
    )
    assert done.code == 0, done.err
    assert "0 escalated already" not in done.out
    assert "escalations are not recorded" in done.out
    assert command("report", "l.csv", "--out", "page.html").code == 0
    page = (command.cwd / "page.html").read_text(encoding="utf-8")
    assert "No account is escalated" not in page
    assert "never complaining" not in page
    assert "Escalations are not recorded" in page
    assert "neither messages nor tickets are recorded" in page


def test_of_texts_that_were_not_understood_it_is_not_said_that_none_is_upset(
    judge: Judge,
) -> None:
    messages = [
        *(message(n, "foreign", moment(n, 9), text) for n, text in enumerate(GERMAN, 2)),
        message(11, "both", moment(4, 9), GERMAN[0]),
        message(12, "both", moment(2, 9), "Thank you for the quick answer, all is well now."),
        message(13, "calm", moment(1, 9), "Thank you for the quick answer, all is well now."),
    ]
    accounts = [account(name) for name in ("foreign", "both", "calm")]
    judged = judge(accounts=accounts, messages=messages, tickets=desk("calm"))
    foreign = brief(judged, "foreign", "investigation")
    assert "upset" not in foreign
    assert (
        "2 messages, tickets and comments of theirs are in a language that is not understood."
        in foreign
    )
    both = brief(judged, "both", "investigation")
    assert "1 message, ticket or comment of theirs, none upset." in both
    assert "1 message, ticket or comment of theirs is in a language that is not" in both
    assert "not understood" not in brief(judged, "calm", "investigation").split("---")[0]
    executive = brief(judged, "foreign", "executive")
    assert "Nothing is late on either side." not in executive


def fading(account_id: str) -> list[Row]:
    return [
        {"account_id": account_id, "date": day(ago), "actions": 5 if ago <= 28 else 100}
        for ago in range(1, 120)
    ]


def test_nobody_is_a_silent_leaver_whose_complaints_could_not_be_known(judge: Judge) -> None:
    names = ("foreign", "silent")
    tables: dict[str, list[Row]] = {
        "accounts": [account(name) for name in (*names, "desk")],
        "usage": [row for name in names for row in fading(name)],
    }
    untold = judge(**tables)
    assert set(untold.rows["state"]) == {"at-risk"}
    patterns = patterns_of(untold)
    assert "(foreign, silent)" in " ".join(patterns.notes)
    told_of = as_text(shown(patterns), width=1000)
    assert "Nobody fades" not in told_of
    assert "without a complaint: Not recorded here: messages and tickets." in told_of
    # Forty days ago, and not a word since.
    messages = [message(n, "foreign", moment(38 + n, 9), text) for n, text in enumerate(GERMAN)]
    messages += [message(n, "desk", moment(ago, 9), "Thank you.") for n, ago in ((8, 110), (9, 1))]
    known = judge(**tables, messages=messages, tickets=desk("desk"))
    state = known.rows.set_index("account_id")["state"]
    assert (state["foreign"], state["silent"]) == ("at-risk", "silent")
    patterns = patterns_of(known)
    assert patterns.tables["silent"]["account_id"].tolist() == ["silent"]
    assert "whether they complain: 1 (foreign)" in " ".join(patterns.notes)


def cases(judge: Judge, *rows: Row, **more: list[Row]) -> JudgedDay:
    accounts = [account("A"), account("B")]
    return judge(accounts=accounts, tickets=desk("B"), escalations=list(rows), **more)


def test_who_is_escalated_again_is_not_recovering(judge: Judge) -> None:
    judged = cases(judge, escalation(1, "A", 60, 50), escalation(2, "A", 5, None, severity=3))
    for kind in KINDS:
        text = brief(judged, "A", kind)
        assert not re.search("recover(ing|s?,)|as they recover|relapse", text), kind
    assert dict(judged.rows.set_index("account_id").loc["A"])["recovery_stage"] == ""


def test_the_brief_is_about_the_escalation_that_the_list_calls_the_worst(judge: Judge) -> None:
    judged = cases(
        judge,
        escalation(1, "A", 9, None, severity=4, issue="Slow export"),
        escalation(2, "A", 5, None, severity="", issue="Our data was leaked"),
    )
    listed = judged.escalated.set_index("escalation_id")["suggested_severity"]
    assert listed["E2"] < listed["E1"], listed
    assert "Our data was leaked" in brief(judged, "A", "email").splitlines()[0]


def test_a_recorded_severity_rests_on_no_sign_of_today(judge: Judge) -> None:
    judged = cases(
        judge,
        escalation(1, "A", 20, None, severity=3),
        messages=[message(1, "A", moment(3, 9), "This is unacceptable, nobody answers us.")],
    )
    assert "| **Severity** | SEV-3 |" in brief(judged, "A", "email")


def test_who_escalated_long_ago_has_escalated(judge: Judge) -> None:
    judged = cases(judge, escalation(1, "A", 300, 290))
    for kind in KINDS:
        assert "has not escalated" not in brief(judged, "A", kind), kind
    begin = f"Firm A has no escalation open; the last one was closed on {day(290)}"
    assert begin in brief(judged, "A", "executive")
    assert begin in brief(judged, "A", "email")


def test_figures_are_told_as_a_person_would(judge: Judge) -> None:
    tickets = [{"ticket_id": "T1", "account_id": "A", "opened_at": moment(3)}]
    accounts = [account("A", contract_start=day(366)), account("B")]
    judged = judge(
        accounts=accounts,
        tickets=tickets,
        escalations=[escalation(1, "A", 5, None, severity=1)],
    )
    text = brief(judged, "A", "executive")
    assert "of them P1 or P2" not in text, "priorities are not recorded"
    assert "1.0 years" not in text
    assert "| **They hear from us** | every hour |" in text
    assert "| **They hear from us**" not in brief(judged, "B", "executive")
    assert "| **If it escalated, they hear from us** |" in brief(judged, "B", "executive")
    assert "% within 30 days" not in brief(judged, "B", "email"), "a score tells of no days"
