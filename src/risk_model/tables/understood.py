"""What `risk-model check` says: what was understood of each table, and what was refused and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table as RichTable

from risk_model.csv_text import csv_text, harmless
from risk_model.errors import UsageError
from risk_model.tables.contract import CONTRACT
from risk_model.tables.freshness import cost_of_missing, freshness
from risk_model.tables.opened import Tables
from risk_model.whole_files import whole


@dataclass(frozen=True)
class CheckLine:
    """One table as it was understood; ``state`` is fresh, stopped, register or no rows yet."""

    table: str
    place: str
    read: int
    kept: int
    merged: int
    refused: int
    first_day: dt.date | None
    last_day: dt.date | None
    age_days: int | None
    state: str
    missing: tuple[str, ...]


def check_lines(tables: Tables, as_of: int) -> list[CheckLine]:
    """Return one line a table that was given, in the contract's order, as of day ``as_of``."""
    report, fresh = tables.report, freshness(tables.report, as_of)
    return [
        CheckLine(
            table=name,
            place=report.tables[name].place,
            read=report.tables[name].read,
            kept=report.tables[name].kept,
            merged=report.tables[name].merged,
            refused=report.tables[name].refused,
            first_day=report.tables[name].first_day,
            last_day=report.tables[name].last_day,
            age_days=fresh[name].age_days,
            state=fresh[name].state,
            missing=report.tables[name].missing_columns,
        )
        for name in CONTRACT
        if name in report.tables
    ]


def check_table(lines: list[CheckLine]) -> RichTable:
    """Return the lines as a table for the terminal."""
    shown = RichTable(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    shown.add_column("table", no_wrap=True)
    for heading in ("read", "kept", "merged", "refused"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("first row", no_wrap=True)
    shown.add_column("last row", no_wrap=True)
    shown.add_column("state", min_width=10)
    shown.add_column("columns", justify="right", min_width=7)
    for line in lines:
        figures = [f"{n:,}" for n in (line.read, line.kept, line.merged, line.refused)]
        days = [str(day) if day else "-" for day in (line.first_day, line.last_day)]
        every = len(CONTRACT[line.table].columns)
        columns = f"{every - len(line.missing)}/{every}"
        shown.add_row(line.table, *figures, *days, _state(line), columns)
    return shown


def _state(line: CheckLine) -> str:
    return f"stopped {line.age_days:,} days ago" if line.state == "stopped" else line.state


def check_sentences(tables: Tables, features: Mapping[str, int] | None = None) -> list[str]:
    """Return what else there is to say: refusals by reason, notices, what missing things cost.

    ``features`` tells how many features are made of each table.
    """
    said = [
        f"{report.place}: {count:,} refused: {reason}"
        for report in tables.report.tables.values()
        for reason, count in report.reasons.items()
    ]
    return [*said, *tables.report.notices, *cost_of_missing(tables.report, features)]


def write_refused(tables: Tables, path: Path) -> int:
    """Write the refused rows as CSV (table, line, reason, column, value); return how many lines.

    The file appears whole or not at all. Text that a spreadsheet could take for a formula gets a
    leading ``'``. Raises UsageError where it cannot be written.
    """
    rows = tables.refused()
    told = csv_text(rows.apply(harmless))
    try:
        with whole(path) as (place,):
            place.write_bytes(told)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}).") from error
    return len(rows)
