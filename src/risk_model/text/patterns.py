"""Phrases as patterns over letters: each word that some phrase knows is one letter.

A message of seventy words is then a string of seventy letters, a group of words one class of
letters, and a phrase a short regular expression, several times faster than one over the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from risk_model.text.phrases import NUMBER, START, Part, Parts, Run
from risk_model.text.words import END, PAUSE, QUESTION, stem, word_set

GAP_WORDS = 4
MARKS = (END, PAUSE, QUESTION)
_NEGATIONS = ("not", "never", "no", "nor", "without", "neither")
# Letters of their own for what no phrase knows, far away from all that means something to "re".
_OTHER, _OTHER_NUMBER, _FIRST = "\u4e00", "\u4e01", 0x4E02
_START = rf"(?<![^{END}])"
_SHORTEST_MISSPELT = 6
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


class Alphabet:
    """The letter of each word; unknown words share one, unknown numbers another.

    ``misspelt`` are common misspellings and what is meant. A longer word that no phrase knows is
    also taken for the one from which it differs in doubled letters only (cancelation, adress).
    """

    def __init__(self, words: Iterable[str], misspelt: Mapping[str, str]) -> None:
        known = set(words) - {NUMBER, START, *MARKS}
        self._exact = {word[1:] for word in known if word.startswith("=")}
        self._misspelt = misspelt
        tokens = {word if word.startswith("=") else stem(word) for word in known}
        tokens |= {stem(word) for word in _NEGATIONS}
        self._letters = {token: chr(_FIRST + at) for at, token in enumerate(sorted(tokens))}
        self._letters |= {mark: mark for mark in MARKS}
        self._undoubled = {
            _undoubled(token): letter
            for token, letter in self._letters.items()
            if len(token) >= _SHORTEST_MISSPELT
        }
        self._exact_of_stem: dict[str, str] = {}
        for word in sorted(self._exact):
            key = stem(word)
            self._exact_of_stem[key] = self._exact_of_stem.get(key, "") + self._letters[f"={word}"]
        numbers = (letter for token, letter in self._letters.items() if token[0].isdigit())
        self.numbers = _OTHER_NUMBER + "".join(numbers)
        self.negations = "".join(self._letters[stem(word)] for word in _NEGATIONS)

    def letter(self, word: str) -> str:
        """Return the letter of a word of a message."""
        word = self._misspelt.get(word, word)
        if word in self._exact:
            return self._letters[f"={word}"]
        token = stem(word)
        if letter := self._letters.get(token):
            return letter
        if word[0].isdigit():
            return _OTHER_NUMBER
        if len(token) >= _SHORTEST_MISSPELT - 1:
            return self._undoubled.get(_undoubled(token), _OTHER)
        return _OTHER

    def letters(self, word: str) -> str:
        """Return the letters of all tokens that a word of a phrase stands for."""
        if word == NUMBER:
            return self.numbers
        if word.startswith("="):
            return self._letters[word]
        token = stem(word)
        return self._letters[token] + self._exact_of_stem.get(token, "")


def _undoubled(word: str) -> str:
    """Return a word with each doubled letter once: a skeleton that many misspellings keep."""
    return re.sub(r"(.)\1", r"\1", word)


@dataclass(frozen=True, eq=False)
class Compiled:
    """A phrase ready to be found: of each set of ``needs`` one letter has to be in the text.

    The first set, the most telling one, is what the phrase is looked up by.
    """

    pattern: re.Pattern[str]
    needs: tuple[frozenset[str], ...]

    def may_be_in(self, present: frozenset[str]) -> bool:
        """Say whether a text with these letters can hold the phrase: cheaper than to search."""
        for need in self.needs:  # noqa: SIM110 - a generator takes twice as long
            if need.isdisjoint(present):
                return False
        return True


class PhraseCompiler:
    """Compiles phrases over one alphabet."""

    def __init__(self, alphabet: Alphabet) -> None:
        self._alphabet = alphabet
        self._frequent = frozenset(
            letter for word in _FREQUENT if (letter := alphabet._letters.get(word))
        )
        between = rf"[^{END}{alphabet.negations}]"
        self._gap = rf"{between}{{0,{GAP_WORDS}}}?"
        self._wide_gap = rf"{between}*?"

    def compile(self, sides: Sequence[Parts]) -> Compiled:
        """Return the pattern of a phrase over letters, and what it needs."""
        written = [self._side(parts) for parts in sides]
        orders = [self._wide_gap.join(order) for order in permutations(written)]
        pattern = orders[0] if len(orders) == 1 else f"(?:{'|'.join(orders)})"
        fixed = [part for parts in sides for part in parts if part.options and not part.optional]
        needs = {need for part in fixed if (need := self._need(part))}
        return Compiled(re.compile(pattern), tuple(sorted(needs, key=self._cost)))

    def _side(self, parts: Parts) -> str:
        written = ""
        for part in parts:
            if part.options == ((START,),):
                written += _START
            elif not part.options:
                written += self._gap
            else:
                before = f"{PAUSE}?" if written and written != _START else ""
                body = before + self._options(part.options)
                written += f"(?:{body})?" if part.optional else body
        return written

    def _options(self, options: Sequence[Run]) -> str:
        """Return the pattern of one place: single words as one class, runs as alternatives."""
        single = "".join(self._alphabet.letters(run[0]) for run in options if len(run) == 1)
        runs = [
            f"{PAUSE}?".join(f"[{self._alphabet.letters(word)}]" for word in run)
            for run in options
            if len(run) > 1
        ]
        # The longest first, so that the words shown as the reason are all of them.
        runs.sort(key=len, reverse=True)
        written = [*dict.fromkeys(runs), *([f"[{single}]"] if single else [])]
        return written[0] if len(written) == 1 else f"(?:{'|'.join(written)})"

    def _need(self, part: Part) -> frozenset[str]:
        """Return letters of which one must be there; of a run of words the rarest-looking one."""
        if part.options == ((START,),):
            return frozenset()
        chosen = [min(self._word_needs(run), key=self._cost) for run in part.options]
        return frozenset().union(*chosen)

    def _word_needs(self, run: Run) -> Iterator[frozenset[str]]:
        return (frozenset(self._alphabet.letters(word)) for word in run)

    def _cost(self, need: frozenset[str]) -> tuple[bool, int, str]:
        """Rank a set of letters: no frequent word, few ones come first."""
        return (not need.isdisjoint(self._frequent), len(need), min(need))
