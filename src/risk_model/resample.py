"""How sure a figure is: resampling and reassigning whole accounts, without fitting anything again.

Snapshots of one account repeat each other, so an account is drawn with all its rows or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from risk_model.calibration import log_losses
from risk_model.errors import UsageError
from risk_model.measure import auroc, average_precision, flagged

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

# Draws held in memory at once.
AT_ONCE = 50
# Where more draws than this hold no escalation at all, the rest tell of the few accounts that have
# one and not of how sure the figure is: with one such account a draw misses it by 37%.
MOST_EMPTY = 0.05
STATISTICS = (
    "auroc",
    "average_precision",
    "brier",
    "log_loss",
    "top_tenth_precision",
    "top_tenth_recall",
)


@dataclass(frozen=True)
class Interval:
    """A figure with the central interval of its resamples; ``resamples`` had both classes.

    ``low`` and ``high`` are NaN where too many had not (MOST_EMPTY).
    """

    estimate: float
    low: float
    high: float
    resamples: int

    def to_dict(self) -> dict[str, float]:
        """Return plain numbers."""
        return {"estimate": self.estimate, "low": self.low, "high": self.high}

    def told(self, form: str = ".3f") -> str:
        """Return the figure with its interval as people read it."""
        if np.isnan(self.low) or np.isnan(self.high):
            return f"{self.estimate:{form}} (too few accounts)"
        return f"{self.estimate:{form}} [{self.low:{form}}, {self.high:{form}}]"


@dataclass(frozen=True)
class Difference(Interval):
    """A difference of two figures on the same rows; ``p_value`` is two-sided."""

    p_value: float

    def to_dict(self) -> dict[str, float]:
        """Return plain numbers."""
        return super().to_dict() | {"p_value": self.p_value}


class Sums:
    """A figure as a ratio of sums over accounts, so that a redraw of accounts is one product."""

    def __init__(self, part: Floats, whole: Floats, group: Labels) -> None:
        self.part = np.bincount(group, weights=part)
        self.whole = np.bincount(group, weights=whole)

    def redraw(self, counts: Floats) -> Floats:
        """Return the figure for each draw; ``counts`` of shape (draws, accounts)."""
        whole = counts @ self.whole
        return np.where(whole > 0, counts @ self.part / np.where(whole > 0, whole, 1), np.nan)


class Ranks:
    """AUROC or average precision; negatives count only by the positives that they lie between.

    That leaves a step for each distinct score of a positive and one for each gap between two.
    """

    def __init__(self, y: Labels, score: Floats, group: Labels, statistic: str) -> None:
        levels = np.unique(-score[y == 1])
        step = np.searchsorted(levels, -score, "left") + np.searchsorted(levels, -score, "right")
        shape = (2 * levels.size + 1, int(group.max()) + 1)
        self.positive, self.negative = (
            csr_array((np.ones(int(rows.sum())), (step[rows], group[rows])), shape=shape)
            for rows in (y == 1, y == 0)
        )
        self.figure = auroc if statistic == "auroc" else average_precision

    def redraw(self, counts: Floats) -> Floats:
        """Return the figure for each draw; ``counts`` of shape (draws, accounts)."""
        positive, negative = (self.positive @ counts.T).T, (self.negative @ counts.T).T
        return np.array([self.figure(*both) for both in zip(positive, negative, strict=True)])


def prepare(
    statistic: str, y: ArrayLike, p: ArrayLike, groups: ArrayLike, days: ArrayLike | None = None
) -> Sums | Ranks:
    """Return the statistic (one of STATISTICS) ready to be redrawn."""
    target, score = np.asarray(y, dtype=np.int64), np.asarray(p, dtype=np.float64)
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    if statistic in ("auroc", "average_precision"):
        return Ranks(target, score, group, statistic)
    if statistic in ("brier", "log_loss"):
        losses = (score - target) ** 2 if statistic == "brier" else log_losses(target, score)
        return Sums(losses, np.ones(len(target)), group)
    if statistic not in STATISTICS:
        raise UsageError(
            f"evaluate: unknown statistic '{statistic}'; there are {', '.join(STATISTICS)}."
        )
    # Who is listed was decided on all rows; the resamples ask what that decision was worth.
    day = np.zeros(len(target), dtype=np.int64) if days is None else np.asarray(days)
    chance = flagged(score, day)
    whole = chance if statistic == "top_tenth_precision" else target.astype(np.float64)
    return Sums(chance * target, whole, group)


def redraw(figures: Sequence[Sums | Ranks], groups: ArrayLike, n: int, seed: int) -> Floats:
    """Return every figure on all accounts (first row) and on n draws, shape (n + 1, figures).

    A draw takes as many accounts as there are, with replacement; all figures see the same ones.
    """
    accounts = np.unique(np.asarray(groups)).size
    share = np.full(accounts, 1 / accounts)
    rng = np.random.default_rng(seed)
    drawn = [np.column_stack([figure.redraw(np.ones((1, accounts))) for figure in figures])]
    for start in range(0, n, AT_ONCE):
        counts = rng.multinomial(accounts, share, size=min(AT_ONCE, n - start)).astype(np.float64)
        drawn.append(np.column_stack([figure.redraw(counts) for figure in figures]))
    return np.vstack(drawn)


def interval_of(drawn: Floats, level: float = 0.95) -> Interval:
    """Return estimate and central interval of a figure: all accounts first, then the draws."""
    inner = drawn[1:][~np.isnan(drawn[1:])]
    enough = inner.size >= (1 - MOST_EMPTY) * (drawn.size - 1)
    low, high = _central(inner, level) if enough else (float("nan"), float("nan"))
    return Interval(float(drawn[0]), low, high, inner.size)


def difference_of(first: Floats, second: Floats, level: float = 0.95) -> Difference:
    """Return first − second with its interval and two-sided p-value, on the same draws."""
    told = interval_of(first - second, level)
    inner = (first - second)[1:]
    tail = min(int((inner <= 0).sum()), int((inner >= 0).sum()))
    p_value = min(1.0, 2 * (tail + 1) / (told.resamples + 1))
    if np.isnan(told.low):
        p_value = float("nan")
    return Difference(told.estimate, told.low, told.high, told.resamples, p_value)


def bootstrap(
    y: ArrayLike,
    p: ArrayLike,
    groups: ArrayLike,
    statistic: str = "auroc",
    *,
    days: ArrayLike | None = None,
    n: int = 500,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Return the statistic (one of STATISTICS) with its interval over resampled accounts.

    All arrays are of shape (rows,); ``days`` make the daily lists of the top tenth.
    """
    figure = prepare(statistic, y, p, groups, days)
    return interval_of(redraw([figure], groups, n, seed)[:, 0], level)


