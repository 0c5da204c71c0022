"""Honest figures: against brute force, against scikit-learn, and silent where there is nothing."""

import itertools
import json
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from risk_model.blend import Blend
from risk_model.calibration import Calibrator, choose_calibration, log_losses
from risk_model.errors import DataRefused, UsageError
from risk_model.evaluate import (
    bootstrap,
    forward_evaluation,
    judge,
    metrics,
    paired_bootstrap,
    permutation_p,
    predict_ahead,
)
from risk_model.folds import ForwardFolds
from risk_model.learner import LogisticLearner
from risk_model.measure import listed
from risk_model.resample import prepare, redraw

tied_scores = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 4), st.integers(0, 5)), min_size=4, max_size=60
).filter(lambda rows: 0 < sum(y for y, _, _ in rows) < len(rows))


def columns(rows):
    y, score, group = (np.array(column) for column in zip(*rows, strict=True))
    return y, score / 5.0, group


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(tied_scores)
def test_figures_agree_with_scikit_learn_on_tied_scores(rows):
    y, p, _ = columns(rows)
    figures = metrics(y, p)
    assert figures["auroc"] == pytest.approx(roc_auc_score(y, p))
    assert figures["average_precision"] == pytest.approx(average_precision_score(y, p))
    assert figures["brier"] == pytest.approx(np.mean((y - p) ** 2))
    assert figures["log_loss"] == pytest.approx(log_loss(y, np.clip(p, 1e-6, 1 - 1e-6)))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2)), min_size=2, max_size=6),
    st.integers(1, 6),
)
def test_worst_best_and_expected_list_are_those_over_all_orders_of_ties(rows, capacity):
    y, score = (np.array(column) for column in zip(*rows, strict=True))
    size = min(capacity, len(y))
    falling = (
        order
        for order in itertools.permutations(range(len(y)))
        if all(score[a] >= score[b] for a, b in itertools.pairwise(order))
    )
    hits = [y[list(order[:size])].sum() for order in falling]
    figures = listed(y, score.astype(float), np.zeros(len(y), dtype=int), capacity=capacity)
    assert figures["precision_worst"] == pytest.approx(min(hits) / size)
    assert figures["precision_best"] == pytest.approx(max(hits) / size)
    assert figures["precision"] == pytest.approx(np.mean(hits) / size)
    if y.sum():
        assert figures["recall_worst"] == pytest.approx(min(hits) / y.sum())


