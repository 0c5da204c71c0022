"""Columns of a table that are made of its others, row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import narwhals as nw

from risk_model.features.answers import is_automatic
from risk_model.features.days import days_of
from risk_model.timeline import DAY, HOUR

Expr = nw.Expr


@dataclass(frozen=True)
class Derived:
    """A column made of others: from when it is known (None: with the row), and how.

    Without the columns in ``needs`` it is not there; ``like`` is one that it does without, and
    with which it is known where that one has a moment of its own.
    """

    known_at: str | None
    expression: Callable[[], Expr]
    needs: tuple[str, ...]
    like: str | None = None


def _hours(until: str, since: str) -> Callable[[], Expr]:
    return lambda: (nw.col(until) - nw.col(since)).cast(nw.Float64) / HOUR


def _is_workday(time: str) -> Expr:
    # 1970-01-01 was a Thursday: (day + 3) % 7 is 0 on Mondays, 5 and 6 on weekends.
    return (days_of(nw.col(time)) + 3) % 7 < 5


def _in_working_hours(time: str) -> Expr:
    """Return 1 from Monday to Friday between 7 and 19 o'clock UTC, else 0."""
    second = nw.col(time) - days_of(nw.col(time)) * DAY
    busy = (second >= 7 * HOUR) & (second < 19 * HOUR)
    return nw.when(_is_workday(time) & busy).then(1).otherwise(0)


def _unplanned() -> Expr:
    """Return 0 for maintenance, else 1: an incident of no or an unknown kind is an incident."""
    return nw.when(nw.col("kind") == "maintenance").then(0).otherwise(1)


def _by_itself() -> Expr:
    """Return 1 where a contract renews by itself, else 0, also where nobody says so."""
    return nw.when(nw.col("auto_renew") == 1).then(1).otherwise(0)


DERIVED: dict[str, dict[str, Derived]] = {
    "tickets": {
        "hours_to_first_response": Derived(
            "first_response_at",
            _hours("first_response_at", "opened_at"),
            ("first_response_at",),
        ),
        "hours_to_resolve": Derived(
            "resolved_at", _hours("resolved_at", "opened_at"), ("resolved_at",)
        ),
    },
    "incidents": {
        "hours_lasting": Derived("ended_at", _hours("ended_at", "started_at"), ("ended_at",)),
        "busy": Derived(None, lambda: _in_working_hours("started_at"), ("started_at",)),
        "unplanned": Derived(None, _unplanned, ("started_at",), like="kind"),
    },
    "renewals": {
        "by_itself": Derived(None, _by_itself, ("renewal_date",), like="auto_renew"),
    },
    "messages": {
        "automatic": Derived(None, is_automatic, ("direction",), like="text"),
    },
    "usage": {
        "weekday_actions": Derived(
            None,
            lambda: nw.when(_is_workday("date")).then(nw.col("actions")),
            ("actions",),
        ),
    },
}
