"""A change of probability is split exactly, whatever changed."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_model.blend import Blend
from risk_model.learner import BoostingLearner, LogisticLearner
from risk_model.movement import ByBlend, ByRules, largest, movement
from risk_model.rules import Rulebook
from small_company import SETTINGS

RULES = SETTINGS.rules
NAMES = RULES.features


@cache
def blend(seed: int) -> Blend:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.normal(0, 2, (400, len(NAMES))), columns=NAMES).round(1)
    table = table.mask(rng.random(table.shape) < 0.1)
    y = (table[NAMES[seed]].fillna(0) + rng.normal(0, 1, 400) > 1).astype(int)
    learners = [("logistic", LogisticLearner()), ("boosting", BoostingLearner(max_iter=10))]
    days = np.repeat(np.arange(0, 200, 10), 20)
    model = Blend(Rulebook.of(RULES), learners, horizon=10, n_folds=2)
    return model.fit(table, y, days=days, groups=np.tile(np.arange(20), 20))


values = st.one_of(st.integers(-1, 4).map(float), st.floats(-5, 5), st.just(np.nan))
rows = st.lists(values, min_size=len(NAMES), max_size=len(NAMES)).map(
    lambda row: pd.DataFrame([row], columns=NAMES)
)


@pytest.mark.slow
@settings(max_examples=25)
@given(rows, rows, rows, st.booleans())
def test_the_parts_add_up_to_the_change(
    before: pd.DataFrame, late: pd.DataFrame, after: pd.DataFrame, other_model: bool
) -> None:
    then, now = ByBlend(blend(0)), ByBlend(blend(int(other_model)))
    moved = movement(then, now, before, late, after)
    assert moved.before == pytest.approx(then.probability(before))
    assert moved.after == pytest.approx(now.probability(after))
    assert moved.total == pytest.approx(moved.after - moved.before, abs=1e-9)
    assert other_model or moved.model_version == 0
    top, rest = largest(moved.parts, 5)
    assert float(top.sum()) + rest == pytest.approx(float(moved.parts.sum()), abs=1e-12)


def test_the_rules_have_a_row_however_little_they_moved() -> None:
    parts = pd.Series({"a": 0.3, "b": -0.2, "c": 0.1, "the rules": 0.01, "d": 0.0})
    top, rest = largest(parts, 2)
    assert top.to_dict() == {"a": 0.3, "b": -0.2, "the rules": 0.01}
    assert rest == pytest.approx(0.1)
    still, rest = largest(parts.where(parts.index != "the rules", 0.0), 4)
    assert still.to_dict() == {"a": 0.3, "b": -0.2, "c": 0.1, "the rules": 0.0}
    assert rest == 0
    assert largest(parts.drop("the rules"), 1)[0].to_dict() == {"a": 0.3}


@pytest.mark.slow
@settings(max_examples=40)
@given(rows, rows)
def test_the_rules_alone_are_split_by_rule(before: pd.DataFrame, after: pd.DataFrame) -> None:
    scorer = ByRules(Rulebook.of(RULES).as_default(NAMES))
    moved = movement(scorer, scorer, before, before, after)
    assert moved.total == pytest.approx(moved.after - moved.before, abs=1e-9)
    # A rule that fires as another of its cases may weigh otherwise.
    held = [scorer.rulebook.cases(row).iloc[0].fillna(-1) for row in (before, after)]
    still = [name for name in held[0].index if held[0][name] == held[1][name]]
    if abs(moved.after - moved.before) > 1e-6:
        assert (moved.parts[still] == 0).all()


@pytest.mark.slow
def test_nothing_that_changed_moves_nothing() -> None:
    row = pd.DataFrame([np.zeros(len(NAMES))], columns=NAMES)
    moved = movement(ByBlend(blend(0)), ByBlend(blend(0)), row, row, row)
    assert moved.total == 0
    assert (moved.parts == 0).all()


def test_a_single_feature_that_changed_is_the_only_part_but_the_rules() -> None:
    rng = np.random.default_rng(3)
    before = pd.DataFrame(rng.normal(0, 2, (1, len(NAMES))), columns=NAMES)
    after = before.assign(**{NAMES[0]: before[NAMES[0]] + 3})
    moved = movement(ByBlend(blend(0)), ByBlend(blend(0)), before, before, after)
    others = moved.parts.drop([NAMES[0], "the rules"])
    # Trees share what a feature does with those it meets in a branch, so theirs is near 0 only.
    assert others.abs().sum() < abs(moved.parts[NAMES[0]]) + 1e-9
