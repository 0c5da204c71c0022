"""Folds forward in time: train on what was known, test on what came after. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from risk_model.errors import DataRefused, UsageError

Days = NDArray[np.int64]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class ForwardFolds:
    """Split snapshots into consecutive blocks of time at the end, each tested by what lies before.

    A splitter as scikit-learn's are, with the day number of each row as ``groups``; days alone do.

    A snapshot of day ``d`` looks at ``[d, d + horizon)``, so its label is known at ``d + horizon``.
    It may train for a block that begins on day ``t`` only when ``d + horizon + gap <= t``: no
    label of a training row reaches into the test block.

    ``n_folds`` blocks hold about equally many snapshot days. ``horizon``, ``gap``,
    ``min_train_days`` and ``rolling`` are in days. The first block begins when at least
    ``min_train_days`` of training history are complete; None takes a third of what there is.
    ``rolling`` forgets training days older than that before the newest one allowed; None keeps all.
    """

    n_folds: int = 4
    horizon: int = 30
    min_train_days: int | None = None
    gap: int = 0
    rolling: int | None = None

    def __post_init__(self) -> None:
        if self.n_folds < 1 or self.horizon < 0 or self.gap < 0:
            raise UsageError("folds: n_folds must be at least 1, horizon and gap not negative.")
        if self.rolling is not None and self.rolling < 1:
            raise UsageError("folds: rolling must be at least 1 day, or None for all history.")
        if self.min_train_days is not None and self.min_train_days < 1:
            raise UsageError("folds: min_train_days must be at least 1 day, or None.")

    @property
    def purge(self) -> int:
        """Days between a training snapshot and the first test day, at the least."""
        return self.horizon + self.gap

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds, whatever is to be split."""
        return self.n_folds

    def within(self, days: ArrayLike) -> ForwardFolds:
        """Return these folds, or as many fewer as the history holds; one at the least."""
        for number in range(self.n_folds, 1, -1):
            fewer = replace(self, n_folds=number)
            with suppress(DataRefused):
                fewer.blocks(days)
                return fewer
        return replace(self, n_folds=1)

    def blocks(self, days: ArrayLike) -> list[Days]:
        """Return the snapshot days of each test block, in order of time.

        Raises DataRefused when the history cannot hold the folds.
        """
        known = np.unique(np.asarray(days, dtype=np.int64))
        if known.size == 0:
            raise DataRefused("folds: there are no snapshots to split.")
        first, last = int(known[0]), int(known[-1])
        length = last - first - self.purge
        wanted = self.min_train_days if self.min_train_days is not None else max(1, length // 3)
        # A history of n days spans the day numbers first ... first + n - 1.
        tested = known[known >= first + wanted - 1 + self.purge]
        tested = tested[tested > first]
        if tested.size < self.n_folds:
            raise DataRefused(self._too_short(first, last, wanted, int(tested.size)))
        return [np.asarray(block) for block in np.array_split(tested, self.n_folds)]

    def split(
        self, X: Any, y: Any = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[Rows, Rows]]:
        """Yield the row numbers of training and test by the day number of each row, shape (n,).

        The days are ``groups`` or, where that is None, ``X`` itself; ``y`` is not looked at. Rows
        come in their order there. Every test block and every training part has rows.
        """
        given = np.asarray(X if groups is None else groups)
        if given.ndim != 1:
            raise UsageError(
                f"folds: days must be one number a row, not of shape {given.shape}. "
                "Give them as groups."
            )
        day = given.astype(np.int64)
        for block in self.blocks(day):
            newest = int(block[0]) - self.purge
            train = (day <= newest) & (day < block[0])
            if self.rolling is not None:
                # Counted from the newest snapshot that may train, so it is never empty.
                train &= day > int(day[train].max()) - self.rolling
            test = (day >= block[0]) & (day <= block[-1])
            yield np.flatnonzero(train), np.flatnonzero(test)

    def _too_short(self, first: int, last: int, wanted: int, tested: int) -> str:
        return (
            f"folds: {last - first + 1} days of snapshots are too short for {self.n_folds} forward "
            f"folds: {wanted} days to train and {self.purge} days until their labels are known "
            f"leave {tested} snapshot days to test. Bring a longer history, take snapshots more "
            f"often, or ask for fewer folds, a shorter horizon or a smaller min_train_days."
        )


def as_told(y: NDArray[Any], settled: NDArray[np.int64] | None, day: int) -> NDArray[Any]:
    """Return labels in {0, 1}, shape (n,), as they stood on a day.

    ``settled`` are the day numbers from which they can be known; None where that is their
    horizon's end. An escalation that nobody had told of yet was none.
    """
    return y if settled is None else np.where(settled > day, np.zeros_like(y), y)
