"""The silences of a ticket: from its opening to our first word, and from each word to the next.

A word of ours is a reply by a person or a change of the status that the customer sees; automatic
replies, internal notes and handing the ticket on are none.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw

from risk_model.engines import Engine
from risk_model.features.extremes import greatest
from risk_model.features.sources import Source

Frame = nw.LazyFrame[Any]
WORDS = ("public_reply", "status")


def silences_of(engine: Engine, tickets: Source, events: Source | None) -> Source:
    """Return a source of (from_time, until_time, replies so far) with the ticket's columns.

    Without a log of tickets nothing is known after the first response, so only the silence before
    it is told.
    """
    base = tickets.frame
    words = [_words(base, tickets, "opened_at", 0)]
    if "first_response_at" not in tickets.missing:
        words.append(_words(base, tickets, "first_response_at", 1))
    logged = events is not None and not events.missing & {"kind"}
    if events is not None and logged:
        words.append(_logged(events))
    said = nw.concat(words, how="vertical").group_by("ticket_id", "from_time")
    once = said.agg(reply=nw.col("reply").max())
    order = "from_time"
    once = once.with_columns(
        until_time=nw.col("from_time").shift(-1).over("ticket_id", order_by=order),
        replies=nw.col("reply").cum_sum().over("ticket_id", order_by=order),
    )
    once = once if logged else once.filter(nw.col("replies") == 0)
    resolved, priority = tickets.known["resolved_at"], tickets.known.get("priority")
    columns = {"resolved_at", "priority", resolved, "row_known", *([priority] if priority else [])}
    about = base.select("ticket_id", "account_id", *sorted(columns))
    frame = once.join(about, on="ticket_id", how="inner").with_columns(
        row_key=nw.concat_str(nw.col("ticket_id"), nw.col("from_time").cast(nw.String))
    )
    return Source(
        "silences",
        "ticket_events" if logged else "tickets",
        engine.keep(frame),
        "from_time",
        {
            "resolved_at": resolved,
            resolved: "resolved_at",
            **({"priority": priority} if priority else {}),
        },
        frozenset(
            (tickets.missing & {"priority", "resolved_at"})
            | ({"from_time"} if "first_response_at" in tickets.missing and not logged else set())
        ),
    )


def _words(base: Frame, tickets: Source, time: str, reply: int) -> Frame:
    """Return (ticket_id, from_time, reply) of a ticket's own time, from when it is known."""
    moments = sorted({time, "row_known", *tickets.known_columns(frozenset({time}), "")})
    told = base.filter(*(~nw.col(name).is_null() for name in moments))
    return told.select(
        "ticket_id", from_time=greatest(*moments), reply=nw.lit(reply).cast(nw.Int64)
    )


def _logged(events: Source) -> Frame:
    moments = ["occurred_at", "row_known", *events.known_columns(frozenset({"kind"}), "")]
    told = events.frame.filter(
        nw.col("kind").cast(nw.String).is_in(list(WORDS)),
        *(~nw.col(name).is_null() for name in moments),
    )
    reply = nw.when(nw.col("kind") == "public_reply").then(1).otherwise(0).cast(nw.Int64)
    return told.select("ticket_id", from_time=greatest(*moments), reply=reply)
