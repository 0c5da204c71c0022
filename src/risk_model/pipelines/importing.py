"""The list's files for another tool, named after the list and noted in its record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from risk_model.errors import UsageError
from risk_model.importers import Importers, Target, export
from risk_model.watchlist import Watchlist


def with_export(
    watchlist: Watchlist, out: Path, target: Target | None, importers: Importers
) -> tuple[Watchlist, Mapping[Path, bytes]]:
    """Return the list with notes on its export, and the export's files: ``X.TARGET.csv``.

    More than one file is numbered: ``X.TARGET.1.csv``. Raises UsageError where a numbered file of
    an earlier list would be left behind, to be imported with this one.
    """
    if target is None:
        return watchlist, {}
    made = export(watchlist.ranked, target, importers.of(target))
    many = len(made.files) > 1
    numbers = [n if many else None for n in range(1, len(made.files) + 1)]
    names = [exported(out, target, n) for n in numbers]
    _refuse_leftovers(out, target, names)
    run = {**watchlist.run, "notes": [*watchlist.run["notes"], *made.notes]}
    files = {out.with_name(name): data for name, data in zip(names, made.files, strict=True)}
    return replace(watchlist, run=run), files


def exported(out: Path, target: str, number: int | None = None) -> str:
    """Return the name of a list's file for another tool; ``number`` where there are several."""
    stem = f"{out.name.removesuffix('.csv')}.{target}"
    return f"{stem}.csv" if number is None else f"{stem}.{number}.csv"


def is_exported(name: str, out: Path, target: str) -> bool:
    """Say whether a name is that of a list's file for another tool, numbered or not."""
    stem = exported(out, target).removesuffix(".csv")
    return re.fullmatch(rf"{re.escape(stem)}(\.\d+)?\.csv", name) is not None


def _refuse_leftovers(out: Path, target: str, names: list[str]) -> None:
    there = sorted(p.name for p in out.parent.glob("*.csv") if is_exported(p.name, out, target))
    left = [name for name in there if name not in names]
    if left:
        raise UsageError(
            f"{out.parent / left[0]} is of an earlier list that was cut into other files. "
            "Take it away first, so that it is not imported with this one."
        )
