"""What happens to the whole company: outages, bad releases, support backlog, CSMs who leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_model.sample.stamps import Floats, Ints, Period
from risk_model.sample.traits import Traits

_KINDS = ("outage", "degraded", "maintenance", "data-loss", "breach")
_KIND_SHARE = (0.34, 0.42, 0.17, 0.05, 0.02)
_KIND_WEIGHT = np.array([1.0, 0.45, 0.05, 1.6, 2.0])


# Mean push of outages and releases on product trouble, an account and day.
MISFORTUNE = 0.0118


@dataclass(frozen=True)
class Shocks:
    """Shared events over the days simulated (burn-in included)."""

    outage_day: Ints
    outage_hours: Floats
    outage_kind: Ints
    touched: NDArray[np.bool_]  # (outages, accounts)
    blow: Floats  # (days, accounts): push on product trouble
    backlog: Floats  # (days,): 0 none … about 2 heavy
    handover: Ints  # (accounts,): day on which the account got another CSM, or -1
    new_csm: Ints  # (accounts,)


def kind_name(kind: int) -> str:
    """Return the contract's name of an outage kind."""
    return _KINDS[kind]


def _backlog(days: int, rng: np.random.Generator) -> Floats:
    level = np.zeros(days)
    noise = rng.normal(0, 0.13, days)
    for day in range(1, days):
        level[day] = 0.965 * level[day - 1] + noise[day]
    queue: Floats = np.clip(level - level.mean() + 0.35, 0, 1.6)
    return queue


def _handovers(traits: Traits, burn: int, days: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """A CSM who leaves hands over within a fortnight; a few accounts change for other reasons."""
    teams, accounts = len(traits.csm_care), len(traits.csm)
    leaves = np.where(rng.random(teams) < 0.14, rng.integers(burn + 14, days - 14, teams), -1)
    day = leaves[traits.csm]
    day = np.where(day >= 0, day + rng.integers(0, 14, accounts), -1)
    single = rng.random(accounts) < 0.03
    day = np.where(single & (day < 0), rng.integers(burn + 7, days - 7, accounts), day)
    return day, (traits.csm + 1 + rng.integers(0, teams - 1, accounts)) % teams


def draw_shocks(traits: Traits, period: Period, burn: int, rng: np.random.Generator) -> Shocks:
    """Draw what hits many accounts at once; outages come every three weeks or so."""
    accounts, days = len(traits.arr), burn + period.days
    starts = np.arange(6, days - 2, 17)
    # The last one may be drawn past the end.
    starts = np.minimum(starts + rng.integers(-5, 6, len(starts)), days - 1)
    kind = rng.choice(5, len(starts), p=_KIND_SHARE)
    share = rng.beta(1.3, 5.0, len(starts))
    touched = rng.random((len(starts), accounts)) < share[:, None]
    hours = np.exp(rng.normal(0.6, 0.8, len(starts)))
    blow = np.zeros((days, accounts))
    for number, day in enumerate(starts):
        blow[day] += touched[number] * _KIND_WEIGHT[kind[number]] * min(hours[number], 12) ** 0.4
    for day in range(20, days, 63):
        first = min(day + int(rng.integers(0, 40)), days - 8)
        hit = rng.random(accounts) < 0.22
        blow[first : first + 6] += hit * rng.gamma(2.0, 0.18, accounts)
    # As much misfortune with every seed: what differs is when, and whom it meets.
    blow *= MISFORTUNE / max(blow.mean(), 1e-9)
    handover, new_csm = _handovers(traits, burn, days, rng)
    return Shocks(starts, hours, kind, touched, blow, _backlog(days, rng), handover, new_csm)
