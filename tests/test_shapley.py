"""Shapley values of boosted trees, against their definition worked out the long way."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from risk_model.shapley import base_of, shapley_values

FEATURES = 4


def grown(leaves):
    """Trees over a few features with gaps, and rows that they have not seen."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(900, FEATURES)).round(1)
    X[rng.random(X.shape) < 0.2] = np.nan
    y = (np.nan_to_num(X[:, 0] + X[:, 1] * X[:, 2]) + rng.normal(size=900) > 0.5).astype(int)
    trees = HistGradientBoostingClassifier(
        max_iter=8, max_leaf_nodes=leaves, min_samples_leaf=10, early_stopping=False
    )
    return trees.fit(X[:800], y[:800]), X[800:]


def said(nodes, row, known, at=0):
    """What a tree says of a row of which some features are known: of others it goes both ways."""
    node = nodes[at]
    if node["is_leaf"]:
        return node["value"]
    sides = [int(node["left"]), int(node["right"])]
    if node["feature_idx"] in known:
        value = row[node["feature_idx"]]
        left = node["missing_go_to_left"] if np.isnan(value) else value <= node["num_threshold"]
        return said(nodes, row, known, sides[0 if left else 1])
    return (
        sum(nodes[side]["count"] * said(nodes, row, known, side) for side in sides)
        / (node["count"])
    )


def by_definition(trees, row):
    """What each feature adds, averaged over all choices of the others that are known before."""
    parts = np.zeros(FEATURES)
    for (predictor,) in trees._predictors:
        for own in range(FEATURES):
            others = [feature for feature in range(FEATURES) if feature != own]
            for size in range(FEATURES):
                for known in combinations(others, size):
                    with_it = said(predictor.nodes, row, {*known, own})
                    adds = with_it - said(predictor.nodes, row, set(known))
                    parts[own] += adds / (FEATURES * comb(FEATURES - 1, size))
    return parts


@pytest.mark.parametrize("leaves", [2, 4, 12])
def test_they_are_what_the_definition_says(leaves):
    trees, rows = grown(leaves)
    parts = shapley_values(trees, rows)
    for row, own in zip(rows[:6], parts, strict=False):
        assert np.allclose(own, by_definition(trees, row), rtol=0, atol=1e-12)
    nothing = sum(said(predictor.nodes, rows[0], set()) for (predictor,) in trees._predictors)
    assert base_of(trees) == pytest.approx(nothing + trees._baseline_prediction.item())


@pytest.mark.parametrize("leaves", [4, 12, 31])
def test_few_rows_and_many_are_told_the_same(leaves):
    trees, rows = grown(leaves)
    parts = shapley_values(trees, rows)
    assert np.allclose(parts.sum(axis=1) + base_of(trees), trees.decision_function(rows))
    assert np.allclose(shapley_values(trees, rows[:1]), parts[:1], rtol=0, atol=1e-12)
    assert shapley_values(trees, rows[:0]).shape == (0, FEATURES)


def test_trees_that_could_not_split_add_nothing():
    trees = HistGradientBoostingClassifier(max_iter=2, early_stopping=False)
    trees.fit(np.zeros((40, 2)), np.arange(40) % 2)
    assert not shapley_values(trees, np.zeros((3, 2))).any()
    assert base_of(trees) == pytest.approx(trees.decision_function(np.zeros((1, 2))).item())
