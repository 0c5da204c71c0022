"""The silences of a ticket: from its opening to our first word, and from each word to the next.

A word of ours is a reply by a person or a change of the status that the customer sees; internal
notes and handing the ticket on are none, and an automatic reply ends no silence. While the status
says that the ticket waits for the customer nobody waits for us: that is no silence, until the
status changes or the ticket is reopened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import reduce
from operator import and_
from typing import Any

import narwhals as nw

from risk_model.engines import Engine
from risk_model.features.answers import NEVER
from risk_model.features.extremes import greatest
from risk_model.features.sources import Source
from risk_model.tables.priorities import OF_PRIORITIES

Frame = nw.LazyFrame[Any]
Expr = nw.Expr
# What parts one stretch of a ticket's time from the next; "status" is looked at by itself.
PARTS = ("public_reply", "automatic_reply", "reopened")
# Status values of common desks for *it is the customer's turn*, in small letters.
_WAITS = "pend|wait|hold"
_FOR_THEM = "customer|client|contact|requester|requestor|user|caller|reporter|info"
WITH_CUSTOMER = rf"^\s*pending\s*$|({_WAITS}).*({_FOR_THEM})"
WITH_A_TEAM = r"(customer|client|user) (success|support|service|care)"


def is_with_customer(status: str) -> bool:
    """Say whether a status says that it is the customer's turn."""
    status = status.lower()
    return bool(re.search(WITH_CUSTOMER, status)) and not re.search(WITH_A_TEAM, status)


def silences_of(engine: Engine, tickets: Source, events: Source | None) -> Source:
    """Return a source of a ticket's stretches of time, with the ticket's columns.

    In each, ``from_time`` is since when we have been silent (none while it waits for the customer,
    ``with_customer_from``), ``until_time`` when the stretch ended, ``replies`` how many there were
    so far, and ``automatic`` 1 where an automatic reply is all that came since. A stretch is known
    from when it began. Without a log of tickets nothing is known after the first response, so only
    the silence before it is told.
    """
    logged = events if events is not None and not events.missing & {"kind"} else None
    frame = _all_stretches(tickets, logged) if logged else _first_stretch(tickets)
    resolved, priority = tickets.known["resolved_at"], tickets.known.get("priority")
    frame = frame.with_columns(
        row_known=greatest("row_known", "time"),
        row_key=nw.concat_str(nw.col("ticket_id"), nw.col("time").cast(nw.String)),
    )
    return Source(
        "silences",
        "ticket_events" if logged else "tickets",
        # What was put in order is computed once; the rest is as good as the table itself.
        engine.keep(frame) if logged else engine.named(frame),
        "from_time",
        {
            "resolved_at": resolved,
            resolved: "resolved_at",
            **({"priority": priority} if priority else {}),
            **{column: column for column in OF_PRIORITIES & set(tickets.known)},
        },
        frozenset(
            (tickets.missing & {"priority", "resolved_at"})
            | ({"from_time"} if "first_response_at" in tickets.missing and not logged else set())
        ),
    )


def _first_stretch(tickets: Source) -> Frame:
    """Return the stretch from a ticket's opening to the first response, which may be to come."""
    opened, time = from_when(tickets, "opened_at")
    answered: Expr = nw.lit(None, dtype=nw.Int64)
    if "first_response_at" not in tickets.missing:
        told, moment = from_when(tickets, "first_response_at")
        answered = nw.when(told).then(moment)
    frame = tickets.frame.filter(opened).with_columns(time=time, until_time=answered)
    frame = frame.filter(nw.col("until_time").is_null() | (nw.col("until_time") > nw.col("time")))
    return frame.select(
        "ticket_id",
        "time",
        "until_time",
        *_about(tickets),
        replies=nw.lit(0),
        from_time=nw.col("time"),
        with_customer_from=nw.lit(None, dtype=nw.Int64),
        automatic=nw.lit(0),
    )


def _all_stretches(tickets: Source, events: Source) -> Frame:
    """Return every stretch of a ticket that its own times and its log tell of."""
    parts = [_own(tickets, "opened_at")]
    if "first_response_at" not in tickets.missing:
        parts.append(_own(tickets, "first_response_at", reply=1))
    parts += [_logged(events), _statuses(events)]
    once = nw.concat(parts, how="vertical").group_by("ticket_id", "time")
    frame = _stretches(once.agg(*(nw.col(name).max() for name in _TOLD)))
    about = tickets.frame.select("ticket_id", *_about(tickets))
    return frame.join(about, on="ticket_id", how="inner")


