"""Who is a customer on a day, and what to say where nobody is."""

from __future__ import annotations

import pandas as pd

from risk_model.errors import DataRefused
from risk_model.pipelines.line import Line
from risk_model.timeline import DAY, date_of


def customers_of(line: Line, snapshots: pd.DataFrame, day: int) -> pd.DataFrame:
    """Return the snapshots of one day's customers, the index kept.

    Raises DataRefused, with what became of the accounts, where there is not a single one: that is
    an export gone wrong, and an empty list would look like good news.
    """
    customers = snapshots[snapshots["is_customer"]]
    if len(customers):
        return customers
    raise DataRefused(
        f"no account is a customer on {date_of(day)}, so there is nobody to judge: "
        f"{'; '.join(_why(line, snapshots, day))}. Look at contract_start and contract_end in the "
        "export of accounts and at what was refused, with: risk-model check; or give another day "
        "with --as-of."
    )


def _why(line: Line, snapshots: pd.DataFrame, day: int) -> list[str]:
    ends, starts = snapshots["contract_end"], snapshots["contract_start"]
    ended, ahead = ends <= day * DAY, starts > day * DAY
    dated = snapshots[ended | ahead]
    unseen = line.tables.frame("accounts", "account_id")["account_id"].nunique() - len(dated)
    refused = line.tables.report.tables["accounts"].accounts_lost
    said = []
    if ended.any():
        last = date_of(int(ends[ended].max()) // DAY)
        said.append(f"contract ended: {int(ended.sum()):,} (the last on {last})")
    if (ahead & ~ended).any():
        first = date_of(int(starts[ahead & ~ended].min()) // DAY)
        said.append(f"yet to begin: {int((ahead & ~ended).sum()):,} (the first on {first})")
    if unseen:
        said.append(f"nothing known before that day: {unseen:,}")
    if refused:
        said.append(f"refused: {refused:,}")
    return said