def test_the_top_tenth_is_taken_within_each_day():
    y = np.tile([1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 2)
    p = np.concatenate([np.linspace(0.9, 0.8, 10), np.linspace(0.1, 0.01, 10)])
    days = np.repeat([1, 2], 10)
    assert metrics(y, p, days)["top_tenth_recall"] == 1.0
    assert metrics(y, p, days)["top_tenth_lift"] == pytest.approx(10)
    assert metrics(y, p)["top_tenth_recall"] == 0.5


def test_the_prior_to_beat_comes_from_the_training_rows():
    y = np.array([1, 1, 0, 0])
    assert metrics(y, y * 0.5, prior=0.1)["brier_prior"] == pytest.approx((2 * 0.81 + 0.02) / 4)
    assert "brier_prior" not in metrics(y, y * 0.5)
    assert "brier" not in metrics(y, y * 7.0, is_probability=False)


def test_the_calibration_error_is_that_of_bins_of_equal_count():
    rng = np.random.default_rng(0)
    p = np.sort(rng.random(1000))
    y = (rng.random(1000) < p).astype(int)
    by_hand = np.mean(
        [abs(p[i : i + 100].mean() - y[i : i + 100].mean()) for i in range(0, 1000, 100)]
    )
    assert metrics(y, p)["calibration_error"] == pytest.approx(by_hand)
    assert metrics(y, np.full(1000, 0.5))["calibration_error"] == pytest.approx(abs(0.5 - y.mean()))


@settings(max_examples=60, deadline=None)
@given(
    tied_scores,
    st.sampled_from(["auroc", "average_precision", "brier", "log_loss", "top_tenth_precision"]),
)
def test_a_draw_equals_the_figure_of_the_rows_repeated(rows, statistic):
    y, p, group = columns(rows)
    names, code = np.unique(group, return_inverse=True)
    counts = np.random.default_rng(len(y)).integers(0, 3, names.size)
    drawn = prepare(statistic, y, p, group).redraw(counts[None].astype(float))[0]
    repeated = np.repeat(np.arange(len(y)), counts[code])
    if not 0 < y[repeated].sum() < len(repeated):
        return
    if statistic == "top_tenth_precision":
        top = int(np.ceil(len(y) / 10))
        edge = np.sort(p)[::-1][top - 1]
        chance = np.where(p > edge, 1.0, 0.0)
        chance[p == edge] = (top - (p > edge).sum()) / (p == edge).sum()
        weight = chance[repeated]
        expected = (weight * y[repeated]).sum() / weight.sum() if weight.sum() else np.nan
    else:
        expected = metrics(y[repeated], p[repeated])[statistic]
    assert drawn == pytest.approx(expected, nan_ok=True)


def test_the_first_row_of_the_redraw_is_the_figure_itself():
    rng = np.random.default_rng(0)
    y, p, group = rng.integers(0, 2, 200), rng.random(200), rng.integers(0, 30, 200)
    drawn = redraw([prepare("auroc", y, p, group)], group, n=120, seed=0)
    assert drawn.shape == (121, 1)
    assert drawn[0, 0] == pytest.approx(roc_auc_score(y, p))


def clustered(seed, accounts=200, days=10, effect=0.0, share=0.06):
    """Labels and scores that both stick to their account, related by ``effect`` only."""
    rng = np.random.default_rng(seed)
    group, day = np.repeat(np.arange(accounts), days), np.tile(np.arange(days), accounts)
    trait, score = rng.normal(size=accounts), rng.normal(size=accounts)
    logit = np.log(share) - 0.8 + 1.3 * trait[group] + effect * score[group]
    y = (rng.random(len(group)) < expit(logit)).astype(int)
    p = expit(score[group] + 0.3 * rng.normal(size=len(group)) - 3)
    return y, p, group, day


def test_resampling_accounts_is_wider_than_resampling_rows():
    y, p, group, _ = clustered(0, days=40)
    by_account, by_row = bootstrap(y, p, group), bootstrap(y, p, np.arange(len(y)))
    assert by_account.high - by_account.low > 1.5 * (by_row.high - by_row.low)


@pytest.mark.slow
def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    truth = roc_auc_score(*clustered(999, accounts=20_000, effect=0.7)[:2])
    inside = 0
    for seed in range(100):
        y, p, group, _ = clustered(seed, effect=0.7)
        interval = bootstrap(y, p, group, n=200, seed=seed)
        inside += interval.low <= truth <= interval.high
    assert 88 <= inside <= 100


def test_a_paired_difference_knows_better_worse_and_equal():
    y, p, group, _ = clustered(1, effect=1.0)
    noise = np.random.default_rng(1).random(len(y))
    better = paired_bootstrap(y, p, noise, group)
    worse = paired_bootstrap(y, noise, p, group)
    assert better.low > 0 and better.p_value < 0.01
    assert worse.high < 0 and worse.estimate == pytest.approx(-better.estimate)
    same = paired_bootstrap(y, p, p, group, "average_precision")
    assert (same.estimate, same.low, same.high, same.p_value) == (0, 0, 0, 1)


@pytest.mark.slow
def test_five_hundred_resamples_of_sixty_thousand_rows_take_seconds():
    rng = np.random.default_rng(0)
    group, y = rng.integers(0, 5000, 60_000), (rng.random(60_000) < 0.01).astype(int)
    began = time.process_time()
    bootstrap(y, rng.random(60_000), group, n=500)
    bootstrap(y, rng.random(60_000), group, "average_precision", n=500)
    assert time.process_time() - began < 10


def verdict_of(y, p, group, day, seed=0):
    table = pd.DataFrame({"row": range(len(y)), "fold": 0, "day": day, "group": group, "y": y})
    return judge(table.assign(blend=p), "blend", n=200, seed=seed)


@pytest.mark.slow
def test_noise_is_called_noise_in_at_least_95_of_100_histories():
    found = [verdict_of(*clustered(seed), seed=seed).has_signal for seed in range(100)]
    assert sum(found) <= 5


def test_a_real_signal_is_found():
    found = [verdict_of(*clustered(seed, effect=1.0)).has_signal for seed in range(20)]
    assert sum(found) >= 19


def test_a_shared_trend_over_time_is_no_skill():
    rng = np.random.default_rng(0)
    group, day = np.repeat(np.arange(300), 20), np.tile(np.arange(20), 300)
    y = (rng.random(6000) < 0.01 + 0.01 * day).astype(int)
    p = 0.01 + 0.01 * day + 0.001 * rng.random(6000)
    assert roc_auc_score(y, p) > 0.65
    assert permutation_p(y, p, group, day, n=200) > 0.05
    assert not verdict_of(y, p, group, day).has_signal


def test_an_unknown_statistic_or_a_missing_score_is_refused():
    y, p, group, _ = clustered(0)
    with pytest.raises(UsageError, match=r"unknown statistic 'auc'.*auroc"):
        bootstrap(y, p, group, "auc")
    with pytest.raises(DataRefused, match="a score for each"):
        metrics(y, np.where(p > 0.5, np.nan, p))


class Flag(ClassifierMixin, BaseEstimator):
    """A rule of one column that remembers on which days it was fitted."""

    fitted_on: list

    def fit(self, X, y, days=None):
        self.classes_ = np.array([0, 1])
        self.last_day_ = int(np.max(days))
        return self

    def predict_proba(self, X):
        p = 0.02 + 0.1 * (X["tickets"].fillna(0).to_numpy() > 3)
        return np.column_stack([1 - p, p])


def history(seed=0, accounts=150, weeks=40, effect=0.8):
    rng = np.random.default_rng(seed)
    group = np.repeat([f"A{i}" for i in range(accounts)], weeks)
    day = np.tile(20_000 + 7 * np.arange(weeks), accounts)
    tickets = rng.poisson(np.repeat(np.exp(rng.normal(0, 0.7, accounts)), weeks)).astype(float)
    y = (rng.random(len(day)) < expit(-4 + effect * tickets)).astype(int)
    X = pd.DataFrame({"tickets": tickets, "other": rng.normal(size=len(day))})
    return X.mask(rng.random(X.shape) < 0.05), y, day, group


def test_a_forward_evaluation_tells_members_beside_prior_and_baseline():
    X, y, day, group = history()
    fitted = []

    def members():
        rule = Flag()
        fitted.append(rule)
        return {"rules": rule, "logistic": LogisticLearner()}

    folds = ForwardFolds(3, horizon=30)
    done = forward_evaluation(
        members, X, y, day, group, folds, main="logistic", baselines=["tickets"], capacity=5, n=100
    )
    tests = list(folds.split(day))
    assert [rule.last_day_ for rule in fitted] == [day[train].max() for train, _ in tests]
    assert np.array_equal(done.predictions["row"], np.concatenate([test for _, test in tests]))
    assert set(done.figures) == {"rules", "logistic", "tickets", "prior"}
    assert done.has_signal and done.verdict.permutation_p < 0.05
    assert done.figures["prior"]["auroc"] < 0.6 < done.figures["logistic"]["auroc"]
    assert done.intervals["logistic"]["auroc"].low > 0.5
    assert done.against["prior"]["auroc"].low > 0
    assert "capacity_precision" in done.figures["rules"]
    assert "brier" not in done.figures["tickets"]
    priors = done.predictions.groupby("fold")["prior"].first()
    assert priors.tolist() == pytest.approx([y[train].mean() for train, _ in tests])


class Counted(LogisticLearner):
    """Counts how often it was fitted."""

    fits = 0

    def fit(self, X, y, sample_weight=None):
        Counted.fits += 1
        return super().fit(X, y, sample_weight)


@pytest.mark.parametrize(("strength", "saved"), [(0.01, 2), (0.02, 0)])
def test_a_member_that_the_blend_holds_is_not_fitted_again_and_says_the_same(strength, saved):
    X, y, day, group = history()
    folds = ForwardFolds(2, horizon=30)

    def fits_and_said(**more):
        Counted.fits = 0
        said = predict_ahead(lambda: {"logistic": Counted(C=0.01), **more}, X, y, day, group, folds)
        return Counted.fits, said["logistic"]

    alone, expected = fits_and_said()
    blend = Blend(None, [("logistic", Counted(C=strength))], horizon=30, n_folds=2)
    with_blend, said = fits_and_said(blend=blend)
    of_blend, _ = fits_and_said(blend=blend, logistic=Flag())
    assert with_blend == of_blend + alone - saved and alone == 2
    assert said.tolist() == expected.tolist()


def said_of(escalated, accounts=80, weeks=30):
    """Predictions that know which few accounts escalate, each of them in every third week."""
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(accounts), weeks)
    day = np.tile(7 * np.arange(weeks), accounts)
    y = ((group < escalated) & (day % 3 == 0)).astype(int)
    told = {"row": np.arange(len(y)), "fold": 0, "day": day, "group": group, "y": y}
    return pd.DataFrame(told).assign(blend=0.5 * (group < escalated) + 0.2 * rng.random(len(y)))


