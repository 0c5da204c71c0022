"""Every feature equals its definition, on companies that are as awkward as they come."""

from collections import Counter

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import measuring
import random_company as random_company_module
from company_rows import FIRST_DAY
from measuring import (
    EVERYTHING,
    FAMILIES,
    SHIPPED,
    assert_same,
    awkward_days,
    edges_of,
    look_up,
    measure,
    snapshots_of,
)
from random_company import random_company
from risk_model.catalogue import VERBS
from risk_model.tables import tables_from_frames

# Sums run in another order there and here.
CLOSE = 1e-9


def compare(seed, days, as_of, catalogue, accounts=6, whole=False):
    company = random_company(seed, days, accounts, edges_of(as_of), whole=whole)
    snapshots = snapshots_of(company.accounts, as_of, seed)
    with company.tables() as tables:
        measured = measure(tables, snapshots, catalogue, days=as_of)
        assert_same(measured, look_up(tables, snapshots, catalogue), CLOSE)
    return measured


def test_no_verb_is_left_out():
    assert {feature.verb for feature in EVERYTHING.features} == set(VERBS)


@pytest.mark.slow
def test_the_whole_catalogue_equals_its_definition():
    as_of = [FIRST_DAY + day for day in (200, 203, 260, 299, 300)]
    measured = compare(3, 300, as_of, SHIPPED, accounts=8, whole=True)
    told = measured[SHIPPED.names].notna()
    assert told.to_numpy().mean() > 0.7, "too little was measured for the comparison to mean much"
    assert told.any().all(), f"never measured: {list(told.columns[~told.any()])}"


@pytest.mark.slow
def test_an_account_measured_alone_has_the_features_that_it_has_among_all():
    as_of = [FIRST_DAY + day for day in (262, 300)]
    company = random_company(5, 320, 6, edges_of(as_of), whole=True)
    snapshots = snapshots_of(company.accounts, as_of, 5)
    with company.tables() as tables:
        among_all = measure(tables, snapshots, SHIPPED)
        for account in company.accounts[:2]:
            alone = measure(tables, snapshots[snapshots["account_id"] == account], SHIPPED)
            assert alone["arr_top_share"].notna().any()
            assert_same(alone, among_all[among_all["account_id"] == account], 1e-12)


@pytest.mark.slow
def test_texts_that_no_feature_looks_at_are_not_heard_and_are_missed_by_none(monkeypatch):
    as_of = [FIRST_DAY + day for day in (262, 300)]
    company = random_company(4, 320, 4, edges_of(as_of), whole=True)
    snapshots = snapshots_of(company.accounts, as_of, 4)
    heard = []
    hear = random_company_module.hear_all

    def counted(texts, *rest, **how):
        heard.append(len(texts))
        return hear(texts, *rest, **how)

    monkeypatch.setattr(measuring, "hear_all", counted)
    counts = {}
    with company.tables() as tables:
        for what, days in (("all", None), ("asked about", as_of), ("last", as_of[1:])):
            heard.clear()
            counts[what] = measure(tables, snapshots, SHIPPED, days=days), sum(heard)
    assert_same(counts["asked about"][0], counts["all"][0], 0)
    assert counts["all"][1] > counts["asked about"][1] > counts["last"][1] > 20
    with pytest.raises(AssertionError):
        assert_same(counts["last"][0], counts["all"][0], 0)


@pytest.mark.slow
@settings(max_examples=26, deadline=None, derandomize=True, database=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    days=st.sampled_from([1, 60, 120, 200, 420]),
    family=st.sampled_from(FAMILIES),
    whole=st.sampled_from([False, False, True]),
)
def test_every_family_equals_its_definition_on_random_companies(seed, days, family, whole):
    as_of = awkward_days(days, seed)
    compare(seed, days, as_of, EVERYTHING.family(family), whole=whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    "as_of",
    [
        range(FIRST_DAY + 20, FIRST_DAY + 20 + 52 * 7, 7),
        [*range(FIRST_DAY + 150, FIRST_DAY + 240, 2), FIRST_DAY + 3, FIRST_DAY + 61],
    ],
    ids=["52 weeks", "every other day and some"],
)
def test_many_snapshots_at_once_equal_their_definition_one_by_one(as_of):
    compare(11, 400, list(as_of), EVERYTHING, accounts=3)


@pytest.mark.slow
@settings(max_examples=3, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["usage", "surveys"]))
def test_one_day_alone_gives_what_it_gives_among_others(seed, family):
    as_of = awkward_days(200, seed)
    company = random_company(seed, 200, 6, edges_of(as_of))
    snapshots = snapshots_of(company.accounts, as_of, seed)
    catalogue = EVERYTHING.family(family)
    with company.tables() as tables:
        together = measure(tables, snapshots, catalogue)
        asked = snapshots[snapshots.as_of == as_of[2]].reset_index(drop=True)
        expected = together[together.as_of == as_of[2]].reset_index(drop=True)
        assert_same(measure(tables, asked, catalogue), expected, CLOSE)


def test_a_made_up_company_is_what_opening_its_export_gives():
    company = random_company(2, 60, 5, whole=True)
    with company.tables() as made_up, tables_from_frames(company.frames()) as opened:
        assert opened.report.refused == 0
        assert opened.present == made_up.present
        for name in made_up.present:
            ours, theirs = made_up.frame(name), opened.frame(name)
            key = [*ours.columns]
            pd.testing.assert_frame_equal(
                ours.sort_values(key, ignore_index=True),
                theirs[key].sort_values(key, ignore_index=True),
                check_dtype=False,
            )


def test_random_companies_hold_the_awkward_cases():
    """The generator must keep making what the other tests rely on."""
    seen = Counter()
    for seed in range(25):
        days = [FIRST_DAY + 50, FIRST_DAY + 100]
        company = random_company(seed, 120, 6, days)
        seen["table missing"] += len(company.rows) < 12
        seen["table empty"] += any(not rows for rows in company.rows.values())
        seen["columns known late"] += any(company.late.values())
        seconds = {day * 86_400 for day in days}
        for name, rows in company.rows.items():
            times = [row["row_known"] for row in rows]
            seen["in the second of a snapshot"] += any(
                t in {d * 86_400 for d in days} for t in times
            )
            seen["one second before"] += any(t + 1 in seconds for t in times)
            owned = [(row["account_id"], row["row_known"]) for row in rows]
            seen["twice in a second"] += name == "messages" and len(set(owned)) < len(owned)
            late = name == "messages" and any(row["row_known"] > row["sent_at"] for row in rows)
            seen["row known late"] += late
        versions = Counter(row["account_id"] for row in company.rows["accounts"])
        seen["several versions"] += max(versions.values()) > 1
    seen["column missing"] = sum(
        len(random_company(s, 30, 2).present["tickets"]) < 18 for s in range(25)
    )
    assert all(count > 2 for count in seen.values()), seen
