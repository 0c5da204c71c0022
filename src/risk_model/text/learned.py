"""What the labelled messages taught: a weight for each phrase and category, in a file to be read.

A logistic regression for each category on the phrases of :mod:`risk_model.text.terms`, trained by
``make hearing``. The file is a CSV with one phrase a row: in how many of the messages it stands,
and its weight in each category, in quarters. Its head says what it was made of.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from risk_model.errors import ConfigError

FILE = "learned.csv"
STEP = 0.25
_MADE_OF, _LISTS, _MESSAGES, _INTERCEPTS = "(made of)", "(lists)", "(messages)", "(intercepts)"
_HEAD = (_MADE_OF, _LISTS, _MESSAGES, _INTERCEPTS)
_LARGEST = 1000
_MOST_MISTAKES = 20
_REMEDY = (
    "Run 'make hearing', lay the default one down again, or delete it: the lists then hear alone"
)


_Read = tuple[tuple[str, ...], npt.NDArray[np.int64], npt.NDArray[np.int16]]


class LineError(ValueError):
    """What is wrong with a line."""


@dataclass(frozen=True, eq=False)
class Learned:
    """Weights: (phrases, categories), in steps of STEP; ``lists`` are those it was taught beside.

    ``made_of`` stands for the messages and the way of learning. ``counts`` says in how many of
    the ``messages`` each phrase stands.
    """

    made_of: str
    lists: Mapping[str, str]
    messages: int
    intercepts: npt.NDArray[np.float64]
    phrases: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    steps: npt.NDArray[np.int16]

    @cached_property
    def version(self) -> str:
        """16 hexadecimal digits over the content."""
        # Not over the file as it would be written: making that takes half a second a command.
        head = (self.made_of, dict(self.lists), self.messages, self.intercepts.tolist())
        digest = hashlib.blake2b(repr((head, self.phrases)).encode(), digest_size=8)
        digest.update(self.counts.astype("<i8").tobytes())
        digest.update(self.steps.astype("<i2").tobytes())
        return digest.hexdigest()

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """Return the weights, (phrases, categories)."""
        return np.asarray(self.steps * STEP, dtype=np.float64)

    @property
    def rarity(self) -> npt.NDArray[np.float64]:
        """Return how much each phrase counts: its inverse document frequency, smoothed."""
        return np.asarray(np.log((1 + self.messages) / (1 + self.counts)) + 1, dtype=np.float64)

    def written(self) -> str:
        """Return the content of the file."""
        out = io.StringIO()
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(["phrase", "messages", *self.lists])
        rows.writerow([_MADE_OF, self.made_of])
        rows.writerow([_LISTS, "", *self.lists.values()])
        rows.writerow([_MESSAGES, self.messages])
        rows.writerow([_INTERCEPTS, "", *(f"{value:.2f}" for value in self.intercepts)])
        for phrase, count, weights in zip(
            self.phrases, self.counts.tolist(), self.steps.tolist(), strict=True
        ):
            rows.writerow([phrase, count, *(weight or "" for weight in weights)])
        return out.getvalue()


def load_learned(file: Path, categories: Sequence[str]) -> Learned | None:
    """Load what was learned, None where there is no such file; raise ConfigError, line by line."""
    if not file.exists():
        return None
    columns = ["phrase", "messages", *categories]
    try:
        lines = file.read_bytes().decode("utf-8").rstrip("\n").split("\n")
        rows = [(at, row) for at, row in enumerate(csv.reader(lines[: len(_HEAD) + 1]), 1) if row]
        if not rows or rows[0][1] != columns:
            raise ConfigError(f"{file}:1: the columns must be {', '.join(columns)}. {_REMEDY}")
        mistakes: list[str] = []
        told = _told_by(rows[1:], columns, mistakes)
        body = lines[len(_HEAD) + 1 :]
        read = _at_once(body, columns) or _line_by_line(body, columns, mistakes)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{file}: cannot be read as CSV: {error}. {_REMEDY}") from None
    if mistakes:
        shown = [f"{file}:{mistake}. {_REMEDY}" for mistake in mistakes[:_MOST_MISTAKES]]
        raise ConfigError(shown)
    return Learned(
        made_of=told[_MADE_OF][0],
        lists=dict(zip(categories, told[_LISTS][1:], strict=True)),
        messages=int(told[_MESSAGES][0]),
        intercepts=np.array([float(value) for value in told[_INTERCEPTS][1:]]),
        phrases=read[0],
        counts=read[1],
        steps=read[2],
    )


def _at_once(body: Sequence[str], columns: Sequence[str]) -> _Read | None:
    """Return what a sound table says; None where any of it asks for a closer look.

    Every command begins with this, and row by row it takes six times as long.
    """
    width = len(columns) - 1
    if not body or any(line.count(",") != width or '"' in line for line in body):
        return None
    kinds: dict[str, Any] = dict.fromkeys(columns, "Int16") | {"phrase": str, "messages": "int64"}
    empty: dict[str, Sequence[str]] = {name: [""] for name in columns[2:]}
    content = io.StringIO("\n".join(body))
    try:
        table = pd.read_csv(
            content, names=list(columns), dtype=kinds, keep_default_na=False, na_values=empty
        )
    except (TypeError, ValueError):
        return None
    phrases = table["phrase"]
    steps = table[list(columns[2:])].fillna(0).to_numpy(dtype=np.int16)
    sound = len(table) == len(body) and phrases.str.strip().ne("").all() and phrases.is_unique
    if not sound or table["messages"].lt(1).any() or np.abs(steps).max() > _LARGEST:
        return None
    return tuple(phrases.tolist()), table["messages"].to_numpy(dtype=np.int64), steps


def _line_by_line(body: Sequence[str], columns: Sequence[str], mistakes: list[str]) -> _Read:
    """Return what can be read, with everything that is wrong noted by its line."""
    first = len(_HEAD) + 2
    rows = [(at, row) for at, row in enumerate(csv.reader(body), start=first) if row]
    read = list(_phrases(rows, len(columns), mistakes))
    if not read:
        mistakes += [] if mistakes else [f"{first + len(body)}: no phrases"]
        return (), np.zeros(0, dtype=np.int64), np.zeros((0, len(columns) - 2), dtype=np.int16)
    phrases, counts, steps = zip(*read, strict=True)
    return phrases, np.array(counts, dtype=np.int64), np.array(steps, dtype=np.int16)


def _told_by(
    head: Sequence[tuple[int, list[str]]], columns: Sequence[str], mistakes: list[str]
) -> dict[str, list[str]]:
    """Return the rows of the head by their names, checked."""
    told = {row[0]: row[1:] for _, row in head}
    widths = {_MADE_OF: 1, _MESSAGES: 1}
    for at, name in enumerate(_HEAD, start=2):
        try:
            row = told.get(name, [])
            if len(row) != widths.get(name, len(columns) - 1):
                raise LineError(f"row {name} is missing or of another length")
            if name == _MESSAGES:
                _whole(row[0], 1, 10**9)
            if name == _INTERCEPTS:
                for value in row[1:]:
                    _number(value)
        except LineError as error:
            mistakes.append(f"{at}: {error}")
    return told


def _phrases(
    body: Sequence[tuple[int, list[str]]], width: int, mistakes: list[str]
) -> Iterator[tuple[str, int, list[int]]]:
    """Yield phrase, count and weights of each row; note what is wrong."""
    known: set[str] = set()
    for at, row in body:
        try:
            if len(row) != width:
                raise LineError(f"{len(row)} cells, {width} expected")
            if not row[0].strip() or row[0] in known:
                raise LineError(f"phrase '{row[0]}' is empty or stands there twice")
            known.add(row[0])
            count = _whole(row[1], 1, 10**9)
            yield (
                row[0],
                count,
                [_whole(cell, -_LARGEST, _LARGEST) if cell else 0 for cell in row[2:]],
            )
        except LineError as error:
            mistakes.append(f"{at}: {error}")


def _whole(cell: str, least: int, most: int) -> int:
    try:
        value = int(cell)
    except ValueError:
        raise LineError(f"'{cell}' is no whole number") from None
    if not least <= value <= most:
        raise LineError(f"{value} does not lie between {least} and {most}")
    return value


def _number(cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise LineError(f"'{cell}' is no number") from None
    if not np.isfinite(value):
        raise LineError(f"'{cell}' is no number")
    return value
