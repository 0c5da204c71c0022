"""Where the phrases of each category stand in a text, and which of them count.

A phrase counts unless an exception of its category covers it, its sentence holds a word that voids
it, it is denied ("no plans to cancel"), or its category tells facts and the sentence only supposes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from risk_model.text.lexicon import Category, Lexicons
from risk_model.text.patterns import Alphabet, Compiled, PhraseCompiler
from risk_model.text.phrases import Groups, read_phrase, words_of
from risk_model.text.words import END, PAUSE

Span = tuple[int, int]
# A list of phrases by its owner (a category, or "context") and its name there.
Slot = tuple[str, str]


class PhraseBook:
    """Phrases that are looked up by the words of a text, so that few patterns are ever tried."""

    def __init__(self, phrases: Iterable[tuple[Slot, Compiled]]) -> None:
        self._by_anchor: dict[str, list[tuple[Slot, Compiled]]] = {}
        for slot, phrase in phrases:
            for anchor in phrase.needs[0]:
                self._by_anchor.setdefault(anchor, []).append((slot, phrase))

    def candidates(self, present: frozenset[str]) -> dict[Slot, set[Compiled]]:
        """Return the phrases that may be in a text with these tokens, by their list."""
        found: dict[Slot, set[Compiled]] = {}
        for word in present & self._by_anchor.keys():
            for slot, phrase in self._by_anchor[word]:
                if phrase.may_be_in(present):
                    found.setdefault(slot, set()).add(phrase)
        return found


class Finder:
    """The compiled phrases of all lexicons."""

    def __init__(self, lexicons: Lexicons) -> None:
        lists = _lists(lexicons)
        groups = Groups(lexicons.groups)
        parsed = {
            phrase: read_phrase(phrase, groups) for phrases in lists.values() for phrase in phrases
        }
        words = {word for sides in parsed.values() for word in words_of(sides)}
        self.alphabet = Alphabet(words | set(lexicons.context.names), lexicons.context.misspelt)
        compiler = PhraseCompiler(self.alphabet)
        compiled = {phrase: compiler.compile(sides) for phrase, sides in parsed.items()}
        self._context = lexicons.context
        self._categories = lexicons.categories
        self._names = frozenset(
            letter for word in lexicons.context.names for letter in self.alphabet.letters(word)
        )
        self._phrases, self._exceptions = (
            PhraseBook(
                (slot, compiled[phrase])
                for slot, phrases in lists.items()
                if (slot[1] == "phrases") is wanted
                for phrase in phrases
            )
            for wanted in (True, False)
        )

    def spans(self, letters: str) -> Iterator[tuple[str, Iterator[Span]]]:
        """Yield each category that may be heard in a text, and where its phrases count.

        ``letters`` is the text, one letter a word; so a span counts words.
        """
        said = Said(letters, self._exceptions, self._context.reach)
        for (name, _), phrases in self._phrases.candidates(said.present).items():
            rules = Rules(said, name, self._categories[name], self._names)
            yield name, self._counting(said, phrases, rules)

    @staticmethod
    def _counting(said: Said, phrases: Iterable[Compiled], rules: Rules) -> Iterator[Span]:
        for phrase in phrases:
            for match in phrase.pattern.finditer(said.text):
                if not rules.void(match.span()):
                    yield match.span()


class Said:
    """One text as letters, with the exceptions that may be in it, looked up once if at all."""

    def __init__(self, letters: str, exceptions: PhraseBook, reach: int) -> None:
        self.text = letters
        self.present = frozenset(letters)
        self._book = exceptions
        self._reach = reach

    def places(self, slot: Slot) -> list[Span]:
        """Return where the phrases of a list of exceptions stand."""
        phrases = self._exceptions.get(slot, ())
        return [match.span() for phrase in phrases for match in phrase.pattern.finditer(self.text)]

    @cached_property
    def _exceptions(self) -> dict[Slot, set[Compiled]]:
        return self._book.candidates(self.present)

    @cached_property
    def denied(self) -> list[Span]:
        """The stretches in which a phrase that begins there is denied."""
        feigned = self.places(("context", "no_negation"))
        negations = [
            span for span in self.places(("context", "negations")) if not _touches(span, feigned)
        ]
        limits = [start for start, _ in self.places(("context", "ends_negation"))]
        return [(stop, self._end_of_denial(stop, limits)) for _, stop in negations]

    def _end_of_denial(self, start: int, limits: Sequence[int]) -> int:
        """Return where the reach of a negation ends: after some words, or with its clause."""
        stop = min(start + self._reach, len(self.text))
        ends = (self.text.find(mark, start, stop) for mark in (PAUSE, END))
        return min([stop, *(at for at in (*ends, *limits) if at >= start)])


def _touches(span: Span, others: Iterable[Span]) -> bool:
    return any(first < span[1] and span[0] < last for first, last in others)


class Rules:
    """What voids the phrases of one category in one text."""

    def __init__(self, said: Said, name: str, category: Category, names: frozenset[str]) -> None:
        self._said = said
        self._name = name
        self._category = category
        self._names = names

    def void(self, span: Span) -> bool:
        """Say whether an exception covers a phrase or voids its sentence, or it is denied."""
        start, stop = span
        if _touches(span, self._covered):
            return True
        if any(first <= start < last for first, last in self._void_sentences):
            return True
        if self._category.nameable and not self._names.isdisjoint(self._said.text[stop : stop + 1]):
            return True
        return self._category.negatable and any(
            first <= start < last for first, last in self._said.denied
        )

    @cached_property
    def _covered(self) -> list[Span]:
        return self._said.places((self._name, "but_not"))

    @cached_property
    def _void_sentences(self) -> list[Span]:
        """Return from where to where nothing is heard: whole sentences."""
        text = self._said.text
        places = self._said.places((self._name, "not_beside"))
        for frame in self._category.frames:
            places += self._said.places(("frames", frame))
        # A sentence without an end reaches to the end of the text: find() gives -1 there.
        return [
            (text.rfind(END, 0, start + 1) + 1, text.find(END, start) % (len(text) + 1))
            for start, _ in places
        ]


def _lists(lexicons: Lexicons) -> dict[Slot, tuple[str, ...]]:
    owners: dict[str, dict[str, tuple[str, ...]]] = {
        **{name: category.lists() for name, category in lexicons.categories.items()},
        "context": lexicons.context.lists(),
        "frames": lexicons.context.frames,
    }
    return {
        (owner, name): phrases for owner, lists in owners.items() for name, phrases in lists.items()
    }
