"""Files that a command is to write, looked at before anything is computed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from risk_model.errors import UsageError

Target = tuple[str, Path]
"""An option and a file that is written because of it."""


def refuse_targets(
    targets: Iterable[Target],
    data: str | None = None,
    sources: Path | None = None,
    read: Iterable[Path] = (),
) -> None:
    """Raise UsageError for a file that can't take its place, or would take that of another.

    A folder, a place without one, a file named twice, one of ``read``, a table of ``data``.
    """
    from risk_model.whole_files import refuse_folder

    taken: dict[Path, str] = {}
    others = {path.resolve() for path in read}
    for option, path in targets:
        refuse_folder(path, option)
        _refuse_place(option, path)
        where = path.resolve()
        if where in taken:
            raise UsageError(f"{option} {path}: {taken[where]} writes it already. Name another.")
        if where in others or (data is not None and _is_input(path, data, sources)):
            raise UsageError(f"{option} {path}: is one of the files that are read. Name another.")
        taken[where] = option


def list_targets(out: Path, html: Path | None, target: str | None) -> list[Target]:
    """Return the files of a list: three, one for an importer, a page.

    Raises UsageError where the page would be a numbered file of the importer.
    """
    from risk_model.pipelines.importing import exported
    from risk_model.watchlist import beside

    targets = [("--out", path) for path in (out, *beside(out))]
    if target is not None:
        targets.append(("--for", out.with_name(exported(out, target))))
    if html is not None:
        targets.append(("--html", html))
        _refuse_numbered(html, out, target)
    return targets


def _refuse_numbered(html: Path, out: Path, target: str | None) -> None:
    from risk_model.pipelines.importing import is_exported

    if target is None or html.resolve().parent != out.resolve().parent:
        return
    if is_exported(html.name, out, target):
        raise UsageError(f"--html {html}: --for writes it already. Name another.")


def _refuse_place(option: str, path: Path) -> None:
    """Raise UsageError where no file can be made: a file stands where a folder has to be."""
    there = next(folder for folder in path.absolute().parents if folder.exists())
    if not there.is_dir():
        raise UsageError(f"{option} {path}: {there.name} is a file, not a folder. Name another.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UsageError(f"{option} {path}: nothing may be written to {there}. Name another.")


def _is_input(path: Path, data: str, sources: Path | None) -> bool:
    from risk_model.tables.inputs import is_input

    return is_input(path, data, sources)
