"""Escalations, and what was done about accounts, as they are known on a day."""

from __future__ import annotations

from typing import Any

from risk_model.tables import Tables, known_rows
from risk_model.timeline import DAY

Rows = list[dict[str, Any]]


def escalations_known(tables: Tables, day: int, account: str | None = None) -> Rows:
    """Return the escalations known on a day, of one account or of all.

    Where no ends are on record an escalation is a moment: it closes as it opens.
    """
    rows = known_rows(tables, "escalations", day, account)
    if "closed_at" not in tables.present.get("escalations", {"closed_at"}):
        rows = [{**row, "closed_at": row["opened_at"]} for row in rows]
    return rows


def outcomes_known(tables: Tables, day: int, account: str | None = None) -> Rows:
    """Return what was done before a day, of one account or of all.

    It is filled in after the list's day, so it is known from when it was done.
    """
    rows = known_rows(tables, "outcomes", day, account)
    return [row for row in rows if row["acted_at"] is not None and row["acted_at"] < day * DAY]
