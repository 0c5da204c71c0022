"""Why, in plain words: the right figures, the right forms, nothing twice, never nothing."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import Command
from risk_model import explain
from risk_model.brief.composing import compose
from risk_model.brief.markdown import render
from risk_model.errors import UsageError
from risk_model.pipelines.account import explained
from risk_model.pipelines.brief import story_of
from risk_model.pipelines.judged_day import JudgedDay, judged_day
from risk_model.pipelines.judges import working_catalogue
from risk_model.pipelines.line import Line
from risk_model.pipelines.present import as_text
from risk_model.reasons import notable_parts, standing_out
from risk_model.reasons import reasons as weigh
from risk_model.rules import Rulebook, RuleSet
from small_company import AS_OF, SETTINGS, account, day, desk, moment, ticket, write_tables

CATALOGUE, RULES = working_catalogue(SETTINGS), SETTINGS.rules
BOOK = Rulebook.of(RULES)
NAMES = CATALOGUE.names
# 2026-03-30, for the dates in sentences.
TODAY = {"as_of": 20542.0}
numbers = st.one_of(st.integers(-50, 50).map(float), st.floats(-3, 3), st.just(np.nan))


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (-0.46, "change", "down 46%"),
        (0.5, "change", "up 50%"),
        (0.0, "change", "unchanged"),
        (-0.004, "change", "unchanged"),
        (0.267, "share", "27%"),
        (12.0, "days", "12 days"),
        (1.0, "days", "1 day"),
        (1.4, "days", "1 day"),
        (1.6, "days", "1 day"),
        (0.2, "days", "less than a day"),
        (0.0, "days", "0 days"),
        (15.0 - 1e-9, "days", "15 days"),
        (15.5, "days", "15 days"),
        (-2.5, "days", "-2 days"),
        (30.0, "hours", "30 hours"),
        (0.4, "hours", "less than an hour"),
        (1234567.0, "money", "1,234,567"),
        (7.0, "count", "7"),
        (0.25, "number", "0.2"),
        (3.0, "score", "3"),
        (3.64, "score", "3.6"),
        (-0.4, "number", "-0.4"),
        (np.nan, "days", "unknown"),
    ],
)
def test_a_figure_is_told_as_a_person_reads_it(value: float, unit: str, said: str) -> None:
    assert explain.told(value, unit) == said


@pytest.mark.parametrize(
    ("pattern", "values", "said"),
    [
        ("{tickets_7d} (ticket|tickets) in one week", {"tickets_7d": 1}, "1 ticket in one week"),
        ("{tickets_7d} (ticket|tickets) in one week", {"tickets_7d": 4}, "4 tickets in one week"),
        ("Usage {usage_change} now", {"usage_change": -0.46}, "Usage down 46% now"),
        ("Renewal in {days_to_renewal}", {"days_to_renewal": 1}, "Renewal in 1 day"),
        ("Renewal in {days_to_renewal}", {"days_to_renewal": 0}, "Renewal today"),
        ("on a day, in {days_to_renewal}, so", {"days_to_renewal": 0.0}, "on a day, today, so"),
        (
            "{billing_28d} (message disputes|messages dispute) it",
            {"billing_28d": 2},
            "2 messages dispute it",
        ),
        ("(a wordplay), untouched", {}, "(a wordplay), untouched"),
        ("{no_such_feature} x", {}, "unknown x"),
        ("on {days_to_renewal:date}", {"days_to_renewal": 2}, "on 2026-04-01"),
        ("since {oldest_p1:date}", {"oldest_p1": 1.5}, "since 2026-03-28"),
        ("since {oldest_p1:date}", {"oldest_p1": 2.0}, "since 2026-03-28"),
        ("for {oldest_p1:hours}", {"oldest_p1": 1.25}, "for 30 hours"),
        ("for {past_sla:hours}", {"past_sla": 3, "past_sla_date": 2.0}, "for 48 hours"),
        ("for {oldest_p1:hours}", {"oldest_p1": 40.25}, "for 40 days (966 hours)"),
        ("on {tickets_7d:date}", {"tickets_7d_date": 20541 * 86_400.0}, "on 2026-03-29"),
        ("on {tickets_7d:date}", {"tickets_7d_date": 20541 * 86_400.0 - 1}, "on 2026-03-28"),
        ("NPS {detractor_answers_28d:score}", {"detractor_answers_28d_score": 3}, "NPS 3"),
        ("on {tickets_7d:date}", {}, "on unknown"),
    ],
)
def test_a_sentence_takes_figures_and_forms(
    pattern: str, values: dict[str, float], said: str
) -> None:
    assert explain.sentence(pattern, values | TODAY, CATALOGUE) == said


def test_what_fell_is_told_without_its_sign() -> None:
    feature = CATALOGUE.by_name["sentiment_change"]
    said = explain.sentence(feature.says or "", {"sentiment_change": -0.4}, CATALOGUE, feature)
    assert "fell by 0.4" in said


@pytest.mark.parametrize("feature", [f for f in CATALOGUE.features if f.says], ids=lambda f: f.name)
def test_every_sentence_of_the_catalogue_reads_well_for_one_and_for_many(feature) -> None:  # type: ignore[no-untyped-def]
    for value in (1.0, 2.0, 17.0):
        values = dict.fromkeys(NAMES, value) | TODAY
        said = explain.sentence(feature.says or "", values, CATALOGUE, feature)
        assert_reads_well(said)


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.id)
def test_every_sentence_of_a_rule_reads_well_for_one_and_for_many(rule) -> None:  # type: ignore[no-untyped-def]
    for value in (1.0, 2.0, 17.0):
        for said in rule.sentences:
            values = dict.fromkeys(NAMES, value) | TODAY
            assert_reads_well(explain.sentence(said, values, CATALOGUE))


# Words that are plural in a sentence whose figure is 1, and the other way round.
ODD_FORMS = (
    r"\b1 (messages|tickets|days|hours|questions|meetings|incidents|outages|escalations|answers)\b"
    r"|\b(2|17) (message|ticket|day|hour|question|meeting|incident|outage|escalation|answer)\b"
)


def assert_reads_well(said: str) -> None:
    assert said
    assert not re.search(r"[{}|]|unknown|  ", said), said
    assert not re.search(ODD_FORMS, said), said


def reasons(
    features: pd.DataFrame, parts: pd.DataFrame, rules_part: float = 1.0
) -> list[list[str]]:
    shared = pd.Series(rules_part, index=features.index)
    signs = notable_parts(parts, features, CATALOGUE)
    return weigh(features, BOOK.fired(features), signs, shared, CATALOGUE, RULES)


def frame(*accounts: dict[str, float], otherwise: float = 0.0) -> pd.DataFrame:
    return pd.DataFrame([dict.fromkeys(NAMES, otherwise) | TODAY | one for one in accounts])


def nothing(features: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(index=features.index)


def test_reasons_hold_the_accounts_own_figures() -> None:
    yesterday = 20541.5 * 86_400
    features = frame({"tickets_7d": 5, "tickets_7d_date": yesterday}, {"usage_change": -0.46}, {})
    told = reasons(features, nothing(features))
    assert told == [
        ["5 tickets in one week, the last on 2026-03-29"],
        ["Usage down 46% against the 4 weeks before"],
        [explain.QUIET],
    ]


def test_a_sign_that_a_rule_tells_is_not_told_again_by_its_feature() -> None:
    features = frame({"tickets_7d": 5, "tickets_28d": 6, "logins_change": -0.4})
    parts = pd.DataFrame([{"tickets_7d": 9.0, "tickets_28d": 8.0, "logins_change": 0.1}])
    told = reasons(features, parts)[0]
    assert sum("ticket" in said for said in told) == 1
    assert "Logins down 40% against the 4 weeks before" in told


def test_the_weightiest_sign_comes_first() -> None:
    features = frame({"tickets_28d": 6, "logins_change": -0.4, "days_since_active": 12})
    parts = pd.DataFrame([{"tickets_28d": 0.2, "logins_change": 0.3, "days_since_active": 0.9}])
    assert reasons(features, parts)[0] == [
        "No action for 12 days",
        "Logins down 40% against the 4 weeks before",
        "6 tickets in the last 4 weeks",
    ]


def test_a_feature_that_lowers_the_risk_or_is_not_notable_is_no_reason() -> None:
    features = frame({"tickets_28d": 6, "logins_change": -0.1})
    parts = pd.DataFrame([{"tickets_28d": -0.5, "logins_change": 0.9}])
    assert reasons(features, parts) == [[explain.QUIET]]


@pytest.mark.slow
@given(
    st.dictionaries(st.sampled_from(NAMES), numbers, max_size=25),
    st.dictionaries(st.sampled_from(NAMES), st.floats(-2, 2), max_size=25),
    st.sampled_from([0.0, np.nan]),
)
def test_reasons_are_never_empty_never_repeat_and_never_say_unknown(
    values: dict[str, float], weights: dict[str, float], otherwise: float
) -> None:
    features = frame(values, otherwise=otherwise)
    told = reasons(features, pd.DataFrame([weights]))[0]
    assert 1 <= len(told) <= 3
    assert len(set(told)) == len(told)
    for said in told:
        assert said
        assert not re.search(r"[{}|]|\bnan\b", said), said


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(NAMES), st.floats(-2, 2), max_size=20))
def test_what_stands_out_is_the_family_of_the_weightiest_notable_sign(
    weights: dict[str, float],
) -> None:
    features = frame(dict.fromkeys(weights, 5.0))
    signs = notable_parts(pd.DataFrame([weights]), features, CATALOGUE)
    family = standing_out(signs, CATALOGUE)[0]
    notable = {
        name: weight
        for name, weight in weights.items()
        if weight > 0 and explain.is_notable(CATALOGUE.by_name[name], 5.0)
    }
    if not notable:
        assert family == ""
    else:
        top = max(notable.values())
        assert family in {CATALOGUE.by_name[n].family for n, w in notable.items() if w == top}


def test_windows_of_one_thing_tell_one_story() -> None:
    assert explain.stem_of("tickets_7d") == explain.stem_of("tickets_28d") == "tickets"
    assert explain.stem_of("logins_change") == explain.stem_of("logins_28d_before") == "logins"
    assert explain.stem_of("unanswered_48h") != explain.stem_of("tickets_28d")


@pytest.mark.slow
def test_an_account_is_explained_with_its_rules_and_figures(command: Command) -> None:
    data = write_tables(
        command.cwd / "data",
        accounts=[account("ACME-1", name="Acme"), account("ACME-2")],
        tickets=[*desk("ACME-2"), *(ticket(n, "ACME-1", moment(3, n)) for n in range(5))],
    )
    done = command("explain", "ACME-1", "--data", data, "--model", "rules")
    assert done.code == 0, done.err
    for said in ("Acme (ACME-1) as of", "ticket-burst", "5 tickets in one week", "not measured"):
        assert said in done.said
    assert "usage-drop" in done.said, "what is not measured is shown"
    near = command("explain", "ACME-3", "--data", data, "--model", "rules")
    assert near.code == 2
    assert "Did you mean 'ACME-" in near.err
    gone = command("explain", "ACME-1", "--data", data, "--model", "rules", "--as-of", day(800))
    assert gone.code in (2, 3)
    assert "--as-of" in gone.err


def test_a_rule_leads_by_the_grade_of_its_case_that_holds() -> None:
    like = {"do": "Call", "cause": "experience", "from": "practice"}
    missed = {
        "id": "missed",
        "grade": "strong",
        "any_of": [
            {"when": {"meetings_missed_28d": {"above": 2}}, "says": "Several meetings missed"},
            {
                "when": {"meetings_missed_28d": {"above": 0}},
                "says": "A meeting missed",
                "grade": "mild",
            },
        ],
    }
    burst = {
        "id": "burst",
        "grade": "warning",
        "when": {"tickets_7d": {"above": 3}},
        "says": "Many tickets",
    }
    rules = RuleSet.model_validate({"rules": [missed | like, burst | like]})
    features = frame(
        {"meetings_missed_28d": 1.0, "tickets_7d": 5.0},
        {"meetings_missed_28d": 3.0, "tickets_7d": 5.0},
    )
    fired = Rulebook.of(rules).fired(features)
    none = pd.Series([0.0, 0.0])
    told = weigh(features, fired, nothing(features), none, CATALOGUE, rules)
    assert told == [
        ["Many tickets", "A meeting missed"],
        ["Several meetings missed", "Many tickets"],
    ]


def test_an_account_that_is_escalated_is_explained_as_the_list_of_these_has_it(
    judged: JudgedDay,
) -> None:
    said = as_text(explained(judged, "acme"), 400)
    listed = judged.escalated.set_index("account_id").loc["acme"]
    assert listed["days_open"] == 19
    assert said.splitlines()[:2] == [
        "Acme Ltd (acme) as of 2026-03-30: escalated since 2026-03-10, so no longer at risk of it",
        "E1: SEV-2, open since 2026-03-10T08:00:00Z, 19 days, past its limit; "
        f"acknowledgement: not overdue; next update due {listed['next_update_due']}; sponsor due "
        f"{listed['sponsor_due']}",
    ]
    assert "An escalation has been open for 19 days, since 2026-03-10" in said
    assert "held by: " in said
    for untold in ("if it escalated", "at-risk", "risk:", "within 30 days", "acknowledge by"):
        assert untold not in said, "what would come is no longer the question"
    assert "if it escalated" in as_text(explained(judged, "risky"), 400)


def test_who_is_no_customer_or_has_no_name_is_told_so(tmp_path: Path) -> None:
    data = write_tables(
        tmp_path,
        accounts=[
            account("old", contract_end=day(10)),
            account("new", contract_start=day(-5)),
            account("later", valid_from=day(-2)),
            account("calm", name=""),
        ],
        tickets=desk("calm"),
    )
    with Line.open(data, SETTINGS) as line:
        on = judged_day(line, AS_OF, model="rules")
        for name, why in (
            ("old", f"not a customer any more on {AS_OF}: its contract ended on {day(10)}"),
            ("new", f"not a customer yet on {AS_OF}: its contract begins on {day(-5)}"),
            ("later", f"not a customer yet on {AS_OF}: nothing is known of it by then"),
        ):
            with pytest.raises(UsageError, match=f"{name} is {why}. Give another day"):
                on.place(name)
        assert as_text(explained(on, "calm")).startswith(f"calm as of {AS_OF}")
        assert "| **Customer** | calm |" in render(compose(story_of(on, "calm"), "tracking"))


def test_columns_are_added_to_an_explanation_without_a_warning(judged: JudgedDay) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        explained(judged, "risky")


@pytest.mark.parametrize("unit", ["number", "score", "count", "money"])
def test_next_to_nothing_is_told_as_0(unit: str) -> None:
    assert explain.told(-0.04, unit) == "0"
