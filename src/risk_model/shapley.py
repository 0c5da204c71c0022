"""What each feature adds to what boosted trees say: their Shapley values, exact.

Of a feature that is left out a row goes both ways, as many parts each as training rows went there.
A leaf then adds its value times one factor for each feature on the way to it: 1 or 0, as the row
goes there by that feature or not, and where it is left out the share of training rows that did. So
what a leaf adds hangs on a few yes and no only, and is worked out once for all rows that share
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
# The splits on the way to a leaf, each with whether it goes on to the left.
Way = tuple[tuple[int, bool], ...]


def base_of(trees: Any) -> float:
    """Return what a fitted HistGradientBoostingClassifier says where nothing is known."""
    base = float(np.ravel(trees._baseline_prediction)[0])
    for nodes in _nodes_of(trees):
        leaves = nodes["is_leaf"] == 1
        base += float(nodes["value"][leaves] @ nodes["count"][leaves]) / float(nodes["count"][0])
    return base


def shapley_values(trees: Any, X: Floats) -> Floats:
    """Return what each feature adds to the logit over ``base_of``, shape (n, k) as X.

    The columns sum with it to ``trees.decision_function(X)``.
    """
    columns = np.ascontiguousarray(X.T)
    parts = np.zeros(columns.shape)
    for nodes in _nodes_of(trees):
        splits = np.flatnonzero(nodes["is_leaf"] == 0)
        if splits.size:
            ways, of_row = _different(np.array([_goes_left(nodes[at], columns) for at in splits]))
            for feature, adds in _of_tree(nodes, dict(zip(splits.tolist(), ways, strict=True))):
                parts[feature] += adds[of_row]
    return parts.T


def _nodes_of(trees: Any) -> Iterator[NDArray[Any]]:
    """Yield the nodes of each tree, the root first."""
    for (predictor,) in trees._predictors:
        yield predictor.nodes


def _goes_left(node: Any, columns: Floats) -> Bools:
    values = columns[node["feature_idx"]]
    left = values <= node["num_threshold"]
    return np.asarray(left | np.isnan(values) if node["missing_go_to_left"] else left)


def _different(left: Bools) -> tuple[Bools, NDArray[np.intp]]:
    """Return different columns of ``left`` (splits, n), and the place of each row's among them.

    They are all that there could be, or those that occur where these are fewer.
    """
    splits, rows = left.shape
    if 1 << splits <= rows:
        every = np.arange(1 << splits) >> np.arange(splits)[:, None] & 1 == 1
        code = np.zeros(rows, dtype=np.intp)
        for place, side in enumerate(left):
            code |= side.astype(np.intp) << place
        return every, code
    packed = np.ascontiguousarray(np.packbits(left, axis=0).T)
    whole = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, places = np.unique(whole, return_index=True, return_inverse=True)
    return left[:, first], places


def _of_tree(nodes: NDArray[Any], left: dict[int, Bools]) -> Iterator[tuple[int, Floats]]:
    """Yield each feature of a tree with what it adds to rows that go by each split as ``left``."""
    total: dict[int, Floats] = {}
    for leaf, way in _leaves(nodes):
        known: dict[int, Bools] = {}
        shares: dict[int, float] = {}
        for (at, is_left), (below, _) in zip(way, [*way[1:], (leaf, True)], strict=True):
            feature = int(nodes["feature_idx"][at])
            goes = left[at] if is_left else ~left[at]
            known[feature] = known[feature] & goes if feature in known else goes
            share = float(nodes["count"][below]) / float(nodes["count"][at])
            shares[feature] = shares.get(feature, 1.0) * share
        adds = nodes["value"][leaf] * _of_product(list(known.values()), list(shares.values()))
        for feature, own in zip(known, adds, strict=True):
            total[feature] = total[feature] + own if feature in total else own
    yield from total.items()


def _leaves(nodes: NDArray[Any], at: int = 0, way: Way = ()) -> Iterator[tuple[int, Way]]:
    """Yield each leaf with the way to it."""
    if nodes["is_leaf"][at]:
        yield at, way
        return
    yield from _leaves(nodes, int(nodes["left"][at]), (*way, (at, True)))
    yield from _leaves(nodes, int(nodes["right"][at]), (*way, (at, False)))


def _of_product(known: Sequence[Bools], shares: Sequence[float]) -> Floats:
    """Return the Shapley values of a product of one factor a feature, shape (features, n).

    The factor is whether the row goes there, and the share where the feature is left out.
    """
    values = np.empty((len(known), len(known[0])))
    for own, (goes, share) in enumerate(zip(known, shares, strict=True)):
        # The products over all choices of the other features, added up by how many are known.
        products = np.ones((1, len(goes)))
        for other in range(len(known)):
            if other != own:
                more = np.zeros((len(products) + 1, len(goes)))
                more[:-1] += products * shares[other]
                more[1:] += products * known[other]
                products = more
        values[own] = (goes - share) * (_weights(len(known)) @ products)
    return values


@cache
def _weights(features: int) -> Floats:
    """Return how much a choice counts by how many of the other features are known in it."""
    orders = factorial(features)
    return np.array([factorial(n) * factorial(features - 1 - n) / orders for n in range(features)])
