"""Commands about the models that there are: models, promote, rollback, compare."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from risk_model.cli.options import Config
from risk_model.errors import UsageError

Because = Annotated[str, typer.Option("--because", help="Why; it is recorded.")]
By = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--by", help="Who asks for it. Default: the user that runs this."),
]


def models(
    config: Config = None,
    card: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--card", help="Show the model card of a version instead."),
    ] = None,
) -> None:
    """List the versions of the model: who is champion, since when, why, and who asked for it."""
    from risk_model.pipelines.present import console
    from risk_model.pipelines.registry import listed
    from risk_model.settings import load_settings
    from risk_model.tracking import card_of, versions

    name = load_settings(config).train.model
    found = versions(name)
    if card is None:
        console().print(listed(found) if found else "no model is registered: risk-model train")
        return
    run = next((one.run_id for one in found if one.number == card), None)
    if run is None:
        raise UsageError(f"--card {card}: there is no such version. See risk-model models.")
    typer.echo(card_of(run))


def promote(
    version: Annotated[str, typer.Argument(help="Version number, see risk-model models.")],
    because: Because,
    by: By = None,
    config: Config = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also a version that has shown no usable signal.")
    ] = False,
) -> None:
    """Make a version the champion, whatever the comparison said; reason and name are recorded."""
    from risk_model.settings import load_settings
    from risk_model.tracking import promote as run_promotion
    from risk_model.tracking import refuse_without_signal

    name = load_settings(config).train.model
    if not force:
        refuse_without_signal(name, version)
    run_promotion(name, version, because, by=by, forced=True)
    typer.echo(f"version {version} of {name} is champion: {because}")


def rollback(because: Because, by: By = None, config: Config = None) -> None:
    """Make the champion before this one champion again."""
    from risk_model.settings import load_settings
    from risk_model.tracking import roll_back

    name = load_settings(config).train.model
    gone, back = roll_back(name, because, by=by)
    typer.echo(f"version {back} of {name} is champion again, {gone} is not: {because}")


def compare(
    first: Annotated[str, typer.Argument(help="Version number or run id.")],
    second: Annotated[str, typer.Argument(help="Version number or run id.")],
    config: Config = None,
) -> None:
    """Show two versions side by side: what differs in how they were made, and every figure."""
    from risk_model.pipelines.present import console
    from risk_model.pipelines.registry import side_by_side
    from risk_model.settings import load_settings

    console().print(side_by_side(load_settings(config).train.model, first, second))
