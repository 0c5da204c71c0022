"""Folds forward in time: no training label may reach into the test."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score

from risk_model.errors import DataRefused, UsageError
from risk_model.folds import ForwardFolds

histories = st.lists(st.integers(19_000, 19_400), min_size=1, max_size=200)
splitters = st.builds(
    ForwardFolds,
    n_folds=st.integers(1, 5),
    horizon=st.integers(0, 60),
    min_train_days=st.none() | st.integers(1, 200),
    gap=st.integers(0, 10),
    rolling=st.none() | st.integers(1, 120),
)


def folds_or_none(splitter, days):
    try:
        return list(splitter.split(days))
    except DataRefused:
        return None


@settings(max_examples=100, deadline=None)
@given(splitters, histories)
def test_every_training_label_is_known_before_its_test_begins(splitter, history):
    days = np.array(history)
    for train, test in folds_or_none(splitter, days) or []:
        assert days[train].max() + splitter.horizon + splitter.gap <= days[test].min()
        assert days[train].max() < days[test].min()


@settings(max_examples=100, deadline=None)
@given(splitters, histories)
def test_tests_are_disjoint_consecutive_blocks_up_to_the_last_day(splitter, history):
    days = np.array(history)
    folds = folds_or_none(splitter, days)
    if folds is None:
        return
    tests = [test for _, test in folds]
    assert len(folds) == splitter.n_folds == splitter.get_n_splits()
    assert all(test.size and train.size for train, test in folds)
    for earlier, later in itertools.pairwise(tests):
        assert days[earlier].max() < days[later].min()
    pooled = np.concatenate(tests)
    since = days[pooled].min()
    assert np.array_equal(np.sort(pooled), np.flatnonzero(days >= since))


@settings(max_examples=100, deadline=None)
@given(splitters, histories)
def test_all_allowed_history_trains_and_nothing_older_than_the_window(splitter, history):
    days = np.array(history)
    for train, test in folds_or_none(splitter, days) or []:
        newest = days[test].min() - splitter.horizon - splitter.gap
        allowed = (days <= newest) & (days < days[test].min())
        if splitter.rolling is not None:
            allowed &= days > days[allowed].max() - splitter.rolling
        assert np.array_equal(train, np.flatnonzero(allowed))


@settings(max_examples=100, deadline=None)
@given(splitters, histories, st.randoms())
def test_the_order_of_rows_does_not_matter(splitter, history, random):
    days = np.array(history)
    order = np.array(random.sample(range(len(history)), len(history)))
    folds, shuffled = folds_or_none(splitter, days), folds_or_none(splitter, days[order])
    assert (folds is None) == (shuffled is None)
    for (train, test), (train_s, test_s) in zip(folds or [], shuffled or [], strict=True):
        assert np.array_equal(train, np.sort(order[train_s]))
        assert np.array_equal(test, np.sort(order[test_s]))


def test_the_first_test_waits_for_the_training_history_asked_for():
    days = np.repeat(np.arange(0, 365, 7), 3)
    train, test = next(ForwardFolds(3, horizon=30, min_train_days=100, gap=5).split(days))
    assert days[train].max() - days[train].min() + 1 >= 100 - 7
    assert days[test].min() >= 99 + 35
    assert days[test].min() - 7 < 99 + 35


def test_a_short_history_is_refused_with_a_remedy():
    with pytest.raises(DataRefused, match=r"too short for 4 forward folds.*longer history"):
        list(ForwardFolds(4, horizon=30).split(np.arange(0, 35, 7)))
    with pytest.raises(DataRefused, match="no snapshots"):
        list(ForwardFolds(4, horizon=30).split([]))


@pytest.mark.parametrize(
    "wrong", [{"n_folds": 0}, {"horizon": -1}, {"gap": -1}, {"rolling": 0}, {"min_train_days": 0}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(UsageError):
        ForwardFolds(**wrong)


def test_scikit_learn_takes_the_folds_with_the_days_as_groups():
    rng = np.random.default_rng(0)
    days = np.repeat(np.arange(0, 280, 7), 10)
    X = rng.normal(0, 1, (days.size, 2))
    y = (X[:, 0] + rng.normal(0, 1, days.size) > 0).astype(int)
    folds, model = ForwardFolds(3, horizon=30), LogisticRegression()
    scores = cross_val_score(model, X, y, cv=folds, groups=days, scoring="roc_auc")
    by_hand = [
        roc_auc_score(y[test], model.fit(X[train], y[train]).predict_proba(X[test])[:, 1])
        for train, test in folds.split(days)
    ]
    np.testing.assert_allclose(scores, by_hand)
    search = GridSearchCV(model, {"C": [0.01, 1.0]}, cv=folds, scoring="roc_auc")
    assert search.fit(X, y, groups=days).n_splits_ == 3
    with pytest.raises(UsageError, match="Give them as groups"):
        next(folds.split(X, y))


def test_a_rolling_window_of_four_weeks_holds_four_weekly_snapshots():
    days = np.arange(0, 365, 7)
    for train, test in ForwardFolds(3, horizon=30, gap=2, rolling=28).split(days):
        assert days[train].tolist() == sorted(days[days <= days[test[0]] - 32])[-4:]


@pytest.mark.parametrize(("weeks", "number"), [(52, 4), (10, 4), (9, 3), (7, 2), (6, 1), (2, 1)])
def test_a_history_holds_as_many_folds_as_it_has_days_for(weeks: int, number: int) -> None:
    assert ForwardFolds(4, 30).within(7 * np.arange(weeks)) == ForwardFolds(number, 30)
