"""Rules and learners as one model, weighed by what each would have said ahead of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from risk_model.calibration import Calibrator, choose_calibration
from risk_model.errors import DataRefused, RiskModelError
from risk_model.folds import ForwardFolds
from risk_model.learner import BoostingLearner, Learner, LogisticLearner, two_classes
from risk_model.out_of_fold import (
    WEIGH_FROM,
    Members,
    OutOfFold,
    Snapshots,
    blended_ahead,
    fitted,
    logit_of,
    out_of_fold,
)
from risk_model.stack import Stack

Floats = NDArray[np.float64]

# What a stored blend holds beside numbers; loading it runs no code but these classes' own.
TRUSTED_TYPES: tuple[str, ...] = (
    "risk_model.blend.Blend",
    "risk_model.calibration.Calibrator",
    "risk_model.extra_trees.ExtraTreesLearner",
    "risk_model.learner.BoostingLearner",
    "risk_model.learner.LogisticLearner",
    "risk_model.scaling.Scaling",
    "risk_model.stack.Stack",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)

RULES = "rules"


class Blend(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Rules and learners, stacked on their logits by out-of-fold predictions forward in time.

    ``rules`` is any classifier (None: learners only), ``learners`` a list of (name, estimator),
    None for the logistic regression and the boosting with their defaults. With fewer than
    ``min_positives`` escalations nothing is weighed: the rules and the first learner count alike,
    and the rules decide alone with fewer than ``WEIGH_FROM`` or a history too short for a single
    fold; of ``n_folds`` it takes as many as the history holds. ``horizon`` and ``gap`` are in days.

    Fitted: ``weights_`` (member name to weight), ``reason_`` (why these weights), ``calibrated_``
    (the probabilities were fitted to outcomes that came later), ``calibrator_``, ``members_``.
    """

    def __init__(
        self,
        rules: Any = None,
        learners: Sequence[tuple[str, Any]] | None = None,
        *,
        horizon: int = 30,
        n_folds: int = 4,
        gap: int = 0,
        min_positives: int = 30,
        shrink: float = 60.0,
    ) -> None:
        self.rules = rules
        self.learners = learners
        self.horizon = horizon
        self.n_folds = n_folds
        self.gap = gap
        self.min_positives = min_positives
        self.shrink = shrink

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Leave the out-of-fold table out: a stored model carries no accounts and no labels."""
        state = dict(super().__getstate__())
        state.pop("oof_columns_", None)
        return state

    def fit(
        self,
        X: Any,
        y: Any,
        days: Any = None,
        groups: Any = None,
        sample_weight: Any = None,
        settled: Any = None,
    ) -> Self:
        """Learn from snapshots X (n, k), two classes y, day numbers and account ids, each (n,).

        Without ``days`` the order of the rows is the time; without ``groups`` each row is an
        account. ``settled`` are the day numbers from which labels can be known, where some became
        known after their horizon. Raises SingleClass when y holds one class only.
        """
        checked, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        weight = _check_sample_weight(sample_weight, checked, ensure_non_negative=True)
        codes, self.classes_ = two_classes(y, weight)
        snapshots = Snapshots(
            X if isinstance(X, pd.DataFrame) else checked,
            codes,
            np.arange(len(codes)) if days is None else np.asarray(days, dtype=np.int64),
            np.arange(len(codes)) if groups is None else np.asarray(groups),
            None if sample_weight is None else weight,
            None if settled is None else np.asarray(settled, dtype=np.int64),
        )
        # In the order of rows a label is known with the next row.
        horizon, gap = (self.horizon, self.gap) if days is not None else (1, 0)
        self._weigh(snapshots, ForwardFolds(self.n_folds, horizon, gap=gap).within(snapshots.day))
        self.members_ = [(name, fitted(part, snapshots)) for name, part in self._named_members()]
        self.rules_mean_ = self._mean_of_rules(snapshots.table, weight)
        return self

    def _weigh(self, snapshots: Snapshots, folds: ForwardFolds) -> None:
        """Choose weights and calibration by what the members would have said ahead of time."""
        names = [name for name, _ in self._named_members()]
        learners = tuple(name for name in names if name != RULES)
        self.stack_ = Stack(self.rules is not None, self.shrink, learners)
        self.calibrator_ = Calibrator().fit(np.array([0.5]), np.array([0]))
        out, few = self._ahead(snapshots, folds)
        seen = snapshots.take(out.rows)
        if few:
            counts = snapshots.escalations(folds.horizon) >= WEIGH_FROM and out.rows.size
            self.stack_.lean(out.logits, f"{self._leaning(bool(counts))}: {few}", not counts)
            p = expit(self.stack_.decide(out.logits))
        else:
            p, was_fitted = blended_ahead(out, snapshots, self.stack_, folds)
            self.stack_.fit(out.logits, seen.y, seen.group, seen.evidence(folds.horizon))
            self._calibrate(out, seen, p, was_fitted, folds.horizon)
        self.calibrated_ = not few
        self.reason_ = self.stack_.reason_
        self.weights_ = dict(zip(names, map(float, self.stack_.weights_), strict=True))
        self.oof_columns_ = {"row": out.rows, "fold": out.fold, "day": seen.day}
        self.oof_columns_ |= {"group": seen.group, "y": seen.y}
        self.oof_columns_ |= dict(zip(names, expit(out.logits).T, strict=True)) | {"blend": p}

    def _ahead(self, snapshots: Snapshots, folds: ForwardFolds) -> tuple[OutOfFold, str]:
        """Return the out-of-fold logits, and why they are too few to weigh by, if so."""
        members = self._named_members()
        nothing = np.empty(0, dtype=np.intp)
        out = OutOfFold(nothing, nothing.astype(np.int64), np.empty((0, len(members))))
        try:
            out = out_of_fold(members, snapshots, folds)
        except DataRefused as refused:
            return out, str(refused)
        count = snapshots.escalations(folds.horizon)
        if count < self.min_positives:
            return out, f"{count} escalations to learn from, {self.min_positives} wanted"
        seen = snapshots.take(out.rows)
        ahead = seen.escalations(folds.horizon)
        if ahead < WEIGH_FROM or seen.y.all():
            return out, f"{ahead} escalations to compare on, {WEIGH_FROM} wanted"
        return out, ""

    def _leaning(self, learners_count: bool) -> str:
        """Say who decides where nothing can be weighed."""
        names = [name for name, _ in self._named_members()]
        if self.rules is None or len(names) == 1:
            return f"{names[0]} decides"
        return f"rules and {names[1]} count alike" if learners_count else "the rules decide"

    def _calibrate(
        self, out: OutOfFold, seen: Snapshots, p: Floats, usable: NDArray[np.bool_], horizon: int
    ) -> None:
        """Choose by the honest predictions, then fit what was chosen to the final weights."""
        rows = np.flatnonzero(usable)
        part = seen.take(rows)
        chosen = choose_calibration(p[rows], part.y, part.day, part.group, horizon, part.settled)
        if chosen.kind != "none":
            p_again = expit(self.stack_.decide(out.logits))
            again = Calibrator(chosen.kind).fit(p_again, seen.y, seen.day)
            if again.rises:
                again.reason_ = chosen.reason_
                chosen = again
        self.calibrator_ = chosen

    @property
    def oof_(self) -> pd.DataFrame:
        """What was said ahead of time: row, fold, day, group, y, each member's p and blend's.

        The blend of a fold uses weights from earlier folds only, whose outcomes were known.
        Not stored with the model.
        """
        check_is_fitted(self)
        if not hasattr(self, "oof_columns_"):
            raise AttributeError("oof_: a stored model does not carry its out-of-fold table.")
        return pd.DataFrame(self.oof_columns_)

    def decision_logit(self, X: Any) -> Floats:
        """Return the blended logit before calibration, shape (n,)."""
        return self.stack_.decide(self._logits(self._table(X)))

    def predict_proba(self, X: Any) -> Floats:
        """Return the probabilities of both classes, shape (n, 2)."""
        check_is_fitted(self)
        positive = expit(self.calibrator_.map_logit(self.decision_logit(X)))
        return np.column_stack([1 - positive, positive])

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likelier class, shape (n,)."""
        likely = self.predict_proba(X)[:, 1] > 0.5
        return np.asarray(self.classes_[likely.astype(int)])

    def contributions(self, X: Any) -> tuple[pd.DataFrame, pd.Series, float]:
        """Return what adds up to ``decision_logit``: learners by feature, the rules, the base.

        The frame has the rows of X by features, the series one value a row, both against the mean
        of the training rows. Raises RiskModelError for a learner that cannot explain itself.
        """
        return self.explained(X)[1:]

    def explained(self, X: Any) -> tuple[Floats, pd.DataFrame, pd.Series, float]:
        """Return the second column of ``predict_proba``, and ``contributions`` beside it.

        Both ask every member once.
        """
        table = self._table(X)
        index = X.index if isinstance(X, pd.DataFrame) else pd.RangeIndex(len(table))
        logits = np.empty((len(table), len(self.members_)))
        parts = np.zeros((len(table), self.n_features_in_))
        rules, base = np.zeros(len(table)), self.stack_.intercept_
        names: Any = getattr(self, "feature_names_in_", None)
        for place, (name, member) in enumerate(self.members_):
            weight = self.stack_.weights_[place]
            if name == RULES or not weight:
                logits[:, place] = logit_of(member, table)
            if name == RULES:
                rules = weight * (logits[:, place] - self.rules_mean_)
                base += weight * self.rules_mean_
            elif weight:
                logits[:, place], frame = _explained(name, member, table)
                names = frame.columns if names is None else names
                parts += weight * frame.to_numpy()
                base += weight * member.base_
        if names is None:
            names = [f"x{j}" for j in range(self.n_features_in_)]
        p = expit(self.calibrator_.map_logit(self.stack_.decide(logits)))
        frame = pd.DataFrame(parts, index=index, columns=list(names))
        return np.asarray(p), frame, pd.Series(rules, index=index, name=RULES), float(base)

    def _named_members(self) -> Members:
        learners = self.learners
        if learners is None:
            learners = [("logistic", LogisticLearner()), ("boosting", BoostingLearner())]
        if self.rules is None and not learners:
            raise DataRefused("blend: there are neither rules nor learners to blend.")
        return ([(RULES, self.rules)] if self.rules is not None else []) + list(learners)

    def _table(self, X: Any) -> Any:
        check_is_fitted(self)
        checked = validate_data(
            self, X, reset=False, dtype=np.float64, ensure_all_finite="allow-nan"
        )
        return X if isinstance(X, pd.DataFrame) else checked

    def _logits(self, table: Any) -> Floats:
        return np.column_stack([logit_of(member, table) for _, member in self.members_])

    def _mean_of_rules(self, table: Any, weight: Floats) -> float:
        name, member = self.members_[0]
        return float(np.average(logit_of(member, table), weights=weight)) if name == RULES else 0.0


def _explained(name: str, member: Any, table: Any) -> tuple[Floats, pd.DataFrame]:
    """Return a learner's logit and its contributions."""
    if isinstance(member, Learner):
        return member.explained(table)
    if not hasattr(member, "contributions"):
        raise RiskModelError(f"blend: learner '{name}' has no contributions(X).")
    return logit_of(member, table), member.contributions(table)
