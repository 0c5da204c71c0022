"""Commands that judge by the past: train, backtest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from risk_model.cli.options import (
    AsOf,
    Cache,
    Config,
    Data,
    Engine,
    Horizon,
    Memory,
    Sources,
    SparkMaster,
    Threads,
    opened_line,
    say,
)


def train(
    data: Data,
    sources: Sources = None,
    config: Config = None,
    as_of: AsOf = None,
    horizon: Horizon = None,
    cache: Cache = None,
    memory: Memory = None,
    threads: Threads = None,
    force: Annotated[
        str,
        typer.Option("--force", help="Make it champion for this reason, whatever else; recorded."),
    ] = "",
    engine: Engine = "duckdb",
    spark_master: SparkMaster = None,
) -> None:
    """Train rules and learners on the past and record the run and the model in MLflow."""
    from risk_model.pipelines.line import as_date
    from risk_model.pipelines.present_judged import shown as judged_shown
    from risk_model.pipelines.train import train as run_training
    from risk_model.timeline import DEFAULT_HORIZON

    with opened_line(data, sources, config, cache, engine, spark_master, memory, threads) as line:
        trained = run_training(
            line, as_date(as_of, "--as-of"), horizon or DEFAULT_HORIZON, force=force
        )
    say(judged_shown(trained.judged))
    for note in trained.notes:
        say(note)
    role = "champion" if trained.is_champion else "registered"
    say(f"model version {trained.version}: {role} (run {trained.run_id})")


def backtest(
    data: Data,
    sources: Sources = None,
    config: Config = None,
    as_of: AsOf = None,
    horizon: Horizon = None,
    cache: Cache = None,
    memory: Memory = None,
    threads: Threads = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", help="Folder for backtest.json, the replay, planner and plots."),
    ] = None,
    gap: Annotated[
        int, typer.Option("--gap", min=0, max=365, help="Days of lead that a hit has to have.")
    ] = 0,
    families: Annotated[
        bool, typer.Option("--families", help="Also say what each family of features adds.")
    ] = False,
    engine: Engine = "duckdb",
    spark_master: SparkMaster = None,
) -> None:
    """Compare blend, learners and rules with simple baselines, on folds forward in time."""
    from risk_model.pipelines.backtest import backtest as run_backtest
    from risk_model.pipelines.line import as_date
    from risk_model.pipelines.report import shown
    from risk_model.timeline import DEFAULT_HORIZON

    with opened_line(data, sources, config, cache, engine, spark_master, memory, threads) as line:
        day = as_date(as_of, "--as-of")
        done = run_backtest(line, day, horizon or DEFAULT_HORIZON, gap, families=families)
    say(shown(done), is_kept=out is not None)
    if out is not None:
        say("written: " + ", ".join(str(path) for path in done.write(out)))
