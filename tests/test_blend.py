"""The blend: never clearly worse than its better half, honest ahead of time, exact in its parts."""

import zipfile
from itertools import product

import numpy as np
import pandas as pd
import pytest
import skops.io
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import average_precision_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from risk_model.blend import TRUSTED_TYPES, Blend
from risk_model.errors import DataRefused, RiskModelError
from risk_model.extra_trees import ExtraTreesLearner
from risk_model.folds import ForwardFolds
from risk_model.learner import BoostingLearner, LogisticLearner
from risk_model.stack import Stack, count_escalations

# Every test here fits several blends.
pytestmark = pytest.mark.slow
HORIZON = 28


def knowledge(X):
    """What experience says and no small sample teaches: an interplay of columns 10 to 12."""
    values = np.nan_to_num(np.asarray(X, dtype=float))
    return np.sin(4 * values[:, 10]) + np.sign(values[:, 11]) * values[:, 12]


class Experience(ClassifierMixin, BaseEstimator):
    """Rules: a fixed score of named columns, ``knows=False`` one that has nothing to do with it."""

    def __init__(self, knows=True):
        self.knows = knows

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, X):
        X[["f0", "f14"]]  # rules need names
        score = knowledge(X) if self.knows else np.nan_to_num(X["f5"].to_numpy())
        return np.column_stack([1 - expit(score - 3), expit(score - 3)])


def history(kind, positives, seed=0, share=0.03, weeks=30):
    """Weekly snapshots whose risk the rules know, the learners can learn, both, or nobody."""
    rng = np.random.default_rng([seed, positives])
    accounts = int(positives / share / weeks) + 1
    group, day = (
        np.repeat(np.arange(accounts), weeks),
        np.tile(20_000 + 7 * np.arange(weeks), accounts),
    )
    X = 0.6 * rng.normal(size=(accounts, 15))[group] + 0.8 * rng.normal(size=(len(day), 15))
    told, learnt = knowledge(X), 1.2 * X[:, 1] + X[:, 2]
    risk = {"rules": 1.3 * told, "learner": learnt, "both": 1.1 * told + learnt, "noise": 0 * told}
    y = rng.random(len(day)) < expit(risk[kind] + offset(risk[kind], share))
    X = pd.DataFrame(X, columns=[f"f{j}" for j in range(15)])
    return (
        X.mask(rng.random(X.shape) < 0.02),
        y.astype(int),
        day,
        np.char.add("account-", group.astype(str)),
    )


def offset(risk, share):
    grid = np.linspace(-12, 2, 400)
    return grid[np.argmin([abs(expit(risk + shift).mean() - share) for shift in grid])]


def fitted(kind="both", positives=150, seed=0, knows=True, **options):
    X, y, day, group = history(kind, positives, seed)
    model = Blend(Experience(knows), horizon=HORIZON, **options)
    return model.fit(X, y, days=day, groups=group), X, y, day, group


@pytest.fixture(scope="module")
def blended():
    return fitted()


@parametrize_with_checks([Blend()])
def test_scikit_learn_takes_it_for_an_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("kind", "positives"),
    [
        *product(["rules", "learner", "both", "noise"], [45, 120]),
        pytest.param("both", 1000, marks=pytest.mark.slow),
    ],
)
def test_the_blend_is_not_clearly_worse_than_its_better_half(kind, positives):
    blends, halves = [], []
    for seed in range(3):
        model, *_ = fitted(kind, positives, seed, knows=kind != "learner")
        X, y, *_ = history(kind, 1000, seed + 100)
        blends.append(average_precision_score(y, model.predict_proba(X)[:, 1]))
        halves.append(
            [average_precision_score(y, m.predict_proba(X)[:, 1]) for _, m in model.members_]
        )
    better = np.mean(halves, axis=0).max()
    # Over three histories an average precision is itself good for about a tenth of its value.
    assert np.mean(blends) > (0.8 if kind == "noise" else 0.9) * better


def test_two_partial_halves_are_better_together(blended):
    model, *_ = blended
    X, y, *_ = history("both", 2500, seed=100)
    alone = [average_precision_score(y, m.predict_proba(X)[:, 1]) for _, m in model.members_]
    assert average_precision_score(y, model.predict_proba(X)[:, 1]) > 1.3 * max(alone)
    assert model.weights_["rules"] > 0.2
    assert model.calibrated_


def test_learners_with_nothing_to_add_get_next_to_no_say():
    model, *_ = fitted("rules", 300)
    assert model.weights_["rules"] > 5 * (model.weights_["logistic"] + model.weights_["boosting"])


