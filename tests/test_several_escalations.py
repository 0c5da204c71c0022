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
from small_company import AS_OF, Row, account, desk, moment, write_tables


def opened(number: int, account_id: str, ago: int, closed: int | None, issue: str) -> Row:
    """Return an escalation that was acknowledged and updated in time."""
    told = {"acknowledged_at": moment(ago, 8), "last_update_at": moment(1, 20)}
    return escalation(number, account_id, ago, closed, issue=issue, **told)


ESCALATIONS = [
    opened(1, "two", 20, None, "Invoice address wrong") | {"severity": 3},
    opened(2, "two", 2, None, "Mobile app crashes"),
]
ACCOUNTS = ["calm", *dict.fromkeys(str(row["account_id"]) for row in ESCALATIONS)]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JudgedDay]:
    folder = write_tables(
        tmp_path_factory.mktemp("several"),
        accounts=[account(name) for name in ACCOUNTS],
        tickets=desk("calm"),
        escalations=ESCALATIONS,
    )
    with Line.open(folder, load_settings()) as line:
        yield judged_day(line, AS_OF, model="rules")


@pytest.fixture(scope="module")
def burning(judged: JudgedDay) -> Mapping[str, Mapping[str, Any]]:
    return {row["escalation_id"]: row for row in judged.escalated.to_dict("records")}


def tracking(judged: JudgedDay, escalation_id: str | None) -> str:
    story = story_of(judged, "two", escalation=escalation_id)
    return markdown.render(compose(story, "tracking"))


def test_only_the_escalation_that_is_stale_is_told_to_be(
    burning: Mapping[str, Mapping[str, Any]],
) -> None:
    assert "escalation-stale" in burning["E1"]["rules_fired"].split(";")
    assert "escalation-stale" not in burning["E2"]["rules_fired"].split(";")


def test_documents_are_about_the_worst_open_escalation_or_the_one_that_is_named(
    judged: JudgedDay,
) -> None:
    worst, named = tracking(judged, None), tracking(judged, "E1")
    assert "| **Id** | E2 |" in worst
    assert "| **Id** | E1 |" in named
    assert "2026-03-25 (15 days, overdue)" in named
    with pytest.raises(UsageError, match="--escalation E9: two has none of that id"):
        tracking(judged, "E9")


def test_a_document_says_the_age_and_the_sponsor_of_its_own_escalation(judged: JudgedDay) -> None:
    def email(escalation_id: str) -> str:
        return markdown.render(compose(story_of(judged, "two", escalation=escalation_id), "email"))

    stale = "An escalation has been open for 19 days"
    assert stale in email("E1")
    assert "| **Executive sponsor** | within 24 hours |" in email("E1")
    assert stale not in email("E2")
    assert "| **Executive sponsor** | not called for |" in email("E2")
