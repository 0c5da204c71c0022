"""The learners: exact parts, directions kept, gaps understood, scikit-learn's manners."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_info, threadpool_limits

from risk_model.errors import ConfigError, DataRefused
from risk_model.extra_trees import ExtraTreesLearner
from risk_model.learner import BoostingLearner, LogisticLearner, SingleClass, thinned
from risk_model.logistic import SMALL_TABLE, threads_for

# With few trees the third is as quick as the others; of four features it looks at two a split.
LEARNERS = [
    LogisticLearner,
    BoostingLearner,
    partial(ExtraTreesLearner, n_estimators=40, max_features=0.5),
]


def table(rows=3000, seed=0, gaps=0.1):
    """Tickets raise the risk, health lowers it, noise does nothing; some values are missing."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "tickets": rng.poisson(2, rows).astype(float),
            "health": rng.normal(60, 15, rows),
            "noise": rng.normal(size=rows),
            "arr": np.exp(rng.normal(10, 1, rows)),
        }
    )
    p = expit(-3 + 0.8 * X["tickets"] - 0.06 * (X["health"] - 60))
    y = (rng.random(rows) < p).astype(int).to_numpy()
    return X.mask(rng.random(X.shape) < gaps), y


@parametrize_with_checks([LogisticLearner()])
def test_scikit_learn_takes_it_for_an_estimator(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([BoostingLearner(), ExtraTreesLearner(n_estimators=10)])
def test_scikit_learn_takes_trees_for_an_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize("learner", LEARNERS)
def test_contributions_and_base_sum_to_the_logit(learner):
    X, y = table()
    model = learner().fit(X[:2000], y[:2000])
    fresh = X[2000:]
    parts = model.contributions(fresh)
    assert list(parts.columns) == list(X.columns)
    assert parts.index.equals(fresh.index)
    total = parts.sum(axis=1) + model.base_
    assert np.allclose(total, model.decision_function(fresh), rtol=0, atol=1e-9)
    assert np.allclose(expit(total), model.predict_proba(fresh)[:, 1], rtol=0, atol=1e-9)


def test_the_logistic_parts_are_against_the_mean_training_row():
    X, y = table()
    parts = LogisticLearner().fit(X, y).contributions(X)
    assert np.allclose(parts.mean(), 0, atol=1e-9)
    assert parts.std().idxmax() == "tickets"


@pytest.mark.parametrize("learner", LEARNERS)
def test_it_finds_what_matters(learner):
    X, y = table()
    X_new, y_new = table(seed=1)
    p = learner().fit(X, y).predict_proba(X_new)[:, 1]
    loss = -np.mean(y_new * np.log(p) + (1 - y_new) * np.log(1 - p))
    prior = y.mean()
    loss_of_prior = -np.mean(y_new * np.log(prior) + (1 - y_new) * np.log(1 - prior))
    assert loss < 0.9 * loss_of_prior


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("direction", [1, -1])
def test_a_direction_is_never_broken_even_against_the_data(learner, direction):
    X, y = table(gaps=0)
    model = learner(directions={"tickets": direction, "health": direction, "not there": 1})
    model.fit(X, y)
    for name in ("tickets", "health"):
        steps = [
            model.decision_function(X[:200].assign(**{name: value}))
            for value in np.quantile(X[name], np.linspace(0, 1, 15))
        ]
        assert (direction * np.diff(steps, axis=0) >= -1e-9).all()


@pytest.mark.parametrize("learner", LEARNERS)
def test_without_a_direction_the_data_decide(learner):
    X, y = table(gaps=0)
    model = learner(directions={"noise": 1}).fit(X, y)
    worse = model.decision_function(X.assign(tickets=6.0, health=30.0))
    better = model.decision_function(X.assign(tickets=0.0, health=80.0))
    assert (worse > better).all()


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("direction", [1, 0, -1])
def test_not_measured_is_told_apart_from_any_value_where_it_matters(learner, direction):
    X, y = table(gaps=0)
    silent = np.random.default_rng(5).random(len(X)) < 0.3
    X.loc[silent, "noise"] = np.nan
    y = np.where(silent & (np.random.default_rng(6).random(len(X)) < 0.5), 1, y)
    model = learner(directions={"noise": direction}).fit(X, y)
    values = [model.decision_function(X.assign(noise=v)) for v in (-2.0, 0.0, 2.0)]
    gap = model.decision_function(X.assign(noise=np.nan))
    assert gap.mean() > max(value.mean() for value in values) + 0.5


def test_gaps_that_tell_nothing_get_no_column_of_their_own():
    X, y = table(gaps=0.2)
    assert LogisticLearner().fit(X, y).scaling_.flagged_.size == 0
    copies = X.assign(a=np.where(y == 1, np.nan, 1.0), b=np.where(y == 1, np.nan, 2.0))
    assert LogisticLearner().fit(copies, y).scaling_.flagged_.tolist() == [4]


def test_constant_and_empty_columns_change_nothing():
    X, y = table()
    more = X.assign(constant=3.0, empty=np.nan)
    for learner in LEARNERS:
        plain, padded = learner().fit(X, y), learner().fit(more, y)
        assert np.allclose(plain.predict_proba(X), padded.predict_proba(more), atol=1e-6)
        assert (padded.contributions(more)[["constant", "empty"]] == 0).all().all()


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("value", [np.nan, 3.0])
def test_where_nothing_differs_everybody_gets_the_share_that_was_seen(learner, value):
    X, y = table()
    alike = X.assign(**dict.fromkeys(X, value))
    fitted = learner().fit(alike, y)
    assert np.allclose(fitted.predict_proba(alike)[:, 1], y.mean(), atol=1e-4)
    assert np.abs(fitted.contributions(alike).to_numpy()).max() < 1e-9


def test_trees_stored_before_columns_were_left_out_are_read_as_they_were_fitted():
    X, y = table()
    stored = BoostingLearner().fit(X, y)
    said, parts = stored.decision_function(X), stored.contributions(X)
    del stored.varying_
    assert np.array_equal(stored.decision_function(X), said)
    assert np.array_equal(stored.contributions(X), parts)


def test_one_wild_value_does_not_move_the_others():
    X, y = table(gaps=0)
    wild = X.copy()
    wild.loc[0, "arr"] = 1e300
    p, p_wild = (LogisticLearner().fit(t, y).predict_proba(X)[1:, 1] for t in (X, wild))
    assert np.abs(p - p_wild).max() < 0.01


def test_the_logistic_regression_agrees_with_scikit_learns():
    X, y = table()
    model = LogisticLearner(C=0.5).fit(X, y)
    Z = model.scaling_.transform(X.to_numpy())
    reference = LogisticRegression(C=0.5, tol=1e-10, max_iter=10_000).fit(Z, y)
    assert np.allclose(model.coef_, reference.coef_[0], atol=1e-4)
    assert model.intercept_ == pytest.approx(reference.intercept_[0], abs=1e-4)


def test_single_precision_on_a_large_table_moves_no_probability(monkeypatch):
    X, y = table()
    double = LogisticLearner().fit(X, y).predict_proba(X)
    monkeypatch.setattr("risk_model.learner.SINGLE_PRECISION_FROM", 0)
    assert np.abs(double - LogisticLearner().fit(X, y).predict_proba(X)).max() < 1e-3


@pytest.mark.parametrize("learner", LEARNERS)
def test_fewer_negatives_leave_the_prior_as_it_is(learner):
    X, y = table(rows=20_000)
    y = y * (np.random.default_rng(3).random(len(y)) < 0.2)
    model = learner(negatives_per_positive=3).fit(X, y)
    assert model.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), rel=0.12)


