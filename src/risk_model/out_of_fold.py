"""What each member would have said ahead of time, and what their blend would have said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from risk_model.calibration import to_logit
from risk_model.folds import ForwardFolds, as_told
from risk_model.learner import Learner
from risk_model.stack import Stack, count_escalations

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Members = list[tuple[str, Any]]

# Three parameters want some outcomes; below that the halves are trusted alike.
WEIGH_FROM = 10


@dataclass(frozen=True)
class Snapshots:
    """Rows to learn from: a table of n rows, y in {0, 1}, day numbers, accounts, weights if any.

    ``settled`` are the day numbers from which the labels can be known, None where that is their
    horizon's end.
    """

    table: Any
    y: Labels
    day: Labels
    group: NDArray[Any]
    weight: Floats | None = None
    settled: Labels | None = None

    def take(self, rows: NDArray[np.intp]) -> Snapshots:
        """Return these rows."""
        # Rows that follow one another, as those before a day do, are looked at and not copied.
        where = slice(rows[0], rows[-1] + 1) if rows.size and _is_run(rows) else rows
        table = (
            self.table.iloc[where] if isinstance(self.table, pd.DataFrame) else self.table[where]
        )
        weight = None if self.weight is None else self.weight[rows]
        settled = None if self.settled is None else self.settled[rows]
        return Snapshots(table, self.y[rows], self.day[rows], self.group[rows], weight, settled)

    def as_told(self, day: int) -> Snapshots:
        """Return the rows with their labels as they stood on a day."""
        return replace(self, y=as_told(self.y, self.settled, day))

    def escalations(self, horizon: int) -> int:
        """Return how many separate escalations the labels tell of."""
        return count_escalations(self.y, self.day, self.group, horizon)

    def evidence(self, horizon: int) -> float:
        """Return the escalations that a positive row stands for, at most 1."""
        return self.escalations(horizon) / max(1, int(self.y.sum()))


def _is_run(rows: NDArray[np.intp]) -> bool:
    return bool((np.diff(rows) == 1).all())


@dataclass(frozen=True)
class OutOfFold:
    """Logits of shape (n, members) for the rows of the test blocks, and the fold of each row."""

    rows: NDArray[np.intp]
    fold: Labels
    logits: Floats


def fitted(member: Any, rows: Snapshots) -> Any:
    """Return a fresh copy of the member, fitted on the rows, with their weights if it takes any."""
    copy = clone(member)
    if rows.weight is not None and has_fit_parameter(copy, "sample_weight"):
        return copy.fit(rows.table, rows.y, sample_weight=rows.weight)
    return copy.fit(rows.table, rows.y)


def logit_of(member: Any, table: Any) -> Floats:
    """Return the member's logit of the positive class, shape (n,)."""
    if isinstance(member, Learner):
        return member.decision_function(table)
    return to_logit(member.predict_proba(table)[:, 1])


def out_of_fold(members: Members, snapshots: Snapshots, folds: ForwardFolds) -> OutOfFold:
    """Fit every member for every fold; a fold that has one class to train on is left out.

    Raises DataRefused when the history is too short for the folds.
    """
    parts: list[tuple[NDArray[np.intp], Labels, Floats]] = []
    for number, (train, test) in enumerate(folds.split(snapshots.day)):
        known = snapshots.take(train).as_told(int(snapshots.day[test].min()))
        if np.unique(known.y).size < 2:
            continue
        table = snapshots.take(test).table
        logits = [logit_of(fitted(member, known), table) for _, member in members]
        parts.append((test, np.full(test.size, number), np.column_stack(logits)))
    if not parts:
        nothing = np.empty(0, dtype=np.intp)
        return OutOfFold(nothing, nothing.astype(np.int64), np.empty((0, len(members))))
    rows, fold, logit = (np.concatenate(column) for column in zip(*parts, strict=True))
    return OutOfFold(rows, fold, logit)


def blended_ahead(
    out: OutOfFold, snapshots: Snapshots, stack: Stack, folds: ForwardFolds
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the blend's probability of each out-of-fold row, and whether its weights were fitted.

    The weights of a fold come from earlier folds' rows whose labels were known when it began;
    with too few of them all halves are trusted alike. ``stack`` only lends its settings.
    """
    seen = snapshots.take(out.rows)
    p, was_fitted = np.full(out.rows.size, np.nan), np.zeros(out.rows.size, dtype=bool)
    for number in np.unique(out.fold):
        now = out.fold == number
        begins = int(seen.day[now].min())
        before = (out.fold < number) & (seen.day + folds.purge <= begins)
        past = seen.take(np.flatnonzero(before)).as_told(begins)
        weighed = clone(stack)
        if past.escalations(folds.horizon) >= WEIGH_FROM and np.unique(past.y).size == 2:
            weighed.fit(out.logits[before], past.y, past.group, past.evidence(folds.horizon))
            was_fitted[now] = True
        else:
            weighed.lean(out.logits[now], "too few outcomes yet", rules_only=False)
        p[now] = expit(weighed.decide(out.logits[now]))
    return p, was_fitted
