"""A learner by extremely randomised trees, for who asks for it: gaps, directions, exact parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import logit
from sklearn.ensemble import ExtraTreesClassifier

from risk_model.learner import Floats, Labels, Learner
from risk_model.scaling import Scaling

# Leaves of few rows say 0, which has no logit: a little of what is usual is mixed in.
USUAL = 0.02
# Below this much of the probability the parts are turned into the logit by the slope.
STILL = 1e-9


class ExtraTreesLearner(Learner):
    """Extremely randomised trees (Geurts, Ernst & Wehenkel 2006) with monotone directions.

    Features are bent, scaled and flagged where a gap tells (``Scaling``), as trees of scikit-learn
    take directions only without gaps. What a tree says of a row is the share at its root and, split
    by split, what each step of the row's path adds: that, averaged, is what a feature contributes
    to the probability. In the logit each contributes the same share of the whole.
    """

    def __init__(
        self,
        *,
        directions: Mapping[str, int] | None = None,
        without: Sequence[str] | None = None,
        n_estimators: int = 100,
        max_features: float = 0.2,
        min_samples_leaf: int = 20,
        negatives_per_positive: float | None = None,
        random_state: int | None = 0,
    ) -> None:
        self.directions = directions
        self.without = without
        self.n_estimators = n_estimators
        self.max_features = max_features
        self.min_samples_leaf = min_samples_leaf
        self.negatives_per_positive = negatives_per_positive
        self.random_state = random_state

    def _learn(self, X: Floats, y: Labels, weight: Floats, signs: Labels) -> None:
        self.scaling_ = Scaling().fit(X, y, weight)
        wanted = signs[self.scaling_.owner_]
        # Not being measured has no direction, whatever the feature's own is.
        wanted[len(self.scaling_.used_) :] = 0
        columns = self._columns(X)
        self.usual_ = float(np.average(y, weights=weight))
        self.base_ = float(logit(self.usual_))
        self.trees_ = ExtraTreesClassifier(
            self.n_estimators,
            max_features=self.max_features,
            min_samples_leaf=self.min_samples_leaf,
            monotonic_cst=wanted if wanted.any() else None,
            random_state=self.random_state,
        ).fit(columns, y, sample_weight=weight)

    def _columns(self, X: Floats) -> NDArray[np.float32]:
        columns = self.scaling_.transform(X, np.float32)
        # Where nothing was ever measured there is one column that says so.
        return columns if columns.shape[1] else np.zeros((len(X), 1), dtype=np.float32)

    def _probability(self, X: Floats) -> Floats:
        said = self.trees_.predict_proba(self._columns(X))[:, 1]
        return np.asarray((1 - USUAL) * said + USUAL * self.usual_)

    def _logit(self, X: Floats) -> Floats:
        return np.asarray(logit(self._probability(X)))

    def _explained(self, X: Floats) -> tuple[Floats, Floats]:
        columns = self._columns(X)
        parts = np.zeros((len(X), columns.shape[1]))
        for tree, steps in self._steps():
            parts += (csr_array(tree.decision_path(columns)) @ steps).toarray()
        parts *= (1 - USUAL) / self.n_estimators
        of_feature = np.zeros((len(X), self.n_features_in_))
        for column, feature in enumerate(self.scaling_.owner_):
            of_feature[:, feature] += parts[:, column]
        p = self._probability(X)
        apart = p - self.usual_
        slope = np.full(len(X), 1 / (self.usual_ * (1 - self.usual_)))
        far = np.abs(apart) > STILL
        slope[far] = (logit(p[far]) - self.base_) / apart[far]
        return np.asarray(logit(p)), np.asarray(of_feature * slope[:, None])

    def _steps(self) -> Iterator[tuple[Any, Any]]:
        """Yield each tree with what arriving at a node adds to its probability, by column."""
        for fitted in self.trees_.estimators_:
            tree = fitted.tree_
            said = tree.value[:, 0, 1] / tree.value[:, 0].sum(axis=1)
            inner = np.flatnonzero(tree.children_left >= 0)
            above = np.concatenate([inner, inner])
            below = np.concatenate([tree.children_left[inner], tree.children_right[inner]])
            shape = (tree.node_count, tree.n_features)
            adds = (said[below] - said[above], (below, tree.feature[above]))
            yield fitted, csr_array(adds, shape=shape)
