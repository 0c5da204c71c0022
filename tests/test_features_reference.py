"""Every feature equals its definition, on companies that are as awkward as they come."""

from collections import Counter

import pandas as pd
import pytest

import measuring
import random_company as random_company_module
from company_rows import FIRST_DAY
from measuring import (
    EVERYTHING,
    FAMILIES,
    SHIPPED,
    assert_same,
    assert_told,
    awkward_days,
    edges_of,
    look_up,
    measure,
    snapshots_of,
)
from random_company import random_company
from risk_model.catalogue import VERBS
from risk_model.features.understood import hears
from risk_model.tables import tables_from_frames

# Sums run in another order there and here.
CLOSE = 1e-9


def compare(company, as_of, catalogue, seed=0, alone=()):
    """Measure all days at once and the days of ``alone`` one by one; return what all days gave."""
    snapshots = snapshots_of(company.accounts, as_of, seed)
    with company.tables() as tables:
        measured = measure(tables, snapshots, catalogue, days=as_of)
        assert_same(measured, look_up(tables, snapshots, catalogue), CLOSE)
        for day in alone:
            asked = snapshots[snapshots.as_of == day].reset_index(drop=True)
            expected = measured[measured.as_of == day].reset_index(drop=True)
            assert_same(measure(tables, asked, catalogue), expected, CLOSE)
    return measured


def test_no_verb_is_left_out():
    assert {feature.verb for feature in EVERYTHING.features} == set(VERBS)


@pytest.mark.slow
def test_the_whole_catalogue_equals_its_definition_on_all_days_and_on_one():
    """One day takes another way than many, and is what every list is made of."""
    as_of = [FIRST_DAY + day for day in (170, 198, 205)]
    company = random_company(21, 220, 8, edges_of(as_of), whole=True, late=True)
    measured = compare(company, as_of, EVERYTHING, alone=as_of[1:2])
    assert_told(measured[measured.as_of.isin(as_of[:2])], other_than_0=0.94)
    assert measured[SHIPPED.names].notna().to_numpy().mean() > 0.7


@pytest.mark.slow
def test_an_account_measured_alone_has_the_features_that_it_has_among_all():
    as_of = [FIRST_DAY + day for day in (262, 300)]
    company = random_company(5, 320, 6, edges_of(as_of), whole=True)
    snapshots = snapshots_of(company.accounts, as_of, 5)
    with company.tables() as tables:
        among_all = measure(tables, snapshots, SHIPPED)
        account = company.accounts[0]
        alone = measure(tables, snapshots[snapshots["account_id"] == account], SHIPPED)
    assert alone["arr_top_share"].notna().any()
    assert_same(alone, among_all[among_all["account_id"] == account], 1e-12)


@pytest.mark.slow
def test_texts_that_no_feature_looks_at_are_not_heard_and_are_missed_by_none(monkeypatch):
    as_of = [FIRST_DAY + day for day in (262, 300)]
    company = random_company(4, 320, 4, edges_of(as_of), whole=True)
    snapshots = snapshots_of(company.accounts, as_of, 4)
    hearing = SHIPPED.only({f.name for f in SHIPPED.features if hears(f)})
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
            counts[what] = measure(tables, snapshots, hearing, days=days), sum(heard)
    assert_same(counts["asked about"][0], counts["all"][0], 0)
    assert counts["all"][1] > counts["asked about"][1] > counts["last"][1] > 20
    with pytest.raises(AssertionError):
        assert_same(counts["last"][0], counts["all"][0], 0)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_equals_its_definition_on_random_companies(family):
    for draw, days in enumerate((60, 200, 420)):
        seed = 10 * FAMILIES.index(family) + draw
        as_of = awkward_days(days, seed)
        company = random_company(seed, days, 6, edges_of(as_of), whole=days == 420)
        alone = as_of[2:3] if days == 200 else ()
        compare(company, as_of, EVERYTHING.family(family), seed, alone)


@pytest.mark.slow
@pytest.mark.parametrize(
    "as_of",
    [
        range(FIRST_DAY + 20, FIRST_DAY + 20 + 52 * 7, 7),
        [*range(FIRST_DAY + 150, FIRST_DAY + 200, 2), FIRST_DAY + 3, FIRST_DAY + 61],
    ],
    ids=["52 weeks", "every other day and some"],
)
def test_many_snapshots_at_once_equal_their_definition_one_by_one(as_of):
    company = random_company(11, 400, 3, edges_of(as_of))
    compare(company, list(as_of), EVERYTHING, seed=11)


@pytest.mark.slow
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


@pytest.mark.slow
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
