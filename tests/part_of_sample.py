"""The sample company with fewer accounts, and shorter trainings, for what a few can show."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd

from risk_model.settings import lay_down

MODEL = "risk-model-escalation"


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


def decisions(folder: Path, model: str = MODEL, every_days: int = 7, resamples: int = 500) -> Path:
    """Return the default decisions, with a registered model of their own and fewer trees."""
    lay_down(folder)
    for file, old, new in (
        ("pipelines/train", f"model: {MODEL}", f"model: {model}"),
        ("pipelines/train", "every_days: 7", f"every_days: {every_days}"),
        ("pipelines/backtest", "resamples: 500", f"resamples: {resamples}"),
        ("models/escalation", "max_iter: 120", "max_iter: 20"),
    ):
        path = folder / f"{file}.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
    return folder
