"""When a message of a customer's was answered, or needed no answer any more.

A call and a held meeting are a conversation of both sides, whoever logged them: what was asked
before has been talked about, and what was said in a call waits for nobody. What a machine of ours
sent is no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from risk_model.features.extremes import greatest

Frame = nw.LazyFrame[Any]
Expr = nw.Expr
NEVER = 1 << 60

# How a message begins that nobody wrote for this customer, and what stands in one only.
_BEGINS = (
    r"(?is)^\W*(?:(?:subject|re|aw|fwd?)\s*:\s*)*(?:"
    r"(?:this is an? )?auto(?:matic|mated|matically)?[ -]?(?:generated )?"
    r"(?:reply|response|answer|message|e-?mail|notification|acknowledge?ment)\b"
    r"|out of (?:the )?office\b|abwesenheit"
    r"|(?:(?:hi|hello|dear|thanks|thank you)\b[^\n.!]{0,60}[.!,\s]+){0,3}"
    r"(?:i am|i'm) (?:currently )?"
    r"(?:out of (?:the )?office|on (?:annual |parental |maternity |sick )?leave|on vacation)\b"
    r"|(?:(?:hi|hello|dear|thanks|thank you)\b[^\n.!]{0,60}[.!,\s]+){0,3}"
    r"(?:your|we have received your|we've received your|we received your) "
    r"(?:ticket|request|case|message|e-?mail|enquiry|inquiry)\b[^\n.!]{0,40}"
    r"(?:has been|was) (?:received|created|logged|registered)\b"
    r"|(?:[^\s.!?]+ ){0,3}newsletter\b)"
)
_HOLDS = (
    r"(?i)(?:view (?:this|it)(?: e-?mail| message| newsletter)? in (?:your|a|the) browser"
    r"|unsubscribe from (?:this|our|these|all) (?:newsletter|mailing|list|e-?mail)"
    r"|do not reply to this (?:e-?mail|message))"
)


def is_automatic() -> Expr:
    """Return 1 for a message of ours that a machine sent (away, received, newsletter), else 0."""
    text = nw.col("text")
    sent = (nw.col("direction") == "outbound") & (
        text.str.contains(_BEGINS) | text.str.contains(_HOLDS)
    )
    return nw.when(sent).then(1).otherwise(0)


def with_answers(frame: Frame, late: Sequence[str], held: Frame | None, hears: bool) -> Frame:
    """Add ``answered_at``: when we next had a word with the account after a message of theirs.

    Any message of ours counts that somebody wrote, whatever its thread: a call after an e-mail is
    an answer. A message of theirs that thanks and asks for nothing ends their waiting, too (where
    the texts were heard: ``hears``). ``late`` are the times from which it is known whose a message
    is, how it came and what it says, where that is later than the message; ``held`` are the
    meetings that were held (account_id, sent_at, message_id, end_time).
    """
    order = ["sent_at", "is_ours", "message_id"]
    sent, talked = nw.col("direction") == "outbound", nw.col("channel") == "call"
    ours = sent | talked
    ends = (sent & (nw.col("automatic") == 0)) | talked
    if hears:
        ends = ends | ((nw.col("direction") == "inbound") & (nw.col("mere_thanks") > 0))
    for since in late:
        ends = ends & ~nw.col(since).is_null()
    frame = frame.with_columns(
        is_ours=nw.when(ours).then(1).otherwise(0),
        # A running minimum gives nothing for unknown values, so what ends nothing is NEVER.
        end_time=nw.when(ends).then(greatest("row_known", *late)).otherwise(NEVER),
        is_message=nw.lit(1),
    )
    if held is not None:
        frame = nw.concat([frame, _like(frame, held)], how="vertical")
    next_end = nw.col("end_time").cum_min(reverse=True).over("account_id", order_by=order)
    frame = frame.with_columns(next_end=next_end).filter(nw.col("is_message") == 1)
    answered = nw.when(nw.col("next_end") < NEVER).then(nw.col("next_end"))
    helpers = ("is_ours", "end_time", "is_message", "next_end")
    return frame.with_columns(answered_at=answered).drop(*helpers)


def held_meetings(meetings: Frame, late: Sequence[str]) -> Frame:
    """Return the held meetings as words of both sides; ``late`` says from when that is known."""
    told = (~nw.col(since).is_null() for since in late)
    held = meetings.filter(nw.col("status") == "held", *told)
    return held.select(
        "account_id",
        sent_at=nw.col("scheduled_at"),
        message_id=nw.col("meeting_id"),
        end_time=greatest("row_known", "scheduled_at", *late),
    )


def _like(frame: Frame, held: Frame) -> Frame:
    """Return meetings with all columns of messages, most of them empty."""
    own = {"is_ours": nw.lit(1), "is_message": nw.lit(0)}
    own |= {name: nw.col(name) for name in ("account_id", "sent_at", "message_id", "end_time")}
    columns = (
        own.get(name, nw.lit(None)).cast(kind).alias(name)
        for name, kind in frame.collect_schema().items()
    )
    return held.select(*columns)
