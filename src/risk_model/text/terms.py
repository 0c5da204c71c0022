"""What the learned ear goes by: the stems of a message, runs of up to three, and pieces of stems.

A run is written ``cancel our contract`` and stays within a sentence. A piece is three or four
letters of a stem, so that ``disappoint`` and ``unappoint`` have something in common: ``*poi*``
somewhere in it, ``dis*`` at its beginning, ``*int`` at its end. Every number is ``0``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from risk_model.text.words import END, PAUSE, normal, raw_tokens, stem, written_out

LONGEST_RUN = 3
PIECE_LETTERS = (3, 4)
# A stem, or its number.
Word = TypeVar("Word", str, int)


def stems_of(raw: str) -> list[str]:
    """Return the stems of one token as written, pauses left out; the end of a sentence stays."""
    return [term(word) for word in written_out(raw) if word != PAUSE]


def stems(text: str) -> list[str]:
    """Return the stems of a text with its sentences' ends."""
    return [found for raw in raw_tokens(normal(text)) for found in stems_of(raw)]


def sentences(words: Iterable[Word], end: Word) -> list[list[Word]]:
    """Return the sentences of a text without their ends."""
    found: list[list[Word]] = [[]]
    for word in words:
        if word != end:
            found[-1].append(word)
        elif found[-1]:
            found.append([])
    return found if found[-1] else found[:-1]


def runs(sentence: Sequence[str]) -> Iterator[str]:
    """Yield every run of one to LONGEST_RUN stems of a sentence."""
    for length in range(1, LONGEST_RUN + 1):
        for at in range(len(sentence) - length + 1):
            yield " ".join(sentence[at : at + length])


def pieces(word: str) -> set[str]:
    """Return the pieces of a stem; a number or a question mark has none."""
    if not word[0].isalpha():
        return set()
    whole = f"<{word}>"
    cut = {
        whole[at : at + length]
        for length in PIECE_LETTERS
        for at in range(len(whole) - length + 1)
        if length < len(whole)
    }
    return {_marked(piece) for piece in cut}


def _marked(piece: str) -> str:
    before = "" if piece[0] == "<" else "*"
    after = "" if piece[-1] == ">" else "*"
    return f"{before}{piece.strip('<>')}{after}"


def term(word: str) -> str:
    """Return the stem of a word as it stands in a phrase; the end of a sentence is its own."""
    if word == END:
        return END
    return "0" if word.isdigit() else stem(word)
