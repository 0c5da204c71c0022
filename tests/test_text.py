"""What a text says: measured on labelled messages, unmoved by what the customer did not write."""

from __future__ import annotations

import csv
import logging
import math
import multiprocessing
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.sentiment.vader import SentimentIntensityAnalyzer

from risk_model.errors import ConfigError
from risk_model.text import SIGNALS, Lexicons, batch, hear, hear_all, hear_why, load_lexicons
from risk_model.text.lexicon import CATEGORIES, HEARD, Sentiment
from risk_model.text.sentiment import TunedVader

HERE = Path(__file__).parent
FOLDER = HERE.parent / "features" / "lexicons"
LEXICONS = load_lexicons(FOLDER)
FLAGS = CATEGORIES
FACTS = ("legal", "breach", "data_loss", "outage", "threat", "competitor", "executive", "billing")


def labelled(file: str) -> list[dict[str, str]]:
    """Rows: the text, and per category 1, 0 or empty where people may disagree."""
    with (HERE / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


TUNED = labelled("messages.csv")
HELD_OUT = labelled("messages_held_out.csv")
OWN = labelled("messages_own_held_out.csv")
TEXTS = [row["text"] for row in TUNED]


def counts_of(rows: list[dict[str, str]]) -> pd.DataFrame:
    """Right, false and missed flags by category."""
    heard = hear_all([row["text"] for row in rows], LEXICONS, jobs=1)
    table = pd.DataFrame(0, index=list(FLAGS), columns=["right", "false", "missed"])
    for name in FLAGS:
        for row, up in zip(rows, heard[name] == 1, strict=True):
            if row[name] and (up or row[name] == "1"):
                kind = "right" if up and row[name] == "1" else "false" if up else "missed"
                table.loc[name, kind] += 1
    return table


def shares_of(counts: pd.DataFrame | pd.Series) -> tuple[pd.Series | float, pd.Series | float]:
    precision = counts["right"] / (counts["right"] + counts["false"])
    return precision, counts["right"] / (counts["right"] + counts["missed"])


def short_of(
    precision: pd.Series, recall: pd.Series, reached: dict[str, tuple[float, float]]
) -> dict[str, tuple[float, float]]:
    """Return the categories that fall behind what was reached, with what they have now."""
    return {
        name: (round(precision[name], 2), round(recall[name], 2))
        for name, (least_precision, least_recall) in reached.items()
        if precision[name] < least_precision or recall[name] < least_recall
    }


@pytest.mark.slow
def test_every_category_is_heard_in_the_messages_it_was_made_with() -> None:
    counts = counts_of(TUNED)
    precision, recall = shares_of(counts)
    print(counts.assign(precision=precision, recall=recall).round(2))
    assert (counts["right"] + counts["missed"]).min() >= 10
    assert precision.min() > 0.9
    assert recall.min() > 0.9


# Just below what the sets reached: precision, recall.
REACHED = {
    "urgency": (0.91, 0.74),
    "threat": (0.89, 0.74),
    "competitor": (0.79, 0.55),
    "legal": (0.96, 0.92),
    "breach": (0.91, 0.69),
    "data_loss": (0.87, 0.73),
    "public": (0.94, 0.79),
    "hesitancy": (0.84, 0.90),
    "complaint": (0.83, 0.81),
    "frustration": (0.85, 0.60),
    "no_progress": (0.85, 0.65),
    "expectation_gap": (0.92, 0.64),
    "billing": (0.77, 0.78),
    "passed_around": (0.79, 0.73),
    "executive": (0.86, 0.81),
    "asks_for_higher": (0.93, 0.84),
    "outage": (0.88, 0.70),
    "question": (0.94, 0.98),
    "thanks": (0.93, 0.55),
}


@pytest.mark.slow
def test_messages_in_other_words_are_heard_well_enough_to_be_of_use() -> None:
    """The aim, 0.9 and 0.85 in each category, is reached by legal and question.

    The precision also by urgency, breach, public, expectation gap, asks for higher and thanks, the
    recall by hesitancy. Each is said by 68 messages or more, of two authors.
    """
    counts = counts_of(HELD_OUT)
    precision, recall = shares_of(counts)
    print(counts.assign(precision=precision, recall=recall).round(2))
    assert (counts["right"] + counts["missed"]).min() >= 65
    assert tuple(REACHED) == FLAGS
    assert short_of(precision, recall, REACHED) == {}
    assert recall["question"] > 0.85
    over_all = shares_of(counts.sum())
    assert over_all[0] > 0.88
    assert over_all[1] > 0.76


# The aim in our own plain speech, and what was reached where that is less: precision, recall.
AIM = (0.9, 0.85)
OWN_REACHED = {
    "urgency": (0.87, 0.77),
    "threat": (0.86, 0.95),
    "complaint": (0.92, 0.76),
    "frustration": (0.87, 0.87),
    "billing": (0.85, 1.0),
    "outage": (0.88, 0.88),
}


@pytest.mark.slow
def test_our_own_messages_written_last_are_heard_as_was_aimed_at_in_13_of_19_categories() -> None:
    """Each is said by 15 messages or more; a message heard wrongly moves a figure by 0.06."""
    counts = counts_of(OWN)
    precision, recall = shares_of(counts)
    print(counts.assign(precision=precision, recall=recall).round(2))
    assert (counts["right"] + counts["missed"]).min() >= 15
    assert short_of(precision, recall, dict.fromkeys(FLAGS, AIM) | OWN_REACHED) == {}
    over_all = shares_of(counts.sum())
    assert over_all[0] > 0.93
    assert over_all[1] > 0.93


def traps_among(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the messages that hold an alarm's word and are labelled not to say it."""
    words = yaml.safe_load((HERE / "alarm_words.yaml").read_text(encoding="utf-8"))
    alarms = {name: re.compile(pattern) for name, pattern in words.items()}
    return [
        row
        for row in rows
        if any(row[name] == "0" and alarms[name].search(row["text"].lower()) for name in alarms)
    ]


@pytest.mark.slow
def test_the_sets_share_no_message_and_a_third_of_each_are_traps() -> None:
    assert not set(TEXTS) & {row["text"] for row in (*HELD_OUT, *OWN)}
    for rows in (TUNED, HELD_OUT, OWN):
        silent = sum("1" not in [row[name] for name in FLAGS] for row in rows)
        assert silent >= 65
        assert len(traps_among(rows)) >= len(rows) / 3


@pytest.mark.parametrize(
    ("threat", "harmless"),
    [
        (
            "We will cancel our subscription because the upload crashes.",
            "Cancel the upload please.",
        ),
        ("We are cancelling the agreement, your webinar was a joke.", "We cancel the webinar."),
        ("We cancel if the transfer is not repaired.", "We cancel the transfer."),
        ("We will cancel unless somebody takes my calls.", "We have to cancel today's call."),
        ("I will terminate our contract after that training.", "I cancel the training of June."),
        ("We're cancelling: the downloads never finish.", "We're cancelling the download."),
        ("We will leave, says my boss.", "My boss leaves on Friday."),
        ("We cancel our account over these imports.", "Cancel the account manager's visit."),
    ],
)
def test_what_makes_them_leave_does_not_hide_that_they_leave(threat: str, harmless: str) -> None:
    assert hear(threat, LEXICONS)["threat"] == 1
    assert hear(harmless, LEXICONS)["threat"] == 0


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Thanks for the invoice. It was paid today.", "billing"),
        ("Your competitor Acme called us. We told them we are happy with you.", "competitor"),
        ("Please escalate the ticket to your engineering team.", "asks_for_higher"),
    ],
)
def test_plain_mail_raises_no_alarm(text: str, category: str) -> None:
    assert hear(text, LEXICONS)[category] == 0


