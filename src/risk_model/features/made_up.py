"""When a meeting that was missed or cancelled was made up for by one that was held.

One that is held within days is the same meeting on another day; the next of a weekly series, a
week later, is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from risk_model.features.extremes import greatest
from risk_model.timeline import DAY

Frame = nw.LazyFrame[Any]
SOON = 7 * DAY


def with_made_up(frame: Frame, late: Sequence[str]) -> Frame:
    """Add ``made_up_at``: from when a meeting held less than a week after it is known, if any is.

    ``late`` says from when it is known that a meeting was held.
    """
    told = (~nw.col(since).is_null() for since in late)
    held = frame.filter(nw.col("status") == "held", *told).select(
        "account_id",
        week=_week("scheduled_at"),
        held_at=nw.col("scheduled_at"),
        made_up_at=greatest("row_known", "scheduled_at", *late),
    )
    missed = frame.filter(nw.col("status").is_in(["missed", "cancelled"]))
    missed = missed.select("meeting_id", "account_id", "scheduled_at", week=_week("scheduled_at"))
    # Less than a week after it is in its own week or in the next: an account with very many
    # meetings does not have each of them beside each.
    either = nw.concat([missed, missed.with_columns(week=nw.col("week") + 1)], how="vertical")
    pairs = either.join(held, on=["account_id", "week"])
    later = nw.col("held_at") - nw.col("scheduled_at")
    made_up = pairs.filter(later >= 0, later < SOON).group_by("meeting_id")
    return frame.join(made_up.agg(nw.col("made_up_at").min()), on="meeting_id", how="left")


def _week(time: str) -> nw.Expr:
    return (nw.col(time) / SOON).floor().cast(nw.Int64)
