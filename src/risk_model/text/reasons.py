"""Which words of a message made the learned ear raise a flag."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from risk_model.text.terms import LONGEST_RUN, runs, term
from risk_model.text.words import END, PAUSE

MOST_SHOWN = 3

Span = tuple[int, int]


def telling(words: Sequence[str], weigh: Callable[[str], float]) -> list[Span]:
    """Return the stretches of up to LONGEST_RUN words that weigh most, MOST_SHOWN at most.

    ``weigh`` gives the weight of a run of stems; a stretch weighs what all runs in it weigh
    together. There is always one, and no two share a word.
    """
    found = sorted(
        (-sum(weigh(run) for run in runs(stems)), span) for stems, span in _stretches(words)
    )
    shown: list[Span] = []
    for weight, span in found:
        apart = all(span[1] <= start or stop <= span[0] for start, stop in shown)
        if apart and len(shown) < MOST_SHOWN and (weight < 0 or not shown):
            shown.append(span)
    return sorted(shown)


def _stretches(words: Sequence[str]) -> Iterator[tuple[list[str], Span]]:
    """Yield the stems of each stretch within a sentence, and its first and last word plus one."""
    sentence: list[tuple[int, str]] = []
    for at, word in enumerate([*words, END]):
        if word == END:
            for length in range(1, LONGEST_RUN + 1):
                for first in range(len(sentence) - length + 1):
                    part = sentence[first : first + length]
                    yield [stem for _, stem in part], (part[0][0], part[-1][0] + 1)
            sentence = []
        elif word != PAUSE:
            sentence.append((at, term(word)))
