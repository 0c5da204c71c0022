"""What is suggested: severity by impact, tiers, sponsors, whose turn it is, recovery."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from risk_model import respond
from risk_model.errors import ConfigError
from risk_model.respond.spec import load_response
from risk_model.rules import Rule
from small_company import SETTINGS

RULES, HOW = SETTINGS.rules, SETTINGS.response
some_rules = st.lists(st.sampled_from(RULES.rules), max_size=6, unique_by=lambda rule: rule.id)


def named(*ids: str) -> list[Rule]:
    return [RULES.by_id[name] for name in ids]


def money(*arr: float | None) -> pd.Series:
    return pd.Series(arr, dtype=float)


def facts(*accounts: dict[str, float]) -> pd.DataFrame:
    """Return a row an account of all features, not measured where they are not given."""
    return pd.DataFrame([dict.fromkeys(SETTINGS.catalogue.names, np.nan) | one for one in accounts])


@pytest.mark.parametrize(
    ("rules", "level"),
    [
        ([], "Low"),
        (["usage-drop"], "Medium"),
        (["no-contact-weeks"], "Medium"),
        (["meetings-missed"], "Medium"),
        (["upset-message"], "High"),
        (["says-cancel-legal-breach"], "High"),
        (["threat-or-competitor"], "High"),
        (["critical-open-48h"], "High"),
        (["usage-drop", "ticket-burst", "several-red-flags"], "High"),
    ],
)
def test_the_risk_level_follows_the_rules_own_words_and_grades(
    rules: list[str], level: str
) -> None:
    assert respond.risk_levels([named(*rules)], np.array([False])) == [level]


@pytest.mark.practice("level-capacity")
def test_a_probability_within_capacity_lifts_low_to_medium_and_no_further() -> None:
    accounts = [[], named("usage-drop"), named("upset-message")]
    assert respond.risk_levels(accounts, np.array([True] * 3)) == ["Medium", "Medium", "High"]


def test_who_has_escalated_takes_nobodys_place_in_the_capacity() -> None:
    p = np.array([0.9, 0.8, 0.3, 0.2, 0.1, 0.1])
    at_risk = np.array([False, False, True, True, True, True])
    assert respond.likeliest(p, at_risk, 2).tolist() == [False] * 2 + [True] * 2 + [False] * 2
    assert respond.likeliest(p, at_risk, 1).tolist() == [False] * 2 + [True] + [False] * 3
    assert not respond.likeliest(p, at_risk, 0).any()
    assert not respond.likeliest(p, ~np.ones(6, dtype=bool), 2).any()


@given(some_rules, some_rules)
def test_one_more_sign_never_lowers_the_answer(rules: list[Rule], more: list[Rule]) -> None:
    few, all_of_them = rules, rules + [rule for rule in more if rule not in rules]
    both, no = [few, all_of_them], np.array([False, False])
    levels = respond.risk_levels(both, no)
    assert respond.LEVELS.index(levels[0]) <= respond.LEVELS.index(levels[1])
    lower, higher = respond.tiers(both, levels, money(10, 10), HOW)
    assert lower <= higher
    order = ["no", "within-24h", "now"]
    before, after = respond.sponsors(both, levels, money(10, 10), HOW)
    assert order.index(before) <= order.index(after)


# Fifty accounts of the same size: each is above 1% of the revenue, and none is in the top ten.
def tier_of(rules: list[Rule], level: str, arr: float, others: list[float]) -> int:
    revenue = money(*others, arr)
    quiet: list[list[Rule]] = [[] for _ in others]
    return respond.tiers([*quiet, rules], ["Low"] * len(others) + [level], revenue, HOW)[-1]


def test_high_value_alone_is_no_tier_four() -> None:
    assert tier_of([], "Low", 1e9, [1.0] * 49) == 1
    assert tier_of(named("usage-drop"), "Medium", 1e9, [1.0] * 49) == 1
    assert tier_of(named("ticket-past-sla"), "High", 100, [100.0] * 49) == 2


def test_a_tier_three_case_becomes_four_above_one_percent_of_revenue_only() -> None:
    case = named("executive-involved")
    assert tier_of(case, "High", 2.0, [1.0] * 150) == 4
    assert tier_of(case, "High", 1.0, [1.0] * 150) == 3
    assert tier_of(case, "High", 0.9, [100.0, *([1.0] * 9), *([1.0] * 90)]) == 3


def test_one_of_the_ten_largest_at_high_risk_is_tier_four_and_at_medium_not() -> None:
    rules, others = named("upset-message"), [1000.0] * 9 + [1.0] * 40
    assert tier_of(rules, "High", 500.0, others) == 4
    assert tier_of(rules, "Medium", 500.0, others) == 1
    assert tier_of(rules, "High", 0.5, others) == 1


def test_where_everybody_is_among_the_ten_largest_that_says_nothing() -> None:
    assert tier_of(named("upset-message"), "High", 500.0, [1.0] * 9) == 1


def test_among_equals_nobody_is_one_of_the_ten_largest_by_the_order_of_the_rows() -> None:
    rules = named("upset-message")
    for others in ([5.0] * 30, [9.0] * 8 + [5.0] * 3):
        revenue = money(*others, 5.0)
        told = respond.tiers([rules] * len(revenue), ["High"] * len(revenue), revenue, HOW)
        assert set(told[-4:]) == {1}
        assert told[:-4].count(4) == others.count(9.0)
    assert tier_of(rules, "High", 5.0, [9.0] * 8 + [5.0] + [1.0] * 30) == 4


@pytest.mark.parametrize("rule", ["breach-or-legal-fact", "threat-to-go-public"])
def test_breach_and_public_exposure_are_tier_four_and_call_the_sponsor_now(rule: str) -> None:
    assert tier_of(named(rule), "High", 1.0, [1.0] * 200) == 4
    assert respond.sponsors([named(rule)], ["High"], money(1), HOW) == ["now"]


@pytest.mark.parametrize(
    ("rules", "level", "arr", "sponsor"),
    [
        ([], "Low", 1e9, "no"),
        (["upset-message"], "High", 100_000, "no"),
        (["upset-message"], "High", 100_001, "now"),
        (["usage-drop"], "Medium", 100_001, "no"),
        (["upset-message"], "High", None, "no"),
        (["executive-involved"], "High", 1, "now"),
        (["renewal-unconfirmed"], "Medium", 90_000, "no"),
    ],
)
def test_the_sponsor_is_called_by_their_executive_or_by_much_revenue_at_high_risk(
    rules: list[str], level: str, arr: float | None, sponsor: str
) -> None:
    assert respond.sponsors([named(*rules)], [level], money(arr), HOW) == [sponsor]


@pytest.mark.parametrize(
    ("known", "side"),
    [
        ({}, "nobody"),
        ({"longest_wait": 0.1}, "nobody"),
        ({"waiting_for_answer_84d": 1}, "us"),
        ({"silent_ticket_182d": 1}, "us"),
        ({"past_sla_182d": 1}, "us"),
        ({"waiting_for_answer_84d": 1, "tasks_overdue_customer": 1}, "us"),
        ({"p1_unanswered_182d": 1}, "us"),
        ({"p2_unanswered_182d": 1}, "us"),
        ({"p1_with_us": 1, "days_since_outbound": 1, "days_since_contact": 9}, "us"),
        ({"asks_unanswered": 1, "tasks_overdue_customer": 1}, "us"),
        ({"unanswered_48h": 1}, "us"),
        ({"tasks_overdue_us_182d": 2}, "us"),
        ({"promises_overdue_182d": 1}, "us"),
        ({"promises_overdue_182d": 1, "tasks_overdue_customer": 1}, "us"),
        ({"tasks_overdue_customer": 1}, "customer"),
        ({"days_since_outbound": 3, "days_since_contact": 9}, "customer"),
        ({"days_since_outbound": 3}, "customer"),
        ({"days_since_outbound": 14, "days_since_contact": 15}, "customer"),
        ({"days_since_outbound": 15, "days_since_contact": 16}, "nobody"),
        ({"days_since_outbound": 9, "days_since_contact": 3}, "nobody"),
        ({"executive_concerns_28d": 1, "executive_unanswered": 1}, "us"),
        ({"executive_to_ceo_28d": 1, "executive_unanswered": 1}, "us"),
        ({"executive_unanswered": 1}, "nobody"),
        ({"executive_concerns_28d": 1, "executive_unanswered": 0}, "nobody"),
        ({"asks_for_higher_unanswered": 1}, "us"),
        ({"unanswered_48h": 0, "tasks_overdue_us": 0, "promises_overdue": 0}, "nobody"),
    ],
)
def test_whose_turn_it_is(known: dict[str, float], side: str) -> None:
    assert respond.waiting_on(facts(known), HOW) == [side]


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ({}, "at-risk"),
        ({"usage_change": -0.31}, "silent"),
        ({"usage_change": -0.30}, "at-risk"),
        ({"usage_change": -0.9, "loud_84d": 1}, "at-risk"),
        ({"usage_change": -0.9, "detractor_answers_84d": 1}, "at-risk"),
        ({"usage_change": -0.9, "open_tickets": 1}, "at-risk"),
        ({"usage_change": -0.9, "tickets_28d": 1}, "at-risk"),
        ({"usage_change": -0.9, "waiting_for_answer_84d": 1}, "at-risk"),
        ({"usage_change": -0.9, "silent_ticket_182d": 1}, "at-risk"),
        ({"contacts_28d": 0, "contacts_ever": 2}, "silent"),
        ({"contacts_28d": 0, "contacts_ever": 2, "days_since_any_contact": 29}, "silent"),
        # They answered a survey.
        ({"contacts_28d": 0, "contacts_ever": 2, "days_since_any_contact": 9}, "at-risk"),
        ({"contacts_28d": 0, "contacts_ever": 0}, "at-risk"),
        ({"contacts_28d": 1, "contacts_ever": 2}, "at-risk"),
        ({"days_since_escalation_closed": 182, "usage_change": -0.9}, "recovery"),
        ({"days_since_escalation_closed": 183}, "at-risk"),
    ],
)
def test_loud_silent_or_in_recovery(known: dict[str, float], state: str) -> None:
    assert respond.states(facts({"inbound_28d": 0} | known), HOW) == [state]


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ({}, "at-risk"),
        ({"tickets_28d": 0}, "silent"),
        ({"inbound_28d": 0, "complaints_28d": 0, "inbound_84d": 2, "loud_84d": 0}, "silent"),
        # Written, and not understood: what they say is not measured.
        ({"inbound_28d": 0, "complaints_28d": 0, "inbound_84d": 2}, "at-risk"),
        ({"inbound_28d": 2, "tickets_28d": 0}, "at-risk"),
        ({"detractor_answers_84d": 0}, "at-risk"),
    ],
)
def test_who_fades_is_silent_only_where_a_complaint_could_be_known(
    known: dict[str, float], state: str
) -> None:
    values = facts({"usage_change": -0.9} | known)
    assert respond.states(values, HOW) == [state]
    assert respond.fades_unheard(values, HOW).tolist() == [state == "at-risk"]


@pytest.mark.parametrize(
    ("days", "stage"),
    [
        (0, "week-1"), (7, "week-1"), (8, "weeks-2-4"), (28, "weeks-2-4"), (29, "month-2"),
        (60, "month-2"), (61, "month-3"), (91, "month-3"), (92, "month-6"), (182, "month-6"),
        (183, ""), (np.nan, ""),
    ],
)  # fmt: skip
def test_recovery_has_its_stages(days: float, stage: str) -> None:
    known = facts({"days_since_escalation_closed": days})
    assert respond.recovery_stages(known, HOW) == [stage]
    assert (respond.states(known, HOW) == ["recovery"]) == (stage != "")


def test_the_cause_is_the_one_that_most_points_speak_for() -> None:
    product = named("ticket-burst", "same-issue-repeated")
    accounts = [[], named("usage-drop"), [*product, *named("promise-broken")], product[:1]]
    assert respond.causes(accounts, RULES) == ["", "", "product", "product"]
    assert respond.causes([named("billing-dispute", "promise-broken")], RULES) == ["support"]


def test_who_leaves_in_silence_is_reached_before_anything_is_done_with_them() -> None:
    accounts = [
        named("usage-drop"),
        named("usage-drop", "meetings-missed", "survey-silence", "several-red-flags"),
        named("no-contact-weeks", "usage-drop"),
        named("outage", "usage-drop"),
        named("usage-drop"),
    ]
    states = ["silent"] * 4 + ["at-risk"]
    steps = respond.first_steps(accounts, ["usage"] * 5, states, HOW)
    reach, fades = HOW.first_step.silent, RULES.by_id["usage-drop"].do
    assert steps == [
        f"{reach}, then {fades[:1].lower()}{fades[1:]}",
        reach,
        reach,
        RULES.by_id["outage"].do,
        fades,
    ]


def test_no_step_by_a_sign_speaks_of_tickets_that_may_be_closed() -> None:
    """What stands out may be an average over tickets of the past."""
    assert "open" not in HOW.first_step.tickets


def test_the_first_step_is_the_strongest_rules_else_by_the_sign_else_by_the_state() -> None:
    accounts = [
        named("upset-message", "usage-drop"),
        named("usage-drop", "ticket-burst", "meetings-missed", "several-red-flags"),
        [], [], [], [],
    ]  # fmt: skip
    families = ["usage", "usage", "tickets", "", "", "tickets"]
    states = ["at-risk"] * 4 + ["silent", "recovery"]
    steps = respond.first_steps(accounts, families, states, HOW)
    assert steps == [
        RULES.by_id["upset-message"].do,
        RULES.by_id["several-red-flags"].do,
        HOW.first_step.tickets,
        HOW.first_step.nothing,
        HOW.first_step.silent,
        HOW.first_step.recovery,
    ]


def test_rules_that_fired_stand_strongest_first_in_the_order_of_the_file() -> None:
    wanted = ("ticket-burst", "waiting-on-us", "usage-drop", "upset-message")
    table = pd.DataFrame([{r.id: 0.0 if r.id in wanted else -1.0 for r in RULES.rules}])
    table.loc[0, "outage"] = np.nan
    for columns in itertools.islice(itertools.permutations(table.columns), 3):
        hits = respond.fired_rules(table[list(columns)], RULES)[0]
        assert [r.id for r in hits] == [
            "upset-message",
            "waiting-on-us",
            "usage-drop",
            "ticket-burst",
        ]


def test_our_silence_is_told_where_no_rule_has_told_it() -> None:
    known = facts({"longest_answer_wait_84d": 2.54}, {"longest_answer_wait_84d": 2.54}, {})
    hours = respond.silent_hours(known, HOW)
    assert hours.tolist() == [60, 60, 0]
    second = 1 / 86_400
    ends = [{"longest_silence_182d": 2 + by * second} for by in (-1, 0, 1)]
    assert respond.silent_hours(facts(*ends), HOW).tolist() == [0, 0, 48], "over 48 hours, no less"
    hits = [named("upset-message"), [], []]
    why = [["Upset", "Usage", "Seats"], ["Nothing stands out in what was measured"], ["Usage"]]
    told = respond.with_silence(why, hours, hits, known, SETTINGS.catalogue, HOW)
    says = "Something of theirs has waited 60 hours for our reply"
    assert told == [["Upset", says, "Usage"], [says], ["Usage"]]


def test_a_company_that_counts_in_hours_goes_on_doing_so() -> None:
    turn = HOW.turn.model_copy(update={"answer": "Answer what has waited {hours} hours"})
    how = HOW.model_copy(update={"turn": turn})
    told = [
        respond.first_steps([[]], ["messages"], ["at-risk"], one, silent=np.array([1000.0]))[0]
        for one in (how, HOW)
    ]
    assert told[0].startswith("Answer what has waited 1,000 hours, then take a personal")
    assert told[1].startswith(
        "Answer today, with a date, what has waited 41 days (1,000 hours), then"
    )


def test_the_answer_that_is_owed_comes_before_the_step_but_not_before_the_sponsors() -> None:
    accounts = [named("upset-message"), named("waiting-on-us"), named("threat-to-go-public")]
    steps = respond.first_steps(
        accounts, [""] * 3, ["at-risk"] * 3, HOW, silent=np.array([61.0] * 3)
    )
    assert steps[0].startswith("Answer today, with a date, what has waited 61 hours, then take a ")
    assert steps[1:] == [rules[0].do for rules in accounts[1:]]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "{past_sla_182d: {above: 0}}",
            "{past_slo: {above: 0}}",
            "unknown feature 'past_slo'. Did you",
        ),
        ("  month-2: {", "  month-22: {", "Input should be 'week-1'"),
        ("until_day: 28,", "until_day: 7,", "each stage has to end later"),
        ('lever_first: "a workaround today"', 'lever_first: "a refund"', "never the first"),
        ("timezone: Europe/Berlin}", "timezone: Europe/Bern}", "no time zone 'Europe/Bern'"),
    ],
)
def test_a_mistake_in_the_responses_is_told_with_its_line_and_a_remedy(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = (ROOT / "models/response.yaml").read_text()
    assert old in text
    file = tmp_path / "models" / "response.yaml"
    file.parent.mkdir()
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError) as raised:
        load_response(file, SETTINGS.catalogue)
    assert said in " ".join(raised.value.mistakes)
    assert all(mistake.startswith("models/response.yaml:") for mistake in raised.value.mistakes)
