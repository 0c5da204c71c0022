"""What the Monday replay takes for averted, and where it says that nobody would have known."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from risk_model import worth
from risk_model.pipelines.backtest import worth_of
from risk_model.pipelines.judge import Judged, escalations_of
from risk_model.pipelines.line import Labelled, Line
from risk_model.pipelines.present import as_text
from risk_model.pipelines.replay import _averted, _suspected
from risk_model.pipelines.replay_figure import _when
from risk_model.pipelines.report import shown
from risk_model.settings import PastDays, load_settings
from risk_model.splits import WAYS
from risk_model.tables import tables_from_frames
from risk_model.timeline import DAY, date_of, day_number

MONDAYS = [0, 7, 14, 21]


def averted(*told: dict[str, Any], y: int = 0) -> list[int]:
    """Return the lists of account A that these outcomes clear."""
    columns = ["account_id", "as_of", "acted_at", "action", "outcome"]
    outcomes = pd.DataFrame([{"account_id": "A"} | row for row in told], columns=columns)
    outcomes["acted_at"] = outcomes["acted_at"].astype("Int64")
    line: Any = SimpleNamespace(
        tables=SimpleNamespace(present={"outcomes"}, frame=lambda name: outcomes),
        settings=SimpleNamespace(backtest=SimpleNamespace(every_days=7)),
    )
    snapshots = pd.DataFrame(
        [(account, day) for day in MONDAYS for account in ("A", "B")],
        columns=["account_id", "as_of"],
    )
    marked = _averted(snapshots, np.full(len(snapshots), y), line, 30)
    assert not marked[snapshots["account_id"] == "B"].any()
    return [int(day) for day in snapshots.loc[marked, "as_of"]]


def test_what_was_averted_clears_the_one_list_that_it_answers() -> None:
    assert averted({"as_of": 7, "acted_at": 8 * DAY, "outcome": "averted"}) == [7]
    # A list made on another day of that week is answered by the replayed one before it.
    assert averted({"as_of": 10, "acted_at": 16 * DAY, "outcome": "averted"}) == [7]


@pytest.mark.parametrize("outcome", ["unknown", "nothing-there", "escalated", None])
def test_an_act_whose_end_nobody_calls_averted_stays_a_false_alarm(outcome: str | None) -> None:
    assert averted({"as_of": 7, "acted_at": 8 * DAY, "outcome": outcome}) == []


def test_nothing_is_cleared_without_an_act_within_the_horizon_of_that_list() -> None:
    for acted in (None, 6 * DAY, 37 * DAY):
        assert averted({"as_of": 7, "acted_at": acted, "outcome": "averted"}) == []
    # Of lists before the replay, or long after its last, it knows nothing.
    for list_of in (-3, 28):
        told = {"as_of": list_of, "acted_at": (list_of + 1) * DAY, "outcome": "averted"}
        assert averted(told) == []


def test_an_escalation_that_came_is_a_hit_whatever_people_wrote() -> None:
    assert averted({"as_of": 7, "acted_at": 8 * DAY, "outcome": "averted"}, y=1) == []


def test_what_was_measured_for_nobody_that_day_is_not_taken_for_calm() -> None:
    days = pd.Series([0, 0, 7, 7])
    features = pd.DataFrame(
        {
            "open_urgent_tickets": [0.0, np.nan, np.nan, np.nan],
            "threats_28d": [0.0, 0.0, 0.0, 0.0],
            # Nobody had an escalation yet: that is calm, and no gap in what is measured.
            "days_since_escalation": [np.nan] * 4,
        }
    )
    assert _suspected(features, days).tolist() == [False, False, True, True]
    # A table that the company never had tells nothing, as before.
    never = features.assign(open_urgent_tickets=np.nan)
    assert _suspected(never, days).tolist() == [False] * 4


def report(averted: bool, gap: int = 0) -> str:
    """Return what is printed of a small replay: 40 accounts, every eighth of which escalates."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame([(day, f"A{n:02}", n) for day in range(0, 70, 7) for n in range(40)])
    rows.columns = pd.Index(["day", "account", "n"])
    came = rows["n"].where(rows["n"] % 8 == 0) + 20.0
    hit = (came >= rows["day"]) & (came < rows["day"] + 30)
    replay = rows.assign(
        csm="Ann",
        y=hit.astype(int),
        escalated_day=came.where(hit),
        averted=averted & (rows["n"] == 1),
        hidden=True,
        blend=0.5 * hit + rng.random(len(rows)),
        rules=rng.random(len(rows)),
    )
    ways = {way: {"logistic": {"auroc": 0.7, "average_precision": 0.1}} for way in WAYS}
    told = {**worth_of(worth.ranked_by(replay, "blend"), 10), "splits": ways}
    told |= {"calm_means": ["no threat"], "gap_days": gap, "horizon_days": 30}
    done: Any = SimpleNamespace(judged=Judged(None, {}, "made up"), sections=told)
    return " ".join(as_text(shown(done), 300).split())


