"""The watchlist as a short table for the terminal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from io import StringIO
from typing import Any

import pandas as pd
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from risk_model.brief.wording import counted
from risk_model.percent import percent
from risk_model.watchlist import Watchlist

LEVEL_STYLES = {"High": "bold red", "Medium": "yellow", "Low": "green"}
ARROWS = {"up": "[red]▲[/]", "down": "[green]▼[/]", "same": "=", "new": "[cyan]new[/]"}


def shown(watchlist: Watchlist, top: int) -> Group:
    """Return the first ``top`` rows as a table, with a line that says what became of everybody."""
    listed = watchlist.ranked.head(top)
    heading = "Probability" if watchlist.run["calibrated"] else "Score"
    table = Table(
        title="Watchlist as of {as_of}, the next {horizon_days} days".format(**watchlist.run),
        title_justify="left",
        header_style="bold",
        show_lines=False,
        pad_edge=False,
    )
    table.add_column("#", justify="right")
    table.add_column("", justify="center")
    table.add_column("Account", max_width=28)
    table.add_column("ARR", justify="right")
    table.add_column(heading, justify="right")
    table.add_column("Risk")
    table.add_column("If it escalated")
    table.add_column("Why", ratio=3)
    table.add_column("First step", ratio=2)
    shared = _shared_names(watchlist)
    for row in listed.to_dict("records"):
        table.add_row(*_cells(row, shared))
    escalated = [_escalated(watchlist, top)] if len(watchlist.escalated) and top else []
    return Group(table, *escalated, *_notes(watchlist, len(listed)))


def _escalated(watchlist: Watchlist, top: int) -> Table:
    """Return the first accounts that are escalated already, with what is due."""
    table = Table(title="Escalated already", title_justify="left", header_style="bold")
    for name in ("Account", "Since", "Severity", "Acknowledgement", "Next update due", "Sponsor"):
        table.add_column(name)
    shared = _shared_names(watchlist)
    several = watchlist.escalated["account_id"].duplicated(keep=False)
    rows = watchlist.escalated.assign(several=several).head(top)
    for row in rows.to_dict("records"):
        called = _called(row, shared)
        days = f"{row['opened_at'][:10]}, {counted(row['days_open'], 'day')}"
        table.add_row(
            Text(f"{called}, {row['escalation_id']}" if row["several"] else called),
            Text(f"{days}, past its limit" if row["overdue"] else days),
            Text(row["suggested_severity"]),
            Text(acknowledged(row)),
            Text(row["next_update_due"]),
            Text(row["sponsor_due"]),
        )
    return table


def acknowledged(row: Mapping[Any, Any]) -> str:
    """Return whether the acknowledgement of an open escalation is overdue, as far as is known.

    One that came late is overdue no more, and was not in time.
    """
    late = row["acknowledge_overdue"]
    return "not known" if late is None else "overdue" if late else "not overdue"


def _cells(row: dict[Any, Any], shared: Collection[str]) -> list[Text | str]:
    why = [row[f"reason_{n}"] for n in (1, 2) if row[f"reason_{n}"]]
    arr = "" if row["arr"] != row["arr"] else f"{row['arr']:,.0f}"
    return [
        str(row["rank"]),
        ARROWS[row["change"]],
        Text(_called(row, shared)),
        arr,
        percent(row["escalation_probability"]),
        Text(row["risk_level"], style=LEVEL_STYLES[row["risk_level"]]),
        Text(f"{row['suggested_severity']}, tier {row['escalation_tier']}"),
        Text("; ".join(why)),
        Text(row["recommended_action"]),
    ]


def _shared_names(watchlist: Watchlist) -> set[str]:
    """Return the names that more than one account has."""
    columns = ["account_id", "account_name"]
    both = pd.concat([watchlist.ranked[columns], watchlist.escalated[columns]])
    names = both.drop_duplicates("account_id")["account_name"].dropna()
    return set(names[names.duplicated()]) - {""}


def _called(row: Mapping[Any, Any], shared: Collection[str]) -> str:
    """Return an account's name, with its id where the name is another one's too, else the id."""
    name = row["account_name"] if isinstance(row["account_name"], str) else ""
    return f"{name} ({row['account_id']})" if name in shared else name or str(row["account_id"])


def _notes(watchlist: Watchlist, listed: int) -> list[Text]:
    counts = watchlist.run["counts"]
    tables = watchlist.run.get("tables")
    escalated = f"{counts['escalated']} escalated already"
    if tables and not tables.get("escalations", {}).get("kept"):
        escalated = "escalations are not recorded"
    said = (
        f"{listed} of {counts['ranked']} ranked accounts; {escalated}, "
        f"{counts['not_a_customer']} not a customer then, {counts['refused']} refused: "
        f"{counts['accounts_read']} accounts read."
    )
    lines = [Text(said, style="dim")]
    lines += [Text(note, style="yellow") for note in watchlist.run["notes"]]
    return lines


def as_text(shown: RenderableType, width: int = 130) -> str:
    """Return what a terminal would show as plain text."""
    told = StringIO()
    # A console that finds itself in a notebook would display at once, whatever its file.
    plain = Console(width=width, file=told, color_system=None, force_jupyter=False)
    plain.print(shown)
    return told.getvalue().rstrip("\n")


def as_html(shown: RenderableType, width: int = 130) -> str:
    """Return what a terminal would show as HTML, for a notebook."""
    recorder = Console(record=True, width=width, file=StringIO(), force_jupyter=False)
    recorder.print(shown)
    code = (
        '<pre style="font-family:Menlo,DejaVu Sans Mono,monospace;font-size:12px;'
        'line-height:1.2;white-space:pre;overflow-x:auto">{code}</pre>'
    )
    return recorder.export_html(inline_styles=True, code_format=code)


def console() -> Console:
    """Return a console that is wide enough to read where nobody watches."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=160)
