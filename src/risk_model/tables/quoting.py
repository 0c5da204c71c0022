"""Names and values as SQL text: the only place where either is written into a statement."""

from __future__ import annotations


def identifier(name: str) -> str:
    """Return a table's or column's name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | int | float | None) -> str:
    """Return a value as an SQL literal; text is quoted, None is NULL."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)