def test_the_report_sets_lists_drawn_by_lot_beside_everything_that_was_caught() -> None:
    said = report(averted=False)
    # A quarter of all is listed, before the five for 3, 5, 5, 4 and 4 weeks: 5 - sum of 0.75^weeks.
    assert "│ drawn by lot │ 5.2% │ 3.5 (69%) │ 25% │ 9.5 │ 75% │" in said
    assert "caught (by lot 69%)" in said
    assert "Where nobody would have known (no threat):" in said
    assert "escalations caught, by lot 3.5." in said
    assert "drawn by lot 7, 18% of all." in said
    assert "at random" not in said
    assert "averted" not in said.lower()
    assert "gap" not in said


def test_the_report_tells_what_was_averted_member_by_member_and_a_gap_that_was_asked_for() -> None:
    said = report(averted=True, gap=14)
    assert "Averted, as people say who acted on them" in said
    assert "blend 1, rules 3" in said
    assert "only escalations 14 days or more after a list count, up to 44" in said


@pytest.mark.slow
def test_a_weekly_list_is_judged_by_the_past_of_its_own_weekday() -> None:
    days = pd.date_range("2025-06-01", "2026-06-30")
    frames = {
        "accounts": pd.DataFrame({"account_id": ["a"], "contract_start": ["2025-01-01"]}),
        "usage": pd.DataFrame({"account_id": "a", "date": days, "seats": 5}),
        "escalations": pd.DataFrame(
            {"escalation_id": [1], "account_id": "a", "opened_at": ["2026-01-01"]}
        ).assign(closed_at="2026-01-09"),
    }
    settings = load_settings()
    settings = replace(settings, catalogue=settings.catalogue.only({"seats"}))
    with tables_from_frames(frames) as tables:
        line = Line(tables, settings)
        for day, gap in ((dt.date(2026, 6, 15), 0), (dt.date(2026, 6, 15), 14), (days[-1], 0)):
            as_of = day_number(dt.date(day.year, day.month, day.day))
            replayed = line.past(as_of, 30, PastDays(), gap).snapshots["as_of"]
            assert {date_of(int(past)).weekday() for past in replayed} == {day.weekday()}
            # The newest of them whose horizon has ended.
            assert 0 <= as_of - (30 + gap) - int(replayed.max()) < 7


def test_the_page_of_the_replay_names_the_weekday_of_its_lists() -> None:
    monday = day_number(dt.date(2026, 6, 1))
    weekly = pd.Series([monday + 14, monday, monday, monday + 7])
    assert _when(weekly) == "Every Monday from 2026-06-01 to 2026-06-15"
    assert _when(weekly - 2) == "Every Saturday from 2026-05-30 to 2026-06-13"
    assert _when(pd.Series([monday, monday + 3])) == "2 days from 2026-06-01 to 2026-06-04"


def test_two_escalations_within_a_horizon_are_two_to_train_and_to_backtest() -> None:
    snapshots = pd.DataFrame({"account_id": ["A", "A", "A", "B"], "as_of": [0, 7, 14, 14]})
    came = pd.Series([5.0, 12.0, np.nan, 12.0])
    ahead = pd.DataFrame(
        {"row": range(4), "y": [1, 1, 0, 0], "day": snapshots["as_of"], "group": list("AAAB")}
    )
    told = Labelled(snapshots, pd.DataFrame(index=range(4)), ahead["y"], escalated=came)
    assert escalations_of(ahead, told, 30) == {"escalations_judged": 2, "accounts_escalated": 1}
