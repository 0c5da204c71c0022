"""Does a probability mean what it says? Recalibrate only where later outcomes bear it out.

Recalibrating on a stretch that has drifted makes things worse, so every map is fitted on the
earlier outcomes, compared on the later ones, and dropped unless it helps there.
"""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.isotonic import IsotonicRegression

from risk_model.folds import as_told
from risk_model.logistic import Prior, fit_logistic

Floats = NDArray[np.float64]
Kind = Literal["none", "shift", "platt", "isotonic"]

# A probability of 0 or 1 has no logit; one in a million says as much as any history can tell.
CERTAIN = 1e-6
# Steps follow the noise of few outcomes: below about a thousand cases a straight line does better
# (Niculescu-Mizil & Caruana 2005); with 1% positives three hundred of them are many thousand cases.
ISOTONIC_FROM = 300
PLATT_FROM = 30
# The base rate of now is the last quarter's: a month holds too few outcomes, a year is not now.
RECENT_DAYS = 91
AS_THEY_ARE = "left as they are: "
# One-sided 5%: a map that does not clearly help is not worth having.
CLEARLY = 1.645


class Calibrator(BaseEstimator):  # type: ignore[misc]
    """A strictly rising map from probability to probability: ranks never change.

    ``shift`` corrects for a base rate that has changed: the odds times one factor, so that the mean
    is the share of the last quarter (Saerens, Latinne & Decaestecker 2002, with known outcomes).
    ``platt`` is a straight line on the logit, ``isotonic`` joins the centres of the pooled blocks
    by lines on the logit and goes on with slope 1 outside, ``none`` is the identity.
    """

    def __init__(self, kind: Kind = "none") -> None:
        self.kind = kind

    def fit(self, p: ArrayLike, y: ArrayLike, days: ArrayLike | None = None) -> Self:
        """Learn from probabilities p and outcomes y in {0, 1}, both of shape (n,).

        ``days`` are their day numbers: of those, ``shift`` looks at the last quarter only.
        """
        scores, target = to_logit(p), np.asarray(y, dtype=np.int64)
        self.reason_ = "asked for"
        if self.kind == "shift":
            now = _recent(days, len(target))
            self.intercept_ = _shift(scores[now], int(target[now].sum()))
        elif self.kind == "platt":
            flat = Prior(np.ones(1), np.zeros(1), np.zeros(1, dtype=np.int64))
            slope, self.intercept_, _ = fit_logistic(
                scores[:, None], target, np.ones(len(target)), flat
            )
            self.slope_ = float(slope[0])
        elif self.kind == "isotonic":
            self.knots_, self.values_ = _blocks(scores, target)
        return self

    @property
    def rises(self) -> bool:
        """Say whether the fitted map keeps the order: noise can turn a line upside down."""
        return self.kind != "platt" or self.slope_ > 0

    def map_logit(self, scores: ArrayLike) -> Floats:
        """Return the calibrated logit of logits of shape (n,)."""
        z = np.asarray(scores, dtype=np.float64)
        if self.kind == "shift":
            return np.asarray(self.intercept_ + z)
        if self.kind == "platt":
            return np.asarray(self.intercept_ + self.slope_ * z)
        if self.kind == "isotonic":
            inside = np.clip(z, self.knots_[0], self.knots_[-1])
            return np.asarray(np.interp(inside, self.knots_, self.values_) + (z - inside))
        return z

    def predict(self, p: ArrayLike) -> Floats:
        """Return the calibrated probabilities of probabilities of shape (n,)."""
        return np.asarray(expit(self.map_logit(to_logit(p))))


def to_logit(p: ArrayLike) -> Floats:
    """Return the logit, with 0 and 1 taken for one in a million."""
    return np.asarray(logit(np.clip(np.asarray(p, dtype=np.float64), CERTAIN, 1 - CERTAIN)))


def log_losses(y: ArrayLike, p: ArrayLike) -> Floats:
    """Return the log loss of each row, shape (n,)."""
    scores, target = to_logit(p), np.asarray(y, dtype=np.float64)
    return np.asarray(np.logaddexp(0, scores) - target * scores)


def paired_z(before: Floats, after: Floats, groups: ArrayLike) -> float:
    """Return by how many standard errors over groups the losses ``after`` are lower."""
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    gain = np.bincount(group, weights=before - after)
    spread = float(np.sqrt(gain.size * gain.var()))
    return float(gain.sum() / spread) if spread > 0 else 0.0


