"""The grid of snapshot days, and the small tables by which events find the days that see them.

Everything here is as small as the calendar: its cost does not depend on the number of events.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from risk_model.timeline import DAY


@dataclass(frozen=True)
class Grid:
    """The distinct days (numbers, ascending) on which snapshots are taken."""

    days: tuple[int, ...]

    @classmethod
    def of(cls, days: Iterable[int]) -> Grid:
        """Return the grid of some days, in any order, with repeats."""
        return cls(tuple(sorted({int(day) for day in days})))

    def first_seeing(self, day: int) -> int:
        """Return the position of the first snapshot that knows something of ``day``."""
        return bisect_left(self.days, day + 1)

    def last_within(self, day: int) -> int:
        """Return the position of the last snapshot on or before ``day``; -1 for none."""
        return bisect_right(self.days, day) - 1

    def positions(self) -> dict[str, list[int]]:
        """Return the table (position, as_of, now): every snapshot's number, day and second."""
        return {
            "position": list(range(len(self.days))),
            "as_of": list(self.days),
            "now": [day * DAY for day in self.days],
        }

    def days_table(self) -> dict[str, list[int]]:
        """Return the table (day, opens, closes): who sees a day first, and last within it.

        It covers every day from the one before the first snapshot to the last snapshot; days
        before and after are clipped onto its ends by whoever joins.
        """
        span = range(self.days[0] - 1, self.days[-1] + 1)
        return {
            "day": list(span),
            "opens": [self.first_seeing(day) for day in span],
            "closes": [self.last_within(day) for day in span],
        }

    def lengths_table(self) -> dict[str, list[int]]:
        """Return the table (length, step): one row for every step of a run of snapshots."""
        pairs = [
            (length, step) for length in range(1, len(self.days) + 1) for step in range(length)
        ]
        return {"length": [length for length, _ in pairs], "step": [step for _, step in pairs]}


@dataclass(frozen=True)
class Tiles:
    """Runs of days that no window edge of any snapshot cuts: sums over them add up to windows.

    ``starts`` are the first days of the tiles; the last tile ends before ``end``.
    """

    grid: Grid
    starts: tuple[int, ...]
    end: int
    reach: int

    @classmethod
    def between(cls, grid: Grid, offsets: Iterable[int]) -> Tiles:
        """Return the tiles for window edges that lie ``offsets`` days before each snapshot."""
        edges = sorted({day - offset for day in grid.days for offset in {0, *offsets}})
        return cls(grid, tuple(edges[:-1]), edges[-1], max(offsets))

    def days_table(self) -> dict[str, list[int]]:
        """Return the table (event_day, tile) of every day inside a tile."""
        ends = [*self.starts[1:], self.end]
        rows = [
            (day, tile)
            for tile, (start, end) in enumerate(zip(self.starts, ends, strict=True))
            for day in range(start, end)
        ]
        return {"event_day": [day for day, _ in rows], "tile": [tile for _, tile in rows]}

    def seen_table(self) -> dict[str, list[int]]:
        """Return the table (tile, position, as_of, near, far): ages of a tile's last and first day.

        A window of ``w`` days that ends ``lag`` days before ``as_of`` holds the tile iff
        ``near > lag`` and ``far <= lag + w``.
        """
        ends = [*self.starts[1:], self.end]
        columns: dict[str, list[int]] = {
            name: [] for name in ("tile", "position", "as_of", "near", "far")
        }
        for tile, (start, end) in enumerate(zip(self.starts, ends, strict=True)):
            first = self.grid.first_seeing(end - 1)
            last = self.grid.last_within(start + self.reach)
            for position in range(first, last + 1):
                as_of = self.grid.days[position]
                row = (tile, position, as_of, as_of - (end - 1), as_of - start)
                for column, value in zip(columns.values(), row, strict=True):
                    column.append(value)
        return columns


def measured_days(
    grid: Grid, days: Sequence[tuple[int, int]], lag: int, reach: int, grace: int
) -> list[bool]:
    """Say for each snapshot whether a window lies inside of what the table covers by then.

    ``days`` are pairs (event day, day on which that became known). The window covers
    ``[as_of - reach, as_of - lag)``. First and last row are those known at the snapshot itself,
    so that what comes later changes nothing.
    """
    by_known = sorted(days, key=lambda pair: pair[1])
    measured, position = [], 0
    first, last = None, None
    for as_of in grid.days:
        while position < len(by_known) and by_known[position][1] < as_of:
            day = by_known[position][0]
            first = day if first is None else min(first, day)
            last = day if last is None else max(last, day)
            position += 1
        inside = first is not None and last is not None
        inside = inside and first <= as_of - reach + grace and as_of - lag - 1 <= last + grace  # type: ignore[operator]
        measured.append(bool(inside))
    return measured


def by_position(flags: Mapping[str, Sequence[bool]], grid: Grid) -> dict[str, list[object]]:
    """Return the table (position, one column a key) that tells where each key is measured."""
    table: dict[str, list[object]] = {"position": list(range(len(grid.days)))}
    table.update({key: [int(flag) for flag in values] for key, values in flags.items()})
    return table
