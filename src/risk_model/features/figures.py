"""The figure of a verb, as one aggregate over the rows that a snapshot sees."""

from __future__ import annotations

import narwhals as nw

from risk_model.catalogue import Feature
from risk_model.features.days import days_of, weeks_of
from risk_model.timeline import DAY

Expr = nw.Expr


def figure_of(feature: Feature, test: Expr | None, at: str, now: Expr | int) -> Expr:
    """Return the aggregate of a verb over the rows that pass ``test``; ``at`` dates them.

    What is found as a moment is its epoch second: see ``as_days``.
    """

    def of(value: Expr) -> Expr:
        return value if test is None else nw.when(test).then(value)

    verb = feature.verb
    if verb in ("count", "open", "ever", "distinct", "most_common"):
        return _rows(test).alias(feature.name)
    if verb == "slope":
        return _slope(feature, test, at, now).alias(feature.name)
    if verb == "oldest":
        at = feature.interval.start if feature.interval else at
    column = nw.col(feature.column or at)
    if verb == "sum":
        value = of(column.cast(nw.Float64))
        figure = sum_of(value.sum(), value.count(), _rows(test))
    elif verb == "total":
        figure = of(column.cast(nw.Float64)).sum()
    elif verb == "mean":
        figure = of(column.cast(nw.Float64)).mean()
    elif verb in ("maximum", "since"):
        figure = of(column).max()
    else:
        figure = of(column).min()
    return figure.alias(feature.name)


def sum_of(total: Expr, filled: Expr, rows: Expr) -> Expr:
    """Return a sum; rows without a value are not zero, no rows at all are: NaN keeps them apart."""
    return nw.when((filled > 0) | (rows == 0)).then(total).otherwise(float("nan"))


def slope_of(feature: Feature, weighted: Expr, total: Expr) -> Expr:
    """Return the least-squares change a week, as a share of the weekly mean; unknown without one.

    ``weighted`` is the sum of each value times its week's distance from the window's middle.
    """
    weeks = (feature.window or 0) // 7
    spread = sum((week - (weeks - 1) / 2) ** 2 for week in range(weeks)) or 1.0
    slope = weighted.cast(nw.Float64) / spread
    return nw.when(total > 0).then(slope / (total.cast(nw.Float64) / weeks))


def from_the_middle(feature: Feature, days: Expr) -> Expr:
    """Return how many weeks after the middle of the window; ``days`` back from its end, from 0.

    Weeks count back from the end of the window, so the latest has the largest value.
    """
    weeks = (feature.window or 0) // 7
    return (weeks - 1) / 2 - weeks_of(days)


def _slope(feature: Feature, test: Expr | None, at: str, now: Expr | int) -> Expr:
    days = days_of(now - feature.lag * DAY - 1 - nw.col(at))
    x = from_the_middle(feature, days)
    value = nw.lit(1.0) if feature.column == "rows" else nw.col(feature.column or "")
    value = value.cast(nw.Float64)
    weighted = nw.when(test).then(value * x) if test is not None else value * x
    total = nw.when(test).then(value) if test is not None else value
    return slope_of(feature, weighted.sum(), total.sum())


def _rows(test: Expr | None) -> Expr:
    return nw.len() if test is None else nw.when(test).then(1).count()
