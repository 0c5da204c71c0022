"""Accounts with more than one escalation: each is judged by its own age, matter and documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from documents_company import escalation
from risk_model.brief import markdown
from risk_model.brief.composing import compose
from risk_model.errors import UsageError
from risk_model.pipelines.brief import story_of
from risk_model.pipelines.judged_day import JudgedDay, judged_day
from risk_model.pipelines.line import Line
from risk_model.settings import load_settings
from small_company import AS_OF, Row, account, day, desk, moment, write_tables

pytestmark = pytest.mark.slow


def opened(number: int, account_id: str, ago: int, closed: int | None, issue: str) -> Row:
    """Return an escalation that was acknowledged and updated in time."""
    told = {"acknowledged_at": moment(ago, 8), "last_update_at": moment(1, 20)}
    return escalation(number, account_id, ago, closed, issue=issue, **told)


ESCALATIONS = [
    opened(1, "two", 20, None, "Invoice address wrong") | {"severity": 3},
    opened(2, "two", 2, None, "Mobile app crashes"),
    opened(21, "respelt", 9, None, "Sync fails"),
    opened(22, "handed-over", 9, None, "Sync fails"),
    opened(20, "told-first", 1, None, "Sync fails") | {"acknowledged_at": moment(2, 20)},
    opened(3, "one-word-alike", 30, 20, "Export to PDF crashes"),
    opened(4, "one-word-alike", 1, None, "Invoice wrong, export them again"),
    opened(5, "same-matter", 30, 20, "Sync with the warehouse fails"),
    opened(6, "same-matter", 1, None, "The warehouse sync has failed again"),
    opened(7, "long-after", 110, 100, "Sync with the warehouse fails"),
    opened(8, "long-after", 1, None, "The warehouse sync has failed again"),
    opened(9, "says-nothing", 30, 20, ""),
    opened(10, "says-nothing", 1, None, "Sync with the warehouse fails"),
    opened(11, "both-over", 150, 140, "Nightly sync fails"),
    opened(12, "both-over", 120, 95, "Nightly sync fails again"),
    opened(13, "just-over", 150, 140, "Nightly sync fails"),
    opened(14, "just-over", 120, 85, "Nightly sync fails again"),
    opened(31, "stale-minor", 40, None, "Typos in the report") | {"severity": 4},
    escalation(32, "unheard", 1, None, severity=1, issue="Nobody can log in"),
    escalation(33, "heard-late", 2, None, severity=2, issue="Sync of last night is late"),
]
ACCOUNTS = [
    account(name)
    for name in ["calm", *dict.fromkeys(str(row["account_id"]) for row in ESCALATIONS)]
    if name not in ("respelt", "handed-over")
]
# Whose CSM is written otherwise, or another one, since some days ago.
VERSIONS = [
    account(name, csm=csm, valid_from=day(ago))
    for name, names in (("respelt", ("Ann Lee", "ann lee ")), ("handed-over", ("Ann Lee", "Bo")))
    for csm, ago in zip(names, (300, 4), strict=True)
]


@pytest.fixture(scope="module")
def the_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JudgedDay]:
    folder = write_tables(
        tmp_path_factory.mktemp("several"),
        accounts=ACCOUNTS + VERSIONS,
        tickets=desk("calm"),
        escalations=ESCALATIONS,
    )
    with Line.open(folder, load_settings()) as line:
        yield judged_day(line, AS_OF, model="rules")


@pytest.fixture(scope="module")
def burning(the_day: JudgedDay) -> Mapping[str, Mapping[str, Any]]:
    return {row["escalation_id"]: row for row in the_day.escalated.to_dict("records")}


def tracking(the_day: JudgedDay, escalation_id: str | None) -> str:
    story = story_of(the_day, "two", escalation=escalation_id)
    return markdown.render(compose(story, "tracking"))


def test_only_the_escalation_that_is_stale_is_told_to_be(
    burning: Mapping[str, Mapping[str, Any]],
) -> None:
    assert "escalation-stale" in burning["E1"]["rules_fired"].split(";")
    assert "escalation-stale" not in burning["E2"]["rules_fired"].split(";")


def test_a_sev_1_that_nobody_acknowledged_stands_with_those_that_are_open_too_long(
    the_day: JudgedDay,
) -> None:
    order = the_day.escalated["escalation_id"].tolist()
    assert order[:3] == ["E32", "E1", "E31"], "the worst first"
    rest = the_day.escalated.iloc[3:]
    assert rest["suggested_severity"].is_monotonic_increasing
    assert not rest["overdue"].any()


def test_documents_are_about_the_worst_open_escalation_or_the_one_that_is_named(
    the_day: JudgedDay,
) -> None:
    worst, named = tracking(the_day, None), tracking(the_day, "E1")
    assert "| **Id** | E2 |" in worst
    assert "| **Id** | E1 |" in named
    assert "2026-03-25 (15 days, overdue)" in named
    with pytest.raises(UsageError, match="--escalation E9: two has none of that id"):
        tracking(the_day, "E9")


def test_a_document_says_the_age_and_the_sponsor_of_its_own_escalation(the_day: JudgedDay) -> None:
    def email(escalation_id: str) -> str:
        return markdown.render(compose(story_of(the_day, "two", escalation=escalation_id), "email"))

    stale = "An escalation has been open for 19 days"
    assert stale in email("E1")
    assert "| **Executive sponsor** | within 24 hours |" in email("E1")
    assert stale not in email("E2")
    assert "| **Executive sponsor** | not called for |" in email("E2")


def test_a_second_one_on_the_same_matter_calls_the_sponsor_and_one_on_another_does_not(
    burning: Mapping[str, Mapping[str, Any]],
) -> None:
    due = {name: row["sponsor_due"] for name, row in burning.items()}
    assert {name: due[name] for name in ("E4", "E6", "E10")} == {
        "E4": "no", "E6": "within-24h", "E10": "within-24h",
    }  # fmt: skip


def test_who_is_called_for_a_second_one_is_told_why(
    burning: Mapping[str, Mapping[str, Any]],
) -> None:
    fired = {name for name, row in burning.items() if "escalated-twice" in row["rules_fired"]}
    assert fired == {"E6", "E8"}


def test_two_that_are_long_over_call_nobody(the_day: JudgedDay) -> None:
    rows = {row["account_id"]: row for row in the_day.rows.to_dict("records")}
    assert rows["just-over"]["executive_sponsor"] == "within-24h"
    assert rows["both-over"]["executive_sponsor"] == "no"
    assert "escalated-twice" not in rows["both-over"]["rules_fired"]


def test_one_that_was_acknowledged_before_it_was_written_down_is_open_and_acknowledged(
    burning: Mapping[str, Mapping[str, Any]],
) -> None:
    assert burning["E20"]["acknowledge_overdue"] == False  # noqa: E712  (numpy's)
    assert burning["E20"]["next_update_due"] > burning["E20"]["opened_at"]


def test_a_name_in_other_letters_is_no_other_owner(
    burning: Mapping[str, Mapping[str, Any]],
) -> None:
    assert "owner-changed" in burning["E22"]["rules_fired"]
    assert "owner-changed" not in burning["E21"]["rules_fired"]
