"""VADER tuned to customer mail: its word list corrected, and the same scores in less time.

Hutto & Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media
Text", ICWSM 2014; nltk's implementation with the word list of the package ``vaderSentiment``.
"""

from __future__ import annotations

import re
import string
from importlib import util
from pathlib import Path

import nltk
from nltk.sentiment import vader

from risk_model.text.lexicon import Sentiment

_LEXICON = "vader_lexicon.txt"
_PUNCTUATION = frozenset(vader.VaderConstants.PUNC_LIST)
_ASCII = frozenset(string.punctuation)


class TunedVader(vader.SentimentIntensityAnalyzer):  # type: ignore[misc]
    """nltk's VADER with corrected valences; ``compound`` is all that it gives."""

    def __init__(self, corrections: Sentiment) -> None:
        folder = str(vader_folder())
        # nltk opens data only below this path, and nothing may be downloaded at run time.
        if folder not in nltk.data.path:
            nltk.data.path.append(folder)
        super().__init__(lexicon_file=_LEXICON)
        valences: dict[str, float] = {**self.make_lex_dict(), **corrections.valences}
        self.lexicon = {word: valence for word, valence in valences.items() if valence}
        self._skip = {
            phrase.lower(): re.compile(rf"\b{re.escape(phrase)}\b", re.I)
            for phrase in corrections.skip
        }

    def compound(self, text: str) -> float:
        """Return the sentiment of a text, -1 (worst) to 1; 0 for one without any word."""
        lower = text.lower()
        for phrase, pattern in self._skip.items():
            if phrase in lower:
                text = pattern.sub(" ", text)
        spoken = SpokenText(text)
        valences = self._valences(spoken)
        valences = self._but_check(spoken.words_and_emoticons, valences)
        return self._compound(valences, text)

    def _valences(self, spoken: SpokenText) -> list[float]:
        """Return one valence a word, as nltk does: by the place where the word comes first."""
        words = spoken.words_and_emoticons
        first: dict[str, int] = {}
        for at, word in enumerate(words):
            first.setdefault(word, at)
        valences: list[float] = []
        lexicon, boosters = self.lexicon, self.constants.BOOSTER_DICT
        for word in words:
            lower = word.lower()
            # Only a word of the list can have a valence: the rest need not be asked.
            if lower not in lexicon or lower in boosters:
                valences.append(0)
                continue
            at = first[word]
            if lower == "kind" and at + 1 < len(words) and words[at + 1].lower() == "of":
                valences.append(0)
                continue
            valences = self.sentiment_valence(0, spoken, word, at, valences)
        return valences

    def _compound(self, valences: list[float], text: str) -> float:
        if not valences:
            return 0.0
        total = float(sum(valences))
        emphasis = self._punctuation_emphasis(total, text)
        total += emphasis if total > 0 else -emphasis if total < 0 else 0
        return float(round(self.constants.normalize(total), 4))


class SpokenText(vader.SentiText):  # type: ignore[misc]
    """VADER's words of a text, without building every word with every punctuation mark."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words_and_emoticons = [bare(word) for word in text.split() if len(word) > 1]
        self.is_cap_diff = self.allcap_differential(self.words_and_emoticons)


def bare(word: str) -> str:
    """Return a word without VADER's punctuation before or after it, where that is on one side."""
    if word[-1] in _ASCII:
        inner = word.rstrip(string.punctuation)
        mark = word[len(inner) :]
    elif word[0] in _ASCII:
        inner = word.lstrip(string.punctuation)
        mark = word[: len(word) - len(inner)]
    else:
        return word
    if len(inner) > 1 and mark in _PUNCTUATION and _ASCII.isdisjoint(inner):
        return inner
    return word


def vader_folder() -> Path:
    """Return the folder of the package that carries VADER's word list."""
    found = util.find_spec("vaderSentiment")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("the package vaderSentiment is not installed")
    return Path(found.submodule_search_locations[0])
