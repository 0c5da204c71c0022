"""A golden test per line of practice: an account built for it, and the row that it gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

from practice_company import ABOVE_SHARE, FACTS, write
from risk_model import respond
from risk_model.pipelines.judges import working_catalogue
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.watchlist import Watchlist
from small_company import SETTINGS

HOW = SETTINGS.response
Rows = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Watchlist:
    """The company's list by the rules alone, made once for all lines."""
    with Line.open(write(tmp_path_factory.mktemp("practice")), SETTINGS) as line:
        return score(line, model="rules")


@pytest.fixture(scope="module")
def rows(listed: Watchlist) -> Rows:
    return {row["account_id"]: row for row in listed.ranked.to_dict("records")}


@pytest.fixture(scope="module")
def escalated(listed: Watchlist) -> Rows:
    return {row["account_id"]: row for row in listed.escalated.to_dict("records")}


def gets(*, id: str, account: str, **columns: object) -> Any:
    return pytest.param(account, columns, marks=pytest.mark.practice(id), id=f"{id}-{account}")


@pytest.mark.parametrize(
    ("account", "columns"),
    [
        gets(id="level-threat", account="threat", risk_level="High"),
        gets(id="level-upset", account="upset", risk_level="High"),
        gets(id="level-strong", account="strong", risk_level="High"),
        gets(id="level-strong", account="several", risk_level="High"),
        gets(id="level-warning", account="warning", risk_level="Medium"),
        gets(id="level-warning", account="weeks-without-contact", risk_level="Medium"),
        gets(id="level-warning", account="misses-several", risk_level="Medium"),
        gets(id="level-low", account="misses-one", risk_level="Low"),
        gets(id="level-low", account="quiet", risk_level="Low", suggested_severity="SEV-4"),
        gets(id="sev-1-impact", account="calm-breach", suggested_severity="SEV-1"),
        gets(id="sev-2-impact", account="calm-down", suggested_severity="SEV-2"),
        gets(id="sev-2-impact", account="strong", suggested_severity="SEV-2"),
        gets(id="sev-2-executive", account="executive", suggested_severity="SEV-2"),
        gets(id="sev-3-impact", account="past-sla", suggested_severity="SEV-3"),
        gets(id="sev-4-impact", account="calm-button", suggested_severity="SEV-4"),
        gets(id="business-hours", account="in-emea", acknowledge_by="2026-03-30T11:00:00Z"),
        gets(id="business-hours", account="in-new-york", acknowledge_by="2026-03-30T17:00:00Z"),
        gets(id="business-hours", account="on-mars", acknowledge_by="2026-03-30T11:00:00Z"),
        gets(id="business-hours", account="in-atlantis", acknowledge_by="2026-03-30T13:00:00Z"),
        gets(id="business-hours", account="calm-breach", acknowledge_by="2026-03-30T00:15:00Z"),
        gets(id="tier-1", account="piling-up", escalation_tier=1, executive_sponsor="no"),
        gets(id="tier-2-sla", account="past-sla", escalation_tier=2),
        gets(id="tier-2-unknown", account="cause-unknown", escalation_tier=2, likely_cause=""),
        gets(id="tier-3-several", account="shared-2", escalation_tier=3),
        gets(id="tier-3-several", account="alone", escalation_tier=2),
        gets(id="tier-3-executive", account="executive", escalation_tier=3),
        gets(id="tier-4-share", account="executive-large", escalation_tier=4, arr=ABOVE_SHARE),
        gets(id="tier-4-top-ten", account="top-ten", escalation_tier=4),
        gets(id="tier-4-facts", account="calm-breach", escalation_tier=4),
        gets(id="tier-4-facts", account="public", escalation_tier=4),
        gets(id="tier-4-facts", account="legal", escalation_tier=4),
        gets(id="tier-value-alone", account="largest", escalation_tier=1, executive_sponsor="no"),
        gets(id="sponsor-now-executive", account="executive", executive_sponsor="now"),
        gets(id="sponsor-now-revenue", account="much-revenue", executive_sponsor="now"),
        gets(id="sponsor-now-facts", account="calm-breach", executive_sponsor="now"),
        gets(id="sponsor-now-facts", account="public", executive_sponsor="now"),
        gets(id="sponsor-now-facts", account="legal", executive_sponsor="now"),
        gets(id="sponsor-now-facts", account="compliance", executive_sponsor="now"),
        gets(id="sponsor-date-alone", account="date-alone", executive_sponsor="no"),
        gets(id="contract-to-csm", account="contract", owner_role="CSM"),
        gets(id="cause-product", account="product", likely_cause="product"),
        gets(id="cause-support", account="support", likely_cause="support"),
        gets(id="cause-expectations", account="expectations", likely_cause="expectations"),
        gets(id="cause-contract", account="contract", likely_cause="contract"),
        gets(id="cause-experience", account="experience", likely_cause="experience"),
        gets(id="whose-turn", account="waits", waiting_on="us"),
        gets(id="whose-turn", account="waits-for-weeks", waiting_on="us"),
        gets(id="whose-turn", account="waits-a-day", waiting_on="us"),
        gets(id="whose-turn", account="we-owe", waiting_on="us"),
        gets(id="whose-turn", account="promise", waiting_on="us"),
        gets(id="whose-turn", account="past-sla", waiting_on="us"),
        gets(id="whose-turn", account="they-owe", waiting_on="customer"),
        gets(id="whose-turn", account="we-spoke-last", waiting_on="customer"),
        gets(id="whose-turn", account="quiet", waiting_on="nobody"),
        gets(id="silent-leavers", account="silent-leaver", state="silent"),
        gets(id="silent-leavers", account="loud-leaver", state="at-risk"),
        gets(id="recovery-marked", account="month-2", state="recovery", recovery_stage="month-2"),
        gets(id="recovery-marked", account="over-it", state="at-risk", recovery_stage=""),
    ],
)
def test_the_row_of_an_account_built_for_a_line(
    rows: Rows, account: str, columns: Mapping[str, object]
) -> None:
    assert {name: rows[account][name] for name in columns} == columns


