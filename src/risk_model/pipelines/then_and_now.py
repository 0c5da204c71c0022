"""What the tables held when a model was trained or the last list made, and hold no more today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from risk_model.catalogue import Catalogue
from risk_model.errors import DataRefused
from risk_model.tables import Tables
from risk_model.tables.amiss import is_all_refused, why_refused
from risk_model.tables.contract import CONTRACT
from risk_model.tables.quoting import identifier
from risk_model.tables.report import TableReport
from risk_model.tables.single import single
from risk_model.tracking import Champion

Held = Mapping[str, Sequence[str]]
"""Tables by name, and the contract's columns that each has."""

# Fewer bad rows may be a slip of the hand; so many without a single good one are another format.
A_FORMAT = 20
# What hangs on a column besides features; said where it is gone, for no figure shows it.
WITHOUT = {
    ("escalations", "closed_at"): "without it every escalation counts as over at once, so nobody "
    "is listed as escalated",
}


def held(tables: Tables) -> dict[str, list[str]]:
    """Return the tables that have a row left, and the contract's columns that hold something.

    A column that is there and is empty in every row tells as little as one that is not there.
    """
    there = {
        name: [column for column in CONTRACT[name].by_name if column in tables.present[name]]
        for name, report in tables.report.tables.items()
        if report.kept
    }
    return {name: _filled(tables, name, columns) for name, columns in there.items()}


def _filled(tables: Tables, name: str, columns: Sequence[str]) -> list[str]:
    counts = ", ".join(f"count({identifier(column)})" for column in columns)
    with tables.unmoved():
        filled = single(tables.connection, f"SELECT {counts} FROM {identifier(name)}")  # noqa: S608
    return [column for column, count in zip(columns, filled, strict=True) if count]


def held_then(champion: Champion) -> Held:
    """Return what the tables held when a model was trained; nothing for one that does not tell."""
    told = champion.facts.get("tables", {})
    return {str(name): [str(column) for column in columns] for name, columns in told.items()}


def gone(then: Held, tables: Tables, since: str) -> list[str]:
    """Return sentences on tables and columns that were there then and are not today.

    ``since`` says what then was, as in "that model 3 was trained with". A table that is there
    without a row is named by ``feeds_amiss``.
    """
    given = tables.report.tables
    absent = [name for name in then if name in CONTRACT and name not in given]
    now = held(tables)
    lost = {
        name: [column for column in columns if column not in now.get(name, columns)]
        for name, columns in then.items()
        if name in CONTRACT and name in given
    }
    columns = [f"{name}: {', '.join(names)}" for name, names in lost.items() if names]
    said = []
    if absent:
        said.append(f"tables {since}, not there today: {', '.join(absent)}{_cost(absent)}")
    if columns:
        said.append(f"columns {since}, not there or empty today: {'; '.join(columns)}")
    said += [
        f"{table} without {column}: {cost}"
        for (table, column), cost in WITHOUT.items()
        if column in lost.get(table, ())
    ]
    return said


def _cost(absent: Sequence[str]) -> str:
    feeds = [name for name in absent if CONTRACT[name].is_event]
    return ". What needs them is not measured" if feeds else ""


def refuse_unreadable(champion: Champion | None, tables: Tables, catalogue: Catalogue) -> None:
    """Raise DataRefused where of a table that a model was trained with no row is left.

    Every row is refused, or an event table has none: a list would be ranked without it while its
    rows are at hand, or lie where it is exported from. What nothing is measured from may be empty,
    and a handful of rows may be refused. Rules alone refuse none.
    """
    if champion is None:
        return
    measured, then = catalogue.by_table(), held_then(champion)
    asked = [t for name, t in tables.report.tables.items() if name in then and measured.get(name)]
    empty = [table for table in asked if not table.read and CONTRACT[table.name].is_event]
    reasons = [_without_a_row(table, champion) for table in empty]
    reasons += [
        f"{table.place}: all {table.read:,} rows are refused ({why_refused(table)}), and model "
        f"{champion.version} was trained with them. Mend the export or say in sources.yaml how it "
        "is to be read; to score without the table all the same, take it away."
        for table in asked
        if is_all_refused(table) and table.read >= A_FORMAT and not _follows(table, empty)
    ]
    if reasons:
        raise DataRefused(reasons)


def _without_a_row(table: TableReport, champion: Champion) -> str:
    return (
        f"{table.place}: not a single row, and model {champion.version} was trained with some. "
        "Export the table again; to score without it all the same, take it away."
    )


def _follows(table: TableReport, empty: Sequence[TableReport]) -> bool:
    """Whether rows are refused because the table that they belong to is empty."""
    parents = {"ticket_events": "tickets"}
    return any(parents.get(table.name) == one.name for one in empty)
