"""An escalation that was written down late taught nobody before: not a model, not a severity."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_model.blend import Blend
from risk_model.calibration import choose_calibration
from risk_model.evaluate import predict_ahead
from risk_model.features.snapshots import labels_of, settled_on
from risk_model.folds import ForwardFolds
from risk_model.learner import LogisticLearner
from risk_model.pipelines.line import Line
from risk_model.settings import PastDays
from risk_model.tables import tables_from_frames
from risk_model.timeline import DAY
from small_company import SETTINGS

HORIZON = 30
DAYS = np.arange(20_000, 20_364, 7)
Told = tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray, np.ndarray]

escalation = st.tuples(
    st.sampled_from("AB"), st.integers(0, 80 * DAY), st.integers(0, 60 * DAY) | st.just(0)
)


@pytest.mark.slow
@settings(max_examples=40)
@given(st.lists(escalation, max_size=6), st.integers(0, 7))
def test_a_label_is_settled_when_the_first_of_its_escalations_was_told_of(
    rows: list[tuple[str, int, int]], gap: int
) -> None:
    """Held against asking the labels anew on every later day with what was known then."""
    told = pd.DataFrame(
        [(account, opened, opened + late) for account, opened, late in rows],
        columns=["account_id", "opened_at", "row_known"],
    ).astype({"account_id": "str", "opened_at": "int64", "row_known": "int64"})
    snapshots = pd.DataFrame(
        {"account_id": ["A", "A", "B", "C"], "as_of": [0, 20, 10, 5], "is_escalated": False}
    )
    # Who escalates within the gap is no row to learn from.
    final = labels_of(snapshots, told, HORIZON, 10_000, gap)
    snapshots = snapshots[final.notna()].reset_index(drop=True)
    final = final.dropna().reset_index(drop=True)
    settled = settled_on(snapshots, told, HORIZON, gap)
    for row, (account, as_of) in enumerate(
        zip(snapshots["account_id"], snapshots["as_of"], strict=True)
    ):
        first = (as_of + gap) * DAY
        own = told[told["account_id"] == account]
        own = own[(own["opened_at"] >= first) & (own["opened_at"] < first + HORIZON * DAY)]
        end = as_of + gap + HORIZON
        by_day = [bool((own["row_known"] < day * DAY).any()) for day in range(end, end + 140)]
        expected = end + by_day.index(bool(final[row]))
        assert settled[row] == expected


def test_who_was_escalated_already_is_no_row_though_it_was_written_down_later() -> None:
    """What was open is no account at risk: neither a quiet one nor one foreseen."""
    told = pd.DataFrame(
        {
            "account_id": ["A", "B", "C"],
            "opened_at": [10 * DAY + 1, 10 * DAY, 30 * DAY],
            "row_known": [40 * DAY] * 3,
            "closed_at": [25 * DAY, np.nan, np.nan],
        }
    )
    asked = [("A", 10), ("A", 11), ("A", 24), ("A", 26), ("B", 10), ("B", 11), ("C", 29), ("D", 11)]
    snapshots = pd.DataFrame(asked, columns=["account_id", "as_of"]).assign(is_escalated=False)
    labels = labels_of(snapshots, told, HORIZON, 10_000)
    expected = [1, np.nan, np.nan, 0, 1, np.nan, 1, 0]
    np.testing.assert_array_equal(labels, expected)
    # Where nobody says when one ends, it is a moment.
    moments = labels_of(snapshots, told.drop(columns="closed_at"), HORIZON, 10_000)
    np.testing.assert_array_equal(moments, [1, 0, 0, 0, 1, 0, 1, 0])


def past(seed: int = 0, accounts: int = 60) -> Told:
    """Return table, y, days, accounts when labels were settled: a third months late."""
    rng = np.random.default_rng(seed)
    day = np.repeat(DAYS, accounts)
    x = rng.normal(size=(day.size, 2))
    y = (rng.random(day.size) < 1 / (1 + np.exp(2.5 - 1.5 * x[:, 0]))).astype(int)
    late = (y == 1) & (rng.random(day.size) < 0.34)
    settled = day + HORIZON + np.where(late, 120, 0)
    group = np.tile(np.arange(accounts), DAYS.size)
    return pd.DataFrame(x, columns=["a", "b"]), y, day, group, settled


def members() -> dict[str, object]:
    learner = LogisticLearner(C=1.0)
    return {"logistic": learner, "blend": Blend(None, [("logistic", learner)], horizon=HORIZON)}


@pytest.mark.slow
def test_no_fold_learns_from_an_escalation_told_of_after_it_began() -> None:
    X, y, day, group, settled = past()
    folds = ForwardFolds(3, HORIZON)
    said = predict_ahead(members, X, y, day, group, folds, settled=settled)
    at_once = predict_ahead(members, X, y, day, group, folds)
    for number, (train, test) in enumerate(folds.split(day)):
        begins = day[test].min()
        then = y.copy()
        unknown = train[settled[train] > begins]
        assert y[unknown].sum() > 5
        then[unknown] = 0
        by_hand = predict_ahead(members, X, then, day, group, folds)
        ours, theirs = (told[told["fold"] == number] for told in (said, by_hand))
        for name in ("prior", "logistic"):
            np.testing.assert_allclose(ours[name], theirs[name], rtol=0, atol=1e-12)
        assert (ours["prior"].to_numpy() < at_once.loc[ours.index, "prior"].to_numpy()).all()
        # What came is what it is judged by, whenever it was told of.
        assert (ours["y"].to_numpy() == y[test]).all()


def test_the_blend_says_ahead_of_time_only_what_was_told_by_then() -> None:
    X, y, day, group, settled = past(1)
    blend = members()["blend"].fit(X, y, day, group, settled=settled)  # type: ignore[attr-defined]
    told = blend.oof_
    last = told["fold"] == told["fold"].max()
    begins = told.loc[last, "day"].min()
    changed = np.where(settled > begins, 0, y)
    changed[told.loc[last, "row"]] = y[told.loc[last, "row"]]
    again = members()["blend"].fit(X, changed, day, group, settled=settled)  # type: ignore[attr-defined]
    for name in ("logistic", "blend"):
        np.testing.assert_allclose(told.loc[last, name], again.oof_.loc[last, name], atol=1e-12)
    heedless = members()["blend"].fit(X, y, day, group)  # type: ignore[attr-defined]
    assert np.abs(heedless.oof_.loc[last, "blend"] - told.loc[last, "blend"]).max() > 1e-3


def test_calibration_is_fitted_on_what_was_told_when_the_later_half_began() -> None:
    rng = np.random.default_rng(3)
    day = np.repeat(DAYS, 60)
    p = rng.uniform(0.02, 0.3, day.size)
    y = (rng.random(day.size) < p).astype(int)
    group = np.tile(np.arange(60), DAYS.size)
    # A tenth of the earlier escalations only was known: what helps then is no map of the whole.
    kept = choose_calibration(p, y, day, group, HORIZON)
    assert kept.kind == "none"
    few = choose_calibration(p, y, day, group, HORIZON, np.where(y == 1, day + 1_000, day + 30))
    assert "too few positives to compare: 0 earlier" in few.reason_


@pytest.mark.slow
@pytest.mark.parametrize("late", [0, 200])
def test_a_company_that_writes_escalations_down_late_learns_of_them_late(
    tmp_path: Path, late: int
) -> None:
    """From the tables to the folds: ``recorded_at`` reaches what is learnt."""
    rng = np.random.default_rng(7)
    opened = pd.to_datetime("2025-01-01T09:00:00Z") + pd.to_timedelta(
        np.sort(rng.integers(0, 600, 60)), "D"
    )
    iso = "%Y-%m-%dT%H:%M:%SZ"
    frames = {
        "accounts": pd.DataFrame({"account_id": [f"A{n}" for n in range(30)]}),
        "escalations": pd.DataFrame(
            {
                "escalation_id": [f"E{n}" for n in range(60)],
                "account_id": [f"A{n % 30}" for n in range(60)],
                "opened_at": opened.strftime(iso),
                "closed_at": (opened + pd.Timedelta(days=2)).strftime(iso),
                "recorded_at": (opened + pd.Timedelta(days=late)).strftime(iso),
            }
        ),
        "tickets": pd.DataFrame(
            {
                "ticket_id": [f"T{n}" for n in range(600)],
                "account_id": [f"A{n % 30}" for n in range(600)],
                "opened_at": (
                    pd.to_datetime("2025-01-01T09:00:00Z") + pd.to_timedelta(range(600), "D")
                ).strftime(iso),
            }
        ),
    }
    # Labels are asked about, and no feature.
    few = replace(SETTINGS, catalogue=SETTINGS.catalogue.only({"tickets_7d"}))
    with tables_from_frames(frames) as tables:
        line = Line(tables, few)
        told = line.past(line.day_of(None), HORIZON, PastDays())
    assert told.settled is not None
    waits = told.settled - told.snapshots["as_of"] - HORIZON
    assert (waits[told.labels == 0] == 0).all()
    assert (waits.max() > 150) == bool(late)
