"""Who is a customer on which day, who is escalated, and which label a snapshot has."""

import math

import numpy as np
import pandas as pd
import pytest

from another_future import another_future
from company_rows import DAY, FIRST_DAY
from measuring import awkward_days
from random_company import random_company
from reference_facts import fact_of, in_force_from, rows_of
from risk_model.engines.duckdb import DuckDBEngine
from risk_model.features.following import last_escalation, next_escalation
from risk_model.features.snapshots import (
    ACCOUNT_COLUMNS,
    labels_of,
    newest_day,
    snapshots_on,
    yet_to_come,
)
from risk_model.tables import tables_from_frames
from risk_model.timeline import date_of


def opened(tables, days):
    return snapshots_on(DuckDBEngine(tables.connection), tables.present, days)


def by_definition(tables, days):
    """Return what ``snapshots_on`` promises, by looping over the rows of each account."""
    rows = {name: rows_of(tables, name) for name in tables.present}
    facts = [fact_of("accounts", row) for row in rows["accounts"]]
    ends = "closed_at" in tables.present.get("escalations", ())
    escalations = [fact_of("escalations", row) for row in rows.get("escalations", ())]
    answer = {}
    for account in {fact.values["account_id"] for fact in facts}:
        versions = [fact for fact in facts if fact.values["account_id"] == account]
        times = [row["row_known"] for name in rows for row in rows[name] if owner(row) == account]
        first = min((time for time in times if time > 0), default=math.inf)
        crises = [fact for fact in escalations if fact.values["account_id"] == account]
        for day in days:
            now = day * DAY
            known = [fact for fact in versions if fact.row_known < now]
            if not known:
                continue
            # Of the versions known it is the one that holds from the latest day, however late told.
            last = max(known, key=lambda fact: (in_force_from(fact), fact.row_known, fact.key))
            told = {n: last.values[n] for n in ACCOUNT_COLUMNS if last.is_known([n], now)}
            start, end = told.get("contract_start"), told.get("contract_end")
            begun = first < now if start is None else start <= now
            running = [
                crisis
                for crisis in crises
                if crisis.is_known(["opened_at"], now)
                and not (crisis.is_known(["closed_at"], now) and crisis.values["closed_at"] < now)
            ]
            answer[account, day] = (
                begun and (end is None or now < end),
                ends and bool(running),
                {name: told.get(name) for name in ACCOUNT_COLUMNS},
            )
    return answer


def owner(row):
    return row["account_id"]


