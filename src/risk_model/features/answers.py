"""When a message of a customer's was answered: by whatever we next send the account, or by a talk.

A call and a held meeting are a conversation of both sides, whoever logged them: what was asked
before has been talked about, and what was said in a call waits for nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from risk_model.features.extremes import greatest

Frame = nw.LazyFrame[Any]
NEVER = 1 << 60


def with_answers(frame: Frame, late: Sequence[str], held: Frame | None) -> Frame:
    """Add ``answered_at``: when we next had a word with the account after a message of theirs.

    Any message of ours counts, whatever its thread: a call after an e-mail is an answer. ``late``
    are the times from which it is known whose a message is and how it came, where that is later
    than the message; ``held`` are the meetings that were held (account_id, sent_at, message_id,
    our_time).
    """
    order = ["sent_at", "is_ours", "message_id"]
    ours = (nw.col("direction") == "outbound") | (nw.col("channel") == "call")
    told = ours
    for since in late:
        told = told & ~nw.col(since).is_null()
    frame = frame.with_columns(
        is_ours=nw.when(ours).then(1).otherwise(0),
        # A running minimum gives nothing for unknown values, so what is no answer is NEVER.
        our_time=nw.when(told).then(greatest("row_known", *late)).otherwise(NEVER),
        is_message=nw.lit(1),
    )
    if held is not None:
        frame = nw.concat([frame, _like(frame, held)], how="vertical")
    next_ours = nw.col("our_time").cum_min(reverse=True).over("account_id", order_by=order)
    frame = frame.with_columns(next_ours=next_ours).filter(nw.col("is_message") == 1)
    answered = nw.when(nw.col("next_ours") < NEVER).then(nw.col("next_ours"))
    helpers = ("is_ours", "our_time", "is_message", "next_ours")
    return frame.with_columns(answered_at=answered).drop(*helpers)


def held_meetings(meetings: Frame, late: Sequence[str]) -> Frame:
    """Return the held meetings as words of both sides; ``late`` says from when that is known."""
    told = (~nw.col(since).is_null() for since in late)
    held = meetings.filter(nw.col("status") == "held", *told)
    return held.select(
        "account_id",
        sent_at=nw.col("scheduled_at"),
        message_id=nw.col("meeting_id"),
        our_time=greatest("row_known", "scheduled_at", *late),
    )


def _like(frame: Frame, held: Frame) -> Frame:
    """Return meetings with all columns of messages, most of them empty."""
    own = {"is_ours": nw.lit(1), "is_message": nw.lit(0)}
    own |= {name: nw.col(name) for name in ("account_id", "sent_at", "message_id", "our_time")}
    columns = (
        own.get(name, nw.lit(None)).cast(kind).alias(name)
        for name, kind in frame.collect_schema().items()
    )
    return held.select(*columns)
