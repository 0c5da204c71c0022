"""The little language of the lexicons: a phrase as a CS manager writes it, compiled to a pattern.

====================  =============================================================
``cancel``            the word in all its forms (cancels, cancelled, cancelling)
``=promised``         this form only
``our/the``           one of these words
``(log in/sign on)``  one of these, where one of them is several words
``[really]``          may be there or not; ``[the/our]`` too
``<product>``         one of a group of ``groups.yaml``
``...``               up to four other words, none of them a negation
``invoice + wrong``   both in one sentence, whichever comes first, with no negation in between
``<number>``          any number
``?``                 a question mark
====================  =============================================================

A comma in the message never stands in the way; the end of a sentence always does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, product

from risk_model.text.words import END, PAUSE, normal, raw_tokens, stem, word_set, written_out

GAP_WORDS = 4
_GAP = "..."
_PAUSE = "(?: ,)?"
_NO_NEGATION = "(?! (?:not|never|no|nor|without|neither) )"
_GAP_PATTERN = rf"(?:{_NO_NEGATION} [^ {END}]+){{0,{GAP_WORDS}}}?"
_WIDE_GAP_PATTERN = rf"(?:{_NO_NEGATION} [^ {END}]+)*?"
_BOTH = "+"
_PIECE = re.compile(r"\[[^\]]*\]|\([^)]*\)|\S+")
NUMBER = "<number>"
_NUMBER_PATTERN = r"\d[\w]*"
# Too frequent in customer mail to be worth looking a phrase up by (stems).
_FREQUENT = word_set("""
    a about account all an anoth and ani anyth are as ask at back be been befor but by can come
    contract could custom customer data day differ do down end everi find first for from get give go
    good great had has have help her here hour how i if in is issu it just keep know last like look
    make manag manager me month more my need new next no not now of on one onli or other our out
    over plan problem product report say see send servic should so some someon still support system
    take team tell than that the there they thing this ticket time to tool two up us use user veri
    want was we week well what when where which who whi will with work would year you your ?
