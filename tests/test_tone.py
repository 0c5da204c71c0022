"""The same fact told in calm and in anger has one severity, by mail or ticket, answered or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from golden_company import solved, tables_of, ticket, wrote
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.settings import load_settings
from small_company import AS_OF, Row, write_tables

pytestmark = pytest.mark.slow

# Told calmly, and in anger.
FACTS = {
    "lost": (
        "The records of March are missing since the migration.",
        "Where the hell are our records of March?! Your migration wiped them, this is a disgrace!",
    ),
    "breach": (
        "Another company could see our customer data yesterday.",
        "Unbelievable! Another company could see our customer data yesterday, you clowns!!!",
    ),
    "down": (
        "The system has been down since this morning.",
        "THE SYSTEM HAS BEEN DOWN SINCE THIS MORNING!!! This is ridiculous, I am furious!",
    ),
    "sync": (
        "The sync with our warehouse has failed for fourteen hours.",
        "Your useless sync with our warehouse has failed for fourteen hours, I am sick of it!",
    ),
    "export": (
        "The export fails now and then",
        "The damn export fails now and then, I am so fed up with this garbage!",
    ),
    "button": (
        "The button is two pixels off.",
        "The button is two pixels off. Are you blind? Horrible, terrible work, I hate it!",
    ),
    "invoice": (
        "The invoice shows the old price.",
        "The invoice shows the old price AGAIN. You are robbing us, shame on you!",
    ),
    "blocked": (
        "Our team cannot finish the payroll run until the import works.",
        "Our team cannot finish the payroll run until the import works. This is an absolute "
        "nightmare and totally unacceptable!",
    ),
    "question": (
        "How can I add a user?",
        "How on earth can I add a user?! Your manual is utter rubbish!",
    ),
    "legal": (
        "Our lawyers will write to you about the contract.",
        "Our lawyers will write to you about the contract, you incompetent fools!!",
    ),
    "promised": (
        "We were told that this is in our plan.",
        "We were told that this is in our plan, liars! I have never been so angry!",
    ),
    "none": (
        "The new report looks fine.",
        "The new report looks fine, but I am furious, this is pathetic!",
    ),
}


def told(text: str) -> dict[str, dict[str, Sequence[Row]]]:
    """Return the accounts that say it, by the way in which they do."""
    said = {"subject": "Question", "description": text}
    return {
        "answered mail": {"messages": wrote(text, 3)},
        "waiting mail": {"messages": wrote(text, 4, answered=False)},
        "solved ticket": {"tickets": [solved(3, **said)]},
        "open ticket": {"tickets": [ticket(1, **said)]},
    }


WAYS = tuple(told(""))


@pytest.fixture(scope="module")
def severities(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The severity of each fact, told in each mood and way, by account; scored once."""
    stories = {
        f"{fact}, {mood}, {way}": rows
        for fact, texts in FACTS.items()
        for mood, text in zip(("calm", "angry"), texts, strict=True)
        for way, rows in told(text).items()
    }
    folder = write_tables(tmp_path_factory.mktemp("tone"), **tables_of([], stories))
    with Line.open(folder, load_settings()) as line:
        listed = score(line, AS_OF, model="rules").ranked
    return dict(zip(listed["account_id"], listed["suggested_severity"], strict=True))


@pytest.mark.practice("severity-not-tone")
@pytest.mark.parametrize("fact", FACTS)
@pytest.mark.parametrize("way", WAYS)
def test_anger_moves_no_severity(severities: Mapping[str, str], fact: str, way: str) -> None:
    assert severities[f"{fact}, calm, {way}"] == severities[f"{fact}, angry, {way}"]


@pytest.mark.practice("sev-3-impaired")
@pytest.mark.parametrize("mood", ["calm", "angry"])
@pytest.mark.parametrize("way", WAYS)
def test_what_fails_now_and_then_is_sev_3(
    severities: Mapping[str, str], mood: str, way: str
) -> None:
    assert severities[f"export, {mood}, {way}"] == "SEV-3"