def test_a_call_for_the_head_of_those_who_mend_it_is_heard() -> None:
    for text in (
        "Escalate this to the engineering director.",
        "Please escalate it to your manager.",
    ):
        assert hear(text, LEXICONS)["asks_for_higher"] == 1


@pytest.mark.practice("text-harmless")
@pytest.mark.parametrize(
    "text",
    [
        "Please cancel my meeting with Ann.",
        "We have no intention to cancel or leave.",
        "The cancelled order is still listed.",
        "We switched from Initech to you.",
        "Our legal department has moved.",
        "Please correct our legal name.",
        "The exit survey is ready.",
    ],
)
def test_harmless_words_are_no_threat(text: str) -> None:
    heard = hear(text, LEXICONS)
    assert [name for name in ("threat", "competitor", "legal", "breach") if heard[name]] == []


LOUD = (
    "We will cancel our contract. Our lawyers will sue you. There was a data breach. "
    "The system is down. This is unacceptable, thank you for nothing! Urgent!"
)
QUOTES = st.sampled_from(
    [
        f"> {LOUD}\n> {LOUD}",
        f"On Mon, 3 May 2027 at 10:12, Ann Lee <ann@initech.test> wrote:\n> {LOUD}",
        f"On 3 May 2027, at 10:12,\nAnn Lee <ann@initech.test> wrote:\n\n> {LOUD}\n>\n> {LOUD}",
        f"-----Original Message-----\nFrom: Ann\nSent: Monday\nTo: Bob\n\n{LOUD}",
        f"________________________________\nFrom: Ann Lee\nSent: Monday, May 3\nTo: Bob\n\n{LOUD}",
        f"---------- Forwarded message ----------\nFrom: Ann\n\n{LOUD}",
        f"Begin forwarded message:\n\n{LOUD}",
        f"Am 03.05.2027 um 10:12 schrieb Ann Lee:\n> {LOUD}",
    ]
)
SIGNATURES = st.sampled_from(
    [
        "-- \nAnn Lee\nLegal Counsel\nCancel anything, anywhere",
        "Best regards,\nAnn Lee\nChief Executive Officer | Breach & Sons",
        "Kind regards\n\nDr. Ann Lee\nHead of Legal\n+49 30 1234",
        "Thanks,\nAnn",
        "Cheers\nAnn",
        "Sent from my iPhone",
        "Get Outlook for iOS",
        "Regards,\nAnn\n\nThis e-mail and any attachments are confidential and intended solely for "
        "the addressee. Legal action may follow a breach.",
        "If you are not the intended recipient, please delete this urgent message immediately.",
        "CONFIDENTIALITY NOTICE: This message may contain legally privileged information.",
    ]
)


