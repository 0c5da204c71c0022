"""The same learners judged by three ways of splitting: only one of them is what Monday brings.

Random rows put snapshots of one account, days apart, on both sides; grouping by account still lets
the future teach the past. Both flatter. They stand beside the figure forward in time so that it
can be seen by how much.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import GroupKFold, KFold

from risk_model.measure import auroc, average_precision, steps

WAYS = ("random rows", "grouped by account", "forward in time")


def ways_of_splitting(
    make_members: Callable[[], Mapping[str, Any]],
    X: pd.DataFrame,
    y: ArrayLike,
    groups: ArrayLike,
    rows: NDArray[np.intp],
    ahead: pd.DataFrame,
    n_splits: int = 4,
    seed: int = 0,
) -> dict[str, dict[str, dict[str, float]]]:
    """Return for each way and member AUROC and average precision, all on the same ``rows``.

    ``rows`` are the positions in X that were predicted forward in time, ``ahead`` what was said of
    them then, in the same order. Members are fitted on X of shape (n, k), two classes y, accounts
    ``groups``.
    """
    target, group = np.asarray(y, dtype=np.int64), np.asarray(groups)
    splitters = {
        WAYS[0]: KFold(n_splits, shuffle=True, random_state=seed).split(X),
        WAYS[1]: GroupKFold(n_splits, shuffle=True, random_state=seed).split(X, groups=group),
    }
    told = {}
    for way, folds in splitters.items():
        said = _predicted(make_members, X, target, folds)
        told[way] = {name: _figures(target[rows], p[rows]) for name, p in said.items()}
    names = list(make_members())
    told[WAYS[2]] = {name: _figures(target[rows], ahead[name].to_numpy(float)) for name in names}
    return told


def _predicted(
    make_members: Callable[[], Mapping[str, Any]], X: pd.DataFrame, y: NDArray[np.int64], folds: Any
) -> dict[str, NDArray[np.float64]]:
    said: dict[str, NDArray[np.float64]] = {}
    for train, test in folds:
        for name, member in make_members().items():
            p = said.setdefault(name, np.zeros(len(y)))
            if np.unique(y[train]).size == 2:
                p[test] = member.fit(X.iloc[train], y[train]).predict_proba(X.iloc[test])[:, 1]
    return said


def _figures(y: NDArray[np.int64], p: NDArray[np.float64]) -> dict[str, float]:
    by_step = steps(y, p)
    return {"auroc": auroc(*by_step), "average_precision": average_precision(*by_step)}
