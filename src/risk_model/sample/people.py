"""Names: companies, the people at them, and our own."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict

ZONES = (
    ("North America", ("America/New_York", "America/Chicago", "America/Los_Angeles")),
    ("EMEA", ("Europe/London", "Europe/Berlin", "Europe/Madrid", "Asia/Dubai")),
    ("APAC", ("Asia/Singapore", "Australia/Sydney", "Asia/Tokyo", "Asia/Kolkata")),
    ("LATAM", ("America/Sao_Paulo", "America/Mexico_City")),
)


class Names(BaseModel):
    """The halves of invented names: companies are front + back, people first + last."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    front: tuple[str, ...]
    back: tuple[str, ...]
    first: tuple[str, ...]
    last: tuple[str, ...]


@cache
def names() -> Names:
    """Return the names, read once."""
    text = (files(__package__) / "phrases" / "names.yaml").read_text(encoding="utf-8")
    return Names.model_validate(yaml.safe_load(text))


def _paired(
    left: tuple[str, ...], right: tuple[str, ...], count: int, rng: np.random.Generator
) -> list[str]:
    """Return ``count`` different pairs; when all pairs are used up they carry a number."""
    room = len(left) * len(right)
    order = rng.permutation(room)
    made = []
    for number in range(count):
        first, last = divmod(int(order[number % room]), len(right))
        again = f" {number // room + 1}" if number >= room else ""
        made.append(f"{left[first]} {right[last]}{again}")
    return made


def company_names(count: int, rng: np.random.Generator) -> list[str]:
    """Return ``count`` different company names."""
    return _paired(names().front, names().back, count, rng)


def staff_names(count: int, rng: np.random.Generator) -> list[str]:
    """Return ``count`` different full names."""
    return _paired(names().first, names().last, count, rng)