def test_thinning_keeps_every_positive_and_the_weight_of_the_negatives():
    y = (np.arange(1000) % 50 == 0).astype(int)
    weight = np.random.default_rng(0).random(1000) + 0.1
    rows, kept = thinned(y, weight, 5, random_state=0)
    assert (y[rows] == 1).sum() == 20 and (y[rows] == 0).sum() == 100
    assert kept[y[rows] == 0].sum() == pytest.approx(weight[y == 0].sum())
    assert np.array_equal(kept[y[rows] == 1], weight[y == 1])


@pytest.mark.parametrize("learner", LEARNERS)
def test_the_same_twice(learner):
    X, y = table()
    p, again = (learner(negatives_per_positive=2).fit(X, y).predict_proba(X) for _ in range(2))
    assert np.array_equal(p, again)


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_table_with_other_columns_is_refused(learner):
    X, y = table()
    model = learner().fit(X, y)
    with pytest.raises(ValueError, match="feature names"):
        model.predict_proba(X[["health", "tickets", "noise", "arr"]])


@pytest.mark.parametrize("learner", LEARNERS)
def test_one_class_is_refused_in_plain_words(learner):
    X, _ = table(rows=50)
    with pytest.raises(SingleClass, match=r"one class \(0\).*longer history") as refused:
        learner().fit(X, np.zeros(50, dtype=int))
    assert isinstance(refused.value, DataRefused)


def test_directions_need_names_and_signs():
    X, y = table(rows=200)
    with pytest.raises(ConfigError, match="by name"):
        LogisticLearner(directions={"tickets": 1}).fit(X.to_numpy(), y)
    with pytest.raises(ConfigError, match=r"-1, 0 or \+1.*tickets"):
        BoostingLearner(directions={"tickets": 2}).fit(X, y)


def test_a_small_table_is_left_to_one_thread_of_every_library_and_a_large_one_to_all():
    def threads():
        return {library["filepath"]: library["num_threads"] for library in threadpool_info()}

    large = np.broadcast_to(0.0, (SMALL_TABLE, 1))
    with threadpool_limits(2):
        before = threads()
        with threads_for(np.zeros((10, 2))):
            within = threads()
        with threads_for(large):
            assert threads() == before
        assert threads() == before
    assert set(before.values()) == {2} and set(within.values()) == {1}
    assert {library["user_api"] for library in threadpool_info()} == {"blas", "openmp"}
