"""What lists were worth, against counting by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_model import worth


@st.composite
def replays(draw: st.DrawFn) -> pd.DataFrame:
    """A few weeks of a few accounts, with ties in the score and an escalation here and there."""
    accounts = [f"A{n}" for n in range(draw(st.integers(1, 6)))]
    weeks = draw(st.integers(1, 5))
    rows = []
    for account in accounts:
        came = draw(st.one_of(st.none(), st.integers(0, 7 * weeks + 20)))
        csm = draw(st.sampled_from(["Ann", "Bob", None]))
        for week in range(weeks):
            day = 7 * week
            hit = came is not None and day <= came < day + 30
            rows.append(
                {
                    "day": day,
                    "account": account,
                    "csm": csm,
                    "y": int(hit),
                    "escalated_day": float(came) if hit and came is not None else np.nan,
                    "worked": not hit and draw(st.booleans()),
                    "hidden": draw(st.booleans()),
                    "p": draw(st.sampled_from([0.1, 0.2, 0.5])),
                }
            )
    shuffled = draw(st.permutations(rows))
    return pd.DataFrame(shuffled)


def lists_by_hand(replay: pd.DataFrame, size: int) -> dict[int, list[dict[str, object]]]:
    lists = {}
    for day in sorted(set(replay["day"])):
        rows = replay[replay["day"] == day].to_dict("records")
        lists[day] = sorted(rows, key=lambda row: (-row["p"], row["account"]))[:size]
    return lists


@pytest.mark.slow
@given(replays(), st.integers(1, 7))
def test_a_week_at_capacity_is_what_counting_by_hand_gives(replay: pd.DataFrame, size: int) -> None:
    told = worth.at_capacity(worth.ranked_by(replay, "p"), size)
    lists = lists_by_hand(replay, size)
    listed = [row for rows in lists.values() for row in rows]
    counted = [row for row in listed if not row["worked"]]
    came = {(r["account"], r["escalated_day"]) for r in replay.to_dict("records") if r["y"]}
    caught = {(r["account"], r["escalated_day"]) for r in listed if r["y"]}
    assert told["listed"] == len(listed)
    assert told["escalations"] == len(came)
    assert told["caught"] == len(caught)
    assert told["worked_left_out"] == len(listed) - len(counted)
    false = sum(1 for row in counted if not row["y"])
    assert told["false_alarms_a_week"] == pytest.approx(false / len(lists))
    if counted:
        assert told["precision"] == pytest.approx(1 - false / len(counted))
    days = sorted(lists)
    new = [
        len({r["account"] for r in lists[b]} - {r["account"] for r in lists[a]}) / len(lists[b])
        for a, b in pairwise(days)
    ]
    assert told["new_share_a_week"] == pytest.approx(np.mean(new) if new else np.nan, nan_ok=True)


@pytest.mark.slow
@given(replays(), st.integers(1, 7))
def test_lead_is_counted_from_the_first_listing_within_the_horizon(
    replay: pd.DataFrame, size: int
) -> None:
    first: dict[tuple[str, float], int] = {}
    for day, rows in lists_by_hand(replay, size).items():
        for row in rows:
            if row["y"]:
                key = (str(row["account"]), float(str(row["escalated_day"])))
                first[key] = min(first.get(key, day), day)
    leads = worth.lead_days(worth.ranked_by(replay, "p"), size)
    assert sorted(leads) == sorted(came - day for (_, came), day in first.items())


@pytest.mark.slow
@given(replays())
def test_the_planner_agrees_with_the_week_at_each_capacity_and_never_loses_a_catch(
    replay: pd.DataFrame,
) -> None:
    ranked = worth.ranked_by(replay, "p")
    plan = worth.planner(ranked, (1, 2, 3, 6), n=20)
    weeks = replay["day"].nunique()
    for row in plan.to_dict("records"):
        told = worth.at_capacity(ranked, int(row["capacity"]))
        assert row["caught"] == pytest.approx(told["caught"] / weeks)
        assert row["listed"] == pytest.approx(told["listed"] / weeks)
        assert row["false"] == pytest.approx(told["false_alarms_a_week"])
        assert row["value_20"] == pytest.approx(20 * row["caught"] - row["listed"])
        assert row["false_low"] <= row["false_high"]
    assert plan["caught"].is_monotonic_increasing


@pytest.mark.slow
@given(replays(), st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_the_workload_is_the_shortest_list_that_reaches_the_recall(
    replay: pd.DataFrame, recall: float
) -> None:
    ranked = worth.ranked_by(replay, "p")
    told = worth.workload(ranked, [recall]).iloc[0]
    came = worth.at_capacity(ranked, 10)["escalations"]
    if came == 0:
        assert np.isnan(told["capacity"])
        return
    size = int(told["capacity"])
    assert worth.at_capacity(ranked, size)["caught"] >= recall * came - 1e-9
    if size > 1:
        assert worth.at_capacity(ranked, size - 1)["caught"] < recall * came - 1e-9


def test_lists_of_each_csm_hold_their_own_accounts_only() -> None:
    replay = pd.DataFrame(
        {
            "day": [0] * 4,
            "account": ["A", "B", "C", "D"],
            "csm": ["Ann", "Ann", "Bob", "Bob"],
            "y": [0, 0, 0, 1],
            "escalated_day": [np.nan, np.nan, np.nan, 5.0],
            "worked": [False] * 4,
            "hidden": [False] * 4,
            "p": [0.9, 0.8, 0.2, 0.3],
        }
    )
    ranked = worth.ranked_by(replay, "p")
    assert worth.at_capacity(ranked, 1, per_csm=True)["caught"] == 1
    assert worth.at_capacity(ranked, 2)["caught"] == 0
    assert worth.at_capacity(ranked, 1, per_csm=True)["false_alarms_a_csm_and_week"] == 0.5


def test_where_people_would_have_known_does_not_count_as_found_by_the_list() -> None:
    replay = pd.DataFrame(
        {
            "day": [0, 0, 0],
            "account": ["known", "hidden", "quiet"],
            "csm": [None] * 3,
            "y": [1, 1, 0],
            "escalated_day": [3.0, 4.0, np.nan],
            "worked": [False] * 3,
            "hidden": [False, True, True],
            "p": [0.9, 0.8, 0.1],
        }
    )
    told = worth.unsuspected(worth.ranked_by(replay, "p"), 2)
    assert (told["escalations"], told["caught"], told["snapshots"]) == (1, 1, 2)
    assert worth.unsuspected(worth.ranked_by(replay, "p"), 1)["caught"] == 0
