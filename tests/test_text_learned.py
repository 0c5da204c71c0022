"""The learned ear: what the messages taught, beside the lists, and silent where a list is ours."""

from __future__ import annotations

import math
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import teach_hearing
from risk_model.errors import ConfigError
from risk_model.settings import default_folder
from risk_model.text import Lexicons, hear, hear_all, hear_why, hearing, load_lexicons
from risk_model.text.findings import Finder
from risk_model.text.learned import FILE, Learned, load_learned
from risk_model.text.lexicon import CATEGORIES
from risk_model.text.likelihood import (
    LEAST_WORDS,
    RAISED_ABOVE,
    SILENCED_BELOW,
    LearnedEar,
)
from risk_model.text.terms import pieces, runs, sentences, stems
from risk_model.text.words import END, normal, raw_tokens

pytestmark = pytest.mark.slow

FOLDER = teach_hearing.FOLDER
LEXICONS = load_lexicons(FOLDER)
LISTS_ALONE = LEXICONS.model_copy(update={"learned": None})
ROWS = teach_hearing.read(teach_hearing.MESSAGES)
TEXTS = [row["text"] for row in ROWS]


def shipped() -> Learned:
    assert LEXICONS.learned is not None
    return LEXICONS.learned


def taught(phrases: dict[str, dict[str, int]], intercepts: dict[str, float]) -> Lexicons:
    """The lists with these weights (in quarters) beside them, likely nothing but for a reason."""
    learned = Learned(
        made_of="a test",
        lists={name: LEXICONS.list_version(name) for name in CATEGORIES},
        messages=1,
        intercepts=np.array([intercepts.get(name, -2.0) for name in CATEGORIES]),
        phrases=tuple(phrases),
        counts=np.ones(len(phrases), dtype=np.int64),
        steps=np.array(
            [[weights.get(name, 0) for name in CATEGORIES] for weights in phrases.values()],
            dtype=np.int16,
        ),
    )
    return LEXICONS.model_copy(update={"learned": learned})


