"""The greatest and the smallest of some values of a row.

Spark's own functions take no single value, and what a row is dated by may be a single one.
"""

from __future__ import annotations

import narwhals as nw


def greatest(*values: str | nw.Expr) -> nw.Expr:
    """Return the greatest value of each row, unknown ones left out."""
    return nw.max_horizontal(*values) if len(values) > 1 else _only(values[0])


def smallest(*values: str | nw.Expr) -> nw.Expr:
    """Return the smallest value of each row, unknown ones left out."""
    return nw.min_horizontal(*values) if len(values) > 1 else _only(values[0])


def _only(value: str | nw.Expr) -> nw.Expr:
    return nw.col(value) if isinstance(value, str) else value