@pytest.mark.parametrize("escalated", [1, 4])
def test_what_a_few_accounts_do_often_is_no_signal_and_the_reason_counts_them(escalated):
    done = judge(said_of(escalated), "blend", n=200)
    assert done.figures["blend"]["auroc"] > 0.95
    assert not done.has_signal
    assert done.verdict.checks["enough_accounts"] is False
    wanted = f"enough accounts (all escalations are of {escalated}, 5 are wanted)"
    assert done.verdict.reason.endswith(wanted)
    assert judge(said_of(5), "blend", n=200).has_signal


def test_an_interval_of_one_account_is_not_told_but_nor_made_up():
    told = said_of(1)
    interval = bootstrap(told["y"], told["blend"], told["group"], n=200)
    assert 100 < interval.resamples < 150, "a draw misses one account in 37% of the cases"
    assert np.isnan([interval.low, interval.high]).all()
    assert interval.told() == f"{interval.estimate:.3f} (too few accounts)"
    y, p, group = told["y"], told["blend"], told["group"]
    ahead = paired_bootstrap(y, p, -p, group, n=200)
    assert np.isnan([ahead.low, ahead.high, ahead.p_value]).all()
    many = said_of(8)
    wide = bootstrap(many["y"], many["blend"], many["group"], n=200)
    assert wide.told("+.2f") == f"{wide.estimate:+.2f} [{wide.low:+.2f}, {wide.high:+.2f}]"


