"""The escalation log, and the incidents of the status page by account."""

from __future__ import annotations

import numpy as np
import pandas as pd

from risk_model.sample.mechanism import BURN_IN
from risk_model.sample.people import staff_names
from risk_model.sample.shocks import kind_name
from risk_model.sample.stamps import (
    Floats,
    Ints,
    before_end,
    iso_times,
    midnight_of,
    office_seconds,
    whole_numbers,
)
from risk_model.sample.traits import KINDS
from risk_model.sample.wording import Dice, Phrases
from risk_model.sample.world import World, numbered
from risk_model.timeline import DAY, HOUR

_ACKNOWLEDGE_HOURS = np.array([0.25, 1.0, 4.0, 24.0])


def _last_update(opened: Floats, closed: Floats, world: World, rng: np.random.Generator) -> Floats:
    """The newest update at the export: the closing, or somewhere in an open case's life."""
    reached = np.minimum(np.where(np.isnan(closed), world.period.end - 1, closed), world.period.end)
    part = np.where(np.isnan(closed), rng.beta(5, 1.5, len(opened)), 1.0)
    return np.floor(opened + (reached - opened) * part)


def escalations_table(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """Return the table ``escalations``; a case that the period does not close stays open."""
    cases = world.history.escalations
    count = len(cases.day)
    opened = office_seconds(cases.day + world.period.first, rng)
    closed = before_end(
        office_seconds(cases.day + cases.length + world.period.first, rng), world.period
    )
    late = np.exp(rng.normal(-0.3, 0.9, count)) * _ACKNOWLEDGE_HOURS[cases.severity - 1] * HOUR
    phrases, dice = Phrases.load(), Dice(rng)
    owners = staff_names(max(4, len(world.traits.csm_care) // 2), rng)
    return pd.DataFrame(
        {
            "escalation_id": numbered("E", count),
            "account_id": world.ids(cases.account),
            "opened_at": iso_times(opened),
            "closed_at": iso_times(closed),
            "severity": cases.severity,
            "cause": [KINDS[kind] for kind in cases.kind],
            "acknowledged_at": iso_times(before_end(opened + np.minimum(late, DAY), world.period)),
            "last_update_at": iso_times(_last_update(opened, closed, world, rng)),
            "owner": [owners[pick] for pick in rng.integers(0, len(owners), count)],
            "issue": [phrases.issue(KINDS[kind], dice) for kind in cases.kind],
        }
    )


def _taken(cells: list[str | None], rows: Ints) -> list[str | None]:
    return [cells[row] for row in rows.tolist()]


def incidents_table(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """Return the table ``incidents``: one row an outage and customer account that it touched."""
    shocks, days = world.shocks, world.period.days
    day = shocks.outage_day - BURN_IN
    hour = np.floor(rng.random(len(day)) * 20 * HOUR)
    starts = midnight_of(day + world.period.first) + hour
    ends = before_end(starts + shocks.outage_hours * HOUR, world.period)
    said = np.exp(rng.normal(-0.6, 0.8, len(day))) * HOUR
    announced = before_end(starts + said, world.period)
    announced[rng.random(len(day)) < 0.15] = np.nan
    within = np.flatnonzero((day >= 0) & (day < days))
    number, account = np.nonzero(shocks.touched[within])
    number = within[number]
    keep = world.history.customer[day[number], account]
    number, account = number[keep], account[keep]
    hit = np.maximum(1, np.round(world.traits.seats[account] * rng.beta(1.5, 2, len(account))))
    grade = np.digitize(shocks.outage_hours, [0.8, 2.5, 6])
    return pd.DataFrame(
        {
            "incident_id": [f"I{n + 1:05d}" for n in number],
            "account_id": world.ids(account),
            "started_at": _taken(iso_times(starts), number),
            "ended_at": _taken(iso_times(ends), number),
            "severity": [f"SEV-{4 - g}" for g in grade[number]],
            "kind": [kind_name(kind) for kind in shocks.outage_kind[number]],
            "announced_at": _taken(iso_times(announced), number),
            "users_affected": whole_numbers(np.where(rng.random(len(account)) < 0.3, np.nan, hit)),
        }
    )
