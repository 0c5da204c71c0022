"""Conditions of the catalogue as narwhals expressions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_

import narwhals as nw

from risk_model.catalogue import Condition


def matches(where: Mapping[str, Condition]) -> nw.Expr | None:
    """Return the expression that holds where every condition holds; None for no condition."""
    tests = [test for name, condition in where.items() for test in _tests(name, condition)]
    return reduce(lambda left, right: left & right, tests) if tests else None


def _tests(name: str, condition: Condition) -> list[nw.Expr]:
    column = nw.col(name)
    tests = []
    if condition.known is not None:
        tests.append(~column.is_null() if condition.known else column.is_null())
    if condition.one_of is not None:
        # ``is_in`` looks into a list for every row; a few comparisons are a third of that.
        text = column.cast(nw.String)
        tests.append(reduce(or_, (text == nw.lit(value) for value in condition.one_of)))
    if condition.above is not None:
        tests.append(column > condition.above)
    if condition.below is not None:
        tests.append(column < condition.below)
    if condition.at_least is not None:
        tests.append(column >= condition.at_least)
    if condition.at_most is not None:
        tests.append(column <= condition.at_most)
    return tests