@pytest.fixture(autouse=True)
def lists_prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is learned changes from test to test here; the lists beside it take a second each time.

    A copy that only has other weights holds the very same lists.
    """
    monkeypatch.setattr(hearing, "Finder", finder_of)


FINDERS: dict[tuple[int, int], tuple[Lexicons, Finder]] = {}


def finder_of(lexicons: Lexicons) -> Finder:
    lists = (id(lexicons.categories), id(lexicons.groups))
    if lists not in FINDERS:
        # Kept with the lexicons, whose numbers would be given to others otherwise.
        FINDERS[lists] = lexicons, Finder(lexicons)
    return FINDERS[lists][1]


def copied(folder: Path) -> Path:
    return shutil.copytree(FOLDER, folder / "lexicons")


@pytest.mark.parametrize("subject", ["Login", "Admin account", "Invoice", "Request"])
def test_a_word_or_two_raise_nothing_unless_they_are_on_a_list(subject: str) -> None:
    flags = {name: 1 for name in CATEGORIES if hear(subject, LEXICONS)[name]}
    assert flags == {}
    assert hear("Data breach", LEXICONS)["breach"] == 1


def test_what_the_ear_alone_raises_in_a_sentence_it_does_not_in_two_words_of_it() -> None:
    sure = taught({"gruffalo": {"breach": 40}}, {})
    assert hear("There was a gruffalo", sure)["breach"] == 1
    assert hear("A gruffalo", sure)["breach"] == 0
    assert hear("A gruffalo. There was a gruffalo.", sure)["breach"] == 1


def test_the_file_is_what_today_s_messages_and_lists_give() -> None:
    """If not: make hearing."""
    learned = shipped()
    assert learned.made_of == teach_hearing.made_of()
    assert LEXICONS.learned_beside() == CATEGORIES
    assert (FOLDER / FILE).read_text(encoding="utf-8") == learned.written()


@pytest.mark.slow
def test_teaching_a_category_anew_gives_its_weights() -> None:
    learned = shipped()
    anew = teach_hearing.teach(teach_hearing.lessons(), LEXICONS, ["billing"])
    at = CATEGORIES.index("billing")
    assert anew.phrases == learned.phrases
    assert anew.counts.tolist() == learned.counts.tolist()
    assert anew.intercepts[at] == pytest.approx(learned.intercepts[at], abs=0.02)
    # A weight on the edge between two steps may fall either way on another machine.
    assert np.abs(anew.steps[:, at] - learned.steps[:, at]).max() <= 1
    assert (anew.steps[:, at] != learned.steps[:, at]).mean() < 0.01


def by_hand(
    text: str, learned: Learned, rarity: dict[str, float], weights: dict[str, list[float]]
) -> list[float]:
    """The chances of one sentence, added up as the file says."""
    said = [word for word in stems(text) if word != END]
    bags = [
        [run for run in set(runs(said)) if run in rarity],
        [piece for word in set(said) for piece in pieces(word) if piece in rarity],
    ]
    odds = learned.intercepts.tolist()
    for bag in bags:
        length = math.sqrt(sum(rarity[phrase] ** 2 for phrase in bag)) or 1.0
        for phrase in bag:
            for at, weight in enumerate(weights[phrase]):
                odds[at] += weight * rarity[phrase] / length
    chances = [1 / (1 + math.exp(-value)) for value in odds]
    if len(said) >= LEAST_WORDS:
        return chances
    # A word or two are kept from being raised, and not silenced.
    between = [(SILENCED_BELOW[name] + RAISED_ABOVE[name]) / 2 for name in CATEGORIES]
    return [min(pair) for pair in zip(chances, between, strict=True)]


SENTENCES = [text for text in TEXTS[::20] if len(sentences(stems(text), END)) == 1]


@pytest.fixture(scope="module")
def ear() -> LearnedEar:
    return LearnedEar(shipped(), CATEGORIES)


@cache
def of_phrases() -> tuple[dict[str, float], dict[str, list[float]]]:
    """Return the rarity and the weights of every phrase."""
    columns = shipped().rarity.tolist(), shipped().weights.tolist()
    rarity, weights = (dict(zip(shipped().phrases, each, strict=True)) for each in columns)
    return rarity, weights


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*SENTENCES, "", "Zyxq 77 77?", "!"]), min_size=1, max_size=5))
def test_the_chances_are_those_that_the_file_adds_up_to(ear: LearnedEar, texts: list[str]) -> None:
    chances = ear.chances([raw_tokens(normal(text)) for text in texts])
    for text, row in zip(texts, chances, strict=True):
        assert row.tolist() == pytest.approx(by_hand(text, shipped(), *of_phrases()), abs=1e-4)


@given(st.lists(st.sampled_from(["a", "b", END])))
def test_sentences_are_what_stands_between_their_ends(words: list[str]) -> None:
    written = "".join(words)
    expected = [list(part) for part in written.split(END) if part]
    assert sentences(words, END) == expected


def test_a_text_is_as_likely_as_its_likeliest_sentence(ear: LearnedEar) -> None:
    texts = SENTENCES[:30]
    alone = ear.chances([raw_tokens(normal(f"{text}.")) for text in texts])
    (together,) = ear.chances([raw_tokens(normal(". ".join(texts)))])
    assert together == pytest.approx(alone.max(axis=0))


def test_a_likely_category_is_raised_without_a_word_of_its_list_and_says_why() -> None:
    text = "Our patience with this? We have nothing left of zebras."
    lexicons = taught({"zebra": {"complaint": 40}, "noth": {"complaint": 4}}, {})
    assert hear(text, LISTS_ALONE)["complaint"] == 0
    assert hear(text, lexicons)["complaint"] == 1
    assert "left of zebras" in hear_why(text, lexicons)["complaint"]


def test_a_category_that_is_next_to_impossible_is_silent_in_spite_of_its_list() -> None:
    text = "We are evaluating another vendor."
    assert hear(text, LISTS_ALONE)["competitor"] == 1
    lexicons = taught({"zebra": {"competitor": 1}}, {"competitor": -6.0})
    assert hear(text, lexicons)["competitor"] == 0
    assert hear_why(text, lexicons) == {}


# What calls in security, lawyers, the press or a major severity.
ALARMS = ("threat", "legal", "breach", "data_loss", "public", "outage")
HARMLESS = (
    "I am putting down what the two of us went through on the phone yesterday.",
    "For the spring fair we test the new stock list with our second branch.",
    "The quarterly sheet had a wrong total, my own slip, and the corrected one is attached.",
    "Our legal form changes from a partnership to a limited company in July.",
    "The pipe above the server cupboard leaked, so the office is closed on Monday.",
    "We deleted the trial records ourselves last week, nothing of it is needed.",
    "The press release about our merger goes out tomorrow, just so that you know.",
    "I was tired of writing minutes, so now the template does it.",
    "Two of our drivers left the company, please take them off the list.",
    "The lift was out of order this morning and half of the team came late.",
    "Could you send the certificate of your last security audit for our files?",
    "The old contract for the coffee machine has been terminated at last.",
)


def test_an_alarm_is_raised_without_a_word_of_its_list_only_where_it_is_likely() -> None:
    lexicons = taught({"zebra": dict.fromkeys(ALARMS, 200), "gnu": dict.fromkeys(ALARMS, 4)}, {})
    assert [name for name in CATEGORIES if hear("It was a zebra.", lexicons)[name]] == list(ALARMS)
    assert not any(hear("It was a gnu.", lexicons)[name] for name in ALARMS)
    heard = hear_all(HARMLESS, LEXICONS, jobs=1)[list(ALARMS)]
    assert [text for text, row in zip(HARMLESS, heard.to_numpy(), strict=True) if row.any()] == []


def test_an_alarm_of_the_list_is_taken_back_only_where_it_is_next_to_impossible() -> None:
    assert all(SILENCED_BELOW[name] <= 0.05 for name in ALARMS)
    text = "Data from our inventory is gone and nobody can tell us where it went."
    assert hear(text, LEXICONS)["data_loss"] == 1
    for intercept, kept in ((-3.0, True), (-9.0, False)):
        lexicons = taught({"zebra": {}}, dict.fromkeys(CATEGORIES, intercept))
        assert bool(hear(text, lexicons)["data_loss"]) == kept


def test_figures_that_were_wrong_are_no_breach_and_a_word_to_the_ceo_is_heard() -> None:
    text = "Wrong figures went out to our clients through our month-end report."
    assert hear(text, LEXICONS)["breach"] == 0
    assert hear("We will take it to your CEO.", LEXICONS)["asks_for_higher"] == 1


def test_what_the_list_finds_denied_is_not_raised() -> None:
    denied = "We are not looking at another vendor."
    assert hear(denied, LISTS_ALONE)["competitor"] == 0
    lexicons = taught({"vendor": {"competitor": 60}}, {})
    assert hear("A vendor for the whole thing.", lexicons)["competitor"] == 1
    assert hear(denied, lexicons)["competitor"] == 0


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("complaint.yaml", "phrases:\n", "phrases:\n  - gruffalo\n"),
        ("context.yaml", "negations: [", "negations: [gruffalo, "),
    ],
)
def test_a_changed_list_is_obeyed(tmp_path: Path, file: str, old: str, new: str) -> None:
    folder = copied(tmp_path)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    changed = load_lexicons(folder)
    assert changed.version != LEXICONS.version
    assert "complaint" not in changed.learned_beside()
    said = hear_all(TEXTS[:400], changed, jobs=1)
    alone = hear_all(TEXTS[:400], changed.model_copy(update={"learned": None}), jobs=1)
    assert said["complaint"].tolist() == alone["complaint"].tolist()
    if file == "complaint.yaml":
        assert hear("A gruffalo", changed)["complaint"] == 1
        assert len(changed.learned_beside()) == len(CATEGORIES) - 1
    else:
        assert changed.learned_beside() == ()


def test_a_changed_group_silences_what_was_learned_beside_the_lists_that_use_it() -> None:
    used = LEXICONS.categories["competitor"].model_dump_json()
    name = next(name for name in LEXICONS.groups if f"<{name}>" in used)
    groups = LEXICONS.groups | {name: (*LEXICONS.groups[name], "gruffalo")}
    changed = LEXICONS.model_copy(update={"groups": groups})
    assert "competitor" not in changed.learned_beside()
    unused = LEXICONS.model_copy(update={"groups": LEXICONS.groups | {"new": ("gruffalo",)}})
    assert unused.learned_beside() == CATEGORIES


def test_without_the_file_the_lists_hear_alone_as_another_version(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / FILE).unlink()
    alone = load_lexicons(folder)
    assert alone.learned is None
    assert alone.version == LISTS_ALONE.version != LEXICONS.version


def test_other_weights_are_another_version() -> None:
    one, other = (taught({"zebra": {"complaint": weight}}, {}) for weight in (1, 2))
    assert one.version != other.version


@pytest.mark.slow
def test_a_sentence_that_matters_is_not_lost_in_a_long_mail() -> None:
    around = "I hope that you had a nice weekend by the sea with all of your friends. " * 8
    flags, texts = list(CATEGORIES), TEXTS[::54]
    short = hear_all(texts, LEXICONS, jobs=1)[flags] == 1
    long = hear_all([f"{around}{text} {around}" for text in texts], LEXICONS, jobs=1)[flags] == 1
    kept = (short & long).to_numpy().sum() / short.to_numpy().sum()
    assert kept > 0.99


@pytest.fixture(scope="module")
def calm() -> pd.DataFrame:
    return hear_all([f"{text}." for text in TEXTS[::9]], LEXICONS, jobs=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "tone",
    [
        "This is absolutely unacceptable, we are furious!!!",
        "This can't go on. I am worn out writing about it.",
        "Thank you all, you are great!",
    ],
)
def test_no_tone_beside_a_fact_makes_or_unmakes_it(calm: pd.DataFrame, tone: str) -> None:
    facts = ["legal", "breach", "data_loss", "outage", "threat", "competitor", "billing", "public"]
    loud = hear_all([f"{text}. {tone}" for text in TEXTS[::9]], LEXICONS, jobs=1)[facts]
    assert (calm[facts] != loud).to_numpy().sum() == 0


def test_a_file_that_somebody_s_editor_quoted_says_the_same(tmp_path: Path) -> None:
    """Read line by line then, and not at once: both must come to the same."""
    lines = (FOLDER / FILE).read_text(encoding="utf-8").splitlines()[:2000]
    quoted = [*lines[:9], *(f'"{line.replace(",", chr(34) + ",", 1)}' for line in lines[9:])]
    plain, other = tmp_path / "plain.csv", tmp_path / "quoted.csv"
    plain.write_text("\n".join(lines) + "\n", encoding="utf-8")
    other.write_text("\r\n".join(quoted), encoding="utf-8")
    read = [load_learned(file, CATEGORIES) for file in (plain, other)]
    assert read[0] is not None and read[1] is not None
    assert read[0].written() == read[1].written() == plain.read_text(encoding="utf-8")


def broken(tmp_path: Path, line: int, new: str) -> list[str]:
    lines = (FOLDER / FILE).read_text(encoding="utf-8").splitlines()[:40]
    lines[line - 1] = new
    file = tmp_path / FILE
    file.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_learned(file, CATEGORIES)
    return refused.value.mistakes


@pytest.mark.parametrize(
    ("line", "new", "told"),
    [
        (1, "phrase,messages,thanks", ":1: the columns must be phrase, messages, urgency"),
        (2, "(mad of),x", ":2: row (made of) is missing"),
        (3, "(lists),,a", ":3: row (lists) is missing or of another length"),
        (4, "(messages),many", ":4: 'many' is no whole number"),
        (5, "(intercepts)," + ",nan" * len(CATEGORIES), ":5: 'nan' is no number"),
        (9, "zebra,3,1", f":9: 3 cells, {len(CATEGORIES) + 2} expected"),
        (9, "zebra,0" + ",1" * len(CATEGORIES), ":9: 0 does not lie between 1 and"),
        (9, "zebra,2" + ",0.5" * len(CATEGORIES), ":9: '0.5' is no whole number"),
        (9, " ,2" + ",1" * len(CATEGORIES), "is empty or stands there twice"),
    ],
)
def test_a_broken_file_is_told_with_its_line_and_remedy(
    tmp_path: Path, line: int, new: str, told: str
) -> None:
    mistakes = broken(tmp_path, line, new)
    assert len(mistakes) == 1
    assert told in mistakes[0]
    assert "make hearing" in mistakes[0]


def test_mistakes_of_the_weights_and_of_the_lists_are_told_together(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / FILE).write_bytes(b"\xff\xfe\x00")
    (folder / "legal.yaml").write_text("means: x\nphrases: [y\n")
    with pytest.raises(ConfigError) as refused:
        load_lexicons(folder)
    assert len(refused.value.mistakes) == 2
    assert f"{FILE}: cannot be read as CSV" in refused.value.mistakes[1]


def test_what_was_learned_is_read_again_once_it_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "lexicons"
    shutil.copytree(default_folder() / "features" / "lexicons", folder)
    before = load_lexicons(folder).version
    (folder / "learned.csv").unlink()
    assert load_lexicons(folder).version != before
