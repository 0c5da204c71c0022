"""The hidden world that the tables are exports of, and how a sign looks back at it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_model.sample.mechanism import History
from risk_model.sample.shocks import Shocks
from risk_model.sample.stamps import Floats, Ints, Period, weekday_of
from risk_model.sample.traits import Traits

# Which column of ``Traits.lag`` a sign follows.
USAGE, TICKETS, MESSAGES, SURVEYS = range(4)


@dataclass(frozen=True)
class World:
    """Everything that a table may be an observation of."""

    period: Period
    traits: Traits
    shocks: Shocks
    history: History

    @property
    def accounts(self) -> int:
        """Number of accounts."""
        return len(self.traits.arr)

    def day_numbers(self) -> Ints:
        """Return the day numbers of the period."""
        return np.arange(self.period.first, self.period.first + self.period.days)

    def workdays(self) -> NDArray[np.bool_]:
        """Say of each day of the period whether it is Monday to Friday."""
        return weekday_of(self.day_numbers()) < 5

    def lagged(self, sign: int, kinds: tuple[float, ...]) -> Floats:
        """Return the trouble weighted by ``kinds`` as a sign shows it, later: (days, accounts).

        Signs grow faster than the trouble behind them: what is small is lived with.
        """
        mixed = self.history.trouble.astype(np.float64) ** 1.5 @ np.array(kinds)
        return self._shift(mixed, sign)

    def faded(self, sign: int) -> Floats:
        """Return the fading as a sign shows it, later: (days, accounts)."""
        return self._shift(self.history.fading.astype(np.float64), sign)

    def _shift(self, values: Floats, sign: int) -> Floats:
        days = np.arange(self.period.days)[:, None] - self.traits.lag[:, sign]
        late: Floats = values[np.maximum(days, 0), np.arange(self.accounts)]
        return late

    def ids(self, accounts: Ints) -> list[str]:
        """Write account numbers as keys."""
        return [f"A{number + 1:05d}" for number in accounts.tolist()]


def scatter(rates: Floats, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Draw events from daily rates (days, accounts); returns day and account of each, by day."""
    counts = rng.poisson(rates)
    day, account = np.nonzero(counts)
    repeats = counts[day, account]
    return np.repeat(day, repeats), np.repeat(account, repeats)


def pick_by(weights: Floats, rng: np.random.Generator) -> Ints:
    """Draw a column for each row, by the row's weights (rows, columns)."""
    edges = np.cumsum(weights, axis=1)
    drawn = (rng.random(len(weights)) * edges[:, -1])[:, None]
    column: Ints = np.minimum((drawn > edges).sum(axis=1), weights.shape[1] - 1)
    return column


def numbered(prefix: str, count: int) -> list[str]:
    """Return ``count`` keys, T000001 onwards."""
    return [f"{prefix}{number:06d}" for number in range(1, count + 1)]
