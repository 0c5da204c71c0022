"""The command that makes a page of a watchlist: report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from risk_model.cli.options import Config, Sources, opened_line, say
from risk_model.cli.targets import refuse_targets

if TYPE_CHECKING:
    from risk_model.page import Content
    from risk_model.pipelines.line import Line


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
    from risk_model.pipelines.last_run import mixed
    from risk_model.pipelines.report_page import with_note, write_page
    from risk_model.tables.address import is_address
    from risk_model.watchlist import beside

    refuse_targets([("--out", out)], read=(watchlist, *beside(watchlist)))
    content = read_list(watchlist)
    if said := mixed(watchlist):
        typer.echo(f"risk-model: {said}", err=True)
        content = with_note(content, said)
    told = content.run.get("read_from") or {}
    place = data or told.get("data") or ""
    mapping = sources or (Path(told["sources"]) if data is None and told.get("sources") else None)
    if place and (is_address(place) or Path(place).exists()):
        refuse_targets([("--out", out)], place, mapping)
        with opened_line(place, mapping, config, None) as line:
            content = _drawn(content, line, place, asked=data is not None)
    else:
        typer.echo(f"no tables at {json.dumps(place)}: the page has no weekly figures")
    size = write_page(content, out)
    say(f"{out}: {len(content.ranked):,} accounts, {size / 1e6:.2f} MB")


def _drawn(content: Content, line: Line, place: str, *, asked: bool) -> Content:
    """Return the content with weekly figures, where these are the list's tables, or asked for.

    A place in the record may be another company's by now: it is relative to where one stood.
    """
    from risk_model.pipelines.report_page import are_tables_of, with_note, with_series

    if are_tables_of(content, line):
        return with_series(content, line)
    if not asked:
        typer.echo(
            f"the tables at {json.dumps(place)} are not those that the list was made of: the page "
            "has no weekly figures. Say with --data where they are, or --data "
            f"{place} if these are the same ones, exported again."
        )
        return content
    said = f"weekly figures are of {place}, which is not as it was when the list was made"
    typer.echo(said)
    return with_note(with_series(content, line), said)
