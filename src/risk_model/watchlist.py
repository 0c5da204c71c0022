"""The watchlist: ranked rows with all columns of the contract, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from risk_model.csv_text import csv_text, harmless
from risk_model.errors import DataRefused, UsageError
from risk_model.whole_files import write_whole

COLUMNS = (
    "rank",
    "account_id",
    "account_name",
    "segment",
    "csm",
    "arr",
    "renewal_date",
    "as_of",
    "horizon_days",
    "escalation_probability",
    "risk_level",
    "suggested_severity",
    "escalation_tier",
    "likely_cause",
    "reason_1",
    "reason_2",
    "reason_3",
    "rules_fired",
    "recommended_action",
    "acknowledge_by",
    "update_every_hours",
    "owner_role",
    "executive_sponsor",
    "arr_at_risk",
    "previous_rank",
    "change",
    "state",
    "waiting_on",
    "recovery_stage",
    "data_coverage",
    "model_version",
    "run_id",
)
ESCALATED_COLUMNS = (
    "account_id",
    "account_name",
    "csm",
    "arr",
    "escalation_id",
    "opened_at",
    "days_open",
    "suggested_severity",
    "rules_fired",
    "acknowledge_overdue",
    "next_update_due",
    "sponsor_due",
    "overdue",
)
# What a list may be ranked by, and its column.
POLICIES = {"probability": "escalation_probability", "arr-at-risk": "arr_at_risk"}
# Keys are never altered: an importer matches by them.
KEYS = ("account_id", "escalation_id")


@dataclass(frozen=True)
class Watchlist:
    """A ranked list, the accounts that are escalated already, and the record of the run."""

    ranked: pd.DataFrame
    escalated: pd.DataFrame
    run: Mapping[str, Any]

    def write(self, out: Path, more: Mapping[Path, bytes] | None = None) -> tuple[Path, ...]:
        """Write ``X.csv``, ``X.escalated.csv``, ``more`` and, last, ``X.run.json``, each whole.

        Everything is on disk under temporary names before the first file takes its place, so a
        run that is cut off leaves the old list whole; ``run.json`` holds the hashes of all.
        """
        parts = self.files(out, more)
        write_whole(parts)
        return tuple(parts)

    def files(self, out: Path, more: Mapping[Path, bytes] | None = None) -> dict[Path, bytes]:
        """Return the bytes of each file of the list, the record last."""
        escalated, record = beside(out)
        parts = {out: as_csv(self.ranked), escalated: as_csv(self.escalated), **(more or {})}
        hashes = {path.name: hashlib.sha256(data).hexdigest() for path, data in parts.items()}
        run = {**self.run, "sha256": hashes}
        parts[record] = (json.dumps(run, indent=2, ensure_ascii=False) + "\n").encode()
        return parts


def beside(out: Path) -> tuple[Path, Path]:
    """Return the paths of the escalated list and of the run's record for a list's path."""
    stem = out.name.removesuffix(".csv")
    return out.with_name(f"{stem}.escalated.csv"), out.with_name(f"{stem}.run.json")


def as_csv(frame: pd.DataFrame) -> bytes:
    """Return a frame as UTF-8 CSV: ``\\n``, RFC 4180 quoting, text harmless in a spreadsheet."""
    safe = frame.copy()
    probability = safe.get("escalation_probability")
    if probability is not None and pd.api.types.is_numeric_dtype(probability):
        # What is not known is an empty cell, and not the text "nan".
        safe["escalation_probability"] = probability.map("{:.4f}".format, na_action="ignore")
    for name in safe.columns:
        if name not in KEYS and not pd.api.types.is_numeric_dtype(safe[name]):
            safe[name] = harmless(safe[name])
    return csv_text(safe)


def ranked(rows: pd.DataFrame, policy: str) -> pd.DataFrame:
    """Return the rows in the order of the policy, ties by ``account_id``, with ``rank`` from 1."""
    by = POLICIES[policy]
    order = rows.assign(_by=rows[by].fillna(-1.0)).sort_values(
        ["_by", "account_id"], ascending=[False, True], ignore_index=True
    )
    return order.drop(columns="_by").assign(rank=np.arange(1, len(order) + 1))


def check_previous(previous: Path | None, as_of: str) -> None:
    """Raise as ``with_previous`` does, before any work is done."""
    if previous is not None:
        _read_previous(previous, as_of)


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
            escalated = pd.read_csv(beside_it, dtype=str, keep_default_na=False)
            accounts |= set(escalated["account_id"])
        except (OSError, KeyError, ValueError) as error:
            raise UsageError(
                f"{beside_it.name}: not the escalated accounts of {previous.name} ({error}). "
                "Give the list as it was written."
            ) from None
    return accounts


def _read_previous(path: Path, as_of: str | None) -> dict[str, int]:
    try:
        old = pd.read_csv(path, dtype={"account_id": str}, keep_default_na=False, na_values=[""])
        ranks = dict(zip(old["account_id"], old["rank"].astype(int), strict=True))
        days = {str(date.fromisoformat(str(day))) for day in old["as_of"].unique()}
    except (OSError, KeyError, ValueError) as error:
        raise UsageError(
            f"--previous {path.name}: not a watchlist ({error}). Give the CSV of the last run."
        ) from None
    if as_of is not None and any(day >= as_of for day in days):
        still = ", or export the tables anew where they have not moved since then"
        raise DataRefused(
            f"--previous {path.name}: it is of {max(days)}, not before {as_of}. "
            f"Give the list of an earlier day{still if max(days) == as_of else ''}."
        )
    return ranks
