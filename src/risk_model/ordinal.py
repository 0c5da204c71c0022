"""An ordinal logistic regression: one set of coefficients, one threshold between two classes.

The model of McCullagh (1980), ``logit P(y <= k) = a_k + x w``, fitted as one binary regression over
all thresholds at once: each row stands once a threshold, so few labels go a long way. Classes are
in their sorted order, the first the worst.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from risk_model.logistic import Prior, fit_logistic
from risk_model.scaling import Scaling

Floats = NDArray[np.float64]
# Just enough to hold the thresholds where nobody stands between two classes.
NEARLY_FREE = 1e-3


class OrdinalLogistic(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Ridge-penalised cumulative logits with bounded signs; gaps stand at the median.

    ``penalty`` is the weight of the squared coefficients in standard units. ``directions`` maps
    names of columns to +1 (more is never milder), -1 (less is never milder) or 0.

    Fitted: ``classes_`` of shape (c,), ``scaling_``, ``coef_`` of shape (k,) and ``thresholds_``
    of shape (c - 1,), rising.
    """

    def __init__(self, penalty: float = 10.0, directions: Mapping[str, int] | None = None) -> None:
        self.penalty = penalty
        self.directions = directions

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit on X of shape (n, k) and y of two or more classes."""
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        check_classification_targets(y)
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
        self.classes_, grade = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("an ordinal regression needs more than one class; y has only 1 class")
        worst = (grade <= (len(self.classes_) - 2) // 2).astype(np.int64)
        self.scaling_ = Scaling().fit(X, worst, weight)
        Z = self.scaling_.transform(X)
        self._fit_thresholds(Z, grade, weight)
        return self

    def _fit_thresholds(self, Z: Floats, grade: NDArray[np.intp], weight: Floats) -> None:
        """Fit all thresholds at once: row i stands once for each, asked ``y <= k``."""
        cuts, width = len(self.classes_) - 1, Z.shape[1]
        stacked = np.zeros((len(Z) * cuts, width + cuts - 1))
        target = np.empty(len(Z) * cuts, dtype=np.int64)
        for k in range(cuts):
            rows = slice(k * len(Z), (k + 1) * len(Z))
            stacked[rows, :width] = Z
            # Each threshold but the first adds its own step to those before: steps never fall.
            stacked[rows, width : width + k] = 1.0
            target[rows] = grade <= k
        firmness = np.concatenate([np.full(width, self.penalty), np.full(cuts - 1, NEARLY_FREE)])
        signs = np.concatenate([self._signs(), np.ones(cuts - 1, dtype=np.int64)])
        prior = Prior(np.zeros(width + cuts - 1), firmness, signs)
        theta, first, self.n_iter_ = fit_logistic(stacked, target, np.tile(weight, cuts), prior)
        self.coef_ = theta[:width]
        self.thresholds_ = first + np.concatenate([[0.0], np.cumsum(theta[width:])])

    def _signs(self) -> NDArray[np.int64]:
        """Return the bound of each coefficient; that a value is missing has no direction."""
        names = getattr(self, "feature_names_in_", None)
        known = self.directions or {}
        used = len(self.scaling_.used_)
        signs = np.zeros(len(self.scaling_.owner_), dtype=np.int64)
        if names is not None:
            signs[:used] = [known.get(str(names[j]), 0) for j in self.scaling_.used_]
        return signs

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, shape (n, c)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64, ensure_all_finite="allow-nan")
        pull = self.scaling_.transform(X) @ self.coef_
        below = expit(pull[:, None] + self.thresholds_)
        edges = np.column_stack([np.zeros(len(X)), below, np.ones(len(X))])
        return np.asarray(np.clip(np.diff(edges, axis=1), 0.0, 1.0))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likeliest class, shape (n,)."""
        check_is_fitted(self)
        return np.asarray(self.classes_[np.argmax(self.predict_proba(X), axis=1)])
