"""An account that no table has a row of, or that nobody understands, is not told to be fine."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from risk_model.explain import QUIET
from risk_model.pipelines.judged_day import judged_day
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.pipelines.unseen import UNSEEN, unread_sentence, unseen_sentence
from small_company import AS_OF, SETTINGS, account, day, desk, moment, ticket, write_tables

LEAVES = "Wir kündigen unseren Vertrag zum Jahresende, die Software ist unbrauchbar."
GREETS = "Vielen Dank für die schnelle Hilfe, alles funktioniert wieder."
ENGLISH = "Thanks for the call, all is fine on our side."
# What each wrote on the days before.
LETTERS = {
    "german": [LEAVES, GREETS, "Danke!"],
    "swiss": [GREETS, ENGLISH, ENGLISH],
    "english": [ENGLISH, ENGLISH],
    "threatens": [LEAVES, GREETS, "We will cancel our contract at the end of the year."],
}
REASONS = {"calm": QUIET, "lost": UNSEEN, "to-come": UNSEEN, "used": QUIET}


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """One with tickets, one with usage, one with nothing, one of which only later rows tell."""
    used = [{"account_id": "used", "date": day(ago), "actions": 10} for ago in range(1, 200)]
    folder = write_tables(
        tmp_path_factory.mktemp("unseen"),
        accounts=[account(name) for name in REASONS],
        usage=used,
        tickets=[*desk("calm"), ticket(9, "to-come", moment(-1))],
    )
    with Line.open(folder, SETTINGS) as opened:
        yield opened


@pytest.mark.slow
def test_who_is_in_no_table_is_told_to_be_unknown_and_counted(line: Line) -> None:
    listed = score(line, AS_OF, model="rules")
    rows = listed.ranked.set_index("account_id")
    assert rows["reason_1"].to_dict() == REASONS
    steps = SETTINGS.response.first_step
    assert rows.loc["lost", "recommended_action"] == steps.unseen
    assert rows.loc["calm", "recommended_action"] == steps.nothing
    (said,) = (note for note in listed.run["notes"] if "without a single row in any" in note)
    assert "event table: 2 of 4 (lost, to-come)" in said


def test_every_command_says_the_same_of_it(line: Line) -> None:
    rows = judged_day(line, AS_OF, model="rules").rows
    assert dict(zip(rows["account_id"], rows["reason_1"], strict=True)) == REASONS


def test_many_are_counted_and_a_few_named() -> None:
    names = [f"a{n}" for n in range(9)]
    listed = pd.DataFrame({"account_id": names})
    assert unseen_sentence(listed, frozenset()) == []
    (said,) = unseen_sentence(listed, frozenset([*names[:7], "escalated"]))
    assert "7 of 9 (a0, a1, a2, a3, a4, …)" in said


# --- a language that nobody here understands --------------------------------------------------


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """Accounts that write German, English and both, and one that has written for long."""
    wrote = [
        {
            "message_id": f"{name}-{ago}",
            "account_id": name,
            "sent_at": moment(ago),
            "channel": "email",
            "direction": "inbound",
            "text": text,
        }
        for name, texts in {**LETTERS, "feed": [ENGLISH] * 120}.items()
        for ago, text in enumerate(texts, start=1)
    ]
    folder = write_tables(
        tmp_path_factory.mktemp("letters"),
        accounts=[account(name) for name in (*LETTERS, "feed")],
        messages=wrote,
        tickets=desk("feed"),
    )
    with Line.open(folder, SETTINGS) as opened:
        yield opened


@pytest.mark.slow
def test_what_is_written_in_another_language_is_not_measured_and_not_quiet(letters: Line) -> None:
    judged = judged_day(letters, AS_OF, model="rules")
    features = judged.features.set_axis(judged.rows["account_id"])
    about_words = ["threats_28d", "legal_84d", "complaints_28d", "asks_for_higher_28d"]
    assert features.loc["german", about_words].isna().all()
    assert features.loc[["swiss", "english"], about_words].eq(0).all(axis=None)
    # What was heard is so, whatever else was not; and how many wrote needs no words.
    assert features.loc["threatens", "threats_28d"] == 1
    assert pd.isna(features.loc["threatens", "legal_84d"])
    assert features.loc["german", "inbound_28d"] == 3
    lost = features["messages_not_understood_28d"]
    assert lost.to_dict() == {"german": 2, "swiss": 1, "english": 0, "threatens": 2, "feed": 0}
    # Thanks in German are no bad mood.
    assert not features.loc["german", "lowest_sentiment_28d"] < 0
    cases = judged.judge.rulebook.cases(judged.features).set_axis(features.index)
    unknown = cases.isna()
    assert unknown.loc["german", ["threat-or-competitor", "upset-message"]].all()
    assert not unknown.loc["swiss", ["threat-or-competitor", "upset-message"]].any()


@pytest.mark.slow
def test_the_list_says_who_writes_what_nobody_understands(letters: Line) -> None:
    listed = score(letters, AS_OF, model="rules")
    rows = listed.ranked.set_index("account_id")
    steps = SETTINGS.response.first_step
    says = "2 messages and tickets in 4 weeks are in a language that is not understood"
    assert rows.loc["german", "reason_1"] == says
    assert rows.loc["german", "recommended_action"] == steps.unread
    one = "A message or ticket in 4 weeks is in a language that is not understood"
    assert rows.loc["swiss", "reason_1"] == one
    assert rows.loc["english", "reason_1"] == QUIET
    assert rows.loc["english", "recommended_action"] == steps.nothing
    # Beside what was understood it comes last, and no step is lost to it.
    assert "They spoke of cancelling" in rows.loc["threatens", "reason_1"]
    assert says in rows.loc["threatens", ["reason_2", "reason_3"]].tolist()
    assert rows.loc["threatens", "recommended_action"] != steps.unread
    (said,) = (note for note in listed.run["notes"] if "not understood" in note)
    assert "3 of 5 (german, swiss, threatens)" in said
    assert unread_sentence(listed.ranked, frozenset()) == []
