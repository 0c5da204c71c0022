"""The benchmark of the features runs, and who computes the same features gets the same values."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "features.py"


@pytest.mark.slow
def test_features_equal_sql_by_hand_and_what_other_libraries_give(tmp_path):
    out = tmp_path / "figures.json"
    command = [sys.executable, SCRIPT, "--quick", "--folder", tmp_path, "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "values: the same" in done.stdout
    took = json.loads(out.read_text())["figures"]["took"]
    assert {"ours 1", "by_hand 1", "ours 6", "by_hand 6", "join 6", "scan"} <= set(took)
    assert all("seconds" in took[name] for name in took if not name.startswith("with_"))
    assert took["ours 6"]["features"] == took["by_hand 6"]["features"]
    assert took["catalogue 1"]["features"] > took["ours 1"]["features"]
    for bar in ("features of 6 days / SQL by hand", "12 days / 6 days"):
        assert any(
            bar in line and line.endswith((" met", " missed")) for line in done.stdout.splitlines()
        )


def test_snapshots_that_are_missing_or_there_twice_are_told(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    from features.contenders import differing

    days, told = [1, 1, 2, 2], [3.0, 0.0, 5.0, None]
    ours = pd.DataFrame({"account_id": ["a", "b"] * 2, "as_of": days, "n": told})
    cases = {
        "whole": ours,
        "without nothings": ours.iloc[[0, 2]],
        "another": ours.assign(n=[3.0, 0.0, 6.0, None]),
        "less": ours.iloc[[0, 1, 3]],
        "more": pd.concat([ours, ours.iloc[:1]]),
    }
    ours.to_parquet(tmp_path / "ours.parquet")
    with duckdb.connect() as connection:
        for name, frame in cases.items():
            frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
        found = {name: differing(tmp_path, "ours", name, connection) for name in cases}
    assert found == {
        "whole": [],
        "without nothings": [],
        "another": ["n"],
        "less": ["1 snapshots are missing"],
        "more": ["1 snapshots are there once more, or ours lacks them"],
    }


def test_growth_is_told_by_how_straight_it_is(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    from bars import of_scoring, straightness

    rows = [
        {"accounts": accounts, "seconds": accounts / 4_000, "gigabytes": 6.7}
        for accounts in (10_000, 100_000, 1_000_000)
    ]
    assert straightness(rows) == pytest.approx((1, 1))
    rows[2]["seconds"] = 400.0
    assert straightness(rows)[0] < 1
    assert [bar.told for bar in of_scoring(rows)] == [
        ("at most 5", "6.67", "missed"),
        ("at most 8", "6.70", "met"),
    ]
