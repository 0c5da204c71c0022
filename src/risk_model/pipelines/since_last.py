"""Who stood on the last list and stands on none today, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from risk_model.brief.wording import counted
from risk_model.last_list import last_accounts
from risk_model.pipelines.line import Line
from risk_model.tables.strangers import bare

_SHOWN = 5
WORDS = {
    "not_a_customer": "no customer any more",
    "refused": "refused",
    "of_other_ids": "under other ids today, so that they count as new (was the last list saved by "
    "a spreadsheet, or is it of another company?)",
    "not_in_accounts": "not in accounts",
}


def left_since(
    line: Line, previous: Path | None, listed_today: Iterable[str]
) -> dict[str, list[str]]:
    """Return the accounts of the last list that are on neither list today, by what became of them.

    The last list's escalated accounts count where their file lies beside it. Keys are those of
    ``WORDS``; without a last list nothing is returned.
    """
    if previous is None:
        return {}
    last = last_accounts(previous)
    missing = sorted(last - set(listed_today))
    kept = set(line.tables.frame("accounts", "account_id")["account_id"])
    refused = line.tables.lost_accounts()
    near = {bare(account) for account in kept}
    left: dict[str, list[str]] = {reason: [] for reason in WORDS}
    for account in missing:
        if account in kept:
            left["not_a_customer"].append(account)
        elif account in refused:
            left["refused"].append(account)
        elif bare(account) in near or not last & kept:
            left["of_other_ids"].append(account)
        else:
            left["not_in_accounts"].append(account)
    return left


def left_sentence(left: Mapping[str, Sequence[str]]) -> list[str]:
    """Return one sentence on the accounts that left, or nothing where none did."""
    count = sum(map(len, left.values()))
    if not count:
        return []
    parts = [
        f"{len(accounts):,} {WORDS[reason]}: {_some(accounts)}"
        for reason, accounts in left.items()
        if accounts
    ]
    return [
        f"on the last list and on neither today: {counted(count, 'account')}. {'; '.join(parts)}"
    ]


def _some(accounts: Sequence[str]) -> str:
    more = len(accounts) - _SHOWN
    return ", ".join(accounts[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
