"""Teach the learned ear: the labelled messages in, features/lexicons/learned.csv out.

    python tests/teach_hearing.py

The same messages and lists give the same file. What is learned is a logistic regression for each
category, on the feature map that the product hears with: runs of stems and pieces of stems, each
by its inverse document frequency, runs and pieces divided by their length.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from risk_model.text.cleaning import own_words
from risk_model.text.learned import FILE, STEP, Learned
from risk_model.text.lexicon import CATEGORIES, Lexicons, load_lexicons
from risk_model.text.notes import as_told
from risk_model.text.terms import pieces, runs, sentences, stems_of
from risk_model.text.words import END, normal, raw_tokens

HERE = Path(__file__).parent
FOLDER = HERE.parent / "features" / "lexicons"
MESSAGES = HERE / "messages.csv"
# Notes of calls, taught as they are heard: as the customer would say it.
NOTES = HERE / "notes.csv"
# Raise it whenever the same messages would teach something else.
WAY = 4
LEAST_RUNS, LEAST_PIECES = 2, 3
STRENGTH = 100.0
# How loud pieces speak beside runs. What is written holds this already.
OF_PIECES = 0.4

Rows = list[dict[str, str]]


def made_of(*files: Path) -> str:
    """16 hexadecimal digits over the messages, the notes and the way of teaching."""
    lines = [line for file in files or (MESSAGES, NOTES) for line in file.read_bytes().splitlines()]
    content = b"\n".join(lines) + f"\n{WAY}".encode()
    return hashlib.blake2b(content, digest_size=8).hexdigest()


# The same words stand in many messages.
remembered_stems = cache(stems_of)
remembered_pieces = cache(pieces)


def said_in(text: str) -> list[list[str]]:
    """The sentences of what a message itself says, each as its stems."""
    raws = raw_tokens(normal(own_words(text)))
    return sentences([stem for raw in raws for stem in remembered_stems(raw)], END)


class Message:
    """The runs of some sentences, and the pieces of each of their words."""

    def __init__(self, said: Sequence[Sequence[str]]) -> None:
        self.runs = {run for sentence in said for run in runs(sentence)}
        words = {word for sentence in said for word in sentence}
        self.pieces = [remembered_pieces(word) for word in words]


def common(counts: Counter[str], least: int) -> dict[str, int]:
    return {phrase: counts[phrase] for phrase in sorted(counts) if counts[phrase] >= least}


def counted(messages: Sequence[Message]) -> tuple[dict[str, int], dict[str, int]]:
    """In how many messages each run and each piece stands, rare ones left out."""
    of_runs = Counter(run for message in messages for run in message.runs)
    of_pieces = Counter(
        piece for message in messages for piece in set().union(*message.pieces or [set()])
    )
    return common(of_runs, LEAST_RUNS), common(of_pieces, LEAST_PIECES)


def matrix(
    bags: Iterable[Iterable[Iterable[str]]], place: dict[str, int], rarity: np.ndarray
) -> sparse.csr_matrix:
    """One row a message of its bags of phrases, divided by the length of all bags together."""
    values, columns, ends = [], [], [0]
    for message in bags:
        found = [place[phrase] for bag in message for phrase in bag if phrase in place]
        length = np.sqrt((rarity[found] ** 2).sum()) or 1.0
        columns += found
        values += (rarity[found] / length).tolist()
        ends.append(len(columns))
    built = sparse.csr_matrix((values, columns, ends), shape=(len(ends) - 1, len(place)))
    built.sum_duplicates()
    return built


def teach(rows: Rows, lexicons: Lexicons, names: Sequence[str] = CATEGORIES) -> Learned:
    """What the rows teach of the named categories; the others weigh nothing."""
    told = [said_in(row["text"]) for row in rows]
    messages = [Message(said) for said in told]
    of_runs, of_pieces = counted(messages)
    # What a message does not say none of its sentences says, and each is heard by itself.
    of_row = [at for at, said in enumerate(told) if len(said) > 1 for _ in said]
    messages += [Message([sentence]) for said in told if len(said) > 1 for sentence in said]
    counts = np.array([*of_runs.values(), *of_pieces.values()])
    rarity = np.log((1 + len(rows)) / (1 + counts)) + 1
    seen = sparse.hstack(
        [
            matrix(
                ([message.runs] for message in messages),
                {phrase: at for at, phrase in enumerate(of_runs)},
                rarity[: len(of_runs)],
            ),
            matrix(
                (message.pieces for message in messages),
                {phrase: at for at, phrase in enumerate(of_pieces)},
                rarity[len(of_runs) :],
            )
            * OF_PIECES,
        ]
    ).tocsr()
    weights = np.zeros((len(counts), len(CATEGORIES)))
    intercepts = np.zeros(len(CATEGORIES))
    for name in names:
        labels = np.array([row[name] for row in rows])
        sure = np.concatenate([labels != "", labels[of_row] == "0"])
        said = np.concatenate([labels == "1", np.zeros(len(of_row), dtype=bool)])
        fitted = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=0, tol=1e-6)
        fitted.fit(seen[sure], said[sure])
        at = CATEGORIES.index(name)
        weights[:, at], intercepts[at] = fitted.coef_[0], fitted.intercept_[0]
    weights[len(of_runs) :] *= OF_PIECES
    return Learned(
        made_of=made_of(),
        lists={name: lexicons.list_version(name) for name in CATEGORIES},
        messages=len(rows),
        intercepts=intercepts.round(2),
        phrases=(*of_runs, *of_pieces),
        counts=counts,
        steps=np.round(weights / STEP).astype(np.int16),
    )


def read(messages: Path) -> Rows:
    with messages.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def lessons() -> Rows:
    """All that teaches: what customers wrote, and what was noted of what they said."""
    notes = [row | {"text": as_told(row["text"])} for row in read(NOTES)]
    return [*read(MESSAGES), *notes]


def main() -> None:
    # What was learned before is not needed, and may be broken.
    (FOLDER / FILE).unlink(missing_ok=True)
    lexicons = load_lexicons(FOLDER)
    learned = teach(lessons(), lexicons)
    (FOLDER / FILE).write_text(learned.written(), encoding="utf-8", newline="")
    print(f"{FOLDER / FILE}: {len(learned.phrases)} phrases from {learned.messages} messages")


if __name__ == "__main__":
    main()
