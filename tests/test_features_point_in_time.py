"""A snapshot uses only what was known before it: whatever comes later changes no feature."""

import numpy as np
import pandas as pd
import pytest

from another_future import another_future
from company_rows import FIRST_DAY
from measuring import (
    EVERYTHING,
    ROUNDING,
    assert_same,
    assert_told,
    edges_of,
    measure,
    snapshots_of,
)
from random_company import random_company
from risk_model.catalogue import Catalogue, Feature
from risk_model.tables import tables_from_frames
from risk_model.timeline import date_of

DAYS = 220
AS_OF = [FIRST_DAY + day for day in (170, 198, 205)]
HERE = AS_OF[1]


def before(snapshots):
    return snapshots[snapshots.as_of <= HERE].reset_index(drop=True)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "whole"), [(21, True), (4, False)], ids=["late", "gaps"])
def test_no_feature_sees_the_future_or_the_order_of_the_rows(seed, whole):
    """Cut off, another one or in another order: what is known by then stays the same."""
    company = random_company(seed, DAYS, 8, edges_of(AS_OF), whole=whole, late=whole)
    snapshots = snapshots_of(company.accounts, AS_OF)
    asked = before(snapshots)
    with company.tables() as tables:
        full = before(measure(tables, snapshots, EVERYTHING))
        if whole:
            assert_told(full, other_than_0=0.94)
        with tables.cut(HERE) as cut:
            assert_same(measure(cut, asked, EVERYTHING), full)
    future = another_future(company, HERE, seed)
    # Sums of shuffled rows, by two threads, come out otherwise in their last digits.
    order, threads, close = (np.random.default_rng(1), 2, 1e-9) if whole else (None, 1, ROUNDING)
    with future.tables(shuffled=order, threads=threads) as other:
        assert_same(measure(other, asked, EVERYTHING), full, close)


def test_another_future_is_another_one():
    """The future that the test above draws differs in rows and in values, all known too late."""
    now = FIRST_DAY + 100
    company = random_company(2, DAYS, 8, [now])
    other = another_future(company, now, 2)
    for name in ("tickets", "messages", "usage"):
        ours = {tuple(sorted(r.items(), key=str)) for r in map(dict, company.rows[name])}
        theirs = {tuple(sorted(r.items(), key=str)) for r in map(dict, other.rows[name])}
        assert len(ours - theirs) > 5
        assert len(theirs - ours) > 5
    changed = [r for r in other.rows["tickets"] if r["row_known"] < now * 86_400]
    assert changed
    assert changed != [r for r in company.rows["tickets"] if r["row_known"] < now * 86_400]


# By hand: the edge itself. A feed of filler days keeps the tables measured throughout.

NOW = FIRST_DAY + 100
COUNTS = Catalogue(
    features=(
        Feature(name="in_7d", means="a", source="tickets", count=True, window=7),
        Feature(name="in_7d_before", means="a", source="tickets", count=True, window=7, lag=7),
        Feature(name="days_since", means="a", source="tickets", since=True),
        Feature(name="so_far", means="a", source="tickets", ever=True),
        Feature.model_validate(
            {
                "name": "old",
                "means": "a",
                "source": "tickets",
                "open": True,
                "interval": {"from": "opened_at", "until": "resolved_at", "after": "48h"},
            }
        ),
    )
)


def at(day, seconds=0):
    return pd.Timestamp(day * 86_400 + seconds, unit="s").isoformat()


def values_of(*tickets, features=COUNTS, **tables):
    """Return the features of account ``a`` at NOW, with tickets (opened, resolved)."""
    filler = [("b", day, at(FIRST_DAY + day), None) for day in range(110)]
    rows = [("a", number, *ticket) for number, ticket in enumerate(tickets)]
    columns = ["account_id", "ticket_id", "opened_at", "resolved_at"]
    listed = pd.DataFrame([*filler, *rows], columns=columns, dtype=object)
    listed["ticket_id"] = [f"{row.account_id}{row.ticket_id}" for row in listed.itertuples()]
    accounts = pd.DataFrame({"account_id": ["a", "b"]})
    asked = pd.DataFrame({"account_id": ["a"], "as_of": [NOW]})
    with tables_from_frames({"accounts": accounts, "tickets": listed, **tables}) as opened:
        assert opened.report.refused == 0
        return measure(opened, asked, features).iloc[0]


@pytest.mark.parametrize(
    ("opened", "expected"),
    [
        (at(NOW), (0, 0, None, 0)),
        (at(NOW, -1), (1, 0, 1 / 86_400, 1)),
        (at(NOW - 7), (1, 0, 7, 1)),
        (at(NOW - 7, -1), (0, 1, 7 + 1 / 86_400, 1)),
        (at(NOW - 14), (0, 1, 14, 1)),
        (at(NOW - 14, -1), (0, 0, 14 + 1 / 86_400, 1)),
    ],
)
def test_the_edge_of_a_snapshot_and_of_its_windows(opened, expected):
    got = values_of((opened, None))
    names = ["in_7d", "in_7d_before", "days_since", "so_far"]
    wanted = [float("nan") if value is None else value for value in expected]
    assert [got[name] for name in names] == pytest.approx(wanted, nan_ok=True)


