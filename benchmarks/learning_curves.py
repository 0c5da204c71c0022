"""How many escalations does it take, and is the blend ever worse than its better half?

For simulated companies of different natures: everybody is judged on the same later months, and
learns from the months before, on ever more accounts, until about 10, 30, 100, 300 and 1000
escalations are known. The *better half* is chosen in hindsight, on the very days that are judged:
the rules, or the better one of the learners. Intervals draw accounts, paired; of many points some
lie below by chance, so the last line counts those that do so with the level held over all of them.

    python benchmarks/learning_curves.py [--natures …] [--accounts 2000] [--weeks 78] [--out F.json]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from made import keep
from noise import below
from risk_model.evaluate import paired_bootstrap
from risk_model.measure import average_precision, steps
from risk_model.pipelines.line import Labelled, Line
from risk_model.pipelines.recipe import fit
from risk_model.sample import write_company
from risk_model.settings import PastDays, load_settings
from risk_model.stack import count_escalations
from risk_model.timeline import DEFAULT_HORIZON

ROOT = Path(__file__).parents[1]
NATURES = ("mixed", "product", "contract", "sudden", "slow", "fading", "lone")
SIZES = (10, 30, 100, 300, 1000)
TESTED_DAYS = 112
HALVES = ("rules", "logistic", "boosting")


def main() -> int:
    arguments = _arguments()
    console, points = Console(width=120), []
    for number, nature in enumerate(arguments.natures):
        began = time.perf_counter()
        seed = arguments.seed + number
        train, test = company(nature, seed, arguments)
        points += [
            point(nature, seed, part, test, size, arguments.resamples)
            for size, part in parts_of(train, seed)
        ]
        console.print(f"{nature}, seed {seed}: {time.perf_counter() - began:.0f} s", style="dim")
    console.print(shown(points))
    differences = [point["less_better_half"] for point in points]
    one_by_one = [points[place] for place in below(differences)]
    console.print(
        f"worse than its better half beyond paired noise: {len(one_by_one)} of {len(points)} "
        "points, each taken by itself"
        + "".join(f"; {p['nature']} at {p['escalations']}" for p in one_by_one)
    )
    worse = below(differences, looks=len(differences))
    console.print(f"with the noise of {len(points)} looks taken together: {len(worse)}")
    if arguments.out:
        keep(arguments.out, points)
    return 1 if worse else 0


def company(nature: str, seed: int, arguments: Any) -> tuple[Labelled, Labelled]:
    """Return the snapshots to learn from, whose labels were known then, and those to judge on."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        write_company(data, arguments.accounts, arguments.weeks, seed, nature=nature)
        with Line.open(data, load_settings(ROOT)) as line:
            past = line.past(line.day_of(None), DEFAULT_HORIZON, PastDays())
    day = past.snapshots["as_of"].to_numpy()
    begins = int(day.max()) - TESTED_DAYS
    return _rows(past, day + DEFAULT_HORIZON <= begins), _rows(past, day >= begins)


def parts_of(train: Labelled, seed: int) -> list[tuple[int, Labelled]]:
    """Return nested parts of the accounts, each with about so many escalations to learn from."""
    accounts = train.snapshots["account_id"].to_numpy()
    drawn = np.random.default_rng(seed).permutation(np.unique(accounts))
    place = pd.Series(np.arange(len(drawn)), index=drawn)[accounts].to_numpy()
    parts = []
    for size in SIZES:
        low, high = 1, len(drawn)
        while low < high:
            middle = (low + high) // 2
            known = _count(_rows(train, place < middle))
            low, high = (low, middle) if known >= size else (middle + 1, high)
        part = _rows(train, place < low)
        if _count(part) >= size:
            parts.append((size, part))
    return parts


def point(
    nature: str, seed: int, train: Labelled, test: Labelled, size: int, resamples: int
) -> dict[str, Any]:
    """Fit on a part, judge on the later months; AP of everybody and blend less better half."""
    blend = fit(load_settings(ROOT), train, DEFAULT_HORIZON)
    table = test.features[[str(name) for name in blend.feature_names_in_]]
    said = {name: member.predict_proba(table)[:, 1] for name, member in blend.members_}
    said["blend"] = blend.predict_proba(table)[:, 1]
    y, account = test.labels.to_numpy(), test.snapshots["account_id"].to_numpy()
    precision = {name: average_precision(*steps(y, p)) for name, p in said.items()}
    best = max(HALVES, key=lambda name: precision[name])
    less = paired_bootstrap(y, said["blend"], said[best], account, "average_precision", n=resamples)
    return {
        "nature": nature,
        "seed": seed,
        "escalations": _count(train),
        "asked": size,
        "accounts": int(train.snapshots["account_id"].nunique()),
        "prevalence": float(y.mean()),
        "ap": precision,
        "brier": float(np.mean((said["blend"] - y) ** 2)),
        "better_half": best,
        "less_better_half": less.to_dict(),
        "weights": blend.weights_,
    }


def shown(points: list[dict[str, Any]]) -> Table:
    table = Table(
        title="Average precision on later months, by escalations to learn from",
        title_justify="left",
        header_style="bold",
    )
    for name in ("nature", "escalations", "blend", *HALVES, "by chance", "blend less better half"):
        table.add_column(name, justify="left" if name == "nature" else "right")
    for row in points:
        less = row["less_better_half"]
        table.add_row(
            row["nature"],
            f"{row['escalations']}",
            *(f"{row['ap'][name]:.3f}" for name in ("blend", *HALVES)),
            f"{row['prevalence']:.3f}",
            f"{less['estimate']:+.3f} [{less['low']:+.3f}, {less['high']:+.3f}]",
            end_section=row["asked"] == SIZES[-1],
        )
    return table


def _count(part: Labelled) -> int:
    y, days = part.labels.to_numpy(), part.snapshots["as_of"].to_numpy(dtype=np.int64)
    return count_escalations(y, days, part.snapshots["account_id"].to_numpy(), DEFAULT_HORIZON)


def _rows(past: Labelled, rows: Any) -> Labelled:
    told = (frame[rows].reset_index(drop=True) for frame in (past.snapshots, past.features))
    labels = (past.labels, past.settled)
    return Labelled(*told, *(each[rows].reset_index(drop=True) for each in labels))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--natures", nargs="+", choices=NATURES, default=NATURES)
    parser.add_argument("--accounts", type=int, default=2000)
    parser.add_argument("--weeks", type=int, default=78)
    parser.add_argument("--seed", type=int, default=51)
    parser.add_argument("--resamples", type=int, default=500)
    parser.add_argument("--out", type=Path, help="JSON with every figure")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
