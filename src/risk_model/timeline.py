"""Days, and the clock of the product: what is known when. Pure, no input or output.

The edge is the same everywhere, in expressions, in SQL and in Python. A *snapshot* is an account on
a day; ``as_of`` is that day at 00:00 UTC, held as a day number (days since 1970-01-01). A fact with
the epoch second ``t`` is known at the snapshot iff ``t < as_of * 86400``.
The label looks at ``[as_of, as_of + horizon)``.
"""

from __future__ import annotations

import datetime as dt

DAY = 86_400
HOUR = 3_600
EPOCH = dt.date(1970, 1, 1)
# Days ahead that a probability speaks of, unless a run says otherwise.
DEFAULT_HORIZON = 30


def day_of(seconds: int) -> int:
    """Return the day number of an epoch second (UTC)."""
    return seconds // DAY


def day_number(day: dt.date) -> int:
    """Return the days since 1970-01-01 of a date."""
    return (day - EPOCH).days


def date_of(day: int) -> dt.date:
    """Return the date of a day number."""
    return EPOCH + dt.timedelta(days=day)


def today() -> int:
    """Return the day number of today (UTC)."""
    return day_number(dt.datetime.now(dt.UTC).date())