@pytest.mark.practice("text-quoted", "text-signature")
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TEXTS), QUOTES | SIGNATURES)
def test_what_the_customer_did_not_write_now_changes_nothing(text: str, block: str) -> None:
    assert hear(f"{text}\n\n{block}", LEXICONS) == hear(text, LEXICONS)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(TEXTS), SIGNATURES, QUOTES)
def test_a_signature_above_a_quote_changes_nothing(text: str, below: str, quote: str) -> None:
    assert hear(f"{text}\n\n{below}\n\n{quote}", LEXICONS) == hear(text, LEXICONS)


def test_words_around_a_quote_or_after_a_closing_are_heard() -> None:
    answered_below = f"On Monday, 3 May 2027 Ann wrote:\n> {LOUD}\n\nWe will cancel our contract."
    assert hear(answered_below, LEXICONS)["threat"] == 1
    assert hear(answered_below, LEXICONS)["legal"] == 0
    postscript = "See you.\n\nBest regards,\nAnn\n\nPS: We have decided to cancel our contract."
    assert hear(postscript, LEXICONS)["threat"] == 1
    thanks_first = "Thanks,\nbut the export that you fixed is down again and we cannot work at all."
    assert hear(thanks_first, LEXICONS)["outage"] == 1


def test_an_automatic_reply_says_nothing() -> None:
    away = "Automatic reply: I am out of the office until Monday. If it is urgent call my manager."
    assert hear(away, LEXICONS) == dict.fromkeys(SIGNALS, 0.0) | {"understood": math.nan}


def test_html_is_read_as_its_text() -> None:
    written = (
        "<p>We will&nbsp;cancel our <b>contract</b>.</p><blockquote>The site is down</blockquote>"
    )
    heard = hear(written, LEXICONS)
    assert (heard["threat"], heard["outage"]) == (1, 0)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TEXTS), st.sampled_from(["!", "!!!"]))
def test_shouting_changes_the_sentiment_only(text: str, mark: str) -> None:
    calm = hear(text, LEXICONS)
    for loud in (text.upper(), text + mark, re.sub(r"\.(?=\s|$)", mark, text)):
        heard = hear(loud, LEXICONS)
        assert {name: heard[name] for name in FLAGS} == {name: calm[name] for name in FLAGS}


