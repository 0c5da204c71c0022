"""How much to trust the rules and how much the learners: few weights, shrunk to the better half."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator

from risk_model.calibration import log_losses, paired_z
from risk_model.logistic import Prior, fit_logistic

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

# A member that says nearly the same of everybody holds its weight as if its logit varied this
# much; otherwise the outcomes would set a weight that means nothing.
FLAT = 1e-6

# From so many escalations on the learners are averaged. Below, what the first leaves to the others
# grows with the escalations, and it takes more to prove another way better: boosting over a few
# dozen outcomes is worth a little beside the logistic regression and not as much as it, and what
# looks better is often luck (benchmarks/learning_curves.py).
AVERAGE_FROM = 100
# How much better is clearly better, in standard errors of the paired difference.
CLEARLY_BETTER, CLEARLY_BETTER_BY_FEW = 1.0, 2.0


class Stack(BaseEstimator):  # type: ignore[misc]
    """Weights, none negative, and an intercept over the members' logits.

    The learners are averaged; with fewer than ``AVERAGE_FROM`` escalations the others have the part
    of their shares that the escalations are of it, and the first has the rest. If one of them is
    clearly better, it speaks alone. Then rules and learners are weighed against
    each other, with a prior that counts as much as ``shrink`` escalations: at the learners alone,
    or at the rules where these are clearly better, for a learner's predictions ahead of time come
    from less data than the learner itself. ``has_rules`` says that the first column is the rules',
    ``names`` are the learners' (for ``reason_``).

    Fitted: ``weights_`` of shape (members,), ``intercept_``, ``reason_``.
    """

    def __init__(
        self, has_rules: bool = False, shrink: float = 60.0, names: tuple[str, ...] = ()
    ) -> None:
        self.has_rules = has_rules
        self.shrink = shrink
        self.names = names

    def lean(self, logits: Floats, reason: str, rules_only: bool = True) -> Self:
        """Weigh without outcomes: the rules alone, or they and the first learner alike.

        Alike means equally far apart over ``logits`` of shape (n, members), at the learner's level;
        no rule weighs more than it says.
        """
        members = logits.shape[1]
        self.weights_, self.intercept_, self.reason_ = np.zeros(members), 0.0, reason
        self.weights_[0] = 1.0
        if self.has_rules and members > 1 and not rules_only:
            spread = np.sqrt(np.maximum(logits[:, :2].var(axis=0), FLAT))
            self.weights_[:2] = np.minimum(0.5 * spread[1] / spread, 1.0)
            mean = logits.mean(axis=0)
            self.intercept_ = float(mean[1] - self.weights_ @ mean)
        return self

    def fit(self, logits: Floats, y: Labels, groups: ArrayLike, evidence: float = 1.0) -> Self:
        """Weigh by out-of-fold logits of shape (n, members) and outcomes y of shape (n,).

        ``evidence`` is the number of escalations a positive row stands for (at most 1), for
        snapshots of an account see the same escalation several times.
        """
        account = np.asarray(groups)
        mix, told = self._mix(logits, y, account, evidence)
        halves = logits @ mix
        slopes, self.intercept_, told_halves = self._weigh(halves, y, account, evidence)
        self.weights_ = mix @ slopes
        self.reason_ = "; ".join(part for part in (told, told_halves) if part)
        return self

    def decide(self, logits: Floats) -> Floats:
        """Return the blended logit of logits of shape (n, members)."""
        return np.asarray(logits @ self.weights_ + self.intercept_)

    def _mix(
        self, logits: Floats, y: Labels, groups: NDArray[Any], evidence: float
    ) -> tuple[Floats, str]:
        """Return (members, halves): how the members make up rules and the learners' half."""
        first, members = int(self.has_rules), logits.shape[1]
        learners = members - first
        if learners == 0:
            return np.eye(1), ""
        columns = logits[:, first:]
        # Each on its own line first: a learner that is shrunk a lot speaks as loud as the others.
        lines = [self._line(column, y, evidence)[0] for column in columns.T]
        mix = np.zeros((members, first + 1))
        mix[:first, :first] = 1.0
        mix[first:, first] = 1.0
        if learners == 1:
            return mix, ""
        shares = _shares(learners, evidence * float(y.sum()))
        options = [np.array(lines) * shares, *np.eye(learners)]
        losses = [self._losses(columns @ option, y, evidence) for option in options]
        best = int(np.argmin([loss.sum() for loss in losses]))
        if not _is_clearly_better(losses[best], losses[0], groups, _are_few(y, evidence)):
            best = 0
        mix[first:, first] = options[best]
        return mix, self._told(best, float(shares[0]), _are_few(y, evidence))

    def _told(self, option: int, share: float, are_few: bool) -> str:
        if option == 0 and not are_few:
            return "the learners are averaged"
        name = self.names[max(option - 1, 0)] if self.names else f"learner {max(option, 1)}"
        if option == 0:
            return f"{name} has {share:.0%} of the learners' say, escalations being few"
        return f"{name} is clearly the best learner"

    def _weigh(
        self, halves: Floats, y: Labels, groups: NDArray[Any], evidence: float
    ) -> tuple[Floats, float, str]:
        """Return weight of each half and intercept, shrunk to one half alone."""
        spread = np.maximum(halves.var(axis=0), FLAT)
        alone = [self._line(half, y, evidence) for half in halves.T]
        if len(alone) == 1:
            return np.array([alone[0][0]]), alone[0][1], ""
        rules, learners = (self._losses(halves[:, half], y, evidence) for half in (0, 1))
        better = int(not _is_clearly_better(rules, learners, groups, _are_few(y, evidence)))
        anchor = np.where(np.arange(2) == better, alone[better][0], 0.0)
        slopes, intercept, _ = _fit(halves, y, evidence, anchor, self.shrink * spread)
        share = slopes * np.sqrt(spread)
        told = f"rules {share[0] / max(share.sum(), 1e-12):.0%} of the weight"
        return slopes, intercept, f"{told}, shrunk to the {('rules', 'learners')[better]}"

    def _losses(self, half: Floats, y: Labels, evidence: float) -> Floats:
        """Return the log losses of one half on its own, its line fitted."""
        slope, intercept = self._line(half, y, evidence)
        return log_losses(y, expit(slope * half + intercept))

    def _line(self, half: Floats, y: Labels, evidence: float) -> tuple[float, float]:
        """Return slope, shrunk to 1, and intercept that turn one logit into the outcomes'."""
        firmness = np.array([self.shrink * max(float(half.var()), FLAT)])
        slope, intercept, _ = _fit(half[:, None], y, evidence, np.ones(1), firmness)
        return float(slope[0]), intercept


