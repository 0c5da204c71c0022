"""The record beside a list that was written before: are its files of one run, who scored it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from risk_model.last_list import recorded
from risk_model.watchlist import beside

RULES = "rules"


def mixed(listed: Path) -> str:
    """Return a sentence on files that are not those of the record beside them, else nothing.

    A run that is killed between two of its files leaves a new list beside the record of the old.
    A list without a record, and a file that the record does not name, are taken as they are.
    """
    hashes = recorded(listed).get("sha256")
    if not isinstance(hashes, dict):
        return ""
    others = [
        path.name
        for path in (listed, beside(listed)[0])
        if path.name in hashes and path.is_file() and _hash(path) != hashes[path.name]
    ]
    if not others:
        return ""
    record = beside(listed)[1].name
    return (
        f"{' and '.join(others)}: not as {record} says that the run wrote them: a run was cut off "
        "between its files, or they were changed afterwards"
    )


def told_mixed(previous: Path | None) -> list[str]:
    """Return a sentence where the last list and the record beside it are not of one run.

    Its ranks are those that it holds, so it is taken all the same.
    """
    said = mixed(previous) if previous is not None else ""
    return [f"the last list is taken as it is, but {said}"] if said else []


def lost_champion(previous: Path | None) -> list[str]:
    """Return a sentence where a model scored the last list; for a run that finds no champion."""
    by = recorded(previous).get("scored_by") if previous is not None else None
    if previous is None or by in (None, RULES):
        return []
    return [
        f"{previous.name} was scored by model {by}, and no champion is registered today: is the "
        "registry another one (MLFLOW_TRACKING_URI), or the folder that the run begins in?"
    ]


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
