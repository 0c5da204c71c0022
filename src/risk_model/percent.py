"""One way to say a probability of four decimals as a percentage of one."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def percent(share: float) -> str:
    """Return a share as a percentage with one decimal, halves rounded up: 0.5725 is 57.3%.

    A binary fraction lies a little above or below its half, so Python and a browser round every
    tenth probability of a list differently; what stands in the CSV is rounded here.
    """
    exact = Decimal(str(float(share))) * 100
    return f"{exact.quantize(Decimal('0.1'), ROUND_HALF_UP)}%"
