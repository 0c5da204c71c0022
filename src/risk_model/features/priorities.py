"""The stints of a ticket under one priority: as exported, then as its events changed it."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from risk_model.engines import Engine
from risk_model.features.extremes import greatest
from risk_model.features.sources import Source

Frame = nw.LazyFrame[Any]


def priorities_of(engine: Engine, tickets: Source, events: Source | None) -> Source:
    """Return a source of the stints of a ticket, with the ticket's columns.

    A priority that is only known from a later moment starts there, not at the opening.
    """
    base = tickets.frame
    is_told, start = exported_priority(tickets)
    told = base.filter(is_told).with_columns(from_time=start, stint=nw.lit(""))
    if events is not None and "value" not in events.missing:
        first = told.select("ticket_id", "from_time", "priority", "stint")
        frame = _stints(nw.concat([first, _changes_of_priority(events)], how="vertical"))
        about = base.select("ticket_id", "account_id", "opened_at", "resolved_at", "row_known")
        frame = frame.join(about, on="ticket_id", how="inner")
    else:
        frame = told.with_columns(until_time=nw.lit(None, dtype=nw.Int64))
        frame = frame.select(*_STINT, "account_id", "opened_at", "resolved_at", "row_known")
    frame = frame.with_columns(
        row_key=nw.concat_str(nw.col("ticket_id"), nw.col("stint").fill_null(""), separator="|")
    )
    resolved = tickets.known["resolved_at"]
    if resolved != "resolved_at":
        frame = frame.join(base.select("ticket_id", resolved), on="ticket_id", how="left")
    missing = tickets.missing & {"priority", "resolved_at"}
    return Source(
        "priorities",
        "tickets",
        engine.named(frame),
        "from_time",
        {"resolved_at": resolved, resolved: "resolved_at"},
        frozenset(missing),
    )


def exported_priority(tickets: Source) -> tuple[nw.Expr, nw.Expr]:
    """Return whether a ticket's priority as exported is ever known, and from when."""
    since = tickets.known.get("priority")
    start = greatest("opened_at", "row_known", since) if since else nw.col("row_known")
    return ~nw.col("priority").is_null() & ~nw.col(since or "row_known").is_null(), start


_STINT = ("ticket_id", "from_time", "priority", "stint", "until_time")


def _stints(changes: Frame) -> Frame:
    """Add ``until_time``, at which the ticket's next priority begins."""
    following = nw.col("from_time").shift(-1).over("ticket_id", order_by=["from_time", "stint"])
    return changes.with_columns(until_time=following)


def _changes_of_priority(log: Source) -> Frame:
    """Return (ticket_id, from_time, priority, stint) of the events that set a priority."""
    late = log.known_columns(frozenset({"kind", "value"}), log.event_time)
    told = (~nw.col(name).is_null() for name in late)
    changes = log.frame.filter(nw.col("kind") == "priority", *told).with_columns(
        from_time=greatest("occurred_at", "row_known", *late),
        priority=nw.col("value").str.to_uppercase(),
        stint=nw.col("value"),
    )
    return changes.select("ticket_id", "from_time", "priority", "stint")
