"""Options that several commands share, and the opening of a company's tables."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from risk_model.pipelines.line import Line
    from risk_model.settings import Settings

DATA_HELP = "Folder, .duckdb file, or postgresql://host/db?schema=… with the tables."
# text, as a Path would make one slash of the two
Data = Annotated[str, typer.Option("--data", help=DATA_HELP, metavar="PLACE")]
Sources = Annotated[
    Optional[Path],  # noqa: UP045  (typer reads it at run time)
    typer.Option("--sources", help="Mapping of your exports onto the tables (sources.yaml)."),
]
Config = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--config", help="Folder with features/, models/, pipelines/ (see init)."),
]
AsOf = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--as-of", help="Day to stand on, YYYY-MM-DD. Default: after the newest event."),
]
Horizon = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option("--horizon", min=1, max=365, help="Days ahead that are predicted. Default: 30."),
]
Cache = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--cache", help="Where heard texts are remembered (never the texts themselves)."),
]
Engine = Annotated[
    str, typer.Option("--engine", help="What measures and scores: duckdb, or spark.")
]
SparkMaster = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--spark-master", help="Where Spark runs. Default: local[*], this machine."),
]


Memory = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--memory", help="Most that the engine holds, as 4GB; the rest goes to files."),
]
Threads = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option("--threads", min=1, help="Threads of the engine. Default: one a core."),
]


@contextmanager
def opened_line(
    data: str,
    sources: Path | None,
    config: Path | None,
    cache: Path | None,
    engine: str = "duckdb",
    spark_master: str | None = None,
    memory: str | None = None,
    threads: int | None = None,
) -> Iterator[Line]:
    """Open a company's tables under the settings of a folder; progress goes to the terminal."""
    from risk_model.engines.choosing import engine_named
    from risk_model.pipelines.line import Line
    from risk_model.settings import load_settings

    make_engine = engine_named(engine, spark_master)
    settings: Settings = load_settings(config)
    resources = settings.resources.with_words(memory, threads)
    settings = replace(settings, resources=resources)
    cache = cache or default_cache()
    with (
        memory_told(),
        Line.open(data, settings, sources, cache, _progress, make_engine) as line,
    ):
        yield line


@contextmanager
def memory_told() -> Iterator[None]:
    """Turn an engine that has too little memory or disk into a sentence."""
    import duckdb

    from risk_model.errors import RiskModelError
    from risk_model.tables.resources import too_little

    try:
        yield
    except duckdb.Error as error:
        if told := too_little(error):
            raise RiskModelError(told) from None
        raise


def default_cache() -> Path:
    """Return where heard texts are remembered: RISK_MODEL_CACHE, else the user's cache folder."""
    import os

    base = os.environ.get("RISK_MODEL_CACHE") or os.environ.get("XDG_CACHE_HOME")
    # the home is looked for last: a user without a name may have none
    return Path(base or Path.home() / ".cache") / "risk-model" / "texts.sqlite"


def _progress(stage: str, done: int, of: int) -> None:
    if sys.stderr.isatty():
        end = "\r" if done < of - 1 else "\x1b[2K\r"
        sys.stderr.write(f"{stage} {done + 1}/{of}{end}")
        sys.stderr.flush()


def say(shown: RenderableType, *, is_kept: bool = True) -> None:
    """Show what a command did or found; under ``--quiet`` only what no file keeps (``is_kept``)."""
    if is_kept and logging.getLogger().level >= logging.ERROR:
        return
    if isinstance(shown, str):
        typer.echo(shown)
        return
    from risk_model.pipelines.present import console

    console().print(shown)
