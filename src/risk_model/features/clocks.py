"""Our clocks on a ticket: how long it has been with us, and when it is due.

While the status of a ticket says that it waits for the customer our clocks stand still: its due
date moves on by as long as it waited, and the hours that it has had its priority are those that
it was with us. A promised date is no clock and does not move, but where it passes while we wait
for the customer it is none that we missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from risk_model.engines import Engine
from risk_model.features.extremes import greatest, smallest
from risk_model.features.priorities import exported_priority, priorities_of
from risk_model.features.silences import from_when, statuses_of, told_by
from risk_model.features.sources import Source
from risk_model.tables.known import waits_for

Frame = nw.LazyFrame[Any]
Expr = nw.Expr
# What a ticket itself says, besides its opening and its priority.
SAID = frozenset({"resolved_at", "sla_due_at", "promised_for"})


def clocks_of(engine: Engine, tickets: Source, events: Source | None) -> Source:
    """Return a source of a ticket's stretches of time, in one side's hands and of one priority.

    In each ``from_time`` is as long ago as the ticket has been with us under its ``priority``, and
    ``due_at`` is its due date, moved on by the waits that began before it; while it waits for the
    customer both are none, and ``promised_for`` is told only where it had passed before. A stretch
    ends at ``until_time`` and is known from when it began. Without a log nothing waits for the
    customer.
    """
    late = waits_for(tickets.known, SAID)
    about = ["account_id", *sorted({*SAID, *late, "row_known"})]
    known = {name: since for name, since in tickets.known.items() if name in SAID | late}
    known |= {"due_at": known["sla_due_at"]} if "sla_due_at" in known else {}
    missing = tickets.missing & {*SAID, *late, "priority"}
    missing |= {"due_at"} if "sla_due_at" in missing else set()
    if events is None or events.missing & {"kind"}:
        # Read off the ticket, it is as good as the table itself; what is put in order is computed.
        frame = engine.named(_without_log(tickets, about))
    else:
        stints = priorities_of(engine, tickets, events).frame
        told = _told(tickets, events, stints)
        beside = tickets.frame.select("ticket_id", *about)
        frame = engine.keep(_stretches(told.join(beside, on="ticket_id", how="inner")))
    return Source("clocks", "tickets", frame, "from_time", known, frozenset(missing))


def _without_log(tickets: Source, about: Sequence[str]) -> Frame:
    """Return a ticket's stretches where no log tells of it: one, or two if its priority came late.

    Nothing is put in order for it: a company may have tens of millions of tickets.
    """
    opened, prioritised = from_when(tickets, "opened_at"), exported_priority(tickets)
    begins, sets = (nw.when(told).then(moment) for told, moment in (opened, prioritised))
    times = tickets.frame.with_columns(begins=begins, sets=sets)
    parted = nw.col("begins") != nw.col("sets")
    latest = greatest("begins", "sets")
    never = nw.lit(None, dtype=nw.Int64)
    first = times.filter(~nw.col("begins").is_null() | ~nw.col("sets").is_null()).with_columns(
        time=smallest("begins", "sets"), until_time=nw.when(parted).then(latest)
    )
    second = times.filter(parted).with_columns(time=latest, until_time=never)
    frame = nw.concat([first, second], how="vertical")
    has_priority = nw.col("time") >= nw.col("sets")
    return frame.select(
        "ticket_id",
        *(name for name in about if name != "row_known"),
        "until_time",
        from_time=nw.when(has_priority).then(nw.col("sets")),
        priority=nw.when(has_priority).then(nw.col("priority").cast(nw.String)),
        due_at=nw.col("sla_due_at"),
        row_known=greatest("row_known", "time"),
        row_key=nw.concat_str(nw.col("ticket_id"), nw.col("time").cast(nw.String), separator="|"),
    )


def _told(tickets: Source, events: Source, stints: Frame) -> Frame:
    """Return (ticket_id, time, turn, sets, priority) of all that parts one stretch from the next.

    ``turn`` is 1 where it is the customer's from there on, 0 where it is not, and -1 where that
    stays; ``sets`` is 1 where a priority begins.
    """
    # Of two priorities in one second the first never was.
    lasts = nw.col("until_time").is_null() | (nw.col("until_time") > nw.col("from_time"))
    begun = {"sets": nw.lit(1), "priority": nw.col("priority")}
    parts = [_part(*told_by(tickets, "opened_at"))]
    parts.append(_part(stints.filter(lasts), nw.col("from_time"), **begun))
    statuses, time, turn = statuses_of(events)
    parts.append(_part(statuses, time, turn=turn))
    logged, time = told_by(events, "occurred_at", "kind")
    reopened = logged.filter(nw.col("kind").cast(nw.String) == "reopened")
    parts.append(_part(reopened, time, turn=nw.lit(0)))
    once = nw.concat(parts, how="vertical").group_by("ticket_id", "time")
    return once.agg(*(nw.col(name).max() for name in ("turn", "sets", "priority")))


def _part(rows: Frame, time: Expr, **told: Expr) -> Frame:
    usual = {"turn": nw.lit(-1), "sets": nw.lit(0), "priority": nw.lit(None, dtype=nw.String)}
    values = usual | told
    return rows.select(
        "ticket_id",
        time=time,
        turn=values["turn"].cast(nw.Int64),
        sets=values["sets"].cast(nw.Int64),
        priority=values["priority"].cast(nw.String),
    )


def _stretches(told: Frame) -> Frame:
    """Return a ticket's stretches from one moment of ``told`` to the next, with their clocks."""
    at, waited = nw.col("time"), nw.col("waited")

    def so_far(value: Expr) -> Expr:
        return value.cum_sum().over("ticket_id", order_by="time")

    told = told.with_columns(
        until_time=at.shift(-1).over("ticket_id", order_by="time"),
        stint=so_far(nw.col("sets")),
        hands=so_far(nw.when(nw.col("turn") == 0).then(1).otherwise(0)),
    )
    theirs = nw.when(nw.col("turn") == 1).then(at)
    told = told.with_columns(
        theirs_from=theirs.min().over("ticket_id", "hands"),
        priority=nw.col("priority").max().over("ticket_id", "stint"),
    )
    waits = (at >= nw.col("theirs_from")).fill_null(False)
    lasted = (nw.col("until_time") - at).fill_null(0)
    told = told.with_columns(waits=waits, waited=nw.when(waits).then(lasted).otherwise(0))
    told = told.with_columns(paused=so_far(waited) - waited)
    in_time = at < nw.col("sla_due_at") + nw.col("paused")
    told = told.with_columns(
        moves=nw.when(in_time).then(waited).otherwise(0),
        with_us=(at - nw.col("paused")).min().over("ticket_id", "stint"),
    )
    told = told.with_columns(moved=so_far(nw.col("moves")) - nw.col("moves"))
    ours, has_priority = ~nw.col("waits"), nw.col("stint") > 0
    missed = nw.col("promised_for") < nw.col("theirs_from")
    return told.with_columns(
        from_time=nw.when(ours & has_priority).then(nw.col("with_us") + nw.col("paused")),
        due_at=nw.when(ours).then(nw.col("sla_due_at") + nw.col("moved")),
        promised_for=nw.when(ours | missed).then(nw.col("promised_for")),
        row_known=greatest("row_known", "time"),
        row_key=nw.concat_str(nw.col("ticket_id"), at.cast(nw.String), separator="|"),
    )
