"""Where the phrases of each category stand in a text, and which of them count.

A phrase counts unless an exception of its category covers it, its sentence holds a word that voids
it, it is denied ("no plans to cancel"), or its sentence is about something else (a frame). Nothing
reaches over the end of a sentence, so each sentence is looked at by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from risk_model.text.lexicon import Category, Context, Lexicons
from risk_model.text.patterns import Alphabet, Compiled, PhraseCompiler
from risk_model.text.phrases import Groups, read_phrase, words_of
from risk_model.text.words import END, PAUSE

Span = tuple[int, int]
# A list of phrases by its owner (a category, "context" or "frames") and its name there.
Slot = tuple[str, str]


class Finder:
    """The compiled phrases of all lexicons."""

    def __init__(self, lexicons: Lexicons) -> None:
        lists = _lists(lexicons)
        groups = Groups(lexicons.groups)
        parsed = {
            phrase: read_phrase(phrase, groups) for phrases in lists.values() for phrase in phrases
        }
        words = {word for sides in parsed.values() for word in words_of(sides)}
        context = lexicons.context
        words |= {*context.names, *context.new_thing}
        self.alphabet = Alphabet(words, context.misspelt)
        compiler = PhraseCompiler(self.alphabet, context.new_thing)
        compiled = {phrase: compiler.compile(sides) for phrase, sides in parsed.items()}
        self._bits_of = compiler.bits_of
        self._exceptions = Exceptions(
            {slot: tuple(compiled[phrase] for phrase in lists[slot]) for slot in lists},
            lexicons.context,
            self.alphabet,
        )
        self._categories = lexicons.categories
        self._by_first: dict[int, list[tuple[str, int, Compiled]]] = {}
        for name, category in lexicons.categories.items():
            for phrase in (compiled[written] for written in category.phrases):
                self._by_first.setdefault(phrase.first, []).append((name, phrase.mask, phrase))
        firsts = sum(1 << first for first in self._by_first)
        self._firsts_of = {
            letter: tuple(_bits_in(bits & firsts)) for letter, bits in compiler.bits_of.items()
        }

    def heard(self, letters: str) -> tuple[set[str], set[str]]:
        """Return the categories that a text, one letter a word, says, and those it says are not so.

        Of the latter there are phrases, and every one is denied, excepted or about something else.
        """
        heard: set[str] = set()
        void: set[str] = set()
        for sentence in self._sentences(letters):
            for name, phrases in self._candidates(sentence, heard).items():
                rules: Rules | None = None
                for phrase in phrases:
                    if not phrase.pattern.search(sentence.text):
                        continue
                    rules = rules or Rules(sentence, name, self._categories[name])
                    if any(
                        not rules.void(at.span()) for at in phrase.pattern.finditer(sentence.text)
                    ):
                        heard.add(name)
                        break
                    void.add(name)
        return heard, void - heard

    def spans(self, letters: str) -> Iterator[tuple[str, Span]]:
        """Yield each phrase that counts: its category, and its first and last word plus one."""
        for sentence in self._sentences(letters):
            for name, phrases in self._candidates(sentence, frozenset()).items():
                rules = Rules(sentence, name, self._categories[name])
                for start, stop in self._counting(sentence, phrases, rules):
                    yield name, (sentence.start + start, sentence.start + stop)

    def _sentences(self, letters: str) -> Iterator[Sentence]:
        start = 0
        bits_of = self._bits_of.get
        for part in letters.split(END):
            present = 0
            for letter in set(part):
                present |= bits_of(letter, 0)
            if present:
                yield Sentence(part, start, present, self._exceptions)
            start += len(part) + 1

    def _candidates(
        self, sentence: Sentence, heard: frozenset[str] | set[str]
    ) -> dict[str, list[Compiled]]:
        """Return the phrases that may be in a sentence, by category, those heard left out."""
        found: dict[str, list[Compiled]] = {}
        present = sentence.present
        empty: tuple[int, ...] = ()
        firsts = {
            first for letter in set(sentence.text) for first in self._firsts_of.get(letter, empty)
        }
        for first in firsts:
            for name, mask, phrase in self._by_first[first]:
                if mask & present == mask and name not in heard:
                    found.setdefault(name, []).append(phrase)
        return found

    @staticmethod
    def _counting(sentence: Sentence, phrases: Iterable[Compiled], rules: Rules) -> Iterator[Span]:
        for phrase in phrases:
            for match in phrase.pattern.finditer(sentence.text):
                if not rules.void(match.span()):
                    yield match.span()


class Exceptions:
    """The lists that void a phrase, and how far a negation reaches."""

    def __init__(
        self, lists: Mapping[Slot, tuple[Compiled, ...]], context: Context, alphabet: Alphabet
    ) -> None:
        self.reach = context.reach
        self.names = frozenset(
            letter for word in context.names for letter in alphabet.letters(word)
        )
        self._by_first: dict[Slot, dict[int, list[Compiled]]] = {slot: {} for slot in lists}
        for slot, phrases in lists.items():
            for phrase in phrases:
                self._by_first[slot].setdefault(phrase.first, []).append(phrase)
        self._firsts = {
            slot: sum(1 << first for first in firsts) for slot, firsts in self._by_first.items()
        }

    def places(self, slot: Slot, sentence: Sentence) -> list[Span]:
        """Return where the phrases of a list stand in a sentence."""
        present = sentence.present
        there = self._firsts.get(slot, 0) & present
        return [
            match.span()
            for first in (_bits_in(there) if there else ())
            for phrase in self._by_first[slot][first]
            if phrase.mask & present == phrase.mask
            for match in phrase.pattern.finditer(sentence.text)
        ]


class Sentence:
    """One sentence: its letters, where in the text it begins, and the bits that are in it."""

    def __init__(self, text: str, start: int, present: int, exceptions: Exceptions) -> None:
        self.text = text
        self.start = start
        self.present = present
        self.exceptions = exceptions

    def places(self, owner: str, name: str) -> list[Span]:
        """Return where the phrases of a list of exceptions stand."""
        return self.exceptions.places((owner, name), self)

    def is_named(self, stop: int) -> bool:
        """Say whether the word at ``stop`` makes what is before it the name of a part."""
        return not self.exceptions.names.isdisjoint(self.text[stop : stop + 1])

    @cached_property
    def denied(self) -> list[Span]:
        """The stretches in which a phrase that begins there is denied."""
        feigned = self.places("context", "no_negation")
        negations = [
            span for span in self.places("context", "negations") if not _touches(span, feigned)
        ]
        limits = [start for start, _ in self.places("context", "ends_negation")]
        return [(stop, self._end_of_denial(stop, limits)) for _, stop in negations]

    def _end_of_denial(self, start: int, limits: Sequence[int]) -> int:
        """Return where the reach of a negation ends: after some words, or with its clause."""
        stop = min(start + self.exceptions.reach, len(self.text))
        pause = self.text.find(PAUSE, start, stop)
        return min([stop, *(at for at in (pause, *limits) if at >= start)])


class Rules:
    """What voids the phrases of one category in one sentence."""

    def __init__(self, sentence: Sentence, name: str, category: Category) -> None:
        self._sentence = sentence
        self._name = name
        self._category = category

    def void(self, span: Span) -> bool:
        """Say whether an exception covers a phrase or voids the sentence, or it is denied."""
        return (
            self._is_void
            or _touches(span, self._covered)
            or (self._category.nameable and self._sentence.is_named(span[1]))
            or (
                self._category.negatable
                and any(first <= span[0] < last for first, last in self._sentence.denied)
            )
        )

    @cached_property
    def _covered(self) -> list[Span]:
        return self._sentence.places(self._name, "but_not")

    @cached_property
    def _is_void(self) -> bool:
        places = self._sentence.places
        return bool(places(self._name, "not_beside")) or any(
            places("frames", frame) for frame in self._category.frames
        )


def _touches(span: Span, others: Iterable[Span]) -> bool:
    return any(first < span[1] and span[0] < last for first, last in others)


def _bits_in(bits: int) -> Iterator[int]:
    """Yield the numbers of the bits that are set."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _lists(lexicons: Lexicons) -> dict[Slot, tuple[str, ...]]:
    owners: dict[str, dict[str, tuple[str, ...]]] = {
        **{name: category.lists() for name, category in lexicons.categories.items()},
        "context": lexicons.context.lists(),
        "frames": lexicons.context.frames,
    }
    return {
        (owner, name): phrases for owner, lists in owners.items() for name, phrases in lists.items()
    }