def _about(tickets: Source) -> list[str]:
    """Return the ticket's columns that stand beside each of its stretches."""
    resolved, priority = tickets.known["resolved_at"], tickets.known.get("priority")
    columns = {"opened_at", "resolved_at", "priority", resolved, "row_known"}
    columns |= OF_PRIORITIES & set(tickets.known)
    return ["account_id", *sorted(columns | {priority or "row_known"})]


# What parts stretches tells: a silence begins; a reply by a person; an automatic one; whether it is
# the customer's turn from here on (1), is not (0), or is as it was (-1).
_TOLD: Mapping[str, int] = {"begins": 1, "reply": 0, "automatic": 0, "turn": -1}


def _stretches(told: Frame) -> Frame:
    """Return a ticket's stretches from one moment of ``told`` to the next.

    All running figures stand in one order, so that it is sorted once.
    """
    at = nw.col("time")

    def last(name: str, value: int) -> Expr:
        # A running maximum gives nothing for unknown values, so what is nothing is long ago.
        moment = nw.when(nw.col(name) == value).then(at).otherwise(-NEVER)
        return moment.cum_max().over("ticket_id", order_by="time")

    stretches = told.with_columns(
        until_time=at.shift(-1).over("ticket_id", order_by="time"),
        replies=nw.col("reply").cum_sum().over("ticket_id", order_by="time"),
        silent=last("begins", 1),
        last_automatic=last("automatic", 1),
        theirs=last("turn", 1),
        ours=last("turn", 0),
    )
    waits = nw.col("theirs") > nw.col("ours")
    begun = stretches.filter(nw.col("silent") > -NEVER)
    return begun.select(
        "ticket_id",
        "time",
        "until_time",
        "replies",
        from_time=nw.when(~waits).then(nw.col("silent")),
        with_customer_from=nw.when(waits).then(nw.col("theirs")),
        automatic=nw.when(nw.col("last_automatic") >= nw.col("silent")).then(1).otherwise(0),
    )


def _own(tickets: Source, time: str, reply: int = 0) -> Frame:
    """Return a ticket's own time as a part, from when it is known."""
    told, known = told_by(tickets, time)
    return _part(told, known, reply=nw.lit(reply))


def _logged(events: Source) -> Frame:
    """Return replies and reopenings as parts."""
    kind = nw.col("kind").cast(nw.String)
    told, time = told_by(events, "occurred_at", "kind")
    return _part(
        told.filter(kind.is_in(list(PARTS))),
        time,
        begins=_flag(kind != "automatic_reply"),
        reply=_flag(kind == "public_reply"),
        automatic=_flag(kind == "automatic_reply"),
        turn=nw.when(kind == "reopened").then(0).otherwise(-1),
    )


def _statuses(events: Source) -> Frame:
    """Return changes of the status as parts: each is a word of ours, and says whose turn it is."""
    told, time, turn = statuses_of(events)
    return _part(told, time, turn=turn)


def statuses_of(events: Source) -> tuple[Frame, Expr, Expr]:
    """Return changes of the status, from when each is known, and 1 where it is theirs, else 0."""
    read = ("kind",) if "value" in events.missing else ("kind", "value")
    told, time = told_by(events, "occurred_at", *read)
    told = told.filter(nw.col("kind").cast(nw.String) == "status")
    turn: Expr = nw.lit(0)
    if "value" not in events.missing:
        value = nw.col("value").cast(nw.String).fill_null("").str.to_lowercase()
        turn = _flag(value.str.contains(WITH_CUSTOMER) & ~value.str.contains(WITH_A_TEAM))
    return told, time, turn


def told_by(source: Source, at: str, *columns: str) -> tuple[Frame, Expr]:
    """Return the rows whose time ``at`` and columns become known, and from when they are."""
    told, moment = from_when(source, at, *columns)
    return source.frame.filter(told), moment


def from_when(source: Source, at: str, *columns: str) -> tuple[Expr, Expr]:
    """Return whether a time of a row and its columns are ever known, and from when."""
    late = source.known_columns(frozenset({at, *columns}), "")
    moments = sorted({at, "row_known", *late})
    return reduce(and_, (~nw.col(name).is_null() for name in moments)), greatest(*moments)


def _flag(test: Expr) -> Expr:
    return nw.when(test).then(1).otherwise(0)


def _part(rows: Frame, time: Expr, **told: Expr) -> Frame:
    """Return (ticket_id, time, what it tells), with the usual where nothing else is said."""
    all_told = {name: told.get(name, nw.lit(usual)) for name, usual in _TOLD.items()}
    numbers = {name: value.cast(nw.Int64) for name, value in all_told.items()}
    return rows.select("ticket_id", time=time, **numbers)
