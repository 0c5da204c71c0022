"""Commands about tables and decisions: sample, check, init."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from risk_model.cli.options import (
    AsOf,
    Config,
    Data,
    Memory,
    Sources,
    Threads,
    opened_line,
    say,
)
from risk_model.cli.targets import refuse_targets
from risk_model.errors import DataRefused

if TYPE_CHECKING:
    from risk_model.pipelines.line import Line


def sample(
    folder: Annotated[Path, typer.Argument(help="Folder to write the company into.")],
    accounts: Annotated[int, typer.Option(min=10, max=1_000_000, help="How many accounts.")] = 160,
    weeks: Annotated[int, typer.Option(min=12, max=520, help="How many weeks of history.")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 7,
    nature: Annotated[
        str,
        typer.Option(help="mixed, product, contract, sudden, slow, fading or lone troubles."),
    ] = "mixed",
) -> None:
    """Write a simulated company: every table, made from hidden troubles."""
    from risk_model.sample import write_company

    rows = write_company(folder, accounts, weeks, seed, nature=nature)
    say(f"{folder}: " + ", ".join(f"{count:,} {name}" for name, count in rows.items()))


def check(
    data: Data,
    sources: Sources = None,
    config: Config = None,
    as_of: AsOf = None,
    refused: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--refused", help="Write the refused rows with their reasons to this CSV."),
    ] = None,
    memory: Memory = None,
    threads: Threads = None,
) -> None:
    """Show table by table what was read, kept and refused, how fresh it is, and what is missing."""
    from risk_model.pipelines.late import late_sentences
    from risk_model.pipelines.line import as_date
    from risk_model.pipelines.present import console
    from risk_model.tables import check_lines, check_sentences, check_table, write_refused

    refuse_targets([("--refused", refused)] if refused else [], data, sources)
    with opened_line(data, sources, config, None, memory=memory, threads=threads) as line:
        day, nothing_left = _day_or_reason(line, as_date(as_of, "--as-of"))
        console().print(check_table(check_lines(line.tables, day)))
        for said in check_sentences(line.tables, line.settings.catalogue.by_table()):
            typer.echo(said)
        for said in late_sentences(line, day) if nothing_left is None else []:
            typer.echo(said)
        if refused is not None:
            count = write_refused(line.tables, refused)
            typer.echo(f"{refused}: {count} refused rows")
        if nothing_left is not None:
            raise nothing_left


def _day_or_reason(line: Line, asked: date | None) -> tuple[int, DataRefused | None]:
    """Return the day to stand on, and why there is none: what became of the rows is shown first."""
    from risk_model.timeline import day_number, today

    try:
        return line.day_of(asked), None
    except DataRefused as reason:
        return day_number(asked) if asked else today(), reason


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to lay the decisions down in.")],
) -> None:
    """Lay down features/, models/ and pipelines/, to be changed without touching Python."""
    from risk_model.settings import lay_down

    for path in lay_down(folder):
        typer.echo(str(path))