def test_a_baseline_that_was_measured_for_nobody_on_some_days_is_noted():
    X, y, day, group = history()
    X.loc[day >= day.max() - 7 * 5, "tickets"] = np.nan
    folds = ForwardFolds(3, horizon=30)

    def notes(baseline):
        return forward_evaluation(
            lambda: {"logistic": LogisticLearner()},
            *(X, y, day, group, folds),
            main="logistic",
            baselines=[baseline],
            n=50,
        ).notes

    tested = np.unique(np.concatenate([day[test] for _, test in folds.split(day)])).size
    assert notes("other") == []
    (note,) = notes("tickets")
    assert note.startswith(f"tickets was not measured on {6 / tested:.0%} of the days judged")


def test_an_evaluation_becomes_json():
    X, y, day, group = history(accounts=60)
    done = forward_evaluation(
        lambda: {"logistic": LogisticLearner()},
        X,
        y,
        day,
        group,
        ForwardFolds(2, horizon=14),
        main="logistic",
        n=50,
    )
    told = json.loads(json.dumps(done.to_dict(), allow_nan=False))
    assert told["main"] == "logistic"
    assert told["figures"]["logistic"]["auroc"] == pytest.approx(done.figures["logistic"]["auroc"])
    assert set(told["intervals"]["logistic"]["auroc"]) == {"estimate", "low", "high"}


def test_what_cannot_be_evaluated_is_refused():
    X, y, day, group = history(accounts=20)
    make, folds = (lambda: {"logistic": LogisticLearner()}), ForwardFolds(2, horizon=14)
    with pytest.raises(UsageError, match=r"no such feature.*tickets_28d"):
        forward_evaluation(make, X, y, day, group, folds, baselines=["tickets_28d"])
    with pytest.raises(DataRefused, match="no fold has both classes"):
        forward_evaluation(make, X, np.zeros_like(y), day, group, folds)
    with pytest.raises(UsageError, match="no predictions of 'blend'"):
        forward_evaluation(make, X, y, day, group, folds, main="blend")


