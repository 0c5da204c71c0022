"""Snapshots: which account is a customer on which day, who it is then, and what came after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from risk_model.catalogue import Feature, Interval
from risk_model.engines import Engine
from risk_model.features.calendar import Calendar
from risk_model.features.days import days_of
from risk_model.features.following import next_escalation
from risk_model.features.grid import Grid
from risk_model.features.latest import latest_rows
from risk_model.features.seen import seen_features
from risk_model.features.sources import Source, open_source
from risk_model.tables.contract import CONTRACT
from risk_model.timeline import DAY, today

Frame = nw.LazyFrame[Any]
Present = Mapping[str, frozenset[str]]
ACCOUNT_COLUMNS = tuple(
    column.name
    for column in CONTRACT["accounts"].columns
    if column.name not in ("account_id", "valid_from")
)


def snapshots_on(engine: Engine, present: Present, days: Iterable[int]) -> pd.DataFrame:
    """Return every account on every day on which a version of it is known.

    Columns: ``account_id``, ``as_of`` (day number), the account's columns as of that day,
    ``is_customer``, and ``is_escalated`` (an escalation is open). Sorted by day and account.
    A customer's contract has begun and not ended; without a start, a first row anywhere is known.
    """
    calendar = Calendar(engine, Grid.of(days))
    accounts = open_source(engine, "accounts", present)
    if accounts is None:
        raise ValueError("the accounts table is missing")
    versions = latest_rows(engine, accounts, calendar)
    first = engine.keep(_first_rows(engine, present, accounts))
    frame = versions.join(first, on="account_id", how="left")
    known = {name: accounts.known.get(name) for name in ACCOUNT_COLUMNS}
    columns = [_as_known(name, since) for name, since in known.items()]
    frame = frame.select("account_id", "as_of", "position", "first_day", *columns)
    escalated = _open_escalations(engine, present, calendar)
    if escalated is not None:
        frame = frame.join(escalated, on=["account_id", "position"], how="left")
    snapshots = engine.pandas(frame)
    count = snapshots.get("open_escalations", pd.Series(0.0, index=snapshots.index))
    snapshots = snapshots.assign(
        is_customer=_is_customer(snapshots), is_escalated=count.fillna(0).to_numpy(float) > 0
    )
    snapshots = snapshots.drop(
        columns=["position", "first_day", "open_escalations"], errors="ignore"
    )
    return snapshots.sort_values(["as_of", "account_id"], ignore_index=True)


def labels_of(
    snapshots: pd.DataFrame,
    escalations: pd.DataFrame,
    horizon: int,
    known_until: int,
    gap: int = 0,
) -> pd.Series[float]:
    """Return each label: 1 where an escalation opens in ``[as_of + gap, as_of + gap + horizon)``.

    ``escalations`` has ``account_id`` and ``opened_at`` (epoch seconds), perhaps ``closed_at``. NaN
    where the horizon runs past ``known_until`` (a day number: everything before it is known), for
    accounts with an escalation open already, though it was written down only later, and for those
    that escalate within the gap: nobody could be ahead.
    """
    ahead = next_escalation(snapshots, escalations) - snapshots["as_of"].to_numpy(float)
    label = (ahead < gap + horizon).to_numpy(float)
    unknown = (snapshots["as_of"] + gap + horizon > known_until).to_numpy(bool)
    is_open = snapshots["is_escalated"].to_numpy(bool) | _is_open(snapshots, escalations)
    label[unknown | is_open | (ahead < gap).to_numpy(bool)] = np.nan
    return pd.Series(label, index=snapshots.index, name="label")


def _is_open(
    snapshots: pd.DataFrame, escalations: pd.DataFrame
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Mark snapshots on which an escalation was open, whenever it was told of.

    Without ``closed_at`` an escalation is a moment, and never open.
    """
    if "closed_at" not in escalations.columns:
        return np.zeros(len(snapshots), dtype=bool)
    spans = escalations[["account_id", "opened_at", "closed_at"]]
    asked = snapshots[["account_id", "as_of"]].assign(row=np.arange(len(snapshots)))
    met = asked[asked["account_id"].isin(spans["account_id"])].merge(spans, on="account_id")
    begins = met["as_of"] * DAY
    met = met[(met["opened_at"] < begins) & (met["closed_at"].isna() | (met["closed_at"] > begins))]
    return np.isin(np.arange(len(snapshots)), met["row"])


def settled_on(
    snapshots: pd.DataFrame, escalations: pd.DataFrame, horizon: int, gap: int = 0
) -> pd.Series[int]:
    """Return the day number from which each label can be known as ``labels_of`` tells it.

    That is the horizon's end, or where the escalation was written down later (``row_known``, epoch
    seconds), the day after that: until then everybody took the account for a quiet one.
    """
    end = snapshots["as_of"].astype("int64") + gap + horizon
    told = escalations.assign(
        opened=escalations["opened_at"] // DAY, told=escalations["row_known"] // DAY + 1
    )
    late = told.loc[told["told"] > told["opened"] + 1, "account_id"].unique()
    asked = snapshots.loc[snapshots["account_id"].isin(late), ["account_id", "as_of"]]
    met = asked.assign(row=asked.index).merge(told[["account_id", "opened", "told"]])
    first = met["as_of"] + gap
    within = (met["opened"] >= first) & (met["opened"] < first + horizon)
    known = met[within].groupby("row")["told"].min()
    return end.combine(known.reindex(end.index).fillna(end), max).astype("int64").rename("settled")


