"""Two tickets are about one matter when their subjects say nearly the same, in whatever words."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_model.engines.duckdb import DuckDBEngine
from risk_model.features.matters import Row, is_near, matters, matters_of, stems_of
from risk_model.settings import load_settings

SAME = [
    ("CSV export broken again", "Export to CSV is failing"),
    ("Exports to CSV fail", "RE: CSV export still not working!!"),
    ("Slow dashboard since Monday", "dashboards slow"),
    ("Single sign-on down", "Single sign on down for all users"),
    ("Import stuck", "The imports are stuck"),
    ("Charged twice", "charged TWICE (ticket 4711)"),
    ("API rate limit reached", "Rate limits of the API reached"),
]
OTHER = [
    ("CSV export broken again", "Totals on the dashboard differ"),
    ("Slow dashboard", "Dashboard filters missing"),
    ("Import stuck", "Import of contacts duplicates names"),
    ("Charged twice", "Charged in the wrong currency"),
    ("Error again", "Problem again"),
    ("Question", "Question"),
]


def row(key: str, subject: str, category: str | None = None, known: int = 0) -> Row:
    return Row(key, known, stems_of(subject), category)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_in_other_words_is_the_same_matter(one: str, other: str) -> None:
    assert is_near(row("a", one), row("b", other))


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_something_else_is_another_matter(one: str, other: str) -> None:
    assert not is_near(row("a", one), row("b", other))


def test_a_single_word_also_wants_the_same_category() -> None:
    assert is_near(row("a", "Login!", "access"), row("b", "login", "access"))
    assert not is_near(row("a", "Login", "access"), row("b", "login", "billing"))
    assert is_near(row("a", "Login slow", "access"), row("b", "slow login", "billing"))


def test_without_a_column_of_subjects_no_ticket_is_brought_here() -> None:
    catalogue = load_settings(Path(__file__).parents[1]).catalogue
    columns = {"tickets": frozenset({"ticket_id", "account_id", "opened_at", "category"})}
    with duckdb.connect() as connection:
        assert matters_of(DuckDBEngine(connection), columns, catalogue) == {}


def test_a_subject_that_says_nothing_leaves_the_category_and_without_one_nothing() -> None:
    found = matters(
        [
            row("a", "Help!", "data"),
            row("b", "", "data"),
            row("c", "Problem", "access"),
            row("d", ""),
        ]
    )
    assert found == {"a": "category data", "b": "category data", "c": "category access"}


def test_a_row_joins_the_earliest_matter_that_is_near_enough() -> None:
    told = [row("t1", "CSV export"), row("t2", "export of CSV files"), row("t3", "CSV files")]
    assert matters(told) == {"t1": "t1", "t2": "t1", "t3": "t3"}


subjects = st.lists(
    st.sampled_from(["export", "exports", "csv", "login", "slow", "the", "broken"]), max_size=4
).map(" ".join)
rows = st.lists(
    st.tuples(subjects, st.sampled_from(["a", "b", None]), st.integers(0, 5)), max_size=12
).map(lambda told: [row(f"t{n}", text, c, known) for n, (text, c, known) in enumerate(told)])


@given(rows, st.integers(0, 6))
def test_no_matter_hangs_on_what_became_known_later(told: list[Row], now: int) -> None:
    before = [one for one in told if one.known < now]
    whole = matters(told)
    assert matters(before) == {one.key: whole[one.key] for one in before if one.key in whole}


@given(rows, st.randoms())
def test_the_order_of_the_rows_changes_nothing(told: list[Row], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(told)
    random.shuffle(shuffled)
    assert matters(shuffled) == matters(told)
