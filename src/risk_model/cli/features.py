"""The command for features: measured, described, or as the SQL that runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from risk_model.cli.options import (
    DATA_HELP,
    Cache,
    Config,
    Engine,
    Memory,
    Sources,
    SparkMaster,
    Threads,
    opened_line,
    say,
)
from risk_model.cli.targets import refuse_targets
from risk_model.errors import UsageError

if TYPE_CHECKING:
    from risk_model.pipelines.line import Line


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
    engine: Engine = "duckdb",
    spark_master: SparkMaster = None,
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
    if sql and engine != "duckdb":
        raise UsageError(f"--sql shows what DuckDB runs; leave out --engine {engine}.")
    if not (describe or sql) and (data is None or out is None):
        raise UsageError("features needs --data and --out, unless it is to --describe or --sql.")
    refuse_targets([("--out", out)] if out else [], data, sources)
    opening = (
        nullcontext()
        if data is None
        else opened_line(data, sources, config, cache, engine, spark_master, memory, threads)
    )
    with opening as line:
        days = _days(line, as_of or [])
        if describe:
            _describe(line, config, days, out)
        elif sql:
            _show_sql(line, config, days, out)
        elif line is not None and out is not None:
            rows, columns = write_features(line, days, out)
            say(f"{out}: {rows:,} snapshots of {columns} features")


def _days(line: Line | None, asked: list[str]) -> list[int]:
    """Return the days asked for, else the day after the newest event, else today."""
    from risk_model.pipelines.line import as_date
    from risk_model.timeline import day_number, today

    dates = [as_date(day, "--as-of") for day in asked]
    if line is not None:
        return [line.day_of(day) for day in dates or [None]]
    return [day_number(day) for day in dates if day] or [today()]


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
    say(f"{out}: {len(catalogue.features)} features described")


def _show_sql(line: Line | None, config: Path | None, days: list[int], out: Path | None) -> None:
    from risk_model.pipelines.statements import statements_on_data, statements_without_data
    from risk_model.settings import load_settings
    from risk_model.whole_files import refuse_no_file, write_whole

    if out is not None:
        if out.suffix != ".sql":
            raise UsageError(f"--out {out}: SQL is written as .sql.")
        refuse_no_file(out)
    script = (
        statements_on_data(line, days)
        if line
        else statements_without_data(load_settings(config), days)
    )
    if out is None:
        typer.echo(script)
        return
    write_whole({out: script.encode()})
    say(f"{out}: written")
