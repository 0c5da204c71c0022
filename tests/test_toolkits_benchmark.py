"""The comparison with churn toolkits: what it says and hands over where none is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from risk_model.folds import ForwardFolds
from risk_model.pipelines.line import Line
from risk_model.sample import write_company
from risk_model.settings import PastDays, load_settings
from risk_model.timeline import DEFAULT_HORIZON

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SCRIPT = BENCHMARKS / "toolkits.py"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )


@pytest.mark.slow
def test_without_a_toolkit_it_says_what_is_missing_and_writes_no_figures(tmp_path: Path) -> None:
    out = tmp_path / "toolkits.json"
    done = run("--out", str(out))
    assert done.returncode == 0
    for name in ("churnkit", "fightchurn"):
        assert f"--{name} PYTHON" in done.stdout
        assert f"pip install {name}" in done.stdout.replace("'", "")
    assert not out.exists()


@pytest.mark.slow
def test_a_toolkit_that_does_not_run_is_in_the_figures_with_its_reason(tmp_path: Path) -> None:
    # This Python has no churnkit, so its script stops at the import.
    out = tmp_path / "toolkits.json"
    small = ("--accounts", "40", "--weeks", "40", "--every", "8")
    done = run(*small, "--churnkit", sys.executable, "--out", str(out))
    assert done.returncode == 0, done.stderr
    told = json.loads(out.read_text(encoding="utf-8"))["figures"]
    assert [row["name"] for row in told["rows"]] == ["blend"]
    assert "No module named 'customer_retention'" in told["absent"]["churnkit"]
    assert "--fightchurn PYTHON" in told["absent"]["fightchurn"]


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_thinned_folds_test_on_every_day_and_learn_from_every_other(benchmarks: None) -> None:
    from toolkits import Thinned

    days = np.repeat(np.arange(0, 420, 7), 3)
    whole = list(ForwardFolds(2, 30).split(days))
    thinned = list(Thinned(2, 30, every=2).split(days))
    for (train, test), (fewer, same) in zip(whole, thinned, strict=True):
        assert np.array_equal(test, same)
        assert set(fewer) <= set(train)
        assert np.unique(np.diff(np.unique(days[fewer]))).tolist() == [14]
        assert days[fewer].max() == days[train].max()


@pytest.mark.slow
def test_what_is_handed_over_stands_at_the_time_when_it_was_known(
    benchmarks: None, sample_folder: Path, tmp_path: Path
) -> None:
    from toolkit.handed_over import hand_over

    raw = pd.read_csv(sample_folder / "escalations.csv")
    known = sorted(pd.read_csv(sample_folder / "accounts.csv")["account_id"].unique())
    numbers = {account: number for number, account in enumerate(known, start=1)}
    tables = hand_over(sample_folder, tmp_path, numbers)
    given = {name: pd.read_csv(tmp_path / f"{name}.csv") for name in tables}
    opened = sorted(pd.to_datetime(raw["opened_at"], utc=True).dt.tz_localize(None))
    closed = sorted(pd.to_datetime(raw["closed_at"], utc=True).dt.tz_localize(None).dropna())
    assert sorted(pd.to_datetime(given["escalation"]["time"])) == opened
    assert sorted(pd.to_datetime(given["closed"]["time"])) == closed
    tickets = pd.read_csv(sample_folder / "tickets.csv.gz")
    assert len(given["resolved"]) == tickets["resolved_at"].notna().sum()
    # how long it took is not known when a ticket is opened
    assert list(given["ticket"]) == ["account", "time", "urgent"]
    assert (pd.to_datetime(given["usage"]["time"]).dt.strftime("%T") == "23:59:59").all()


@pytest.mark.slow
def test_a_peer_is_fitted_and_measured_in_a_process_of_its_own(
    benchmarks: None, tmp_path: Path
) -> None:
    from peers import OURS, PAST, alone

    write_company(tmp_path, 40, 40, 3)
    with Line.open(tmp_path, load_settings()) as line:
        past = line.past(line.day_of(None), DEFAULT_HORIZON, PastDays(every_days=28))
    joblib.dump(past, tmp_path / PAST)
    said, cost = alone(OURS, tmp_path, 1)
    assert said[OURS].between(0, 1).all()
    assert cost["seconds"] > 0
    # What the libraries and the table take is in both.
    assert 0.1 < cost["before_gb"] <= cost["peak_gb"] < 4
