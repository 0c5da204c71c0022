"""The learned ear beside the lists: how likely each category is said, and what both together say.

A flag of the list stands unless the learned ear finds it next to impossible; without one, only
what it finds likely is a flag. Each sentence is heard by itself, so that neither courtesies nor
anger around it make a fact less likely. One of a word or two, as subjects of tickets are, raises
nothing: "Login" is no breach. Where a company has changed a list, that is heard alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from risk_model.text.learned import Learned
from risk_model.text.terms import pieces, sentences, stems_of
from risk_model.text.words import END

# Chosen by category on the messages of each author, heard by what those of the others taught
# (docs/decisions.md, 59 and 67).
SILENCED_BELOW = {
    "urgency": 0.08,
    "threat": 0.05,
    "competitor": 0.05,
    "legal": 0.05,
    "breach": 0.05,
    "data_loss": 0.04,
    "public": 0.05,
    "hesitancy": 0.1,
    "complaint": 0.05,
    "frustration": 0.1,
    "no_progress": 0.08,
    "expectation_gap": 0.08,
    "billing": 0.12,
    "passed_around": 0.03,
    "executive": 0.1,
    "asks_for_higher": 0.08,
    "outage": 0.05,
    "question": 0.25,
    "thanks": 0.08,
}
RAISED_ABOVE = {
    "urgency": 0.4,
    "threat": 0.35,
    "competitor": 0.25,
    "legal": 0.45,
    "breach": 0.6,
    "data_loss": 0.4,
    "public": 0.4,
    "hesitancy": 0.3,
    "complaint": 0.5,
    "frustration": 0.4,
    "no_progress": 0.3,
    "expectation_gap": 0.3,
    "billing": 0.3,
    "passed_around": 0.3,
    "executive": 0.45,
    "asks_for_higher": 0.4,
    "outage": 0.45,
    "question": 0.65,
    "thanks": 0.6,
}
# A sentence of fewer words raises nothing by itself. Divided by its length a single word speaks as
# loud as a whole sentence of such words, and nobody taught it to stand alone.
LEAST_WORDS = 3
_REMEMBERED_WORDS = 100_000
_END = 0

Numbers = npt.NDArray[np.float64]
# What follows two words: the row of the three.
Thirds = dict[int, int]


@dataclass
class _Found:
    """Distinct words and rows of many texts by sentence: where each begins, and its length."""

    words: list[int]
    rows: list[int]
    word_starts: list[int]
    row_starts: list[int]
    text_starts: list[int]
    lengths: list[int]


class LearnedEar:
    """Compiled weights, for those categories whose list is the one they were learned beside.

    ``categories`` are in the order of the file.
    """

    def __init__(self, learned: Learned, categories: Sequence[str]) -> None:
        self._categories = categories
        self._place = {name: at for at, name in enumerate(categories)}
        columns = [at for at, name in enumerate(learned.lists) if name in self._place]
        weights = learned.weights[:, columns] * learned.rarity[:, None]
        # The last column adds up to the square of the length by which a sum is divided.
        rows = np.column_stack([weights, learned.rarity**2]).astype(np.float32)
        self._nothing = np.zeros(rows.shape[1], dtype=np.float32)
        # Row 0 is that of no phrase.
        self._rows = np.vstack([self._nothing, rows])
        self._row_of = {phrase: row for row, phrase in enumerate(learned.phrases, start=1)}
        self._intercepts = learned.intercepts[columns]
        self._silenced = np.array([SILENCED_BELOW[name] for name in categories])
        self._raised = np.array([RAISED_ABOVE[name] for name in categories])
        between = (self._silenced + self._raised) / 2
        self._not_raised = np.log(between / (1 - between)).astype(np.float32)
        self._forget()

    def settle(self, chances: Numbers, listed: set[str], void: set[str]) -> set[str]:
        """Return the flags of a text by the chances of each category and what the lists heard.

        ``listed`` are the flags of the lists; ``void`` what they found to be denied or excepted,
        which is not raised.
        """
        place = self._place
        heard = {
            name
            for name in listed
            if name not in place or chances[place[name]] >= self._silenced[place[name]]
        }
        likely = np.flatnonzero(chances > self._raised).tolist()
        if likely:
            heard |= {self._categories[at] for at in likely} - void
        return heard

    def chances(self, texts: Sequence[Sequence[str]]) -> Numbers:
        """Return the probability of each category for texts given as their tokens.

        Of shape (texts, categories): the highest of all sentences of a text.
        """
        if len(self._words) > _REMEMBERED_WORDS:
            self._forget()
        found = _Found([], [], [], [], [], [])
        for raws in texts:
            found.text_starts.append(len(found.word_starts))
            self._gather(self._ids(raws), found)
        alone = np.add.reduceat(self._of_words[found.words], found.word_starts)
        together = np.add.reduceat(self._rows[found.rows], found.row_starts)
        half = self._rows.shape[1]
        odds = self._odds(alone[:, :half] + together) + self._odds(alone[:, half:])
        odds = odds + self._intercepts
        short = np.array(found.lengths) < LEAST_WORDS
        odds[short] = np.minimum(odds[short], self._not_raised)
        odds = np.maximum.reduceat(odds, found.text_starts)
        likely: Numbers = 1 / (1 + np.exp(-odds))
        return likely

    def weigher(self, name: str) -> Callable[[str], float]:
        """Return what gives the weight of a run for a category; that of a stem with its pieces."""
        at, half = self._place[name], self._rows.shape[1]

        def weigh(run: str) -> float:
            alone = 0.0 if " " in run else float(self._of_words[self._id(run), half + at])
            return alone + float(self._rows[self._row_of.get(run, 0), at])

        return weigh

    @staticmethod
    def _odds(sums: Numbers) -> Numbers:
        return sums[:, :-1] / np.sqrt(np.maximum(sums[:, -1:], 1e-9))

    def _ids(self, raws: Sequence[str]) -> list[int]:
        """Return the numbers of a text's stems, ends of sentences among them."""
        known = self._ids_of
        ids: list[int] = []
        for raw in raws:
            found = known.get(raw)
            ids += self._learn_token(raw) if found is None else found
        return ids

    def _gather(self, ids: list[int], found: _Found) -> None:
        """Note the distinct words and rows of each sentence of a text, and where it begins."""
        for sentence in sentences(ids, _END) or [[_END]]:
            found.word_starts.append(len(found.words))
            found.row_starts.append(len(found.rows))
            found.lengths.append(len(sentence))
            rows = {0}
            self._find_runs(sentence, rows)
            found.words += set(sentence)
            found.rows += rows

    def _find_runs(self, sentence: list[int], found: set[int]) -> None:
        """Note the rows of the runs of two and three words."""
        follows = self._follows
        seconds: dict[int, tuple[int, Thirds]] | None = None
        thirds: Thirds | None = None
        for word in sentence:
            if thirds and word in thirds:
                found.add(thirds[word])
            thirds = None
            if seconds and word in seconds:
                row, thirds = seconds[word]
                found.add(row)
            seconds = follows.get(word)

    def _forget(self) -> None:
        """Begin with the words of the phrases only."""
        self._ids_of: dict[str, tuple[int, ...]] = {}
        self._words: dict[str, int] = {END: _END}
        self._of_words = np.zeros((1024, 2 * len(self._nothing)), dtype=np.float32)
        self._follows: dict[int, dict[int, tuple[int, Thirds]]] = {}
        for phrase, row in self._row_of.items():
            ids = [self._id(word) for word in phrase.split()] if " " in phrase else []
            if len(ids) == 2:
                seconds = self._follows.setdefault(ids[0], {})
                seconds[ids[1]] = (row, seconds.get(ids[1], (0, {}))[1])
            elif ids:
                seconds = self._follows.setdefault(ids[0], {})
                seconds.setdefault(ids[1], (0, {}))[1][ids[2]] = row

    def _learn_token(self, raw: str) -> tuple[int, ...]:
        ids = self._ids_of[raw] = tuple(self._id(word) for word in stems_of(raw))
        return ids

    def _id(self, word: str) -> int:
        """Return the number of a stem; what it weighs by itself is worked out once."""
        known = self._words.get(word)
        if known is not None:
            return known
        number = self._words[word] = len(self._words)
        if number >= len(self._of_words):
            self._of_words = np.vstack([self._of_words, np.zeros_like(self._of_words)])
        self._of_words[number] = np.concatenate(
            [self._rows[self._row_of.get(word, 0)], self._pieces(word)]
        )
        return number

    def _pieces(self, word: str) -> npt.NDArray[np.float32]:
        rows = [self._row_of[piece] for piece in sorted(pieces(word)) if piece in self._row_of]
        total: npt.NDArray[np.float32] = self._rows[rows].sum(axis=0)
        return total