def as_dict(frame):
    return {
        (row["account_id"], row["as_of"]): (
            row["is_customer"],
            row["is_escalated"],
            {n: None if pd.isna(row[n]) else row[n] for n in ACCOUNT_COLUMNS},
        )
        for row in frame.to_dict("records")
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_snapshots_equal_their_definition(seed):
    days = awkward_days(120, seed)
    edges = [day - k for day in days for k in (0, 1)]
    with random_company(seed, 120, 8, edges).tables() as tables:
        frame = opened(tables, days)
        assert as_dict(frame) == by_definition(tables, days)
        assert frame.equals(frame.sort_values(["as_of", "account_id"], ignore_index=True))
        if seed == 0:
            assert 0 < frame.is_customer.mean() < 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_what_comes_later_changes_no_snapshot(seed):
    days = [FIRST_DAY + 60, FIRST_DAY + 80]
    company = random_company(seed, 120, 8, days)
    with company.tables() as tables, tables.cut(days[-1]) as cut:
        full = opened(tables, days)
        pd.testing.assert_frame_equal(opened(cut, days), full, check_dtype=False)
        with another_future(company, days[-1], seed).tables() as other:
            pd.testing.assert_frame_equal(opened(other, days), full, check_dtype=False)


def company_with(escalations=None, **account):
    accounts = pd.DataFrame([{"account_id": "a", **account}], dtype=object)
    usage = pd.DataFrame({"account_id": ["a"], "date": [date_of(FIRST_DAY).isoformat()]})
    frames = {"accounts": accounts, "usage": usage}
    return tables_from_frames(frames if escalations is None else {**frames, **escalations})


def customer_days(**account):
    days = range(FIRST_DAY - 1, FIRST_DAY + 5)
    with company_with(**account) as tables:
        frame = opened(tables, days)
    return [day - FIRST_DAY for day in frame.as_of[frame.is_customer]]


def test_a_contract_holds_from_its_first_day_to_before_its_last():
    start, end = date_of(FIRST_DAY + 1).isoformat(), date_of(FIRST_DAY + 3).isoformat()
    assert customer_days(contract_start=start, contract_end=end) == [1, 2]
    # Without a start, from the day after the first row: that day's use is known at its end.
    assert customer_days(contract_end=end) == [1, 2]
    assert customer_days() == [1, 2, 3, 4]


def test_a_value_of_an_account_counts_from_when_it_is_known():
    now = FIRST_DAY + 3
    with company_with(arr=1000) as tables:
        tables.connection.execute(f"ALTER TABLE accounts ADD known__arr BIGINT DEFAULT {now * DAY}")
        frame = opened(tables, [now, now + 1])
    assert np.isnan(frame.arr[0])
    assert frame.arr[1] == 1000


def escalation(opened_at, closed_at=None, closes=True):
    row = {"escalation_id": ["e"], "account_id": ["a"], "opened_at": [stamp(opened_at)]}
    if closes:
        row["closed_at"] = [None if closed_at is None else stamp(closed_at)]
    return {"escalations": pd.DataFrame(row, dtype=object)}


def stamp(seconds):
    return pd.Timestamp(seconds, unit="s").isoformat()


NOW = FIRST_DAY + 10
SNAPSHOT = pd.DataFrame({"account_id": ["a"], "as_of": [NOW], "is_escalated": [False]})


def label(*opened_at, horizon=30, known_until=NOW + 30, escalated=False):
    rows = pd.DataFrame({"account_id": ["a"] * len(opened_at), "opened_at": list(opened_at)})
    rows = rows.astype({"account_id": "str", "opened_at": "int64"})
    return labels_of(SNAPSHOT.assign(is_escalated=escalated), rows, horizon, known_until)[0]


def test_a_label_begins_at_the_snapshot_and_ends_before_the_horizon():
    assert label(NOW * DAY) == 1
    assert label(NOW * DAY - 1) == 0
    assert label((NOW + 30) * DAY - 1) == 1
    assert label((NOW + 30) * DAY) == 0
    assert label(NOW * DAY - 1, (NOW + 40) * DAY, NOW * DAY + 5 * DAY) == 1
    assert label() == 0
    assert label((NOW + 3) * DAY, horizon=3) == 0


def test_a_horizon_past_what_is_known_has_no_label():
    assert math.isnan(label(known_until=NOW + 29))
    assert math.isnan(label(NOW * DAY, known_until=NOW + 29))
    assert label(known_until=NOW + 30) == 0


def test_who_is_escalated_already_has_no_label():
    assert math.isnan(label((NOW + 1) * DAY, escalated=True))


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (escalation(NOW * DAY), False),  # opened in the second of the snapshot: not known yet
        (escalation(NOW * DAY - 1), True),
        (escalation((NOW - 3) * DAY, NOW * DAY), True),
        (escalation((NOW - 3) * DAY, NOW * DAY - 1), False),
        (escalation((NOW - 3) * DAY, closes=False), False),  # a moment, closed at once
    ],
)
def test_an_escalation_is_open_from_its_opening_until_it_is_known_to_be_closed(table, expected):
    with company_with(table) as tables:
        assert opened(tables, [NOW]).is_escalated.tolist() == [expected]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_labels_equal_their_definition(seed):
    rng = np.random.default_rng(seed)
    days = sorted({int(day) for day in FIRST_DAY + rng.integers(0, 120, 9)})
    horizon, known_until = int(rng.integers(1, 40)), FIRST_DAY + 100
    with random_company(
        seed, 120, 8, [*days, *(d + horizon for d in days)], whole=True
    ).tables() as t:
        snapshots, rows = opened(t, days), t.frame("escalations")
    labels = labels_of(snapshots.sample(frac=1, random_state=seed), rows, horizon, known_until)
    for index, value in labels.items():
        account, day = snapshots.account_id[index], snapshots.as_of[index]
        if snapshots.is_escalated[index] or day + horizon > known_until:
            assert math.isnan(value)
            continue
        theirs = rows.opened_at[rows.account_id == account]
        assert value == any(day * DAY <= at < (day + horizon) * DAY for at in theirs)
    assert {0.0, 1.0} <= set(labels.dropna())


def test_the_next_escalation_is_of_the_day_or_after_it_and_the_last_is_before_it():
    rows = [("a", 10 * DAY), ("a", 10 * DAY + 60), ("a", 21 * DAY - 1), ("b", 15 * DAY)]
    escalations = pd.DataFrame(rows, columns=["account_id", "opened_at"])
    asked = [("a", 9), ("b", 10), ("a", 10), ("a", 11), ("a", 21), ("b", 99), ("c", 10)]
    snapshots = pd.DataFrame(asked, columns=["account_id", "as_of"], index=range(5, 12))
    answers = (next_escalation(snapshots, escalations), last_escalation(snapshots, escalations))
    none = np.nan
    for found, expected in zip(
        answers,
        ([10, 15, 10, 20, none, none, none], [none, none, none, 10, 20, 15, none]),
        strict=True,
    ):
        assert found.index.equals(snapshots.index)
        np.testing.assert_array_equal(found, expected)


def test_the_newest_day_is_the_one_after_the_newest_event():
    for seconds, expected in ((0, NOW + 1), (DAY - 1, NOW + 1), (DAY, NOW + 2)):
        with company_with(escalation(NOW * DAY + seconds)) as tables:
            assert newest_day(DuckDBEngine(tables.connection), tables.present) == expected


@pytest.mark.parametrize("days_ahead", [9, 13_000], ids=["announced", "mistyped"])
def test_what_lies_ahead_of_today_has_not_happened_and_does_not_tell_the_day(days_ahead):
    ahead = NOW + days_ahead
    with company_with(escalation(ahead * DAY)) as tables:
        engine = DuckDBEngine(tables.connection)
        told = {
            today: (
                newest_day(engine, tables.present, today),
                yet_to_come(engine, tables.present, today),
            )
            for today in (FIRST_DAY - 1, NOW, ahead - 1, ahead, ahead + 1)
        }
    assert told == {
        FIRST_DAY - 1: (FIRST_DAY - 1, {"usage": 1, "escalations": 1}),
        NOW: (FIRST_DAY + 1, {"escalations": 1}),
        ahead - 1: (FIRST_DAY + 1, {"escalations": 1}),
        ahead: (ahead, {}),
        ahead + 1: (ahead + 1, {}),
    }
