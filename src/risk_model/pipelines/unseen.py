"""Accounts of which nothing is known, or not what they write: that is not *fine*."""

from __future__ import annotations

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model.engines.duckdb import DuckDBEngine
from risk_model.explain import QUIET
from risk_model.pipelines.line import Line
from risk_model.respond import Response
from risk_model.tables.contract import CONTRACT
from risk_model.timeline import DAY

UNSEEN = "No row of this account in any table of events: nothing is known of how it fares"
MOST_NAMED = 5


def without_rows(line: Line, accounts: pd.Series[str], day: int) -> NDArray[np.bool_]:
    """Say of each account whether no event table has a row of it that is known by a day number.

    Accounts whose ids are written otherwise in every export look like this.
    """
    left = set(accounts.tolist())
    present = [name for name in CONTRACT if name in line.tables.present and CONTRACT[name].is_event]
    # A question to the tables as they were read, whatever measures them.
    asking = DuckDBEngine(line.tables.connection)
    # The largest table is asked last, and only if some account is in no other.
    for name in sorted(present, key=lambda name: name == "usage"):
        if left:
            with line.tables.unmoved():
                known = asking.table(name).filter(nw.col("row_known") < day * DAY)
                found = asking.pandas(known.select("account_id").unique())
                left -= set(found["account_id"].tolist())
    return accounts.isin(list(left)).to_numpy(bool)


def with_unseen(rows: pd.DataFrame, unseen: NDArray[np.bool_], how: Response) -> pd.DataFrame:
    """Return the list's rows, those of unseen accounts saying so and not that all is quiet."""
    quiet = unseen & (rows["reason_1"] == QUIET).to_numpy(bool)
    calm = quiet & (rows["recommended_action"] == how.first_step.nothing).to_numpy(bool)
    return rows.assign(
        reason_1=rows["reason_1"].mask(quiet, UNSEEN),
        recommended_action=rows["recommended_action"].mask(calm, how.first_step.unseen),
    )


def unseen_sentence(listed: pd.DataFrame, unseen: frozenset[str]) -> list[str]:
    """Return a sentence on the unseen accounts of a list, or nothing where there is none."""
    found, named = _named(listed, unseen)
    if not found:
        return []
    return [
        f"accounts on the list without a single row in any event table: {found:,} of "
        f"{len(listed):,} ({named}). Nothing is known of how they fare; see that the exports have "
        "their ids as accounts has them"
    ]


def unread_sentence(listed: pd.DataFrame, unread: frozenset[str]) -> list[str]:
    """Return a sentence on the accounts of a list that write what nobody here understands."""
    found, named = _named(listed, unread)
    if not found:
        return []
    return [
        "accounts on the list that wrote within 4 weeks in a language that is not understood: "
        f"{found:,} of {len(listed):,} ({named}). Where that is most of what they wrote, rules on "
        "what they say are not measured; phrases of the language may be added in features/lexicons"
    ]


def _named(listed: pd.DataFrame, accounts: frozenset[str]) -> tuple[int, str]:
    """Return how many of some accounts are on a list, and the first of them by name."""
    found = sorted(accounts & set(listed["account_id"].tolist())) if accounts else []
    return len(found), ", ".join(found[:MOST_NAMED]) + (", …" if len(found) > MOST_NAMED else "")
