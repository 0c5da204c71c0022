"""What was set out to be reached in speed and memory, what was, and how straight growth is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MILLION = 1_000_000
Row = dict[str, Any]


@dataclass(frozen=True)
class Bar:
    """A figure with its bound: ``at_most``, or else at least."""

    name: str
    value: float
    bound: float
    at_most: bool = True

    @property
    def met(self) -> bool:
        """Whether the figure, as it is told, keeps to the bound."""
        told = round(self.value, 2)
        return told <= self.bound if self.at_most else told >= self.bound

    @property
    def told(self) -> tuple[str, str, str]:
        """The bound, the figure and the verdict, as texts."""
        bound = f"{'at most' if self.at_most else 'at least'} {self.bound:g}"
        return bound, f"{self.value:.2f}", "met" if self.met else "missed"


def of_features(took: dict[str, Row], weeks: int) -> list[Bar]:
    """Return the bars of the benchmark of features."""

    def ratio(over: str, under: str) -> float:
        return float(took[over]["seconds"] / took[under]["seconds"])

    most = max(t["gigabytes"] for name, t in took.items() if name.startswith("ours "))
    return [
        Bar("features of one day / SQL by hand", ratio("ours 1", "by_hand 1"), 1.2),
        Bar(
            f"features of {weeks} days / SQL by hand",
            ratio(f"ours {weeks}", f"by_hand {weeks}"),
            1.2,
        ),
        Bar(
            f"a query per day / features of {weeks} days",
            ratio(f"join {weeks}", f"ours {weeks}"),
            10,
            at_most=False,
        ),
        Bar(f"{2 * weeks} days / {weeks} days", ratio(f"ours {2 * weeks}", f"ours {weeks}"), 2.2),
        Bar("memory while measuring, in GB", float(most), 8),
    ]


def of_hearing(told: dict[str, Any]) -> list[Bar]:
    """Return the bars of the benchmark of texts."""
    each, seconds = told["a_second"], list(told["seconds"].values())
    ours = each["lists and learned"]
    return [
        Bar("texts on 2 cores / on 1, in speed", seconds[0] / seconds[-1], 1.7, at_most=False),
        Bar("time of a text / nltk's VADER alone", each["VADER"] / ours, 1.2),
        Bar("time of a text / VADER, nltk's tokens and stems", each["nltk by hand"] / ours, 1.2),
    ]


def of_scoring(rows: Sequence[Row]) -> list[Bar]:
    """Return the bars of the benchmark of whole runs; none where no run had a million accounts."""
    largest = [row for row in rows if row["accounts"] >= MILLION]
    return [
        bar
        for row in largest
        for bar in (
            Bar("a million accounts scored, in minutes", row["seconds"] / 60, 5),
            Bar("memory of that, in GB", row["gigabytes"], 8),
        )
    ]


def table_of(bars: Sequence[Bar]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield "| | set out | is | |"
    yield "|---|---|---|---|"
    for bar in bars:
        yield f"| {bar.name} | {' | '.join(bar.told)} |"


def straightness(rows: Sequence[Row], key: str = "seconds") -> tuple[float, float]:
    """Return R2 of a straight line over accounts, and the power by which the largest step grows.

    1 is in proportion; what every run has to do anyway makes it less.
    """
    accounts, values = (np.array([row[name] for row in rows], float) for name in ("accounts", key))
    line = np.polyval(np.polyfit(accounts, values, 1), accounts)
    unexplained = ((values - line) ** 2).sum() / ((values - values.mean()) ** 2).sum()
    (some, more), (before, after) = accounts[-2:], values[-2:]
    return float(1 - unexplained), float(np.log(after / before) / np.log(more / some))
