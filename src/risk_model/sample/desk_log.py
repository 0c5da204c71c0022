"""The log behind the tickets: every assignment, reply and reopening, at its own time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risk_model.sample.people import staff_names
from risk_model.sample.stamps import Floats, Ints, iso_times
from risk_model.sample.world import World
from risk_model.timeline import DAY, HOUR

if TYPE_CHECKING:
    from risk_model.sample.support import Tickets

_Log = list[tuple[Ints, Floats, str, Sequence[str | None]]]


def _between(number: Ints, start: Floats, stop: Floats, rng: np.random.Generator) -> Floats:
    """Draw a moment strictly inside each chosen ticket's life."""
    part = 0.03 + 0.94 * rng.random(len(number))
    return np.floor(start[number] + (stop[number] - start[number]) * part)


def _repeated(counts: Ints) -> Ints:
    return np.repeat(np.arange(len(counts)), counts)


def _assignments(
    tickets: Tickets, stop: Floats, moves: Ints, agents: list[str], rng: np.random.Generator
) -> _Log:
    count = len(tickets.day)
    first = np.arange(count, dtype=np.int64)
    soon = np.minimum(tickets.opened + rng.exponential(900, count) + 30, stop - 2)
    moved = _repeated(moves)
    picks = rng.integers(0, len(agents), count + len(moved)).tolist()
    names: list[str | None] = [agents[pick] for pick in picks]
    return [
        (first, np.floor(soon), "assigned", names[:count]),
        (moved, _between(moved, soon, stop, rng), "assigned", names[count:]),
    ]


def _replies(tickets: Tickets, stop: Floats, rng: np.random.Generator) -> _Log:
    """First responses, later updates (fewer where support is in trouble), automatic ones, notes."""
    count = len(tickets.day)
    answered = np.flatnonzero(~np.isnan(tickets.response))
    days = (stop - tickets.opened) / DAY
    pace = 0.28 * np.exp(-0.3 * tickets.strain)
    start = np.nan_to_num(tickets.response, nan=0.0)
    later = np.where(np.isnan(tickets.response), 0, rng.poisson(np.minimum(days * pace, 6)))
    again = _repeated(later.astype(np.int64))
    automatic = np.flatnonzero(rng.random(count) < 0.5)
    automatic = automatic[tickets.opened[automatic] + 90 < stop[automatic]]
    noted = _repeated(rng.poisson(0.35, count))
    log: _Log = [
        (answered, tickets.response[answered], "public_reply", [None] * len(answered)),
        (again, _between(again, start, stop, rng), "public_reply", [None] * len(again)),
        (automatic, tickets.opened[automatic] + 45, "automatic_reply", [None] * len(automatic)),
        (noted, _between(noted, tickets.opened, stop, rng), "internal_note", [None] * len(noted)),
    ]
    return log


def _status(tickets: Tickets, reopens: Ints, rng: np.random.Generator) -> _Log:
    """Resolved at the end, and before each reopening."""
    done = np.flatnonzero(~np.isnan(tickets.resolved))
    again = _repeated(reopens)
    stop = np.nan_to_num(tickets.resolved, nan=0.0) - HOUR
    start = np.nan_to_num(tickets.response, nan=0.0)
    back = _between(again, start, np.maximum(stop, start + 60), rng)
    return [
        (done, tickets.resolved[done], "status", ["resolved"] * len(done)),
        (again, back - 20, "status", ["resolved"] * len(again)),
        (again, back, "reopened", [None] * len(again)),
    ]


def _raises(tickets: Tickets, stop: Floats, rng: np.random.Generator) -> _Log:
    """Priorities raised on the way: the log holds the first one, and the one exported."""
    raised = np.flatnonzero((rng.random(len(tickets.day)) < 0.06) & (tickets.priority < 3))
    before = [f"P{p + 2}" for p in tickets.priority[raised]]
    after = [f"P{p + 1}" for p in tickets.priority[raised]]
    return [
        (raised, tickets.opened[raised], "priority", before),
        (raised, _between(raised, tickets.opened, stop, rng), "priority", after),
    ]


def changes_of(
    tickets: Tickets, ids: list[str], world: World, rng: np.random.Generator
) -> tuple[pd.DataFrame, Ints, Ints]:
    """Return ``ticket_events``, and the reassignments and reopenings of each ticket in it."""
    stop = np.where(np.isnan(tickets.resolved), world.period.end - 1, tickets.resolved)
    moves = rng.poisson(0.2 + 0.32 * tickets.strain) * (stop - tickets.opened > HOUR)
    calm = np.isnan(tickets.resolved) | (tickets.resolved - tickets.response < 6 * HOUR)
    reopens = np.where(calm, 0, rng.poisson(0.04 + 0.09 * tickets.strain))
    agents = staff_names(max(5, world.accounts // 30), rng)
    log = [
        *_assignments(tickets, stop, moves, agents, rng),
        *_replies(tickets, stop, rng),
        *_status(tickets, reopens, rng),
        *_raises(tickets, stop, rng),
    ]
    number = np.concatenate([rows for rows, _, _, _ in log])
    at = np.concatenate([times for _, times, _, _ in log])
    at = np.clip(at, tickets.opened[number], world.period.end - 1)
    table = pd.DataFrame(
        {
            "ticket_id": np.array(ids, dtype=object)[number],
            "occurred_at": iso_times(at),
            "kind": [kind for rows, _, kind, _ in log for _ in range(len(rows))],
            "value": [value for _, _, _, values in log for value in values],
        }
    )
    order = np.lexsort((np.arange(len(at)), at, number))
    table = table.iloc[order].drop_duplicates().reset_index(drop=True)
    return table, moves.astype(np.int64), reopens.astype(np.int64)
