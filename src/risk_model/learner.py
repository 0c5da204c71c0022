"""What is learnt from labels: a logistic regression and a boosting, explained feature by feature.

Both take floats with NaN for *not measured*, know two classes, accept ``sample_weight``, and
split their logit exactly into one contribution a feature.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from risk_model.errors import ConfigError, DataRefused, RiskModelError
from risk_model.logistic import Prior, fit_logistic, threads_for
from risk_model.scaling import Scaling
from risk_model.shapley import base_of, shapley_values

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

# Above this many cells single precision halves the time and moves no probability visibly.
SINGLE_PRECISION_FROM = 2_000_000
EXPLAINED_AT_ONCE = 500


class SingleClass(DataRefused, ValueError):
    """All labels are the same, so nothing can be learnt; a ValueError for scikit-learn too."""


class Learner(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """The manners that learners share: checks, classes, thinning, the logit and its parts.

    ``directions`` maps a feature to +1 (more is worse: never lowers the risk), -1 (more is better)
    or 0. Names that the table does not have are left alone, for a catalogue may hold more.
    ``negatives_per_positive`` keeps that many random negatives a positive and weighs them up
    again, so the prior stays that of the table; None keeps all. ``without`` names features that are
    not looked at, as if they had never been measured.
    """

    directions: Mapping[str, int] | None
    without: Sequence[str] | None
    negatives_per_positive: float | None
    random_state: int | None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from X of shape (n, k), NaN allowed, and two classes y of shape (n,).

        Raises SingleClass when y holds one class only.
        """
        X, y = self._validated(X, y)
        weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        codes, self.classes_ = two_classes(y, weight)
        signs = self._signs()
        rows, weight = thinned(codes, weight, self.negatives_per_positive, self.random_state)
        if len(rows) < len(X):
            X = X[rows]
        self._learn(X, codes[rows], weight, signs)
        return self

    def decision_function(self, X: Any) -> Floats:
        """Return the logit of the second class, shape (n,)."""
        return self._logit(self._checked(X))

    def predict_proba(self, X: Any) -> Floats:
        """Return the probabilities of both classes, shape (n, 2)."""
        positive = expit(self.decision_function(X))
        return np.column_stack([1 - positive, positive])

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likelier class, shape (n,)."""
        likely = self.decision_function(X) > 0
        return np.asarray(self.classes_[likely.astype(int)])

    def contributions(self, X: Any) -> pd.DataFrame:
        """Return what each feature adds to the logit over ``base_``: rows of X by features.

        The columns sum with ``base_`` to ``decision_function(X)``.
        """
        return self.explained(X)[1]

    def explained(self, X: Any) -> tuple[Floats, pd.DataFrame]:
        """Return ``decision_function`` and ``contributions``, worked out together."""
        index = X.index if isinstance(X, pd.DataFrame) else None
        logit, parts = self._explained(self._checked(X))
        return logit, pd.DataFrame(parts, columns=self._names(), index=index, copy=False)

    def _checked(self, X: Any) -> Floats:
        check_is_fitted(self)
        return np.asarray(self._validated(X, reset=False))

    def _validated(self, X: Any, *y: Any, reset: bool = True) -> Any:
        """Return X (and y) as arrays, the features that are left out unmeasured."""
        how = {"dtype": np.float64, "ensure_all_finite": "allow-nan", "reset": reset}
        if isinstance(X, pd.DataFrame):
            return validate_data(self, self._looked_at(X), *y, **how)
        checked = validate_data(self, X, *y, **how)
        return (self._looked_at(checked[0]), checked[1]) if y else self._looked_at(checked)

    def _looked_at(self, X: Any) -> Any:
        """Return X with the features that are left out made unmeasured.

        Of a table only these columns are made anew: a past of many days has no room for a copy.
        """
        off = set(self.without or ())
        if isinstance(X, pd.DataFrame):
            return X.assign(**{name: np.nan for name in X.columns if name in off})
        if not off:
            return X
        X = np.array(X, dtype=np.float64)
        X[:, [place for place, name in enumerate(self._names()) if name in off]] = np.nan
        return X

    def _names(self) -> list[str]:
        if hasattr(self, "feature_names_in_"):
            return [str(name) for name in self.feature_names_in_]
        return [f"x{j}" for j in range(self.n_features_in_)]

    def _signs(self) -> Labels:
        """Return the wanted sign of each feature, shape (k,)."""
        if self.directions and not hasattr(self, "feature_names_in_"):
            raise ConfigError("learner: directions go by name, so X must be a table with names.")
        wanted = dict(self.directions or {})
        wrong = sorted(name for name, sign in wanted.items() if sign not in (-1, 0, 1))
        if wrong:
            raise ConfigError(f"learner: a direction is -1, 0 or +1; not so for: {wrong}.")
        return np.array([int(wanted.get(name, 0)) for name in self._names()], dtype=np.int64)

    @abstractmethod
    def _learn(self, X: Floats, y: Labels, weight: Floats, signs: Labels) -> None:
        """Fit on checked rows; ``signs`` are the wanted directions, shape (k,)."""

    @abstractmethod
    def _logit(self, X: Floats) -> Floats:
        """Return the logit of the second class, shape (n,)."""

    @abstractmethod
    def _explained(self, X: Floats) -> tuple[Floats, Floats]:
        """Return the logit, shape (n,), and what each feature adds to it, shape (n, k)."""


class LogisticLearner(Learner):
    """A penalised logistic regression on bent and robustly scaled features.

    ``C`` is the inverse of the L2 penalty as in scikit-learn, the variance that a coefficient is
    expected to have; ``clip`` the standard units beyond which a value counts no more.
    """

    def __init__(
        self,
        *,
        C: float = 0.003,
        directions: Mapping[str, int] | None = None,
        without: Sequence[str] | None = None,
        clip: float = 6.0,
        negatives_per_positive: float | None = None,
        max_iter: int = 500,
        random_state: int | None = 0,
    ) -> None:
        self.C = C
        self.directions = directions
        self.without = without
        self.clip = clip
        self.negatives_per_positive = negatives_per_positive
        self.max_iter = max_iter
        self.random_state = random_state

    def _learn(self, X: Floats, y: Labels, weight: Floats, signs: Labels) -> None:
        self.scaling_ = Scaling(self.clip).fit(X, y, weight)
        single = X.size > SINGLE_PRECISION_FROM
        Z = self.scaling_.transform(X, np.float32 if single else np.float64)
        wanted = signs[self.scaling_.owner_]
        # Not being measured has no direction, whatever the feature's own is.
        wanted[len(self.scaling_.used_) :] = 0
        self.coef_, self.intercept_, self.n_iter_ = fit_logistic(
            Z, y, weight, Prior.ridge(wanted, self.C), self.max_iter
        )
        self.mean_ = (weight @ Z / weight.sum()).astype(np.float64)
        self.base_ = float(self.intercept_ + self.coef_ @ self.mean_)

    def _logit(self, X: Floats) -> Floats:
        return np.asarray(self.scaling_.transform(X) @ self.coef_ + self.intercept_)

    def _explained(self, X: Floats) -> tuple[Floats, Floats]:
        columns = self.scaling_.transform(X)
        logit = np.asarray(columns @ self.coef_ + self.intercept_)
        parts = np.zeros((len(columns), self.n_features_in_))
        # A feature has one column for its value and one at most for not being measured.
        width = len(self.scaling_.used_)
        # So few rows at a time that they stay in the processor's cache.
        for begin in range(0, len(columns), EXPLAINED_AT_ONCE):
            some = slice(begin, begin + EXPLAINED_AT_ONCE)
            above = (columns[some] - self.mean_) * self.coef_
            parts[some, self.scaling_.used_] += above[:, :width]
            parts[some, self.scaling_.flagged_] += above[:, width:]
        return logit, parts


class BoostingLearner(Learner):
    """Gradient boosted trees with monotone directions, kept small: positives are few.

    The number of trees is fixed: stopping early would need labels from the end of the history,
    where each one is wanted, and a random part of them would leak over time.
    """

    def __init__(
        self,
        *,
        directions: Mapping[str, int] | None = None,
        without: Sequence[str] | None = None,
        max_iter: int = 120,
        learning_rate: float = 0.05,
        max_leaf_nodes: int = 4,
        min_samples_leaf: int = 40,
        l2_regularization: float = 30.0,
        negatives_per_positive: float | None = None,
        random_state: int | None = 0,
    ) -> None:
        self.directions = directions
        self.without = without
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.negatives_per_positive = negatives_per_positive
        self.random_state = random_state

    def _learn(self, X: Floats, y: Labels, weight: Floats, signs: Labels) -> None:
        # No tree splits on what is the same in all rows, and each such column costs time as others.
        self.varying_ = varying(X)
        trees = HistGradientBoostingClassifier(
            max_iter=self.max_iter,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2_regularization,
            monotonic_cst=signs[self.varying_] if signs[self.varying_].any() else None,
            early_stopping=False,
            random_state=self.random_state,
        )
        with threads_for(X):
            # Equal weights say nothing, and with any the binning takes ten times as long.
            alike = weight.min() == weight.max()
            columns = X[:, self.varying_]
            # Where nothing was ever measured there are no bins.
            columns[:, np.isnan(columns).all(axis=0)] = 0.0
            self.trees_ = trees.fit(columns, y, sample_weight=None if alike else weight)
        self.n_iter_ = int(self.trees_.n_iter_)

    @property
    def base_(self) -> float:
        """The logit that the contributions start from."""
        check_is_fitted(self)
        return base_of(self.trees_)

    def _logit(self, X: Floats) -> Floats:
        with threads_for(X):
            logit = self.trees_.decision_function(X[:, self._places()])
        return np.asarray(logit, dtype=np.float64)

    def _explained(self, X: Floats) -> tuple[Floats, Floats]:
        logit, parts = self._logit(X), np.zeros(X.shape)
        parts[:, self._places()] = shapley_values(self.trees_, X[:, self._places()])
        gap = np.abs(parts.sum(axis=1) + self.base_ - logit).max(initial=0.0)
        if gap > 1e-6:
            raise RiskModelError(
                f"learner: the trees' contributions miss their logit by {gap:.2g}; this version of "
                f"scikit-learn keeps its trees in another way."
            )
        return logit, parts

    def _places(self) -> NDArray[np.intp] | slice:
        """Return the columns that the trees know; one that was stored before knows all."""
        places: NDArray[np.intp] | slice = getattr(self, "varying_", slice(None))
        return places


def varying(X: Floats) -> NDArray[np.intp]:
    """Return the places of the columns that are not the same in all rows; one of them at least.

    Measured here and not there is a difference too.
    """
    missing = np.isnan(X)
    some = missing.any(axis=0) & ~missing.all(axis=0)
    # Both leave out what is missing, and where all is, nothing is more than nothing.
    places = np.flatnonzero(some | (np.fmax.reduce(X, axis=0) > np.fmin.reduce(X, axis=0)))
    return places if places.size else np.zeros(1, dtype=np.intp)


def two_classes(y: Any, weight: Floats) -> tuple[Labels, NDArray[Any]]:
    """Return y as 0 and 1 with the sorted classes; rows of weight 0 do not count as seen.

    Raises ValueError for more than two classes and SingleClass for one.
    """
    check_classification_targets(y)
    kind = type_of_target(y, input_name="y", raise_unknown=True)
    if kind != "binary":
        raise ValueError(
            f"Only binary classification is supported. The type of the target is {kind}."
        )
    encoder = LabelEncoder().fit(y)
    codes = np.asarray(encoder.transform(y), dtype=np.int64)
    seen = np.unique(codes[weight > 0])
    if seen.size < 2:
        label = encoder.classes_[seen[0]] if seen.size else "none"
        raise SingleClass(
            f"learner: all labels are of one class ({label}), so nothing can be learnt. Take a "
            f"longer history or a longer horizon."
        )
    return codes, encoder.classes_


def thinned(
    y: Labels, weight: Floats, negatives_per_positive: float | None, random_state: int | None
) -> tuple[NDArray[np.intp], Floats]:
    """Return the rows to learn from and their weights, the negatives' total weight unchanged."""
    rows = np.flatnonzero(weight > 0)
    positive, negative = rows[y[rows] == 1], rows[y[rows] == 0]
    wanted = negative.size
    if negatives_per_positive is not None:
        wanted = min(wanted, max(1, round(negatives_per_positive * positive.size)))
    if wanted == negative.size:
        return rows, weight[rows]
    draw = np.random.default_rng(random_state).choice(negative, size=wanted, replace=False)
    kept = np.sort(np.concatenate([positive, draw]))
    scale = weight[negative].sum() / weight[draw].sum()
    return kept, np.where(y[kept] == 1, weight[kept], weight[kept] * scale)
