"""From features as measured to columns that a linear model can use: bent, centred, clipped."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

Floats = NDArray[np.float64]

# A quarter of a normal distribution's values lie 0.6745 deviations above the middle.
IQR_OF_NORMAL = 1.349
# An indicator is kept when the share of positives differs by this many standard errors. Snapshots
# of one account repeat each other, so it is stricter than the customary 2.
INFORMATIVE = 3.0
RAREST_GAP = 0.01
# Columns that are bent at once: all of them would stand in memory several times.
AT_ONCE = 16


class Scaling(BaseEstimator):  # type: ignore[misc]
    """Signed log, robust standard units, clipped; gaps at the median, with a flag where they tell.

    Counts and money have long tails: ``sign(x) log(1 + |x|)`` bends them. The unit is the
    interquartile range, and the standard deviation where most rows share one value. Columns that
    hold one value are dropped.

    Fitted: ``used_`` and ``flagged_`` are feature positions, ``centre_`` and ``unit_`` of shape
    (len(used_),), ``owner_`` the feature position of each output column.
    """

    def __init__(self, clip: float = 6.0) -> None:
        self.clip = clip

    def fit(self, X: Floats, y: NDArray[np.int64], weight: Floats) -> Self:
        """Learn units from X of shape (n, k), y in {0, 1} and weights of shape (n,)."""
        kept, centres, units = [], [], []
        for j in range(X.shape[1]):
            centre, unit = _centre_and_unit(_bend(X[:, j]), weight)
            if unit > 0:
                kept.append(j)
                centres.append(centre)
                units.append(unit)
        self.used_ = np.array(kept, dtype=np.int64)
        self.centre_ = np.array(centres, dtype=np.float64)
        self.unit_ = np.array(units, dtype=np.float64)
        self.flagged_ = _informative_gaps(np.isnan(X), y, weight)
        self.owner_ = np.concatenate([self.used_, self.flagged_])
        return self

    def transform(self, X: Floats, dtype: Any = np.float64) -> NDArray[Any]:
        """Return the columns for the model, shape (n, len(owner_)), without gaps."""
        width = len(self.used_)
        out = np.empty((X.shape[0], len(self.owner_)), dtype=dtype)
        for first in range(0, width, AT_ONCE):
            some = slice(first, min(first + AT_ONCE, width))
            scaled = (_bend(X[:, self.used_[some]]) - self.centre_[some]) / self.unit_[some]
            np.clip(scaled, -self.clip, self.clip, out=scaled)
            out[:, some] = np.nan_to_num(scaled, copy=False, nan=0.0)
        out[:, width:] = np.isnan(X[:, self.flagged_])
        return out


def _bend(x: Floats) -> Floats:
    return np.asarray(np.copysign(np.log1p(np.abs(x)), x))


def _centre_and_unit(x: Floats, weight: Floats) -> tuple[float, float]:
    """Return median and unit of the measured values; a unit of 0 says that there is one value."""
    measured = ~np.isnan(x) & (weight > 0)
    x, weight = x[measured], weight[measured]
    if x.size == 0 or x.min() == x.max():
        return 0.0, 0.0
    low, centre, high = _quantiles(x, weight, (0.25, 0.5, 0.75))
    if high > low:
        return centre, (high - low) / IQR_OF_NORMAL
    mean = float(np.average(x, weights=weight))
    return centre, float(np.sqrt(np.average((x - mean) ** 2, weights=weight)))


def _quantiles(x: Floats, weight: Floats, shares: tuple[float, ...]) -> list[float]:
    """Return the smallest values below or at which these shares of the weight lie."""
    if weight.min() == weight.max():
        ordered, reached = np.sort(x), np.arange(1, x.size + 1, dtype=np.float64)
    else:
        order = np.argsort(x, kind="stable")
        ordered, reached = x[order], np.cumsum(weight[order])
    wanted = np.array(shares) * reached[-1]
    at = np.minimum(np.searchsorted(reached, wanted), x.size - 1)
    return [float(value) for value in ordered[at]]


def _informative_gaps(
    gaps: NDArray[np.bool_], y: NDArray[np.int64], weight: Floats
) -> NDArray[np.int64]:
    """Return the features whose being unmeasured goes with y, one for each pattern of gaps."""
    total = weight.sum()
    share = (weight @ gaps) / total
    kept: list[int] = []
    seen: set[bytes] = set()
    for j in np.flatnonzero((share > RAREST_GAP) & (share < 1 - RAREST_GAP)):
        pattern = np.packbits(gaps[:, j]).tobytes()
        if pattern not in seen and abs(_difference(gaps[:, j], y, weight)) > INFORMATIVE:
            kept.append(int(j))
        seen.add(pattern)
    return np.array(kept, dtype=np.int64)


def _difference(gap: NDArray[np.bool_], y: NDArray[np.int64], weight: Floats) -> float:
    """Return the difference of the shares of positives in standard errors (pooled z)."""
    there, away = weight @ gap, weight @ ~gap
    prior = float(weight @ y) / (there + away)
    spread = prior * (1 - prior) * (1 / there + 1 / away)
    if spread <= 0:
        return 0.0
    difference = (weight * gap) @ y / there - (weight * ~gap) @ y / away
    return float(difference / np.sqrt(spread))
