"""What one text says: flags by phrases, sentiment by VADER, and which words raised each flag."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from risk_model.text.cleaning import own_words
from risk_model.text.findings import Finder
from risk_model.text.lexicon import CATEGORIES, Lexicons
from risk_model.text.words import END, PAUSE, QUESTION, normal, raw_tokens, tokens, written_out

if TYPE_CHECKING:
    from risk_model.text.sentiment import TunedVader

SIGNALS: tuple[str, ...] = ("sentiment", *CATEGORIES, "words")

_MARKS = frozenset({END, PAUSE, QUESTION})
_REMEMBERED_WORDS = 200_000


def hear(text: str | None, lexicons: Lexicons) -> dict[str, float]:
    """Return SIGNALS of one text: sentiment -1…1, flags 0 or 1, and the number of words heard.

    An empty text says nothing (all 0); where there is no text (None, NaN) nothing is known (NaN).
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
        self._tokens: dict[str, tuple[str, ...]] = {}
        self._vader: TunedVader | None = None

    def hear(self, text: str) -> dict[str, float]:
        """Return SIGNALS of one text."""
        own = own_words(text)
        words = [token for raw in raw_tokens(normal(own)) for token in self._token(raw)]
        heard = dict.fromkeys(SIGNALS, 0.0)
        if not words:
            return heard
        heard["sentiment"] = self._sentiment(own)
        heard["words"] = float(sum(word not in _MARKS for word in words))
        for name, spans in self._finder.spans(words):
            heard[name] = float(next(spans, None) is not None)
        return heard

    def why(self, text: str) -> dict[str, list[str]]:
        """Return the words behind each flag, in lower case as they stand in the text."""
        own = normal(own_words(text))
        placed = [(token, word) for token in tokens(own) for word in self._token_of(token.words)]
        starts = list(accumulate((len(word) + 1 for _, word in placed), initial=0))
        told: dict[str, list[str]] = {}
        for name, spans in self._finder.spans([word for _, word in placed]):
            for start, stop in sorted(spans):
                first, last = (bisect_right(starts, at) - 1 for at in (start, stop - 1))
                phrase = " ".join(own[placed[first][0].start : placed[last][0].stop].split())
                if phrase not in told.setdefault(name, []):
                    told[name].append(phrase)
        return told

    def _sentiment(self, own: str) -> float:
        if self._vader is None:
            from risk_model.text.sentiment import TunedVader

            self._vader = TunedVader(self._corrections)
        return self._vader.compound(own)

    def _token(self, raw: str) -> tuple[str, ...]:
        known = self._tokens.get(raw)
        if known is None:
            if len(self._tokens) >= _REMEMBERED_WORDS:
                self._tokens.clear()
            known = self._tokens[raw] = self._token_of(written_out(raw))
        return known

    def _token_of(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self._finder.compiler.token(word) for word in words)
