"""A field-service company's exports as they come: can they be pointed at, and is no skill found?

The exports were made by a generator that drew escalations at random: nothing predicts them, and a
product that finds skill here fools itself. Printed are the watchlist by the rules alone, and a
backtest forward in time of blend, learners and rules, horizon 30 days, intervals over accounts.

    python benchmarks/opslab.py [--data FOLDER] [--out FIGURES.json]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from rich.console import Console

from risk_model.pipelines.backtest import backtest
from risk_model.pipelines.judge import Judged
from risk_model.pipelines.line import Line
from risk_model.pipelines.present import shown
from risk_model.pipelines.present_judged import shown as figures_of
from risk_model.pipelines.score import score
from risk_model.settings import load_settings
from risk_model.watchlist import Watchlist

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "real" / "opslab"
SOURCES = Path(__file__).with_suffix("") / "sources.yaml"
# The day after the exports' last rows.
AS_OF = date(2025, 6, 2)


def main() -> int:
    arguments = _arguments()
    if not arguments.data.is_dir():
        print(f"{arguments.data}: not there; give the exports' folder with --data. Skipped.")
        return 0
    console = Console(width=150)
    began = time.perf_counter()
    console.print(shown(watchlist(arguments.data), top=10))
    judged = figures(arguments.data)
    console.print(figures_of(judged))
    console.print(f"skill: {'found' if skilled(judged) else 'none, as it should be'}")
    console.print(f"{time.perf_counter() - began:.0f} s")
    if arguments.out:
        from made import keep

        keep(arguments.out, judged.to_dict())
    return 1 if skilled(judged) else 0


def watchlist(data: Path) -> Watchlist:
    """Score every account by the rules alone."""
    with Line.open(data, load_settings(ROOT), SOURCES) as line:
        return score(line, AS_OF, model="rules")


def figures(data: Path, every_days: int = 7, folds: int = 4) -> Judged:
    """Backtest blend, learners and rules forward in time, on snapshots every so many days."""
    settings = load_settings(ROOT)
    plan = settings.backtest.model_copy(update={"every_days": every_days, "folds": folds})
    with Line.open(data, replace(settings, backtest=plan), SOURCES) as line:
        return backtest(line, AS_OF).judged


def skilled(judged: Judged) -> bool:
    """Whether the blend does better than chance beyond what resampling accounts explains."""
    evaluation = judged.evaluation
    return evaluation is not None and evaluation.intervals["blend"]["auroc"].low > 0.5


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the exports")
    parser.add_argument("--out", type=Path, help="JSON with every figure")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
