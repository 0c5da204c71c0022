"""What the product's own log shows: usage by account and day, troubled, seasonal, noisy."""

from __future__ import annotations

import numpy as np
import pandas as pd

from risk_model.sample.stamps import (
    Floats,
    Ints,
    holiday_dip,
    iso_dates,
    weekday_of,
    whole_numbers,
)
from risk_model.sample.world import USAGE, World

_WEEK = np.array([1.0, 1.06, 1.05, 1.02, 0.88, 0.16, 0.12])
# How far a trouble of severity 1 presses usage, by kind: product most, contract hardly.
_PRESSES = (0.34, 0.14, 0.3, 0.06, 0.16)


def _wander(days: int, accounts: int, rng: np.random.Generator) -> Floats:
    """Slow drift of each account's use, log scale, stationary at about 0.2."""
    level = np.zeros((days, accounts))
    level[0] = rng.normal(0, 0.2, accounts)
    for day in range(1, days):
        level[day] = 0.98 * level[day - 1] + rng.normal(0, 0.032, accounts)
    return level


def _dips(world: World, rng: np.random.Generator) -> Floats:
    """Harmless dips: a site closed, a team on leave, an audit; two or three a year."""
    share = np.ones((world.period.days, world.accounts))
    starts = rng.random(share.shape) < 1 / 180
    for day, account in np.argwhere(starts).tolist():
        length = int(rng.integers(7, 24))
        share[day : day + length, account] *= rng.uniform(0.35, 0.85)
    return share


def level_of_use(world: World, rng: np.random.Generator) -> Floats:
    """Return the expected share of normal use, (days, accounts)."""
    days, traits = world.day_numbers(), world.traits
    angle = 2 * np.pi * days[:, None] / 365.25 + traits.season[:, 1]
    pressed = world.lagged(USAGE, _PRESSES) * traits.usage_echo
    level = -1.8 * np.tanh(pressed / 1.8) - 1.5 * world.faded(USAGE)
    level += _wander(len(days), world.accounts, rng) + traits.season[:, 0] * np.sin(angle)
    age = days[:, None] - traits.start_day
    ramp = np.clip(0.15 + age / 70, 0.15, 1)
    work = _WEEK[weekday_of(days)] * holiday_dip(days)
    return np.exp(level) * ramp * work[:, None] * _dips(world, rng)


def _counts(
    world: World, day: Ints, account: Ints, share: Floats, rng: np.random.Generator
) -> dict[str, Ints]:
    """Draw the day's counts: users bounded by seats, logins by users, actions by logins."""
    traits = world.traits
    per_user = np.exp(rng.normal(1.5, 0.45, world.accounts))[account]
    keyness = rng.beta(3, 9, world.accounts)[account]
    habit = rng.beta(4, 4, world.accounts)[account]
    users = rng.binomial(traits.seats[account], np.clip(habit * share, 0, 0.97))
    logins = users + rng.poisson(0.45 * users)
    actions = np.where(users > 0, rng.poisson(logins * per_user * np.clip(share, 0.3, 1.6)), 0)
    trouble = world.lagged(USAGE, (0.12, 0.03, 0.14, 0, 0.02)) * traits.usage_echo
    drift = np.exp(-np.minimum(trouble + 0.8 * world.faded(USAGE), 1.5))[day, account]
    key = rng.binomial(actions, np.clip(keyness * drift, 0, 1))
    age = day + world.period.first - traits.start_day[account]
    eager = np.exp(-0.7 * world.lagged(USAGE, (0.1, 0.1, 0.9, 0, 0.3)))[day, account]
    steps = rng.poisson(np.where(age < 90, 2.2 * np.exp(-age / 40) * eager * (share > 0.2), 0))
    return {
        "active_users": users,
        "logins": logins,
        "actions": actions,
        "key_actions": key,
        "onboarding_actions": steps,
    }


def usage_table(world: World, rng: np.random.Generator) -> tuple[pd.DataFrame, Floats]:
    """Return the table ``usage``, and the actions as (days, accounts) for the health score."""
    share = level_of_use(world, rng)
    day, account = np.nonzero(world.history.customer)
    counts = _counts(world, day, account, share[day, account], rng)
    traits = world.traits
    # A third of the accounts were sold without a cap on seats or volume.
    cap = np.where(rng.random(world.accounts) < 0.34, np.nan, np.ceil(traits.seats * 1.25 / 5) * 5)
    age = day + world.period.first - traits.start_day[account]
    steps = np.where(age < 120, counts.pop("onboarding_actions"), np.nan)
    table = pd.DataFrame(
        {
            "account_id": np.array(world.ids(np.arange(world.accounts)))[account],
            "date": np.array(iso_dates(world.day_numbers()))[day],
            **counts,
            "onboarding_actions": whole_numbers(steps),
            "seats": traits.seats[account],
            "limit": whole_numbers(cap[account]),
        }
    )
    activity = np.zeros(share.shape)
    activity[day, account] = counts["actions"]
    order = np.lexsort((day, account))
    return table.iloc[order].reset_index(drop=True), activity
