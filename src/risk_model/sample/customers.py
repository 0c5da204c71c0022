"""The customer list as the CRM exports it, with its history, and the renewals."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np
import pandas as pd

from risk_model.sample.mechanism import BURN_IN
from risk_model.sample.people import ZONES, company_names, staff_names
from risk_model.sample.stamps import (
    Floats,
    Ints,
    before_end,
    iso_dates,
    iso_times,
    office_seconds,
    whole_numbers,
)
from risk_model.sample.traits import SEGMENTS
from risk_model.sample.world import World

_PLANS = (("Enterprise", "Enterprise Plus"), ("Business", "Growth"), ("Starter", "Growth"))
# Share of the accounts for which nobody ever filled in the cell.
_GAPS = {"arr": 0.02, "segment": 0.02, "plan": 0.05, "region": 0.04, "timezone": 0.08}


class _Change(NamedTuple):
    """From ``day`` on, a column of an account holds another value (for ``arr``: a factor)."""

    day: float
    column: str
    value: float | str | None


def _first_rows(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """One row an account: how it stood before anything changed."""
    traits, count = world.traits, world.accounts
    zone = rng.random(count)
    tier = (rng.random(count) < 0.3).astype(int)
    flags = rng.random((2, count))
    return pd.DataFrame(
        {
            "account_id": world.ids(np.arange(count)),
            "name": company_names(count, rng),
            "arr": traits.arr,
            "segment": [SEGMENTS[s] for s in traits.segment],
            "plan": [_PLANS[s][t] for s, t in zip(traits.segment, tier, strict=True)],
            "region": [ZONES[r][0] for r in traits.region],
            "timezone": [
                ZONES[r][1][int(z * len(ZONES[r][1]))]
                for r, z in zip(traits.region, zone, strict=True)
            ],
            "csm": traits.csm,
            "contract_start": iso_dates(traits.start_day),
            "contract_end": pd.Series([None] * count, dtype="str"),
            "strategic": flags[0] < np.array([0.22, 0.05, 0.01])[traits.segment],
            "reference": flags[1] < np.array([0.12, 0.06, 0.02])[traits.segment],
            "valid_from": np.full(count, np.nan),
        }
    )


def _changes(world: World, rng: np.random.Generator) -> dict[int, list[_Change]]:
    """What changed during the period, by account, each account's in the order of days."""
    history, first = world.history, world.period.first
    last = first + world.period.days
    found: dict[int, list[_Change]] = defaultdict(list)
    for account in range(world.accounts):
        began = max(first, int(world.traits.start_day[account]))
        moved = first + int(world.shocks.handover[account]) - BURN_IN
        if world.shocks.handover[account] >= 0 and began < moved < last:
            found[account].append(_Change(moved, "csm", int(world.shocks.new_csm[account])))
        notice, end = history.notice_day[account], history.end_day[account]
        if np.isfinite(notice):
            # Known from the notice on: a contract end shown earlier would tell the future.
            found[account].append(
                _Change(float(notice), "contract_end", iso_dates(np.array([end]))[0])
            )
        for day in _renewal_days(world, account):
            factor = float(np.exp(rng.normal(0.05, 0.14)))
            if began < day < last and day != end and rng.random() < 0.3:
                found[account].append(_Change(day, "arr", factor))
    return {account: sorted(changes, key=lambda c: c.day) for account, changes in found.items()}


def _renewal_days(world: World, account: int) -> list[int]:
    """Renewal day numbers from half a year before the period to the next one after it."""
    traits, first = world.traits, world.period.first
    term, start = int(traits.term_days[account]), int(traits.start_day[account])
    last = first + world.period.days
    day = start + term * max(1, -(-(first - 180 - start) // term))
    days = []
    end = world.history.end_day[account]
    while day < last + 120 and not (np.isfinite(end) and day > end):
        days.append(day)
        day += term
    return days


def _versions(now: pd.DataFrame, changes: dict[int, list[_Change]], start: Ints) -> pd.DataFrame:
    """Lay each account's changes over its first row; two changes on a day make one version."""
    rows = []
    for account, row in enumerate(now.to_dict("records")):
        mine = changes.get(account, [])
        if mine:
            row["valid_from"] = float(start[account])
        rows.append(dict(row))
        for change in mine:
            row["valid_from"] = float(change.day)
            if change.column == "arr" and isinstance(change.value, float):
                row["arr"] *= change.value
            else:
                row[change.column] = change.value
            rows.append(dict(row))
    return pd.DataFrame(rows).drop_duplicates(["account_id", "valid_from"], keep="last")


def accounts_table(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """Return the table ``accounts``: one row without ``valid_from``, or dated versions."""
    now = _first_rows(world, rng)
    managers = staff_names(len(world.traits.csm_care) // 5 + 1, rng)
    team = staff_names(len(world.traits.csm_care), rng)
    for column, share in _GAPS.items():
        now[column] = now[column].mask(rng.random(len(now)) < share)
    table = _versions(now, _changes(world, rng), world.traits.start_day)
    arr = 100 * np.round(table["arr"].to_numpy(dtype=np.float64) / 100)
    table["arr"] = whole_numbers(arr).array
    table["csm_manager"] = [managers[int(csm) // 5] for csm in table["csm"]]
    table["csm"] = [team[int(csm)] for csm in table["csm"]]
    table["valid_from"] = iso_dates(table["valid_from"].to_numpy(dtype=np.float64))
    return table.reset_index(drop=True)


def _confirmations(world: World, account: Ints, day: Floats, rng: np.random.Generator) -> Floats:
    """Days of the confirmation: late, or never, where trouble or fading is."""
    at = np.clip(day - 60 - world.period.first, 0, world.period.days - 1).astype(int)
    load = np.minimum(world.history.trouble[at, account].sum(axis=1), 5)
    fading = world.history.fading[at, account]
    ahead = 85 - 11 * load - 60 * fading + rng.normal(0, 26, len(day))
    never = rng.random(len(day)) < 0.06
    left = np.nan_to_num(world.history.end_day[account], nan=-1.0) == day
    return np.where(never | left, np.nan, day - np.clip(ahead, 1, 130))


def renewals_table(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """Return the table ``renewals``: past and next ones, recorded half a year ahead."""
    pairs = [(a, d) for a in range(world.accounts) for d in _renewal_days(world, a)]
    account = np.array([a for a, _ in pairs])
    day = np.array([float(d) for _, d in pairs])
    recorded = day - 150 - rng.integers(0, 60, len(day))
    recorded = np.maximum(recorded, world.traits.start_day[account])
    confirmed = _confirmations(world, account, day, rng)
    sure = np.isfinite(confirmed)
    stamp = office_seconds(np.where(sure, np.nan_to_num(confirmed), 0).astype(np.int64), rng)
    confirmed_at = before_end(np.where(sure, stamp, np.nan), world.period)
    recorded_at = office_seconds(recorded.astype(np.int64), rng)
    proposed = 100 * np.round(
        world.traits.arr[account] * np.exp(rng.normal(0.06, 0.07, len(day))) / 100
    )
    proposed[rng.random(len(day)) < 0.35] = np.nan
    table = pd.DataFrame(
        {
            "account_id": world.ids(account),
            "renewal_date": iso_dates(day),
            "recorded_at": iso_times(recorded_at),
            "confirmed_at": iso_times(confirmed_at),
            "auto_renew": rng.random(world.accounts)[account] < 0.4,
            "proposed_arr": whole_numbers(proposed),
        }
    )
    return table[recorded_at < world.period.end].reset_index(drop=True)
