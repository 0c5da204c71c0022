"""The same company with another future: what a test of *known when* compares with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from company_rows import DAY, FIRST_DAY, Row, RowMaker
from random_company import Company, random_company
from risk_model.tables.contract import CONTRACT


def another_future(company: Company, as_of: int, seed: int) -> Company:
    """Return the same company up to ``as_of`` 00:00 UTC with another future.

    What is known from then on is changed, thrown away and joined by new rows; what is not known
    yet in rows known before gets other values, known from then on.
    """
    rng = np.random.default_rng(seed)
    days = as_of - FIRST_DAY + 90
    other = random_company(seed, days, len(company.accounts), [as_of, as_of + 1], whole=True)
    maker = RowMaker(rng, days, [as_of, as_of + 1])
    rows = {}
    for name, ours in company.rows.items():
        strangers = [_stranger(name, row, company, as_of, maker) for row in other.rows[name]]
        changed = [_changed(name, row, strangers, company, as_of, maker) for row in ours]
        rows[name] = [row for row in [*changed, *strangers] if row is not None]
    if "ticket_events" in rows:
        tickets = {row["ticket_id"]: row["row_known"] for row in rows["tickets"]}
        events = [row for row in rows["ticket_events"] if row["ticket_id"] in tickets]
        for row in events:
            row["row_known"] = max(row["row_known"], tickets[row["ticket_id"]])
        rows["ticket_events"] = events
    return replace(company, rows=rows)


def _stranger(name: str, row: Row, company: Company, as_of: int, maker: RowMaker) -> Row:
    """Return a row of another company as one that becomes known here from ``as_of`` on."""
    row = dict(row)
    for key in ("ticket_id", "survey_id", "message_id", "meeting_id", "task_id", "incident_id"):
        if key in row and row[key] is not None:
            row[key] = f"new-{row[key]}"
    if "escalation_id" in row:
        row["escalation_id"] = f"new-{row['escalation_id']}"
    row["row_known"] = max(row["row_known"], as_of * DAY + maker.pick(0, 0, 1, 5 * DAY))
    for column in company.late.get(name, ()):
        row[f"known__{column}"] = row["row_known"]
    for column in set(row) & (set(CONTRACT[name].by_name) - company.present[name]):
        row[column] = None
    return row


def _changed(
    name: str, row: Row, strangers: list[Row], company: Company, as_of: int, maker: RowMaker
) -> Row | None:
    """Return a row with another future, or None where it never comes."""
    now, late = as_of * DAY, company.late.get(name, ())
    if row["row_known"] >= now:
        return dict(row) if maker.some(0.3) else None
    row = dict(row)
    for column, spec in CONTRACT[name].by_name.items():
        since = f"known__{column}" if column in late else spec.known_at
        if since is None or column not in company.present[name] or maker.some(0.3):
            continue
        if row[since] is None or row[since] >= now:
            _rewrite(row, column, since, now, strangers, maker)
        elif spec.known_at == column and row[column] is not None and row[column] >= now:
            row[column] = maker.pick(now, now + 1, now + 9 * DAY)
    return row


def _rewrite(
    row: Row, column: str, since: str, now: int, strangers: list[Row], maker: RowMaker
) -> None:
    """Give a value that is not known at ``now`` another one, or another time to become known."""
    if since == column:
        row[column] = maker.pick(None, now, now + 1, now + 9 * DAY)
        return
    row[column] = maker.pick(None, *(other[column] for other in strangers[:5]))
    if since == f"known__{column}":
        row[since] = maker.pick(None, now, now + 1, now + 9 * DAY)
