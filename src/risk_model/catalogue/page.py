"""The catalogue as a page in Markdown and as rows for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from risk_model.catalogue.describing import Description

COLUMNS = ("feature", "means", "made of", "source", "window", "unit", "worse when")


@dataclass(frozen=True)
class Coverage:
    """How much of the data each feature could be measured on: ``shares`` 0…1 by name.

    ``what`` says on which snapshots, in words.
    """

    what: str
    shares: Mapping[str, float]


def rows_of(
    descriptions: Sequence[Description], coverage: Coverage | None = None
) -> list[dict[str, str]]:
    """Return one row a feature, COLUMNS and, with ``coverage``, one more, all as text."""
    rows = []
    for one in descriptions:
        cells = (one.name, one.means, one.made, ", ".join(one.sources), one.window, one.unit)
        row = dict(zip(COLUMNS, (*cells, one.worse), strict=True))
        if coverage is not None:
            row["coverage"] = f"{coverage.shares[one.name]:.0%}"
        rows.append(row)
    return rows


def as_csv(descriptions: Sequence[Description], coverage: Coverage | None = None) -> str:
    """Return the rows as CSV, with the family in front."""
    text = io.StringIO()
    rows = rows_of(descriptions, coverage)
    families = [one.family for one in descriptions]
    writer = csv.DictWriter(text, ["family", *(rows[0] if rows else COLUMNS)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({"family": family, **row} for family, row in zip(families, rows, strict=True))
    return text.getvalue()


def as_markdown(descriptions: Sequence[Description], coverage: Coverage | None = None) -> str:
    """Return the page: how to read it, then a table a family, in the catalogue's order."""
    parts = [_INTRODUCTION.format(count=len(descriptions))]
    if coverage is not None:
        parts.append(f"Coverage is the share of {coverage.what} on which it could be measured.\n")
    for family, members in groupby(descriptions, key=lambda one: one.family):
        group = list(members)
        parts.append(f"## {family}\n\n{_counted(len(group))}\n\n{_table(group, coverage)}")
    return "\n".join(parts)


def _counted(count: int) -> str:
    return f"{count} features." if count != 1 else "1 feature."


def _table(descriptions: Sequence[Description], coverage: Coverage | None) -> str:
    rows = rows_of(descriptions, coverage)
    lines = [_line(list(rows[0])), _line(["---"] * len(rows[0]))]
    for row in rows:
        cells = [_cell(value) for value in row.values()]
        lines.append(_line([f"`{cells[0]}`", *cells[1:]]))
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: str) -> str:
    """Return a text that stays in its cell, and says what it says."""
    for mark in ("\\", "|", "*", "<"):
        value = value.replace(mark, f"\\{mark}")
    return " ".join(value.split())


_INTRODUCTION = """# The features

All {count} features, as `features/*.yaml` says them. This page is made by `make docs`
(`risk-model features --describe --out docs/features.md`), not written; the same with `--data` adds
how much of your data each could be measured on, and `--sql` shows what the engine runs.

A feature belongs to an account on a day, `as_of` at 00:00 UTC, and uses only what was known before.
**Window** says which days before `as_of` its rows come from: *28 days before* are the 28 days that
end with the day before `as_of`; *open at the time* are the rows whose interval holds `as_of`.
**Worse when** is the direction that the model is held to; empty
means that none is forced. Counts and sums over a table that is there are 0 where there are no
rows; everything else, and everything of a table that is missing or has stopped, is empty, never 0.
"""
