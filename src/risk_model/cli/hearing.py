"""The command that says what texts were heard to say: text."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

from risk_model.cli.options import Config, Memory, Threads, memory_told


class Encoding(Enum):
    """How a CSV file may be written, as a mapping of tables has it."""

    UTF_8 = "utf-8"
    UTF_16 = "utf-16"
    LATIN_1 = "latin-1"
    WINDOWS = "windows-1252"


def text(
    file: Annotated[Path, typer.Argument(help="CSV, CSV.gz or Parquet file with texts.")],
    out: Annotated[Path, typer.Option("--out", help="CSV to write (.csv or .csv.gz).")],
    column: Annotated[
        str, typer.Option("--column", help="The column that holds the texts.")
    ] = "text",
    keep: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--keep",
            help="Column to keep beside; may be given several times. "
            "Default: the keys (id, ..._id).",
        ),
    ] = None,
    with_text: Annotated[
        bool, typer.Option("--with-text", help="Write the texts too, to read them side by side.")
    ] = False,
    encoding: Annotated[
        Optional[Encoding],  # noqa: UP045
        typer.Option("--encoding", help="How a CSV is written (Excel's ANSI: windows-1252)."),
    ] = None,
    config: Config = None,
    memory: Memory = None,
    threads: Threads = None,
) -> None:
    """Say what each message of a table was heard to say, and which words said so."""
    from risk_model.pipelines.listen import Wanted, counted, listen
    from risk_model.pipelines.present import console
    from risk_model.settings import load_settings
    from risk_model.text.cleaning import MAX_CHARACTERS

    settings = load_settings(config)
    resources = settings.resources.with_words(memory, threads)
    wanted = Wanted(column, tuple(keep or ()), with_text, encoding and encoding.value)
    with memory_told():
        heard = listen(file, out, settings.lexicons, wanted, resources=resources)
    console().print(counted(heard))
    for said in heard.notices:
        typer.echo(said)
    typer.echo(
        f"{out}: {heard.rows:,} rows read, {heard.empty:,} of them without a text, "
        f"{heard.refused:,} refused"
        + (f"; {heard.long:,} longer than {MAX_CHARACTERS:,} characters" if heard.long else "")
        + (f"; {heard.lost:,} in a language that is not understood" if heard.lost else "")
    )
