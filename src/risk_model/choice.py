"""Choosing among few named settings on days that no figure is reported on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from scipy.special import expit

from risk_model.calibration import log_losses, paired_z
from risk_model.errors import DataRefused
from risk_model.folds import ForwardFolds
from risk_model.out_of_fold import Snapshots, out_of_fold

# A setting other than the first has to be better by so many standard errors over accounts.
CLEARLY = 1.0
FOLDS = 2


@dataclass(frozen=True)
class Choice:
    """The settings chosen, the log loss of each that was tried, and why."""

    settings: dict[str, Any]
    tried: tuple[tuple[dict[str, Any], float], ...]
    reason: str


def choose(
    make: Callable[[dict[str, Any]], Any],
    grid: Mapping[str, Sequence[Any]],
    rows: Snapshots,
    horizon: int,
    *,
    gap: int = 0,
    min_escalations: int = 30,
) -> Choice:
    """Return the settings of the grid with the lowest log loss forward in time.

    ``make`` returns an unfitted classifier for a setting of each name in ``grid``. The first stands
    unless another is better by a standard error over accounts, and where the rows hold fewer than
    ``min_escalations`` or are too short for two folds.
    """
    combinations = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    first = combinations[0]
    count = rows.escalations(horizon)
    if count < min_escalations:
        return Choice(first, (), f"{count} escalations to choose by, {min_escalations} wanted")
    members = [(str(number), make(setting)) for number, setting in enumerate(combinations)]
    try:
        out = out_of_fold(members, rows, ForwardFolds(FOLDS, horizon, gap=gap))
    except DataRefused as refused:
        return Choice(first, (), f"nothing was chosen: {refused}")
    seen = rows.take(out.rows)
    if np.unique(seen.y).size < 2:
        return Choice(first, (), "nothing was chosen: no escalation on the days to choose by")
    losses = [log_losses(seen.y, expit(column)) for column in out.logits.T]
    means = [float(loss.mean()) for loss in losses]
    best = int(np.argmin(means))
    ahead = paired_z(losses[0], losses[best], seen.group) if best else 0.0
    chosen = best if ahead > CLEARLY else 0
    reason = (
        f"lowest log loss on {len(seen.y)} earlier snapshots, by {ahead:.1f} standard errors"
        if chosen
        else f"no other setting was clearly better on {len(seen.y)} earlier snapshots"
    )
    tried = tuple(zip(combinations, means, strict=True))
    return Choice(combinations[chosen], tried, reason)
