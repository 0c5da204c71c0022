"""What was understood of the tables, in figures that add up: read = kept + refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TableReport:
    """One table. ``kept`` counts merged duplicates too, so that read = kept + refused.

    ``reasons`` counts refused rows by reason (a row with two reasons counts under both);
    ``first_day`` and ``last_day`` are those of its rows' own times. ``accounts_lost`` counts, for
    the accounts, those of which no row was kept; a row whose id can't be told counts as one.
    ``late`` counts the rows that were recorded after their own time.
    """

    name: str
    place: str
    read: int
    kept: int
    merged: int
    refused: int
    reasons: Mapping[str, int]
    first_day: dt.date | None
    last_day: dt.date | None
    unknown_columns: tuple[str, ...]
    missing_columns: tuple[str, ...]
    accounts_lost: int = 0
    late: int = 0


@dataclass(frozen=True)
class Report:
    """All tables in the contract's order, and what else is worth a sentence."""

    tables: Mapping[str, TableReport]
    notices: tuple[str, ...] = ()

    @property
    def read(self) -> int:
        """Return the rows read over all tables."""
        return sum(table.read for table in self.tables.values())

    @property
    def refused(self) -> int:
        """Return the rows refused over all tables."""
        return sum(table.refused for table in self.tables.values())
