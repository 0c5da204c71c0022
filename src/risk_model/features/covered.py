"""Which days a log of escalations covers: where it begins late or has stopped, nobody knows.

Escalations are seldom, so days without one prove nothing. But where nearly every week has one,
months without any are months of which nobody kept the log, and no account of theirs stayed quiet.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from risk_model.timeline import date_of

# How unlikely so many weeks without an escalation have to be before they count as not recorded.
BY_CHANCE = 1e-3
# Holidays are no gap in the log, however many escalations there are otherwise.
A_PAUSE = 6.0
# Fewer weeks with one tell nothing of how long a pause may be.
A_LOG = 8


@dataclass(frozen=True)
class Covered:
    """The day numbers ``[first, until)`` of which escalations are on record, and what is said."""

    first: int
    until: int
    said: tuple[str, ...] = ()


def covered(opened: Collection[int], begins: int, until: int) -> Covered:
    """Return which part of the days ``[begins, until)`` a log of escalations covers.

    ``opened`` are the day numbers on which escalations opened. Weeks with one among the weeks from
    the first to the last tell how long a pause may be; a short log is given some weeks without.
    """
    days = [day for day in opened if day < until]
    first, last = min(days, default=begins), max(days, default=begins)
    weeks, busy = (last - first) // 7 + 1, len({(day - first) // 7 for day in days})
    if busy < A_LOG:
        return Covered(begins, until)
    pause = max(A_PAUSE, math.log(BY_CHANCE) / math.log(1 - busy / (weeks + 2)))
    before, after = (first - begins) / 7, (until - 1 - last) / 7
    often = f"though {busy} of {weeks} weeks have one"
    said = []
    if before > pause:
        said.append(
            f"the escalations begin on {date_of(first)}, {before:.0f} weeks after the rest, {often}"
            ": days before that have no label and are not learnt from"
        )
    if after > pause:
        said.append(
            f"the last escalation is of {date_of(last)}, {after:.0f} weeks ago, {often}: days "
            "that look past it have no label and are not learnt from. Is the export whole?"
        )
    return Covered(
        first if before > pause else begins, last + 1 if after > pause else until, tuple(said)
    )
