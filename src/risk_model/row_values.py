"""Rows of a frame as mappings from column to value, without a copy of any row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from numpy.typing import NDArray


class RowValues(Mapping[str, Any]):
    """One row: its values, Python's own, by column name."""

    def __init__(self, columns: Mapping[str, NDArray[Any]], row: int) -> None:
        self._columns = columns
        self._row = row

    def __getitem__(self, name: str) -> Any:
        return self._columns[name].item(self._row)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value, or ``default`` where there is no such column."""
        column = self._columns.get(name)
        return default if column is None else column.item(self._row)

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


def rows_of(frame: pd.DataFrame) -> list[RowValues]:
    """Return the rows of a frame, in order."""
    columns = {str(name): frame[name].to_numpy() for name in frame.columns}
    return [RowValues(columns, row) for row in range(len(frame))]
