"""What the company thinks it knows: its tool's health score, and what came of a list."""

from __future__ import annotations

import numpy as np
import pandas as pd

from risk_model.sample.stamps import (
    Floats,
    before_end,
    iso_dates,
    iso_times,
    midnight_of,
)
from risk_model.sample.wording import Dice, Phrases
from risk_model.sample.world import World
from risk_model.timeline import DAY, HOUR


def _trend(activity: Floats) -> Floats:
    """Four weeks of use against the twelve before, log scale; 0 while there is too little."""
    total = np.vstack([np.zeros(activity.shape[1]), np.cumsum(activity, axis=0)])
    days = np.arange(len(activity))
    near = total[days] - total[np.maximum(days - 28, 0)]
    far = total[np.maximum(days - 28, 0)] - total[np.maximum(days - 112, 0)]
    ratio = np.log((3 * near + 5) / (far + 5))
    return np.where((days < 112)[:, None] | (far < 20), 0.0, np.clip(ratio, -1.5, 0.7))


def health_table(
    world: World, activity: Floats, tickets: Floats, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the table ``health_scores``: a tool's mixture of use and tickets, a week late."""
    scored = rng.random(world.accounts) < 0.72
    weekday = rng.integers(0, 5)
    busy = np.vstack([np.zeros(world.accounts), np.cumsum(tickets, axis=0)])
    days = np.arange(9, world.period.days, 7) - int(weekday)
    late = np.maximum(days - 7, 0)
    recent = busy[late] - busy[np.maximum(late - 30, 0)]
    offset = rng.normal(0, 6, world.accounts)
    score = 74 + offset + 16 * _trend(activity)[late] - 3.2 * np.sqrt(recent)
    score += rng.normal(0, 3.0, score.shape)
    listed = world.history.customer[days] & scored & (rng.random(score.shape) > 0.03)
    at, account = np.nonzero(listed)
    scored_at = midnight_of(days[at] + world.period.first) + 5 * HOUR
    return pd.DataFrame(
        {
            "account_id": world.ids(account),
            "scored_at": iso_times(scored_at),
            "score": np.clip(np.round(score[at, account]), 0, 100).astype(np.int64),
        }
    )


def outcomes_table(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """Return the table ``outcomes``: what the CSMs wrote down of a few listed accounts."""
    days = np.arange(max(world.period.days - 120, 10), world.period.days - 5, 14)
    cases, rows = world.history.escalations, []
    phrases, dice = Phrases.load(), Dice(rng)
    for day in days.tolist():
        pool = np.flatnonzero(world.history.customer[day] & ~world.history.open_case[day])
        for account in np.sort(rng.choice(pool, min(4, len(pool)), replace=False)).tolist():
            mine = cases.day[cases.account == account]
            came = bool(((mine >= day) & (mine < day + 30)).any())
            over = day + 30 <= world.period.days
            quiet = str(rng.choice(["averted", "nothing-there", "nothing-there", "unknown"]))
            outcome = "escalated" if came else quiet if over else "unknown"
            acted = (day + world.period.first) * DAY + float(rng.integers(30_000, 260_000))
            rows.append((account, day, acted, outcome, phrases.action(dice), phrases.note(dice)))
    acted_at = before_end(np.array([row[2] for row in rows]), world.period)
    return pd.DataFrame(
        {
            "account_id": world.ids(np.array([row[0] for row in rows])),
            "as_of": iso_dates(np.array([row[1] for row in rows]) + world.period.first),
            "acted_at": iso_times(acted_at),
            "action": [
                None if np.isnan(a) else row[4] for a, row in zip(acted_at, rows, strict=True)
            ],
            "outcome": [row[3] for row in rows],
            "note": [row[5] if n % 3 == 0 else None for n, row in enumerate(rows)],
        }
    )
