"""The rulebook: a baseline that reads like the practice it comes from, and is a classifier.

Rules are conditions over the catalogue's features. A rule whose data is missing is *not
measured*: it neither fires nor stays quiet. The rulebook fits (points to probability), predicts,
is backtested, and has to be beaten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted, validate_data

from risk_model.catalogue.holding import holds_each
from risk_model.errors import UsageError
from risk_model.rules.spec import Conditions, Rule, RuleSet

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
QUIET = -1.0


class Rulebook(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The rules as a classifier over a table with the features' names.

    ``spec`` is the rule set as JSON text, so that a stored rulebook is data only. ``fit`` turns
    points into a probability where there are at least ``min_positives`` positives; below that,
    and unfitted labels aside, the default curve stands: a score, not a probability.

    Fitted: ``intercept_`` and ``slope_`` (of the logit over points), ``is_fitted_to_labels_``.
    """

    # A quiet account is near 2%, one with a strong rule near 5%, one with five of them near 50%.
    DEFAULT_INTERCEPT, DEFAULT_SLOPE = -3.7, 0.25

    def __init__(self, spec: str = "", min_positives: int = 30) -> None:
        self.spec = spec
        self.min_positives = min_positives

    @classmethod
    def of(cls, rules: RuleSet, min_positives: int = 30) -> Rulebook:
        """Return the rulebook of a rule set."""
        return cls(rules.model_dump_json(by_alias=True, exclude_none=True), min_positives)

    @property
    def rules(self) -> RuleSet:
        """The rule set."""
        return RuleSet.model_validate_json(self.spec) if self.spec else RuleSet(rules=())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn how points turn into a probability; the rules themselves are never learnt."""
        validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        labels = np.asarray(y)
        self.classes_ = np.unique(labels)
        self.intercept_, self.slope_ = self.DEFAULT_INTERCEPT, self.DEFAULT_SLOPE
        positive = labels == self.classes_[-1]
        enough = min(positive.sum(), (~positive).sum()) >= self.min_positives
        self.is_fitted_to_labels_ = bool(enough and len(self.classes_) > 1)
        if self.is_fitted_to_labels_:
            self._fit_curve(self.points(X), positive, sample_weight)
        return self

    def _fit_curve(self, points: Floats, positive: NDArray[np.bool_], weight: Any) -> None:
        curve = LogisticRegression(C=10.0).fit(points[:, None], positive, sample_weight=weight)
        # More points never mean less risk: where the past says so, points say nothing.
        self.slope_ = max(float(curve.coef_[0, 0]), 0.0)
        share = np.average(positive, weights=weight)
        flat = float(np.log(share / (1 - share)))
        self.intercept_ = float(curve.intercept_[0]) if self.slope_ > 0 else flat

    def cases(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return one column a rule: which of its cases holds first, -1 quiet, NaN not measured."""
        rules = self.rules
        missing = sorted(set(rules.features) - set(X.columns))
        if missing:
            raise UsageError(f"the rules need features that are not there: {', '.join(missing)}")
        truth = {rule.id: [_truth(group, X) for group in rule.groups] for rule in rules.rules}
        single = {
            rule.id: _first_case(truth[rule.id], len(X))
            for rule in rules.rules
            if rule.kinds is None
        }
        fired, measured = _kinds(rules, single, truth, len(X))
        columns = {
            rule.id: single[rule.id]
            if rule.kinds is None
            else _with_kinds(rule, truth[rule.id], fired, measured)
            for rule in rules.rules
        }
        return pd.DataFrame(columns, index=X.index)

    def fired(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return one column a rule: 1 fired, 0 quiet, NaN not measured."""
        cases = self.cases(X)
        return (cases >= 0).astype(float).where(cases.notna())

    def points(self, X: Any) -> Floats:
        """Return the points of all rules that fire, shape (n,)."""
        if not isinstance(X, pd.DataFrame):
            return np.zeros(len(X))
        return np.asarray(self.points_by_rule(X).to_numpy(dtype=float).sum(axis=1))

    def points_by_rule(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return what each rule adds to the points, by the case that holds: a column a rule."""
        rules, cases = self.rules, self.cases(X)
        points = {}
        for rule in rules.rules:
            # The last one stands for what is quiet or not measured: it is worth nothing.
            worth = np.array([*(rules.points[case.grade] for case in rule.as_cases), 0.0])
            points[rule.id] = worth[cases[rule.id].fillna(QUIET).to_numpy(dtype=int)]
        return pd.DataFrame(points, index=X.index)

    def decision_function(self, X: Any) -> Floats:
        """Return the logit of the second class, shape (n,)."""
        check_is_fitted(self)
        validate_data(self, X, reset=False, dtype=np.float64, ensure_all_finite="allow-nan")
        return self.intercept_ + self.slope_ * self.points(X)

    def predict_proba(self, X: Any) -> Floats:
        """Return the probabilities of both classes, shape (n, 2)."""
        positive = expit(self.decision_function(X))
        return np.column_stack([1 - positive, positive])

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likelier class, shape (n,)."""
        likely = self.predict_proba(X)[:, 1] > 0.5
        return np.asarray(self.classes_[likely.astype(int) * (len(self.classes_) - 1)])

    def as_default(self, names: list[str]) -> Self:
        """Return itself ready to score a table with ``names`` by the default curve, unlearnt."""
        self.classes_ = np.array([0, 1])
        self.intercept_, self.slope_ = self.DEFAULT_INTERCEPT, self.DEFAULT_SLOPE
        self.is_fitted_to_labels_ = False
        self.feature_names_in_ = np.array(names, dtype=object)
        self.n_features_in_ = len(names)
        return self


def _truth(group: Conditions, X: pd.DataFrame) -> tuple[Bools, Bools]:
    """Return (holds, is unknown) of conditions that have to hold together.

    One that certainly does not hold settles it, whatever else is not measured.
    """
    ruled_out, unknown = np.zeros(len(X), dtype=bool), np.zeros(len(X), dtype=bool)
    for name, condition in group.items():
        values = X[name].to_numpy(dtype=float)
        not_known = np.isnan(values) & (condition.known is None)
        ruled_out |= ~(holds_each(condition, values) | not_known)
        unknown |= not_known
    return ~ruled_out & ~unknown, ~ruled_out & unknown


def _first_case(truth: list[tuple[Bools, Bools]], n: int) -> Floats:
    """Return the first group that holds, -1 where none does, NaN where one isn't measured."""
    first, unknown = np.full(n, QUIET), np.zeros(n, dtype=bool)
    for place, (holds, is_unknown) in enumerate(truth):
        first = np.where((first == QUIET) & holds, float(place), first)
        unknown |= is_unknown
    return np.where((first == QUIET) & unknown, np.nan, first)


def _kinds(
    rules: RuleSet,
    single: Mapping[str, Floats],
    truth: Mapping[str, list[tuple[Bools, Bools]]],
    n: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the different kinds of flags that fired, and those that could: kinds, no repeats."""
    fired: dict[str, Bools] = {}
    measured: dict[str, Bools] = {}
    for rule in rules.rules:
        if rule.kinds is not None:
            continue
        known = ~np.isnan(single[rule.id])
        for (holds, _), group, case in zip(truth[rule.id], rule.groups, rule.as_cases, strict=True):
            if case.grade in rules.flags:
                kind = rules.kind(rule, group)
                fired[kind] = fired.get(kind, np.zeros(n, dtype=bool)) | holds
                measured[kind] = measured.get(kind, np.zeros(n, dtype=bool)) | known
    return _count(fired, n), _count(measured, n)


def _count(kinds: Mapping[str, Bools], n: int) -> NDArray[np.int64]:
    total = np.zeros(n, dtype=np.int64)
    for here in kinds.values():
        total += here
    return total


def _with_kinds(
    rule: Rule,
    truth: list[tuple[Bools, Bools]],
    fired: NDArray[np.int64],
    measured: NDArray[np.int64],
) -> Floats:
    """Return the case of a rule that counts kinds: not measured where there are too few to count.

    Its own conditions come on top where it has any.
    """
    if rule.kinds is None:
        raise ValueError(f"'{rule.id}' counts no kinds")
    enough = fired >= rule.kinds.at_least
    if rule.kinds.at_most is not None:
        enough &= fired <= rule.kinds.at_most
    first = _first_case(truth, len(fired)) if truth else np.zeros(len(fired))
    first = np.where(enough, first, QUIET)
    return np.where(~enough & (measured < rule.kinds.at_least), np.nan, first)
