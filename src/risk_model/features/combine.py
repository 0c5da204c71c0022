"""Features made of other features, as narwhals expressions over one row a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from itertools import pairwise

import narwhals as nw

from risk_model.catalogue import Feature, Pair


def combined(feature: Feature, values: Mapping[str, nw.Expr]) -> nw.Expr:
    """Return the expression of a derived feature over those of other features, ``values``.

    Unknown where what it needs is unknown; ``first_of`` and ``least`` need one of theirs.
    """
    parts = [values[part] for part in feature.parts]
    pair = getattr(feature, feature.verb)
    if isinstance(pair, Pair):
        return _of_pair(feature.verb, pair, *parts)
    if feature.verb == "first_of":
        return reduce(nw.coalesce, parts)
    if feature.verb == "least":
        return nw.min_horizontal(*parts)
    if feature.verb == "add":
        return reduce(lambda so_far, part: so_far + part, parts)
    return _streak(parts)


def _of_pair(verb: str, pair: Pair, of: nw.Expr, to: nw.Expr) -> nw.Expr:
    if verb == "difference":
        return of - to
    value = of / to if verb == "ratio" else (of - to) / to
    enough = to > 0 if pair.at_least <= 0 else (to > 0) & (to >= pair.at_least)
    return nw.when(enough).then(value)


def _streak(parts: list[nw.Expr]) -> nw.Expr:
    """Count how many times in a row it fell, latest first: ``parts`` go back in time."""
    falls = [later < earlier for later, earlier in pairwise(parts)]
    known = reduce(lambda left, right: left & right, (~part.is_null() for part in parts))
    count: nw.Expr = nw.lit(0.0)
    for fall in reversed(falls):
        count = nw.when(fall).then(count + 1.0).otherwise(0.0)
    return nw.when(known).then(count)
