"""The little language of the lexicons: a phrase as a CS manager writes it, read into its parts.

====================  =============================================================
``cancel``            the word in all its forms (cancels, cancelled, cancelling)
``=promised``         this form only
``our/the``           one of these words
``(log in/sign on)``  one of these, where one of them is several words
``[really]``          may be there or not; ``[the/our]`` too
``<product>``         one of a group of ``groups.yaml``
``...``               up to four other words, none of them a negation
``..``                the same within what is said of one thing: no comma in between, and none of
                      the words of ``new_thing`` in ``context.yaml`` (if, because, contract)
``invoice + wrong``   both in one sentence, whichever comes first, with no negation in between;
                      three at most
``<number>``          any number
``<name>``            a word of which no phrase knows: often the name of somebody or something
``?``                 a question mark
``^``                 first of all: the beginning of a sentence
====================  =============================================================

A comma in the message never stands in the way; the end of a sentence always does. An entry of a
group may name other groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, product

from risk_model.text.words import END, PAUSE, normal, raw_tokens, written_out

MOST_SIDES = 3
_GAP = "..."
_CLOSE_GAP = ".."
_BOTH = "+"
_PIECE = re.compile(r"\[[^\]]*\]|\([^)]*\)|\S+")
NUMBER = "<number>"
NAME = "<name>"
START = "^"

Run = tuple[str, ...]


class PhraseError(ValueError):
    """A phrase that cannot be read; the text says why and what to write instead."""


@dataclass(frozen=True, eq=False)
class Part:
    """One place in a phrase: its options, each a run of words; a gap has none.

    A close gap stays with what is said of one thing.
    """

    options: tuple[Run, ...]
    optional: bool = False
    close: bool = False


Parts = tuple[Part, ...]
FIRST = Part(((START,),))


class Groups:
    """Words that many phrases share, by the name of the group; read when they are asked for."""

    def __init__(self, written: Mapping[str, Sequence[str]]) -> None:
        self.written = written
        self._runs: dict[str, tuple[Run, ...]] = {}
        self._parts: dict[str, Part] = {}
        self._being_read: list[str] = []

    def part(self, piece: str) -> Part:
        """Return the part that a piece of a phrase is; the same piece is the same object."""
        if piece not in self._parts:
            self._parts[piece] = _read_piece(piece, self)
        return self._parts[piece]

    def runs(self, name: str) -> tuple[Run, ...]:
        """Return every run of words that a group stands for; raise PhraseError."""
        if name not in self.written:
            raise PhraseError(
                f"no group <{name}> in groups.yaml; there are: {', '.join(sorted(self.written))}"
            )
        if name in self._being_read:
            raise PhraseError(f"group <{name}> holds itself: {' > '.join(self._being_read)}")
        if name not in self._runs:
            self._being_read.append(name)
            try:
                read = [run for entry in self.written[name] for run in self.entry(entry)]
            finally:
                self._being_read.pop()
            self._runs[name] = tuple(dict.fromkeys(read))
        return self._runs[name]

    def entry(self, entry: str) -> tuple[Run, ...]:
        """Return every run of words that one entry of a group stands for; raise PhraseError."""
        parts = [_read_piece(piece, self) for piece in _PIECE.findall(entry)]
        if any(not part.options for part in parts):
            raise PhraseError("a group holds no '...'")
        choices = [(*part.options, ()) if part.optional else part.options for part in parts]
        runs = dict.fromkeys(tuple(chain.from_iterable(chosen)) for chosen in product(*choices))
        if not runs or () in runs:
            raise PhraseError("at least one word must not be optional")
        return tuple(runs)


def read_phrase(phrase: str, groups: Groups) -> tuple[Parts, ...]:
    """Return the sides of a written phrase (one, or those around each ``+``); raise PhraseError."""
    sides = f" {phrase} ".split(f" {_BOTH} ")
    if len(sides) > MOST_SIDES:
        raise PhraseError(f"{MOST_SIDES - 1} + at most")
    return tuple(_read_side(side, groups) for side in sides)


def _read_side(side: str, groups: Groups) -> Parts:
    pieces = _PIECE.findall(side)
    begins = pieces[:1] == [START]
    parts = tuple(groups.part(piece) for piece in pieces[begins:])
    if not parts:
        raise PhraseError("there is no word in it")
    if any(part.optional for part in (parts[0], parts[-1])):
        raise PhraseError(
            "[...] at the beginning or the end changes nothing: leave it out, "
            "or write (...) if one of the words has to be there"
        )
    if not (parts[0].options and parts[-1].options):
        raise PhraseError("'...' stands between words, not at the beginning or the end")
    return (FIRST, *parts) if begins else parts


def _read_piece(piece: str, groups: Groups) -> Part:
    if piece in (_GAP, "…", _CLOSE_GAP):
        return Part((), close=piece == _CLOSE_GAP)
    optional, bracketed = piece[0] == "[", piece[0] in "[("
    inner = piece[1:-1] if bracketed else piece
    if any(mark in inner for mark in "()[]{}*|^"):
        raise PhraseError(
            f"cannot read '{piece}': write [word] for one that may be missing, a/b for either, "
            "and ... for words in between; a word stands for all its forms, without a *"
        )
    options = tuple(
        option for choice in inner.split("/") for option in _read_choice(choice.strip(), groups)
    )
    return Part(options, optional)


def _read_choice(choice: str, groups: Groups) -> Iterator[Run]:
    """Yield the runs of words that one choice stands for, its groups written out."""
    runs = [_read_word(word, groups) for word in choice.split()]
    if not runs:
        raise PhraseError("a choice is empty: a '/' too many")
    for chosen in product(*runs):
        yield tuple(chain.from_iterable(chosen))


def _read_word(word: str, groups: Groups) -> Sequence[Run]:
    if word in (NUMBER, NAME):
        return [(word,)]
    if not word.startswith("<"):
        return [_as_words(word)]
    return groups.runs(word.strip("<>"))


@cache
def _as_words(text: str) -> Run:
    """Return the words of one choice, ``=`` kept before the first as the mark of an exact form."""
    exact = text.startswith("=")
    words = [
        word
        for token in raw_tokens(normal(text.removeprefix("=")))
        for word in written_out(token)
        if word not in (END, PAUSE)
    ]
    if not words:
        raise PhraseError(f"no word in '{text}'")
    if exact:
        words[0] = f"={words[0]}"
    return tuple(words)


def words_of(sides: Sequence[Parts]) -> Iterator[str]:
    """Yield the words of a phrase, those of which one form only is wanted with their ``=``."""
    for parts in sides:
        for part in parts:
            for option in part.options:
                yield from option