def does(*, id: str, account: str, words: tuple[str, ...]) -> Any:
    return pytest.param(account, words, marks=pytest.mark.practice(id), id=id)


@pytest.mark.practice("prevention-first")
@pytest.mark.parametrize(
    ("account", "words"),
    [
        does(id="prevent-adoption", account="adoption", words=("walk",)),
        does(id="prevent-tickets", account="piling-up", words=("one call over all",)),
        does(id="prevent-sentiment", account="upset", words=("30 minutes", "this week")),
        does(id="prevent-renewal", account="renewal", words=("talk",)),
        does(id="prevent-silence", account="silence", words=("phone", "second contact")),
        does(id="prevent-waiting", account="waits", words=("answer today", "with a date")),
        does(id="prevent-promise", account="promise", words=("own", "new one")),
        does(id="cause-product", account="product", words=("bring in support, product and eng",)),
        does(id="cause-support", account="support", words=("bring in the support lead",)),
        does(id="recovery-week-1", account="week-1", words=("holds", "summary", "recurrence")),
        does(id="recovery-weeks-2-4", account="weeks-2-4", words=("twice as many check-ins",)),
        does(id="recovery-month-2", account="month-2", words=("review",)),
        does(id="recovery-month-3", account="month-3", words=("health", "stable or rising")),
        does(id="recovery-month-6", account="month-6", words=("stronger", "reference")),
    ],
)
def test_the_first_step_of_an_account_built_for_a_sign(
    rows: Rows, account: str, words: tuple[str, ...]
) -> None:
    step = rows[account]["recommended_action"]
    assert [word for word in words if word not in step.lower()] == []
    assert "\n" not in step
    assert ". " not in step, "one sentence"


@pytest.mark.practice("severity-not-tone")
@pytest.mark.parametrize("fact", sorted(FACTS))
def test_an_angry_text_has_the_severity_of_a_calm_one_about_the_same_fact(
    rows: Rows, fact: str
) -> None:
    calm, angry = rows[f"calm-{fact}"], rows[f"angry-{fact}"]
    assert "upset-message" in angry["rules_fired"]
    assert "upset-message" not in calm["rules_fired"]
    assert calm["suggested_severity"] == angry["suggested_severity"]


@pytest.mark.practice("severity-not-tone")
def test_a_calm_breach_is_worse_than_an_angry_mail_about_a_button(rows: Rows) -> None:
    assert rows["calm-breach"]["suggested_severity"] == "SEV-1"
    assert rows["angry-button"]["suggested_severity"] == "SEV-4"


@pytest.mark.practice("prevent-waiting", "heard-in-30-minutes")
def test_our_silence_is_named_with_its_hours_and_ended_before_anything_else(rows: Rows) -> None:
    # Written at 8 o'clock four days before the list's day.
    hours = 3 * 24 + 16
    assert f"{hours} hours" in rows["waits"]["reason_1"]
    both = rows["waits-and-leaves"]
    assert f"{hours} hours" in both["reason_1"] + both["reason_2"]
    assert both["recommended_action"].startswith(
        f"Answer today, with a date, what has waited {hours} hours, then "
    )
    assert "hours" not in " ".join(rows["waits-a-day"][f"reason_{n}"] for n in (1, 2, 3))
    assert any("30 minutes" in line and "48 hours" in line for line in HOW.talk)


