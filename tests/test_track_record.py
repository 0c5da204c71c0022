"""What a rule was worth is counted as one would by hand, and noise is not taken for skill."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import Trained
from part_of_sample import first_accounts
from risk_model.catalogue import Condition
from risk_model.pipelines.backtest import Backtest
from risk_model.pipelines.judge import Judged
from risk_model.pipelines.present import as_text
from risk_model.pipelines.present_rules import shown
from risk_model.pipelines.rules_record import RulesRecord, beside
from risk_model.rules import Rule, Rulebook, RuleSet
from risk_model.track_record import RuleRecord, track_record


def rule(name: str, **more: object) -> Rule:
    words = {"id": name, "grade": "warning", "says": "s", "do": "d"}
    return Rule.model_validate({**words, "when": {name: Condition(above=0)}, **more})


RULES = RuleSet(
    rules=(
        rule("telling", severity=2, tier=3),
        rule("noise"),
        rule("seldom"),
        rule("never"),
        rule("unknown"),
        rule("both", when={}, kinds=2),
    )
)


def past(seed: int = 0, accounts: int = 120, weeks: int = 20) -> pd.DataFrame:
    """Return snapshots in which one rule tells of what comes and another is thrown by dice."""
    rng = np.random.default_rng(seed)
    n = accounts * weeks
    telling = rng.random(n) < 0.2
    frame = pd.DataFrame(
        {
            "account": np.repeat([f"a{i:03d}" for i in range(accounts)], weeks),
            "day": np.tile(np.arange(weeks) * 7, accounts),
            "telling": telling.astype(float),
            "noise": (rng.random(n) < 0.4).astype(float),
            "seldom": (np.arange(n) % 500 == 3).astype(float),
            "never": 0.0,
            "unknown": np.nan,
        }
    )
    frame["y"] = (rng.random(n) < np.where(telling, 0.4, 0.05)).astype(int)
    frame["came"] = np.where(frame["y"] == 1, frame["day"] + 5.0, np.nan)
    return frame


def records(frame: pd.DataFrame) -> dict[str, RuleRecord]:
    told = track_record(
        RULES, frame, frame["y"], frame["account"], frame["came"], frame["day"], capacity=20, n=120
    )
    return {record.rule.id: record for record in told}


@pytest.fixture(scope="module")
def told() -> dict[str, RuleRecord]:
    return records(past())


def test_each_rule_gets_its_verdict(told: dict[str, RuleRecord]) -> None:
    verdicts = {name: record.verdict for name, record in told.items()}
    assert verdicts == {
        "telling": "keep",
        "noise": "retire",
        "seldom": "too few",
        "never": "never fired",
        "unknown": "not measured",
        "both": "keep",
    }


def test_figures_are_those_of_counting_by_hand(told: dict[str, RuleRecord]) -> None:
    frame, record = past(), told["telling"]
    hits = frame[frame["telling"] == 1]
    assert (record.fired, record.accounts) == (len(hits), hits["account"].nunique())
    assert record.precision == pytest.approx(hits["y"].mean())
    assert record.lift.estimate == pytest.approx(hits["y"].mean() / frame["y"].mean())
    assert record.lift.low < record.lift.estimate < record.lift.high
    caught = {(row.account, row.came) for row in hits.itertuples() if row.y}
    assert record.caught == len(caught)
    assert told["unknown"].measured == 0
    assert record.also == "SEV-2, tier 3"


@pytest.mark.slow
def test_what_a_rule_adds_are_the_escalations_that_the_list_would_miss_without_it(
    told: dict[str, RuleRecord],
) -> None:
    frame = past()
    lists = frame.rename(columns={"came": "escalated_day"})
    caught = {
        name: drawn_by_hand(lists, Rulebook.of(rules).points(frame), 20)
        for name, rules in (("all", RULES), ("without", RULES.without("telling")))
    }
    assert told["telling"].adds == pytest.approx(caught["all"] - caught["without"], abs=6)
    assert told["telling"].adds > 50
    assert abs(told["never"].adds) < 1e-9 > told["noise"].adds


def drawn_by_hand(lists: pd.DataFrame, points: np.ndarray, capacity: int) -> float:
    """Return the mean over 100 draws of what each day's list of the most points catches."""
    rng, found = np.random.default_rng(0), []
    for _ in range(100):
        order = lists.assign(points=points, lot=rng.random(len(lists)))
        order = order.sort_values(["day", "points", "lot"], ascending=[True, False, True])
        listed = order[order.groupby("day").cumcount() < capacity].dropna(subset=["escalated_day"])
        found.append(len(listed[["account", "escalated_day"]].drop_duplicates()))
    return float(np.mean(found))


