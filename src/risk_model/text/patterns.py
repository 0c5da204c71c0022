"""Phrases as patterns over letters: each word that some phrase knows is one letter.

A message of seventy words is then a string of seventy letters, a group of words one class of
letters, and a phrase a short regular expression, several times faster than one over the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations

from risk_model.text.phrases import FIRST, NAME, NUMBER, START, Part, Parts, Run
from risk_model.text.words import END, PAUSE, QUESTION, stem, word_set

GAP_WORDS = 4
MARKS = (END, PAUSE, QUESTION)
_NEGATIONS = ("not", "never", "no", "nor", "without", "neither")
# Letters of their own for what no phrase knows, far away from all that means something to "re".
_OTHER, _OTHER_NUMBER, _FIRST = "\u4e00", "\u4e01", 0x4E02
_START = rf"(?<![^{END}])"
_SHORTEST_MISSPELT = 6
_TELLING = 300
_MANY = 4
# In nearly every sentence: a part that holds one of these is no reason to search (stems).
_EVERYWHERE = word_set("""
    the to we i a and you of be it not our in for have that this on with my your do no will can as
    at us me if by so or an but is are was =has =had =have
""")
# Frequent in customer mail: not what to look a phrase up by, if there is anything else (stems).
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
        known = set(words) - {NUMBER, NAME, START, *MARKS}
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

    def knows(self, word: str) -> bool:
        """Return whether some phrase knows a word of a message."""
        return self.letter(word) not in (_OTHER, _OTHER_NUMBER)

    def letters_of(self, tokens: Iterable[str]) -> frozenset[str]:
        """Return the letters of those tokens that some phrase knows."""
        return frozenset(self._letters[token] for token in tokens if token in self._letters)

    def letters(self, word: str) -> str:
        """Return the letters of all tokens that a word of a phrase stands for."""
        if word == NUMBER:
            return self.numbers
        if word == NAME:
            return _OTHER
        if word.startswith("="):
            return self._letters[word]
        token = stem(word)
        return self._letters[token] + self._exact_of_stem.get(token, "")


def _undoubled(word: str) -> str:
    """Return a word with each doubled letter once: a skeleton that many misspellings keep."""
    return re.sub(r"(.)\1", r"\1", word)


@dataclass(eq=False)
class Compiled:
    """A phrase ready to be found; the pattern is built when it is first looked for.

    ``mask`` has a bit for each part that has to be there; ``first`` is the most telling of them.
    """

    written: str
    mask: int
    first: int

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The phrase as a regular expression over letters."""
        return re.compile(self.written)


class PhraseCompiler:
    """Compiles phrases over one alphabet; ``new_thing`` are the words that end a close gap.

    Each part that a phrase cannot do without has a bit, and ``bits_of`` says which of them a
    letter stands for: a sentence that lacks a bit of a phrase need not be searched for it.
    """

    def __init__(self, alphabet: Alphabet, new_thing: Iterable[str] = ()) -> None:
        self.bits_of: dict[str, int] = {}
        self._alphabet = alphabet
        self._weights = {
            **dict.fromkeys(alphabet.letters_of(_FREQUENT), 15),
            **dict.fromkeys(alphabet.letters_of(_EVERYWHERE), 300),
            _OTHER: 300,
        }
        self._bits: dict[frozenset[str], int] = {}
        self._needs: dict[Part, frozenset[str]] = {}
        self._written: dict[Part, str] = {}
        between = rf"[^{END}{alphabet.negations}]"
        self._gap = rf"{between}{{0,{GAP_WORDS}}}?"
        ends = "".join(sorted({letter for word in new_thing for letter in alphabet.letters(word)}))
        of_one_thing = rf"[^{END}{PAUSE}{alphabet.negations}{ends}]"
        self._close_gap = rf"{of_one_thing}{{0,{GAP_WORDS}}}?"
        self._wide_gap = rf"{between}*?"

    def compile(self, sides: Sequence[Parts]) -> Compiled:
        """Return the pattern of a phrase over letters, and what it needs."""
        written = [self._side(parts) for parts in sides]
        orders = [self._wide_gap.join(order) for order in permutations(written)]
        pattern = orders[0] if len(orders) == 1 else f"(?:{'|'.join(orders)})"
        fixed = {part for parts in sides for part in parts if part.options and not part.optional}
        needs = sorted((self._need(part) for part in fixed if part is not FIRST), key=self._cost)
        telling = [need for need in needs[1:] if self._cost(need)[0] < _TELLING]
        bits = [self._bit(need) for need in (needs[0], *telling)]
        return Compiled(pattern, sum(1 << bit for bit in set(bits)), bits[0])

    def _side(self, parts: Parts) -> str:
        written = ""
        before_it: Part | None = None
        for part in parts:
            pause = "" if before_it and before_it.close else f"{PAUSE}?"
            before_it = part
            if part is FIRST:
                written += _START
            elif not part.options:
                written += self._close_gap if part.close else self._gap
            else:
                before = pause if written and written != _START else ""
                body = before + self._options(part)
                written += f"(?:{body})?" if part.optional else body
        return written

    def _options(self, part: Part) -> str:
        """Return the pattern of one place: single words as one class, runs as alternatives."""
        if part not in self._written:
            letters = self._alphabet.letters
            single = "".join(letters(run[0]) for run in part.options if len(run) == 1)
            runs = [
                f"{PAUSE}?".join(f"[{letters(word)}]" for word in run)
                for run in part.options
                if len(run) > 1
            ]
            # The longest first, so that the words shown as the reason are all of them.
            runs.sort(key=len, reverse=True)
            written = [*dict.fromkeys(runs), *([f"[{single}]"] if single else [])]
            joined = written[0] if len(written) == 1 else f"(?:{'|'.join(written)})"
            if len(written) > _MANY:
                # One look at the letter spares trying all the alternatives at it.
                begins = "".join(
                    sorted({first for run in part.options for first in letters(run[0])})
                )
                joined = f"(?=[{begins}]){joined}"
            self._written[part] = joined
        return self._written[part]

    def _need(self, part: Part) -> frozenset[str]:
        """Return letters of which one has to be there; of a run of words the rarest-looking one."""
        if part not in self._needs:
            chosen = [min(self._word_needs(run), key=self._cost) for run in part.options]
            self._needs[part] = frozenset().union(*chosen)
        return self._needs[part]

    def _word_needs(self, run: Run) -> Iterator[frozenset[str]]:
        return (frozenset(self._alphabet.letters(word)) for word in run)

    def _cost(self, need: frozenset[str]) -> tuple[int, str]:
        """Return about how often one of these letters is met, and a name to break ties by."""
        return sum(self._weights.get(letter, 1) for letter in need), min(need)

    def _bit(self, need: frozenset[str]) -> int:
        """Return the number of the bit that says that one of these letters is there."""
        if need not in self._bits:
            bit = self._bits[need] = len(self._bits)
            for letter in need:
                self.bits_of[letter] = self.bits_of.get(letter, 0) | 1 << bit
        return self._bits[need]
