"""Conditions tested on whole columns of numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from risk_model.catalogue.spec import Condition


def holds_each(condition: Condition, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Test every number of a column as ``Condition.holds`` does one; NaN is not known."""
    unknown = np.isnan(values)
    if condition.known is False:
        return unknown
    result = ~unknown
    if condition.above is not None:
        result &= values > condition.above
    if condition.below is not None:
        result &= values < condition.below
    if condition.at_least is not None:
        result &= values >= condition.at_least
    if condition.at_most is not None:
        result &= values <= condition.at_most
    if condition.one_of is not None:
        result &= np.isin(values, [float(item) for item in condition.one_of])
    return result
