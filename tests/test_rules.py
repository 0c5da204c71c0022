"""The rules that come with the product: each fires for what it is about, and for nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_model.catalogue import Condition
from risk_model.errors import UsageError
from risk_model.rules import Rule, Rulebook, RuleSet
from risk_model.settings import load_settings

RULES = load_settings().rules
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


# What the field says (thresholds and their side), independent of the YAML: (rule, just fires,
# just does not). A rule that a company may tune is tuned there and here.
BORDERS: list[tuple[str, dict[str, float], dict[str, float]]] = [
    ("usage-drop", {"usage_change": -0.31}, {"usage_change": -0.30}),
    (
        "logins-declining",
        {"logins_falling_weeks": 3, "logins_change": -0.11},
        {"logins_falling_weeks": 2, "logins_change": -0.5},
    ),
    ("ticket-burst", {"tickets_7d": 4}, {"tickets_7d": 3}),
    ("same-issue-repeated", {"same_theme_7d": 3}, {"same_theme_7d": 2}),
    ("critical-open-48h", {"p1_open_48h": 1}, {"p1_open_48h": 0}),
    ("ticket-past-sla", {"p1_unanswered_4h": 1}, {}),
    ("ticket-past-sla", {"p2_unanswered_24h": 1}, {}),
    ("ticket-past-sla", {"past_sla": 1}, {}),
    ("nps-detractor", {"detractor_answers_28d": 1}, {}),
    ("health-drop", {"health_change_28d": -16}, {"health_change_28d": -15}),
    ("health-drop", {"health_change_7d": -30}, {"health_change_7d": -29}),
    ("renewal-unconfirmed", {"renewal_unconfirmed_90d": 1}, {}),
    ("competitor-weighed", {"competitor_28d": 1}, {}),
    ("competitor-weighed", {"hesitancy_28d": 1}, {}),
    ("says-cancel-legal", {"threats_28d": 1}, {}),
    ("says-cancel-legal", {"legal_28d": 1}, {}),
    ("upset-message", {"complaints_28d": 1}, {}),
    ("executive-involved", {"executive_complaints_28d": 1}, {}),
    ("executive-involved", {"executive_to_ceo_28d": 1}, {}),
    ("threat-to-go-public", {"public_28d": 1}, {}),
    ("breach-or-legal-fact", {"breach_28d": 1}, {}),
    ("breach-or-legal-fact", {"data_incidents_28d": 1}, {}),
    ("waiting-on-us", {"asks_waiting_48h": 1}, {}),
    ("waiting-on-us", {"unanswered_48h": 1}, {}),
    ("promise-broken", {"promises_overdue": 1}, {}),
    ("promise-broken", {"tasks_overdue_us": 1}, {}),
    (
        "no-contact-weeks",
        {"days_since_inbound": 29, "inbound_28d": 0, "inbound_84d": 1},
        {"days_since_inbound": 28, "inbound_28d": 0, "inbound_84d": 1},
    ),
    ("meetings-missed", {"meetings_missed_84d": 3}, {"meetings_missed_84d": 2}),
    ("outage", {"outages_28d": 1}, {}),
    ("outage", {"incidents_running": 1}, {}),
    ("outages-repeated", {"incidents_28d": 3}, {"incidents_28d": 2}),
    ("expectation-gap", {"expectation_gap_28d": 1}, {}),
    ("billing-dispute", {"billing_28d": 1}, {}),
    ("passed-around", {"passed_around_28d": 1}, {}),
]


@pytest.mark.parametrize(
    ("rule", "just", "not_quite"),
    [
        pytest.param(
            rule, just, not_quite, marks=pytest.mark.practice(rule), id=f"{rule}-{next(iter(just))}"
        )
        for rule, just, not_quite in BORDERS
    ],
)
def test_a_rule_fires_past_its_border_alone_and_not_on_it(
    rule: str, just: dict[str, float], not_quite: dict[str, float]
) -> None:
    loud, quiet = fired(just, not_quite)
    assert loud == {rule}
    assert quiet == set()


def test_every_rule_has_its_border_here() -> None:
    assert {rule for rule, _, _ in BORDERS} == set(SINGLE)


@given(st.sampled_from(SINGLE), st.floats(-1e6, 1e6))
def test_what_is_not_measured_is_not_quiet(rule: str, value: float) -> None:
    features = RULES.by_id[rule].features
    whole = BOOK.fired(table({}))[rule]
    assert whole.notna().all()
    for name in features:
        lacking = BOOK.fired(table(dict.fromkeys(features, np.nan) | {name: value}))[rule].iloc[0]
        nothing = BOOK.fired(table(dict.fromkeys(features, np.nan)))[rule].iloc[0]
        assert np.isnan(nothing)
        alone = any(set(group) == {name} for group in RULES.by_id[rule].groups)
        assert np.isnan(lacking) or (lacking == 1 and alone) or _settled(rule, name, value)


def _settled(rule: str, name: str, value: float) -> bool:
    """Whether one known value is enough to say that no group can hold."""
    groups = RULES.by_id[rule].groups
    return all(name in group and not group[name].holds(value) for group in groups)


@given(st.sampled_from(SINGLE), st.data())
def test_a_rule_fires_exactly_where_its_words_hold(rule: str, data: st.DataObject) -> None:
    spec = RULES.by_id[rule]
    numbers = st.one_of(st.integers(-100, 100).map(float), st.just(np.nan))
    values = {name: data.draw(numbers) for name in spec.features}
    found = BOOK.fired(table(values))[rule].iloc[0]
    holds = any(all(c.holds(values[n]) for n, c in group.items()) for group in spec.groups)
    assert (found == 1) == holds


def test_several_red_flags_count_kinds_and_not_repeats() -> None:
    tickets = {"tickets_7d": 9, "same_theme_7d": 9, "p1_open_48h": 3, "past_sla": 4}
    words = {"breach_28d": 1, "threats_28d": 2, "public_28d": 1}
    one_kind, two, three = fired(
        tickets, {**tickets, **words}, {**tickets, **words, "usage_change": -0.9}
    )
    assert len(one_kind) == 4
    assert "several-red-flags" not in one_kind
    assert len(two) == 7
    assert "several-red-flags" not in two
    assert "several-red-flags" in three


def test_what_cannot_be_measured_is_no_kind_of_flag() -> None:
    assert fired({}, otherwise=np.nan) == [set()]
    found = BOOK.fired(table({}, otherwise=np.nan))
    assert found[SINGLE].isna().all(axis=None)
    assert found["several-red-flags"].tolist() == [0.0]


def test_points_are_the_sum_of_the_grades() -> None:
    X = table({}, {"usage_change": -0.5}, {"complaints_28d": 1, "tickets_7d": 5})
    assert BOOK.points(X).tolist() == [0.0, 2.0, 5.0]


def test_more_points_are_never_less_risk_by_the_default_curve() -> None:
    book = Rulebook.of(RULES).as_default(FEATURES)
    X = table({}, {"billing_28d": 1}, {"past_sla": 1}, {"past_sla": 1, "complaints_28d": 1})
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
    with pytest.raises(ValueError, match="exactly one of"):
        Rule.model_validate(words)
    with pytest.raises(ValueError, match="exactly one of"):
        Rule.model_validate({**words, "when": {"a": True}, "kinds": 2})


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
