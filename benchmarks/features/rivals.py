"""Eight features of usage, by hand in Polars and pandas, and some of them by Featuretools.

Each takes the folder of Parquet files and days, and returns account_id, as_of and what it can of
``NAMES``. Written for speed within what the library offers: weeks summed once in Polars, running
sums and ``merge_asof`` in pandas.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

NAMES = (
    "actions_28d",
    "actions_28d_before",
    "logins_28d",
    "active_users_28d",
    "actions_84d",
    "peak_users_28d",
    "seats",
    "days_since_active",
)
WINDOWED = ("actions_28d", "logins_28d", "active_users_28d", "peak_users_28d")


def with_polars(folder: Path, days: list[int]) -> pd.DataFrame:
    """Sum usage by account and week, and hand each week to the twelve days that see it."""
    import polars as pl

    last, first = max(days), min(days)
    date, active = pl.col("date"), pl.col("actions") > 0
    weeks = (
        pl.scan_parquet(folder / "usage.parquet")
        .filter((date >= first - 84) & (date < last))
        .group_by("account_id", ((last - 1 - date) // 7).alias("w"))
        .agg(
            pl.col("actions", "logins", "active_users").sum(),
            pl.len().alias("n"),
            pl.col("active_users").max().alias("peak"),
            date.filter(active).max().alias("active_date"),
            pl.col("seats").sort_by("date").last(),
        )
    )
    ages = pl.LazyFrame({"s": range(12)}, schema={"s": pl.Int64})
    s, month = pl.col("s"), pl.col("s") < 4
    back = (pl.col("w").cast(pl.Int64) - s).alias("back")
    handed = weeks.join(ages, how="cross").with_columns(back)
    handed = handed.filter((pl.col("back") >= 0) & (pl.col("back") < len(days)))
    made = handed.group_by("account_id", "back").agg(
        pl.col("actions").filter(month).sum().alias("actions_28d"),
        pl.col("actions").filter((s >= 4) & (s < 8)).sum().alias("actions_28d_before"),
        pl.col("logins").filter(month).sum().alias("logins_28d"),
        (pl.col("active_users").filter(month).sum() / pl.col("n").filter(month).sum()).alias(
            "active_users_28d"
        ),
        pl.col("actions").sum().alias("actions_84d"),
        pl.col("peak").filter(month).max().alias("peak_users_28d"),
        pl.col("seats").filter(month).sort_by(s.filter(month)).first().alias("seats"),
        pl.col("active_date").max(),
    )
    as_of = (last - 7 * pl.col("back")).alias("as_of")
    made = made.with_columns(as_of).with_columns(
        (pl.col("as_of") - pl.col("active_date")).alias("days_since_active")
    )
    return made.select("account_id", "as_of", *NAMES).collect().to_pandas()


def with_pandas(folder: Path, days: list[int]) -> pd.DataFrame:
    """Look running sums up at both ends of each window with ``merge_asof``."""
    usage = pd.read_parquet(folder / "usage.parquet").sort_values(["account_id", "date"])
    accounts = usage["account_id"].unique()
    usage["n"] = 1.0
    running = usage[["account_id", "date"]].copy()
    columns = ["actions", "logins", "active_users", "n"]
    running[columns] = usage.groupby("account_id")[columns].cumsum()
    when = pd.to_datetime(usage["date"], unit="D")
    by_day = usage.assign(when=when).set_index("when").groupby("account_id")["active_users"]
    running["peak"] = by_day.rolling("28D").max().to_numpy()
    running["seats"] = usage["seats"].to_numpy()
    running["seats_date"] = usage["date"].to_numpy()
    active = usage["date"].where(usage["actions"] > 0)
    running["active_date"] = active.groupby(usage["account_id"]).ffill()
    running = running.sort_values("date", kind="stable")
    asked = pd.MultiIndex.from_product([sorted(days), accounts], names=["as_of", "account_id"])
    made = asked.to_frame(index=False)

    def before(lag: int) -> pd.DataFrame:
        ends = made.assign(date=(made["as_of"] - lag - 1).astype(running["date"].dtype))
        return pd.merge_asof(ends, running, on="date", by="account_id").fillna(
            dict.fromkeys(columns, 0.0)
        )

    now, month, second, quarter = (before(lag) for lag in (0, 28, 56, 84))
    made["actions_28d"] = now["actions"] - month["actions"]
    made["actions_28d_before"] = month["actions"] - second["actions"]
    made["logins_28d"] = now["logins"] - month["logins"]
    made["active_users_28d"] = (now["active_users"] - month["active_users"]) / (
        now["n"] - month["n"]
    ).replace(0, np.nan)
    made["actions_84d"] = now["actions"] - quarter["actions"]
    recent = now["seats_date"] >= made["as_of"] - 28
    # The window of the last row reaches back from that row, not from the day: look at those days.
    made["peak_users_28d"] = _peaks(usage, made)
    made["seats"] = now["seats"].where(recent)
    since = made["as_of"] - now["active_date"]
    made["days_since_active"] = since.where(since <= 84)
    return made


def _peaks(usage: pd.DataFrame, made: pd.DataFrame) -> pd.Series[Any]:
    """Return the most active users of four weeks: one grouped maximum a day asked for."""
    peaks = []
    for day in made["as_of"].unique():
        rows = usage[(usage["date"] >= day - 28) & (usage["date"] < day)]
        peaks.append(rows.groupby("account_id")["active_users"].max().rename(day))
    told = pd.concat(peaks, axis=1).stack().rename("peak").rename_axis(["account_id", "as_of"])
    return made.merge(told.reset_index(), on=["account_id", "as_of"], how="left")["peak"]


def with_featuretools(folder: Path, days: list[int]) -> pd.DataFrame:
    """Let Featuretools compute four weeks of sums, means and maxima at each cutoff time."""
    import featuretools as ft

    usage = pd.read_parquet(folder / "usage.parquet")
    usage["date"] = pd.to_datetime(usage["date"], unit="D")
    usage["id"] = np.arange(len(usage))
    usage["account_id"] = usage["account_id"].astype(object)
    columns = ["id", "account_id", "date", "actions", "logins", "active_users"]
    accounts = pd.DataFrame({"account_id": usage["account_id"].unique()})
    entities = ft.EntitySet("company")
    entities.add_dataframe(accounts, "accounts", index="account_id")
    entities.add_dataframe(usage[columns], "usage", index="id", time_index="date")
    entities.add_relationship("accounts", "account_id", "usage", "account_id")
    times = pd.to_datetime(pd.Series(sorted(days)), unit="D")
    cutoffs = accounts.merge(times.rename("time"), how="cross")
    made, _ = ft.dfs(
        entityset=entities,
        target_dataframe_name="accounts",
        cutoff_time=cutoffs,
        cutoff_time_in_index=True,
        include_cutoff_time=False,
        training_window="28 days",
        agg_primitives=["sum", "mean", "max"],
        trans_primitives=[],
        max_depth=1,
    )
    made = made.reset_index()
    as_of = (made["time"] - pd.Timestamp(0)).dt.days
    found = {
        "actions_28d": made["SUM(usage.actions)"],
        "logins_28d": made["SUM(usage.logins)"],
        "active_users_28d": made["MEAN(usage.active_users)"],
        "peak_users_28d": made["MAX(usage.active_users)"],
    }
    found = {name: values.astype(float) for name, values in found.items()}
    return pd.DataFrame({"account_id": made["account_id"].astype(str), "as_of": as_of, **found})
