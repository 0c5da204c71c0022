"""The product beside what an analyst would try instead, on the same features and the same folds.

LightGBM with its defaults and with few leaves, and FLAML's AutoML with a budget of time, are given
our features, folds and labels: what they are judged by is what they say on later days. Figures:
average precision, precision at the team's capacity (accounts a week), each less the blend's with an
interval over accounts, and the time and memory of fitting, each in a process of its own. A peer
that is not installed says so:

    pip install lightgbm 'flaml[automl]'
    python benchmarks/peers.py [--accounts 1500] [--weeks 78] [--seed 3] [--budget 40]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import joblib
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn.base import BaseEstimator, ClassifierMixin

from made import keep
from risk_model.evaluate import paired_bootstrap, predict_ahead
from risk_model.measure import average_precision, steps
from risk_model.pipelines.backtest import Trial
from risk_model.pipelines.line import Line
from risk_model.resample import Sums, difference_of, redraw
from risk_model.sample import write_company
from risk_model.settings import PastDays, load_settings
from risk_model.timeline import DEFAULT_HORIZON

ROOT = Path(__file__).parents[1]
OURS = "blend"
PAST, SAID, COST = "past.joblib", "said.parquet", "cost.json"


class Timed(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier that adds up how long its fits took."""

    spent: ClassVar[dict[str, float]] = {}

    def __init__(self, name: str = "", inner: Any = None) -> None:
        self.name, self.inner = name, inner

    def fit(self, X: Any, y: Any, days: Any = None, groups: Any = None) -> Any:
        began = time.perf_counter()
        if self.name == OURS:
            self.inner.fit(X, y, days=days, groups=groups)
        else:
            self.inner.fit(X, y)
        self.spent[self.name] = self.spent.get(self.name, 0.0) + time.perf_counter() - began
        return self

    def predict_proba(self, X: Any) -> Any:
        return self.inner.predict_proba(X)


