"""What our own people noted of a call is heard as the customer would say it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from risk_model.settings import load_settings
from risk_model.text import hear_all
from risk_model.text.lexicon import CATEGORIES
from risk_model.text.notes import as_told

HERE = Path(__file__).parent
LEXICONS = load_settings(HERE.parent).lexicons
HELD_OUT = list(csv.DictReader((HERE / "notes_held_out.csv").open(encoding="utf-8", newline="")))


def flags_of(texts: list[str], notes: bool = True) -> list[set[str]]:
    mask = np.full(len(texts), notes)
    heard = hear_all(texts, LEXICONS, jobs=1, notes=mask)
    return [{name for name in CATEGORIES if row[name] == 1} for _, row in heard.iterrows()]


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("They want to talk to our VP.", "we want to talk to your VP."),
        ("Customer threatened to cancel.", "we threatened to cancel."),
        ("Call on Monday. The client's contract ends.", "Call on Monday. our contract ends."),
        (
            "She’s unsure whether it is worth it to her team.",
            "we are unsure whether it is worth it to our team.",
        ),
        # Not every customer is the one who was on the phone.
        ("Two of their customers complain to them.", "Two of our customers complain to us."),
        ("We sent them our new prices.", "you sent us your new prices."),
        ("Theirs is a hero among weavers.", "ours is a hero among weavers."),
    ],
)
def test_they_are_we_and_we_are_you(note: str, told: str) -> None:
    assert as_told(note) == told


@pytest.mark.parametrize(
    ("note", "flag"),
    [
        ("Customer threatened to cancel if the sync issue is not fixed this week.", "threat"),
        ("She wants to speak to our VP about it.", "asks_for_higher"),
        ("They said the budget was cut and they may not renew with us.", "threat"),
    ],
)
def test_a_note_says_of_them_what_they_would_say_of_themselves(note: str, flag: str) -> None:
    (heard,) = flags_of([note])
    assert flag in heard
    # In a mail "their customer" is somebody else.
    (as_mail,) = flags_of([note], notes=False)
    assert heard >= as_mail


def test_a_note_that_quotes_them_is_heard_as_it_stands() -> None:
    """Some write down what was said, word by word."""
    quoted = "Notes of the call, in their words - We are going to cancel our contract."
    assert "threat" in flags_of([quoted])[0]


def test_what_is_no_note_and_what_is_missing_stay_as_they_are() -> None:
    texts = pd.Series(["They want to talk to our VP.", None, "We will cancel."], index=list("abc"))
    plain = hear_all(texts, LEXICONS, jobs=1)
    none = hear_all(texts, LEXICONS, jobs=1, notes=np.zeros(3, dtype=bool))
    pd.testing.assert_frame_equal(none, plain)
    one = hear_all(texts, LEXICONS, jobs=1, notes=np.array([True, True, False]))
    pd.testing.assert_frame_equal(one.loc[["b", "c"]], plain.loc[["b", "c"]])
    assert one.loc["a", "asks_for_higher"] == 1


@pytest.mark.slow
def test_notes_of_a_stranger_are_heard_well_enough_to_be_of_use() -> None:
    """Over all categories; questions, which a call mostly answers, are left out."""
    told = flags_of([row["text"] for row in HELD_OUT])
    counts = pd.DataFrame(0, index=list(CATEGORIES), columns=["right", "false", "missed"])
    for row, heard in zip(HELD_OUT, told, strict=True):
        for name in CATEGORIES:
            kind = {("1", True): "right", ("0", True): "false", ("1", False): "missed"}
            if found := kind.get((row[name], name in heard)):
                counts.loc[name, found] += 1
    print(counts)
    asked = counts.drop(index="question").sum()
    precision = asked["right"] / (asked["right"] + asked["false"])
    recall = asked["right"] / (asked["right"] + asked["missed"])
    print(f"notes: precision {precision:.3f}, recall {recall:.3f}")
    assert precision > 0.83
    assert recall > 0.81