@pytest.mark.practice("business-hours")
def test_zones_and_regions_that_nobody_knows_are_named_in_the_record(listed: Watchlist) -> None:
    said = " ".join(listed.run["notes"])
    assert "1 accounts have a time zone that is not known (Mars/Olympus)" in said
    assert "1 accounts are in regions without business hours (Atlantis)" in said


@pytest.mark.practice("recovery-relapse")
def test_a_relapse_shows_and_comes_before_what_is_due(rows: Rows) -> None:
    quiet, fires = rows["weeks-2-4"], rows["relapsing"]
    assert quiet["reason_1"].startswith("Escalation closed 19 days ago; relapse score ")
    assert fires["state"] == "recovery"
    told = [why for why in (fires[f"reason_{n}"] for n in (1, 2, 3)) if why]
    share = f"{fires['escalation_probability']:.0%}"
    assert told[-1] == f"Escalation closed 19 days ago; relapse score {share}"
    step = fires["recommended_action"]
    assert 0 < step.index("bring in") < step.index("as they recover, hold twice")


@pytest.mark.parametrize(
    ("account", "columns"),
    [
        gets(id="escalation-stale-15", account="open-stale", overdue=True, days_open=19),
        gets(id="sponsor-24h-options", account="open-stale", sponsor_due="within-24h"),
        gets(id="escalated-acknowledge", account="open-late", acknowledge_overdue=True),
        gets(id="sponsor-24h-sla", account="open-late", sponsor_due="within-24h"),
        gets(id="escalated-update", account="open-late", next_update_due="2026-03-27T16:00:00Z"),
        gets(id="sponsor-24h-twice", account="open-twice", sponsor_due="within-24h"),
        gets(id="sponsor-24h-twice", account="open-other", sponsor_due="no"),
        gets(id="sponsor-24h-renewal", account="open-renewal", sponsor_due="within-24h"),
        gets(id="sponsor-now-revenue", account="open-large", sponsor_due="now"),
        gets(id="escalated-update", account="open-other", next_update_due="2026-03-30T14:00:00Z"),
    ],
)
def test_the_row_of_an_escalation_built_for_a_line(
    escalated: Rows, account: str, columns: Mapping[str, object]
) -> None:
    assert {name: escalated[account][name] for name in columns} == columns


@pytest.mark.practice("escalation-stale-15")
def test_what_is_past_15_days_stands_at_the_top_of_its_own_list(listed: Watchlist) -> None:
    assert listed.escalated["account_id"].iloc[0] == "open-stale"
    assert not set(listed.escalated["account_id"]) & set(listed.ranked["account_id"])


def advice_of(*rules: str, **known: Any) -> respond.Advice:
    """Return the advice for an account of which these rules fired and this is measured."""
    asked = {name: known.pop(name) for name in ("severity", "tier", "level") if name in known}
    hits = [SETTINGS.rules.by_id[name] for name in rules]
    values = dict.fromkeys(SETTINGS.catalogue.names, float("nan")) | known
    cause = respond.causes([hits], SETTINGS.rules)[0]
    catalogue = working_catalogue(SETTINGS)
    return respond.advice(hits, values, catalogue, HOW, cause=cause, **asked)


@pytest.mark.practice(
    "cause-product", "cause-support", "cause-expectations", "cause-contract", "cause-experience"
)
@pytest.mark.parametrize(
    ("rule", "known", "bring_in", "lever"),
    [
        ("outage", {"outages_28d": 1}, ("Support", "Product", "Engineering"), "workaround"),
        ("ticket-past-sla", {"past_sla": 2}, ("the support lead",), "one owner"),
        ("expectation-gap", {"expectation_gap_28d": 1}, ("Sales", "Product"), "clarity"),
        ("billing-dispute", {"billing_14d": 1}, ("Finance", "Contracts", "Sales"), "terms"),
        ("passed-around", {"passed_around_28d": 1}, ("one voice",), "a single owner"),
    ],
)
def test_each_cause_has_its_evidence_its_lever_and_who_to_bring_in(
    rule: str, known: Mapping[str, float], bring_in: tuple[str, ...], lever: str
) -> None:
    helps = advice_of(rule, **known)
    assert helps.cause
    assert helps.evidence == helps.by_cause[helps.cause]
    assert helps.evidence
    assert all(who in " ".join(helps.bring_in) for who in bring_in)
    assert lever in helps.levers[0].what


