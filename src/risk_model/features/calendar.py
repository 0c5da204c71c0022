"""The grid's small tables, handed to an engine once each, and rows copied along them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import narwhals as nw

from risk_model.engines import Engine
from risk_model.features.extremes import greatest, smallest
from risk_model.features.grid import Grid

Frame = nw.LazyFrame[Any]
Columns = Mapping[str, Sequence[object]]


class Calendar:
    """A grid of snapshot days together with its tables in an engine."""

    def __init__(self, engine: Engine, grid: Grid) -> None:
        self.engine = engine
        self.grid = grid
        # With one snapshot nothing needs to be copied or joined.
        self.single = len(grid.days) == 1
        self._tables: dict[str, Frame] = {}

    def opened(self, rows: Frame) -> Frame:
        """Add ``opens``, the first snapshot after ``open_day``; rows that none sees are gone."""
        rows = rows.with_columns(open_day=self._clipped("open_day"))
        opens = self._once("opens", lambda: self._of_days("opens", "open_day", "opens"))
        return rows.join(opens, on="open_day", how="inner")

    def shut(self, rows: Frame, name: str = "closes") -> Frame:
        """Add ``name``, the last snapshot on or before ``shut_day``."""
        rows = rows.with_columns(shut_day=self._clipped("shut_day"))
        closes = self._once(name, lambda: self._of_days("closes", "shut_day", name))
        return rows.join(closes, on="shut_day", how="inner")

    def spread(self, rows: Frame) -> Frame:
        """Copy rows to every snapshot after ``open_day`` and not after ``shut_day``.

        Adds ``position`` and ``now``, the snapshot's second.
        """
        days = ("open_day", "shut_day")
        rows = rows.with_columns(**{name: self._clipped(name) for name in days})
        opens = self._once("opens", lambda: self._of_days("opens", "open_day", "opens"))
        closes = self._once("closes", lambda: self._of_days("closes", "shut_day", "closes"))
        rows = rows.join(opens, on="open_day", how="inner")
        return self.steps(rows.join(closes, on="shut_day", how="inner"))

    def steps(self, rows: Frame) -> Frame:
        """Copy rows to every snapshot from ``opens`` to ``closes``."""
        rows = rows.with_columns(length=nw.col("closes") - nw.col("opens") + 1)
        rows = rows.join(self._once("steps", self.grid.lengths_table), on="length", how="inner")
        rows = rows.with_columns(position=nw.col("opens") + nw.col("step"))
        return rows.join(self.positions(), on="position", how="inner")

    def positions(self) -> Frame:
        """Return (position, as_of, now): every snapshot's number, day and second."""
        return self._once("positions", self.grid.positions)

    def _clipped(self, name: str) -> nw.Expr:
        """Move days outside of the calendar onto its ends."""
        first, last = self.grid.days[0] - 1, self.grid.days[-1]
        return greatest(smallest(nw.col(name), nw.lit(last)), nw.lit(first))

    def _of_days(self, column: str, day: str, name: str) -> Columns:
        table = self.grid.days_table()
        return {day: table["day"], name: table[column]}

    def _once(self, key: str, make: Callable[[], Columns]) -> Frame:
        if key not in self._tables:
            self._tables[key] = self.engine.small(make())
        return self._tables[key]
