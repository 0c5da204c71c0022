"""From when a value is known: one rule, for features, for earlier days and for open escalations."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from risk_model.tables.contract import Table
from risk_model.tables.priorities import OF_PRIORITIES
from risk_model.tables.staging import KNOWN


def known_from(table: Table, there: Collection[str]) -> dict[str, str]:
    """Lead each column to the time column from which it is known; none leads to its row.

    ``there`` are the columns that exist: what a mapping says stands in ``known__X`` and wins. A
    time that tells of itself, as ``closed_at``, is known from the later of itself and of what the
    mapping says, so each of the two leads to the other.
    """
    known = {column.name: column.known_at for column in table.columns if column.known_at}
    for column in table.columns:
        said = f"{KNOWN}{column.name}"
        if said in there:
            if column.known_at == column.name:
                known[said] = column.name
            known[column.name] = said
    return known | {name: name for name in OF_PRIORITIES & set(there)}


def waits_for(known: Mapping[str, str], columns: Iterable[str]) -> set[str]:
    """Return all time columns that have to lie in the past for these columns to be known.

    A value that is known from a time which is itself known late waits for both.
    """
    found: set[str] = set()
    new = {known[name] for name in columns if name in known}
    while new:
        found |= new
        new = {known[name] for name in new if name in known} - found
    return found
