"""The record of the last run: are its files of one run, who scored it, how much was read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from risk_model.errors import RiskModelError
from risk_model.last_list import recorded
from risk_model.tables.report import TableReport
from risk_model.watchlist import beside

RULES = "rules"
# Exports of everything grow and those of the last months stay as long: a tenth less is noticed.
LEAST_LEFT = 0.9


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


def refuse_lost_champion(previous: Path | None) -> None:
    """Raise RiskModelError where a model scored the last list; for a run that finds no champion.

    The rules' scores are no probabilities: in the place of the model's they would mislead.
    """
    by = recorded(previous).get("scored_by") if previous is not None else None
    if previous is None or by in (None, RULES):
        return
    raise RiskModelError(
        f"{previous.name} was scored by model {by}, and no champion is registered today. Is the "
        "registry another one (MLFLOW_TRACKING_URI), or the folder that the run begins in? To "
        "score by the rules alone, give --model rules."
    )


def shrunk(previous: Path | None, tables: Mapping[str, TableReport]) -> list[str]:
    """Return a sentence on tables that hold fewer rows than they did at the last run.

    An export that is cut off between two rows, or by account, shows in nothing else.
    """
    then = recorded(previous).get("tables") if previous is not None else None
    if not isinstance(then, dict):
        return []
    read = {name: (tables[name].read if name in tables else 0, _read(then[name])) for name in then}
    fewer = [
        f"{name} {now:,} (then {before:,})"
        for name, (now, before) in read.items()
        if now < LEAST_LEFT * before
    ]
    if not fewer:
        return []
    return [f"fewer rows than at the last run: {', '.join(fewer)}; are the exports whole?"]


def _read(table: object) -> int:
    rows = table.get("read") if isinstance(table, dict) else None
    return rows if isinstance(rows, int) else 0


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
