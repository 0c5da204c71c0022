"""Is a signal found where there is one, and none where there is none?

Small simulated companies, each twice: as it is, and with each of its escalations given to an
account drawn at random. The backtest's verdict is asked of both. (Giving an account the whole
history of another one would leave a signal: who has escalated does so again, and the past is a
feature.)

    python benchmarks/verdicts.py [--seeds 20] [--out F.json]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from made import keep
from risk_model.pipelines.backtest import verdict_of
from risk_model.pipelines.line import Line
from risk_model.sample import write_company
from risk_model.settings import load_settings

ROOT = Path(__file__).parents[1]
ACCOUNTS, WEEKS = 160, 60


def main() -> int:
    arguments = _arguments()
    console, rows = Console(width=120), []
    cache = Path(tempfile.gettempdir()) / "risk-model-benchmark-texts.sqlite"
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder)
            write_company(data, ACCOUNTS, WEEKS, seed)
            row: dict[str, Any] = {"seed": seed, "as it is": asked(data, cache)}
            by_chance(data, seed)
            row["by chance"] = asked(data, cache)
        rows.append(row)
        told = {name: row[name]["verdict"] for name in ("as it is", "by chance")}
        console.print(f"seed {seed}: {told}", style="dim")
    console.print(shown(rows))
    if arguments.out:
        keep(arguments.out, rows)
    found = sum(row["as it is"]["verdict"] == "signal" for row in rows)
    false = sum(row["by chance"]["verdict"] == "signal" for row in rows)
    console.print(f"signal found in {found} of {len(rows)}; by chance in {false} of {len(rows)}")
    return 0 if found >= 0.95 * len(rows) and false <= max(1, 0.1 * len(rows)) else 1


def asked(data: Path, cache: Path) -> dict[str, Any]:
    with Line.open(data, load_settings(ROOT), cache=cache) as line:
        told = verdict_of(line)
    figures = told.evaluation.figures["blend"] if told.evaluation else {}
    return {"verdict": told.verdict, "reason": told.reason, "auroc": figures.get("auroc")}


def by_chance(data: Path, seed: int) -> None:
    """Give each escalation to an account drawn at random."""
    path = data / "escalations.csv"
    table = pd.read_csv(path, dtype=str)
    accounts = pd.read_csv(data / "accounts.csv", dtype=str)["account_id"].unique()
    drawn = np.random.default_rng(seed).choice(accounts, len(table))
    table.assign(account_id=drawn).to_csv(path, index=False)


def shown(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="Verdicts", title_justify="left", header_style="bold")
    for name in ("seed", "as it is", "AUROC", "by chance", "AUROC"):
        table.add_column(name, justify="right")
    for row in rows:
        cells = []
        for name in ("as it is", "by chance"):
            auroc = row[name]["auroc"]
            cells += [row[name]["verdict"], "" if auroc is None else f"{auroc:.3f}"]
        table.add_row(str(row["seed"]), *cells)
    return table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=100)
    parser.add_argument("--out", type=Path, help="JSON with every verdict")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
