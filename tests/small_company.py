"""A company of a few accounts in CSV files, built row by row for one question."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

from risk_model.settings import load_settings

# The decisions that come with the product, read once for all tests that only look at them.
SETTINGS = load_settings()
Row = dict[str, object]
# The day that lists stand on: the day after the newest event.
AS_OF = dt.date(2026, 3, 30)


def day(ago: int) -> str:
    """Return the day so many days before the list's."""
    return str(AS_OF - dt.timedelta(days=ago))


def moment(days: int, hours: int = 12) -> str:
    """Return a moment on the day so many days before the list's."""
    return f"{day(days)}T{hours:02d}:00:00Z"


def write_tables(folder: Path, **tables: list[Row]) -> Path:
    """Write each table as CSV, with the columns of all of its rows."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def account(account_id: str, **more: object) -> Row:
    """Return an account that has been a customer for two years."""
    return {
        "account_id": account_id,
        "name": f"Firm {account_id}",
        "arr": 1000,
        "contract_start": "2024-03-01",
        **more,
    }


def ticket(number: int, account_id: str, opened: str, **more: object) -> Row:
    """Return a ticket; without more it is a P3 that is open and unanswered."""
    base: Row = {"ticket_id": f"T{number}", "account_id": account_id, "opened_at": opened}
    return {**base, "first_response_at": "", "resolved_at": "", "priority": "P3", **more}


def solved(number: int, account_id: str, ago: int, **more: object) -> Row:
    """Return a ticket that was answered and solved within hours."""
    times = {"first_response_at": moment(ago, 10), "resolved_at": moment(ago, 12)}
    return ticket(number, account_id, moment(ago, 9), **times, **more)


def desk(account_id: str, first: int = 150) -> list[Row]:
    """Return a support desk's log from long ago until yesterday, so that it is measured."""
    return [solved(first, account_id, 150), solved(first + 1, account_id, 1)]
