"""Columns that hang on the order of an account's rows: another CSM than before, our next answer."""

from __future__ import annotations

from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]
Expr = nw.Expr
NEVER = 1 << 60


def with_csm_changes(frame: Frame, known: str | None) -> Frame:
    """Add ``csm_changed``: 1 where a version of an account names another CSM than the one before.

    Versions stand in the order in which they were known, so that none hangs on a later one.
    """

    def before(name: str) -> Expr:
        return nw.col(name).shift(1).over("account_id", order_by=["row_known", "row_key"])

    frame = frame.with_columns(csm_before=before("csm"))
    changed = nw.col("csm") != nw.col("csm_before")
    if known is not None:
        # A name that came to be known later than this version's own was not the one before it.
        frame = frame.with_columns(before_known=before(known))
        changed = changed & (nw.col("before_known") <= nw.col(known))
    return frame.with_columns(csm_changed=nw.when(changed).then(1).otherwise(0))


def with_answers(frame: Frame, since: str | None) -> Frame:
    """Add ``answered_at``: when we next wrote to the account after a message of theirs.

    Any message of ours counts, whatever its thread: a call after an e-mail is an answer. ``since``
    says from when it is known whose a message is, where that is later than the message.
    """
    order = ["sent_at", "is_ours", "message_id"]
    ours = nw.col("direction") == "outbound"
    told, known = ours, nw.col("row_known")
    if since is not None:
        told, known = ours & ~nw.col(since).is_null(), nw.max_horizontal("row_known", since)
    frame = frame.with_columns(
        is_ours=nw.when(ours).then(1).otherwise(0),
        # A running minimum gives nothing for unknown values, so what is no answer is NEVER.
        our_time=nw.when(told).then(known).otherwise(NEVER),
    )
    next_ours = nw.col("our_time").cum_min(reverse=True).over("account_id", order_by=order)
    frame = frame.with_columns(next_ours=next_ours)
    answered = nw.when(nw.col("next_ours") < NEVER).then(nw.col("next_ours"))
    return frame.with_columns(answered_at=answered).drop("is_ours", "our_time", "next_ours")
