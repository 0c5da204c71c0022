"""The command line: arguments in, one call, errors that say what to do. Nothing heavy up here."""

from __future__ import annotations

import gc
import logging
import sys
from typing import Annotated

import typer

from risk_model.cli.documents import brief, patterns
from risk_model.cli.features import features
from risk_model.cli.hearing import text
from risk_model.cli.judging import backtest, train
from risk_model.cli.listing import explain, score
from risk_model.cli.page import report
from risk_model.cli.registry import compare, models, promote, rollback
from risk_model.cli.rules import rules
from risk_model.cli.tables import check, init, sample
from risk_model.errors import RiskModelError

app = typer.Typer(
    name="risk-model",
    help="Which accounts are about to escalate, how bad it would be, why, and what to do first.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        from risk_model import __version__

        typer.echo(f"risk-model {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but errors, and what no file keeps.")
    ] = False,
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
    for name in ("mlflow", "alembic", "matplotlib", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.ERROR)


for command in (
    *(sample, check, features, train, backtest, score, explain, text, brief, patterns, rules, init),
    *(report, models, promote, rollback, compare),
):
    app.command()(command)


# Decisions and queries are trees of small objects that live as long as a command: looking for
# garbage among them every 700 new ones took a tenth of a small run.
SELDOM = (100_000, 20, 50)


def main() -> None:
    """Run the command line; end with 0 done, 1 failed, 2 wrong usage, 3 data refused."""
    gc.set_threshold(*SELDOM)
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
