"""What was read and may yet mean something else: thousands taken for decimals, days for months.

No cell of its own tells; a column does. Nothing is changed, it is said.
"""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

import duckdb

from risk_model.tables import reasons
from risk_model.tables.casting import RawColumn
from risk_model.tables.moments import exchanged
from risk_model.tables.quoting import identifier, literal
from risk_model.tables.raw import RawTable
from risk_model.tables.single import single
from risk_model.tables.staging import DOUBT, doubtful


def doubts(connection: duckdb.DuckDBPyConnection, raw: RawTable, stage: str) -> list[str]:
    """Return a sentence on each doubtful column of the stage, and drop the words on its cells."""
    said = []
    for name, given in doubtful(raw).items():
        column = raw.table.by_name.get(name)
        if column is not None and column.kind in ("number", "integer"):
            said += _of_amounts(connection, raw, name, given, stage)
        else:
            said += _of_days(connection, raw, name, given, stage)
        connection.execute(f"ALTER TABLE {stage} DROP COLUMN {identifier(DOUBT + name)}")
    return said


def _of_amounts(
    connection: duckdb.DuckDBPyConnection, raw: RawTable, name: str, given: RawColumn, stage: str
) -> list[str]:
    word, at = identifier(DOUBT + name), f"{raw.place}: column '{given.label}'"
    words, least, count = single(
        connection,
        f"SELECT list_sort(list(DISTINCT {word})), min({identifier(name)}), count({word}) "
        f"FROM {stage} WHERE {word} IS NOT NULL",
    )
    if words == ["thousands"]:
        return [
            f"{at}: {count:,} numbers have a dot, always before three digits; '{least:.3f}' is "
            f"read as {least:g}. Where the dot stands for thousands, say `decimal: ','` in "
            "sources.yaml, and `decimal: '.'` where it does not."
        ]
    if raw.rules.decimal is not None and words and len(words) > 1:
        return [
            f"{at}: amounts in {' and '.join(words[:5])} stand side by side; none is converted."
        ]
    return []


def _of_days(
    connection: duckdb.DuckDBPyConnection, raw: RawTable, name: str, given: RawColumn, stage: str
) -> list[str]:
    word = identifier(DOUBT + name)
    count, example = single(connection, f"SELECT count({word}), min({word}) FROM {stage}")
    if not count:
        return []
    return [
        f"{raw.place}: column '{given.label}': {count:,} dates fit more than one of its formats "
        f"and are different days by them, as '{example}'; the first that fits was taken "
        f"('{raw.rules.formats[0]}' comes first). Say in sources.yaml only the one that is right."
    ]


def exchanged_days(connection: duckdb.DuckDBPyConnection, raw: RawTable, refused: str) -> list[str]:
    """Return a sentence where most refused dates fit a format with day and month exchanged."""
    said = []
    for spelling in raw.rules.formats:
        other = exchanged(spelling)
        if other is None or other in raw.rules.formats:
            continue
        rows = connection.execute(
            f"SELECT column_name, count(*) AS n, count(*) FILTER (WHERE try_strptime(trim(value), "
            f"{literal(other)}) IS NOT NULL) AS fitting FROM {refused} "
            f"WHERE reason = {literal(reasons.NOT_A_TIME)} "
            "GROUP BY column_name HAVING fitting * 2 > n ORDER BY column_name"
        ).fetchall()
        said += [
            f"{raw.place}: column '{label}': {fitting:,} of {n:,} refused dates are '{other}'. "
            f"sources.yaml says '{spelling}', by which day and month are exchanged in those that "
            "were read."
            for label, n, fitting in rows
        ]
    return said
