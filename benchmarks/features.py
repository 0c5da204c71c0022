"""How fast are the features? Against SQL by hand, a join per snapshot, Polars, pandas, and others.

    python benchmarks/features.py                          everything but growth, about half an hour
    python benchmarks/features.py --quick                  small, for equality of the values
    python benchmarks/features.py --growth --plot docs/features-growth.png

Every contender runs in a process of its own (but with --quick), on the same tables; where the
features are the same, the values are compared. The SQL by hand covers what `features/by_hand.py`
lists, about a third of the catalogue: windows over usage, tickets and messages, open tickets, rows
so far and last times.
It has no waits, silences, matters and themes, nothing of other tables, and nothing that is made of
other features; what the whole catalogue takes is told beside it (of many days for a tenth of the
accounts). Compared is the time from open tables to a finished table of features; everybody runs
twice, in turn, and the quicker run counts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
Took = dict[str, Any]


def main() -> int:
    arguments = _arguments()
    if arguments.folder:
        return _run(arguments, Path(arguments.folder))
    with tempfile.TemporaryDirectory(prefix="risk-model-benchmark-") as folder:
        return _run(arguments, Path(folder))


def _run(arguments: argparse.Namespace, folder: Path) -> int:
    if arguments.growth:
        return _growth(arguments, folder)
    accounts, weeks = (400, 6) if arguments.quick else (arguments.accounts, arguments.weeks)
    took, differences = _measured(folder, accounts, weeks, arguments)
    ratios = _ratios(took, weeks)
    _tell(took, ratios, differences, accounts, weeks)
    if arguments.out:
        known = {"accounts": accounts, "weeks": weeks, "took": took, "ratios": ratios}
        from made import keep

        keep(arguments.out, known)
    return 1 if differences else 0


def _measured(
    folder: Path, accounts: int, weeks: int, arguments: argparse.Namespace
) -> tuple[dict[str, Took], list[str]]:
    """Run everybody; return what each took, and where values differ."""
    import duckdb

    from features.contenders import differing

    whole = _company(folder / "whole", accounts)
    tenth = _company(folder / "tenth", max(accounts // 10, 40))
    hundredth = _company(folder / "hundredth", max(accounts // 100, 20))
    run = _here if arguments.quick else _child
    runs = [("scan", whole, 1), ("ours", whole, 1), ("by_hand", whole, 1)]
    runs += [("ours", whole, weeks), ("by_hand", whole, weeks), ("ours", whole, 2 * weeks)]
    runs += [("join", whole, weeks), ("range_join", whole, weeks), ("catalogue", whole, 1)]
    # A tenth of the accounts: joined, all columns of many days need more than the memory.
    runs += [] if arguments.quick else [("catalogue", tenth, weeks)]
    rivals = (
        ("with_polars", whole, sys.executable),
        ("with_pandas", tenth, sys.executable),
        ("with_featuretools", hundredth, arguments.featuretools or sys.executable),
    )
    took: dict[str, Took] = {}
    # In turn and not one twice after the other: the machine is another one ten minutes later.
    for _ in range(1 if arguments.quick else 2):
        for name, where, many in runs:
            _best(took, name if name == "scan" else f"{name} {many}", run(name, where, many))
        for rival, where, python in rivals:
            _best(took, f"ours {rival}", run("ours_usage", where, weeks))
            _best(took, rival, _child(rival, where, weeks, python))
    differences = []
    with duckdb.connect() as connection:
        pairs = [(whole, f"ours_{many}", f"by_hand_{many}") for many in (1, weeks)]
        pairs += [(whole, f"ours_usage_{weeks}", "with_polars")]
        pairs += [(whole, f"ours_usage_{weeks}", f"range_join_{weeks}")]
        pairs += [(tenth, f"ours_usage_{weeks}", "with_pandas")]
        pairs += [(hundredth, f"ours_usage_{weeks}", "with_featuretools")]
        for where, ours, theirs in pairs:
            if (where / f"{theirs}.parquet").exists():
                found = differing(where, ours, theirs, connection)
                differences += [f"{theirs}: {name}" for name in found]
    return took, differences


def _best(took: dict[str, Took], name: str, run: Took) -> None:
    """Keep the quicker run of each."""
    before = took.setdefault(name, run)
    if run.get("seconds", 0.0) < before.get("seconds", 0.0):
        took[name] = run


def _company(folder: Path, accounts: int) -> Path:
    """Make the tables, unless they are there from another time."""
    from features.contenders import DATABASE, make_database
    from features.made_up import write

    if not (folder / DATABASE).exists():
        write(folder, accounts)
        make_database(folder)
    return folder


def _here(name: str, folder: Path, weeks: int) -> Took:
    """Run one contender in this process: quick, but what it took says nothing."""
    from features.contenders import run

    return run(name, folder, weeks)


def _child(name: str, folder: Path, weeks: int, python: str = sys.executable) -> Took:
    """Run one contender; where it cannot, say why."""
    command = [python, "-m", "features.contenders", name, str(folder), str(weeks)]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path[:2]),
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        command, cwd=HERE, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return dict(json.loads(done.stdout.splitlines()[-1]))
    said = done.stderr.strip().splitlines()
    reason = said[-1] if said else "no reason given"
    if not name.startswith("with_"):
        raise SystemExit(f"{name}: {reason}")
    return {"not run": reason[:150]}


def _ratios(took: dict[str, Took], weeks: int) -> dict[str, float]:
    """Return the ratios that are told beside the bars."""

    def ratio(over: str, under: str, of: str = "seconds") -> float:
        return round(took[over][of] / took[under][of], 2)

    ratios = {
        "one day / by hand, processor time": ratio("ours 1", "by_hand 1", "cpu"),
        f"{weeks} weeks / by hand, processor time": ratio(
            f"ours {weeks}", f"by_hand {weeks}", "cpu"
        ),
        f"one join for all / {weeks} weeks, eight features of usage": ratio(
            f"range_join {weeks}", "ours with_polars"
        ),
        "one day / scan of the Parquet files": ratio("ours 1", "scan"),
        f"{weeks} weeks / scan of the Parquet files": ratio(f"ours {weeks}", "scan"),
    }
    for rival in ("with_polars", "with_pandas", "with_featuretools"):
        if "seconds" in took[rival]:
            ratios[f"{rival} / ours, {weeks} weeks"] = ratio(rival, f"ours {rival}")
    return ratios


def _tell(
    took: dict[str, Took],
    ratios: dict[str, float],
    differences: list[str],
    accounts: int,
    weeks: int,
) -> None:
    from bars import of_features

    print(f"{accounts:,} accounts, {250 * accounts:,} rows of usage; load {os.getloadavg()[0]:.1f}")
    for name, figures in took.items():
        if "not run" in figures:
            print(f"  {name:28} not run: {figures['not run']}")
            continue
        seconds, cpu, memory = (figures[key] for key in ("seconds", "cpu", "gigabytes"))
        features = f"{figures['features']:5} features" if "features" in figures else ""
        print(
            f"  {name:28} {seconds:8.2f} s  {cpu:8.2f} s of processor  {memory:5.1f} GB {features}"
        )
    for name, value in ratios.items():
        print(f"  {name:55} {value:8.2f}")
    for bar in of_features(took, weeks):
        bound, value, verdict = bar.told
        print(f"  {bar.name:55} {value:>8}  {bound:12} {verdict}")
    print(
        "The scan only reads; the features read as much, and add up each row under about eighty\n"
        "conditions. By hand are these features only, of the catalogue all that the tables tell.\n"
        "pandas has a tenth of the accounts, Featuretools a hundredth and half of the\n"
        f"eight features; each is compared with ours at its size, over {weeks} weeks."
    )
    print("values: " + ("; ".join(differences) + " DIFFER" if differences else "the same"))


def _growth(arguments: argparse.Namespace, folder: Path) -> int:
    """Measure one day at several sizes, each in its own process, and fit a straight line."""
    import shutil

    from bars import straightness

    rows = []
    for accounts in arguments.sizes or SIZES:
        company = _company(folder / f"size-{accounts}", accounts)
        took = _child("ours", company, 1)
        rows.append({"accounts": accounts, **took})
        print(
            f"{accounts:10,} accounts {took['seconds']:8.2f} s {took['gigabytes']:6.2f} GB",
            flush=True,
        )
        if not arguments.folder:
            shutil.rmtree(company)
    if arguments.out:
        from made import keep

        keep(arguments.out, rows)
    if len(rows) > 1:
        straight, power = straightness(rows)
        print(f"time: R2 of a straight line {straight:.4f}, the last step by the power {power:.2f}")
    if arguments.plot:
        _plot(rows, arguments.plot)
    return 0


def _plot(rows: list[dict[str, Any]], out: Path) -> None:
    import matplotlib.pyplot as plt
    import numpy as np

    accounts = np.array([row["accounts"] for row in rows], dtype=float)
    figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
    for axis, key in zip(axes, ("seconds", "gigabytes"), strict=True):
        values = np.array([row[key] for row in rows])
        slope, start = np.polyfit(accounts, values, 1)
        axis.plot(accounts, values, "o", accounts, start + slope * accounts, "-")
        axis.set(xlabel="accounts", ylabel=key, ylim=(0, None))
        axis.set_title(f"{start:.1f} + {slope * 1e5:.2f} per 100,000 accounts", fontsize=9)
        axis.xaxis.set_major_formatter(lambda value, _: f"{value / 1000:.0f}k")
    figure.savefig(out, dpi=90)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--quick", action="store_true", help="400 accounts and 6 weeks")
    parser.add_argument("--growth", action="store_true", help="one day at several sizes")
    parser.add_argument("--sizes", type=int, nargs="*", help="numbers of accounts for --growth")
    parser.add_argument("--folder", help="where the tables are made, and kept for another time")
    parser.add_argument("--featuretools", help="a Python that has featuretools")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    parser.add_argument("--plot", type=Path, help="with --growth: draw time and memory")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
