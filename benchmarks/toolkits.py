"""The product beside whole churn toolkits: their own features and models, on the same raw events.

`churnkit` (its windows, lags and velocities of events, its choice of features and its three
models) and `fightchurn` (the book *Fighting Churn with Data*: metrics by SQL in PostgreSQL, groups
of metrics, regression and XGBoost with its own cross-validation) get the tables of the simulated
company as events, the days to learn from with their labels, and later days to score. All learn
from the same days before the same few cuts; ours is the blend as shipped. A toolkit lives in a
Python of its own, and what isn't given or doesn't run is said with its reason:

    python -m venv CK && CK/bin/pip install 'churnkit[ml]'
    python -m venv FC && FC/bin/pip install fightchurn
    python benchmarks/toolkits.py --churnkit CK/bin/python --fightchurn FC/bin/python
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# All of it in one process, as the toolkits: so CPU and memory can be told.
os.environ["LOKY_MAX_CPU_COUNT"] = "1"

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from rich.console import Console
from rich.table import Table

from made import keep
from peers import OURS, judged
from risk_model.evaluate import predict_ahead
from risk_model.folds import ForwardFolds, Rows
from risk_model.pipelines.backtest import Trial
from risk_model.pipelines.line import Labelled, Line
from risk_model.sample import write_company
from risk_model.settings import PastDays, load_settings
from risk_model.timeline import DEFAULT_HORIZON, date_of
from toolkit.handed_over import hand_over

HERE = Path(__file__).parent
ROOT = HERE.parent
TOOLKITS = {
    "churnkit": "pip install 'churnkit[ml]' in a Python of its own, then --churnkit PYTHON",
    "fightchurn": "pip install fightchurn in a Python of its own, then --fightchurn PYTHON",
}
ASKED = ("accounts", "weeks", "seed", "cuts", "every")
Told = dict[str, Any]


def main() -> int:
    arguments = _arguments()
    console = Console(width=120)
    pythons = {name: getattr(arguments, name) for name in TOOLKITS}
    absent = {name: f"not given: {TOOLKITS[name]}" for name in TOOLKITS if pythons[name] is None}
    if len(absent) == len(TOOLKITS):
        print("No toolkit is given, so there is nothing to compare with:")
        for name, why in absent.items():
            print(f"  {name} is {why}")
        return 0
    with tempfile.TemporaryDirectory(prefix="risk-model-toolkits-") as scratch:
        folder = arguments.folder or Path(scratch)
        ahead, row = ours(arguments, folder)
        capacity = load_settings(ROOT).response.capacity
        rows = [row]
        for name, python in pythons.items():
            if python is not None:
                try:
                    ahead, found = scored(name, python, folder, ahead)
                    rows += found
                except Failed as failed:
                    absent[name] = str(failed)
    rows = [judged(ahead, row["name"], capacity) | row for row in rows]
    told = {"rows": rows, "absent": absent, **_about(ahead, arguments)}
    console.print(shown(told, capacity))
    for name, why in absent.items():
        console.print(f"{name}: {why}", markup=False)
    if arguments.out:
        keep(arguments.out, told)
    behind = [row["name"] for row in rows if row["ours_ap_high"] < 0 or row["ours_at_high"] < 0]
    return 1 if behind else 0


@dataclass(frozen=True)
class Thinned(ForwardFolds):
    """Folds that learn from every ``every``-th day only, counted back from the newest."""

    every: int = 1

    def split(
        self, X: Any, y: Any = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[Rows, Rows]]:
        """Yield as ForwardFolds does; the rows to test on are all there."""
        day = np.asarray(X if groups is None else groups, dtype=np.int64)
        for train, test in super().split(day):
            kept = np.unique(day[train])[::-1][:: self.every]
            yield train[np.isin(day[train], kept)], test


class Failed(Exception):
    """A toolkit that did not run, and why in one line."""


def ours(arguments: argparse.Namespace, folder: Path) -> tuple[pd.DataFrame, Told]:
    """Score the later days by the blend, and lay out in ``folder`` what a toolkit is given.

    Returned are the scored snapshots and the row of ours. What is in the folder is not done again.
    """
    data, given, done = folder / "data", folder / "given", folder / "ours.json"
    asked = {name: getattr(arguments, name) for name in ASKED}
    if done.exists():
        told = json.loads(done.read_text(encoding="utf-8"))
        if told["asked"] != asked:
            raise SystemExit(f"{folder} is of {told['asked']}: name another --folder.")
        return pd.read_parquet(folder / "ours.parquet"), told["row"]
    given.mkdir(parents=True, exist_ok=True)
    write_company(data, arguments.accounts, arguments.weeks, arguments.seed)
    began = time.process_time()
    settings = load_settings(ROOT)
    with Line.open(data, settings) as line:
        past = line.past(line.day_of(None), DEFAULT_HORIZON, PastDays())
    trial = Trial.of(settings, past, DEFAULT_HORIZON)
    days, groups = past.snapshots["as_of"], past.snapshots["account_id"]
    folds = Thinned(arguments.cuts, DEFAULT_HORIZON, every=arguments.every)
    ahead = predict_ahead(
        lambda: {OURS: trial.members()[OURS]}, trial.table, past.labels, days, groups, folds
    )
    seconds = time.process_time() - began
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**20
    ahead["account"] = lay_out(past, folds, data, given)
    row = {"name": OURS, "seconds": seconds, "peak_gb": peak, "features": trial.table.shape[1]}
    ahead.to_parquet(folder / "ours.parquet")
    done.write_text(json.dumps({"asked": asked, "row": row}), encoding="utf-8")
    return ahead, row


def lay_out(past: Labelled, folds: ForwardFolds, data: Path, given: Path) -> pd.Series:
    """Write the events, and of every cut what to learn from and what to score (without labels).

    Returns the number of each scored account, in the order of the scored snapshots.
    """
    known = sorted(pd.read_csv(data / "accounts.csv")["account_id"].unique())
    numbers = {account: number for number, account in enumerate(known, start=1)}
    tables = hand_over(data, given, numbers)
    rows = pd.DataFrame(
        {
            "account": past.snapshots["account_id"].map(numbers),
            "day": [date_of(int(day)).isoformat() for day in past.snapshots["as_of"]],
        }
    )
    tested = []
    for cut, (train, test) in enumerate(folds.split(past.snapshots["as_of"])):
        labelled = rows.iloc[train].assign(y=past.labels.to_numpy()[train])
        labelled.to_csv(given / f"train_{cut}.csv", index=False)
        rows.iloc[test].to_csv(given / f"test_{cut}.csv", index=False)
        tested.append(rows["account"].iloc[test])
    plan = {"tables": tables, "cuts": folds.get_n_splits()}
    (given / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    return pd.concat(tested, ignore_index=True)


def scored(
    name: str, python: str, folder: Path, ahead: pd.DataFrame
) -> tuple[pd.DataFrame, list[Told]]:
    """Return a toolkit's scores beside ours, and a row a model of it. Raises Failed."""
    found = folder / name
    if not (found / "report.json").exists():
        run(name, python, folder / "given", found)
    report = json.loads((found / "report.json").read_text(encoding="utf-8"))
    parts = [pd.read_csv(found / f"scores_{cut}.csv") for cut in range(report["cuts"])]
    scores = pd.concat(parts, ignore_index=True)
    models = [column for column in scores.columns if column not in ("account", "day")]
    keyed = ahead["day"].map(lambda day: date_of(int(day)).isoformat())
    keys = ["account", "day"]
    beside = ahead[["account"]].assign(day=keyed).merge(scores, "left", keys, validate="1:1")
    common = {key: report[key] for key in ("version", "peak_gb", "features")}
    common["unscored"] = int(beside[models].isna().any(axis=1).sum())
    rows = []
    for model in models:
        column = f"{name}, {model}"
        # Who was given no score is last on the list, and is counted.
        ahead[column] = beside[model].fillna(scores[model].min() - 1).to_numpy()
        seconds = report["seconds"]["features"] + report["seconds"][model]
        rows.append({"name": column, "seconds": seconds, **common})
    return ahead, rows


