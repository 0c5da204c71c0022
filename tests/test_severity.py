"""Severity: by impact and never by tone, and learnt only where that costs less later on."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import parametrize_with_checks

from conftest import ROOT
from risk_model import respond
from risk_model.errors import ConfigError
from risk_model.explain import QUIET
from risk_model.ordinal import OrdinalLogistic
from risk_model.pipelines.escalated import _known
from risk_model.pipelines.line import Labelled, Line
from risk_model.pipelines.score import score
from risk_model.pipelines.severity import (
    PastSeverities,
    fit_severity,
    judge_severity,
    past_severities,
    said_by,
)
from risk_model.pipelines.severity_report import ALWAYS, FACTS, LEARNED
from risk_model.respond.severity import cheapest, load_severity
from risk_model.tables import tables_from_frames
from risk_model.timeline import day_number
from small_company import AS_OF, SETTINGS, account, day, desk, ticket, write_tables

PLAN, NAMES = SETTINGS.severity, SETTINGS.catalogue.names
TONED = [name for name in NAMES if respond.tone_of(name, SETTINGS.catalogue, PLAN.tone)]


def graded(*accounts: dict[str, float]) -> list[int]:
    """Return the severities of accounts of which only this is measured."""
    facts = pd.DataFrame([dict.fromkeys(NAMES, np.nan) | one for one in accounts])
    return [
        int(g) for g in respond.floors_of(facts, SETTINGS.rules, SETTINGS.catalogue, PLAN).tolist()
    ]


@pytest.mark.practice(
    "sev-1-impact", "sev-2-impact", "sev-2-executive", "sev-3-impact", "sev-4-impact"
)
@pytest.mark.parametrize(
    ("known", "severity"),
    [
        ({}, 4),
        ({"data_incidents_28d": 1}, 1),
        ({"breach_28d": 1}, 1),
        ({"outages_running": 1}, 1),
        ({"open_p1": 1}, 2),
        ({"incidents_running": 1}, 2),
        ({"incident_hours_28d": 13}, 2),
        ({"incident_users_28d": 100}, 2),
        ({"executive_to_ceo_28d": 1}, 2),
        ({"outage_messages_14d": 1}, 2),
        ({"impaired_14d": 1}, 3),
        ({"executive_concerns_28d": 1}, 2),
        ({"executive_messages_28d": 1}, 4),
        ({"open_urgent_tickets": 1}, 3),
        ({"tickets_7d": 4}, 3),
        ({"usage_change": -0.5}, 3),
        ({"passive_answers_28d": 1}, 4),
        ({"meetings_missed_28d": 1}, 4),
        ({"meetings_missed_84d": 3}, 3),
        ({"open_tickets": 1, "tickets_7d": 1}, 4),
        ({"open_p1": 1, "data_incidents_28d": 1}, 1),
    ],
)
def test_impact_gives_the_severity(known: dict[str, float], severity: int) -> None:
    assert graded(known) == [severity]


tones = st.dictionaries(
    st.sampled_from(TONED), st.floats(-1, 50, allow_nan=False), min_size=1, max_size=len(TONED)
)
facts_of_accounts = st.dictionaries(
    st.sampled_from([name for name in NAMES if name not in {*TONED, *PLAN.in_person}]),
    st.floats(-1, 50),
    max_size=12,
)


@pytest.mark.slow
@pytest.mark.practice("severity-not-tone")
@settings(max_examples=30)
@given(facts_of_accounts, tones, tones)
def test_no_tone_whatever_changes_a_severity(
    known: dict[str, float], calm: dict[str, float], angry: dict[str, float]
) -> None:
    assert len(TONED) > 10
    assert graded(known | calm) == graded(known | angry) == graded(known)


@pytest.mark.practice("sev-2-executive")
def test_an_executive_who_complains_is_one_in_person_and_anybody_elses_tone_is_none() -> None:
    complains = {"executive_complaints_28d": 1, "complaints_14d": 1, "sentiment_28d": -1}
    assert graded({"executive_messages_28d": 1, **complains}) == [2]
    assert graded(complains) == [4]


@settings(max_examples=40)
@given(facts_of_accounts, st.sampled_from(PLAN.floors))
def test_one_more_fact_never_makes_it_milder(
    known: dict[str, float], floor: respond.severity.Floor
) -> None:
    more = {
        name: 1000.0 if wanted.at_most is None else wanted.at_most
        for name, wanted in floor.any_of[0].items()
    }
    held = graded(more)[0]
    after = graded(known | more)[0]
    assert after <= held
    assert after <= floor.severity


def test_nothing_that_hears_tone_may_be_learnt_from_or_be_a_floor(tmp_path: Path) -> None:
    assert not set(PLAN.features) & set(TONED)
    text = (ROOT / "models/severity.yaml").read_text()
    changed = text.replace("    - arr\n", "    - arr\n    - sentiment_change\n    - no_such\n")
    changed = changed.replace("{open_p1: {above: 0}}", "{executive_complaints_28d: {above: 0}}")
    file = tmp_path / "models" / "severity.yaml"
    file.parent.mkdir()
    file.write_text(changed)
    line = 1 + changed.splitlines().index("    - sentiment_change")
    with pytest.raises(ConfigError) as raised:
        load_severity(file, SETTINGS.catalogue)
    said = "\n".join(raised.value.mistakes)
    assert f"models/severity.yaml:{line}: 'sentiment_change' hears sentiment: severity" in said
    assert f"models/severity.yaml:{line + 1}: unknown feature 'no_such'." in said
    assert "'executive_complaints_28d' hears complains" in said
    assert len(raised.value.mistakes) == 3


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[0, 2, 6, 12]", "[1, 2, 6, 12]", "a right severity costs nothing"),
        ("[0, 2, 6, 12]", "[0, -2, 6, 12]", "a cost is never negative"),
        ("nothing: 4", "nothing: 5", "less than or equal to 4"),
    ],
)
def test_a_mistake_in_the_plan_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = (ROOT / "models/severity.yaml").read_text()
    (tmp_path / "severity.yaml").write_text(text.replace(old, new))
    with pytest.raises(ConfigError, match=said) as raised:
        load_severity(tmp_path / "severity.yaml", SETTINGS.catalogue)
    assert ".yaml:" in raised.value.mistakes[0]


def test_what_is_said_is_what_costs_least_and_the_worse_of_equals() -> None:
    costs = PLAN.cost_table
    rng = np.random.default_rng(1)
    chances = rng.dirichlet(np.ones(4), size=200)
    for row, said in zip(chances, cheapest(chances, costs), strict=True):
        by_hand = [sum(row[t] * costs[t][s] for t in range(4)) for s in range(4)]
        assert said == 1 + min(range(4), key=lambda s: (by_hand[s], s))
    even = np.array([[0.5, 0, 0, 0.5]])
    assert cheapest(even, np.array(costs * 0 + 1.0)).tolist() == [1]


# Blobs stand anywhere; a model of one order through them can't tell three of them apart.
@parametrize_with_checks(
    [OrdinalLogistic()],
    expected_failed_checks=lambda _: {"check_classifiers_train": "its blobs stand in no order"},
)
def test_the_ordinal_regression_keeps_scikit_learns_manners(
    estimator: object, check: object
) -> None:
    check(estimator)  # type: ignore[operator]


def ordered(n: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Return facts and grades that follow a cumulative logit with known coefficients."""
    rng = np.random.default_rng(seed)
    x = pd.DataFrame({"pull": rng.normal(size=n), "noise": rng.normal(size=n)})
    latent = -1.5 * x["pull"].to_numpy() + rng.logistic(size=n)
    return x, 1 + np.digitize(latent, [-2.5, -0.5, 1.5])