def outcomes(seed, distort, rows=20_000, drift=None):
    """Probabilities whose logit was bent by ``distort``; with ``drift`` only in the later half."""
    rng = np.random.default_rng(seed)
    logit, day = rng.normal(-3, 1.2, rows), np.arange(rows) // 100
    y = (rng.random(rows) < expit(logit)).astype(int)
    bent = distort(logit)
    if drift is not None:
        bent = np.where(day > day.max() // 2, drift(logit), bent)
    return expit(bent), y, day, rng.integers(0, 500, rows)


def test_true_probabilities_are_left_as_they_are():
    kinds = [choose_calibration(*outcomes(seed, lambda z: z)).kind for seed in range(20)]
    assert kinds.count("none") >= 18


def test_a_bent_probability_is_straightened():
    p, y, day, group = outcomes(0, lambda z: 2 * z + 3)
    chosen = choose_calibration(p, y, day, group)
    assert chosen.kind in ("platt", "isotonic") and "standard errors" in chosen.reason_
    before, after = metrics(y, p), metrics(y, chosen.predict(p))
    assert after["calibration_error"] < 0.3 * before["calibration_error"]


def test_what_helped_before_a_drift_only_is_not_kept():
    p, y, day, group = outcomes(0, lambda z: 2 * z + 3, drift=lambda z: z)
    chosen = choose_calibration(p, y, day, group)
    assert chosen.kind == "none" and "left as they are" in chosen.reason_


def test_with_few_positives_nothing_is_recalibrated():
    p, y, day, group = outcomes(0, lambda z: 2 * z + 3, rows=400)
    assert choose_calibration(p, y, day, group).reason_.startswith("left as they are: too few")


def with_base_rate(seed, change, rows=24_000, days=400):
    """Outcomes whose log-odds change from one day on; the probabilities know nothing of it."""
    rng = np.random.default_rng(seed)
    z, day = rng.normal(-3, 1.2, rows), np.sort(rng.integers(0, days, rows))
    y = (rng.random(rows) < expit(z + np.where(day > 120, change, 0.0))).astype(int)
    return expit(z), y, day, rng.integers(0, 500, rows)


@pytest.mark.parametrize("change", [-1.0, 1.0])
def test_a_base_rate_that_has_changed_is_followed_and_helps_in_the_period_after(change):
    p, y, day, group = with_base_rate(1, change)
    known, after = day < 300, day >= 300
    chosen = choose_calibration(p[known], y[known], day[known], group[known])
    assert chosen.kind == "shift"
    assert chosen.intercept_ == pytest.approx(change, abs=0.2)
    left = log_losses(y[after], p[after]).mean()
    assert log_losses(y[after], chosen.predict(p[after])).mean() < left - 0.005


def test_a_base_rate_that_swings_back_is_not_followed():
    p, y, day, group = outcomes(0, lambda z: z - 1, drift=lambda z: z)
    assert choose_calibration(p, y, day, group).kind == "none"


@pytest.mark.parametrize("positives", [0, 3, 400])
def test_the_shift_makes_the_mean_the_share_of_the_last_quarter(positives):
    rng = np.random.default_rng(positives)
    p, day = rng.uniform(0.001, 0.4, 4000), np.arange(4000) // 10
    y = np.zeros(4000, dtype=int)
    y[-400:][:positives] = 1
    quarter = day > day.max() - 91
    said = Calibrator("shift").fit(p, y, day).predict(p[quarter]).mean()
    assert said == pytest.approx(max(positives, 0.5) / quarter.sum(), abs=1e-9)


@pytest.mark.parametrize("kind", ["none", "shift", "platt", "isotonic"])
def test_calibration_never_changes_a_rank(kind):
    p, y, *_ = outcomes(3, lambda z: np.tanh(z + 3))
    grid = np.linspace(1e-4, 1 - 1e-4, 4000)
    calibrated = Calibrator(kind).fit(p, y).predict(grid)
    assert (np.diff(calibrated) > 0).all()
    assert (calibrated > 0).all() and (calibrated < 1).all()
