"""When another CSM took over, from the versions of an account."""

from __future__ import annotations

from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]
Expr = nw.Expr


def with_csm_changes(frame: Frame, known: str | None) -> Frame:
    """Add ``csm_changed``: 1 where a version of an account names another CSM than the one before.

    Versions stand in the order in which they were known, so that none hangs on a later one. A name
    in other letters, or with blanks around it, is the same name.
    """
    frame = frame.with_columns(csm_named=nw.col("csm").str.strip_chars().str.to_lowercase())

    def before(name: str) -> Expr:
        return nw.col(name).shift(1).over("account_id", order_by=["row_known", "row_key"])

    frame = frame.with_columns(csm_before=before("csm_named"))
    changed = nw.col("csm_named") != nw.col("csm_before")
    if known is not None:
        # A name that came to be known later than this version's own was not the one before it.
        frame = frame.with_columns(before_known=before(known))
        changed = changed & (nw.col("before_known") <= nw.col(known))
    return frame.with_columns(csm_changed=nw.when(changed).then(1).otherwise(0))
