"""The CSM's calendar and list of action items."""

from __future__ import annotations

import numpy as np
import pandas as pd

from risk_model.sample.stamps import (
    before_end,
    iso_times,
    office_seconds,
)
from risk_model.sample.world import MESSAGES, World, numbered, scatter
from risk_model.timeline import DAY, HOUR


def meetings_table(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """Return the table ``meetings``: the larger the account the more of them."""
    pace = np.array([1 / 17, 1 / 24, 1 / 45])[world.traits.segment]
    rates = pace * world.history.customer * (world.workdays() * 1.4)[:, None]
    day, account = scatter(np.asarray(rates * (1 - 0.4 * world.faded(MESSAGES))), rng)
    trouble = world.lagged(MESSAGES, (0.12, 0.18, 0.28, 0.22, 0.35))[day, account]
    lean = -2.3 + np.minimum(trouble, 2) + 2.6 * world.faded(MESSAGES)[day, account]
    lean += rng.normal(0, 0.6, world.accounts)[account]
    draw = rng.random(len(day))
    misses = 1 / (1 + np.exp(-lean))
    status = np.where(draw < misses, "missed", np.where(draw < misses + 0.11, "cancelled", "held"))
    kinds = np.array(["check-in", "business review", "training", "roadmap"])
    return pd.DataFrame(
        {
            "meeting_id": numbered("M", len(day)),
            "account_id": world.ids(account),
            "scheduled_at": iso_times(office_seconds(day + world.period.first, rng)),
            "status": status,
            "kind": kinds[rng.choice(4, len(day), p=[0.62, 0.16, 0.13, 0.09])],
        }
    )


def tasks_table(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """Return the table ``tasks``: action items of both sides, some late, some never done."""
    pace = np.array([1 / 24, 1 / 32, 1 / 60])[world.traits.segment]
    rates = pace * world.history.customer * (world.workdays() * 1.4)[:, None]
    day, account = scatter(np.asarray(rates), rng)
    ours = rng.random(len(day)) < 0.55
    created = office_seconds(day + world.period.first, rng)
    allowed = np.ceil(rng.gamma(3, 3.5, len(day)))
    due = np.floor(created / DAY) * DAY + allowed * DAY + 17 * HOUR
    mine = world.lagged(MESSAGES, (0.12, 0.3, 0.15, 0.1, 0.35))[day, account]
    theirs = world.lagged(MESSAGES, (0.15, 0.15, 0.2, 0.18, 0.2))[day, account]
    slow = np.where(ours, np.minimum(mine, 1.6), np.minimum(theirs, 1.2))
    slow = slow + np.where(ours, 0, 1.1 * world.faded(MESSAGES)[day, account])
    takes = allowed * np.exp(-0.45 + slow + rng.normal(0, 0.65, len(day)))
    done = np.where(rng.random(len(day)) < 0.05, np.nan, created + np.maximum(takes, 0.05) * DAY)
    due = np.where(rng.random(len(day)) < 0.1, np.nan, due)
    return pd.DataFrame(
        {
            "task_id": numbered("K", len(day)),
            "account_id": world.ids(account),
            "created_at": iso_times(created),
            "due_at": iso_times(due),
            "done_at": iso_times(before_end(done, world.period)),
            "owner_side": np.where(ours, "us", "customer"),
        }
    )
