"""A customer is heard wherever they say it, and waits until somebody answers or they are done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from golden_company import LONG_AGO, solved, tables_of, wrote
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from small_company import AS_OF, SETTINGS, Row, moment, write_tables

# The stories are one company, which takes seconds to judge; tests/test_text.py hears at once.
pytestmark = pytest.mark.slow

Stories = Mapping[str, Mapping[str, Sequence[Row]]]
QUESTION = "When will the single sign-on be ready? We need a date."


def ticket(description: str | None, subject: str = "Question") -> dict[str, list[Row]]:
    return {"tickets": [solved(5, subject=subject, description=description)]}


def comment(text: str) -> dict[str, list[Row]]:
    answer = {"kind": "NPS", "sent_at": moment(9), "responded_at": moment(5), "score": 9}
    return {"surveys": [{**answer, "comment": text}]}


def waits(after: str, direction: str) -> dict[str, list[Row]]:
    """A question, and a day later one more message on the same matter."""
    more = {"channel": "email", "sender_role": "user", "sent_at": moment(5, 9)}
    asked = wrote(QUESTION, 6, answered=False)
    return {"messages": [*asked, {**more, "direction": direction, "text": after}]}


DISCLAIMER = "This e-mail is confidential. Legal action may follow a breach."
LOST = "All our records of March are gone after the migration."
SAID: Stories = {
    "breach-ticket": ticket("Records of other customers are visible in our account."),
    "breach-subject": ticket(None, "Data breach: we see the data of other customers"),
    "legal-ticket": ticket("We have instructed our lawyers over the missed SLA."),
    "lawyers-ticket": ticket("Our lawyers will take legal action over the missed SLA."),
    "doubt-ticket": ticket("We are not sure that we will renew, our budget was cut."),
    "invoice-ticket": ticket("The invoice is wrong, we were charged twice."),
    "promise-ticket": ticket("We were told that this feature is in our plan."),
    "passed-ticket": ticket("I was passed from one team to the next."),
    "doubt-comment": comment("We are not sure that we will renew, our budget was cut."),
    "invoice-comment": comment("The invoice is wrong, we were charged twice."),
    "leaving-ticket": ticket("We will cancel our contract at the end of the month."),
    "press-ticket": ticket("We will go to the press about this."),
    "director-ticket": ticket("I want to speak to your director now."),
    "rival-ticket": ticket("We are evaluating your competitors at the moment."),
    "leaving-comment": comment("We will cancel our contract at the end of the month."),
    "rival-comment": comment("We are evaluating your competitors at the moment."),
    "lost-and-solved": ticket("All our records of March are gone after the migration."),
    "lost": {"tickets": [{**solved(5, subject="Gone", description=LOST), "resolved_at": ""}]},
    "calm-ticket": ticket("How do I rename a board?"),
    "calm-comment": comment("Fine."),
    "away": waits("Out of office: I am away until 1 June and will answer then.", "outbound"),
    "received": waits("Thank you. Your request has been received, number 8812.", "outbound"),
    "newsletter": waits("Newsletter of May: five new things for you.", "outbound"),
    "answered": waits("It comes on the 4th of June, I will write to you then.", "outbound"),
    "found": waits("Never mind, I found it. Thank you!", "inbound"),
    "cancelled-order": {"messages": wrote("The cancelled order is still on our list.", 4)},
    "signature": {"messages": wrote(f"See you on Monday.\n\n-- \nAnn Lee\n{DISCLAIMER}", 4)},
    "quoted": {"messages": wrote("Thanks, that works.\n\n> We will cancel our contract.", 4)},
    "ours": {"messages": wrote("We will cancel your contract.", 4, False, direction="outbound")},
    "thanks-but": waits("Thank you. And when will it be ready?", "inbound"),
}
RULE_OF = {
    "breach-ticket": "breach-or-legal-fact",
    "breach-subject": "breach-or-legal-fact",
    "legal-ticket": "breach-or-legal-fact",
    "lawyers-ticket": "says-cancel-legal-breach",
    "doubt-ticket": "renewal-hesitancy",
    "invoice-ticket": "billing-dispute",
    "promise-ticket": "expectation-gap",
    "passed-ticket": "passed-around",
    "doubt-comment": "renewal-hesitancy",
    "invoice-comment": "billing-dispute",
    "leaving-ticket": "threat-or-competitor",
    "press-ticket": "threat-to-go-public",
    "director-ticket": "asks-for-higher",
    "rival-ticket": "threat-or-competitor",
    "leaving-comment": "threat-or-competitor",
    "rival-comment": "threat-or-competitor",
}


def rows_of(folder: Path, **tables: Sequence[Row]) -> dict[str, dict[str, str]]:
    with Line.open(write_tables(folder, **tables), SETTINGS) as line:
        listed = score(line, AS_OF, model="rules").ranked.to_dict("records")
    return {str(row["account_id"]): {str(k): str(v) for k, v in row.items()} for row in listed}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, str]]]:
    yield rows_of(tmp_path_factory.mktemp("said") / "tables", **tables_of([], SAID))


@pytest.mark.parametrize("account", RULE_OF)
def test_what_tickets_and_survey_comments_say_fires_the_rule(
    rows: dict[str, dict[str, str]], account: str
) -> None:
    rule = SETTINGS.rules.by_id[RULE_OF[account]]
    assert rule.id in rows[account]["rules_fired"].split(";")
    assert rows[account]["risk_level"] == ("Medium" if rule.grade == "warning" else "High")


@pytest.mark.parametrize(
    "account",
    [
        pytest.param("cancelled-order", marks=pytest.mark.practice("text-harmless")),
        pytest.param("signature", marks=pytest.mark.practice("text-signature")),
        pytest.param("quoted", marks=pytest.mark.practice("text-quoted")),
        pytest.param("ours", marks=pytest.mark.practice("text-outbound")),
    ],
)
def test_what_they_did_not_say_fires_no_rule(rows: dict[str, dict[str, str]], account: str) -> None:
    row = rows[account]
    assert (row["rules_fired"], row["risk_level"], row["suggested_severity"]) == (
        "",
        "Low",
        "SEV-4",
    )


@pytest.mark.parametrize("account", ["breach-ticket", "breach-subject"])
def test_a_breach_told_in_a_ticket_is_the_worst_and_goes_to_the_top(
    rows: dict[str, dict[str, str]], account: str
) -> None:
    row = rows[account]
    assert (row["suggested_severity"], row["escalation_tier"]) == ("SEV-1", "4")
    assert row["executive_sponsor"] == "now"


def test_lost_data_that_a_ticket_told_of_is_over_when_it_is_solved(
    rows: dict[str, dict[str, str]],
) -> None:
    assert rows["lost"]["suggested_severity"] == "SEV-2"
    assert "outage" in rows["lost"]["rules_fired"].split(";")
    assert rows["lost-and-solved"]["suggested_severity"] == "SEV-4"
    assert rows["lost-and-solved"]["rules_fired"] == ""


def test_a_calm_ticket_and_a_calm_comment_fire_nothing(rows: dict[str, dict[str, str]]) -> None:
    assert {rows[name]["rules_fired"] for name in ("calm-ticket", "calm-comment")} == {""}


@pytest.mark.slow
def test_who_hands_over_tickets_only_has_them_heard_all_the_same(tmp_path: Path) -> None:
    told = tables_of([], {name: SAID[name] for name in ("leaving-ticket", "calm-ticket")})
    few = {name: told[name] for name in ("accounts", "tickets")}
    alone = rows_of(tmp_path / "tables", **few)
    assert "threat-or-competitor" in alone["leaving-ticket"]["rules_fired"].split(";")
    assert alone["calm-ticket"]["rules_fired"] == ""


@pytest.mark.slow
def test_messages_that_have_stopped_do_not_make_the_tickets_unheard(tmp_path: Path) -> None:
    told = tables_of([], {"leaving-ticket": SAID["leaving-ticket"]})
    old = [row for row in told["messages"] if row["sent_at"] < moment(LONG_AGO - 20)]
    rows = rows_of(tmp_path / "tables", **{**told, "messages": old})
    assert "threat-or-competitor" in rows["leaving-ticket"]["rules_fired"].split(";")


@pytest.mark.parametrize("account", ["away", "received", "newsletter"])
def test_what_a_machine_of_ours_sends_is_no_answer(
    rows: dict[str, dict[str, str]], account: str
) -> None:
    assert "waiting-on-us" in rows[account]["rules_fired"].split(";")
    assert rows[account]["waiting_on"] == "us"


def test_who_thanks_and_asks_again_still_waits(rows: dict[str, dict[str, str]]) -> None:
    assert "waiting-on-us" in rows["thanks-but"]["rules_fired"].split(";")
    assert rows["thanks-but"]["waiting_on"] == "us"


@pytest.mark.parametrize("account", ["answered", "found"])
def test_an_answer_or_their_own_thank_you_ends_the_waiting(
    rows: dict[str, dict[str, str]], account: str
) -> None:
    assert "waiting-on-us" not in rows[account]["rules_fired"].split(";")
    assert rows[account]["waiting_on"] != "us"
