"""Trajectories stand at the right week, beside the right quiet accounts, with honest intervals."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from risk_model.catalogue import Catalogue, Feature
from risk_model.pipelines.history import History
from risk_model.plots import (
    NOT_KNOWN,
    coverage_by_family,
    coverage_figure,
    escalations_figure,
    families_figure,
    finding,
    story_figure,
    trajectory_figure,
)
from risk_model.timeline import DAY
from risk_model.trajectories import BEFORE, QUIET, align, parting, trajectories

COUNT = Feature(name="tickets_28d", means="tickets", source="tickets", count=True, window="28d")
RATIO = Feature(
    name="usage_change", means="usage", unit="change", change={"of": "tickets_28d", "to": "other"}
)


def snapshots_of(accounts, days):
    frame = pd.DataFrame([(a, d) for d in days for a in accounts], columns=["account_id", "as_of"])
    return frame.assign(is_customer=True, is_escalated=False)


def opened(*pairs, second=0):
    rows = [(account, day * DAY + second) for account, day in pairs]
    return pd.DataFrame(rows, columns=["account_id", "opened_at"])


def told_rows(snapshots, escalations, weeks=3):
    """Return {(group, week): {(account, day): weight}} of the alignment."""
    aligned = align(snapshots, escalations, weeks)
    told = {}
    for row, week, group, weight in aligned.itertuples(index=False):
        key = tuple(snapshots.loc[row, ["account_id", "as_of"]])
        told.setdefault((group, week), {})[key] = weight
    return told


def test_a_hand_made_company_is_aligned_as_one_would_by_hand():
    snapshots = snapshots_of("abc", [100, 107, 114, 121])
    escalations = opened(("a", 119), ("c", 90), second=3600)
    told = told_rows(snapshots, escalations)
    assert told == {
        (BEFORE, -1): {("a", 114): 1},
        (BEFORE, -2): {("a", 107): 1},
        (BEFORE, -3): {("a", 100): 1},
        # c's own escalation came before a's three weeks, which are the days 100 to 120.
        (QUIET, -1): {("b", 114): 1, ("c", 114): 1},
        (QUIET, -2): {("b", 107): 1, ("c", 107): 1},
        (QUIET, -3): {("b", 100): 1, ("c", 100): 1},
    }


@pytest.mark.parametrize(
    ("day", "week"), [(100, -1), (106, -1), (107, -2), (113, -2), (120, -3), (121, None)]
)
def test_the_edges_of_a_week_are_those_of_the_label(day, week):
    told = told_rows(snapshots_of("ab", [100]), opened(("a", day)))
    assert {w for group, w in told if group == BEFORE} == ({week} if week else set())


def test_an_escalation_before_the_day_is_no_escalation_to_come():
    assert not told_rows(snapshots_of("ab", [100]), opened(("a", 99), second=DAY - 1))


def test_who_escalates_in_the_same_weeks_is_not_quiet():
    snapshots = snapshots_of("abcd", [100])
    # a opens in week -2 of three: the weeks are the days 93..113. b opens in them, c and d do not.
    for day, quiet in ((93, False), (92, True), (113, False), (114, True)):
        told = told_rows(snapshots, opened(("a", 107), ("b", day)))
        assert (("b", 100) in told[QUIET, -2]) is quiet, day


def test_only_customers_that_are_not_escalated_count():
    snapshots = snapshots_of("abcd", [100])
    snapshots.loc[1, "is_customer"] = False
    snapshots.loc[2, "is_escalated"] = True
    told = told_rows(snapshots, opened(("a", 103)))
    assert told[QUIET, -1] == {("d", 100): 1}
    snapshots.loc[0, "is_escalated"] = True
    assert not told_rows(snapshots, opened(("a", 103)))


def test_quiet_accounts_weigh_as_much_as_the_escalations_beside_them():
    snapshots = snapshots_of("abcd", [100, 107])
    told = told_rows(snapshots, opened(("a", 103), ("b", 104), ("c", 135)))
    assert told == {
        (BEFORE, -1): {("a", 100): 1, ("b", 100): 1},
        (QUIET, -1): {("c", 100): 2, ("d", 100): 2},
    }


def test_the_order_of_snapshots_and_escalations_does_not_matter():
    rng = np.random.default_rng(3)
    snapshots = snapshots_of("abcdefgh", range(100, 200, 7))
    escalations = opened(*[(a, int(d)) for a, d in zip("abca", [120, 150, 171, 190], strict=True)])
    shuffled = snapshots.sample(frac=1, random_state=1).reset_index(drop=True)
    mixed = escalations.sample(frac=1, random_state=2)
    assert told_rows(snapshots, escalations) == told_rows(shuffled, mixed)
    values = pd.DataFrame({"tickets_28d": rng.normal(size=len(snapshots))})
    assert len(trajectories(values, snapshots, escalations, [COUNT], weeks=3)) == 6


def company(lift, accounts=60, seed=0):
    """Return features, snapshots, escalations: every third account gains ``lift`` in 2 weeks."""
    rng = np.random.default_rng(seed)
    names = [f"A{n:03d}" for n in range(accounts)]
    snapshots = snapshots_of(names, range(100, 142, 7))
    escalations = opened(*[(name, 138) for name in names[::3]])
    late = snapshots["account_id"].isin(names[::3]) & (snapshots["as_of"] >= 128)
    value = rng.normal(size=len(snapshots)) + lift * late.to_numpy()
    features = pd.DataFrame({"tickets_28d": value, "usage_change": value})
    return features, snapshots, escalations


def test_a_planted_sign_is_found_at_its_week_and_no_other():
    told = trajectories(*company(lift=3), [COUNT, RATIO], weeks=6)
    assert parting(told)["weeks_apart"].tolist() == [2, 2]
    assert finding(told).startswith("2 of 2 signals part from quiet accounts")
    assert finding(told).endswith("up to 2 weeks ahead")


def test_without_a_sign_nothing_parts():
    told = trajectories(*company(lift=0), [COUNT, RATIO], weeks=6)
    assert parting(told)["weeks_apart"].tolist() == [0, 0]
    assert finding(told).startswith("None of 2 signals parts")


def test_middles_are_weighted_means_and_medians_of_what_is_measured():
    snapshots = snapshots_of("abcde", [100])
    escalations = opened(("a", 103), ("b", 103))
    values = [1.0, 3.0, 10.0, np.nan, 90.0]
    features = pd.DataFrame({"tickets_28d": values, "usage_change": values})
    told = trajectories(features, snapshots, escalations, [COUNT, RATIO], weeks=1)
    found = told.set_index(["signal", "group"])
    assert found.loc[("tickets_28d", BEFORE), "middle"] == 2.0
    assert found.loc[("tickets_28d", QUIET), "middle"] == 50.0
    assert found.loc[("usage_change", QUIET), "middle"] == 10.0
    assert found.loc[("usage_change", QUIET), ["snapshots", "accounts"]].tolist() == [2, 2]


def test_repeating_an_account_narrows_no_interval():
    def width(copies):
        names = [f"A{n:02d}" for n in range(20)]
        snapshots = pd.concat([snapshots_of(names, [100])] * copies, ignore_index=True)
        value = np.tile(np.random.default_rng(5).normal(size=20), copies)
        features = pd.DataFrame({"tickets_28d": value})
        told = trajectories(features, snapshots, opened(("A00", 103)), [COUNT], weeks=1)
        quiet = told[told["group"] == QUIET].iloc[0]
        return quiet["high"] - quiet["low"]

    assert width(10) == pytest.approx(width(1))


def test_the_figure_tells_each_signal_and_its_own_finding():
    told = trajectories(*company(lift=3), [COUNT, RATIO], weeks=6)
    figure = trajectory_figure(told, [COUNT, RATIO])
    assert isinstance(figure, Figure)
    assert figure.get_suptitle() == finding(told)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Tickets", "Usage"]
    assert [axes.get_ylabel() for axes in figure.axes] == ["mean", "median"]


def test_a_cause_counts_from_the_closing_on():
    rows = [
        ("a", 10, 20, "product", 2),
        ("b", 70, 130, "support", 1),
        ("c", 80, None, "support", 3),
    ]
    columns = ["account_id", "opened_at", "closed_at", "cause", "severity"]
    table = pd.DataFrame(rows, columns=columns)
    table[["opened_at", "closed_at"]] = table[["opened_at", "closed_at"]].astype("Int64") * DAY
    labels = [text.get_text() for text in escalations_figure(table, 100).axes[0].get_legend().texts]
    assert labels == ["product (1)", f"{NOT_KNOWN} (2)"]
    figure = escalations_figure(table, 200)
    labels = [text.get_text() for text in figure.axes[0].get_legend().texts]
    assert sorted(labels) == [f"{NOT_KNOWN} (1)", "product (1)", "support (1)"]
    # January to March: a month without escalations keeps its place.
    assert len(figure.axes[0].containers[0]) == 3


def test_a_company_without_a_known_escalation_has_a_figure_that_says_so():
    columns = ["account_id", "opened_at", "closed_at", "cause", "severity"]
    late = pd.DataFrame([("a", 200 * DAY, None, None, None)], columns=columns)
    for table in (late, late.head(0)):
        figure = escalations_figure(table, 100)
        assert figure.get_suptitle() == "no escalation is known"


def test_coverage_is_told_by_family_and_leaves_out_what_has_nothing_to_say():
    here = {"source": "tickets", "window": "28d"}
    catalogue = Catalogue(
        features=(
            Feature(name="a", means="a", family="tickets", count=True, **here),
            Feature(name="b", means="b", family="tickets", sum="csat", **here),
            Feature(name="c", means="c", family="tickets", source="tickets", since=True),
            Feature(name="d", means="d", family="usage", count=True, **here),
        )
    )
    snapshots = snapshots_of("xy", [0, 7])
    features = pd.DataFrame(
        {
            "a": [1, 1, 1, 1],
            "b": [np.nan, np.nan, 1, np.nan],
            "c": [np.nan] * 4,
            "d": [np.nan, 1, 1, 1],
        }
    )
    shares = coverage_by_family(features, snapshots, catalogue)
    assert shares.to_dict("list") == {"tickets": [0.5, 0.75], "usage": [0.5, 1.0]}
    assert shares.index.strftime("%Y-%m-%d").tolist() == ["1970-01-01", "1970-01-08"]
    title = coverage_figure(shares).get_suptitle()
    assert "Least is measured of tickets: 75%" in title
    assert "at least 100%" in title


def test_a_sign_that_came_and_went_does_not_count_as_early():
    lines = {BEFORE: [9, 9, 1, 9, 9], QUIET: [1, 1, 1, 1, 1]}
    rows = [
        ("tickets_28d", group, week, float(at), at - 0.5, at + 0.5)
        for group, line in lines.items()
        for week, at in zip(range(-5, 0), line, strict=True)
    ]
    told = pd.DataFrame(rows, columns=["signal", "group", "week", "middle", "low", "high"])
    assert parting(told).to_dict("records") == [
        {"signal": "tickets_28d", "weeks_apart": 2, "before": 9.0, "quiet": 1.0}
    ]


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.01, 0.05, "adds 0.030"), (-0.05, -0.01, "takes 0.030"), (-0.01, 0.07, "nothing beyond")],
)
def test_a_family_adds_or_takes_only_where_its_interval_leaves_out_nothing(low, high, said):
    adds = 0.03 if high > 0 else -0.03
    own = {"features": 2, "ap_alone": 0.1, "ap_all": 0.2, "adds": adds}
    other = {"features": 5, "ap_alone": 0.15, "ap_all": 0.2, "adds": 0.04}
    told = pd.DataFrame(
        [own | {"adds_low": low, "adds_high": high}, other | {"adds_low": 0.0, "adds_high": 0.1}],
        index=["own", "usage"],
    )
    figure = families_figure(told, "own")
    assert said in figure.get_suptitle()
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()][-1] == "usage (5)"


def test_a_series_without_a_value_is_named_as_not_measured_in_an_account_s_story():
    days = pd.date_range("2026-01-05", periods=3, freq="7D")
    weeks = pd.DataFrame({"probability": [0.1, 0.2, 0.4]}, index=days)
    usage, health = pd.Series([5.0, 0, 2], days), pd.Series(np.nan, days)
    series = {"usage": usage, "health": health}
    figure = story_figure(History("a", weeks, weeks[[]], series, (days[1],)))
    *_, used, healthy = figure.axes
    assert "not measured" not in used.get_title(loc="left")
    assert "not measured" in healthy.get_title(loc="left")
    assert not len(healthy.get_yticks())
