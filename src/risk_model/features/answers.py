"""When a message of a customer's was answered, or needed no answer any more.

A call and a held meeting are a conversation of both sides, whoever logged them: what was asked
before has been talked about, and what was said in a call waits for nobody. What a machine of ours
sent is no answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from operator import and_
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


def is_automatic_text(text: str) -> bool:
    """Say the same of one text of ours."""
    return bool(re.search(_BEGINS, text) or re.search(_HOLDS, text))


def with_answers(
    frame: Frame,
    late: Sequence[str],
    held: Frame | None,
    settled_by: Sequence[str] | None,
) -> Frame:
    """Add ``answered_at``: when we next had a word with the account after a message of theirs.

    Any message of ours counts that somebody wrote, whatever its thread: a call after an e-mail is
    an answer. A message of theirs that thanks and asks for nothing ends the waiting of what has the
    same value in one of the columns ``settled_by`` (thread, author), of all where there is no such
    column, and of nothing where it is None: the texts were not heard. ``late`` are the times from
    which all this is known, where that is later than the message; ``held`` are the meetings that
    were held (account_id, sent_at, message_id, end_time).
    """
    order = ["sent_at", "is_ours", "message_id"]
    sent, talked = nw.col("direction") == "outbound", nw.col("channel") == "call"
    ours = sent | talked
    since = greatest("row_known", *late)
    told = [~nw.col(name).is_null() for name in late]
    spoke = reduce(and_, told, (sent & (nw.col("automatic") == 0)) | talked)
    thanked = reduce(and_, told, (nw.col("direction") == "inbound") & (nw.col("mere_thanks") > 0))
    # A running minimum gives nothing for unknown values, so what ends nothing is NEVER.
    frame = frame.with_columns(
        is_ours=nw.when(ours).then(1).otherwise(0),
        end_time=nw.when(spoke).then(since).otherwise(NEVER),
        is_message=nw.lit(1),
    )
    if held is not None:
        frame = nw.concat([frame, _like(frame, held)], how="vertical")
    next_end = nw.col("end_time").cum_min(reverse=True).over("account_id", order_by=order)
    frame = frame.with_columns(next_end=next_end).filter(nw.col("is_message") == 1)
    if settled_by is not None:
        frame = frame.with_columns(end_time=nw.when(thanked).then(since).otherwise(NEVER))
        for name in settled_by or ("account_id",):
            frame = _settled(frame, name, order)
    answered = nw.when(nw.col("next_end") < NEVER).then(nw.col("next_end"))
    helpers = ("is_ours", "end_time", "is_message", "next_end")
    return frame.with_columns(answered_at=answered).drop(*helpers)


def _settled(frame: Frame, name: str, order: Sequence[str]) -> Frame:
    """Let a thank-you end what has the same value in the column, where it has any."""
    thanked = nw.col("end_time").cum_min(reverse=True)
    thanked = thanked.over(*{"account_id": 0, name: 0}, order_by=order)
    earlier = (thanked < nw.col("next_end")) & ~nw.col(name).is_null()
    return frame.with_columns(next_end=nw.when(earlier).then(thanked).otherwise(nw.col("next_end")))


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
