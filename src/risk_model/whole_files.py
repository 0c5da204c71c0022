"""Files that appear whole or not at all, whatever fails: every file of a run is written here."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from risk_model.errors import UsageError


def write_whole(parts: Mapping[Path, bytes]) -> None:
    """Write files with what they hold, each whole or none of them, and the folders they lie in.

    Raises UsageError where one is a folder, OSError where one cannot be written.
    """
    for path in parts:
        refuse_folder(path)
        path.parent.mkdir(parents=True, exist_ok=True)
    with whole(*parts) as places:
        for place, held in zip(places, parts.values(), strict=True):
            place.write_bytes(held)


@contextmanager
def whole(*paths: Path) -> Iterator[list[Path]]:
    """Yield for each file a place beside it to write to, in a folder that has to be there.

    When all are on disk the first takes its place, then the next. Where anything fails before, all
    files stay as they were and nothing is left beside them.
    """
    # a name that no other run has, not even one that is writing the same file now
    places = [path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp") for path in paths]
    try:
        yield places
        for place in places:
            _on_disk(place)
        for place, path in zip(places, paths, strict=True):
            place.replace(path)
    except BaseException:
        for place in places:
            with suppress(OSError):
                place.unlink()
        raise


def refuse_folder(out: Path, option: str = "--out") -> None:
    """Raise UsageError where a file's path is a folder, best before anything is computed."""
    if out.is_dir():
        inside = out / ("list.html" if option == "--html" else "list.csv")
        raise UsageError(f"{option} {out}: is a folder. Give a file in it, as {inside}.")


def _on_disk(path: Path) -> None:
    """Wait until a file is on disk, and not only in memory on its way there."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