def test_rules_with_nothing_to_say_get_next_to_no_say():
    model, *_ = fitted("learner", 300, knows=False)
    assert model.weights_["rules"] < 0.2 * (model.weights_["logistic"] + model.weights_["boosting"])


def test_weights_are_never_negative():
    for seed in range(3):
        model, *_ = fitted("noise", 60, seed, knows=False)
        assert min(model.weights_.values()) >= 0


def test_with_a_few_escalations_rules_and_logistic_regression_count_alike_and_it_says_so():
    model, _, y, day, group = fitted("both", 20)
    assert 10 <= count_escalations(y, day, group, HORIZON) < 30
    assert model.weights_["boosting"] == 0 and model.weights_["logistic"] == 0.5
    assert "rules and logistic count alike" in model.reason_ and "30 wanted" in model.reason_
    assert not model.calibrated_
    ahead = {name: logit(model.oof_[name]) for name in ("rules", "logistic", "blend")}
    halves = [model.weights_[name] * ahead[name] for name in ("rules", "logistic")]
    assert np.std(halves[0]) == pytest.approx(np.std(halves[1]))
    assert ahead["blend"].mean() == pytest.approx(ahead["logistic"].mean())


def test_with_hardly_an_escalation_the_rules_decide_alone_and_it_says_so():
    model, X, y, day, group = fitted("both", 6)
    assert count_escalations(y, day, group, HORIZON) < 10
    assert model.weights_ == {"rules": 1.0, "logistic": 0.0, "boosting": 0.0}
    assert "the rules decide" in model.reason_ and "30 wanted" in model.reason_
    assert np.allclose(model.predict_proba(X), model.members_[0][1].predict_proba(X))


def test_rules_that_say_the_same_of_everybody_get_no_more_weight_than_they_claim():
    logits = np.column_stack([np.full(50, -3.0), np.linspace(-4, -2, 50), np.zeros(50)])
    stack = Stack(has_rules=True).lean(logits, "few", rules_only=False)
    assert stack.weights_.tolist() == [1.0, 0.5, 0.0]
    assert stack.decide(logits).mean() == pytest.approx(-3.0)


@pytest.mark.parametrize(
    ("positives", "share"), [(10, 0.05), (50, 0.25), (99, 0.495), (100, 0.5), (300, 0.5)]
)
def test_below_a_hundred_escalations_what_the_first_learner_leaves_to_the_other_grows(
    positives, share
):
    random = np.random.default_rng(5)
    y = np.repeat([1, 0], [positives, 20 * positives])
    # Both know half of it, and as much: neither is clearly better than any mix.
    logits = 1.5 * y[:, None] + random.normal(size=(len(y), 2))
    stack = Stack().fit(logits, y, np.arange(len(y)))
    lines = [stack._line(column, y, 1.0)[0] for column in logits.T]
    parts = stack.weights_ / lines
    assert parts[1] / parts.sum() == pytest.approx(share)
    told = "averaged" if share == 0.5 else f"learner 1 has {1 - share:.0%} of the learners' say"
    assert told in stack.reason_


@pytest.mark.parametrize("positives", [60, 300])
def test_a_learner_that_is_clearly_better_than_the_mix_speaks_alone(positives):
    random = np.random.default_rng(5)
    y = np.repeat([1, 0], [positives, 20 * positives])
    for best in (0, 1):
        logits = random.normal(size=(len(y), 2))
        logits[:, 1 - best] *= 2.0
        logits[:, best] += 3.0 * y
        stack = Stack().fit(logits, y, np.arange(len(y)))
        assert stack.weights_[1 - best] == 0 < stack.weights_[best]
        assert f"learner {best + 1} is clearly the best learner" in stack.reason_


def test_with_a_short_history_the_rules_decide_alone():
    X, y, day, group = history("both", 150)
    early = day < 20_000 + HORIZON
    y = np.where(np.arange(len(y)) % 3 == 0, 1, y)
    model = Blend(Experience(), horizon=HORIZON).fit(X[early], y[early], day[early], group[early])
    assert model.weights_["rules"] == 1.0 and "too short" in model.reason_
    assert model.oof_.empty


def test_days_too_few_for_all_folds_are_weighed_by_those_that_there_can_be():
    X, y, day, group = history("learner", 800)
    seldom = np.isin(day, np.unique(day)[::8])
    model = Blend(Experience(knows=False), horizon=HORIZON)
    model.fit(X[seldom], y[seldom], day[seldom], group[seldom])
    assert len(np.unique(day[seldom])) == 4
    assert 1 <= model.oof_["fold"].nunique() < model.n_folds
    assert model.weights_["logistic"] > 0.3 and "decide" not in model.reason_