def _shares(learners: int, escalations: float) -> Floats:
    """Return what each learner has of the mix, shape (learners,): the first what others leave."""
    shares = np.full(learners, min(1.0, escalations / AVERAGE_FROM) / learners)
    shares[0] = 1.0 - shares[1:].sum()
    return shares


def _are_few(y: Labels, evidence: float) -> bool:
    return bool(evidence * y.sum() < AVERAGE_FROM)


def _is_clearly_better(one: Floats, other: Floats, groups: NDArray[Any], are_few: bool) -> bool:
    """Say whether losses are lower than others by more than luck would do."""
    least = CLEARLY_BETTER_BY_FEW if are_few else CLEARLY_BETTER
    return bool(one.sum() < other.sum() and paired_z(other, one, groups) >= least)


def _fit(
    halves: Floats, y: Labels, evidence: float, anchor: Floats, firmness: Floats
) -> tuple[Floats, float, int]:
    """Return weights, intercept and iterations; solved in standard units, where it is stable."""
    centre, unit = halves.mean(axis=0), np.sqrt(np.maximum(halves.var(axis=0), FLAT))
    signs = np.ones(halves.shape[1], dtype=np.int64)
    prior = Prior(anchor * unit, firmness / unit**2, signs)
    weight = np.full(len(y), evidence)
    slopes, intercept, steps = fit_logistic((halves - centre) / unit, y, weight, prior)
    return slopes / unit, float(intercept - centre @ (slopes / unit)), steps


def count_escalations(y: Labels, days: Labels, groups: ArrayLike, horizon: int) -> int:
    """Return how many separate escalations the positive rows tell of.

    Positive snapshots of an account not further apart than the horizon may all see the same one.
    """
    positive = np.flatnonzero(y == 1)
    if positive.size == 0:
        return 0
    _, group = np.unique(np.asarray(groups)[positive], return_inverse=True)
    order = np.lexsort((days[positive], group))
    group, day = group[order], days[positive][order]
    new = (np.diff(group) != 0) | (np.diff(day) > horizon)
    return 1 + int(new.sum())
