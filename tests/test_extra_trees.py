"""Extra trees, where a company asks for them: a learner among others, stored as data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io

from risk_model.blend import TRUSTED_TYPES, Blend
from risk_model.errors import ConfigError
from risk_model.extra_trees import ExtraTreesLearner
from risk_model.learner import LogisticLearner
from risk_model.pipelines.recipe import Recipe
from risk_model.settings import load_settings
from test_learner import table


def company(tmp_path: Path, text: str) -> Path:
    (tmp_path / "company.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_they_learn_only_where_they_are_written(tmp_path: Path) -> None:
    plain = load_settings()
    names = tuple(plain.catalogue.names)
    assert Recipe(plain, names).learners == ["logistic", "boosting"]
    asked = load_settings(company(tmp_path, "escalation: {extra_trees: {n_estimators: 7}}\n"))
    recipe = Recipe(asked, names)
    assert list(recipe.members()) == ["rules", "logistic", "boosting", "extra_trees"]
    learner = dict(recipe.blend(30).learners)["extra_trees"]
    assert isinstance(learner, ExtraTreesLearner)
    assert learner.n_estimators == 7
    assert learner.directions == recipe.learner("boosting").directions


def test_what_they_do_not_have_is_told_with_its_line(tmp_path: Path) -> None:
    folder = company(tmp_path, "escalation: {extra_trees: {trees: 7}}\n")
    with pytest.raises(ConfigError, match=r"company.yaml:1: 'extra_trees' has no 'trees'"):
        load_settings(folder)


def test_what_is_certain_to_every_tree_is_not_quite_certain() -> None:
    X = pd.DataFrame({"a": np.repeat([0.0, 1.0], 200)})
    y = (X["a"] > 0).astype(int)
    model = ExtraTreesLearner(n_estimators=10).fit(X, y)
    p = model.predict_proba(X)[:, 1]
    assert sorted(set(p.round(6))) == [0.01, 0.99]
    parts = model.contributions(X)
    assert parts["a"].to_numpy() + model.base_ == pytest.approx(np.log(p / (1 - p)))


@pytest.mark.slow
def test_a_blend_with_them_is_stored_as_data_and_says_the_same(tmp_path: Path) -> None:
    X, y = table(rows=1500)
    day, group = np.arange(len(y)) // 50 * 7, np.arange(len(y)) % 50
    trees = ExtraTreesLearner(n_estimators=10)
    blend = Blend(
        None, [("logistic", LogisticLearner()), ("extra_trees", trees)], horizon=14, n_folds=2
    ).fit(X, y, day, group)
    assert blend.weights_["extra_trees"] > 0
    skops.io.dump(blend, tmp_path / "blend.skops")
    again = skops.io.load(tmp_path / "blend.skops", trusted=list(TRUSTED_TYPES))
    np.testing.assert_array_equal(again.predict_proba(X), blend.predict_proba(X))
    parts, rules, base = again.contributions(X)
    logit = parts.sum(axis=1) + rules + base
    np.testing.assert_allclose(logit, blend.decision_logit(X), atol=1e-9)