@pytest.mark.practice("levers-then")
@pytest.mark.parametrize(
    ("cause", "rule", "then"),
    [
        ("product", "outage", {"an audit of their set-up"}),
        ("support", "ticket-past-sla", {"dedicated support for a while", "an update every day"}),
        (
            "expectations",
            "expectation-gap",
            {"the roadmap, honestly"},
        ),
        ("contract", "billing-dispute", {"a creative workaround of the policy"}),
        ("experience", "passed-around", {"a call with our leadership"}),
    ],
)
def test_what_helps_after_the_first_lever_is_offered_once(
    cause: str, rule: str, then: set[str]
) -> None:
    helps = advice_of(rule, severity="SEV-1")
    assert helps.cause == cause
    offers = [lever.what for lever in helps.levers]
    assert then <= set(offers[1:])
    assert len(offers) == len(set(offers))


@pytest.mark.practice("levers-no-credit-first", "levers-weigh", "credit-after-fix")
def test_what_costs_money_comes_last_and_tenure_and_spend_are_weighed_before() -> None:
    helps = advice_of("outage", outages_28d=1, tenure_days=1461, arr=48_000, severity="SEV-1")
    money = [n for n, offer in enumerate(helps.levers) if "credit" in offer.what]
    assert money
    assert min(money) == len(helps.levers) - len(money) > 0
    assert "a service credit, only once the fix is in" in [offer.what for offer in helps.levers]
    assert helps.weigh.endswith("a customer for 4 years, 48,000 a year")
    assert advice_of("usage-drop").weigh == ""
    for rule in SETTINGS.rules.rules:
        assert "credit" not in rule.do.lower()


def test_a_cause_that_offers_money_first_is_refused_with_a_remedy() -> None:
    plan = HOW.causes["product"].model_dump() | {"lever_first": "a service credit at once"}
    with pytest.raises(ValueError, match="'credit' is never the first answer"):
        respond.spec.CausePlan.model_validate(plan)


@pytest.mark.practice("levers-when")
@pytest.mark.parametrize(
    ("known", "offer"),
    [
        ({"complaints_28d": 1}, "a service that adds value"),
        ({"arr": 100_001}, "a call with our leadership"),
        ({"severity": "SEV-2"}, "a call with our leadership"),
        ({"promises_overdue": 1}, "renewal or pricing"),
    ],
)
def test_a_lever_is_offered_when_its_reason_holds(known: Mapping[str, Any], offer: str) -> None:
    def offers(helps: respond.Advice) -> list[str]:
        return [lever.what for lever in helps.levers if lever.what.startswith(offer)]

    assert offers(advice_of("usage-drop", **known))
    assert not offers(advice_of("usage-drop"))
    assert [x for x in advice_of("billing-dispute").levers if "workaround of the policy" in x.what]


@pytest.mark.practice("leadership-when")
@pytest.mark.parametrize(
    "known",
    [
        {"arr": 100_001}, {"is_strategic": 1}, {"is_reference": 1}, {"renewal_unconfirmed_90d": 1},
        {"data_incidents_28d": 1}, {"no_progress_28d": 1}, {"asks_for_higher_28d": 1},
        {"threats_28d": 1},
    ],
)  # fmt: skip
def test_each_reason_for_leadership_is_named(known: Mapping[str, float]) -> None:
    assert len(advice_of("usage-drop", **known).leadership) == 1
    assert advice_of("usage-drop", arr=100_000).leadership == ()


@pytest.mark.practice("level-protocol", "tier-chain", "levers-talk", "close-in-15-days")
def test_what_to_take_into_the_talk() -> None:
    helps = advice_of("upset-message", level="High", tier=3)
    assert helps.protocol[:2] == ("de-escalate", "call the manager at once")
    assert "with the escalation template" in helps.protocol[2]
    assert advice_of(level="Low").protocol[-1] == "bring in the manager only if it grows"
    assert advice_of(level="Medium").protocol[1] == "review it with the manager"
    assert helps.holders == "director or VP CS, with the VP Engineering"
    assert helps.chain == (
        "director stands in for the senior manager",
        "VP stands in for the director",
    )
    said = " ".join(helps.talk).lower()
    for words in ("phone", "hear them out", "owner and the date", "what else", "within 15 days"):
        assert words in said
    assert HOW.stale_after_days == 15


@pytest.mark.practice("tier-3-revenue")
def test_high_risk_above_a_threshold_of_revenue_is_tier_three() -> None:
    arr = pd.Series([*[500_000.0] * 10, 100_001.0, 100_000.0] + [50_000.0] * 100)
    levels = ["Low"] * 10 + ["High", "High"] + ["Low"] * 100
    assert respond.tiers([[]] * 112, levels, arr, HOW)[10:12] == [3, 1]


@pytest.mark.practice("level-capacity")
def test_a_score_by_the_rules_alone_lifts_nobody(listed: Watchlist) -> None:
    quiet = listed.ranked[listed.ranked["rules_fired"] == ""]
    assert len(quiet) > 10
    assert set(quiet["risk_level"]) == {"Low"}