def test_the_ordinal_regression_finds_the_order_and_its_chances_are_true() -> None:
    x, y = ordered(20_000)
    model = OrdinalLogistic(penalty=1.0).fit(x, y)
    assert model.thresholds_.tolist() == sorted(model.thresholds_)
    ahead, came = ordered(20_000, seed=1)
    chances = model.predict_proba(ahead)
    assert chances.sum(axis=1) == pytest.approx(1)
    for k in range(4):
        assert chances[:, k].mean() == pytest.approx((came == k + 1).mean(), abs=0.01)
    assert abs(model.coef_[0]) > 20 * abs(model.coef_[1])


def test_a_direction_is_never_learnt_against() -> None:
    x, y = ordered(500)
    against = OrdinalLogistic(penalty=1.0, directions={"pull": -1, "noise": 0}).fit(x, y)
    assert against.coef_[0] == pytest.approx(0, abs=1e-9)
    along = OrdinalLogistic(penalty=1.0, directions={"pull": 1}).fit(x, y)
    assert along.coef_[0] > 0.5


def past(n: int, signal: bool, seed: int = 0) -> PastSeverities:
    """Return past escalations whose severity follows the users hit, or nothing at all."""
    rng = np.random.default_rng(seed)
    hit = rng.normal(size=n)
    latent = -2.5 * hit * signal + rng.logistic(size=n)
    features = pd.DataFrame(dict.fromkeys(NAMES, np.zeros(n)))
    features["active_users_28d"] = 20 + 5 * hit
    return PastSeverities(
        features,
        1 + np.digitize(latent, [-2.5, 0.0, 2.5]),
        (days := np.sort(rng.integers(20_000, 20_500, n))),
        np.array([f"A{k}" for k in rng.integers(0, n // 2, n)]),
        days + 1,
    )


def test_of_several_escalations_of_a_day_the_first_is_learnt_whatever_the_rows_order() -> None:
    opened = pd.date_range("2026-03-01T08:00:00Z", periods=40, freq="20min")
    cases = pd.DataFrame({"escalation_id": [f"E{n:02}" for n in range(40)], "account_id": "A"})
    cases["opened_at"] = opened.strftime("%Y-%m-%dT%H:%M:%SZ")
    cases["severity"] = [2, *[4] * 39]
    as_of = day_number(dt.date(2026, 2, 20))
    snapshots = pd.DataFrame({"account_id": ["A"], "as_of": [as_of]})
    before = Labelled(snapshots, pd.DataFrame({"arr": [1.0]}), pd.Series([1]))
    base = {
        "accounts": pd.DataFrame({"account_id": ["A"]}),
        "health_scores": pd.DataFrame(
            {"account_id": ["A"], "scored_at": ["2026-02-01T00:00:00Z"], "score": [50]}
        ),
    }
    for order in (cases, cases[::-1], cases.sample(frac=1, random_state=3)):
        with tables_from_frames({**base, "escalations": order}) as tables:
            learnt = past_severities(Line(tables, SETTINGS), before, 30)
        assert (learnt.grades.tolist(), learnt.days.tolist()) == ([2], [as_of])


def known_at_the_closing(tmp_path: Path) -> Path:
    """Return a folder with two escalations whose severity and issue are known at the closing."""
    one = {"account_id": "A", "opened_at": "2026-03-01T10:00:00Z", "severity": 1, "issue": "Sync"}
    two = one | {"opened_at": "2026-05-20T10:00:00Z"}
    folder = write_tables(
        tmp_path,
        accounts=[account("A")],
        tickets=desk("A"),
        escalations=[
            {"escalation_id": "E1", "closed_at": "2026-05-15T10:00:00Z", **one},
            {"escalation_id": "E2", "closed_at": "", **two},
        ],
    )
    (folder / "sources.yaml").write_text(
        "tables:\n  accounts: {file: accounts.csv}\n  tickets: {file: tickets.csv}\n"
        "  escalations:\n    file: escalations.csv\n"
        "    known_at: {severity: closed_at, issue: closed_at}\n"
    )
    return folder


def test_a_severity_that_is_known_at_the_closing_is_learnt_from_then_on(tmp_path: Path) -> None:
    days = [day_number(dt.date(2026, month, 18)) for month in (2, 5)]
    snapshots = pd.DataFrame({"account_id": ["A", "A"], "as_of": days})
    before = Labelled(snapshots, pd.DataFrame({"arr": [1.0, 1.0]}), pd.Series([1, 1]))
    with Line.open(known_at_the_closing(tmp_path), SETTINGS) as line:
        learnt = past_severities(line, before, 30)
    assert learnt.days.tolist() == days[:1]
    assert learnt.settled.tolist() == [day_number(dt.date(2026, 5, 16))]


def test_what_an_escalation_is_about_counts_on_the_list_from_when_it_is_known(
    tmp_path: Path,
) -> None:
    with Line.open(known_at_the_closing(tmp_path), SETTINGS) as line:
        for day_, known in ((dt.date(2026, 5, 12), 0), (dt.date(2026, 6, 1), 1)):
            cases = _known(line, day_number(day_))
            assert int(cases["issue"].notna().sum()) == known


def test_the_learned_part_is_used_where_it_costs_less_later_on() -> None:
    report = judge_severity(past(400, signal=True), SETTINGS, 30)
    assert report.used
    assert report.cost(LEARNED) < report.cost(FACTS)
    assert report.cost(LEARNED) < report.cost(ALWAYS)
    low, high = report.interval(LEARNED, FACTS)
    assert low < high < 0
    assert "learned part in use: forward in time an escalation costs" in report.reason
    told = report.to_dict()["ways"][LEARNED]
    assert np.sum(told["confusion"]) == len(report.true)
    by_hand = sum(
        PLAN.costs[t][s] * told["confusion"][t][s] for t in range(4) for s in range(4)
    ) / len(report.true)
    assert told["cost"] == pytest.approx(by_hand)


def test_too_few_labels_leave_it_to_the_facts() -> None:
    report = judge_severity(past(59, signal=True), SETTINGS, 30)
    assert not report.used
    assert "59 past escalations have a severity, 60 are needed" in report.reason
    assert set(report.said) == {ALWAYS, FACTS}


def test_a_learned_part_that_costs_more_is_not_used() -> None:
    # The facts know it all: every escalation was as severe as they say.
    known = past(200, signal=False)
    known.features["open_p1"] = (np.arange(200) % 2).astype(float)
    grades = respond.floors_of(known.features, SETTINGS.rules, SETTINGS.catalogue, PLAN)
    told = replace(known, grades=grades)
    report = judge_severity(told, SETTINGS, 30)
    assert report.cost(FACTS) == 0
    assert not report.used
    assert report.reason.startswith("facts alone: forward in time")


def test_what_was_learnt_is_never_milder_than_what_is_so_by_definition() -> None:
    known = past(400, signal=True)
    model = fit_severity(known, SETTINGS)
    quiet = known.features.assign(active_users_28d=0.0)
    breached = quiet.assign(breach_28d=1.0)
    firm = respond.floors_of(breached, SETTINGS.rules, SETTINGS.catalogue, PLAN, firm_only=True)
    assert set(said_by(model, breached, SETTINGS, firm).tolist()) == {1}
    none = np.full(len(quiet), 4)
    assert set(said_by(model, quiet, SETTINGS, none).tolist()) & {3, 4}


@pytest.mark.parametrize(
    ("fact", "severity"),
    [
        ({"executive_concerns_28d": 1.0}, 2),
        # Who speaks is on record, though another condition of the rule hears how it is said.
        ({"executive_messages_28d": 1.0, "executive_complaints_28d": 1.0}, 2),
        ({"executive_to_ceo_28d": 1.0}, 2),
        ({"open_p1": 1.0}, 2),
        ({"p1_open_48h": 1.0}, 2),
        ({"incident_hours_28d": 13.0}, 2),
        ({"incident_users_28d": 100.0}, 2),
        ({"data_incidents_28d": 1.0}, 1),
        ({"outages_running": 1.0}, 1),
        # What was heard of it is a starting point.
        ({"outage_messages_14d": 1.0}, 4),
        ({"data_loss_28d": 1.0}, 4),
    ],
)
def test_labels_overrule_no_fact_that_is_on_record(fact: dict[str, float], severity: int) -> None:
    one = pd.DataFrame([dict.fromkeys(NAMES, np.nan) | fact])
    firm = respond.floors_of(one, SETTINGS.rules, SETTINGS.catalogue, PLAN, firm_only=True)
    assert firm.tolist() == [severity]
    mildest = np.eye(4)[[3]]
    assert respond.decided(mildest, firm, PLAN).tolist() == [severity]


def test_the_facts_of_tomorrow_change_nothing_that_was_said_ahead() -> None:
    """Grades of later escalations are shuffled: what was said of earlier ones stays."""
    known = past(300, signal=True)
    said = judge_severity(known, SETTINGS, 30).said[LEARNED]
    other = known.grades.copy()
    other[-60:] = np.random.default_rng(5).permutation(other[-60:])
    last = int(np.sum(known.days >= known.days[-60]))
    changed = replace(known, grades=other)
    again = judge_severity(changed, SETTINGS, 30).said[LEARNED]
    assert (said[: len(said) - last] == again[: len(said) - last]).all()


def test_a_severity_written_down_later_taught_nobody_before() -> None:
    known = past(300, signal=True)
    late = np.arange(300) % 3 == 0
    told = replace(known, settled=np.where(late, known.days.max() + 1, known.settled))
    wrong = replace(told, grades=np.where(late, 5 - told.grades, told.grades))
    said, again = (judge_severity(p, SETTINGS, 30).said[LEARNED] for p in (told, wrong))
    assert (said == again).all()
    at_once = replace(wrong, settled=known.settled)
    assert (judge_severity(at_once, SETTINGS, 30).said[LEARNED] != said).any()


def test_what_set_the_severity_is_told_where_no_rule_fires(tmp_path: Path) -> None:
    opened = f"{day(2)}T00:30:00Z"
    answered = {"first_response_at": opened, "priority": "P1"}
    data = write_tables(
        tmp_path,
        accounts=[account("down"), account("calm")],
        tickets=[*desk("calm"), ticket(1, "down", opened, **answered)],
    )
    with Line.open(data, SETTINGS) as line:
        rows = score(line, AS_OF, model="rules").ranked.set_index("account_id")
    told = ["suggested_severity", "rules_fired", "reason_1", "recommended_action"]
    assert rows.loc["down", told].tolist() == [
        "SEV-2",
        "",
        "1 P1 ticket is open",
        "Hold one call over all of their recent tickets",
    ]
    assert rows.loc["calm", told].tolist() == [
        "SEV-4",
        "",
        QUIET,
        "Keep the usual rhythm: nothing stands out",
    ]


def test_the_worst_fact_is_named_the_first_in_the_file_among_equals() -> None:
    known = [
        {"tickets_7d": 9.0, "open_p1": 1.0, "outage_messages_14d": 2.0},
        {"tickets_7d": 9.0, "past_sla": 1.0},
        {"tickets_7d": 1.0},
        {},
    ]
    facts = pd.DataFrame([dict.fromkeys(NAMES, np.nan) | one for one in known])
    assert respond.facts_behind(facts, PLAN) == ["outage_messages_14d", "past_sla", "", ""]