def test_the_gain_is_the_average_precision_with_it_less_that_without(
    told: dict[str, RuleRecord],
) -> None:
    from sklearn.metrics import average_precision_score

    frame = past()
    points = {
        name: Rulebook.of(rules).points(frame)
        for name, rules in (("all", RULES), ("without", RULES.without("telling")))
    }
    with_it, without = (average_precision_score(frame["y"], points[n]) for n in points)
    assert told["telling"].gain.estimate == pytest.approx(with_it - without)
    assert told["telling"].gain.low > 0 > told["noise"].gain.low


def test_a_rule_measured_on_some_accounts_only_is_held_against_those() -> None:
    frame = past()
    frame.loc[frame["account"] < "a060", "telling"] = np.nan
    known = frame[frame["telling"].notna()]
    record = records(frame)["telling"]
    assert record.measured == pytest.approx(0.5)
    hits = known[known["telling"] == 1]
    assert record.lift.estimate == pytest.approx(hits["y"].mean() / known["y"].mean())


@pytest.mark.slow
def test_dice_are_seldom_kept() -> None:
    kept = [records(past(seed, accounts=60, weeks=12))["noise"].verdict for seed in range(12)]
    assert kept.count("keep") <= 2


def test_whom_only_one_lists_stands_beside_the_others_reasons() -> None:
    def listed(*accounts: str, says: str) -> pd.DataFrame:
        frame = pd.DataFrame({"account_id": accounts, "rank": range(1, len(accounts) + 1)})
        frame = frame.assign(account_name=[a.upper() for a in accounts], reason_1=says)
        return frame.assign(reason_2="and more", reason_3="")

    rules = listed("a", "b", "c", "d", says="a rule")
    model = listed("c", "a", "d", "b", says="a figure")
    apart = beside(rules, model, 2)
    assert apart["account_id"].tolist() == ["c", "b"]
    assert apart["listed_by"].tolist() == ["model", "rules"]
    assert apart[["rules_rank", "model_rank"]].to_numpy().tolist() == [[3, 1], [2, 4]]
    assert apart["rules_say"].tolist() == ["a rule; and more"] * 2
    assert apart["model_says"].tolist() == ["a figure; and more"] * 2
    assert beside(rules, model, 4).empty


@pytest.mark.parametrize("report", ["rules.csv", "rules.json", "backtest.json"])
def test_what_another_run_is_writing_at_the_same_time_is_left_alone(
    tmp_path: Path, told: dict[str, RuleRecord], report: str
) -> None:
    of_another = [tmp_path / f"{dot}{report}.tmp" for dot in (".", "")]
    for path in of_another:
        path.write_text("half")
    if report == "backtest.json":
        Backtest(Judged(None, {}, "too short"), pd.DataFrame()).write(tmp_path)
    else:
        RulesRecord(20_000, 30, 7, 1, 0.1, tuple(told.values()), 40, None).write(tmp_path / report)
    assert [path.read_text() for path in of_another] == ["half"] * 2
    assert {path.name for path in tmp_path.iterdir()} == {report, f".{report}.tmp", f"{report}.tmp"}


def test_whom_only_one_lists_is_shown_by_the_id_where_there_is_no_name() -> None:
    listed = {"account_id": ["C01"], "account_name": [np.nan], "listed_by": ["model"]}
    ranks = {"rules_rank": [9], "model_rank": [1], "rules_say": [""], "model_says": ["Fades"]}
    record = RulesRecord(20_542, 30, 10, 5, 0.1, (), 2, pd.DataFrame(listed | ranks))
    said = as_text(shown(record))
    assert "C01" in said
    assert "nan" not in said


@pytest.mark.slow
def test_the_command_shows_and_writes_the_record(
    trained: Trained, sample_folder: Path, tmp_path: Path
) -> None:
    data = first_accounts(sample_folder, tmp_path / "data", 50)
    done = trained.command("rules", "--data", data, "--out", "rules.json")
    assert done.code == 0, done.err
    for said in ("Rules over", "lift [95%]", "verdict", "rules and model disagree on"):
        assert said in done.said
    told = json.loads((trained.folder / "rules.json").read_text())
    assert len(told["rules"]) == 45
    fired = {one["rule"]: one["fired"] for one in told["rules"]}
    assert fired["upset-message"] > 100
    assert fired["escalation-stale"] == 0, "escalated accounts are left out of the past"
    ranks = [(row["rules_rank"], row["model_rank"]) for row in told["disagreement"]]
    assert all((one <= told["capacity"]) != (other <= told["capacity"]) for one, other in ranks)
    wrong = trained.command("rules", "--data", data, "--out", "rules.txt")
    assert wrong.code == 2
    assert ".csv or .json" in wrong.err
