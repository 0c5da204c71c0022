"""Which versions of an account are ever the current one."""

from __future__ import annotations

from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]
# Before every date that a table may hold, in epoch seconds: a version without a date.
SINCE_EVER = -(10**11)


def without_history_told_late(frame: Frame) -> Frame:
    """Drop the versions that were told when a later one was known and in force already.

    Of the versions known on a day the one with the latest ``valid_from`` counts, so what is filled
    in of the past afterwards is never the current one. Whether a version stays hangs only on those
    known before it or with it. ``valid_from`` is in epoch seconds.
    """
    frame = frame.with_columns(in_force_from=nw.col("valid_from").fill_null(SINCE_EVER))
    order = ("row_known", "in_force_from", "row_key")
    latest = nw.col("in_force_from").cum_max().over("account_id", order_by=order)
    frame = frame.with_columns(latest_by_then=latest)
    frame = frame.filter(nw.col("in_force_from") >= nw.col("latest_by_then"))
    return frame.drop("in_force_from", "latest_by_then")
