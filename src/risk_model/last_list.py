"""The list of the last run: whom it ranked where, as it was written or as somebody saved it."""

from __future__ import annotations

import codecs
import json
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from risk_model.errors import DataRefused, UsageError
from risk_model.watchlist import beside

# What spreadsheets put between columns, and how "Unicode text" of theirs begins.
_SEPARATORS = (",", ";", "\t")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def check_previous(previous: Path | None, as_of: str) -> None:
    """Raise as ``with_previous`` and ``last_accounts`` do, before any work is done."""
    if previous is not None:
        _read_previous(previous, as_of)
        last_accounts(previous)


def with_previous(rows: pd.DataFrame, previous: Path | None) -> pd.DataFrame:
    """Add ``previous_rank`` and ``change`` from the last list; without one every row is new.

    Raises DataRefused when the last list is of the same or a later day, UsageError when it can't
    be read as a watchlist.
    """
    if previous is None:
        return rows.assign(previous_rank=pd.array([pd.NA] * len(rows), dtype="Int64"), change="new")
    old = _read_previous(previous, str(rows["as_of"].iloc[0]) if len(rows) else None)
    before = rows["account_id"].map(old).astype("Int64")
    moved = (before - rows["rank"]).astype("Float64").to_numpy(float, na_value=np.nan)
    change = np.select([np.isnan(moved), moved > 0, moved < 0], ["new", "up", "down"], "same")
    return rows.assign(previous_rank=before, change=change)


def last_accounts(previous: Path) -> set[str]:
    """Return the accounts of a last list, with the escalated ones where their file is beside it.

    Raises UsageError as ``with_previous`` does.
    """
    accounts = set(_read_previous(previous, None))
    beside_it = beside(previous)[0]
    if beside_it.is_file():
        try:
            accounts |= set(_saved(beside_it, ["account_id"])["account_id"])
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{beside_it.name}: not the escalated accounts of {previous.name} ({error}). "
                "Give the list as it was written."
            ) from None
    return accounts


def recorded(listed: Path) -> Mapping[str, Any]:
    """Return the record beside a list, empty where there is none or it cannot be read."""
    try:
        run = json.loads(beside(listed)[1].read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return run if isinstance(run, dict) else {}


def _read_previous(path: Path, as_of: str | None) -> dict[str, int]:
    try:
        old = _saved(path, ["account_id", "rank", "as_of"])
        # an empty rank is of a line that somebody added, as a sum
        old = old[old["rank"] != ""]
        ranks = dict(zip(old["account_id"], old["rank"].astype(float).astype(int), strict=True))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--previous {path.name}: not a watchlist ({error}). Give the CSV of the last run."
        ) from None
    days = _days(set(old["as_of"]), path)
    if as_of is not None and any(day >= as_of for day in days):
        still = ", or export the tables anew where they have not moved since then"
        raise DataRefused(
            f"--previous {path.name}: it is of {max(days)}, not before {as_of}. "
            f"Give the list of an earlier day{still if max(days) == as_of else ''}."
        )
    return ranks


def _saved(path: Path, columns: list[str]) -> pd.DataFrame:
    """Return columns of a list as texts, without the empty lines below it.

    Raises ValueError where it has not all of them.
    """
    with path.open("rb") as file:
        start = file.readline()
    encoding = "utf-16" if start.startswith(_UTF_16) else "utf-8-sig"
    header = start.decode(encoding, "replace")
    table = pd.read_csv(
        path,
        sep=max(_SEPARATORS, key=header.count),
        encoding=encoding,
        # letters of another encoding stand in names, not in what is read here
        encoding_errors="replace",
        usecols=columns,
        dtype=str,
        keep_default_na=False,
    )
    return table[table["account_id"] != ""]


def _days(told: Collection[str], path: Path) -> set[str]:
    """Return the days of a list; its record knows what a spreadsheet has written in its own way."""
    try:
        return {str(date.fromisoformat(day)) for day in told}
    except ValueError:
        day = recorded(path).get("as_of")
        return {day} if isinstance(day, str) else set()
