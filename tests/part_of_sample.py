"""The sample company with fewer accounts, for what is to be seen of a few."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd


def few_accounts(source: Path, target: Path, keep: set[str], shuffle: bool = False) -> Path:
    """Write the tables of some accounts; with ``shuffle`` escalations go to accounts at random."""
    target.mkdir()
    draw = random.Random(4)
    for path in source.glob("*.csv*"):
        name = path.name.split(".")[0]
        if name in ("ticket_events", "outcomes"):
            continue
        table = pd.read_csv(path, dtype=str)
        table = table[table["account_id"].isin(keep)]
        if name == "escalations" and shuffle:
            table["account_id"] = [draw.choice(sorted(keep)) for _ in range(len(table))]
        table.to_csv(target / path.name, index=False)
    return target


def first_accounts(source: Path, target: Path, count: int) -> Path:
    """Write the tables of the first accounts of a company."""
    known = sorted(pd.read_csv(source / "accounts.csv")["account_id"].unique())
    return few_accounts(source, target, set(known[:count]))
