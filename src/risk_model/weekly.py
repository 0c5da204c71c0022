"""What an account did week by week: the few lines that a person wants to see beside a reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model.engines import Engine
from risk_model.tables.contract import CONTRACT
from risk_model.timeline import DAY

Frame = nw.LazyFrame[Any]
Present = Mapping[str, frozenset[str]]
# The first of these that the export has stands for usage, as in the rules.
USAGE = ("actions", "logins", "active_users")
# Each series and its table.
TABLES = {
    "usage": "usage",
    "tickets": "tickets",
    "messages": "messages",
    "health": "health_scores",
}


def weekly_series(
    engine: Engine, present: Present, accounts: Collection[str], as_of: int, weeks: int = 26
) -> dict[str, pd.DataFrame]:
    """Return for each series a table of accounts by weeks, the oldest week first.

    ``as_of`` is a day number: only what was known before it counts. ``usage`` is the sum of a week,
    ``tickets`` and ``messages`` (from the customer) are counts, ``health`` is the week's mean, NaN
    where no score was given. A series is left out where its table is missing. Accounts without a
    row have 0 for sums and counts, NaN in weeks that the table does not cover: a feed that stopped
    is no customer who stopped.
    """
    told = {}
    for name, rows in _rows(engine, present).items():
        known = rows.filter(nw.col("known") < as_of * DAY, nw.col("day") < as_of)
        own = known.filter(
            nw.col("day") >= as_of - 7 * weeks, nw.col("account_id").is_in(list(accounts))
        ).with_columns(week=weeks - 1 - (as_of - 1 - nw.col("day")) // 7)
        value = nw.col("value").mean() if name == "health" else nw.col("value").sum()
        figures = engine.pandas(own.group_by("account_id", "week").agg(value=value))
        table = figures.pivot_table(index="account_id", columns="week", values="value")
        table = table.reindex(index=list(accounts), columns=np.arange(weeks)).astype(float)
        if name != "health":
            table = table.fillna(0.0)
            table.loc[:, ~_covered(engine, known, as_of, weeks, TABLES[name])] = np.nan
        told[name] = table
    return told


def _covered(engine: Engine, known: Frame, as_of: int, weeks: int, table: str) -> NDArray[np.bool_]:
    """Say of each week whether it lies inside of the table's first and last row, as for features.

    ``known`` are all rows of the table that are known; the oldest week comes first.
    """
    days = nw.col("day")
    ends = engine.pandas(known.select(first=days.min(), last=days.max())).to_numpy(float)[0]
    begins = as_of - 7 * np.arange(weeks, 0, -1)
    grace = CONTRACT[table].grace_days
    # Nothing is below or above the NaN of a table without a row.
    return np.asarray((ends[0] <= begins + grace) & (begins + 6 <= ends[1] + grace))


def _rows(engine: Engine, present: Present) -> dict[str, Frame]:
    """Return for each series (account_id, day, known, value)."""
    rows = {}
    used = next((name for name in USAGE if name in present.get("usage", ())), None)
    if used is not None:
        rows["usage"] = _of(engine, "usage", nw.col("date"), nw.col(used).cast(nw.Float64))
    if "tickets" in present:
        rows["tickets"] = _of(engine, "tickets", nw.col("opened_at") // DAY, nw.lit(1.0))
    if "direction" in present.get("messages", ()):
        # All rows stay, for they say where the table begins and ends.
        theirs = nw.when(nw.col("direction") == "inbound").then(nw.lit(1.0)).otherwise(nw.lit(0.0))
        rows["messages"] = _of(engine, "messages", nw.col("sent_at") // DAY, theirs)
    if "health_scores" in present:
        score = nw.col("score").cast(nw.Float64)
        rows["health"] = _of(engine, "health_scores", nw.col("scored_at") // DAY, score)
    return rows


def _of(engine: Engine, table: str, day: nw.Expr, value: nw.Expr) -> Frame:
    rows = engine.table(table)
    return rows.select("account_id", day=day, known=nw.col("row_known"), value=value)
