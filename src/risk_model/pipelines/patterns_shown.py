"""Patterns across accounts as tables for the terminal."""

from __future__ import annotations

from typing import Any

import pandas as pd
from rich.console import Group
from rich.table import Table
from rich.text import Text

from risk_model.brief.unrecorded import told_with
from risk_model.patterns.load import NOBODY
from risk_model.pipelines.patterns import Patterns

TITLES = {
    "systemic": "Systemic: the same thing again and again",
    "silent": "Silent leavers: they fade without a complaint",
    "loud": "Loud: they complain, so they still care",
    "load": "Load per CSM, hours a week",
    "moves": "A proposal to spread the load",
    "repeated": "The same kind again at one account",
    "log": "Log of escalations, newest first",
}
SHOWN = {
    "systemic": ("says", "first", "last"),
    "silent": ("account_name", "csm", "arr", "risk_level", "reason_1", "recommended_action"),
    "loud": ("account_name", "csm", "arr", "risk_level", "reason_1", "recommended_action"),
    "load": (
        "csm",
        "accounts",
        "high",
        "medium",
        "escalated",
        "arr_at_risk",
        "hours",
        "hours_after",
    ),
    "moves": ("says",),
    "repeated": ("says",),
    "log": (
        "escalation_id",
        "account_name",
        "opened",
        "severity",
        "description",
        "root_cause",
        "approach",
        "outcome",
    ),
}
NOTHING = {
    "systemic": "Nothing is systemic.",
    "silent": "Nobody fades in silence.",
    "loud": "Nobody at risk complains.",
    "load": "No account has a CSM.",
    "moves": "The load needs no spreading, or nothing may be moved.",
    "moves-of-nobody": "It is not known who is CSM of any account, so nothing can be proposed.",
    "repeated": "No kind came back.",
    "log": "No escalation is on record.",
}
# The tables that each is told by: of what is not recorded it is no news that nothing shows.
TOLD_BY = {
    "systemic": ("tickets", "incidents", "escalations"),
    "silent": ("usage", "messages", "tickets"),
    "loud": ("messages",),
    "repeated": ("escalations",),
    "log": ("escalations",),
}
NUMBERS = ("arr", "accounts", "high", "medium", "escalated", "arr_at_risk", "hours", "hours_after")


def shown(found: Patterns, top: int = 10) -> Group:
    """Return every table with its first ``top`` rows, and what has to be said about them."""
    parts: list[Text | Table] = [Text(f"Across accounts as of {found.as_of}", style="bold")]
    for name, table in found.tables.items():
        parts += [Text(""), _table(name, table, top, _nothing(name, found))]
        left = len(table) - top
        if left > 0:
            parts.append(Text(f"{left} more in the file of --out.", style="dim"))
    parts += [Text(note, style="yellow") for note in found.notes]
    return Group(*parts)


def _nothing(name: str, found: Patterns) -> str:
    """Return what is said where a table has no row."""
    load = found.tables.get("load")
    unknown = load is not None and len(load) > 0 and bool((load["csm"] == NOBODY).all())
    nothing = NOTHING["moves-of-nobody" if name == "moves" and unknown else name]
    tables = TOLD_BY.get(name, ())
    # Whether somebody complains is told by messages and tickets, whatever tells that they fade.
    enough = ("messages", "tickets") if name == "silent" else tables
    is_told = not tables or any(table not in found.gone for table in enough)
    return told_with(nothing if is_told else "", found.gone, tables).strip()


def _table(name: str, rows: pd.DataFrame, top: int, nothing: str) -> Table | Text:
    if rows.empty:
        return Text(f"{TITLES[name]}: {nothing}")
    table = Table(title=TITLES[name], title_justify="left", header_style="bold", pad_edge=False)
    for column in SHOWN[name]:
        heading = "" if column == "says" else column.removesuffix("_name").replace("_", " ")
        table.add_column(heading, justify="right" if column in NUMBERS else "left")
    for row in rows.head(top).to_dict("records"):
        table.add_row(*(Text(_cell(column, _called(row).get(column))) for column in SHOWN[name]))
    return table


def _called(row: dict[Any, Any]) -> dict[Any, Any]:
    """Return a row in which an account without a name goes by its id."""
    name = row.get("account_name")
    return row if isinstance(name, str) and name else {**row, "account_name": row.get("account_id")}


def _cell(column: str, value: Any) -> str:
    missing = not isinstance(value, str) and pd.isna(value)
    if column == "csm" and (missing or value == ""):
        return "(nobody)"
    if missing:
        return ""
    if column in ("hours", "hours_after"):
        return f"{value:,.1f}"
    return f"{value:,.0f}" if column in NUMBERS else str(value)
