"""Whole days and weeks out of numbers, in the cheapest way that every engine knows.

``//`` of two expressions is written out by narwhals with tests of type and sign for every row,
several times as dear as everything else in a pass.
"""

from __future__ import annotations

import narwhals as nw

from risk_model.timeline import DAY


def days_of(seconds: nw.Expr) -> nw.Expr:
    """Return the day number of epoch seconds."""
    return (seconds / DAY).floor().cast(nw.Int64)


def weeks_of(days: nw.Expr) -> nw.Expr:
    """Return the whole weeks in a number of days, as a float."""
    return (days / 7).floor()
