"""Days and seconds of the simulated period, and how they are written into a cell."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model.timeline import DAY, HOUR, day_number

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# The period ends on a fixed Sunday and not today: the same arguments have to give the same bytes.
LAST_DAY = dt.date(2026, 6, 28)


@dataclass(frozen=True)
class Period:
    """The days ``first`` (a day number) up to ``first + days`` (excluded)."""

    first: int
    days: int

    @property
    def end(self) -> int:
        """Epoch second at which the period is over (excluded)."""
        return (self.first + self.days) * DAY


def period_of(weeks: int, start: dt.date | None) -> Period:
    """Return the period of ``weeks`` weeks from ``start``, or up to and with ``LAST_DAY``."""
    first = day_number(LAST_DAY) + 1 - weeks * 7 if start is None else day_number(start)
    return Period(first, weeks * 7)


def weekday_of(days: Ints) -> Ints:
    """Return the weekday of day numbers, Monday = 0 (1970-01-01 was a Thursday)."""
    return (days + 3) % 7


def midnight_of(days: Ints) -> Floats:
    """Return the epoch seconds at which day numbers begin."""
    return days.astype(np.float64) * DAY


def office_seconds(days: Ints, rng: np.random.Generator) -> Floats:
    """Return a moment in the office hours (06:00 to 19:00 UTC) of each day number, in seconds."""
    moment: Floats = 6 * HOUR + np.floor(rng.beta(1.6, 1.8, len(days)) * 13 * HOUR)
    return midnight_of(days) + moment


def before_end(seconds: Floats, period: Period) -> Floats:
    """Blank (NaN) every moment that the period does not reach: it has not happened yet."""
    kept: Floats = np.where(seconds < period.end, np.floor(seconds), np.nan)
    return kept


def whole_numbers(values: Floats) -> pd.Series[int]:
    """Return whole numbers as a column that can hold gaps; NaN becomes an empty cell."""
    return pd.Series(values).astype("Int64")


def iso_times(seconds: Floats) -> list[str | None]:
    """Write epoch seconds as ``2026-06-28T09:30:00Z``; NaN becomes None."""
    filled = np.nan_to_num(seconds, nan=0.0).astype("int64").astype("datetime64[s]")
    written = np.datetime_as_string(filled, unit="s")
    return [
        None if gap else f"{text}Z" for text, gap in zip(written, np.isnan(seconds), strict=True)
    ]


def iso_dates(days: Floats | Ints) -> list[str | None]:
    """Write day numbers as ``2026-06-28``; NaN becomes None."""
    as_float = np.asarray(days, dtype=np.float64)
    filled = np.nan_to_num(as_float, nan=0.0).astype("int64").astype("datetime64[D]")
    written = np.datetime_as_string(filled, unit="D")
    return [
        None if gap else str(text) for text, gap in zip(written, np.isnan(as_float), strict=True)
    ]


def holiday_dip(days: Ints) -> Floats:
    """Return the share of normal work done on each day: lowest around the year's end."""
    dates = days.astype("datetime64[D]")
    of_year = (dates - dates.astype("datetime64[Y]")).astype(np.int64)
    work = np.ones(len(days))
    work[(of_year >= 196) & (of_year < 241)] = 0.86
    work[(of_year >= 326) & (of_year < 330)] = 0.7
    work[(of_year >= 356) | (of_year < 3)] = 0.35
    return work