@pytest.mark.parametrize(
    ("opened", "resolved", "is_open"),
    [
        (at(NOW - 2), None, 0),  # 48 hours old, not over 48 hours
        (at(NOW - 2, -1), None, 1),
        (at(NOW - 9), at(NOW), 1),  # resolved in the second of the snapshot: not known yet
        (at(NOW - 9), at(NOW, -1), 0),
        (at(NOW - 9), at(NOW + 50), 1),
    ],
)
def test_the_edge_of_what_is_open(opened, resolved, is_open):
    assert values_of((opened, resolved))["old"] == is_open


def test_a_renewal_counts_from_when_it_was_recorded():
    to_come = Feature.model_validate(
        {
            "name": "to_come",
            "means": "a",
            "source": "renewals",
            "soonest": "renewal_date",
            "interval": {"from": "row_known", "until": "renewal_date"},
        }
    )
    catalogue = Catalogue(features=(to_come,))
    for recorded, expected in ((at(NOW), None), (at(NOW, -1), 30), (None, 30)):
        row = {"account_id": ["a"], "renewal_date": [date_of(NOW + 30).isoformat()]}
        renewals = pd.DataFrame({**row, "recorded_at": [recorded]}, dtype=object)
        got = values_of(features=catalogue, renewals=renewals)["to_come"]
        assert got == pytest.approx(float("nan") if expected is None else expected, nan_ok=True)


def test_a_feed_that_stopped_is_no_customer_who_stopped():
    usage = pd.DataFrame(
        {"account_id": "a", "date": [date_of(NOW - d).isoformat() for d in range(8, 60)]}
    ).assign(actions=3)
    features = tuple(
        Feature(
            name=f"w{w}_{lag}",
            means="a",
            source="usage",
            sum="actions",
            window=w,
            lag=lag,
        )
        for w, lag in ((7, 0), (7, 5), (7, 7), (28, 7), (50, 7), (55, 7), (56, 7))
    )
    got = values_of(features=Catalogue(features=features), usage=usage).iloc[2:].tolist()
    # The last row is 8 days old and the first 59: two days of grace on either side.
    assert got == pytest.approx(
        [float("nan"), 15, 21, 84, 150, float("nan"), float("nan")], nan_ok=True
    )


def surveys_of(*answers, **columns):
    """Return NPS answers (id, when answered, score) of account ``a``."""
    frame = pd.DataFrame(list(answers), columns=["survey_id", "responded_at", "score"])
    sent = [at(NOW - 80)] * len(frame)
    return frame.assign(account_id="a", kind="NPS", sent_at=sent, **columns)


ANSWERS = Catalogue(
    features=(
        Feature(name="nps", means="a", source="surveys", latest="score"),
        Feature(name="answers", means="a", source="surveys", count=True, window=28),
        Feature(name="requests", means="a", source="surveys", count=True, window=84, at="sent_at"),
    )
)


@pytest.mark.parametrize("turned", [1, -1])
def test_of_two_rows_in_one_second_the_larger_key_is_the_last(turned):
    answers = [(key, at(NOW - 3), score) for key, score in (("s1", 9), ("s3", 2), ("s2", 7))]
    surveys = surveys_of(*answers[::turned])
    assert values_of(features=ANSWERS, surveys=surveys)[["nps", "answers"]].tolist() == [2, 3]


def test_without_the_column_that_dates_a_value_nothing_of_it_is_measured():
    surveys = surveys_of(("s1", at(NOW - 3), 9)).drop(columns="responded_at")
    got = values_of(features=ANSWERS, surveys=surveys)
    assert got[["nps", "answers", "requests"]].tolist() == pytest.approx(
        [float("nan"), float("nan"), 1], nan_ok=True
    )


def test_a_promise_without_its_date_is_not_measured():
    features = {
        name: {
            "name": name,
            "means": "a",
            "source": "tickets",
            "open": True,
            "interval": {"from": start, "until": "resolved_at"},
        }
        for name, start in (("promised", "promised_for"), ("due", "sla_due_at"))
    }
    catalogue = Catalogue(features=tuple(Feature.model_validate(f) for f in features.values()))
    days = pd.DataFrame({"ticket_id": [f"t{day}" for day in range(110)], "account_id": "a"})
    days["opened_at"] = [at(FIRST_DAY + day) for day in range(110)]
    tickets = days.assign(promised_for=at(NOW - 1), sla_due_at=at(NOW - 1), resolved_at=None)
    got = values_of(features=catalogue, tickets=tickets)
    assert got[["promised", "due"]].tolist() == pytest.approx([float("nan"), 100], nan_ok=True)
