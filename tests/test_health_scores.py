"""Health scores: what moved within a week was measured at both of its ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from risk_model.pipelines.judged_day import judged_day
from risk_model.pipelines.line import Line
from risk_model.settings import load_settings
from small_company import AS_OF, Row, account, desk, moment, write_tables

# The days ago on which each account was given a score; all fell from 90 to 55 with the last.
GIVEN: Mapping[str, tuple[int, ...]] = {
    "weekly": (37, 30, 23, 16, 9, 2),
    "every-two-weeks": (44, 30, 16, 2),
    "monthly": (66, 34, 3),
    "every-quarter": (185, 94, 3),
}


@pytest.fixture(scope="module")
def fired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, list[str]]]:
    scores: list[Row] = [
        {"account_id": name, "scored_at": moment(ago), "score": 55 if ago == min(days) else 90}
        for name, days in GIVEN.items()
        for ago in days
    ]
    folder = write_tables(
        tmp_path_factory.mktemp("health"),
        accounts=[account(name) for name in (*GIVEN, "calm")],
        tickets=desk("calm"),
        health_scores=scores,
    )
    with Line.open(folder, load_settings()) as line:
        rows: list[dict[Any, Any]] = judged_day(line, AS_OF, model="rules").rows.to_dict("records")
    yield {row["account_id"]: row["rules_fired"].split(";") for row in rows}


def test_only_scores_that_come_weekly_can_fall_within_a_week(
    fired: Mapping[str, list[str]],
) -> None:
    assert {name for name, ids in fired.items() if "health-drop-30" in ids} == {"weekly"}


def test_scores_that_come_monthly_can_fall_within_a_month(fired: Mapping[str, list[str]]) -> None:
    fell = {name for name, ids in fired.items() if "health-drop-15" in ids}
    assert fell == {"weekly", "every-two-weeks", "monthly"}
