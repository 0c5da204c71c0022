"""The catalogue as people see it: in words, with what could be measured of a company's data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from rich.table import Table

from risk_model.catalogue import Catalogue
from risk_model.catalogue.describing import described
from risk_model.catalogue.page import Coverage, as_csv, as_markdown, rows_of
from risk_model.errors import UsageError
from risk_model.pipelines.line import Line
from risk_model.timeline import date_of
from risk_model.whole_files import write_whole

_ON_SCREEN = ("feature", "means", "source", "window", "worse when")
_WRITERS = {".md": as_markdown, ".csv": as_csv}


def coverage_of(line: Line, days: Sequence[int]) -> Coverage:
    """Return for each feature the share of customers, over the days, on whom it is measured."""
    snapshots = line.snapshots(days)
    customers = snapshots[snapshots["is_customer"]].reset_index(drop=True)
    measured = line.measure(customers, line.settings.catalogue).notna()
    shares = measured.mean().fillna(0.0)
    when = ", ".join(str(date_of(day)) for day in days)
    what = f"{len(customers):,} customers on {when}"
    return Coverage(what, {str(name): float(share) for name, share in shares.items()})


def shown(catalogue: Catalogue, coverage: Coverage | None = None) -> Table:
    """Return the catalogue as a table for the terminal."""
    title = f"{len(catalogue.features)} features"
    if coverage is not None:
        title += f"; coverage: share of {coverage.what}"
    table = Table(title=title, title_justify="left", header_style="bold", pad_edge=False)
    headings = [*_ON_SCREEN, *(["coverage"] if coverage is not None else [])]
    for heading in headings:
        side: Literal["left", "right"] = "right" if heading == "coverage" else "left"
        table.add_column(heading, no_wrap=heading in ("feature", "coverage"), justify=side)
    for row in rows_of(described(catalogue), coverage):
        table.add_row(*(row[heading] for heading in headings))
    return table


def check_page(out: Path) -> None:
    """Raise UsageError where a page of that name cannot be written, before any work is done."""
    if out.suffix not in _WRITERS:
        raise UsageError(
            f"--out {out}: a description is written as .md or .csv, say which by the ending."
        )


def write_page(catalogue: Catalogue, out: Path, coverage: Coverage | None = None) -> None:
    """Write the catalogue as Markdown or CSV, by the ending; whole or not at all."""
    check_page(out)
    write_whole({out: _WRITERS[out.suffix](described(catalogue), coverage).encode()})
