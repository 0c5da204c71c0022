"""Commands that say who is about to escalate: score, explain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

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
from risk_model.cli.targets import list_targets, refuse_targets
from risk_model.errors import UsageError

if TYPE_CHECKING:
    from risk_model.tables.address import Address


def score(
    data: Data,
    out: Annotated[
        Path, typer.Option("--out", help="CSV to write; X.escalated.csv and X.run.json beside it.")
    ],
    sources: Sources = None,
    config: Config = None,
    as_of: AsOf = None,
    horizon: Horizon = None,
    cache: Cache = None,
    memory: Memory = None,
    threads: Threads = None,
    model: Annotated[
        str, typer.Option("--model", help="champion, rules, or a version number.")
    ] = "champion",
    previous: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--previous", help="The list before, for previous_rank and change."),
    ] = None,
    policy: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--policy", help="Rank by probability or arr-at-risk."),
    ] = None,
    top: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--top", min=0, help="Rows to show here; the file always has all."),
    ] = None,
    html: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--html", help="Also write the list as a page (see report)."),
    ] = None,
    target: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--for", help="Also write a file for salesforce, hubspot or gainsight."),
    ] = None,
    engine: Engine = "duckdb",
    spark_master: SparkMaster = None,
    into: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--into",
            help="PostgreSQL (postgresql://host/db?schema=…) to upsert the list into, too.",
            metavar="PLACE",
        ),
    ] = None,
    into_table: Annotated[
        str, typer.Option("--into-table", help="Its table; _escalated and _runs beside it.")
    ] = "watchlist",
) -> None:
    """Write the ranked watchlist."""
    from contextlib import nullcontext

    from risk_model.importers import TARGETS
    from risk_model.pipelines.importing import with_export
    from risk_model.pipelines.line import as_date
    from risk_model.pipelines.present import shown
    from risk_model.pipelines.report_page import with_page
    from risk_model.pipelines.score import score as run_scoring
    from risk_model.upsert import upserted
    from risk_model.watchlist import POLICIES
    from risk_model.whole_files import write_whole

    if policy is not None and policy not in POLICIES:
        raise UsageError(f"--policy {policy}: choose {' or '.join(POLICIES)}.")
    if target is not None and target not in TARGETS:
        raise UsageError(f"--for {target}: choose one of {', '.join(TARGETS)}.")
    refuse_targets(list_targets(out, html, target), data, sources)
    refuse_targets([("--html", html)] if html else [], read=[previous] if previous else [])
    address = _address_into(into, into_table)
    with opened_line(data, sources, config, cache, engine, spark_master, memory, threads) as line:
        watchlist = run_scoring(
            line,
            as_date(as_of, "--as-of"),
            model=model,
            horizon=horizon,
            previous=previous,
            policy=policy,
        )
        rows = line.settings.score.top if top is None else top
        watchlist, more = with_export(watchlist, out, target, line.settings.importers)
        files = with_page(watchlist.files(out, more), out, html, line)
        upserting = upserted(address, into_table, watchlist) if address else nullcontext()
        with upserting as done:
            write_whole(files)
    if rows:
        say(shown(watchlist, rows))
    say("written: " + ", ".join(str(path) for path in files))
    if done:
        say(f"upserted: {done}")


def _address_into(into: str | None, table: str) -> Address | None:
    """Return where the list is to be put; see first whether the database can be reached."""
    if into is None:
        return None
    from risk_model.tables.address import address_of, is_address
    from risk_model.upsert import check_reachable, targets

    if not is_address(into):
        raise UsageError("--into: give a database, as postgresql://host/db; --out takes files.")
    address = address_of(into, "--into")
    targets(table)
    check_reachable(address)
    return address


def explain(
    account: Annotated[str, typer.Argument(help="account_id")],
    data: Data,
    sources: Sources = None,
    config: Config = None,
    as_of: AsOf = None,
    cache: Cache = None,
    memory: Memory = None,
    threads: Threads = None,
    model: Annotated[
        str, typer.Option("--model", help="champion, rules, or a version number.")
    ] = "champion",
    against: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--against", help="An earlier day, YYYY-MM-DD: show what moved it since."),
    ] = None,
    model_then: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--model-then", help="The model that scored that day. Default: --model."),
    ] = None,
    plot: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--plot", help="With --against: draw the change as steps (png, svg, pdf)."),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", help="With --against: every part of the change, as CSV."),
    ] = None,
    engine: Engine = "duckdb",
    spark_master: SparkMaster = None,
) -> None:
    """Show why an account stands where it stands, or what moved it since an earlier day."""
    from risk_model.pipelines.account import explain_account
    from risk_model.pipelines.against import explain_change
    from risk_model.pipelines.line import as_date
    from risk_model.pipelines.present import console
    from risk_model.pipelines.waterfall import PICTURES, waterfall_bytes
    from risk_model.watchlist import as_csv
    from risk_model.whole_files import write_whole

    targets = [(option, path) for option, path in (("--plot", plot), ("--out", out)) if path]
    if targets and against is None:
        raise UsageError(f"{targets[0][0]}: is about a change. Say since when with --against DAY.")
    if plot is not None and plot.suffix not in PICTURES:
        raise UsageError(f"--plot {plot}: end its name in {', '.join(PICTURES)}.")
    refuse_targets(targets, data, sources)
    with opened_line(data, sources, config, cache, engine, spark_master, memory, threads) as line:
        day, earlier = as_date(as_of, "--as-of"), as_date(against, "--against")
        if earlier is None:
            console().print(explain_account(line, account, day, model=model))
            return
        change = explain_change(line, account, earlier, day, model=model, model_then=model_then)
    console().print(change)
    files = {plot: waterfall_bytes(change, plot.suffix)} if plot else {}
    files |= {out: as_csv(change.parts())} if out else {}
    if files:
        write_whole(files)
        say("written: " + ", ".join(str(path) for path in files))
