"""Files that appear whole or not at all, whatever fails: every file of a run is written here."""

from __future__ import annotations

import glob
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from risk_model.errors import UsageError

# Seconds after which no run is still writing a file, so that it was killed.
LEFT_BEHIND = 3600


def write_whole(parts: Mapping[Path, bytes]) -> None:
    """Write files with what they hold, each whole or none of them, and the folders they lie in.

    Raises UsageError where one is no file, OSError where one cannot be written.
    """
    for path in parts:
        refuse_no_file(path)
        path.parent.mkdir(parents=True, exist_ok=True)
    with whole(*parts) as places:
        for place, (path, held) in zip(places, parts.items(), strict=True):
            try:
                place.write_bytes(held)
            except OSError as error:
                # of a full disk it is not said for which file
                error.filename = str(path)
                raise


@contextmanager
def whole(*paths: Path) -> Iterator[list[Path]]:
    """Yield for each file a place beside it to write to, in a folder that has to be there.

    When all are on disk the first takes its place, then the next. Where anything fails, all files
    are as they were and nothing is left beside them. A link stays one: its file is written. What
    a run that was killed has left beside them is removed.
    """
    ends = [path.resolve() if path.is_symlink() else path for path in paths]
    for end in ends:
        _sweep(end)
    new, old = ([_beside(end) for end in ends] for _ in range(2))
    try:
        yield new
        for place in new:
            _on_disk(place)
        _exchange(ends, new, old)
    finally:
        for place in (*new, *old):
            with suppress(OSError):
                place.unlink()


def refuse_no_file(out: Path, option: str = "--out") -> None:
    """Raise UsageError where a file's path is a folder, a pipe or a device, best before any work.

    A device would be gone, for the file would take its place.
    """
    if out.is_dir():
        inside = out / ("list.html" if option == "--html" else "list.csv")
        raise UsageError(f"{option} {out}: is a folder. Give a file in it, as {inside}.")
    if out.exists() and not out.is_file():
        raise UsageError(f"{option} {out}: is a device or a pipe. Give the path of a file.")


def _beside(path: Path) -> Path:
    """Return a name that no other run has, not even one that is writing the same file now."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")


def _sweep(path: Path) -> None:
    """Remove what lies beside a file since a run was killed."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        with suppress(OSError):
            # not when it was written: what is kept of the old file has its day
            if time.time() - left.stat().st_ctime > LEFT_BEHIND:
                left.unlink()


def _exchange(paths: list[Path], new: list[Path], old: list[Path]) -> None:
    """Put new files in their places; where one cannot take its own, the old ones are back."""
    if len(paths) == 1:
        new[0].replace(paths[0])
        return
    taken: list[tuple[Path, Path | None]] = []
    try:
        for path, place, kept in zip(paths, new, old, strict=True):
            was_there = path.exists()
            if was_there:
                _keep(path, kept)
            taken.append((path, kept if was_there else None))
            place.replace(path)
    except BaseException:
        for path, before in taken:
            with suppress(OSError):
                path.unlink() if before is None else before.replace(path)
        raise


def _keep(path: Path, kept: Path) -> None:
    """Give a file a second name; copy it where that is not allowed."""
    try:
        kept.hardlink_to(path)
    except OSError:
        shutil.copy2(path, kept)


def _on_disk(path: Path) -> None:
    """Wait until a file is on disk, and not only in memory on its way there."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
