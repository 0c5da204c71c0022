"""The folder of a run: its tables, what it spills, what it hands to Spark. Its user's alone.

It is gone when the run is over. A run that was killed leaves its folder behind, with customers'
texts in it; the next run removes it: who lives holds a lock.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from pathlib import Path
from typing import IO

log = logging.getLogger(__name__)

PREFIX = "risk-model-"
HELD = "held"
YOUNG = 600
"""Seconds in which a folder is left alone: it may not have been locked yet."""
_locks: dict[Path, IO[str]] = {}


def begin(within: Path | None) -> Path:
    """Return a new folder in ``within``, else where temporary files go; those of the dead go.

    Raises OSError where none can be made.
    """
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=within))
    _locks[folder] = (folder / HELD).open("w", encoding="utf-8")
    _has_locked(_locks[folder])
    _remove_the_dead(folder.parent)
    return folder


def end(folder: Path) -> None:
    """Remove a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    if lock := _locks.pop(folder, None):
        lock.close()


def _remove_the_dead(within: Path) -> None:
    for held in sorted(within.glob(f"{PREFIX}*/{HELD}")):
        try:
            if held.parent in _locks or time.time() - held.stat().st_mtime < YOUNG:
                continue
            # To write: over a network (NFS) only who may write is given the lock.
            with held.open("r+", encoding="utf-8") as file:
                is_dead = _has_locked(file)
        except OSError:
            # Somebody else's, or gone in the meantime.
            continue
        if is_dead:
            shutil.rmtree(held.parent, ignore_errors=True)
            log.warning("removed what a run that was cut off had left: %s", held.parent.name)


def _has_locked(file: IO[str]) -> bool:
    """Lock a file unless somebody has, and say whether it is ours now; no where nobody can lock."""
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
