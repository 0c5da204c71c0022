"""How fresh each table is on a day, and what it costs that a table or a column is not there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from risk_model.tables.contract import CONTRACT
from risk_model.tables.report import Report, TableReport
from risk_model.timeline import date_of, day_number


@dataclass(frozen=True)
class Freshness:
    """A table as of a day: its last row's day before it, the days since, whether the feed stopped.

    ``age_days`` is 1 for a row of the day before. A register (accounts, renewals, outcomes) says
    what is true, not what happened, so it never stops. All three are None where no row is older
    than the day.
    """

    table: str
    last_day: dt.date | None
    age_days: int | None
    stopped: bool | None

    @property
    def state(self) -> str:
        """One word or two for people: fresh, stopped, no rows yet, register."""
        if not CONTRACT[self.table].is_event:
            return "register"
        if self.age_days is None:
            return "no rows yet"
        return "stopped" if self.stopped else "fresh"


def freshness(report: Report, as_of: int) -> dict[str, Freshness]:
    """Return the freshness of every table that was given, at day number ``as_of`` 00:00 UTC."""
    return {name: _of_table(table, as_of) for name, table in report.tables.items()}


def stopped_feeds(report: Report, as_of: int) -> list[str]:
    """Return one sentence on all event tables that have stopped by ``as_of``, or nothing."""
    stopped = [
        f"{one.table} (last row of {one.last_day}, {one.age_days:,} days before)"
        for one in freshness(report, as_of).values()
        if one.stopped
    ]
    if not stopped:
        return []
    return [
        f"stopped feeds, as of {date_of(as_of)}: {', '.join(stopped)}. What needs them is as of "
        "then, or not measured; look at their exports"
    ]


def _of_table(report: TableReport, as_of: int) -> Freshness:
    if report.last_day is None or report.first_day is None:
        return Freshness(report.name, None, None, None)
    if day_number(report.first_day) >= as_of:
        return Freshness(report.name, None, None, None)
    # a table that goes on past the day is as fresh as it can be on it
    last = min(day_number(report.last_day), as_of - 1)
    table = CONTRACT[report.name]
    stopped = table.is_event and as_of - 1 > last + table.grace_days
    return Freshness(report.name, date_of(last), as_of - last, stopped)


def cost_of_missing(report: Report, features: Mapping[str, int] | None = None) -> list[str]:
    """Say in words what is not measured because a table or a column is not there.

    ``features`` tells how many features are made of each table.
    """
    said = []
    for name, table in CONTRACT.items():
        if name not in report.tables:
            said.append(f"no {name}: {_cost(name, features)}")
            continue
        missing = [c for c in report.tables[name].missing_columns if not table.by_name[c].required]
        if missing:
            said.append(f"{name} without {', '.join(missing)}: what needs them is not measured")
    return said


def _cost(name: str, features: Mapping[str, int] | None) -> str:
    if name == "escalations":
        return "nothing to train on or to backtest with; scoring works by the rules alone"
    if features is None:
        return "its features are not measured"
    count = features.get(name, 0)
    if count == 0:
        return "no feature needs it"
    which = "its one feature is" if count == 1 else f"its {count} features are"
    return f"{which} not measured"
