"""Every rule's account gets what the practice says, and the one just short of it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd
import pytest

from conftest import ROOT
from coverage_table import chapters
from golden_cases import CALM, CASES, DOWN, ELSEWHERE, RUNS, SHORT, name_of
from golden_company import AS_OF, WHALES, Golden, events, tables_of, ticket
from golden_rules import GOLDEN, asked, incident, met
from risk_model.explain import sentence
from risk_model.pipelines.judges import working_catalogue
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.rules import Rulebook
from risk_model.timeline import day_number
from small_company import SETTINGS, day, moment, write_tables

# Accounts whose contract ends: without a renewal, with one that is confirmed, later, and escalated.
ENDS = {"accounts": [{"contract_end": day(-40)}]}
CONFIRMED = {"renewal_date": day(-40), "recorded_at": moment(200), "confirmed_at": moment(9)}
ENDING = {
    "ends": ENDS,
    "ends-confirmed": {**ENDS, "renewals": [CONFIRMED]},
    "ends-later": {"accounts": [{"contract_end": day(-91)}]},
    "ends-escalated": {**ENDS, "escalations": [{"opened_at": moment(1), "issue": "Lemon"}]},
}
# Several at once, of which one must not speak for the other.
GONE = "All our records of March are gone."
MIXED = {
    "short by day, long by night": {"incidents": [SHORT, incident(4, "degraded", hour=2)]},
    "comment and outage": {
        "surveys": [asked("NPS", 20, 9, comment=GONE)],
        "incidents": [incident(1, **RUNS)],
    },
    "lowered": {
        "tickets": [ticket(6, description=DOWN, priority="P3")],
        "ticket_events": [
            *events(("priority", 5), value="P2"),
            *events(("priority", 4), value="P3"),
            *events(("public_reply", 1)),
        ],
    },
}
# Satisfaction that is asked for by surveys, and not ticket by ticket.
SURVEYED = {
    name: {"surveys": [asked("CSAT", ago, score) for ago, score in told]}
    for name, told in {
        "surveys-fall": ((70, 5), (50, 5), (20, 2), (10, 2)),
        "surveys-stay": ((70, 5), (50, 4), (20, 4), (10, 5)),
        "one-survey": ((70, 5), (50, 5), (10, 2)),
    }.items()
}


@dataclass(frozen=True)
class Judged:
    """What every account of the golden company got: its row, and what each of its rules says.

    ``cases`` has the number of the case that fired by account and rule, and -1 where none did.
    """

    rows: dict[str, dict[str, str]]
    said: dict[str, dict[str, str]]
    cases: pd.DataFrame


def test_every_rule_names_the_guides_that_it_comes_from_and_what_they_say() -> None:
    head, _, _ = (ROOT / "models" / "rules.yaml").read_text(encoding="utf-8").partition("\npoints:")
    guides = set(re.findall(r"\bS\d\b", head))
    says = {line.id: line.says for line in chapters()["Rules"]}
    for rule in SETTINGS.rules.rules:
        named, _, rest = rule.source.partition(": ")
        assert set(named.split(", ")) <= guides, rule.id
        assert rest == says[rule.id]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    """The whole company, scored once through the line."""
    folder = tmp_path_factory.mktemp("golden")
    more = {"quiet": {}, **ENDING, **SURVEYED}
    more |= {name_of(case): rows for case, rows in CASES.items()}
    more |= {name: rows for name, (rows, _) in CALM.items()}
    more |= MIXED
    more |= {"several missed": {"meetings": met("missed", 5, 20)}}
    data = write_tables(folder / "tables", **tables_of(GOLDEN, more))
    with Line.open(data, SETTINGS) as line:
        assert line.tables.report.refused == 0
        assert line.day_of(None) == day_number(AS_OF)
        listed = score(line, AS_OF, model="rules")
        snapshots = line.snapshots([day_number(AS_OF)])
        customers = snapshots[snapshots["is_customer"]].reset_index(drop=True)
        measured = line.measure(customers, working_catalogue(SETTINGS))
        measured = measured.assign(as_of=customers["as_of"].to_numpy(float))
        measured = measured.set_index(customers["account_id"].to_numpy())
        rows = {
            str(row["account_id"]): {str(k): "" if v is None else str(v) for k, v in row.items()}
            for part in (listed.escalated, listed.ranked)
            for row in part.to_dict("records")
        }
        elsewhere = [
            measured.loc[[account]].assign(**values).rename(index={account: name_of(case)})
            for case, (account, values) in ELSEWHERE.items()
        ]
        cases = Rulebook.of(SETTINGS.rules).cases(pd.concat([measured, *elsewhere]))
        yield Judged(rows, _said(measured, rows), cases)


def _said(features: pd.DataFrame, rows: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    catalogue = working_catalogue(SETTINGS)
    told: dict[str, dict[str, str]] = {}
    for account, values in features.to_dict("index").items():
        names = {str(name): value for name, value in values.items()}
        fired = [name for name in rows[str(account)]["rules_fired"].split(";") if name]
        told[str(account)] = {
            name: sentence(SETTINGS.rules.by_id[name].as_fired(names).says, names, catalogue)
            for name in fired
        }
    return told


BY_RULE = [
    pytest.param(golden, marks=pytest.mark.practice(golden.rule), id=golden.rule)
    for golden in GOLDEN
]


@pytest.mark.parametrize("golden", BY_RULE)
def test_its_account_gets_the_rule_the_sentence_and_the_row(golden: Golden, judged: Judged) -> None:
    row, said = judged.rows[golden.account], judged.said[golden.account]
    assert golden.rule in said, row["rules_fired"]
    assert said[golden.rule] == golden.says
    assert {name: row[name] for name in golden.row} == dict(golden.row)


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.rule)
def test_the_account_just_short_of_it_does_not(golden: Golden, judged: Judged) -> None:
    assert golden.rule not in judged.said[golden.neighbour]


EVERY_CASE = [
    (rule.id, number) for rule in SETTINGS.rules.rules for number in range(len(rule.as_cases))
]


@pytest.mark.parametrize("case", EVERY_CASE, ids=name_of)
def test_every_case_of_every_rule_is_fired_by_some_golden_account(
    case: tuple[str, int], judged: Judged
) -> None:
    rule, number = case
    fired = judged.cases[rule]
    if case in CASES or case in ELSEWHERE:
        fired = fired[[name_of(case)]]
    assert number in set(fired), f"fired there: {sorted(set(fired))}"


def test_what_leads_is_what_the_list_says_first(judged: Judged) -> None:
    listed = [golden for golden in GOLDEN if "reason_1" in judged.rows[golden.account]]
    alone = [golden for golden in listed if list(judged.said[golden.account]) == [golden.rule]]
    assert len(alone) > len(GOLDEN) / 2
    for golden in alone:
        assert judged.rows[golden.account]["reason_1"] == golden.says, golden.rule


def test_an_account_that_shows_nothing_is_low_and_fires_nothing(judged: Judged) -> None:
    assert judged.rows["quiet"]["risk_level"] == "Low"
    assert judged.said["quiet"] == {}
    assert all(not judged.said[name] for name in WHALES)


def test_every_rule_has_its_account_and_its_line_of_practice() -> None:
    ids = sorted(rule.id for rule in SETTINGS.rules.rules)
    assert sorted(golden.rule for golden in GOLDEN) == ids
    assert sorted(line.id for line in chapters()["Rules"]) == ids


def test_a_contract_that_ends_without_a_renewal_on_record_is_one_that_is_not_confirmed(
    judged: Judged,
) -> None:
    ends = str(AS_OF + timedelta(days=40))
    fires = {name for name in ENDING if "renewal-unconfirmed" in judged.said[name]}
    assert fires == {"ends", "ends-escalated"}
    said = f"The contract ends on {ends}, in 40 days, and no renewal is on record"
    row = judged.rows["ends"]
    assert (row["renewal_date"], row["reason_1"], row["risk_level"]) == (ends, said, "Medium")
    assert judged.rows["ends-escalated"]["sponsor_due"] == "within-24h"


@pytest.mark.practice("small-signs")
@pytest.mark.parametrize("name", CALM)
def test_what_is_no_sign_or_too_small_a_one_fires_nothing(name: str, judged: Judged) -> None:
    _, quiet = CALM[name]
    assert not {*quiet, "several-red-flags"} & {*judged.said[name]}


def test_a_renewal_that_is_confirmed_is_no_reason_and_nothing_to_agree_on(judged: Judged) -> None:
    row = judged.rows["renewal confirmed"]
    assert row["risk_level"] == "Low"
    assert "Renewal in" not in row["reason_1"] + row["reason_2"] + row["reason_3"]
    assert row["recommended_action"] == "Keep the usual rhythm: nothing stands out"


def test_of_several_meetings_that_were_missed_the_first_is_named(judged: Judged) -> None:
    said = judged.said["several missed"]["meetings-missed"]
    assert said == f"2 meetings missed in 4 weeks, first on {day(20)}"


def test_a_short_incident_at_night_is_a_warning_and_a_long_one_is_strong(judged: Judged) -> None:
    assert judged.rows["outage#15"]["risk_level"] == "Medium"
    assert judged.rows["outage#14"]["risk_level"] == "High"


def test_two_short_and_long_incidents_are_not_one_long_one_in_working_hours(judged: Judged) -> None:
    row = judged.rows["short by day, long by night"]
    assert row["suggested_severity"] == "SEV-3"


def test_what_runs_is_said_before_what_a_comment_told_weeks_ago(judged: Judged) -> None:
    row = judged.rows["comment and outage"]
    assert row["suggested_severity"] == "SEV-1"
    assert row["reason_1"].startswith("An outage has been running for ")


def test_a_ticket_that_was_lowered_is_urgent_no_more(judged: Judged) -> None:
    assert judged.rows["lowered"]["suggested_severity"] == "SEV-3"
    assert judged.said["lowered"]["outage"].startswith("1 open ticket tells of something down")


def test_satisfaction_that_surveys_ask_for_falls_as_that_with_tickets_does(judged: Judged) -> None:
    told = {name: judged.said[name].get("csat-falling") for name in SURVEYED}
    fell = "CSAT survey answers fell by 3 to 2 of 5, the last on 2026-03-20"
    assert told == {"surveys-fall": fell, "surveys-stay": None, "one-survey": None}


def test_no_sentence_leaves_a_figure_unknown(judged: Judged) -> None:
    told = [text for said in judged.said.values() for text in said.values()]
    assert len(told) > 60
    assert not [text for text in told if "unknown" in text or "{" in text]


def test_the_golden_company_is_sound() -> None:
    tables = tables_of(GOLDEN, {})
    keys = [row["ticket_id"] for row in tables["tickets"]]
    assert len(keys) == len(set(keys))
    assert {row["ticket_id"] for row in tables["ticket_events"]} <= set(keys)
