"""The rules that come with the product: each fires for what it is about, and for nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_model.catalogue import Condition
from risk_model.errors import UsageError
from risk_model.rules import Rule, Rulebook, RuleSet
from small_company import SETTINGS

RULES = SETTINGS.rules
BOOK = Rulebook.of(RULES)
FEATURES = RULES.features
SINGLE = [rule.id for rule in RULES.rules if rule.kinds is None]


def table(*accounts: dict[str, float], otherwise: float = 0.0) -> pd.DataFrame:
    """Return a row an account; what is not given is ``otherwise`` (a quiet account)."""
    return pd.DataFrame([dict.fromkeys(FEATURES, otherwise) | one for one in accounts])


def fired(*accounts: dict[str, float], otherwise: float = 0.0) -> list[set[str]]:
    """Return the ids of the rules that fire, by account."""
    found = BOOK.fired(table(*accounts, otherwise=otherwise))
    return [set(found.columns[row == 1]) for row in found.to_numpy()]


@pytest.mark.slow
@pytest.mark.practice("not-measured")
@given(st.sampled_from(SINGLE), st.floats(-1e6, 1e6))
def test_what_is_not_measured_is_not_quiet(rule: str, value: float) -> None:
    features = RULES.by_id[rule].features
    whole = BOOK.fired(table({}))[rule]
    assert whole.notna().all()
    for name in features:
        lacking = BOOK.fired(table(dict.fromkeys(features, np.nan) | {name: value}))[rule].iloc[0]
        nothing = BOOK.fired(table(dict.fromkeys(features, np.nan)))[rule].iloc[0]
        assert np.isnan(nothing)
        alone = any(_is_enough(group, name) for group in RULES.by_id[rule].groups)
        assert np.isnan(lacking) or (lacking == 1 and alone) or _settled(rule, name, value)


def _is_enough(group: Mapping[str, Condition], name: str) -> bool:
    """Whether a group holds by one feature, where it asks of others only that they are unknown."""
    others = [condition for own, condition in group.items() if own != name]
    return name in group and all(condition.known is False for condition in others)


def _settled(rule: str, name: str, value: float) -> bool:
    """Whether one known value is enough to say that no group can hold.

    A condition that asks whether something is known is settled where it is not.
    """
    known = dict.fromkeys(RULES.by_id[rule].features, np.nan) | {name: value}
    return all(
        any(
            not condition.holds(known[own])
            for own, condition in group.items()
            if own == name or condition.known is not None
        )
        for group in RULES.by_id[rule].groups
    )


def test_what_certainly_does_not_hold_is_quiet_whatever_else_is_unknown() -> None:
    unknown = dict.fromkeys(FEATURES, np.nan)
    rule = RULES.by_id["escalation-stale"]
    assert set(rule.features) == {"open_escalations", "oldest_open_escalation"}
    X = table({**unknown, "open_escalations": 0}, {**unknown, "open_escalations": 1}, unknown)
    assert BOOK.fired(X)["escalation-stale"].fillna(-9).tolist() == [0, -9, -9]


@pytest.mark.slow
@given(st.sampled_from(SINGLE), st.data())
def test_a_rule_fires_exactly_where_its_words_hold(rule: str, data: st.DataObject) -> None:
    spec = RULES.by_id[rule]
    numbers = st.one_of(st.integers(-100, 100).map(float), st.just(np.nan))
    values = {name: data.draw(numbers) for name in spec.features}
    found = BOOK.fired(table(values))[rule].iloc[0]
    holds = any(all(c.holds(values[n]) for n, c in group.items()) for group in spec.groups)
    assert (found == 1) == holds


@pytest.mark.practice("flags-count-kinds")
def test_several_red_flags_count_kinds_and_not_repeats() -> None:
    tickets = {"tickets_7d": 9, "same_matter_7d": 9, "p1_open_48h": 3, "past_sla": 4}
    words = {"complaints_14d": 3}
    one, two, three = fired(tickets, {**tickets, **words}, {**tickets, **words, "usage_change": -1})
    assert one == {"ticket-burst", "same-issue-repeated", "critical-open-48h", "ticket-past-sla"}
    assert "several-red-flags" not in two
    assert "several-red-flags" in three


def test_a_message_is_a_kind_by_what_was_heard_and_once_for_all_rules_that_hear_it() -> None:
    leaving = {"threats_28d": 1}
    (heard,) = fired(leaving)
    assert heard == {"says-cancel-legal-breach", "threat-or-competitor"}
    disputing = {**leaving, "billing_14d": 1}
    two, three = fired(disputing, {**disputing, "public_28d": 1})
    assert "several-red-flags" not in two
    assert "several-red-flags" in three


def test_mild_signs_are_no_red_flags() -> None:
    mild = {"passive_answers_28d": 1, "tasks_overdue_customer": 2, "meetings_missed_28d": 1}
    (found,) = fired(mild)
    assert found == {"nps-passive", "tasks-unfinished", "meetings-missed"}


@pytest.mark.parametrize(
    ("arr", "share", "signs", "is_near"),
    [
        (100_001, 0.9, 2, True),
        (100_000, 0.9, 2, False),
        (900, 0.1, 2, True),
        (900, 0.11, 2, False),
        (900_000, 0.01, 1, False),
        (900_000, 0.01, 3, False),
    ],
)
def test_much_revenue_is_near_with_two_kinds_and_no_longer_with_three(
    arr: float, share: float, signs: int, is_near: bool
) -> None:
    shown = dict([("usage_change", -1), ("billing_14d", 1), ("detractor_answers_28d", 1)][:signs])
    (found,) = fired({**shown, "arr": arr, "arr_top_share": share})
    assert ("high-value-near" in found) == is_near
    assert ("several-red-flags" in found) == (signs == 3)


def test_too_few_kinds_to_count_are_not_measured() -> None:
    assert fired({}, otherwise=np.nan) == [set()]
    assert BOOK.fired(table({}, otherwise=np.nan)).isna().all(axis=None)
    only_two = table({"usage_change": -1, "health_change_7d": 0}, otherwise=np.nan)
    assert np.isnan(BOOK.fired(only_two)["several-red-flags"].iloc[0])


def test_points_are_the_sum_of_the_grades_and_of_the_case_that_holds() -> None:
    X = table({}, {"usage_change": -0.5}, {"complaints_14d": 1, "tickets_7d": 5})
    assert BOOK.points(X).tolist() == [0.0, 2.0, 5.0]
    often, once = {"meetings_missed_84d": 3, "meetings_missed_28d": 1}, {"meetings_missed_28d": 1}
    assert BOOK.points(table(often, once)).tolist() == [2.0, 1.0]


def test_the_first_case_that_holds_speaks() -> None:
    rule = RULES.by_id["breach-or-legal-fact"]
    legal, both = {"legal_facts_28d": 1.0}, {"legal_facts_28d": 1.0, "breach_28d": 1.0}
    assert (rule.as_fired(legal).severity, rule.as_fired(legal).cause) == (None, "contract")
    assert (rule.as_fired(both).severity, rule.as_fired(both).tier) == (1, 4)
    assert BOOK.cases(table(legal, both))["breach-or-legal-fact"].tolist() == [3.0, 1.0]


def test_more_points_are_never_less_risk_by_the_default_curve() -> None:
    book = Rulebook.of(RULES).as_default(FEATURES)
    X = table({}, {"billing_14d": 1}, {"past_sla": 1}, {"past_sla": 1, "complaints_14d": 1})
    p = book.predict_proba(X)[:, 1]
    assert (np.diff(p) > 0).all()
    assert 0 < p[0] < 0.05


def test_a_past_in_which_points_mean_less_risk_makes_them_mean_nothing() -> None:
    rng = np.random.default_rng(0)
    loud = rng.random(600) < 0.5
    X = table(*({"past_sla": float(flag)} for flag in loud))
    y = (rng.random(600) < np.where(loud, 0.1, 0.4)).astype(int)
    book = Rulebook.of(RULES).fit(X, y)
    assert book.slope_ == 0.0
    assert book.predict_proba(X)[:, 1] == pytest.approx(y.mean())


def test_few_labels_leave_the_default_curve() -> None:
    X = table(*({"past_sla": float(n < 29)} for n in range(200)))
    y = (np.arange(200) < 29).astype(int)
    few, enough = Rulebook.of(RULES).fit(X, y), Rulebook.of(RULES).fit(X.head(199), [*y[:198], 1])
    assert not few.is_fitted_to_labels_
    assert (few.intercept_, few.slope_) == (Rulebook.DEFAULT_INTERCEPT, Rulebook.DEFAULT_SLOPE)
    assert enough.is_fitted_to_labels_
    assert enough.slope_ > 0


def test_a_table_without_the_rules_features_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="tickets_7d"):
        BOOK.fired(table({}).drop(columns="tickets_7d"))


def test_a_rule_has_one_way_to_fire() -> None:
    words: dict[str, Any] = {"id": "x", "kind": "k", "grade": "mild", "says": "s", "do": "d"}
    with pytest.raises(ValueError, match="needs one of 'when' and 'any_of'"):
        Rule.model_validate(words)
    with pytest.raises(ValueError, match="needs one of 'when' and 'any_of'"):
        Rule.model_validate({**words, "when": {"a": True}, "any_of": [{"b": True}]})
    with pytest.raises(ValueError, match="the sentence on the list"):
        Rule.model_validate({**words, "when": {"a": True}, "says": ""})


def test_a_threshold_in_a_rule_set_of_ones_own_is_what_fires() -> None:
    own = RuleSet(
        rules=(
            Rule(
                id="many", kind="k", grade="mild", says="s", do="d",
                when={"n": Condition(at_least=7)},
            ),
        )
    )  # fmt: skip
    found = Rulebook.of(own).fired(pd.DataFrame({"n": [6.0, 7.0, np.nan]}))
    assert found["many"].tolist()[:2] == [0.0, 1.0]
    assert np.isnan(found["many"].iloc[2])


def test_three_missed_meetings_are_several() -> None:
    rule = RULES.by_id["meetings-missed"]
    levels = [
        rule.as_fired({"meetings_missed_84d": missed, "meetings_missed_28d": 1.0}).risk_level
        for missed in (1.0, 3.0)
    ]
    assert levels == ["Low", "Medium"]


@pytest.mark.parametrize(
    "missing",
    ["data_loss_comments_28d", "urgent_outages_open_14d", "stopped_tickets_open_14d"],
)
def test_an_outage_is_measured_where_there_are_no_surveys_and_no_priorities(missing: str) -> None:
    features = table({missing: np.nan}, {missing: np.nan, "outages_14d": 1.0})
    assert BOOK.fired(features)["outage"].tolist() == [0, 1]
