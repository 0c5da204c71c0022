"""How good a ranking and its probabilities are: the figures of one set of predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from risk_model.calibration import log_losses
from risk_model.errors import DataRefused

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

TOP = 0.1
BINS = 10


def auroc(positive: Floats, negative: Floats) -> float:
    """Return the chance that a positive stands above a negative, ties as a half.

    ``positive`` and ``negative`` count the rows of each step of score, the highest step first.
    """
    above, below = np.cumsum(positive), float(negative.sum())
    if above[-1] <= 0 or below <= 0:
        return float("nan")
    return float(negative @ (above - positive / 2) / (above[-1] * below))


def average_precision(positive: Floats, negative: Floats) -> float:
    """Return the precision averaged over the positives (scikit-learn's definition).

    The arguments are those of ``auroc``: rows of equal score are one step, no order is made up.
    """
    above, rows = np.cumsum(positive), np.cumsum(positive + negative)
    if above[-1] <= 0:
        return float("nan")
    return float(positive @ (above / np.maximum(rows, 1e-300)) / above[-1])


def steps(y: Labels, score: Floats) -> tuple[Floats, Floats]:
    """Return positives and negatives of each distinct score, the highest first."""
    levels, step = np.unique(-score, return_inverse=True)
    positive = np.bincount(step, weights=y, minlength=levels.size).astype(np.float64)
    every = np.bincount(step, minlength=levels.size).astype(np.float64)
    return positive, every - positive


def flagged(score: Floats, days: Labels, share: float = TOP, capacity: int | None = None) -> Floats:
    """Return for each row the chance that it stands on its day's list, ties drawn by lot.

    A list holds ``capacity`` rows, and without it ``share`` of the rows of that day, rounded up.
    """
    chance = np.zeros(len(score))
    for rows in _by_day(days):
        size = min(len(rows), capacity or int(np.ceil(share * len(rows) - 1e-9)))
        edge = np.partition(score[rows], len(rows) - size)[len(rows) - size]
        above, level = score[rows] > edge, score[rows] == edge
        chance[rows[above]] = 1.0
        chance[rows[level]] = (size - above.sum()) / level.sum()
    return chance


def listed(
    y: Labels, score: Floats, days: Labels, share: float = TOP, capacity: int | None = None
) -> dict[str, float]:
    """Return precision and recall of the daily lists pooled: expected, worst and best over ties."""
    chance = flagged(score, days, share, capacity)
    sure, places, level, level_y = (np.zeros(0) for _ in range(4))
    for rows in _by_day(days):
        tied = (chance[rows] > 0) & (chance[rows] < 1)
        sure = np.append(sure, (y[rows] * (chance[rows] == 1)).sum())
        places = np.append(places, chance[rows][tied].sum())
        level, level_y = np.append(level, tied.sum()), np.append(level_y, y[rows][tied].sum())
    hits = {
        "": float(chance @ y),
        "_worst": float((sure + np.maximum(0, places - (level - level_y))).sum()),
        "_best": float((sure + np.minimum(places, level_y)).sum()),
    }
    on_list, positives = float(chance.sum()), float(y.sum())
    figures = {f"precision{kind}": hit / on_list for kind, hit in hits.items()}
    recalls = {f"recall{kind}": hit / max(positives, 1e-300) for kind, hit in hits.items()}
    return figures | recalls


def calibration_bins(p: Floats, bins: int = BINS) -> Labels:
    """Return the number of each row's bin: bins of equal count, the least probabilities first.

    Rows of equal probability stay in one bin, so no figure hangs on the order of rows.
    """
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    return np.searchsorted(edges, p, side="left")


def calibration_error(y: Labels, p: Floats, bins: int = BINS) -> float:
    """Return the mean gap of probability and share of positives over ``calibration_bins``."""
    gaps = np.bincount(calibration_bins(p, bins), weights=p - y)
    return float(np.abs(gaps).sum() / len(y))


def reliability(y: Labels, p: Floats, bins: int = BINS) -> list[dict[str, float]]:
    """Return for each of ``calibration_bins`` how many rows, the mean said, the share that came."""
    bin_of = calibration_bins(p, bins)
    return [
        {"rows": int(rows.sum()), "said": float(p[rows].mean()), "came": float(y[rows].mean())}
        for rows in (bin_of == number for number in np.unique(bin_of))
    ]


def metrics(
    y: ArrayLike,
    p: ArrayLike,
    days: ArrayLike | None = None,
    *,
    capacity: int | None = None,
    prior: ArrayLike | None = None,
    is_probability: bool = True,
) -> dict[str, float]:
    """Return the figures of outcomes y in {0, 1} and scores p, both of shape (n,).

    ``days`` of shape (n,) make the daily lists (without: one list). ``capacity`` is how many
    accounts a day the team can see to; the top tenth is always told. ``prior`` is the share of
    positives in the *training* rows, a number or one a row: what a constant would have said.
    ``is_probability=False`` leaves out what needs a probability. Raises DataRefused for p that
    holds NaN or for no rows.
    """
    target, score = np.asarray(y, dtype=np.int64), np.asarray(p, dtype=np.float64)
    if target.size == 0 or np.isnan(score).any():
        raise DataRefused("evaluate: there must be rows, and a score for each of them.")
    day = np.zeros(len(target), dtype=np.int64) if days is None else np.asarray(days)
    by_step, prevalence = steps(target, score), float(target.mean())
    figures: dict[str, float] = {
        "rows": float(target.size),
        "positives": float(target.sum()),
        "prevalence": prevalence,
        "auroc": auroc(*by_step),
        "average_precision": average_precision(*by_step),
    }
    figures |= {f"top_tenth_{k}": v for k, v in listed(target, score, day).items()}
    figures["top_tenth_lift"] = figures["top_tenth_precision"] / max(prevalence, 1e-300)
    if capacity is not None:
        at = listed(target, score, day, capacity=capacity)
        figures |= {f"capacity_{k}": v for k, v in at.items()}
    if is_probability:
        figures |= of_probabilities(target, score)
        if prior is not None:
            constant = np.broadcast_to(np.asarray(prior, dtype=np.float64), target.shape)
            figures["brier_prior"] = float(np.mean((constant - target) ** 2))
    return figures


def of_probabilities(y: Labels, p: Floats) -> dict[str, Any]:
    """Return Brier, log loss and calibration error of outcomes y and probabilities p."""
    return {
        "brier": float(np.mean((p - y) ** 2)),
        "log_loss": float(log_losses(y, p).mean()),
        "calibration_error": calibration_error(y, p),
    }


def _by_day(days: Labels) -> list[NDArray[np.intp]]:
    """Return the rows of each day."""
    order = np.argsort(days, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(days[order])) + 1)
