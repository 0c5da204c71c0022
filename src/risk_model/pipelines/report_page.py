"""The page of a watchlist: from the files of a run, with weekly figures where the tables are."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from risk_model.page import Content, render
from risk_model.page.content import MOST_SERIES
from risk_model.pipelines.line import Line
from risk_model.timeline import day_number
from risk_model.watchlist import write_whole
from risk_model.weekly import weekly_series


def with_series(content: Content, line: Line) -> Content:
    """Return the content with weekly figures of its first accounts, as known on the list's day."""
    day = day_number(date.fromisoformat(str(content.run["as_of"])))
    accounts = content.ranked["account_id"].head(MOST_SERIES).tolist()
    series = weekly_series(line.engine, line.tables.present, accounts, day)
    return replace(content, series=series)


def write_page(content: Content, out: Path) -> int:
    """Write the page, whole or not at all; return its size in bytes."""
    page = render(content).encode("utf-8")
    write_whole({out: page})
    return len(page)
