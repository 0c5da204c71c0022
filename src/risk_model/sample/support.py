"""The support desk: tickets, and what happened to each of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from risk_model.sample.desk_log import changes_of
from risk_model.sample.stamps import (
    Floats,
    Ints,
    before_end,
    iso_times,
    office_seconds,
    whole_numbers,
)
from risk_model.sample.wording import Dice, Phrases
from risk_model.sample.world import TICKETS, World, numbered, pick_by, scatter
from risk_model.timeline import DAY, HOUR

CATEGORIES = (
    "integration", "performance", "data", "reporting",
    "access", "billing", "how-to", "feature-request",
)  # fmt: skip
# What tickets are about on a quiet day, in a rollout, and by the trouble behind them.
_QUIET = np.array([0.1, 0.07, 0.1, 0.13, 0.18, 0.09, 0.23, 0.1])
_ROLLOUT = np.array([0.12, 0.03, 0.1, 0.05, 0.32, 0.02, 0.34, 0.02])
_TROUBLED = np.array(
    [
        [0.26, 0.26, 0.22, 0.14, 0.05, 0.01, 0.03, 0.03],
        [0.17, 0.12, 0.17, 0.12, 0.18, 0.07, 0.13, 0.04],
        [0.1, 0.04, 0.08, 0.2, 0.05, 0.05, 0.22, 0.26],
        [0.02, 0.02, 0.03, 0.05, 0.08, 0.7, 0.05, 0.05],
        [0.14, 0.08, 0.12, 0.14, 0.14, 0.12, 0.16, 0.1],
    ]
)
_RESPONSE_HOURS = np.array([0.9, 5.0, 11.0, 20.0])
_RESOLUTION_HOURS = np.array([14.0, 48.0, 90.0, 150.0])
_SLA_HOURS = np.array([24.0, 72.0, 168.0, 336.0])


@dataclass(frozen=True)
class Tickets:
    """One entry a ticket, by opening; times in epoch seconds, NaN = did not happen."""

    account: Ints
    day: Ints
    opened: Floats
    priority: Ints
    category: Ints
    troubled: Ints  # the trouble behind it, or -1
    response: Floats
    resolved: Floats
    strain: Floats  # support trouble when it came


def _rates(world: World, rng: np.random.Generator) -> Floats:
    """Expected tickets a day (days, accounts): habit, troubles voiced, rollouts, outages."""
    traits = world.traits
    habit = 0.011 * (traits.seats / 30) ** 0.33 * rng.gamma(3, 1 / 3, world.accounts)
    spoken = world.lagged(TICKETS, (0.044, 0.026, 0.021, 0.012, 0.014))
    rates = habit + spoken * traits.voice * rng.gamma(4, 1 / 4, world.accounts)
    rates = rates * (1 - 0.75 * world.faded(TICKETS)) + 0.03 * traits.loud
    rates *= np.where(world.workdays(), 1.3, 0.25)[:, None]
    return np.asarray(rates * world.history.customer)


def _rollouts(world: World, rng: np.random.Generator) -> Floats:
    """Tickets a day that a harmless rollout project brings: two or three weeks of questions."""
    extra = np.zeros((world.period.days, world.accounts))
    for day, account in np.argwhere(rng.random(extra.shape) < 1 / 620).tolist():
        extra[day : day + int(rng.integers(8, 26)), account] += rng.uniform(0.12, 0.5)
    fresh = world.day_numbers()[:, None] - world.traits.start_day
    extra += 0.09 * ((fresh >= 0) & (fresh < 40))
    return np.asarray(extra * world.history.customer)


def _behind(world: World, day: Ints, account: Ints, rng: np.random.Generator) -> Ints:
    """Draw the trouble that a ticket comes from, -1 for none."""
    weight = world.history.trouble[day, account].astype(np.float64) * (1.6, 1.0, 0.7, 0.35, 0.4)
    return pick_by(np.column_stack([np.full(len(day), 0.9), weight]), rng) - 1


def _categories(behind: Ints, rollout: Ints, rng: np.random.Generator) -> Ints:
    shares = np.where((rollout == 1)[:, None], _ROLLOUT, _QUIET)
    shares = np.where((behind >= 0)[:, None], _TROUBLED[np.maximum(behind, 0)], shares)
    return pick_by(shares, rng)


def _priorities(
    world: World, day: Ints, account: Ints, behind: Ints, rng: np.random.Generator
) -> Ints:
    """P1…P4 as 0…3: harm, and how sharply the customer words it (the desk hears tone too)."""
    product = np.where(behind == 0, np.minimum(world.history.trouble[day, account, 0], 3), 0)
    urge = rng.normal(0, 1, len(day)) + 0.28 * product + 0.5 * (world.traits.temper[account] - 0.4)
    return 3 - np.digitize(urge, [-0.7, 0.9, 1.75])


def draw_tickets(world: World, rng: np.random.Generator) -> Tickets:
    """Draw the tickets with their response and resolution; those past the period are blank."""
    day, account = scatter(_rates(world, rng), rng)
    more_day, more_account = scatter(_rollouts(world, rng), rng)
    rollout = np.concatenate([np.zeros(len(day)), np.ones(len(more_day))]).astype(np.int64)
    day, account = np.concatenate([day, more_day]), np.concatenate([account, more_account])
    opened = office_seconds(day + world.period.first, rng)
    order = np.lexsort((account, opened))
    day, account, opened, rollout = day[order], account[order], opened[order], rollout[order]
    behind = np.where(rollout == 1, -1, _behind(world, day, account, rng))
    priority = _priorities(world, day, account, behind, rng)
    strain = np.minimum(world.history.trouble[day, account, 1].astype(np.float64), 4)
    queue = world.shocks.backlog[-world.period.days :][day]
    slow = np.exp(0.36 * strain + 0.3 * queue + rng.normal(0, 0.65, len(day)))
    response = opened + _RESPONSE_HOURS[priority] * slow * HOUR
    hard = np.where(behind == 0, 1.35, 1.0) * np.exp(0.32 * strain + rng.normal(0, 0.8, len(day)))
    resolved = response + _RESOLUTION_HOURS[priority] * hard * HOUR
    resolved[rng.random(len(day)) < 0.02] = np.inf
    return Tickets(
        account, day, opened, priority, _categories(behind, rollout, rng), behind,
        before_end(response, world.period), before_end(resolved, world.period), strain,
    )  # fmt: skip


def _promises(tickets: Tickets, world: World, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A date given on one ticket in six, more where it drags; kept or not as it turns out."""
    count = len(tickets.day)
    given = rng.random(count) < 0.1 + 0.04 * tickets.strain
    made = tickets.response + rng.exponential(0.8 * DAY, count)
    late = np.nan_to_num(tickets.resolved, nan=np.inf) <= made
    made = before_end(np.where(given & ~late, made, np.nan), world.period)
    days = np.ceil(rng.gamma(2.5, 1.7, count))
    due = np.floor(made / DAY) * DAY + days * DAY + 17 * HOUR
    return made, due