def test_snapshots_of_one_escalation_count_once():
    y = np.array([1, 1, 1, 0, 1, 1, 0])
    day = np.array([0, 7, 14, 21, 80, 7, 14])
    group = np.array(["a", "a", "a", "a", "a", "b", "b"])
    assert count_escalations(y, day, group, 28) == 3
    shuffled = np.random.default_rng(0).permutation(7)
    assert count_escalations(y[shuffled], day[shuffled], group[shuffled], 28) == 3
    assert count_escalations(y * 0, day, group, 28) == 0


def test_the_parts_sum_to_the_logit_before_calibration(blended):
    model, X, *_ = blended
    part = X[100:400]
    learners, rules, base = model.contributions(part)
    assert list(learners.columns) == list(X.columns)
    assert learners.index.equals(part.index) and rules.index.equals(part.index)
    total = learners.sum(axis=1) + rules + base
    assert np.allclose(total, model.decision_logit(part), rtol=0, atol=1e-9)
    mapped = expit(model.calibrator_.map_logit(total))
    assert np.allclose(mapped, model.predict_proba(part)[:, 1], rtol=0, atol=1e-12)


def test_the_rules_part_rises_with_the_rules(blended):
    model, X, *_ = blended
    _, rules, _ = model.contributions(X)
    p = model.members_[0][1].predict_proba(X)[:, 1]
    assert np.allclose(np.corrcoef(rules, logit(p))[0, 1], 1)
    assert rules.mean() == pytest.approx(0, abs=1e-9)


def test_without_rules_the_learners_stand_alone():
    X, y, day, group = history("learner", 150)
    model = Blend(horizon=HORIZON).fit(X, y, days=day, groups=group)
    learners, rules, base = model.contributions(X)
    assert set(model.weights_) == {"logistic", "boosting"}
    assert (rules == 0).all()
    assert np.allclose(learners.sum(axis=1) + base, model.decision_logit(X), rtol=0, atol=1e-9)


def test_without_learners_the_rules_are_put_on_the_scale_of_probabilities():
    X, y, day, group = history("rules", 300)
    model = Blend(Experience(), [], horizon=HORIZON).fit(X, y, days=day, groups=group)
    p = model.predict_proba(X)[:, 1]
    assert p.mean() == pytest.approx(y.mean(), rel=0.2)
    assert (np.argsort(p) == np.argsort(Experience().predict_proba(X)[:, 1])).mean() > 0.99


def test_probabilities_are_about_right():
    model, *_ = fitted("both", 1000)
    X, y, *_ = history("both", 2500, seed=100)
    p = model.predict_proba(X)[:, 1]
    top = p > np.quantile(p, 0.9)
    assert p.mean() == pytest.approx(y.mean(), rel=0.2)
    assert p[top].mean() == pytest.approx(y[top].mean(), rel=0.25)


def test_out_of_fold_rows_are_those_of_the_forward_folds(blended):
    model, _, y, day, group = blended
    oof = model.oof_
    folds = list(ForwardFolds(4, HORIZON).split(day))
    assert np.array_equal(oof["row"], np.concatenate([test for _, test in folds]))
    for name, values in (("y", y), ("day", day), ("group", group)):
        assert np.array_equal(oof[name], values[oof["row"]])
    assert {"rules", "logistic", "boosting", "blend"} <= set(oof.columns)
    assert oof[["rules", "logistic", "boosting", "blend"]].notna().all().all()


def test_no_later_label_changes_an_earlier_out_of_fold_prediction(blended):
    model, X, y, day, group = blended
    for fold in range(1, 4):
        begins = model.oof_.loc[model.oof_["fold"] == fold, "day"].min()
        # Every label that was not known when this fold began is replaced.
        later = day + HORIZON > begins
        other = np.where(later, np.random.default_rng(fold).permutation(y), y)
        again = Blend(Experience(), horizon=HORIZON).fit(X, other, days=day, groups=group)
        said, told = (m.oof_[m.oof_["fold"] <= fold] for m in (model, again))
        columns = ["rules", "logistic", "boosting", "blend"]
        assert np.array_equal(said[columns], told[columns])
        assert not np.array_equal(said["y"], told["y"])


def test_the_first_fold_trusts_rules_and_the_first_learner_alike(blended):
    model, *_ = blended
    first = model.oof_[model.oof_["fold"] == 0]
    rules, logistic, blend = (logit(first[name]) for name in ("rules", "logistic", "blend"))
    mean = (rules - rules.mean()) / rules.std() + (logistic - logistic.mean()) / logistic.std()
    assert np.allclose(blend, logistic.mean() + logistic.std() * mean / 2)


