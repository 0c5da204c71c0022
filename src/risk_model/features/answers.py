"""When a message of a customer's was answered: by whatever we next send the account."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from risk_model.features.extremes import greatest

Frame = nw.LazyFrame[Any]
NEVER = 1 << 60


def with_answers(frame: Frame, since: str | None) -> Frame:
    """Add ``answered_at``: when we next wrote to the account after a message of theirs.

    Any message of ours counts, whatever its thread: a call after an e-mail is an answer. ``since``
    says from when it is known whose a message is, where that is later than the message.
    """
    order = ["sent_at", "is_ours", "message_id"]
    ours = nw.col("direction") == "outbound"
    told, known = ours, nw.col("row_known")
    if since is not None:
        told, known = ours & ~nw.col(since).is_null(), greatest("row_known", since)
    frame = frame.with_columns(
        is_ours=nw.when(ours).then(1).otherwise(0),
        # A running minimum gives nothing for unknown values, so what is no answer is NEVER.
        our_time=nw.when(told).then(known).otherwise(NEVER),
    )
    next_ours = nw.col("our_time").cum_min(reverse=True).over("account_id", order_by=order)
    frame = frame.with_columns(next_ours=next_ours)
    answered = nw.when(nw.col("next_ours") < NEVER).then(nw.col("next_ours"))
    return frame.with_columns(answered_at=answered).drop("is_ours", "our_time", "next_ours")
