"""The list's files for another tool, named after the list and noted in its record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from risk_model.errors import UsageError
from risk_model.importers import Importers, Target, export
from risk_model.watchlist import Watchlist

# States that stand in an importer's file only: there an account keeps what nobody overwrites.
ESCALATED = "escalated"
OFF_LIST = "off-list"


def with_export(
    watchlist: Watchlist, out: Path, target: Target | None, importers: Importers
) -> tuple[Watchlist, Mapping[Path, bytes]]:
    """Return the list with notes on its export, and the export's files: ``X.TARGET.csv``.

    After the list come the accounts that are on it no more (see ``unlisted``). More than one file
    is numbered: ``X.TARGET.1.csv``. Raises UsageError where a numbered file of an earlier list
    would be left behind, to be imported with this one.
    """
    if target is None:
        return watchlist, {}
    made = export(watchlist.ranked, target, importers.of(target), unlisted(watchlist))
    many = len(made.files) > 1
    numbers = [n if many else None for n in range(1, len(made.files) + 1)]
    names = [exported(out, target, n) for n in numbers]
    _refuse_leftovers(out, target, names)
    run = {**watchlist.run, "notes": [*watchlist.run["notes"], *made.notes]}
    files = {out.with_name(name): data for name, data in zip(names, made.files, strict=True)}
    return replace(watchlist, run=run), files


def unlisted(watchlist: Watchlist) -> pd.DataFrame:
    """Return the accounts whose advice of an earlier list is over, a row each.

    Those that are escalated, of several escalations by the worst, and those that were on the last
    list and are on neither today. An account that is there under another id is not one of them: it
    would be made anew.
    """
    run = watchlist.run
    said = ["account_id", "suggested_severity", "rules_fired"]
    worst_first = watchlist.escalated.reindex(columns=said).sort_values(
        "suggested_severity", kind="stable"
    )
    burning = worst_first.drop_duplicates("account_id")
    left = run.get("left_since_last", {})
    gone = [a for reason in left if reason != "of_other_ids" for a in left[reason]]
    off = pd.DataFrame({"account_id": gone}, dtype=object)
    rows = pd.concat([burning.assign(state=ESCALATED), off.assign(state=OFF_LIST)])
    return rows.assign(as_of=run.get("as_of"), horizon_days=run.get("horizon_days"))


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