def test_the_order_of_rows_does_not_matter_when_days_are_given(blended):
    model, X, y, day, group = blended
    order = np.random.default_rng(0).permutation(len(y))
    again = Blend(Experience(), horizon=HORIZON)
    again.fit(X.iloc[order], y[order], days=day[order], groups=group[order])
    assert np.allclose(model.predict_proba(X), again.predict_proba(X), atol=1e-6)


def test_the_same_twice(blended):
    model, X, *_ = blended
    assert np.array_equal(model.predict_proba(X), fitted()[0].predict_proba(X))


def test_weights_of_rows_reach_the_learners():
    X, y, day, group = history("learner", 150)
    weight = np.where(y == 1, 3.0, 1.0)
    plain = Blend(horizon=HORIZON).fit(X, y, day, group)
    heavy = Blend(horizon=HORIZON).fit(X, y, day, group, sample_weight=weight)
    means = [
        [member.predict_proba(X)[:, 1].mean() for _, member in model.members_]
        for model in (plain, heavy)
    ]
    assert (np.array(means[1]) > 2 * np.array(means[0])).all()


def test_a_stored_blend_says_the_same_and_names_no_account(blended, tmp_path):
    model, X, _, _, group = blended
    path = tmp_path / "blend.skops"
    skops.io.dump(model, path)
    own = [f"{Experience.__module__}.Experience"]
    assert set(skops.io.get_untrusted_types(file=path)) <= {*TRUSTED_TYPES, *own}
    again = skops.io.load(path, trusted=[*TRUSTED_TYPES, *own])
    assert np.abs(model.predict_proba(X) - again.predict_proba(X)).max() < 1e-12
    for said, told in zip(model.contributions(X[:50]), again.contributions(X[:50]), strict=True):
        assert np.allclose(said, told, rtol=0, atol=1e-12)
    assert again.weights_ == model.weights_ and again.reason_ == model.reason_
    with zipfile.ZipFile(path) as stored:
        content = b"".join(stored.read(name) for name in stored.namelist())
    account = str(group[-1])
    assert not any(account.encode(code) in content for code in ("utf-8", "utf-32-le"))
    with pytest.raises(AttributeError, match="does not carry"):
        again.oof_  # noqa: B018


def test_the_trusted_list_names_nothing_that_is_not_needed(tmp_path):
    X, y, day, group = history("both", 400)
    path = tmp_path / "blend.skops"
    trees = ExtraTreesLearner(n_estimators=5)
    learners = [("boosting", BoostingLearner()), ("l", LogisticLearner()), ("trees", trees)]
    model = Blend(None, learners, horizon=HORIZON).fit(X, y, days=day, groups=group)
    skops.io.dump(model, path)
    assert set(skops.io.get_untrusted_types(file=path)) == set(TRUSTED_TYPES)


class Mute(ClassifierMixin, BaseEstimator):
    """A learner of somebody else that cannot explain itself."""

    def fit(self, X, y):
        self.classes_, self.learner_ = np.array([0, 1]), LogisticLearner().fit(X, y)
        return self

    def predict_proba(self, X):
        return self.learner_.predict_proba(X)


def test_what_cannot_be_done_is_refused_in_plain_words():
    X, y, day, group = history("both", 45)
    with pytest.raises(DataRefused, match="one class"):
        Blend(Experience()).fit(X, y * 0, days=day, groups=group)
    with pytest.raises(DataRefused, match="neither rules nor learners"):
        Blend(learners=[]).fit(X, y, days=day, groups=group)
    mute = Blend(learners=[("mute", Mute())]).fit(X, y, days=day, groups=group)
    with pytest.raises(RiskModelError, match="'mute' has no contributions"):
        mute.contributions(X)


def test_any_two_labels_will_do():
    X, y, day, group = history("learner", 60)
    named = np.where(y == 1, "yes", "no")
    plain = Blend(horizon=HORIZON).fit(X, y, days=day, groups=group)
    model = Blend(horizon=HORIZON).fit(X, named, days=day, groups=group)
    assert model.classes_.tolist() == ["no", "yes"]
    assert np.array_equal(plain.predict_proba(X), model.predict_proba(X))
    assert set(model.predict(X)) <= {"no", "yes"}


def test_the_default_learners_are_the_two_of_the_house():
    model, *_ = fitted("noise", 20)
    kinds = [type(member) for _, member in model.members_]
    assert kinds == [Experience, LogisticLearner, BoostingLearner]
