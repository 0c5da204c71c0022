"""What an account did week by week: the few lines that a person wants to see beside a reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from risk_model.engines import Engine
from risk_model.timeline import DAY

Frame = nw.LazyFrame[Any]
Present = Mapping[str, frozenset[str]]
# The first of these that the export has stands for usage, as in the rules.
USAGE = ("actions", "logins", "active_users")
SERIES = ("usage", "tickets", "messages", "health")


def weekly_series(
    engine: Engine, present: Present, accounts: Collection[str], as_of: int, weeks: int = 26
) -> dict[str, pd.DataFrame]:
    """Return for each series a table of accounts by weeks, the oldest week first.

    ``as_of`` is a day number: only what was known before it counts. ``usage`` is the sum of a week,
    ``tickets`` and ``messages`` (from the customer) are counts, ``health`` is the week's mean, NaN
    where no score was given. A series is left out where its table is missing. Accounts without a
    row have 0 for sums and counts.
    """
    told = {}
    for name, rows in _rows(engine, present).items():
        known = rows.filter(
            nw.col("known") < as_of * DAY,
            nw.col("day") < as_of,
            nw.col("day") >= as_of - 7 * weeks,
            nw.col("account_id").is_in(list(accounts)),
        ).with_columns(week=weeks - 1 - (as_of - 1 - nw.col("day")) // 7)
        value = nw.col("value").mean() if name == "health" else nw.col("value").sum()
        figures = engine.pandas(known.group_by("account_id", "week").agg(value=value))
        table = figures.pivot_table(index="account_id", columns="week", values="value")
        table = table.reindex(index=list(accounts), columns=np.arange(weeks)).astype(float)
        told[name] = table if name == "health" else table.fillna(0.0)
    return told


def _rows(engine: Engine, present: Present) -> dict[str, Frame]:
    """Return for each series (account_id, day, known, value)."""
    rows = {}
    used = next((name for name in USAGE if name in present.get("usage", ())), None)
    if used is not None:
        rows["usage"] = _of(engine, "usage", nw.col("date"), nw.col(used).cast(nw.Float64))
    if "tickets" in present:
        rows["tickets"] = _of(engine, "tickets", nw.col("opened_at") // DAY, nw.lit(1.0))
    if "direction" in present.get("messages", ()):
        frame = engine.table("messages").filter(nw.col("direction") == "inbound")
        rows["messages"] = _selected(frame, nw.col("sent_at") // DAY, nw.lit(1.0))
    if "health_scores" in present:
        score = nw.col("score").cast(nw.Float64)
        rows["health"] = _of(engine, "health_scores", nw.col("scored_at") // DAY, score)
    return rows


def _of(engine: Engine, table: str, day: nw.Expr, value: nw.Expr) -> Frame:
    return _selected(engine.table(table), day, value)


def _selected(frame: Frame, day: nw.Expr, value: nw.Expr) -> Frame:
    return frame.select("account_id", day=day, known=nw.col("row_known"), value=value)
