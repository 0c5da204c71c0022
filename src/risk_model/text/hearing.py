"""What one text says: flags by phrases, sentiment by VADER, and which words raised each flag."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from risk_model.text.cleaning import own_words
from risk_model.text.findings import Finder, Span
from risk_model.text.lexicon import HEARD, LISTED, Lexicons
from risk_model.text.likelihood import LearnedEar
from risk_model.text.patterns import MARKS
from risk_model.text.reasons import telling
from risk_model.text.understanding import Understanding
from risk_model.text.words import QUESTION, Token, normal, raw_tokens, tokens, written_out

if TYPE_CHECKING:
    from risk_model.text.sentiment import TunedVader

SIGNALS: tuple[str, ...] = ("sentiment", *HEARD, "words", "understood")
# What is unknown of a text that was not understood, unless a flag was raised all the same.
_OF_UNDERSTANDING = ("sentiment", *HEARD)

_REMEMBERED_WORDS = 200_000


def hear(text: str | None, lexicons: Lexicons) -> dict[str, float]:
    """Return SIGNALS of one text: sentiment -1…1, flags 0 or 1, the number of words heard, and
    whether it was understood, 0 or 1, or NaN where it is too short to tell.

    An empty text says nothing (all 0); where there is no text (None, NaN) nothing
    is known (NaN). Of one in a language that is not understood the sentiment is unknown, and so is
    each flag that was not raised: its loan words may raise some.
    """
    if not isinstance(text, str):
        return dict.fromkeys(SIGNALS, math.nan)
    return ear_for(lexicons).hear(text)


def hear_why(text: str, lexicons: Lexicons) -> dict[str, list[str]]:
    """Return, for each flag that is up, the words of the text that raised it, in their order."""
    return ear_for(lexicons).why(text)


_EARS: dict[str, Ear] = {}


def ear_for(lexicons: Lexicons) -> Ear:
    """Return the ear of these lexicons; each process compiles them once."""
    ear = _EARS.get(lexicons.version)
    if ear is None:
        ear = _EARS[lexicons.version] = Ear(lexicons)
    return ear


class Ear:
    """Compiled lexicons."""

    def __init__(self, lexicons: Lexicons) -> None:
        self._corrections = lexicons.sentiment
        self._finder = Finder(lexicons)
        beside = lexicons.learned_beside()
        self._english = {*beside, *LISTED}
        self._learned = LearnedEar(lexicons.learned, beside) if lexicons.learned else None
        self._understanding = Understanding(lexicons.learned, self._finder.alphabet.knows)
        self._letters: dict[str, str] = {}
        self._vader: TunedVader | None = None

    def hear(self, text: str) -> dict[str, float]:
        """Return SIGNALS of one text."""
        return self.hear_each([text])[0]

    def hear_each(self, texts: Iterable[str]) -> list[dict[str, float]]:
        """Return SIGNALS of some texts; many at once are heard faster than each by itself."""
        owns = [own_words(text) for text in texts]
        tokens_of = [raw_tokens(normal(own)) for own in owns]
        letters_of = [self._letters_in(raws) for raws in tokens_of]
        understood = [self._understanding.understands(raws) for raws in tokens_of]
        flags_of = self._flags(tokens_of, letters_of, understood)
        return [
            self._signals(*text)
            for text in zip(owns, letters_of, flags_of, understood, strict=True)
        ]

    def _flags(
        self, tokens_of: list[list[str]], letters_of: list[str], understood: list[bool | None]
    ) -> list[set[str]]:
        """Return the categories that both ears together hear in texts.

        In one that is not understood the lists hear alone: a company's own may know its language.
        """
        listed = [self._finder.heard(letters) for letters in letters_of]
        learned = self._learned
        if learned is None or not listed:
            return [flags for flags, _ in listed]
        each = zip(learned.chances(tokens_of), listed, letters_of, understood, strict=True)
        return [
            heard[0] - self._false_friends(letters)
            if clear is False
            else learned.settle(chances, *heard)
            for chances, heard, letters, clear in each
        ]

    def _false_friends(self, letters: str) -> set[str]:
        """Return the flags for which a text that is not understood has no more than single words.

        Of a list that was not changed these are no English words: "sue" is Italian for "their".
        """
        told = {
            name
            for name, (start, stop) in self._finder.spans(letters)
            if stop - start > 1 or QUESTION in letters[start:stop]
        }
        return self._english - told

    def _signals(
        self, own: str, letters: str, flags: set[str], understood: bool | None
    ) -> dict[str, float]:
        heard = dict.fromkeys(SIGNALS, 0.0)
        heard["understood"] = math.nan if understood is None else float(understood)
        if letters:
            if understood is False:
                heard |= dict.fromkeys(_OF_UNDERSTANDING, math.nan)
            else:
                heard["sentiment"] = self._sentiment(own)
            heard["words"] = float(len(letters) - sum(letters.count(mark) for mark in MARKS))
            heard |= dict.fromkeys(flags, 1.0)
        return heard

    def _letters_in(self, raws: list[str]) -> str:
        return "".join([self._letters_of(raw) for raw in raws])

    def why(self, text: str, flags: set[str] | None = None) -> dict[str, list[str]]:
        """Return the words behind each flag, in lower case as they stand in the text.

        ``flags`` are those that were heard in it, where that is known.
        """
        own = normal(own_words(text))
        letter = self._finder.alphabet.letter
        found = tokens(own)
        placed = [(token, letter(word)) for token in found for word in token.words]
        stretches: dict[str, list[Span]] = {}
        letters = "".join(letter for _, letter in placed)
        spans = self._finder.spans(letters)
        for name, span in sorted(spans, key=lambda found: found[1]):
            known = stretches.setdefault(name, [])
            # Phrases that share words are shown as one.
            if known and span[0] < known[-1][1]:
                known[-1] = (known[-1][0], max(known[-1][1], span[1]))
            else:
                known.append(span)
        if self._learned:
            words = [word for token in found for word in token.words]
            if flags is None:
                raws = raw_tokens(own)
                clear = [self._understanding.understands(raws)]
                (flags,) = self._flags([raws], [letters], clear)
            stretches = {
                name: stretches.get(name) or telling(words, self._learned.weigher(name))
                for name in HEARD
                if name in flags
            }
        return {
            name: list(
                dict.fromkeys(
                    _written(own, placed[start][0], placed[stop - 1][0]) for start, stop in places
                )
            )
            for name, places in stretches.items()
        }

    def _sentiment(self, own: str) -> float:
        if self._vader is None:
            from risk_model.text.sentiment import TunedVader

            self._vader = TunedVader(self._corrections)
        return self._vader.compound(own)

    def _letters_of(self, raw: str) -> str:
        """Return the letters of one token as written."""
        known = self._letters.get(raw)
        if known is None:
            if len(self._letters) >= _REMEMBERED_WORDS:
                self._letters.clear()
            letter = self._finder.alphabet.letter
            known = self._letters[raw] = "".join(letter(word) for word in written_out(raw))
        return known


def _written(own: str, first: Token, last: Token) -> str:
    """Return the words of a text from one token to another, on one line."""
    return " ".join(own[first.start : last.stop].split())
