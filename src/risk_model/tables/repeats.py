"""Which numbers stand twice in a column that may be larger than memory."""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from risk_model.tables.resources import bytes_of
from risk_model.tables.single import single

AT_ONCE = 32_000_000
"""Numbers that are sorted at once, a quarter of a gigabyte; fewer where the engine has little."""
SHARE = 4
"""They take this part of the engine's memory at most, but for the first million."""
SORTING = 2
"""Parts that are sorted side by side, for each needs its memory."""
BATCH = 1_000_000
"""Numbers that are dealt out at once."""


def repeated(
    connection: duckdb.DuckDBPyConnection, number: str, relation: str
) -> NDArray[np.uint64]:
    """Return each whole number from 0 (SQL ``number``) that several rows of a relation have.

    Sorting them takes a quarter of the time that grouping takes. Where they are many, the relation
    is read once and its numbers are laid down where the engine spills, in parts of the range, each
    sorted by itself: equal numbers are in the same part.
    """
    rows = int(single(connection, f"SELECT count(*) FROM {relation}")[0])
    numbers = connection.sql(f"SELECT CAST({number} AS UBIGINT) AS n FROM {relation}")
    parts = -(-rows // _at_once(connection))
    if parts <= 1:
        return _twice(_numbers(numbers.to_arrow_table()["n"]))
    spill = Path(str(single(connection, "SELECT current_setting('temp_directory')")[0]))
    with TemporaryDirectory(prefix="repeats-", dir=spill if spill.is_dir() else None) as place:
        files = [Path(place) / str(part) for part in range(parts)]
        _dealt_out(numbers.to_arrow_reader(BATCH), files)
        threads = int(single(connection, "SELECT current_setting('threads')")[0])
        with ThreadPoolExecutor(min(threads, SORTING)) as pool:
            return np.concatenate(list(pool.map(_twice_in, files)))


def _at_once(connection: duckdb.DuckDBPyConnection) -> int:
    memory = str(single(connection, "SELECT current_setting('memory_limit')")[0])
    return min(AT_ONCE, max(BATCH, int(bytes_of(memory) / SHARE / SORTING / 8)))


def _dealt_out(batches: Iterable[pa.RecordBatch], files: Sequence[Path]) -> None:
    """Write numbers into files, each of which has its part of the range from 0 to 2**64."""
    width = np.uint64(2**64 // len(files) + 1)
    with ExitStack() as stack:
        opened = [stack.enter_context(file.open("wb")) for file in files]
        for batch in batches:
            numbers = _numbers(batch.column("n"))
            part = (numbers // width).astype(np.uint16)
            dealt = numbers[np.argsort(part, kind="stable")]
            ends = np.cumsum(np.bincount(part, minlength=len(files)))
            for file, own in zip(opened, np.split(dealt, ends[:-1]), strict=True):
                own.tofile(file)


def _twice_in(file: Path) -> NDArray[np.uint64]:
    return _twice(np.fromfile(file, dtype=np.uint64))


def _numbers(column: pa.Array | pa.ChunkedArray) -> NDArray[np.uint64]:
    return np.array(column.to_numpy(zero_copy_only=False), dtype=np.uint64)


def _twice(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    numbers.sort()
    return np.unique(numbers[1:][numbers[1:] == numbers[:-1]])
