"""The grid's small tables, handed to an engine once each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import narwhals as nw

from risk_model.engines import Engine
from risk_model.features.grid import Grid

Frame = nw.LazyFrame[Any]
Columns = Mapping[str, Sequence[object]]


class Calendar:
    """A grid of snapshot days together with its tables in an engine."""

    def __init__(self, engine: Engine, grid: Grid) -> None:
        self.engine = engine
        self.grid = grid
        self._tables: dict[tuple[object, ...], Frame] = {}

    def opens(self, day: str, lag: int = 0) -> Frame:
        """Return (``day``, opens): the first snapshot that knows something of a day."""
        return self._once(("opens", day, lag), lambda: self._of_days("opens", day, lag, "opens"))

    def closes(self, day: str, lag: int = 0, name: str = "closes") -> Frame:
        """Return (``day``, ``name``): the last snapshot on or before a day."""
        return self._once((name, day, lag), lambda: self._of_days("closes", day, lag, name))

    def steps(self) -> Frame:
        """Return (length, step): one row for every step of a run of snapshots."""
        return self._once(("steps",), self.grid.lengths_table)

    def positions(self) -> Frame:
        """Return (position, as_of)."""
        return self._once(("positions",), self.grid.positions)

    def _of_days(self, column: str, day: str, lag: int, name: str) -> Columns:
        table = self.grid.days_table(lag)
        return {day: table["day"], name: table[column]}

    def _once(self, key: tuple[object, ...], make: Callable[[], Columns]) -> Frame:
        if key not in self._tables:
            self._tables[key] = self.engine.small(make())
        return self._tables[key]