""")


class PhraseError(ValueError):
    """A phrase that cannot be read; the text says why and what to write instead."""


@dataclass(frozen=True)
class Part:
    """One place in a phrase: its options, each a run of words; a gap has none."""

    options: tuple[tuple[str, ...], ...]
    optional: bool = False


Groups = Mapping[str, Sequence[str]]


Parts = tuple[Part, ...]


def read_phrase(phrase: str, groups: Groups) -> tuple[Parts, ...]:
    """Return the sides of a written phrase (one, or two around a ``+``); raise PhraseError."""
    sides = f" {phrase} ".split(f" {_BOTH} ")
    if len(sides) > 2:
        raise PhraseError("one + at most")
    return tuple(_read_side(side, groups) for side in sides)


def _read_side(side: str, groups: Groups) -> Parts:
    parts = tuple(_read_piece(piece, groups) for piece in _PIECE.findall(side))
    if not parts:
        raise PhraseError("there is no word in it")
    if any(part.optional for part in (parts[0], parts[-1])):
        raise PhraseError(
            "[...] at the beginning or the end changes nothing: leave it out, "
            "or write (...) if one of the words has to be there"
        )
    if not (parts[0].options and parts[-1].options):
        raise PhraseError("'...' stands between words, not at the beginning or the end")
    return parts


def _read_piece(piece: str, groups: Groups) -> Part:
    if piece in (_GAP, "…"):
        return Part(())
    optional, bracketed = piece[0] == "[", piece[0] in "[("
    inner = piece[1:-1] if bracketed else piece
    if any(mark in inner for mark in "()[]{}*|"):
        raise PhraseError(
            f"cannot read '{piece}': write [word] for one that may be missing, a/b for either, "
            "and ... for words in between; a word stands for all its forms, without a *"
        )
    options = tuple(
        option for choice in inner.split("/") for option in _read_choice(choice.strip(), groups)
    )
    return Part(options, optional)


def _read_choice(choice: str, groups: Groups) -> Iterator[tuple[str, ...]]:
    """Yield the runs of words that one choice stands for, its groups written out."""
    runs = [_read_word(word, groups) for word in choice.split()]
    if not runs:
        raise PhraseError("a choice is empty: a '/' too many")
    for chosen in product(*runs):
        yield tuple(chain.from_iterable(chosen))


def _read_word(word: str, groups: Groups) -> Sequence[tuple[str, ...]]:
    if word == NUMBER:
        return [(NUMBER,)]
    if not word.startswith("<"):
        return [_as_words(word)]
    name = word.strip("<>")
    if name not in groups:
        raise PhraseError(
            f"no group <{name}> in groups.yaml; there are: {', '.join(sorted(groups))}"
        )
    return [run for entry in groups[name] for run in read_entry(entry)]


@lru_cache(maxsize=10_000)
def read_entry(entry: str) -> tuple[tuple[str, ...], ...]:
    """Return every run of words that one entry of a group stands for; raise PhraseError."""
    parts = [_read_piece(piece, {}) for piece in _PIECE.findall(entry)]
    if any(not part.options for part in parts):
        raise PhraseError("a group holds no '...'")
    choices = [(*part.options, ()) if part.optional else part.options for part in parts]
    runs = dict.fromkeys(tuple(chain.from_iterable(chosen)) for chosen in product(*choices))
    if not runs or () in runs:
        raise PhraseError("at least one word must not be optional")
    return tuple(runs)


def _as_words(text: str) -> tuple[str, ...]:
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


def exact_words(sides: Sequence[Parts]) -> set[str]:
    """Return the words of which a phrase wants one form only."""
    words = (
        word for parts in sides for part in parts for option in part.options for word in option
    )
    return {word[1:] for word in words if word.startswith("=")}


@dataclass(frozen=True, eq=False)
class Compiled:
    """A phrase ready to be found: of each set of ``needs`` one has to be among the tokens.

    The first set, the most telling one, is what the phrase is looked up by.
    """

    pattern: re.Pattern[str]
    needs: tuple[frozenset[str], ...]

    def may_be_in(self, present: frozenset[str]) -> bool:
        """Say whether a text with these tokens can hold the phrase: cheaper than to search."""
        for need in self.needs:  # noqa: SIM110 - a generator takes twice as long
            if need.isdisjoint(present):
                return False
        return True


class PhraseCompiler:
    """Compiles phrases; ``exact`` are the words of which somewhere one form only is wanted."""

    def __init__(self, exact: set[str]) -> None:
        self.exact = frozenset(exact)
        self._exact_by_stem: dict[str, list[str]] = {}
        for word in sorted(exact):
            self._exact_by_stem.setdefault(stem(word), []).append(f"={word}")

    def token(self, word: str) -> str:
        """Return the token that a word of a message becomes."""
        return f"={word}" if word in self.exact else stem(word)

    def compile(self, sides: Sequence[Parts]) -> Compiled:
        """Return the pattern of a phrase over a token string, and its anchors."""
        written = [self._side(parts) for parts in sides]
        if len(written) == 2:
            one, other = written
            both = (f"{one}{_WIDE_GAP_PATTERN}{other}", f"{other}{_WIDE_GAP_PATTERN}{one}")
            written = [f"(?:{both[0]}|{both[1]})"]
        fixed = [part for parts in sides for part in parts if part.options and not part.optional]
        needs = sorted((self._anchors(part) for part in fixed), key=_cost)
        # Any number will do for a number: that place cannot be looked up.
        needs = [need for need in needs if NUMBER not in need] or needs
        return Compiled(re.compile(written[0] + "(?= )"), tuple(needs))

    def _side(self, parts: Parts) -> str:
        return "".join(self._part(part, first=not at) for at, part in enumerate(parts))

    def _part(self, part: Part, first: bool) -> str:
        if not part.options:
            return _GAP_PATTERN
        joined = "|".join(dict.fromkeys(self._option(option) for option in part.options))
        several = "|" in joined
        body = ("" if first else _PAUSE) + " " + (f"(?:{joined})" if several else joined)
        return f"(?:{body})?" if part.optional else body

    def _option(self, option: tuple[str, ...]) -> str:
        return f"{_PAUSE} ".join(self._word(word) for word in option)

    def _word(self, word: str) -> str:
        if word == NUMBER:
            return _NUMBER_PATTERN
        forms = self._forms(word)
        escaped = [re.escape(form) for form in forms]
        return escaped[0] if len(escaped) == 1 else f"(?:{'|'.join(escaped)})"

    def _forms(self, word: str) -> list[str]:
        """Return the tokens that a word of a phrase stands for."""
        if word.startswith("="):
            return [word]
        return [stem(word), *self._exact_by_stem.get(stem(word), ())]

    def _anchors(self, part: Part) -> frozenset[str]:
        """Return tokens of which one must be there; of a run of words the rarest-looking one."""
        rarest = [min(option, key=lambda word: _cost({word})) for option in part.options]
        return frozenset(form for word in rarest for form in self._forms(word))


def _cost(anchors: frozenset[str] | set[str]) -> tuple[bool, int, int]:
    """Rank a set of anchors: no frequent word, few and long ones come first; numbers never."""
    frequent = any(anchor in _FREQUENT or anchor == NUMBER for anchor in anchors)
    return (frequent, len(anchors), -min(len(anchor) for anchor in anchors))
