"""The hidden mechanism: troubles come, grow and heal; together they make an escalation likely.

Nothing here looks like a feature. Each account carries five troubles (hidden severities, 0 … about
6), a slow fading away that may be silent, and a scar from its last escalation. Troubles arrive as
point processes with the account's own frailty, its phase of the contract and shocks that the whole
company shares; what arrives wears off in days or in months, and heals the faster the better its CSM
and the shorter the support queue. The daily hazard of an escalation is a steep function of the
load, and the load is superadditive: two troubles weigh more than their sum.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from risk_model.sample.natures import Nature
from risk_model.sample.shocks import Shocks
from risk_model.sample.stamps import Floats, Ints, Period, weekday_of
from risk_model.sample.traits import KINDS, Traits

BURN_IN = 120

# Arrivals a day at an account of average frailty, by kind.
ARRIVALS = np.array([1 / 150, 1 / 210, 1 / 190, 1 / 310, 1 / 205])
GROWTH = 0.13
HEALING = 0.042
TOGETHER = 0.30
MIDPOINT = 9.2
STEEPNESS = 0.4
HAZARD_TOP = 0.06
FLOOR = 0.00012


@dataclass(frozen=True)
class Escalations:
    """One entry an escalation, in the order of its day (counted from the burn-in's start)."""

    account: Ints
    day: Ints
    length: Ints
    severity: Ints
    kind: Ints


@dataclass(frozen=True)
class History:
    """What really went on, by day of the period: arrays of shape (days, accounts, …)."""

    trouble: NDArray[np.float32]
    fading: NDArray[np.float32]
    open_case: NDArray[np.bool_]
    customer: NDArray[np.bool_]
    notice_day: Floats  # (accounts,): day number on which they gave notice, NaN if they did not
    end_day: Floats  # (accounts,): day number on which the contract ends, NaN if it does not
    escalations: Escalations


@dataclass
class _State:
    """The moving parts between two days."""

    acute: Floats
    chronic: Floats
    trouble: Floats
    fades: NDArray[np.bool_]
    fading: Floats
    scar: Floats
    closes: Ints
    end_day: Floats
    notice_day: Floats
    log: list[tuple[int, int, int, int, int]] = field(default_factory=list)


def load_of(trouble: Floats, together: float = 1.0) -> Floats:
    """Return the load of troubles (accounts, kinds): their sum, and more for each pair."""
    root = np.sqrt(trouble)
    pairs = 0.5 * (root.sum(axis=1) ** 2 - trouble.sum(axis=1))
    total: Floats = trouble.sum(axis=1) + TOGETHER * together * pairs
    return total


class _Company:
    """Walks through the days; every random draw comes from the one generator, in a fixed order."""

    def __init__(
        self,
        traits: Traits,
        shocks: Shocks,
        period: Period,
        rng: np.random.Generator,
        nature: Nature,
    ) -> None:
        self.traits, self.shocks, self.rng = traits, shocks, rng
        self.nature, self.arrivals = nature, ARRIVALS * np.array(nature.arrivals)
        self.first = period.first - BURN_IN
        self.days = period.days + BURN_IN
        accounts = len(traits.arr)
        shape = (accounts, len(KINDS))
        self.now = _State(
            acute=np.zeros(shape),
            chronic=np.zeros(shape),
            trouble=np.zeros(shape),
            fades=np.zeros(accounts, dtype=bool),
            fading=np.zeros(accounts),
            scar=np.zeros(accounts),
            closes=np.full(accounts, -1),
            end_day=np.full(accounts, np.nan),
            notice_day=np.full(accounts, np.nan),
        )
        self.care = traits.csm_care[traits.csm]

    def to_renewal(self, today: int) -> Ints:
        """Days from a day number until each account's next renewal."""
        age = today - self.traits.start_day
        return np.where(age < 0, 9999, self.traits.term_days - age % self.traits.term_days)

    def active(self, today: int) -> NDArray[np.bool_]:
        """Say who is a customer on a day number."""
        over = np.nan_to_num(self.now.end_day, nan=1e9) <= today
        return (self.traits.start_day <= today) & ~over

    def _rates(self, day: int, active: NDArray[np.bool_]) -> Floats:
        today = self.first + day
        rate = self.arrivals * self.traits.leaning * self.traits.frailty[:, None]
        age = today - self.traits.start_day
        renewal = self.to_renewal(today)
        since = day - self.shocks.handover
        handed = (self.shocks.handover >= 0) & (since >= 0) & (since < 45)
        rate[:, 1] *= 1 + 1.6 * self.shocks.backlog[day]
        rate[:, 1] *= 1 + 0.35 * np.minimum(self.now.trouble[:, 0], 3)
        rate[:, 2] *= np.where(age < 150, 3.5, 0.8)
        rate[:, 3] *= np.where(renewal < 95, 4.5, 0.5)
        rate[:, 4] *= np.where(handed, 5.0, 1.0)
        rate[:, 2] *= np.where(handed, 2.0, 1.0)
        told: Floats = rate * active[:, None]
        return told

    def _arrive(self, day: int, active: NDArray[np.bool_]) -> None:
        now, rng = self.now, self.rng
        shape = now.trouble.shape
        comes = rng.random(shape) < self._rates(day, active)
        mark = np.exp(rng.normal(-0.1, 0.55, shape)) * comes
        lasting = rng.random(shape) < 0.38
        now.acute += mark * ~lasting
        now.chronic += mark * lasting
        now.acute[:, 0] += self.shocks.blow[day] * active * np.minimum(self.traits.frailty, 1.5)

    def _grow(self, day: int) -> None:
        now = self.now
        heal = HEALING * self.nature.healing * self.care / (1 + 0.35 * self.shocks.backlog[day])
        held = np.where(now.closes > day, 1.8, 1.0)
        now.trouble += GROWTH * self.nature.growth * (now.acute + now.chronic)
        now.trouble *= 1 - np.minimum(heal * held, 0.2)[:, None]
        now.acute *= np.exp(-1 / 7)
        now.chronic *= np.exp(-1 / 42)
        now.scar *= np.exp(-1 / 70)

    def _fade(self, active: NDArray[np.bool_]) -> None:
        """Disengagement: rare, slow, thrice as common among the silent, and seldom undone."""
        now, draw = self.now, self.rng.random((2, len(self.now.fading)))
        often = np.where(self.traits.silent == 1, 1 / 420, 1 / 1500) * self.nature.fades
        starts = draw[0] < often * active
        back = draw[1] < 1 / 190
        now.fades = (now.fades | starts) & ~back
        now.fading += (now.fades - now.fading) / np.where(now.fades, 38, 20)

    def hazard(self, day: int) -> Floats:
        """Return the chance of an escalation on this day."""
        now, today = self.now, self.first + day
        phase = 0.5 * (self.to_renewal(today) < 75) + 1.1 * now.scar
        nature = self.nature
        strain = load_of(self.now.trouble, nature.together) + 1.2 * nature.fading * now.fading
        strain = strain + phase - (MIDPOINT + nature.midpoint) - 1.1 * self.traits.threshold
        chance = HAZARD_TOP / (1 + np.exp(-strain / (STEEPNESS * nature.steepness))) + FLOOR
        chance += 0.0014 * now.fading**2 * (self.traits.silent == 1)
        weekend = weekday_of(np.array([today]))[0] >= 5
        daily: Floats = chance * (0.25 if weekend else 1.3)
        return daily

    def _escalate(self, day: int, active: NDArray[np.bool_]) -> None:
        now, rng = self.now, self.rng
        accounts = len(now.fading)
        hit = (rng.random(accounts) < self.hazard(day)) & active & (now.closes < day)
        noise = rng.normal(0, 1, (accounts, 7))
        length = np.clip(np.exp(2.15 + 0.55 * noise[:, 5]), 3, 25).astype(np.int64)
        impact = 0.45 * now.trouble[:, 0] + 0.5 * self.shocks.blow[day - 1] + 0.9 * noise[:, 6]
        impact += 0.25 * (2 - self.traits.segment)
        severity = 4 - np.digitize(impact, [0.1, 1.5, 2.9])
        kind = np.argmax(now.trouble + 0.35 * np.abs(noise[:, :5]), axis=1)
        for account in np.flatnonzero(hit):
            now.log.append(
                (
                    int(account),
                    day,
                    int(length[account]),
                    int(severity[account]),
                    int(kind[account]),
                )
            )
        now.closes = np.where(hit, day + length, now.closes)

    def _relieve(self, day: int) -> None:
        """What a closed escalation leaves: most of the trouble gone, a scar, at times a relapse."""
        now = self.now
        done = now.closes == day
        kept = self.rng.beta(1.6, 4.0, len(done))[:, None]
        left = np.where(done[:, None], kept, 1.0)
        now.trouble *= left
        now.acute *= left
        now.chronic *= left
        now.fading = np.where(done, now.fading * 0.6, now.fading)
        now.scar = np.where(done, np.minimum(now.scar + 0.8, 1.6), now.scar)

    def _renew(self, day: int, active: NDArray[np.bool_]) -> None:
        """Forty-five days ahead of a renewal some give notice: mostly those who faded.

        Who left during the burn-in would be no customer of this company at all: nobody does.
        """
        now, today = self.now, self.first + day
        due = active & (self.to_renewal(today) == 45) & np.isnan(now.end_day) & (day >= BURN_IN)
        lean = -3.6 + 3.4 * now.fading + 0.25 * np.minimum(load_of(self.now.trouble), 8)
        leaves = due & (self.rng.random(len(due)) < 1 / (1 + np.exp(-lean)))
        now.notice_day = np.where(leaves, today, now.notice_day)
        now.end_day = np.where(leaves, today + 45, now.end_day)

    def step(self, day: int) -> NDArray[np.bool_]:
        """Live through one day; returns who was a customer."""
        active = self.active(self.first + day)
        self._arrive(day, active)
        self._grow(day)
        self._fade(active)
        self._relieve(day)
        self._renew(day, active)
        if day > 0:
            self._escalate(day, active)
        return active


def simulate(
    traits: Traits,
    shocks: Shocks,
    period: Period,
    rng: np.random.Generator,
    nature: Nature | None = None,
) -> History:
    """Walk through burn-in and period; the history returned covers the period alone."""
    company = _Company(traits, shocks, period, rng, nature or Nature())
    accounts = len(traits.arr)
    trouble = np.zeros((period.days, accounts, len(KINDS)), dtype=np.float32)
    fading = np.zeros((period.days, accounts), dtype=np.float32)
    open_case = np.zeros((period.days, accounts), dtype=bool)
    customer = np.zeros((period.days, accounts), dtype=bool)
    for day in range(company.days):
        active = company.step(day)
        at = day - BURN_IN
        if at >= 0:
            trouble[at], fading[at] = company.now.trouble, company.now.fading
            open_case[at], customer[at] = company.now.closes > day, active
    columns = np.array(company.now.log, dtype=np.int64).reshape(-1, 5)
    columns[:, 1] -= BURN_IN
    cases = Escalations(*columns[columns[:, 1] >= 0].T)
    return History(
        trouble, fading, open_case, customer, company.now.notice_day, company.now.end_day, cases
    )