def paired_bootstrap(
    y: ArrayLike,
    p1: ArrayLike,
    p2: ArrayLike,
    groups: ArrayLike,
    statistic: str = "auroc",
    *,
    days: ArrayLike | None = None,
    n: int = 500,
    seed: int = 0,
    level: float = 0.95,
) -> Difference:
    """Return statistic(p1) − statistic(p2) with its interval, both on the same resamples."""
    figures = [prepare(statistic, y, p, groups, days) for p in (p1, p2)]
    drawn = redraw(figures, groups, n, seed)
    return difference_of(drawn[:, 0], drawn[:, 1], level)


def permutation_p(
    y: ArrayLike, p: ArrayLike, groups: ArrayLike, days: ArrayLike, *, n: int = 500, seed: int = 0
) -> float:
    """Return how often a random reassignment of labels reaches the AUROC that was found.

    Each account is given the labels of another one, day by day: what repeats within an account
    and what changes over time stay as they are, only the tie to the predictions is cut. Days on
    which the other account has no snapshot drop out.
    """
    target, score = np.asarray(y, dtype=np.int64), np.asarray(p, dtype=np.float64)
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    _, day = np.unique(np.asarray(days), return_inverse=True)
    _, step = np.unique(-score, return_inverse=True)
    labels = np.full((group.max() + 1, day.max() + 1), -1, dtype=np.int64)
    labels[group, day] = target
    found = _auroc_by_step(target, step)
    rng, reached, counted = np.random.default_rng(seed), 0, 0
    for _ in range(n):
        drawn = _auroc_by_step(labels[rng.permutation(len(labels))[group], day], step)
        counted += not np.isnan(drawn)
        reached += drawn >= found
    return (reached + 1) / (counted + 1)


def _auroc_by_step(labels: Labels, step: Labels) -> float:
    """Return the AUROC of labels 1 and 0 by the number of their step; others drop out."""
    size = int(step.max()) + 1
    positive = np.bincount(step[labels == 1], minlength=size)
    negative = np.bincount(step[labels == 0], minlength=size)
    return auroc(positive.astype(np.float64), negative.astype(np.float64))


def _central(drawn: Floats, level: float) -> tuple[float, float]:
    if drawn.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
