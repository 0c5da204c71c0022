"""Commands about tables and what is measured on them: sample, check, features, init."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from risk_model.cli.options import (
    DATA_HELP,
    AsOf,
    Cache,
    Config,
    Data,
    Memory,
    Sources,
    Threads,
    opened_line,
)
from risk_model.errors import DataRefused, UsageError

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
    typer.echo(f"{folder}: " + ", ".join(f"{count:,} {name}" for name, count in rows.items()))


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

    with opened_line(data, sources, config, None, memory, threads) as line:
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
    from risk_model.timeline import day_number

    try:
        return line.day_of(asked), None
    except DataRefused as reason:
        return day_number(asked or date.today()), reason


def features(
    data: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--data", help=f"{DATA_HELP} Not needed to --describe or for --sql."),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", help="Parquet to write; .md or .csv to --describe, .sql for --sql."),
    ] = None,
    as_of: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--as-of", help="Day, YYYY-MM-DD; may be given several times."),
    ] = None,
    sources: Sources = None,
    config: Config = None,
    cache: Cache = None,
    memory: Memory = None,
    threads: Threads = None,
    describe: Annotated[
        bool,
        typer.Option("--describe", help="Document the catalogue; with --data, its coverage too."),
    ] = False,
    sql: Annotated[
        bool, typer.Option("--sql", help="Show the SQL that the engine runs for the features.")
    ] = False,
) -> None:
    """Write the features of every customer on one or more days; or describe them."""
    from contextlib import nullcontext

    from risk_model.pipelines.features import write_features

    if describe and sql:
        raise UsageError("--describe and --sql: one at a time.")
    if not (describe or sql) and (data is None or out is None):
        raise UsageError("features needs --data and --out, unless it is to --describe or --sql.")
    opening = (
        nullcontext()
        if data is None
        else opened_line(data, sources, config, cache, memory, threads)
    )
    with opening as line:
        days = _days(line, as_of or [])
        if describe:
            _describe(line, config, days, out)
        elif sql:
            _show_sql(line, config, days, out)
        elif line is not None and out is not None:
            rows, columns = write_features(line, days, out)
            typer.echo(f"{out}: {rows:,} snapshots of {columns} features")


def _days(line: Line | None, asked: list[str]) -> list[int]:
    """Return the days asked for, else the day after the newest event, else today."""
    from datetime import date

    from risk_model.pipelines.line import as_date
    from risk_model.timeline import day_number

    dates = [as_date(day, "--as-of") for day in asked]
    if line is not None:
        return [line.day_of(day) for day in dates or [None]]
    return [day_number(day or date.today()) for day in dates or [None]]


def _describe(line: Line | None, config: Path | None, days: list[int], out: Path | None) -> None:
    from risk_model.pipelines.describe import check_page, coverage_of, shown, write_page
    from risk_model.pipelines.present import console
    from risk_model.settings import load_settings

    if out is not None:
        check_page(out)
    catalogue = (line.settings if line else load_settings(config)).catalogue
    coverage = coverage_of(line, days) if line else None
    if out is None:
        console().print(shown(catalogue, coverage))
        return
    write_page(catalogue, out, coverage)
    typer.echo(f"{out}: {len(catalogue.features)} features described")


def _show_sql(line: Line | None, config: Path | None, days: list[int], out: Path | None) -> None:
    from risk_model.pipelines.statements import statements_on_data, statements_without_data
    from risk_model.settings import load_settings

    if out is not None and out.suffix != ".sql":
        raise UsageError(f"--out {out}: SQL is written as .sql.")
    script = (
        statements_on_data(line, days)
        if line
        else statements_without_data(load_settings(config), days)
    )
    if out is None:
        typer.echo(script)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(script, encoding="utf-8")
    typer.echo(f"{out}: written")


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to lay the decisions down in.")],
) -> None:
    """Lay down features/, models/ and pipelines/, to be changed without touching Python."""
    from risk_model.settings import lay_down

    for path in lay_down(folder):
        typer.echo(str(path))