def run(name: str, python: str, given: Path, found: Path) -> None:
    """Run a toolkit in its Python. Raises Failed with its last word where it fails.

    It writes scores_CUT.csv (account, day, one column a model) and report.json (version, number of
    features, CPU seconds and peak memory).
    """
    if shutil.which(python) is None:
        raise Failed(f"does not run: there is no Python at {python}")
    shutil.rmtree(found, ignore_errors=True)
    found.mkdir()
    script, before = HERE / "toolkit" / f"with_{name}.py", _by_children()
    with _beside(name) as extra:
        one_core = {f"{who}_NUM_THREADS": "1" for who in ("OMP", "OPENBLAS", "MKL")}
        env = {**os.environ, **one_core, **extra, "LOKY_MAX_CPU_COUNT": "1", "MPLBACKEND": "Agg"}
        env.pop("PYTHONPATH", None)
        called = [python, str(script), str(given.resolve()), str(found.resolve())]
        done = subprocess.run(
            called, env=env, capture_output=True, text=True, check=False, cwd=found
        )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise Failed(f"does not run: {lines[-1] if lines else f'code {done.returncode}'}")
    report = json.loads((found / "report.json").read_text(encoding="utf-8"))
    # What a server beside it worked is features too.
    report["seconds"]["features"] += max(0.0, _by_children() - before - report["whole"])
    (found / "report.json").write_text(json.dumps(report), encoding="utf-8")


