"""Spark: the same features on a cluster, or in several processes of one machine.

Tables are handed over as Parquet files, and what is computed is written as Parquet too, into one
folder that all workers see: a worker that is lost takes no result with it, only time.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from risk_model.engines import RowFunction, said_of
from risk_model.engines.spark_session import LOCAL, exchange_folder, start_session
from risk_model.tables import run_folder

# Up to here a table travels inside of the plan, and joins with it need no exchange of rows.
SMALL_ROWS = 20_000
# Of the tables as Parquet, what one task works on: enough to be worth starting it.
TASK_BYTES = 16 * 1024**2


class SparkEngine:
    """The verbs of an engine on Spark, over the typed tables of a DuckDB connection.

    Reading and checking stay where they are: a table is exported when it is first asked for.
    ``master`` is Spark's address of where to run.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, master: str = LOCAL) -> None:
        self.connection = connection
        self.master = master
        self.session = start_session(master)
        self._folder: Path | None = None
        self._tables: dict[str, Any] = {}
        self._bytes = 0
        self._number = 0

    def table(self, name: str) -> nw.LazyFrame[Any]:
        """Return a typed table, handed over as Parquet the first time."""
        if name not in self._tables:
            folder = self._path(name)
            folder.mkdir()
            # Spark reads a file in pieces of row groups; a few dozen of them is enough.
            self.connection.execute(
                f"COPY \"{name}\" TO '{folder / 'rows.parquet'}' (FORMAT parquet)"
            )
            self._bytes += sum(file.stat().st_size for file in folder.iterdir())
            self._use_tasks()
            self._tables[name] = self.session.read.parquet(str(folder))
        return _frame(self._tables[name])

    def small(self, columns: Mapping[str, Sequence[object]] | pd.DataFrame) -> nw.LazyFrame[Any]:
        """Return a small table made of columns."""
        rows = _arrow(columns)
        if rows.num_rows <= SMALL_ROWS:
            return _frame(self.session.createDataFrame(rows))
        folder = self._path("handed")
        folder.mkdir()
        pq.write_table(rows, folder / "rows.parquet")
        return _frame(self.session.read.parquet(str(folder)))

    def named(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Return the frame itself: Spark's plans need no names."""
        return frame

    def keep(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Compute a frame once, as files, and return what reads them."""
        native, path = frame.to_native(), str(self._path("kept"))
        native.write.parquet(path)
        return _frame(self.session.read.schema(native.schema).parquet(path))

    def clustered(self, frame: nw.LazyFrame[Any], by: Sequence[str]) -> nw.LazyFrame[Any]:
        """Return the frame itself: the exchange of rows before a sum gathers them anyway."""
        return frame

    def beside(
        self, base: nw.LazyFrame[Any], frames: Sequence[nw.LazyFrame[Any]], on: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        """Put frames below one another, gather the rows of a key, and left-join once.

        One row a key is what each frame has. Joined singly, each of them would be sorted and held
        at the same time.
        """
        if not frames:
            return base
        natives = [frame.to_native() for frame in frames]
        stacked = natives[0]
        for native in natives[1:]:
            stacked = stacked.unionByName(native, allowMissingColumns=True)
        names = [name for name in stacked.columns if name not in on]
        from pyspark.sql import functions

        together = stacked.groupBy(*on).agg(*(functions.max(name).alias(name) for name in names))
        return base.join(_frame(together), on=list(on), how="left")

    def pandas(self, frame: nw.LazyFrame[Any]) -> pd.DataFrame:
        """Compute a frame and bring it here."""
        rows: pd.DataFrame = frame.to_native().toArrow().to_pandas()
        return rows

    def batches(self, frame: nw.LazyFrame[Any], rows: int) -> Iterator[pd.DataFrame]:
        """Bring a frame here piece by piece: computed into files, and these read one by one."""
        path = self._path("pieces")
        frame.to_native().write.parquet(str(path))
        for file in sorted(path.glob("*.parquet")):
            with pq.ParquetFile(file) as pieces:
                for piece in pieces.iter_batches(rows):
                    yield piece.to_pandas()

    def gathered(self, pieces: Iterable[pd.DataFrame]) -> nw.LazyFrame[Any]:
        """Keep a table that comes piece by piece, a file each."""
        folder = self._path("gathered")
        folder.mkdir()
        for number, piece in enumerate(pieces):
            pq.write_table(_arrow(piece), folder / f"piece-{number}.parquet")
        kept: nw.LazyFrame[Any] = nw.from_native(self.session.read.parquet(str(folder)))
        return kept

    def apply(self, frame: nw.LazyFrame[Any], function: RowFunction, key: str) -> pd.DataFrame:
        """Return ``key`` of every row and what a function says of the rest, asked by the workers.

        The function is sent once to each worker, and only what it says comes back.
        """
        native = frame.to_native()
        sent = native.sparkSession.sparkContext.broadcast(function)

        def said(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
            for part in parts:
                yield said_of(part, sent.value, key)

        columns = {key: "bigint", **function.columns}
        with warnings.catch_warnings():
            # Of what pandas 3 changed nothing is met here: numbers and texts pass as they are.
            warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
            schema = ", ".join(f"`{name}` {kind}" for name, kind in columns.items())
            answers = native.mapInPandas(said, schema)
        try:
            rows: pd.DataFrame = answers.toArrow().to_pandas()
            return rows
        finally:
            sent.destroy()

    def close(self) -> None:
        """Remove what was handed over and kept; tables are handed over again when asked for."""
        self._tables.clear()
        self._bytes = 0
        if self._folder is not None:
            run_folder.end(self._folder)
            self._folder = None

    def _path(self, what: str) -> Path:
        if self._folder is None:
            self._folder = exchange_folder(self.master)
        self._number += 1
        return self._folder / f"{what}-{self._number}"

    def _use_tasks(self) -> None:
        """Split the work by how much data there is: to start a task has its price, and so has it
        to look again at the plan between two of them.
        """
        tasks = self._bytes // TASK_BYTES + 1
        self.session.conf.set("spark.sql.shuffle.partitions", str(tasks))
        self.session.conf.set("spark.sql.adaptive.enabled", str(tasks > 1).lower())


def _frame(native: Any) -> nw.LazyFrame[Any]:
    frame: nw.LazyFrame[Any] = nw.from_native(native)
    return frame


def _arrow(columns: Mapping[str, Sequence[object]] | pd.DataFrame) -> pa.Table:
    """Return columns as Arrow; Spark has no large strings."""
    rows = (
        pa.Table.from_pandas(columns, preserve_index=False)
        if isinstance(columns, pd.DataFrame)
        else pa.table({name: list(values) for name, values in columns.items()})
    )
    fields = [
        pa.field(f.name, pa.string() if pa.types.is_large_string(f.type) else f.type)
        for f in rows.schema
    ]
    return rows.cast(pa.schema(fields))
