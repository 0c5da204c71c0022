"""One simulated company: the hidden world first, then each table as somebody's export of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from risk_model.errors import UsageError
from risk_model.sample.cases import escalations_table, incidents_table
from risk_model.sample.customers import accounts_table, renewals_table
from risk_model.sample.judgements import health_table, outcomes_table
from risk_model.sample.mail import messages_table
from risk_model.sample.mechanism import BURN_IN, simulate
from risk_model.sample.natures import nature_of
from risk_model.sample.relationship import meetings_table, tasks_table
from risk_model.sample.shocks import draw_shocks
from risk_model.sample.stamps import period_of
from risk_model.sample.support import support_tables
from risk_model.sample.surveys import surveys_table
from risk_model.sample.traits import draw_traits
from risk_model.sample.usage import usage_table
from risk_model.sample.world import World
from risk_model.tables.contract import CONTRACT

# One stream of chance each: a change to one table leaves the others as they were. Append only.
_STREAMS = (
    "traits",
    "shocks",
    "history",
    "accounts",
    "usage",
    "support",
    "messages",
    "surveys",
    "meetings",
    "tasks",
    "renewals",
    "health",
    "cases",
    "incidents",
    "outcomes",
)


@dataclass(frozen=True)
class Chance:
    """Independent generators by name, all from one seed."""

    by_name: dict[str, np.random.Generator]

    def __getitem__(self, name: str) -> np.random.Generator:
        return self.by_name[name]


def _chance(seed: int) -> Chance:
    children = np.random.SeedSequence(seed).spawn(len(_STREAMS))
    return Chance(
        {
            name: np.random.Generator(np.random.PCG64(child))
            for name, child in zip(_STREAMS, children, strict=True)
        }
    )


def make_world(
    accounts: int,
    weeks: int,
    chance: Chance,
    start: dt.date | None,
    nature: str = "mixed",
) -> World:
    """Simulate what really went on: who the customers are, the shocks, the hidden history."""
    period = period_of(weeks, start)
    traits = draw_traits(accounts, period, chance["traits"])
    shocks = draw_shocks(traits, period, BURN_IN, chance["shocks"])
    history = simulate(traits, shocks, period, chance["history"], nature_of(nature))
    return World(period, traits, shocks, history)


def make_company(
    accounts: int,
    weeks: int,
    seed: int,
    start: dt.date | None = None,
    nature: str = "mixed",
) -> dict[str, pd.DataFrame]:
    """Return every table of the contract for a simulated company.

    ``accounts`` ≥ 10, ``weeks`` ≥ 8, ``seed`` ≥ 0, ``nature`` one of NATURES; the period is
    ``weeks`` weeks from ``start``, or without it up to and with 2026-06-28. The columns are the
    contract's, in its order; times and dates are ISO 8601 text as a CSV holds them (times in UTC
    with ``Z``). The same arguments give the same tables. Raises UsageError for a company too small
    to show anything.
    """
    if accounts < 10 or weeks < 8 or seed < 0:
        raise UsageError(
            f"a sample of {accounts} accounts, {weeks} weeks, seed {seed} can't be made. "
            "Ask for at least 10 accounts, at least 8 weeks and a seed of 0 or more."
        )
    chance = _chance(seed)
    world = make_world(accounts, weeks, chance, start, nature)
    tables = _observe(world, chance)
    return {name: tables[name][list(table.by_name)] for name, table in CONTRACT.items()}


def _observe(world: World, chance: Chance) -> dict[str, pd.DataFrame]:
    usage, activity = usage_table(world, chance["usage"])
    tickets, ticket_events, per_day = support_tables(world, chance["support"])
    cases = escalations_table(world, chance["cases"])
    return {
        "accounts": accounts_table(world, chance["accounts"]),
        "usage": usage,
        "tickets": tickets,
        "ticket_events": ticket_events,
        "surveys": surveys_table(world, chance["surveys"]),
        "messages": messages_table(world, chance["messages"]),
        "meetings": meetings_table(world, chance["meetings"]),
        "tasks": tasks_table(world, chance["tasks"]),
        "renewals": renewals_table(world, chance["renewals"]),
        "health_scores": health_table(world, activity, per_day, chance["health"]),
        "incidents": incidents_table(world, chance["incidents"]),
        "escalations": cases,
        "outcomes": outcomes_table(world, chance["outcomes"]),
    }
