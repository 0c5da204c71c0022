"""How much of the machine the engine may use: memory, threads, and where it spills to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from risk_model.documents import Strict

EngineConfig = Mapping[str, str | bool | int | float | list[str]]
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(KB|MB|GB|TB|KiB|MiB|GiB|TiB)", re.I)
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
    ``threads`` is how many it works with (none: one a core).
    """

    memory: Size | None = None
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    spill: Path | None = None

    def config(self, spill: Path) -> dict[str, str | bool | int | float | list[str]]:
        """Return the engine's configuration, spilling into a folder of this run."""
        config: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": "false",
            "temp_directory": str(spill),
        }
        if self.memory is not None:
            config["memory_limit"] = self.memory
        if self.threads is not None:
            config["threads"] = self.threads
        return config
