"""What lists were worth, against counting by hand."""

from __future__ import annotations

from itertools import combinations, pairwise, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_model import by_lot, worth


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
                    "averted": not hit and draw(st.booleans()),
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
@settings(max_examples=40)
@given(replays(), st.integers(1, 7))
def test_a_week_at_capacity_is_what_counting_by_hand_gives(replay: pd.DataFrame, size: int) -> None:
    told = worth.at_capacity(worth.ranked_by(replay, "p"), size)
    lists = lists_by_hand(replay, size)
    listed = [row for rows in lists.values() for row in rows]
    averted = [row for row in listed if row["averted"]]
    came = {(r["account"], r["escalated_day"]) for r in replay.to_dict("records") if r["y"]}
    caught = {(r["account"], r["escalated_day"]) for r in listed if r["y"]}
    assert told["listed"] == len(listed)
    assert told["escalations"] == len(came)
    assert told["caught"] == len(caught)
    last: dict[tuple[object, object], int] = {}
    for row in replay.to_dict("records"):
        if row["y"]:
            key = (row["account"], row["escalated_day"])
            last[key] = max(last.get(key, row["day"]), row["day"])
    on_last = [k for k, day in last.items() if k[0] in {r["account"] for r in lists[day]}]
    assert told["on_last_list"] == len(on_last)
    assert told["averted"] == len(averted)
    hits = sum(1 for row in listed if row["y"])
    assert told["false_alarms_a_week"] == pytest.approx(
        (len(listed) - hits - len(averted)) / len(lists)
    )
    assert told["precision"] == pytest.approx(hits / len(listed))
    assert told["precision_if_averted"] == pytest.approx((hits + len(averted)) / len(listed))
    days = sorted(lists)
    new = [
        len({r["account"] for r in lists[b]} - {r["account"] for r in lists[a]}) / len(lists[b])
        for a, b in pairwise(days)
    ]
    assert told["new_share_a_week"] == pytest.approx(np.mean(new) if new else np.nan, nan_ok=True)


@pytest.mark.slow
@settings(max_examples=40)
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
@settings(max_examples=40)
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
@settings(max_examples=40)
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
            "averted": [False] * 4,
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
            "averted": [False] * 3,
            "hidden": [False, True, True],
            "p": [0.9, 0.8, 0.1],
        }
    )
    told = worth.unsuspected(worth.ranked_by(replay, "p"), 2)
    assert (told["escalations"], told["caught"], told["snapshots"]) == (1, 1, 2)
    assert worth.unsuspected(worth.ranked_by(replay, "p"), 1)["caught"] == 0


def made_up(weeks: int, accounts: int, seed: int, chance: float = 0.4) -> pd.DataFrame:
    """Accounts of two CSMs, some of whom escalate; some are missing in some weeks."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(accounts):
        came = int(rng.integers(3, 7 * weeks)) if rng.random() < chance else None
        for week in range(weeks):
            if rng.random() < 0.1:
                continue
            hit = came is not None and 7 * week <= came < 7 * week + 30
            rows.append(
                {
                    "day": 7 * week,
                    "account": f"A{number:03}",
                    "csm": ["Ann", "Bob"][number % 2],
                    "y": int(hit),
                    "escalated_day": float(came) if hit and came is not None else np.nan,
                    "averted": not hit and rng.random() < 0.2,
                    "hidden": rng.random() < 0.7,
                    "p": rng.random(),
                }
            )
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("seed", "size"),
    [
        pytest.param(0, 2, marks=pytest.mark.slow),
        pytest.param(3, 1, marks=pytest.mark.slow),
        (6, 3),
    ],
)
def test_what_lots_would_have_done_is_the_mean_over_all_lists_there_could_be(
    seed: int, size: int
) -> None:
    replay = made_up(3, 4, seed, chance=0.7)
    assert replay["y"].sum() > 2
    weeks = [rows.index for _, rows in replay.groupby("day")]
    told, leads, calm = [], [], []
    for lists in product(*(combinations(rows, min(size, len(rows))) for rows in weeks)):
        drawn = replay.assign(p=replay.index.isin([row for rows in lists for row in rows]) * 1.0)
        ranked = worth.ranked_by(drawn, "p")
        told.append(worth.at_capacity(ranked, size))
        leads += worth.lead_days(ranked, size).tolist()
        calm.append(worth.unsuspected(ranked, size))
    wanted, found = pd.DataFrame(told).mean(), by_lot.at_capacity(replay, size)
    assert set(found) == set(wanted.index)
    for name, value in found.items():
        assert value == pytest.approx(wanted[name]), name
    quantiles = by_lot.lead_quantiles(replay, size, [0.1, 0.5])
    for name, q in (("p10", 0.1), ("p50", 0.5)):
        assert quantiles[name] == np.quantile(leads, q, method="inverted_cdf")
    hidden = pd.DataFrame(calm).mean()
    for name in ("caught", "recall"):
        assert calm[0][f"{name}_by_lot"] == pytest.approx(hidden[name], nan_ok=True), name


def test_lists_of_each_csm_drawn_by_lot_are_drawn_among_their_own_accounts() -> None:
    replay = made_up(1, 5, 0).assign(y=0, escalated_day=np.nan, averted=False)
    chance = by_lot.chances(replay, 1, per_csm=True)
    size = replay.groupby("csm")["account"].transform("size")
    assert chance.tolist() == pytest.approx((1 / size).tolist())
    assert by_lot.at_capacity(replay, 1, per_csm=True)["listed"] == pytest.approx(2)


def test_scores_that_say_nothing_save_nothing() -> None:
    saved = []
    for seed in range(6):
        ranked = worth.ranked_by(made_up(14, 60, seed), "p")
        saved.append(worth.workload(ranked, [0.5, 0.8])["saved"].to_numpy())
    assert np.abs(np.mean(saved, axis=0)).max() < 0.04
    knows = made_up(14, 60, 0)
    assert worth.workload(worth.ranked_by(knows.assign(p=knows["y"]), "p"))["saved"].min() > 0.1


def test_the_list_that_lots_need_is_the_shortest_that_is_expected_to_catch_so_much() -> None:
    replay = made_up(10, 30, 4)
    came = by_lot.at_capacity(replay, 1)["escalations"]
    for recall in (0.3, 0.5, 0.9, 1.0):
        size = int(by_lot.capacity_for(replay, recall))
        assert by_lot.at_capacity(replay, size)["caught"] >= recall * came - 1e-9
        assert by_lot.at_capacity(replay, size - 1)["caught"] < recall * came - 1e-9
    assert np.isnan(by_lot.capacity_for(replay.assign(escalated_day=np.nan), 0.5))


def test_a_list_that_changes_for_no_reason_catches_more_but_not_on_its_last_list() -> None:
    replay = made_up(16, 80, 2, chance=0.6)
    rng = np.random.default_rng(0)
    told = replay.assign(p=replay["y"] * 0.5 + rng.normal(0, 0.5, len(replay)))
    steady = replay["account"].map(told.groupby("account")["p"].mean())
    still = worth.at_capacity(worth.ranked_by(replay.assign(p=steady), "p"), 12)
    second = worth.ranked_by(replay.assign(p=steady), "p")["rank"].between(13, 24)
    turned = replay.assign(p=steady + 9.0 * (second & (replay["day"] % 14 == 0)))
    churned = worth.at_capacity(worth.ranked_by(turned, "p"), 12)
    assert churned["precision"] < still["precision"]
    assert churned["caught"] > still["caught"]
    assert churned["on_last_list"] < still["on_last_list"]