def _ratings(tickets: Tickets, world: World, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A CSAT after the resolution from about a third, fewer from the silent."""
    count = len(tickets.day)
    traits = world.traits
    trouble = world.history.trouble[tickets.day, tickets.account].sum(axis=1)
    hours = (tickets.resolved - tickets.opened) / HOUR
    mood = 4.75 - 0.27 * np.minimum(trouble, 6) - 0.16 * np.log1p(hours / 24)
    mood -= 0.5 * (traits.temper[tickets.account] - 0.4)
    score = np.clip(np.round(mood + rng.normal(0, 0.8, count)), 1, 5)
    answers = rng.random(count) < 0.12 + 0.4 * traits.voice[tickets.account]
    rated = before_end(tickets.resolved + rng.exponential(1.2 * DAY, count) + 600, world.period)
    rated = np.where(answers, rated, np.nan)
    return np.where(np.isnan(rated), np.nan, score), rated


def _words(tickets: Tickets, dice: Dice) -> list[tuple[str, str]]:
    """Write subject and description of each ticket."""
    phrases = Phrases.load()
    about = zip(tickets.category.tolist(), tickets.troubled.tolist(), strict=True)
    return [phrases.ticket(CATEGORIES[category], behind >= 0, dice) for category, behind in about]


def support_tables(
    world: World, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame, Floats]:
    """Return ``tickets``, ``ticket_events`` and the tickets a day (days, accounts)."""
    tickets = draw_tickets(world, rng)
    count = len(tickets.day)
    ids = numbered("T", count)
    made, promised = _promises(tickets, world, rng)
    score, rated = _ratings(tickets, world, rng)
    events, moves, reopens = changes_of(tickets, ids, world, rng)
    users = np.ceil(world.traits.seats[tickets.account] * rng.beta(0.6, 4, count))
    unknown = np.isnan(tickets.resolved) | (rng.random(count) < 0.35)
    # The smallest plans were sold without a service level.
    sla = tickets.opened + _SLA_HOURS[tickets.priority] * HOUR
    sla = np.where((world.traits.segment == 2)[tickets.account], np.nan, sla)
    words = _words(tickets, Dice(rng))
    table = pd.DataFrame(
        {
            "ticket_id": ids,
            "account_id": world.ids(tickets.account),
            "opened_at": iso_times(tickets.opened),
            "first_response_at": iso_times(tickets.response),
            "resolved_at": iso_times(tickets.resolved),
            "priority": [f"P{p + 1}" for p in tickets.priority],
            "category": [CATEGORIES[c] for c in tickets.category],
            "subject": [subject for subject, _ in words],
            "description": [text for _, text in words],
            "sla_due_at": iso_times(sla),
            "promise_made_at": iso_times(made),
            "promised_for": iso_times(promised),
            "users_affected": whole_numbers(np.where(unknown, np.nan, users)),
            "reassignments": moves,
            "reopens": reopens,
            "csat": whole_numbers(score),
            "rated_at": iso_times(rated),
        }
    )
    per_day = np.zeros((world.period.days, world.accounts))
    np.add.at(per_day, (tickets.day, tickets.account), 1)
    return table, events, per_day
