"""Settings are chosen on early days only, families can be switched off, other splits flatter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_model.blend import Blend
from risk_model.choice import choose
from risk_model.errors import ConfigError
from risk_model.features.snapshots import labels_of
from risk_model.folds import ForwardFolds
from risk_model.learner import BoostingLearner, LogisticLearner
from risk_model.out_of_fold import Snapshots
from risk_model.pipelines.ablation import Unmeasured, _seeing, ablation
from risk_model.pipelines.line import Labelled
from risk_model.pipelines.recipe import Recipe, without
from risk_model.settings import lay_down, load_settings
from risk_model.splits import WAYS, ways_of_splitting
from risk_model.timeline import DAY

HORIZON = 10


def rows(seed: int = 0, days: int = 40, accounts: int = 40) -> Snapshots:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.normal(0, 1, (days * accounts, 3)), columns=["a", "b", "c"])
    y = (rng.random(len(table)) < 1 / (1 + np.exp(2 - 3 * table["a"]))).astype(int).to_numpy()
    day = np.repeat(np.arange(days) * 5, accounts)
    return Snapshots(table, y, day, np.tile(np.arange(accounts), days))


def made(setting: dict[str, float]) -> LogisticLearner:
    return LogisticLearner(**setting)


def test_the_setting_that_is_clearly_better_is_chosen_and_else_the_first_stands() -> None:
    better = choose(made, {"C": [1e-7, 1.0]}, rows(), HORIZON)
    assert better.settings == {"C": 1.0}
    assert "standard errors" in better.reason
    same = choose(made, {"C": [1.0, 1e-7]}, rows(), HORIZON)
    assert same.settings == {"C": 1.0}
    assert "no other setting was clearly better" in same.reason


def test_with_few_escalations_nothing_is_chosen_and_it_is_said() -> None:
    few = rows(days=3, accounts=4)
    choice = choose(made, {"C": [1e-7, 1.0]}, few, HORIZON, min_escalations=30)
    assert choice.settings == {"C": 1e-7}
    assert choice.reason.endswith("30 wanted")


def test_what_comes_after_the_early_days_changes_no_choice() -> None:
    settings = load_settings()
    grid = {"logistic": {"C": (1e-7, 1.0)}}
    recipe = settings.recipe.model_copy(update={"choose": grid})
    settings = type(settings)(**{**vars(settings), "recipe": recipe})
    told = rows(days=80)
    names = ["tickets_28d", "tickets_7d", "open_tickets"]
    table = told.table.set_axis(names, axis=1)
    snapshots = pd.DataFrame({"account_id": told.group.astype(str), "as_of": told.day})
    past = Labelled(snapshots, table, pd.Series(told.y))
    choice = Recipe.chosen(settings, table, past, HORIZON).choices["logistic"]
    assert choice.settings == {"C": 1.0}
    late = told.day > np.quantile(told.day, 0.4)
    flipped = Labelled(snapshots, table, pd.Series(np.where(late, 1 - told.y, told.y)))
    again = Recipe.chosen(settings, table, flipped, HORIZON).choices["logistic"]
    assert again.tried == choice.tried


@pytest.mark.parametrize("learner", [LogisticLearner, BoostingLearner])
def test_a_feature_that_is_left_out_is_not_looked_at(learner: type) -> None:
    told = rows()
    model = learner(without=["a"]).fit(told.table, told.y)
    other = told.table.assign(a=np.random.default_rng(1).normal(0, 9, len(told.table)))
    np.testing.assert_array_equal(model.predict_proba(told.table), model.predict_proba(other))
    assert (model.contributions(told.table)["a"] == 0).all()
    seeing = learner().fit(told.table, told.y)
    assert not np.allclose(seeing.predict_proba(told.table), seeing.predict_proba(other))


@pytest.mark.slow
def test_a_family_is_switched_off_by_its_name_and_an_unknown_one_is_named(tmp_path: Path) -> None:
    lay_down(tmp_path)
    path = tmp_path / "models" / "escalation.yaml"
    path.write_text(path.read_text().replace("without: []", "without: [messages]"))
    settings = load_settings(tmp_path)
    off = without(settings, tuple(settings.catalogue.names))
    by_name = settings.catalogue.by_name
    assert {by_name[name].family for name in off if by_name[name].learned} == {"messages"}
    path.write_text(path.read_text().replace("[messages]", "[mesages]"))
    with pytest.raises(ConfigError, match="'without' names no family: mesages"):
        without(load_settings(tmp_path), tuple(settings.catalogue.names))


def test_random_rows_flatter_where_accounts_repeat_themselves() -> None:
    rng = np.random.default_rng(2)
    accounts, days = 60, 30
    own = rng.normal(0, 1, (accounts, 8))
    label = (rng.random(accounts) < 0.3).astype(int)
    table = pd.DataFrame(np.tile(own, (days, 1)) + rng.normal(0, 0.05, (accounts * days, 8)))
    table.columns = pd.Index([f"f{n}" for n in range(8)])
    y, group = np.tile(label, days), np.tile(np.arange(accounts), days)
    every = np.arange(len(y))
    ahead = pd.DataFrame({"boosting": np.full(len(y), 0.3)})
    told = ways_of_splitting(
        lambda: {"boosting": BoostingLearner(max_iter=60)}, table, y, group, every, ahead
    )
    assert list(told) == [WAYS[0], WAYS[1], WAYS[2]]
    random, grouped, forward = (told[way]["boosting"]["auroc"] for way in WAYS)
    assert random > 0.95
    assert grouped < 0.75
    assert forward == 0.5


@pytest.mark.slow
@given(
    st.lists(st.integers(0, 60), max_size=4),
    st.integers(0, 60),
    st.integers(1, 20),
    st.integers(0, 15),
    st.integers(40, 90),
)
def test_a_label_looks_at_its_horizon_after_the_gap_and_at_nothing_else(
    opened: list[int], as_of: int, horizon: int, gap: int, known_until: int
) -> None:
    snapshots = pd.DataFrame({"account_id": ["A"], "as_of": [as_of], "is_escalated": [False]})
    cases = pd.DataFrame(
        {
            "account_id": pd.Series(["A"] * len(opened), dtype="str"),
            "opened_at": pd.Series([day * DAY + 5 for day in opened], dtype="int64"),
        }
    )
    label = labels_of(snapshots, cases, horizon, known_until, gap).iloc[0]
    ahead = [day for day in opened if day >= as_of]
    if as_of + gap + horizon > known_until or any(day < as_of + gap for day in ahead):
        assert np.isnan(label)
    else:
        assert label == float(any(day < as_of + gap + horizon for day in ahead))


def test_what_is_for_rules_alone_is_seen_by_no_learner_whatever_else_is_left_out() -> None:
    settings = load_settings()
    for_rules = {f.name for f in settings.catalogue.features if not f.learned}
    assert "silent_ticket_182d" in for_rules
    recipe = Recipe(settings, tuple(settings.catalogue.names))
    for name in ("logistic", "boosting"):
        assert set(recipe.learner(name).without) == for_rules
    asked = _seeing(recipe.learner("logistic"), ["usage_change"])
    assert set(asked.without or ()) == {*for_rules, "usage_change"}
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 2)))
    X.columns = pd.Index(["silent_ticket_182d", "usage_change"])
    y = (X["silent_ticket_182d"] > 1).astype(int)
    fitted = recipe.learner("logistic").fit(X, y)
    moved = X.assign(silent_ticket_182d=X["silent_ticket_182d"] + 5)
    np.testing.assert_array_equal(fitted.decision_function(X), fitted.decision_function(moved))


@pytest.mark.slow
def test_what_a_family_adds_to_the_blend_is_what_it_loses_where_nobody_has_it_measured() -> None:
    told = rows(days=60)
    names = ["tickets_28d", "open_tickets", "usage_change"]
    table = told.table.set_axis(names, axis=1)
    snapshots = pd.DataFrame({"account_id": told.group.astype(str), "as_of": told.day})
    past = Labelled(snapshots, table, pd.Series(told.y))

    def blend() -> Blend:
        return Blend(None, [("logistic", LogisticLearner(C=1.0))], horizon=HORIZON)

    def logistic() -> LogisticLearner:
        return LogisticLearner(C=1.0)

    catalogue, folds = load_settings().catalogue, ForwardFolds(2, HORIZON)
    by_family = {
        row["family"]: row for row in ablation(logistic, catalogue, table, past, folds, 50, blend)
    }
    tickets, usage = by_family["tickets"], by_family["usage"]
    # All that there is to know stands in the first column.
    assert tickets["blend_adds_low"] > 0.1
    assert tickets["blend_adds"] == pytest.approx(
        tickets["blend_ap_all"] - tickets["blend_ap_without"]
    )
    assert abs(usage["blend_adds"]) < 0.02
    assert "blend_adds" not in ablation(logistic, catalogue, table, past, folds, 50)[0]
    blind = Unmeasured(blend(), ["tickets_28d"]).fit(table, told.y, told.day, told.group)
    other = table.assign(tickets_28d=np.random.default_rng(1).normal(0, 9, len(table)))
    np.testing.assert_array_equal(blind.predict_proba(table), blind.predict_proba(other))
