"""Accounts that write in a language that nobody here hears: what they say is unread, not fine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model.explain import QUIET
from risk_model.respond.facts import UNREAD
from risk_model.respond.spec import Response


def unread(facts: pd.DataFrame) -> NDArray[np.float64]:
    """Return for each account how many of its texts were not understood; of unknown ones none."""
    there = [name for name in UNREAD if name in facts.columns]
    count: NDArray[np.float64] = facts[there].sum(axis=1).to_numpy(dtype=np.float64)
    return count


def with_unread(
    reasons: Sequence[Sequence[str]], texts: NDArray[np.float64], most: int = 3
) -> list[list[str]]:
    """Return the reasons, with the texts that were not understood as the last where there is room.

    Where nothing else stands out they are the only one: not all is quiet that is not heard.
    """
    result = [list(said) for said in reasons]
    for row in np.flatnonzero(texts > 0).tolist():
        kept = [text for text in result[row] if text != QUIET]
        many = (
            f"{texts[row]:,.0f} messages and tickets" if texts[row] > 1 else "A message or ticket"
        )
        are = "are" if texts[row] > 1 else "is"
        says = f"{many} in 4 weeks {are} in a language that is not understood"
        result[row] = [*kept, says][:most]
    return result


def step_of_unread(steps: Sequence[str], texts: NDArray[np.float64], how: Response) -> list[str]:
    """Return the first steps; where there is nothing to do, what was not understood is read."""
    plain = how.first_step.nothing
    return [
        how.first_step.unread if count > 0 and step == plain else step
        for step, count in zip(steps, texts, strict=True)
    ]
