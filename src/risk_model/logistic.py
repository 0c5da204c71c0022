"""The logistic regression that learner, stack and calibration share: penalised, signs bounded."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

Floats = NDArray[np.float64]

# Below this many cells (180,000 rows of 110 features) one thread is fast enough, and a second one
# on a busy machine made a fit ten times slower: the threads waited for each other.
SMALL_TABLE = 20_000_000


def threads_for(table: NDArray[Any]) -> AbstractContextManager[Any]:
    """Let the numerical libraries do with one thread while a small table is at hand."""
    few = 1 if table.size < SMALL_TABLE else None
    limits: AbstractContextManager[Any] = _libraries().limit(limits=few)
    return limits


@cache
def _libraries() -> Any:
    """Return the numerical libraries that are loaded, looked for once: it takes 5 ms."""
    # It loads the threads that boosting uses, which would not be found before.
    import sklearn  # noqa: F401

    return ThreadpoolController()


@dataclass(frozen=True)
class Prior:
    """What is believed of the coefficients before the data: where, how firmly, of which sign.

    ``anchor`` and ``firmness`` of shape (k,): the penalty is
    ``sum(firmness * (coef - anchor) ** 2) / 2`` beside the summed log loss. ``signs`` of shape
    (k,): +1 never negative, -1 never positive, 0 free.
    """

    anchor: Floats
    firmness: Floats
    signs: NDArray[np.int64]

    @classmethod
    def ridge(cls, signs: NDArray[np.int64], variance: float) -> Prior:
        """Believe in coefficients around 0 of this variance (scikit-learn's ``C``)."""
        return cls(np.zeros(len(signs)), np.full(len(signs), 1 / variance), signs)


def fit_logistic(
    Z: NDArray[Any], y: NDArray[np.int64], weight: Floats, prior: Prior, max_iter: int = 500
) -> tuple[Floats, float, int]:
    """Return coefficients of shape (k,), the intercept and the number of iterations.

    Z of shape (n, k) in single or double precision, y in {0, 1} with both classes, weights of
    shape (n,). The intercept is neither bounded nor penalised.
    """
    total = float(weight.sum())
    share, target = (weight / total).astype(Z.dtype), y.astype(Z.dtype)
    firmness = prior.firmness / total

    def loss(theta: Floats) -> tuple[float, Floats]:
        scores = Z @ theta[:-1].astype(Z.dtype) + Z.dtype.type(theta[-1])
        losses = np.logaddexp(0, scores) - target * scores
        residual = share * (expit(scores) - target)
        away = theta[:-1] - prior.anchor
        slope = np.append(residual @ Z + firmness * away, residual.sum(dtype=np.float64))
        value = float(np.dot(share, losses)) + 0.5 * float(firmness @ away**2)
        return value, slope.astype(np.float64)

    start = np.append(prior.anchor, logit(float(weight @ y) / total))
    bounds = [(0 if s > 0 else None, 0 if s < 0 else None) for s in prior.signs]
    # Stop at the precision that the numbers have.
    close = 1e-6 if Z.dtype == np.float32 else 1e-9
    with threads_for(Z):
        found = minimize(
            loss,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[*bounds, (None, None)],
            options={"maxiter": max_iter, "gtol": close, "ftol": close * 1e-3},
        )
    return found.x[:-1], float(found.x[-1]), max(1, int(found.nit))
