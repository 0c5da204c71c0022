"""A table as it came, before its cells are understood: where it is, which column is which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from risk_model.documents import did_you_mean
from risk_model.tables.casting import RawColumn, Rules
from risk_model.tables.contract import Table

ROW = "row"
RECORDED = "recorded_at"
"""A column that any table may have: from when its row is known, where that is later."""


@dataclass(frozen=True)
class CsvShape:
    """How a CSV file is to be read, so that refused rows can be found again by line.

    ``ends`` is what every row ends with; None where not all end alike.
    """

    path: str
    width: int
    delimiter: str = ","
    encoding: str = "utf-8"
    compressed: bool = False
    ends: str | None = "\n"


@dataclass(frozen=True)
class RawTable:
    """``relation`` is what a SELECT reads FROM; ``columns`` leads contract columns to theirs.

    ``known_at`` leads a contract column (or ``row``) to the column with the time from which it is
    known; ``recorded_at`` does the same for the row, and may be empty. ``csv`` is set for CSV
    files only, ``parquet`` for Parquet files only.
    """

    table: Table
    place: str
    relation: str
    columns: Mapping[str, RawColumn]
    known_at: Mapping[str, RawColumn] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)
    unknown: tuple[str, ...] = ()
    csv: CsvShape | None = None
    parquet: Path | None = None


@dataclass(frozen=True)
class Layout:
    """What a mapping says of one table: contract column → theirs, and *known at* → theirs.

    ``constants`` lead contract columns that the table has not to what every row of it holds.
    """

    columns: Mapping[str, str] | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    known_at: Mapping[str, str] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)


# What nobody sees: byte order marks, spaces of no width, marks of direction.
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\u200e\u200f\u202a\u202c\u00ad\0"
_SHOWN = 12


def folded(label: str) -> str:
    """Return a column's name as names are compared: without case, and what nobody sees."""
    return label.strip().strip(_INVISIBLE).strip().casefold()


def _shown(label: str) -> str:
    """Return a column's name for people: on one line, not too long."""
    return " ".join(label.split())[:40]


def listed(labels: Sequence[str]) -> str:
    """Return the first names of many, and how many more there are."""
    more = f" … and {len(labels) - _SHOWN:,} more" if len(labels) > _SHOWN else ""
    return ", ".join(_shown(label) for label in labels[:_SHOWN]) + more


def match_columns(
    table: Table, place: str, given: Sequence[RawColumn], layout: Layout
) -> tuple[RawTable, list[str]]:
    """Lead the contract's columns to the given ones; mistakes come back as sentences.

    Names match whatever their case and surrounding blanks. The relation is left empty.
    """
    wanted = layout.columns or {name: name for name in table.by_name}
    by_name: dict[str, list[RawColumn]] = {}
    for column in given:
        by_name.setdefault(folded(column.label), []).append(column)
    mistakes: list[str] = []
    wanted = {name: theirs for name, theirs in wanted.items() if name in table.by_name}
    found = _led(place, wanted, by_name, layout.columns is not None, mistakes)
    mistakes += [
        f"{place}: column '{found[name].label.strip()}' is there, so leave '{name}' out of "
        "`constants:` in sources.yaml."
        for name in layout.constants
        if name in found
    ]
    known_at = _led(place, layout.known_at, by_name, True, mistakes)
    if RECORDED not in table.by_name:
        told = layout.columns is not None
        recorded = {RECORDED: (layout.columns or {}).get(RECORDED, RECORDED)}
        if not told or RECORDED in (layout.columns or {}):
            known_at |= _led(place, recorded, by_name, told, mistakes)
    used = {folded(column.label) for column in [*found.values(), *known_at.values()]}
    found |= {name: RawColumn(name, name, constant=said) for name, said in layout.constants.items()}
    absent = [
        wanting.name
        for wanting in table.columns
        if wanting.required
        and wanting.name not in {*found, *(layout.columns or {})}
        and wanting.name not in by_name
    ]
    if absent:
        mistakes.append(_absent(table, place, absent, given, layout))
    mistakes += [
        f"{place}: column '{column.label}' holds {column.type} values, and a table needs plain "
        "ones: text, numbers, true/false, dates or times."
        for column in [*found.values(), *known_at.values()]
        if column.family == "other"
    ]
    unknown = tuple(c.label.strip() for c in given if folded(c.label) not in used)
    raw = RawTable(table, place, "", found, known_at, layout.rules, tuple(filter(None, unknown)))
    return raw, list(dict.fromkeys(mistakes))


def _led(
    place: str,
    wanted: Mapping[str, str],
    by_name: Mapping[str, list[RawColumn]],
    must: bool,
    mistakes: list[str],
) -> dict[str, RawColumn]:
    found: dict[str, RawColumn] = {}
    for name, theirs in wanted.items():
        columns = by_name.get(folded(theirs), [])
        if len(columns) == 1:
            found[name] = columns[0]
        elif columns:
            mistakes.append(
                f"{place}: column '{theirs}' stands there twice; leave one of them out."
            )
        elif must:
            mistakes.append(
                f"{place}: no column '{theirs}' (for '{name}').{did_you_mean(theirs, by_name)}"
            )
    return found


def _absent(
    table: Table, place: str, names: Sequence[str], given: Sequence[RawColumn], layout: Layout
) -> str:
    labels = [column.label.strip() for column in given]
    wanted = ", ".join(f"'{name}'" for name in names)
    # one of few words can be the same in every row, an id or a time cannot
    same = any(table.by_name[name].values for name in names)
    constant = ", or under `constants:` what every row holds" if same else ""
    if layout.columns is not None:
        return (
            f"{place}: {wanted} needed; say in sources.yaml which of its columns it is{constant}."
        )
    shown = ", ".join(f"'{_shown(label)}'" for label in labels[:_SHOWN] if label) or "none"
    if not any(folded(label) in table.by_name for label in labels):
        return (
            f"{place}: no column {wanted}, needed here; the first line reads {shown}. It has to "
            "name the columns: take out what stands above, or lead them there in sources.yaml."
        )
    near = "".join(did_you_mean(name, labels) for name in names[:1])
    return (
        f"{place}: no column {wanted}, needed here; the columns are {shown}.{near} "
        f"Rename it, or lead it there in sources.yaml{constant}."
    )
