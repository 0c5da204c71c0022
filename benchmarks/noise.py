"""When is one of many differences more than luck? Looking at many, some look bad by chance."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

LEVEL = 0.05


def below(differences: Sequence[dict[str, Any]], looks: int = 1) -> list[int]:
    """Return which differences lie below 0 beyond noise, at a level that holds over all looks.

    Each has ``estimate``, and ``low`` and ``high`` at 95% by redrawing accounts. For one look that
    interval decides. For more it is widened as for a normal error, the level shared out
    (Bonferroni), which is careful where points of one company go up and down together.
    """
    if looks == 1:
        return [place for place, one in enumerate(differences) if one["high"] < 0]
    wider = _quantile(LEVEL / looks) / _quantile(LEVEL)
    return [
        place
        for place, one in enumerate(differences)
        if one["estimate"] + wider * (one["high"] - one["estimate"]) < 0
    ]


def _quantile(level: float) -> float:
    return NormalDist().inv_cdf(1 - level / 2)
