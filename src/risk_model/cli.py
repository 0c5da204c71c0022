"""The command line: arguments in, one call, errors that say what to do. Nothing heavy up here."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from risk_model.errors import RiskModelError, UsageError

if TYPE_CHECKING:
    from risk_model.pipelines.line import Line
    from risk_model.settings import Settings

app = typer.Typer(
    name="risk-model",
    help="Which accounts are about to escalate, how bad it would be, why, and what to do first.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Data = Annotated[
    Path, typer.Option("--data", help="Folder (or .duckdb file) with the tables.", metavar="PATH")
]
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


def _version(asked: bool) -> None:
    if asked:
        from risk_model import __version__

        typer.echo(f"risk-model {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Tables in, ranked watchlist out."""
    logging.basicConfig(
        level=logging.ERROR if quiet else logging.INFO,
        format="%(levelname)s %(message)s",
        stream=sys.stderr,
        force=True,
    )
    for name in ("mlflow", "alembic", "matplotlib", "shap", "numba", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.ERROR)


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(help="Folder to write the company into.")],
    accounts: Annotated[int, typer.Option(min=10, max=1_000_000, help="How many accounts.")] = 160,
    weeks: Annotated[int, typer.Option(min=12, max=520, help="How many weeks of history.")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 7,
) -> None:
    """Write a simulated company: every table, made from hidden troubles."""
    from risk_model.sample import write_company

    rows = write_company(folder, accounts, weeks, seed)
    typer.echo(f"{folder}: " + ", ".join(f"{count:,} {name}" for name, count in rows.items()))


@app.command()
def check(
    data: Data,
    sources: Sources = None,
    config: Config = None,
    as_of: AsOf = None,
    refused: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--refused", help="Write the refused rows with their reasons to this CSV."),
    ] = None,
) -> None:
    """Show table by table what was read, kept and refused, how fresh it is, and what is missing."""
    from risk_model.pipelines.line import as_date
    from risk_model.pipelines.present import console
    from risk_model.tables import check_lines, check_sentences, check_table, write_refused

    with _line(data, sources, config, None) as line:
        day = line.day_of(as_date(as_of, "--as-of"))
        console().print(check_table(check_lines(line.tables, day)))
        for said in check_sentences(line.tables, line.settings.catalogue.by_table()):
            typer.echo(said)
        if refused is not None:
            count = write_refused(line.tables, refused)
            typer.echo(f"{refused}: {count} refused rows")


@app.command()
def features(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write.", metavar="F.parquet")],
    as_of: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--as-of", help="Day, YYYY-MM-DD; may be given several times."),
    ] = None,
    sources: Sources = None,
    config: Config = None,
    cache: Cache = None,
) -> None:
    """Write the features of every customer on one or more days."""
    from risk_model.pipelines.features import write_features
    from risk_model.pipelines.line import as_date

    with _line(data, sources, config, cache) as line:
        days = [line.day_of(as_date(day, "--as-of")) for day in (as_of or [])] or [
            line.day_of(None)
        ]
        rows, columns = write_features(line, days, out)
    typer.echo(f"{out}: {rows:,} snapshots of {columns} features")


@app.command()
def train(
    data: Data,
    sources: Sources = None,
    config: Config = None,
    as_of: AsOf = None,
    horizon: Horizon = None,
    cache: Cache = None,
) -> None:
    """Train rules and learners on the past and record the run and the model in MLflow."""
    from risk_model.pipelines.judge import shown as judged_shown
    from risk_model.pipelines.line import as_date
    from risk_model.pipelines.present import console
    from risk_model.pipelines.train import train as run_training
    from risk_model.timeline import DEFAULT_HORIZON

    with _line(data, sources, config, cache) as line:
        trained = run_training(line, as_date(as_of, "--as-of"), horizon or DEFAULT_HORIZON)
    console().print(judged_shown(trained.judged))
    for note in trained.notes:
        typer.echo(note)
    role = "champion" if trained.is_champion else "registered"
    typer.echo(f"model version {trained.version}: {role} (run {trained.run_id})")