def _by_children() -> float:
    """Return the CPU seconds of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _beside(name: str) -> Iterator[dict[str, str]]:
    """Start what a toolkit needs beside it: fightchurn a PostgreSQL server with a superuser."""
    if name != "fightchurn":
        yield {}
        return
    import psycopg

    sys.path.append(str(ROOT / "tests"))
    from postgres import binaries, running_server

    if binaries() is None:
        raise Failed("does not run: it needs a PostgreSQL server (apt-get install postgresql)")
    with running_server() as server:
        into = f"host=127.0.0.1 port={server.port} user={server.env['PGUSER']} dbname=postgres"
        with psycopg.connect(into, password=server.password, autocommit=True) as connection:
            word = psycopg.sql.Literal(server.password)
            made = psycopg.sql.SQL("CREATE ROLE postgres SUPERUSER LOGIN PASSWORD {}")
            connection.execute(made.format(word))
        yield {"CHURN_AT": f"127.0.0.1:{server.port}", "CHURN_WORD": server.password}


def shown(told: Told, capacity: int) -> Table:
    table = Table(
        title=f"{told['snapshots']:,} snapshots forward in time, {told['prevalence']:.1%} followed "
        f"by an escalation, {told['cuts']} cuts; lists of {capacity} accounts a week",
        title_justify="left",
        header_style="bold",
    )
    for name in ("", "AP", "ours more [95%]", "precision", "ours more [95%]", "CPU s", "GB"):
        table.add_column(name, justify="right" if name else "left")
    for row in told["rows"]:
        more = [
            f"{row[f'ours_{k}']:{form}} [{row[f'ours_{k}_low']:{form}}, "
            f"{row[f'ours_{k}_high']:{form}}]"
            if row["name"] != OURS
            else ""
            for k, form in (("ap", "+.3f"), ("at", "+.1%"))
        ]
        figures = (f"{row['ap']:.3f}", more[0], f"{row['precision']:.1%}", more[1])
        table.add_row(row["name"], *figures, f"{row['seconds']:.0f}", f"{row['peak_gb']:.1f}")
    return table


def _about(ahead: pd.DataFrame, arguments: argparse.Namespace) -> Told:
    return {
        "accounts": arguments.accounts,
        "cuts": arguments.cuts,
        "every": arguments.every,
        "snapshots": len(ahead),
        "days": int(np.unique(ahead["day"]).size),
        "prevalence": float(ahead["y"].mean()),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=1500)
    parser.add_argument("--weeks", type=int, default=78)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--cuts", type=int, default=2, help="how often all are trained anew")
    parser.add_argument("--every", type=int, default=4, help="learn from every so many weeks")
    parser.add_argument("--churnkit", help="the Python that has churnkit installed")
    parser.add_argument("--fightchurn", help="the Python that has fightchurn installed")
    parser.add_argument("--folder", type=Path, help="keep what is done, to go on from there")
    parser.add_argument("--out", type=Path, help="JSON with every figure")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
