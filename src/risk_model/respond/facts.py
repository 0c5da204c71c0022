"""What a response reads of an account: tests of features, a table at a time or one account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model.catalogue.figures import OfFigures
from risk_model.catalogue.holding import holds_each

Bools = NDArray[np.bool_]
Group = Mapping[str, OfFigures]
Values = Mapping[str, Any]

# How many of their messages and tickets of 4 weeks are in a language that is not understood.
UNREAD = ("messages_not_understood_28d", "tickets_not_understood_28d")
# Features that the answer reads besides those named in the decisions.
FACTS = (
    "days_since_escalation_closed",
    "open_escalations",
    "days_since_contact",
    "days_since_outbound",
    "tenure_days",
    "arr",
    *UNREAD,
)


def any_group(groups: Iterable[Group], facts: pd.DataFrame) -> Bools:
    """Return where one group holds throughout; what is not measured holds nothing."""
    found = np.zeros(len(facts), dtype=bool)
    for group in groups:
        holds = np.ones(len(facts), dtype=bool)
        for name, condition in group.items():
            holds &= holds_each(condition, facts[name].to_numpy(dtype=float))
        found |= holds
    return found


def group_holds(group: Group, values: Values) -> bool:
    """Return whether a group holds throughout for one account."""
    return all(condition.holds(values.get(name)) for name, condition in group.items())