def choose_calibration(
    p_oof: ArrayLike,
    y: ArrayLike,
    days: ArrayLike,
    groups: ArrayLike,
    horizon: int = 0,
    settled: ArrayLike | None = None,
) -> Calibrator:
    """Return the map that helps on later outcomes, fitted on all; else the identity.

    ``p_oof`` are probabilities of rows that their model had not seen; all of shape (n,). A map is
    fitted on the rows whose outcome was known when the later half of the positives begins, and
    kept when its log loss there, summed by account, is clearly lower. ``settled`` are the day
    numbers from which outcomes can be known, where not from the horizon's end. ``reason_`` says
    why.
    """
    p, target = np.asarray(p_oof, dtype=np.float64), np.asarray(y, dtype=np.int64)
    day, group = np.asarray(days, dtype=np.int64), np.asarray(groups)
    earlier, later, middle = _halves(target, day, horizon)
    since = None if settled is None else np.asarray(settled, dtype=np.int64)
    then = as_told(target, since, middle)
    known, checked = int(then[earlier].sum()), int(target[later].sum())
    if min(known, checked) < PLATT_FROM:
        return _identity(f"too few positives to compare: {known} earlier, {checked} later")
    best, reason, least = "none", "", log_losses(target[later], p[later])
    kinds: list[Kind] = ["shift", "platt", "isotonic"]
    for kind in kinds if known >= ISOTONIC_FROM else kinds[:2]:
        trial = Calibrator(kind).fit(p[earlier], then[earlier], day[earlier])
        losses = log_losses(target[later], trial.predict(p[later]))
        z = paired_z(least, losses, group[later])
        if trial.rises and z > CLEARLY:
            best, least = kind, losses
            reason = f"{kind}: lower log loss on later outcomes by {z:.1f} standard errors"
    chosen = Calibrator(best).fit(p, target, day)  # type: ignore[arg-type]
    if best == "none" or not chosen.rises:
        return _identity("no map had a clearly lower log loss on later outcomes")
    chosen.reason_ = reason
    return chosen


def _recent(days: ArrayLike | None, n: int) -> NDArray[np.bool_]:
    """Return a mask of the rows of the last quarter; of all rows without days."""
    if days is None:
        return np.ones(n, dtype=bool)
    day = np.asarray(days, dtype=np.int64)
    return np.asarray(day > day.max() - RECENT_DAYS)


def _shift(scores: Floats, positives: int) -> float:
    """Return what is added to the logits for their mean probability to be the share of positives.

    Half a positive is taken for none and for all: a share of 0 or 1 has no logit.
    """
    n = len(scores)
    share = min(max(positives, 0.5), n - 0.5) / n
    farthest = float(np.abs(scores).max()) + abs(float(logit(share))) + 1.0
    return float(brentq(lambda b: float(expit(scores + b).mean()) - share, -farthest, farthest))


def _identity(reason: str) -> Calibrator:
    calibrator = Calibrator().fit(np.array([0.5]), np.array([0]))
    calibrator.reason_ = AS_THEY_ARE + reason
    return calibrator


def _halves(y: NDArray[np.int64], day: NDArray[np.int64], horizon: int) -> tuple[Any, Any, int]:
    """Return masks (outcomes known before the later half of the positives; that half), its day."""
    positive = np.sort(day[y == 1])
    if positive.size == 0:
        return np.zeros(len(y), dtype=bool), np.zeros(len(y), dtype=bool), 0
    middle = int(positive[positive.size // 2])
    return day + max(horizon, 1) <= middle, day >= middle, middle


def _blocks(scores: Floats, y: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return centre and smoothed logit of each block of the isotonic regression, both rising."""
    steps = IsotonicRegression(out_of_bounds="clip").fit_transform(scores, y)
    _, block = np.unique(steps, return_inverse=True)
    size = np.bincount(block)
    # A block without a positive is no proof of impossibility: one row more, at the overall share.
    share = (np.bincount(block, weights=y) + y.mean()) / (size + 1)
    centres = np.bincount(block, weights=scores) / size
    # Smoothing may upset the order of small blocks; pooling once more restores it.
    values = IsotonicRegression().fit_transform(centres, to_logit(share), sample_weight=size)
    keep = np.append(True, np.diff(values) > 1e-9)
    return centres[keep], values[keep]