@app.command()
def backtest(
    data: Data,
    sources: Sources = None,
    config: Config = None,
    as_of: AsOf = None,
    horizon: Horizon = None,
    cache: Cache = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", help="Folder for backtest.json."),
    ] = None,
) -> None:
    """Compare blend, learners and rules with simple baselines, on folds forward in time."""
    from risk_model.pipelines.backtest import backtest as run_backtest
    from risk_model.pipelines.judge import shown as judged_shown
    from risk_model.pipelines.line import as_date
    from risk_model.pipelines.present import console
    from risk_model.timeline import DEFAULT_HORIZON

    with _line(data, sources, config, cache) as line:
        verdict = run_backtest(line, as_date(as_of, "--as-of"), horizon or DEFAULT_HORIZON)
    console().print(judged_shown(verdict))
    if out is not None:
        typer.echo(f"{verdict.write(out)}")


@app.command()
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
) -> None:
    """Write the ranked watchlist."""
    from risk_model.pipelines.line import as_date
    from risk_model.pipelines.present import console, shown
    from risk_model.pipelines.score import score as run_scoring
    from risk_model.watchlist import refuse_folder

    if policy not in (None, "probability", "arr-at-risk"):
        raise UsageError(f"--policy {policy}: choose probability or arr-at-risk.")
    refuse_folder(out)
    with _line(data, sources, config, cache) as line:
        watchlist = run_scoring(
            line,
            as_date(as_of, "--as-of"),
            model=model,
            horizon=horizon,
            previous=previous,
            policy=policy,
        )
        rows = line.settings.score.top if top is None else top
    paths = watchlist.write(out)
    if rows:
        console().print(shown(watchlist, rows))
    typer.echo("written: " + ", ".join(str(path) for path in paths))


@app.command()
def explain(
    account: Annotated[str, typer.Argument(help="account_id")],
    data: Data,
    sources: Sources = None,
    config: Config = None,
    as_of: AsOf = None,
    cache: Cache = None,
    model: Annotated[
        str, typer.Option("--model", help="champion, rules, or a version number.")
    ] = "champion",
) -> None:
    """Show why an account stands where it stands: rules, contributions and figures."""
    from risk_model.pipelines.account import explain_account
    from risk_model.pipelines.line import as_date
    from risk_model.pipelines.present import console

    with _line(data, sources, config, cache) as line:
        console().print(explain_account(line, account, as_date(as_of, "--as-of"), model=model))


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder to lay the decisions down in.")],
) -> None:
    """Lay down features/, models/ and pipelines/, to be changed without touching Python."""
    from risk_model.settings import lay_down

    for path in lay_down(folder):
        typer.echo(str(path))


@contextmanager
def _line(
    data: Path, sources: Path | None, config: Path | None, cache: Path | None
) -> Iterator[Line]:
    from risk_model.pipelines.line import Line
    from risk_model.settings import load_settings

    settings: Settings = load_settings(config)
    with Line.open(data, settings, sources, cache or default_cache(), _progress) as line:
        yield line


def default_cache() -> Path:
    """Return where heard texts are remembered: RISK_MODEL_CACHE, else the user's cache folder."""
    import os

    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("RISK_MODEL_CACHE") or base) / "risk-model" / "texts.sqlite"


def _progress(stage: str, done: int, of: int) -> None:
    if sys.stderr.isatty():
        end = "\r" if done < of - 1 else "\x1b[2K\r"
        sys.stderr.write(f"{stage} {done + 1}/{of}{end}")
        sys.stderr.flush()


def main() -> None:
    """Run the command line; end with 0 done, 1 failed, 2 wrong usage, 3 data refused."""
    try:
        app(standalone_mode=True)
    except RiskModelError as error:
        typer.echo(f"risk-model: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        typer.echo(f"risk-model: {error.strerror or error}: {error.filename or ''}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