def test_the_calm_breach_stands_beside_the_angry_call() -> None:
    calm = hear("We noticed that our customer data was leaked last night.", LEXICONS)
    angry = hear("This new button is HORRIBLE and I hate it!!!", LEXICONS)
    assert calm["breach"] == 1 and angry["breach"] == 0
    assert angry["sentiment"] < calm["sentiment"]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400) | st.sampled_from(TEXTS).map(lambda text: text + " İŞ ’tis"))
def test_any_text_gives_all_signals_within_their_range(text: str) -> None:
    heard = hear(text, LEXICONS)
    assert tuple(heard) == SIGNALS
    # Only of what is not understood anything is unknown.
    lost = heard["understood"] == 0
    assert math.isnan(heard["sentiment"]) if lost else -1 <= heard["sentiment"] <= 1
    assert all(heard[name] in (0, 1) or (lost and math.isnan(heard[name])) for name in FLAGS)
    assert heard["words"] >= 0


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TEXTS))
def test_each_flag_is_explained_by_words_of_the_text(text: str) -> None:
    why = hear_why(text, LEXICONS)
    assert set(why) == {name for name in HEARD if hear(text, LEXICONS)[name] == 1}
    flat = " ".join(text.lower().split())
    assert all(phrase in flat for phrases in why.values() for phrase in phrases)


def test_missing_is_unknown_and_empty_says_nothing() -> None:
    heard = hear_all(pd.Series([None, math.nan, "", "  "], index=list("abcd")), LEXICONS)
    assert heard.index.tolist() == list("abcd")
    assert heard.loc[["a", "b"]].isna().all(axis=None)
    empty = heard.loc[["c", "d"]]
    assert (empty.drop(columns="understood") == 0).all(axis=None)
    assert empty["understood"].isna().all()


VADERISH = """great terrible not very but least kind of never so good, (bad) GREAT 'fine' :) x
    hate!!! love? sucks... "ugly" don't isn't at ?! bomb, the shit good. issue d: 8-) x,"""


def words_and_marks() -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(VADERISH.split()), max_size=25).map(" ".join)


@pytest.mark.slow
def test_without_corrections_the_sentiment_is_exactly_that_of_nltk() -> None:
    tuned = TunedVader(Sentiment())
    plain = SentimentIntensityAnalyzer(lexicon_file="vader_lexicon.txt")

    @settings(max_examples=300, deadline=None)
    @given(words_and_marks() | st.sampled_from(TEXTS))
    def same(text: str) -> None:
        assert tuned.compound(text) == plain.polarity_scores(text)["compound"]

    same()


def test_words_of_the_trade_carry_no_mood() -> None:
    for text in (
        "I have a critical issue with the alert.",
        "Please share the error, support ticket 5.",
    ):
        assert abs(hear(text, LEXICONS)["sentiment"]) < 0.1


# --- many texts, and the cache --------------------------------------------------------------


def alone(texts: list[str]) -> pd.DataFrame:
    rows = [hear(text, LEXICONS) for text in texts]
    return pd.DataFrame(rows, columns=list(SIGNALS), dtype=np.float64)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(TEXTS[:40]), max_size=30))
def test_order_and_duplicates_do_not_matter(texts: list[str]) -> None:
    pd.testing.assert_frame_equal(hear_all(texts, LEXICONS, jobs=1), alone(texts))


