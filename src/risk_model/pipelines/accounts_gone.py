"""Where so many accounts are gone that a list of the rest would mislead."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from risk_model.errors import DataRefused
from risk_model.last_list import last_accounts
from risk_model.pipelines.line import Line
from risk_model.pipelines.since_last import WORDS, left_since
from risk_model.tables.amiss import why_refused

# An account is refused or leaves singly; that half of them do is an export gone wrong.
MOST = 0.5
# Of fewer accounts half may go in a week.
A_COMPANY = 10


def refuse_accounts_gone(line: Line, customers: pd.DataFrame, previous: Path | None) -> None:
    """Raise DataRefused where most accounts are refused, or most of the last list's are gone.

    Whoever imports the list would take everybody else off it. Accounts that are there under other
    ids are not counted: they are listed.
    """
    reasons = [*_mostly_refused(line), *_mostly_gone(line, customers, previous)]
    if reasons:
        raise DataRefused(reasons)


def _mostly_refused(line: Line) -> list[str]:
    accounts = line.tables.report.tables["accounts"]
    lost = accounts.accounts_lost
    kept = line.tables.frame("accounts", "account_id")["account_id"].nunique()
    if lost < A_COMPANY or lost <= MOST * (kept + lost):
        return []
    return [
        f"{accounts.place}: {lost:,} of {kept + lost:,} accounts are refused "
        f"({why_refused(accounts)}), so a list would be one of the few others. Mend the export, or "
        "say in sources.yaml how it is to be read; a column that may be missing can be left out. "
        "Which rows they are says: risk-model check"
    ]


def _mostly_gone(line: Line, customers: pd.DataFrame, previous: Path | None) -> list[str]:
    if previous is None:
        return []
    last = len(last_accounts(previous))
    left = left_since(line, previous, customers["account_id"])
    gone = {why: accounts for why, accounts in left.items() if why != "of_other_ids" and accounts}
    count = sum(map(len, gone.values()))
    if count < A_COMPANY or count <= MOST * last:
        return []
    told = "; ".join(f"{len(accounts):,} {WORDS[why]}" for why, accounts in gone.items())
    return [
        f"{count:,} of the {last:,} accounts of {previous.name} are no customers today ({told}). "
        "Is the export of accounts whole? If it is, leave --previous out this once."
    ]
