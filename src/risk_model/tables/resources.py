"""How much of the machine the engine may use: memory, threads, and where it spills to."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import duckdb
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from risk_model.documents import Strict
from risk_model.errors import UsageError

EngineConfig = Mapping[str, str | bool | int | float | list[str]]
PER_THREAD = 256 << 20
DATABASE = "tables.duckdb"
"""The file with the engine's tables, in the folder that it spills into."""
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(KB|MB|GB|TB|KiB|MiB|GiB|TiB)", re.I)
_FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))
_EXAMPLE = "write it as 4GB or 500MB"


def _size(value: str) -> str:
    match = _SIZE.fullmatch(value.strip())
    if match is None or float(match[1]) == 0:
        raise ValueError(f"'{value}' is no amount of memory; {_EXAMPLE}.")
    return f"{match[1]}{match[2]}"


def _as_text(value: object) -> object:
    """Answer a bare number: nobody can tell whether it means gigabytes or bytes."""
    return str(value) if isinstance(value, int | float) else value


Size = Annotated[str, BeforeValidator(_as_text), AfterValidator(_size)]


class Resources(Strict):
    """What the engine may use.

    ``memory`` (``4GB``; none: 80% of the machine's) bounds what it holds; what is beyond goes to
    files in ``spill`` (none: the system's folder for temporary files), deleted at the end.
    ``threads`` is how many it works with (none: one a core, but fewer where a thread would have
    less than PER_THREAD of the memory: each joins and sorts a part of its own).
    """

    memory: Size | None = None
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    spill: Path | None = None

    def with_words(self, memory: str | None, threads: int | None) -> Resources:
        """Return the same with what a command says; UsageError for what is no amount."""
        words = {"memory": memory, "threads": threads}
        said = {name: value for name, value in words.items() if value is not None}
        try:
            return Resources.model_validate({**self.model_dump(), **said})
        except ValidationError as error:
            first = error.errors()[0]
            problem = str(first["msg"]).removeprefix("Value error, ")
            raise UsageError(f"--{first['loc'][0]}: {problem}") from None

    def config(self, spill: Path) -> dict[str, str | bool | int | float | list[str]]:
        """Return the engine's configuration, spilling into a folder of this run."""
        config: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": "false",
            "temp_directory": str(spill),
        }
        if self.memory is not None:
            config["memory_limit"] = self.memory
            config["threads"] = min(_cores(), max(1, int(bytes_of(self.memory) // PER_THREAD)))
        if self.threads is not None:
            config["threads"] = self.threads
        return config


def bytes_of(size: str) -> float:
    """Return how many bytes a checked size is, or what the engine tells of its own."""
    match = _SIZE.fullmatch(size)
    if match is None:
        return 0.0
    power = "KMGT".index(match[2][0].upper()) + 1
    return float(match[1]) * float(1024 if "i" in match[2].lower() else 1000) ** power


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


ALL_THERE_IS = Resources()


def too_little(error: duckdb.Error) -> str | None:
    """Say in a sentence what the engine has too little of, memory or disk; None for all else."""
    said = str(error).splitlines()[0]
    if isinstance(error, duckdb.OutOfMemoryException):
        said = said.removeprefix("Out of Memory Error: ")
        return (
            f"the engine needs more memory than it may use: {said}. Give --memory more, or fewer "
            "--threads: each works on a part of its own."
        )
    full = next((words for words in _FULL if words in said), None)
    if full is None:
        return None
    named = re.search(r"""["']([^"']+)["']""", said)
    folder = f"{Path(named[1]).parent}: " if named else ""
    return (
        f"{folder}cannot be written ({full}). The tables of a run lie there while it lasts; make "
        "room, or name another folder with TMPDIR or `spill:` in pipelines/resources.yaml."
    )


def used(connection: duckdb.DuckDBPyConnection, spill: Path | None) -> dict[str, str | int]:
    """Return what the engine is held to, and the most memory that was had so far.

    That is this process's, and that of all processes: it and those that it started and that are
    there, each at its own most (what two of them share counts twice).
    """
    [(memory, threads)] = connection.execute(
        "SELECT current_setting('memory_limit'), current_setting('threads')"
    ).fetchall()
    return {
        "engine_memory_limit": str(memory),
        "engine_threads": int(threads),
        "engine_spilled_mb": _megabytes(spill),
        "process_peak_mb": _peak_megabytes(),
        "all_processes_peak_mb": _peak_megabytes() + _peak_of_children(),
    }


def _peak_megabytes() -> int:
    """Return the most memory that this process ever had; 0 where the system does not say."""
    status = Path("/proc/self/status")
    # before getrusage, whose figure includes what the process was forked from
    told = _told_in(status, "VmHWM")
    if told:
        return told >> 10
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # kilobytes, but bytes on macOS
    return int(peak // (1 << 20 if sys.platform == "darwin" else 1 << 10))


def _peak_of_children() -> int:
    """Return the most memory of each process that this one started, added up; 0 as above."""
    parents, peaks = {}, {}
    for status in Path("/proc").glob("[0-9]*/status"):
        pid = int(status.parent.name)
        parents[pid], peaks[pid] = _told_in(status, "PPid"), _told_in(status, "VmHWM")

    def is_ours(pid: int) -> bool:
        parent = parents.get(pid, 0)
        return parent == os.getpid() or (parent > 0 and is_ours(parent))

    return sum(peak for pid, peak in peaks.items() if is_ours(pid)) >> 10


def _told_in(status: Path, name: str) -> int:
    """Return a number of a process's status (memory: kilobytes); 0 where it is not told or gone."""
    try:
        told = re.search(rf"^{name}:\s*(\d+)", status.read_text(), re.M)
    except OSError:
        return 0
    return int(told[1]) if told else 0


def _megabytes(folder: Path | None) -> int:
    """Return what was spilled into a folder; the tables themselves do not count."""
    files = folder.rglob("*") if folder is not None and folder.is_dir() else ()
    spilled = [file for file in files if file.is_file() and not file.name.startswith(DATABASE)]
    return sum(file.stat().st_size for file in spilled) >> 20
