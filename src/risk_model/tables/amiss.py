"""Feeds that went wrong: stopped, without a row, or refused, told for the record of a run."""

from __future__ import annotations

from collections.abc import Mapping

from risk_model.tables import reasons
from risk_model.tables.contract import CONTRACT
from risk_model.tables.freshness import stopped_feeds
from risk_model.tables.report import Report, TableReport

# From this share of refused rows on a table is named; a few bad rows are every export's lot.
WORTH_A_NOTE = 0.01
STRANGERS = (reasons.UNKNOWN_ACCOUNT, reasons.UNKNOWN_TICKET)


def feeds_amiss(report: Report, as_of: int) -> list[str]:
    """Return what has to be said of the feeds at day number ``as_of``, a sentence each, or nothing.

    Named are all event tables that have stopped or have no row, every table of which at least 1% of
    the rows are refused, and whatever accounts are refused: they are on no list.
    """
    return [*stopped_feeds(report, as_of), *_without_rows(report), *refusals(report)]


def refusals(report: Report) -> list[str]:
    """Return a sentence on each table of which a notable part of the rows is refused.

    Rows of accounts that are not there are told in one sentence for all tables: where an account is
    missing, they are refused everywhere.
    """
    said = [_refused(table) for table in report.tables.values()]
    return [*(sentence for sentence in said if sentence), *_of_strangers(report)]


def is_all_refused(table: TableReport) -> bool:
    """Say whether a table had rows and none of them was kept."""
    return table.read > 0 and table.kept == 0


def why_refused(table: TableReport) -> str:
    """Return the reasons for which rows are refused, the most frequent first, with their counts."""
    return _told(table.reasons)


def _without_rows(report: Report) -> list[str]:
    empty = [name for name, table in report.tables.items() if not table.read]
    feeds = [name for name in empty if CONTRACT[name].is_event]
    if not feeds:
        return []
    return [f"without a single row: {', '.join(feeds)}. What needs them is not measured"]


def _refused(table: TableReport) -> str | None:
    if not table.refused:
        return None
    why = why_refused(table)
    if table.name == "accounts" and table.accounts_lost:
        return (
            f"{table.place}: accounts on no list, as their rows are refused: "
            f"{table.accounts_lost:,} ({why})"
        )
    if is_all_refused(table):
        return f"{table.place}: all {table.read:,} rows refused ({why})"
    own = table.refused - _strangers(table)
    if not _is_notable(own, table):
        return None
    why = _told({reason: n for reason, n in table.reasons.items() if reason not in STRANGERS})
    return f"{table.place}: {own:,} of {table.read:,} rows refused, {own / table.read:.0%} ({why})"


def _of_strangers(report: Report) -> list[str]:
    named = [
        f"{table.name} {count:,} ({count / table.read:.0%})"
        for table in report.tables.values()
        if not is_all_refused(table) and _is_notable(count := _strangers(table), table)
    ]
    if not named:
        return []
    return [f"refused, as they are of accounts that are not there or refused: {', '.join(named)}"]


def _strangers(table: TableReport) -> int:
    return sum(table.reasons.get(reason, 0) for reason in STRANGERS)


def _is_notable(count: int, table: TableReport) -> bool:
    return count > 0 and count >= WORTH_A_NOTE * table.read


def _told(counts: Mapping[str, int]) -> str:
    return "; ".join(f"{reason}: {count:,}" for reason, count in counts.items())
