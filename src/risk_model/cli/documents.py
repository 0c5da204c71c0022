"""Commands that hand something over to people: brief, patterns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from risk_model.cli.options import AsOf, Cache, Config, Data, Sources, opened_line, say
from risk_model.cli.targets import refuse_targets
from risk_model.errors import UsageError

FORMATS = ("md", "html")


def brief(
    account: Annotated[str, typer.Argument(help="account_id")],
    data: Data,
    sources: Sources = None,
    config: Config = None,
    as_of: AsOf = None,
    cache: Cache = None,
    model: Annotated[
        str, typer.Option("--model", help="champion, rules, or a version number.")
    ] = "champion",
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            help="email, tracking, executive, investigation, post-mortem or expectations.",
        ),
    ] = "email",
    form: Annotated[str, typer.Option("--format", help="md (Markdown) or html.")] = "md",
    evidence: Annotated[
        bool,
        typer.Option("--evidence", help="Quote their messages, addresses and numbers masked."),
    ] = False,
    escalation: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--escalation",
            help="escalation_id to write about. Default: the worst open one, else the last.",
        ),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", help="File to write; without it the document is shown here."),
    ] = None,
) -> None:
    """Write a document about an account: filled in from the data, with marked blanks."""
    from risk_model.brief.plan import KINDS
    from risk_model.pipelines.brief import RENDERERS
    from risk_model.pipelines.brief import brief as run_brief
    from risk_model.pipelines.line import as_date
    from risk_model.whole_files import write_whole

    if kind not in KINDS:
        raise UsageError(f"--kind {kind}: choose one of {', '.join(KINDS)}.")
    if form not in FORMATS:
        raise UsageError(f"--format {form}: choose md or html.")
    day = as_date(as_of, "--as-of")
    refuse_targets([("--out", out)] if out else [], data, sources)
    with opened_line(data, sources, config, cache) as line:
        document = run_brief(
            line, account, kind, day, model=model, evidence=evidence, escalation=escalation
        )
    text = RENDERERS[form](document)
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_whole({out: text.encode("utf-8")})
        say(f"written: {out}")


def patterns(
    data: Data,
    sources: Sources = None,
    config: Config = None,
    as_of: AsOf = None,
    cache: Cache = None,
    model: Annotated[
        str, typer.Option("--model", help="champion, rules, or a version number.")
    ] = "champion",
    top: Annotated[
        int, typer.Option("--top", min=1, help="Rows of each table to show here; files have all.")
    ] = 10,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", help="X.json for all in one, X.csv for a file a table."),
    ] = None,
) -> None:
    """Show what only shows across accounts: systemic causes, silent leavers, load, repeats."""
    from risk_model.pipelines.line import as_date
    from risk_model.pipelines.patterns import patterns as run_patterns
    from risk_model.pipelines.patterns import refuse_ending
    from risk_model.pipelines.patterns_shown import shown

    if out is not None:
        refuse_ending(out)
        refuse_targets([("--out", out)], data, sources)
    with opened_line(data, sources, config, cache) as line:
        found = run_patterns(line, as_date(as_of, "--as-of"), model=model)
    say(shown(found, top), is_kept=out is not None)
    if out is not None:
        say("written: " + ", ".join(str(path) for path in found.write(out)))
