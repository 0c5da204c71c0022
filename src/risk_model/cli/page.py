"""The command that makes a page of a watchlist: report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Optional

import typer

from risk_model.cli.options import Config, Sources, opened_line


def report(
    watchlist: Annotated[Path, typer.Argument(help="The CSV that risk-model score wrote.")],
    out: Annotated[Path, typer.Option("--out", help="HTML file to write.")],
    data: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--data", help="The tables, for weekly figures. Default: as in run.json."),
    ] = None,
    sources: Sources = None,
    config: Config = None,
) -> None:
    """Make one page of a watchlist: to search, sort, filter, open, print; it needs no server."""
    from risk_model.page import read_list
    from risk_model.pipelines.report_page import with_series, write_page
    from risk_model.tables.address import is_address

    content = read_list(watchlist)
    told = content.run.get("read_from") or {}
    place = data or told.get("data") or ""
    mapping = sources or (Path(told["sources"]) if data is None and told.get("sources") else None)
    if place and (is_address(place) or Path(place).exists()):
        with opened_line(place, mapping, config, None) as line:
            content = with_series(content, line)
    else:
        typer.echo(f"no tables at {json.dumps(place)}: the page has no weekly figures")
    size = write_page(content, out)
    typer.echo(f"{out}: {len(content.ranked):,} accounts, {size / 1e6:.2f} MB")
