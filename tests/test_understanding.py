"""A text in a language that is not heard is unknown, and neither quiet nor terrible."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from risk_model.settings import load_settings
from risk_model.text import Lexicons, hear, hear_all, hear_why
from risk_model.text.lexicon import HEARD
from risk_model.text.terms import stems
from risk_model.text.understanding import LEAST_WORDS, UNDERSTOOD_FROM

HERE = Path(__file__).parent
LEXICONS = load_settings(HERE.parent).lexicons
OTHER = list(csv.DictReader((HERE / "other_languages.csv").open(encoding="utf-8")))


def with_phrase(category: str, phrase: str) -> Lexicons:
    """Return the lists with a phrase of the company's own."""
    changed = LEXICONS.categories[category]
    changed = changed.model_copy(update={"phrases": (*changed.phrases, phrase)})
    return LEXICONS.model_copy(update={"categories": {**LEXICONS.categories, category: changed}})


@pytest.mark.parametrize("row", OTHER, ids=[f"{r['language']}{n}" for n, r in enumerate(OTHER)])
def test_a_sentence_of_another_language_is_not_understood(row: dict[str, str]) -> None:
    heard = hear(row["text"], LEXICONS)
    assert heard["understood"] == 0
    assert math.isnan(heard["sentiment"])
    raised = {name for name in HEARD if heard[name] == 1}
    assert raised <= {"question"}
    assert all(math.isnan(heard[name]) for name in HEARD if name not in raised)


@pytest.mark.slow
def test_ordinary_english_of_authors_who_taught_nothing_is_understood() -> None:
    rows = csv.DictReader((HERE / "messages_held_out.csv").open(encoding="utf-8"))
    texts = [row["text"] for row in rows]
    heard = hear_all(texts, LEXICONS, jobs=1)["understood"]
    assert len(texts) > 1000
    assert not (heard == 0).any()
    known = {phrase for phrase in LEXICONS.learned.phrases if " " not in phrase}
    shares = [np.mean([s in known for s in stems(text) if s[0].isalpha()]) for text in texts]
    # Far from where understanding ends.
    assert min(shares) > UNDERSTOOD_FROM + 0.15


@pytest.mark.parametrize("text", ["Danke!", "OK, super", "SAML SSO Okta", "", "4711 / 12"])
def test_what_is_too_short_to_tell_is_heard_as_ever(text: str) -> None:
    assert len(text.split()) < LEAST_WORDS
    heard = hear(text, LEXICONS)
    assert math.isnan(heard["understood"])
    assert not math.isnan(heard["sentiment"])


def test_a_script_without_spaces_needs_no_four_words() -> None:
    assert hear("契約を解約したいと思います。", LEXICONS)["understood"] == 0


def test_thanks_in_german_are_no_bad_mood() -> None:
    """VADER knows "die" from English."""
    heard = hear("Vielen Dank für die schnelle Hilfe, alles funktioniert wieder.", LEXICONS)
    assert not heard["sentiment"] < 0


@pytest.mark.parametrize(
    ("text", "raised"),
    [
        # Italian for "their", Spanish for "with".
        ("Le sue esigenze sono molto importanti per tutti noi.", set()),
        ("Estamos muy contentos con el soporte de ustedes.", set()),
        # What they took from English they mean.
        ("Wir haben leider einen Data Breach in unserem Konto entdeckt.", {"breach"}),
        ("Wann kommt endlich die Antwort vom Support?", {"question"}),
    ],
)
def test_a_single_word_may_be_a_false_friend(text: str, raised: set[str]) -> None:
    heard = hear(text, LEXICONS)
    assert heard["understood"] == 0
    assert {name for name in HEARD if heard[name] == 1} == raised
    assert set(hear_why(text, LEXICONS)) == raised


def test_a_list_of_one_s_own_hears_its_language() -> None:
    text = "Wir kündigen unseren Vertrag zum Jahresende."
    assert math.isnan(hear(text, LEXICONS)["threat"])
    own = with_phrase("threat", "kündigen")
    assert hear(text, own)["threat"] == 1
    assert list(hear_why(text, own)) == ["threat"]


@pytest.mark.slow
def test_without_what_was_learned_nobody_can_tell() -> None:
    lists_alone = LEXICONS.model_copy(update={"learned": None})
    heard = hear("Wir kündigen unseren Vertrag zum Jahresende.", lists_alone)
    assert math.isnan(heard["understood"])
    assert heard["threat"] == 0
