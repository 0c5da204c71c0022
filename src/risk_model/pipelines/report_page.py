"""The page of a watchlist: from the files of a run, with weekly figures where the tables are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from risk_model.page import Content, list_in, render
from risk_model.page.content import MOST_SERIES
from risk_model.pipelines.line import Line
from risk_model.timeline import day_number
from risk_model.weekly import weekly_series
from risk_model.whole_files import write_whole


def with_series(content: Content, line: Line) -> Content:
    """Return the content with weekly figures of its first accounts, as known on the list's day."""
    day = day_number(date.fromisoformat(str(content.run["as_of"])))
    accounts = content.ranked["account_id"].head(MOST_SERIES).tolist()
    series = weekly_series(line.engine, line.tables.present, accounts, day)
    return replace(content, series=series)


def are_tables_of(content: Content, line: Line) -> bool:
    """Say whether the tables are those that a list was made of, as far as its record tells."""
    return content.run.get("data_fingerprint") in (None, line.tables.fingerprint)


def with_note(content: Content, said: str) -> Content:
    """Return the content with one more note."""
    return replace(content, run={**content.run, "notes": [*content.run.get("notes", ()), said]})


def with_page(
    files: Mapping[Path, bytes], out: Path, html: Path | None, line: Line
) -> dict[Path, bytes]:
    """Return the files of a list with its page before them, so that the record stays last."""
    if html is None:
        return dict(files)
    page = render(with_series(list_in(files, out), line)).encode("utf-8")
    return {html: page, **files}


def write_page(content: Content, out: Path) -> int:
    """Write the page, whole or not at all; return its size in bytes."""
    page = render(content).encode("utf-8")
    write_whole({out: page})
    return len(page)
