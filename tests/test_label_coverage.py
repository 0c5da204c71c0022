"""Days of which no escalations are on record have no label: nobody stayed quiet then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from risk_model.engines.duckdb import DuckDBEngine
from risk_model.features.covered import covered
from risk_model.features.told_today import told_today
from risk_model.pipelines.line import Labelled, Line
from risk_model.pipelines.recipe import Recipe
from risk_model.settings import PastDays
from risk_model.tables import open_tables
from small_company import AS_OF, SETTINGS, Row, account, desk, moment, write_tables

END = 20_000
WEEKLY = range(END - 700, END, 7)


def test_a_log_of_every_week_covers_everything() -> None:
    whole = covered(WEEKLY, END - 700, END)
    assert (whole.first, whole.until, whole.said) == (END - 700, END, ())


def test_a_log_that_begins_months_after_the_rest_covers_the_days_from_there_on() -> None:
    late = covered([day for day in WEEKLY if day >= END - 350], END - 700, END)
    assert (late.first, late.until) == (END - 350, END)
    assert len(late.said) == 1
    assert "50 weeks after the rest, though 50 of 50 weeks have one" in late.said[0]


def test_a_log_that_stopped_covers_the_days_up_to_there() -> None:
    stale = covered([day for day in WEEKLY if day < END - 70], END - 700, END)
    assert (stale.first, stale.until) == (END - 700, END - 76)
    assert len(stale.said) == 1
    assert "11 weeks ago, though 90 of 90 weeks have one" in stale.said[0]


@pytest.mark.parametrize(
    "opened",
    [[], [END - 5], [END - 650, END - 320, END - 40], [END - 400], list(WEEKLY)[:-5]],
    ids=["none", "one at the end", "seldom", "one in the middle", "a holiday"],
)
def test_few_escalations_and_short_pauses_prove_no_gap(opened: list[int]) -> None:
    found = covered(opened, END - 700, END)
    assert (found.first, found.until, found.said) == (END - 700, END, ())


def test_what_opens_at_random_is_hardly_ever_taken_for_a_gap() -> None:
    rng = np.random.default_rng(5)
    cut = 0
    for rate in np.repeat([0.02, 0.1, 0.5, 2.0], 100):
        opened = END - 500 + np.flatnonzero(rng.random(500) < rate / 7)
        found = covered(opened.tolist(), END - 500, END)
        cut += bool(found.said)
    assert cut <= 8


def company(folder: Path, escalated_from: int, *, accounts: list[Row] | None = None) -> Path:
    """Write thirty accounts with tickets of a year; one a week escalates, up to some days ago."""
    names = [f"A{number:02d}" for number in range(30)]
    rows: list[Row] = [
        {
            "escalation_id": f"E{ago}",
            "account_id": names[ago // 7 % 30],
            "opened_at": moment(ago),
            "closed_at": moment(ago - 1),
        }
        for ago in range(escalated_from, 3, -7)
    ]
    tickets = [row for n, name in enumerate(names) for row in desk(name, 10 * n)]
    tickets.append({**desk("A00", 900)[0], "opened_at": moment(360), "resolved_at": moment(359)})
    told = accounts or [account(name) for name in names]
    return write_tables(folder, accounts=told, tickets=tickets, escalations=rows)


def past_of(folder: Path) -> tuple[Labelled, list[str]]:
    plan = PastDays(every_days=7, at_most_days=330, warm_up_days=1)
    with Line.open(folder, SETTINGS) as line:
        day = line.day_of(AS_OF)
        return line.past(day, 30, plan), line.notices


@pytest.mark.slow
def test_no_label_looks_at_days_before_the_log_begins(tmp_path: Path) -> None:
    whole, nothing = past_of(company(tmp_path / "whole", 350))
    late, said = past_of(company(tmp_path / "late", 147))
    assert not [note for note in nothing if "escalations begin" in note]
    assert [note for note in said if "the escalations begin on" in note]
    begun = whole.snapshots["as_of"] >= late.snapshots["as_of"].min()
    assert 0 < begun.sum() < len(begun)
    pd.testing.assert_series_equal(whole.labels[begun].reset_index(drop=True), late.labels)


@pytest.mark.slow
def test_what_accounts_have_today_is_not_learnt_from_where_none_has_a_history(
    tmp_path: Path,
) -> None:
    names = [f"A{number:02d}" for number in range(30)]
    today = [account(name, contract_end="2027-01-01") for name in names]
    dated = [{**row, "valid_from": "2024-03-01"} for row in today]
    changed = [*dated, {**dated[0], "valid_from": "2025-03-01", "contract_end": "2026-12-01"}]
    for kind, rows in (("today", today), ("dated", dated), ("changed", changed)):
        past, said = past_of(company(tmp_path / kind, 350, accounts=rows))
        recipe = Recipe(SETTINGS, tuple(past.features.columns), told_today=past.told_today)
        unseen = set(recipe.learner("logistic").without or ())
        in_place = kind != "changed"
        assert ("days_to_contract_end" in unseen) is in_place
        assert ("arr" in unseen) is in_place
        assert "tenure_days" not in unseen
        assert any("has a history (valid_from)" in note for note in said) is in_place
        with open_tables(tmp_path / kind) as tables:
            engine = DuckDBEngine(tables.connection)
            found = told_today(engine, tables.present, SETTINGS.catalogue)
        assert found == past.told_today
