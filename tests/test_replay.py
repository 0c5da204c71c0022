"""What the Monday replay takes for averted, and where it says that nobody would have known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from risk_model.pipelines.replay import _averted, _suspected
from risk_model.timeline import DAY

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
    return snapshots.loc[marked, "as_of"].tolist()


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