@pytest.mark.slow
def test_parallel_equals_serial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "PARALLEL_FROM", 10)
    monkeypatch.setattr(batch, "_CHUNK", 40)
    told: list[tuple[int, int]] = []
    texts = TEXTS[:100]
    heard = hear_all(texts, LEXICONS, jobs=2, progress=lambda *done: told.append(done))
    pd.testing.assert_frame_equal(heard, alone(texts))
    assert told == [(40, 100), (80, 100), (100, 100)]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were really read."""
    texts: list[str] = []
    chunk = batch._hear_chunk

    def noted(part: list[str], lexicons: Lexicons) -> np.ndarray:
        texts.extend(part)
        return chunk(part, lexicons)

    monkeypatch.setattr(batch, "_hear_chunk", noted)
    return texts


def test_a_second_run_reads_only_what_is_new(tmp_path: Path, read: list[str]) -> None:
    cache = tmp_path / "deep" / "heard.sqlite"
    first = hear_all(TEXTS[:50] * 2, LEXICONS, cache=cache)
    assert read == TEXTS[:50]
    read.clear()
    pd.testing.assert_frame_equal(hear_all(TEXTS[:50] * 2, LEXICONS, cache=cache), first)
    assert read == []
    hear_all(TEXTS[:53], LEXICONS, cache=cache)
    assert read == TEXTS[50:53]


def edited(folder: Path, file: str, old: str, new: str) -> Path:
    """A copy of the lexicons with one edit."""
    shutil.copytree(FOLDER, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_a_changed_lexicon_is_a_new_version_and_is_heard_anew(
    tmp_path: Path, read: list[str]
) -> None:
    folder = edited(tmp_path / "words", "thanks.yaml", "phrases:\n", "phrases:\n  - zonk\n")
    other = load_lexicons(folder)
    assert other.version != LEXICONS.version == load_lexicons(FOLDER).version
    cache = tmp_path / "heard.sqlite"
    assert hear_all(["What a zonk"], LEXICONS, cache=cache)["thanks"].tolist() == [0]
    for _ in range(2):
        assert hear_all(["What a zonk"], other, cache=cache)["thanks"].tolist() == [1]
        assert hear_all(["What a zonk"], LEXICONS, cache=cache)["thanks"].tolist() == [0]
    assert len(read) == 2


@pytest.mark.slow
def test_a_comment_in_a_lexicon_is_no_new_version(tmp_path: Path) -> None:
    folder = edited(tmp_path / "words", "legal.yaml", "phrases:\n", "# Ours.\r\nphrases:\n")
    assert load_lexicons(folder).version == LEXICONS.version


def test_the_cache_holds_no_text(tmp_path: Path) -> None:
    text = "Xylophone quarrel: we will cancel our contract"
    hear_all([text], LEXICONS, cache=tmp_path / "heard.sqlite")
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert stored
    for word in text.replace(":", "").split():
        for coded in (word.encode(), word.encode("utf-16-le")):
            assert len(word) < 4 or coded not in stored


@pytest.mark.parametrize("content", [b"not a database" * 500, b"SQLite format 3\0" + b"\7" * 5000])
def test_a_broken_cache_is_set_aside_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, read: list[str], content: bytes
) -> None:
    cache = tmp_path / "heard.sqlite"
    cache.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        heard = hear_all(TEXTS[:5], LEXICONS, cache=cache)
    pd.testing.assert_frame_equal(heard, alone(TEXTS[:5]))
    assert "begun anew" in caplog.text
    assert (tmp_path / "heard.sqlite.broken").read_bytes() == content
    read.clear()
    hear_all(TEXTS[:5], LEXICONS, cache=cache)
    assert read == []


def test_a_cache_that_cannot_be_used_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    for cache in (tmp_path, tmp_path / "file" / "heard.sqlite"):
        with caplog.at_level(logging.WARNING):
            heard = hear_all(TEXTS[:5], LEXICONS, cache=cache)
        pd.testing.assert_frame_equal(heard, alone(TEXTS[:5]))
        assert "went without" in caplog.text
        caplog.clear()


DOWN = [f"Message {n}: the site is down and we will cancel our contract." for n in range(120)]


def run_often(cache: Path) -> None:
    batch._CHUNK = 5
    for _ in range(5):
        heard = hear_all(DOWN, LEXICONS, cache=cache, jobs=1)
        pd.testing.assert_frame_equal(heard, alone(DOWN))


@pytest.mark.slow
def test_two_runs_at_once_share_one_cache(
    tmp_path: Path, read: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    cache = tmp_path / "heard.sqlite"
    other = multiprocessing.get_context("fork").Process(target=run_often, args=(cache,))
    other.start()
    run_often(cache)
    other.join(timeout=60)
    assert other.exitcode == 0
    assert caplog.text == ""
    read.clear()
    hear_all(DOWN, LEXICONS, cache=cache)
    assert read == []


# --- the lexicons and their language ---------------------------------------------------------


def with_phrases(*phrases: str, **more: tuple[str, ...]) -> Lexicons:
    """The lexicons with only these phrases for thanks, and next to none for the others.

    Preparing all their phrases takes a hundred times as long.
    """
    bare = {"phrases": ("zyxq",), "but_not": (), "not_beside": ()}
    categories = {
        name: category.model_copy(update=bare) for name, category in LEXICONS.categories.items()
    }
    thanks = LEXICONS.categories["thanks"].model_copy(update={**bare, "phrases": phrases, **more})
    return LEXICONS.model_copy(
        update={"categories": {**categories, "thanks": thanks}, "learned": None}
    )


@pytest.mark.parametrize(
    ("phrase", "heard", "not_heard"),
    [
        ("blue whale", "The BLUE whales, and two", "blue and whale"),
        ("blue/green whale", "a green whale", "a red whale"),
        ("(blue/dark green) whale", "dark green whales", "dark whale"),
        ("blue [big] whale", "blue whale; blue big whale", "blue huge whale"),
        ("blue ... whale", "blue and very big whale", "blue. A whale"),
        ("blue ... whale", "blue is the whale", "blue is not a whale"),
        ("blue ... whale", "blue one two three four whale", "blue one two three four five whale"),
        ("blue .. whale", "blue one two three four whale", "blue, a whale"),
        ("blue .. whale", "the blue, very old; a blue very old whale", "blue because the whale"),
        ("blue .. whale", "blue little whale", "blue contract whale"),
        ("blue .. whale", "blue is the whale", "blue is not a whale"),
        ("blue + whale", "whale, it seems in the very far distance, of blue", "blue. A whale"),
        ("=jumped", "it jumped", "it jumps"),
        ("jump", "it jumped", "it is jumpy"),
        ("will not jump", "it won't jump", "it will jump"),
        ("<number> whales", "12 whales", "many whales"),
        ("whale from <name>", "a whale from Zyxland", "a whale from our office"),
        ("whale ?", "a whale?", "a whale!"),
    ],
)
def test_a_phrase_means_what_its_marks_say(phrase: str, heard: str, not_heard: str) -> None:
    lexicons = with_phrases(phrase)
    assert hear(heard, lexicons)["thanks"] == 1
    assert hear(not_heard, lexicons)["thanks"] == 0


def test_exceptions_cover_or_void_a_sentence_and_negations_reach_so_far() -> None:
    lexicons = with_phrases("whale", but_not=("whale watching",), not_beside=("museum",))
    told = {
        "A whale!": 1,
        "Whale watching is fun.": 0,
        "Whale watching, and a whale.": 1,
        "In the museum there is a whale.": 0,
        "We left the museum. A whale came by.": 1,
        "There is no whale.": 0,
        "It is not true, a whale came.": 1,
        "No fish but a whale.": 1,
        "We have no choice but to call the whale.": 1,
        "Not one of the many people who came was a whale.": 1,
    }
    assert {text: hear(text, lexicons)["thanks"] for text in told} == told


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    folder = edited(tmp_path / "words", "legal.yaml", "phrases:\n", "phrases:\n  - no\n  - 12\n")
    (folder / "leagl.yaml").write_text("means: x\nphrases: [y]\n")
    (folder / "public.yaml").write_text("means: x\nphrases: [y\n")
    (folder / "outage.yaml").write_text("means: x\nphrases: [y]\nfactial: true\n")
    (folder / "breach.yaml").unlink()
    with pytest.raises(ConfigError) as refused:
        load_lexicons(folder)
    told = "\n".join(refused.value.mistakes)
    for part in (
        "legal.yaml: phrases, entry 1: ",
        "put it in quotes",
        "legal.yaml: phrases, entry 2: ",
        "unknown category 'leagl'; did you mean 'legal'?",
        "public.yaml:3: no valid YAML",
        "outage.yaml: factial: ",
        "breach.yaml: missing",
    ):
        assert part in told


@pytest.mark.slow
def test_unreadable_phrases_are_told_with_entry_and_remedy(tmp_path: Path) -> None:
    bad = "phrases:\n  - cancel*\n  - very [much]\n  - a <wee> b\n  - ... end\n  - a//b\n"
    folder = edited(tmp_path / "words", "legal.yaml", "phrases:\n", bad)
    with pytest.raises(ConfigError) as refused:
        load_lexicons(folder)
    told = refused.value.mistakes
    assert len(told) == 5
    remedies = ["without a *", "leave it out", "no group <wee>", "stands between", "a '/' too"]
    for at, (mistake, remedy) in enumerate(zip(told, remedies, strict=True), start=1):
        assert f"legal.yaml: phrases, entry {at}: " in mistake
        assert remedy in mistake


def test_no_folder_is_told_kindly(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such folder"):
        load_lexicons(tmp_path / "nowhere")
