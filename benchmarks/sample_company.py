"""Is the blend as good as its better half? A simulated company, forward in time.

Prints every figure beside its baseline, and what the blend has over each other member with a
paired bootstrap over accounts.

    python benchmarks/sample_company.py --accounts 1500 --weeks 78 --seed 3
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from made import keep
from risk_model.pipelines.backtest import backtest
from risk_model.pipelines.judge import CALLED, ORDER, Judged
from risk_model.pipelines.line import Line
from risk_model.pipelines.present_judged import shown
from risk_model.sample import write_company
from risk_model.settings import load_settings

ROOT = Path(__file__).parents[1]


def main() -> int:
    arguments = _arguments()
    console = Console(width=130)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        write_company(data, arguments.accounts, arguments.weeks, arguments.seed)
        began = time.perf_counter()
        with Line.open(data, load_settings(ROOT)) as line:
            judged = backtest(line).judged
        seconds = time.perf_counter() - began
    console.print(shown(judged), _against(judged))
    console.print(f"{seconds:.0f} s from opening the tables to the figures")
    if arguments.out:
        keep(arguments.out, judged.to_dict())
    return 0 if promises_hold(judged) else 1


def promises_hold(judged: Judged) -> bool:
    """Whether the blend is no worse than its better half beyond noise, and beats the prior."""
    evaluation = judged.evaluation
    if evaluation is None:
        return False
    members = [name for name in ("rules", "logistic", "boosting") if name in evaluation.figures]
    best = max(members, key=lambda name: evaluation.figures[name]["average_precision"])
    no_worse = evaluation.against[best]["average_precision"].high >= 0
    figures = evaluation.figures
    return no_worse and figures["blend"]["brier"] < figures["prior"]["brier"]


def _against(judged: Judged) -> Table:
    table = Table(title="The blend less each other", title_justify="left", header_style="bold")
    for name in ("", "AUROC [95%]", "AP [95%]"):
        table.add_column(name, justify="right" if name else "left")
    if judged.evaluation is not None:
        for member in [name for name in ORDER if name in judged.evaluation.against]:
            row = judged.evaluation.against[member]
            cells = [
                f"{row[name].estimate:+.3f} [{row[name].low:+.3f}, {row[name].high:+.3f}]"
                for name in ("auroc", "average_precision")
            ]
            table.add_row(CALLED.get(member, member), *cells)
    return table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1500)
    parser.add_argument("--weeks", type=int, default=78)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--out", type=Path, help="JSON with every figure")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