def newest_day(engine: Engine, present: Present, until: int | None = None) -> int:
    """Return the day after the newest event of any event table; at the latest today.

    ``until`` is the day number of today. A list of tomorrow would take for overdue what is due
    tonight. What lies after today is announced or mistyped, and has not happened. Meetings are
    looked at only where nothing else is there: a calendar reaches into the future.
    """
    present_day = today() if until is None else until
    tomorrow = present_day + 1
    newest = []
    for name in _of_events(present):
        known_at = CONTRACT[name].row_known_at
        scale = DAY if CONTRACT[name].by_name[known_at[0]].kind == "date" else 1
        times = [nw.col(column).cast(nw.Int64) * scale for column in known_at]
        by_now = [nw.when(time < tomorrow * DAY).then(time).max() for time in times]
        told = {f"time_{place}": time for place, time in enumerate(by_now)}
        latest = engine.pandas(engine.table(name).select(**told)).to_numpy(dtype=float)
        newest += [int(value) // DAY for value in latest.ravel() if not np.isnan(value)]
    if newest:
        return min(max(newest) + 1, present_day)
    return present_day if yet_to_come(engine, present, present_day) else 0


def yet_to_come(engine: Engine, present: Present, until: int | None = None) -> dict[str, int]:
    """Return by table how many rows are of a time after today (``until``); meetings may be."""
    return _known_from(engine, present, (today() if until is None else until) + 1)


def of_the_day(engine: Engine, present: Present, day: int) -> dict[str, int]:
    """Return by table how many rows became known on a day."""
    later = _known_from(engine, present, day + 1)
    since = _known_from(engine, present, day)
    counts = {name: count - later.get(name, 0) for name, count in since.items()}
    return {name: count for name, count in counts.items() if count}


def _known_from(engine: Engine, present: Present, day: int) -> dict[str, int]:
    counts = {}
    for name in _of_events(present):
        later = engine.table(name).filter(nw.col("row_known") >= day * DAY).select(n=nw.len())
        counts[name] = int(engine.pandas(later)["n"].iloc[0])
    return {name: count for name, count in counts.items() if count and name != "meetings"}


def _of_events(present: Present) -> list[str]:
    names = [name for name, table in CONTRACT.items() if name in present and table.is_event]
    return [name for name in names if name != "meetings"] or names


def _is_customer(snapshots: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
    as_of = snapshots["as_of"].to_numpy(float)
    start = snapshots["contract_start"].to_numpy(float) / DAY
    end = snapshots["contract_end"].to_numpy(float) / DAY
    begun = np.where(
        np.isnan(start), snapshots["first_day"].to_numpy(float) < as_of, start <= as_of
    )
    return begun & ~(end <= as_of)


def _as_known(name: str, since: str | None) -> nw.Expr:
    """Return a column of the version, unknown where it became known later than the version."""
    if since is None:
        return nw.col(name)
    return nw.when(days_of(nw.col(since)) < nw.col("as_of")).then(nw.col(name)).alias(name)


def _first_rows(engine: Engine, present: Present, accounts: Source) -> Frame:
    """Return (account_id, first_day): the day on which the account's first row was known.

    Asked is only about accounts without a start, in some version or until it is known.
    """
    own = engine.table("accounts")
    if not {"contract_start"} & {*accounts.missing, *accounts.known}:
        own = own.filter(nw.col("contract_start").is_null())
    startless = engine.keep(own.select("account_id").unique())
    parts = []
    for name, table in CONTRACT.items():
        if name not in present or name == "outcomes":
            continue
        rows = engine.table(name).select("account_id", "row_known")
        if table.known_since_ever:
            rows = rows.filter(nw.col("row_known") > 0)
        rows = rows.join(startless, on="account_id", how="semi")
        parts.append(rows.group_by("account_id").agg(known=nw.col("row_known").min()))
    together = nw.concat(parts, how="vertical").group_by("account_id")
    first = together.agg(first_known=nw.col("known").min())
    return first.select("account_id", first_day=days_of(nw.col("first_known")))


def _open_escalations(engine: Engine, present: Present, calendar: Calendar) -> Frame | None:
    """Return (account_id, position, open_escalations); without ``closed_at`` they are moments."""
    source = open_source(engine, "escalations", present)
    if source is None or "closed_at" in source.missing:
        return None
    count = Feature(
        name="open_escalations",
        means="escalations open now",
        source="escalations",
        open=True,
        interval=Interval.model_validate({"from": "opened_at", "until": "closed_at"}),
    )
    return engine.keep(seen_features(engine, source, [count], calendar))
