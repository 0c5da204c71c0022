"""The command that asks whether the rules earn their keep: rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from risk_model.cli.options import AsOf, Cache, Config, Data, Horizon, Sources, opened_line, say
from risk_model.cli.targets import refuse_targets
from risk_model.errors import UsageError


def rules(
    data: Data,
    sources: Sources = None,
    config: Config = None,
    as_of: AsOf = None,
    horizon: Horizon = None,
    cache: Cache = None,
    model: Annotated[
        str, typer.Option("--model", help="The model to compare with: champion, or a version.")
    ] = "champion",
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", help="F.csv (and F.disagreement.csv beside it) or F.json."),
    ] = None,
) -> None:
    """Show what each rule was worth over the past, which to retire, and where the model differs."""
    from risk_model.pipelines.line import as_date
    from risk_model.pipelines.present_rules import shown
    from risk_model.pipelines.rules_record import rules_record

    if out is not None and out.suffix not in (".csv", ".json"):
        raise UsageError(f"--out {out}: choose a name that ends with .csv or .json.")
    refuse_targets([("--out", out)] if out else [], data, sources)
    with opened_line(data, sources, config, cache) as line:
        day = as_date(as_of, "--as-of")
        record = rules_record(line, day, horizon, model=model)
    say(shown(record), is_kept=out is not None)
    if out is not None:
        say("written: " + ", ".join(str(path) for path in record.write(out)))
