"""Table engines: each opens the tables and answers in its own words, once."""

from __future__ import annotations

import gc
import hashlib
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import duckdb
import narwhals as nw
import pandas as pd

MakeEngine = Callable[[duckdb.DuckDBPyConnection], "Engine"]
Columns = Mapping[str, Sequence[object]] | pd.DataFrame


class RowFunction(Protocol):
    """Says something of each row by itself, of any number of rows at a time."""

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of what it says: ``double`` or ``string``."""

    def __call__(self, rows: pd.DataFrame, /) -> pd.DataFrame:
        """Return ``columns``, one row for each of the rows, with their index."""


class Engine(Protocol):
    """What features need of an engine: everything else is narwhals."""

    def table(self, name: str) -> nw.LazyFrame[Any]:
        """Return a typed table of the contract by its name."""

    def small(self, columns: Columns) -> nw.LazyFrame[Any]:
        """Return a small table made of columns."""

    def named(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Return the same frame under a name, uncomputed, so that what builds on it stays short."""

    def keep(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Compute a frame once and return the result, to be read several times."""

    def clustered(self, frame: nw.LazyFrame[Any], by: Sequence[str]) -> nw.LazyFrame[Any]:
        """Return the same rows, those of equal ``by`` close together where that is of use.

        They are there until the next frame is kept.
        """

    def beside(
        self, base: nw.LazyFrame[Any], frames: Sequence[nw.LazyFrame[Any]], on: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        """Return ``base`` with the columns of many frames, left-joined on ``on``, all at once.

        All of them were kept or named. ``on`` is a text and a whole number from 0.
        """

    def pandas(self, frame: nw.LazyFrame[Any]) -> pd.DataFrame:
        """Compute a frame and bring it here."""

    def batches(self, frame: nw.LazyFrame[Any], rows: int) -> Iterator[pd.DataFrame]:
        """Bring a frame here piece by piece, about so many rows at once; keep nothing else open."""

    def gathered(self, pieces: Iterable[pd.DataFrame]) -> nw.LazyFrame[Any]:
        """Keep a table that comes piece by piece, all of the same columns; there is one at least.

        The pieces may come from ``batches``.
        """

    def apply(self, frame: nw.LazyFrame[Any], function: RowFunction, key: str) -> pd.DataFrame:
        """Return ``key`` of every row and what a function says of the rest of it."""

    def close(self) -> None:
        """Drop what was kept."""


def said_of(rows: pd.DataFrame, function: RowFunction, key: str) -> pd.DataFrame:
    """Return ``key`` of rows that are here, and what a function says of the rest of each."""
    # Of a piece come hundreds of thousands of small objects, none of which holds itself: looking
    # for those that do took a tenth of the time.
    collects = gc.isenabled()
    gc.disable()
    try:
        said = function(rows.drop(columns=key))
    finally:
        if collects:
            gc.enable()
    return said.assign(**{key: rows[key]})[[key, *function.columns]]


@dataclass(frozen=True)
class Sent:
    """A function as it goes to other processes: packed once here, unpacked once in each there."""

    packed: bytes
    digest: str

    @classmethod
    def of(cls, function: RowFunction) -> Sent:
        """Pack a function."""
        packed = pickle.dumps(function)
        return cls(packed, hashlib.blake2b(packed).hexdigest())

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of its answer."""
        return self._function.columns

    def __call__(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return what the function says."""
        return self._function(rows)

    @property
    def _function(self) -> RowFunction:
        if self.digest not in _unpacked:
            _unpacked.clear()
            _unpacked[self.digest] = pickle.loads(self.packed)  # noqa: S301 - packed by ourselves
        return _unpacked[self.digest]


_unpacked: dict[str, RowFunction] = {}