class Flaml(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """FLAML's AutoML with a budget of seconds a fit, optimising average precision."""

    def __init__(self, budget: float = 40) -> None:
        self.budget = budget

    def fit(self, X: Any, y: Any) -> Any:
        from flaml import AutoML

        self.automl_ = AutoML()
        self.automl_.fit(
            X,
            np.asarray(y),
            task="classification",
            metric="ap",
            time_budget=self.budget,
            n_jobs=2,
            verbose=0,
            estimator_list=["lgbm", "rf", "extra_tree", "lrl1"],
        )
        return self

    def predict_proba(self, X: Any) -> Any:
        return self.automl_.predict_proba(X)


def main() -> int:
    arguments = _arguments()
    if arguments.one:
        one(arguments.one, arguments.folder, arguments.budget)
        return 0
    console = Console(width=120)
    makers, absent = peers(arguments.budget)
    if not makers:
        print("No peer is installed: pip install lightgbm 'flaml[automl]'. Skipped.")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        write_company(data, arguments.accounts, arguments.weeks, arguments.seed)
        settings = load_settings(ROOT)
        with Line.open(data, settings) as line:
            past = line.past(line.day_of(None), DEFAULT_HORIZON, PastDays())
        joblib.dump(past, data / PAST)
        told = {name: alone(name, data, arguments.budget) for name in (OURS, *makers)}
    ahead = told[OURS][0]
    ahead = ahead.assign(**{name: said[name] for name, (said, _) in told.items()})
    capacity = settings.response.capacity
    rows = [judged(ahead, name, capacity) | cost for name, (_, cost) in told.items()]
    console.print(shown(rows, ahead, capacity))
    for name, why in absent.items():
        console.print(f"{name}: {why}")
    if arguments.out:
        keep(arguments.out, {"rows": rows, "absent": absent})
    behind = [row["name"] for row in rows if row["ours_ap_high"] < 0 or row["ours_at_high"] < 0]
    return 1 if behind else 0


def alone(name: str, folder: Path, budget: float) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return what one says ahead of time, and the time and memory it took in its own process.

    In the folder lies the labelled past.
    """
    command = [sys.executable, __file__, "--one", name, "--folder", folder, "--budget", budget]
    subprocess.run([str(part) for part in command], check=True)
    cost = json.loads((folder / COST).read_text(encoding="utf-8"))
    return pd.read_parquet(folder / SAID), cost


def one(name: str, folder: Path, budget: float) -> None:
    """Fit and predict forward in time by one of them, and write what it said and what it took."""
    past, settings = joblib.load(folder / PAST), load_settings(ROOT)
    trial = Trial.of(settings, past, DEFAULT_HORIZON)

    def members() -> dict[str, Any]:
        inner = trial.members()[OURS] if name == OURS else peers(budget)[0][name]()
        return {name: Timed(name, inner)}

    days, groups = past.snapshots["as_of"], past.snapshots["account_id"]
    before = most_memory()
    ahead = predict_ahead(
        members, trial.table, past.labels, days, groups, trial.folds(), settled=past.settled
    )
    cost = {"seconds": Timed.spent[name], "before_gb": before, "peak_gb": most_memory()}
    ahead.to_parquet(folder / SAID)
    (folder / COST).write_text(json.dumps(cost), encoding="utf-8")


def most_memory() -> float:
    """Return the most memory that this process held so far, in GB."""
    # Of this program only: what getrusage tells begins with that of the process that started it.
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**20


def peers(budget: float) -> tuple[dict[str, Callable[[], Any]], dict[str, str]]:
    """Return the peers that are installed, and of the others why they are not there."""
    found: dict[str, Callable[[], Any]] = {}
    absent = {}
    if importlib.util.find_spec("lightgbm"):
        from lightgbm import LGBMClassifier

        found["LightGBM, defaults"] = lambda: LGBMClassifier(verbose=-1, n_jobs=2, random_state=0)
        found["LightGBM, small trees"] = lambda: LGBMClassifier(
            num_leaves=7,
            learning_rate=0.05,
            n_estimators=150,
            min_child_samples=50,
            reg_lambda=10.0,
            verbose=-1,
            n_jobs=2,
            random_state=0,
        )
    else:
        absent["LightGBM"] = "not installed: pip install lightgbm"
    # FLAML without its extra is there, and has no AutoML.
    if importlib.util.find_spec("flaml") and hasattr(importlib.import_module("flaml"), "AutoML"):
        found[f"FLAML, {budget:.0f} s a fit"] = lambda: Flaml(budget)
    else:
        absent["FLAML"] = "not installed: pip install 'flaml[automl]'"
    return found, absent


def judged(ahead: pd.DataFrame, name: str, capacity: int) -> dict[str, Any]:
    """Return a peer's figures, and what ours has over it, paired over accounts."""
    y, account = ahead["y"].to_numpy(), ahead["group"].to_numpy()
    ap = paired_bootstrap(y, ahead[OURS], ahead[name], account, "average_precision")
    listed = [at_capacity(ahead, column, capacity) for column in (OURS, name)]
    _, place = np.unique(account, return_inverse=True)
    drawn = redraw([Sums(row * y, row, place) for row in listed], account, 500, 0)
    at = difference_of(drawn[:, 0], drawn[:, 1])
    return {
        "name": name,
        "ap": average_precision(*steps(y, ahead[name].to_numpy())),
        "precision": float(drawn[0, 1]),
        "ours_ap": ap.estimate,
        "ours_ap_low": ap.low,
        "ours_ap_high": ap.high,
        "ours_at": at.estimate,
        "ours_at_low": at.low,
        "ours_at_high": at.high,
    }


def at_capacity(ahead: pd.DataFrame, name: str, capacity: int) -> Any:
    """Return 1 for each row on its week's list, ties by account, else 0."""
    order = ahead.sort_values(["day", name, "group"], ascending=[True, False, True])
    return (order.groupby("day").cumcount() < capacity).reindex(ahead.index).to_numpy(float)


def shown(rows: list[dict[str, Any]], ahead: pd.DataFrame, capacity: int) -> Table:
    table = Table(
        title=f"{len(ahead):,} snapshots forward in time, {ahead['y'].mean():.1%} followed by an "
        f"escalation; lists of {capacity} accounts a week",
        title_justify="left",
        header_style="bold",
    )
    heads = ("", "AP", "ours more [95%]", "precision", "ours more [95%]", "seconds to fit", "GB")
    for name in heads:
        table.add_column(name, justify="right" if name else "left")
    for row in rows:
        same = row["name"] == OURS
        table.add_row(
            row["name"],
            f"{row['ap']:.3f}",
            *(
                ""
                if same
                else f"{row[f'ours_{k}']:+.3f} [{row[f'ours_{k}_low']:+.3f}, "
                f"{row[f'ours_{k}_high']:+.3f}]"
                for k in ("ap",)
            ),
            f"{row['precision']:.1%}",
            ""
            if same
            else f"{row['ours_at']:+.1%} [{row['ours_at_low']:+.1%}, {row['ours_at_high']:+.1%}]",
            f"{row['seconds']:.0f}",
            f"{row['peak_gb']:.1f}",
        )
    before = rows[0]["before_gb"]
    table.caption = f"GB: at most, in a process of its own; {before:.1f} before the first fit"
    table.caption_justify = "left"
    return table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=1500)
    parser.add_argument("--weeks", type=int, default=78)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--budget", type=float, default=40, help="seconds a fit for FLAML")
    parser.add_argument("--one", help="(what runs in a process of its own)")
    parser.add_argument("--folder", type=Path, help="(its folder)")
    parser.add_argument("--out", type=Path, help="JSON with every figure")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
