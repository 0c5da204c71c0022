"""What one text says: flags by phrases, sentiment by VADER, and which words raised each flag."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from risk_model.text.cleaning import own_words
from risk_model.text.lexicon import CATEGORIES, Category, Lexicons
from risk_model.text.phrases import Compiled, PhraseCompiler, exact_words, read_phrase
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


class PhraseBook:
    """Phrases that are looked up by the words of a text, so that few patterns are ever tried."""

    def __init__(self, compiled: Iterable[tuple[int, Compiled]]) -> None:
        self._by_anchor: dict[str, list[tuple[int, Compiled]]] = {}
        for owner, phrase in compiled:
            for anchor in phrase.anchors:
                self._by_anchor.setdefault(anchor, []).append((owner, phrase))

    def candidates(self, present: Iterable[str]) -> dict[int, list[Compiled]]:
        """Return the phrases that may be in a text with these tokens, by their owner."""
        found: dict[int, list[Compiled]] = {}
        by_anchor = self._by_anchor
        for word in present:
            for owner, phrase in by_anchor.get(word, ()):
                known = found.setdefault(owner, [])
                if phrase not in known:
                    known.append(phrase)
        return found


Span = tuple[int, int]


@dataclass(frozen=True)
class _Rules:
    """The compiled lists of one category that take a finding back."""

    category: Category
    but_not: tuple[Compiled, ...]
    not_beside: tuple[Compiled, ...]


class Ear:
    """Compiled lexicons."""

    def __init__(self, lexicons: Lexicons) -> None:
        self._lexicons = lexicons
        parsed = {text: read_phrase(text, lexicons.groups) for text in _all_phrases(lexicons)}
        exact = {word for parts in parsed.values() for word in exact_words(parts)}
        self._compiler = PhraseCompiler(exact)
        self._compiled = {text: self._compiler.compile(parts) for text, parts in parsed.items()}
        context = lexicons.context
        self._negations = self._all(context.negations)
        self._no_negation = self._all(context.no_negation)
        self._ends_negation = self._all(context.ends_negation)
        self._hypothetical = self._all(context.hypothetical)
        self._rules = [self._rules_of(lexicons.categories[name]) for name in CATEGORIES]
        self._book = PhraseBook(
            (owner, self._compiled[phrase])
            for owner, name in enumerate(CATEGORIES)
            for phrase in lexicons.categories[name].phrases
        )
        self._tokens: dict[str, tuple[str, ...]] = {}
        self._vader: TunedVader | None = None

    def hear(self, text: str) -> dict[str, float]:
        """Return SIGNALS of one text."""
        own = own_words(text)
        words = [token for raw in raw_tokens(normal(own)) for token in self._token(raw)]
        spans = self._findings(words, first_only=True) if words else {}
        heard: dict[str, float] = {"sentiment": self._sentiment(own) if words else 0.0}
        for owner, name in enumerate(CATEGORIES):
            heard[name] = 1.0 if owner in spans else 0.0
        heard["words"] = float(sum(word not in _MARKS for word in words))
        return heard

    def why(self, text: str) -> dict[str, list[str]]:
        """Return the words behind each flag."""
        # Letters like "İ" get longer in lower case: both texts have to keep the same places.
        own = normal(own_words(text))
        placed = [(token, word) for token in tokens(own) for word in self._token_of(token.words)]
        words = [word for _, word in placed]
        starts = list(accumulate((len(word) + 1 for word in words), initial=0))
        told: dict[str, list[str]] = {}
        for owner, spans in sorted(self._findings(words, first_only=False).items()):
            phrases = told.setdefault(CATEGORIES[owner], [])
            for start, stop in sorted(spans):
                first, last = bisect_right(starts, start) - 1, bisect_right(starts, stop - 1) - 1
                phrase = " ".join(own[placed[first][0].start : placed[last][0].stop].split())
                if phrase not in phrases:
                    phrases.append(phrase)
        return told

    def _sentiment(self, own: str) -> float:
        if self._vader is None:
            from risk_model.text.sentiment import TunedVader

            self._vader = TunedVader(self._lexicons.sentiment)
        return self._vader.compound(own)

    def _findings(self, words: Sequence[str], first_only: bool) -> dict[int, list[Span]]:
        """Return, for each category by its number, where its phrases stand and count."""
        said = f" {' '.join(words)} "
        found: dict[int, list[Span]] = {}
        for owner, phrases in self._book.candidates(dict.fromkeys(words)).items():
            spans = self._heard(said, phrases, self._rules[owner])
            kept = [span for span, _ in zip(spans, range(1), strict=False)] if first_only else [
                *spans
            ]
            if kept:
                found[owner] = kept
        return found

    def _heard(self, said: str, phrases: Sequence[Compiled], rules: _Rules) -> Iterator[Span]:
        for phrase in phrases:
            for match in phrase.pattern.finditer(said):
                if not self._taken_back(said, match.span(), rules):
                    yield match.span()

    def _taken_back(self, said: str, span: Span, rules: _Rules) -> bool:
        """Say whether an exception, a negation or a mere supposition voids a finding."""
        start, stop = said.rfind(END, 0, span[0] + 1) + 1, said.find(END, span[1] - 1)
        sentence = said[start : stop if stop >= 0 else None]
        here = (span[0] - start, span[1] - start)
        if any(_overlaps(phrase, sentence, here) for phrase in rules.but_not):
            return True
        if any(phrase.pattern.search(sentence) for phrase in rules.not_beside):
            return True
        if rules.category.factual and any(
            phrase.pattern.search(sentence) for phrase in self._hypothetical
        ):
            return True
        return rules.category.negatable and self._is_negated(sentence[: here[0] + 1])

    def _is_negated(self, before: str) -> bool:
        """Say whether the last words before a phrase deny it."""
        for phrase in self._no_negation:
            before = phrase.pattern.sub(f" {PAUSE}", before)
        cut = max(
            (match.end() for phrase in self._ends_negation
             for match in phrase.pattern.finditer(before)),
            default=0,
        )
        before = before[max(cut, before.rfind(f" {PAUSE} ") + 2) :]
        near = " ".join(before.split()[-self._lexicons.context.reach :])
        return any(phrase.pattern.search(f" {near} ") for phrase in self._negations)

    def _token(self, raw: str) -> tuple[str, ...]:
        known = self._tokens.get(raw)
        if known is None:
            if len(self._tokens) >= _REMEMBERED_WORDS:
                self._tokens.clear()
            known = self._tokens[raw] = self._token_of(written_out(raw))
        return known

    def _token_of(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self._compiler.token(word) for word in words)

    def _all(self, phrases: Sequence[str]) -> tuple[Compiled, ...]:
        return tuple(self._compiled[phrase] for phrase in phrases)

    def _rules_of(self, category: Category) -> _Rules:
        return _Rules(category, self._all(category.but_not), self._all(category.not_beside))


def _overlaps(phrase: Compiled, sentence: str, span: Span) -> bool:
    return any(
        match.start() < span[1] and span[0] < match.end()
        for match in phrase.pattern.finditer(sentence)
    )


def _all_phrases(lexicons: Lexicons) -> set[str]:
    owners = (lexicons.context, *lexicons.categories.values())
    return {phrase for owner in owners for phrases in owner.lists().values() for phrase in phrases}
