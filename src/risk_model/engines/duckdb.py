"""DuckDB, embedded: the default engine. It hands out narwhals frames and keeps results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import pyarrow as pa

from risk_model.engines import RowFunction, Sent, said_of
from risk_model.tables.quiet import keep_quiet

PIECE = 20_000
"""Rows that a function is given at once: so few that several pieces are no matter of memory."""
ALONE = 2
"""Pieces that are asked here: for so few it does not pay to start other processes."""


class DuckDBEngine:
    """The verbs of an engine: see ``Engine``.

    It works on one connection, whose typed tables are named as in the contract. What it keeps
    is dropped by ``close``.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._kept: list[str] = []
        self._passing: list[str] = []
        self._views: list[str] = []
        self._number = 0

    def table(self, name: str) -> nw.LazyFrame[Any]:
        """Return a table of the connection."""
        return nw.from_native(self.connection.table(f'"{name}"'))

    def small(self, columns: Mapping[str, Sequence[object]] | pd.DataFrame) -> nw.LazyFrame[Any]:
        """Return a small table made of columns."""
        arrow = (
            pa.Table.from_pandas(columns, preserve_index=False)
            if isinstance(columns, pd.DataFrame)
            else pa.table({name: list(values) for name, values in columns.items()})
        )
        handed = self._name("handed")
        self.connection.register(handed, arrow)
        name = self._name("small")
        self.connection.execute(f'CREATE TEMP TABLE "{name}" AS SELECT * FROM "{handed}"')  # noqa: S608
        self.connection.unregister(handed)
        self._kept.append(name)
        return self.table(name)

    def keep(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Compute a frame once and return the result, to be read several times."""
        name = self._keep(frame)
        # Of many days what was clustered takes memory that the results need.
        while self._passing:
            passed = self._passing.pop()
            self._drop_table(passed)
            self._kept.remove(passed)
        return self.table(name)

    def named(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Return the same frame as a view: what builds on it is planned much faster."""
        return self._view(frame.to_native().sql_query())

    def clustered(self, frame: nw.LazyFrame[Any], by: Sequence[str]) -> nw.LazyFrame[Any]:
        """Compute a frame in an order: adding up what lies close by takes half the time."""
        name = self._keep(frame.sort(*by))
        self._passing.append(name)
        return self.table(name)

    def beside(
        self, base: nw.LazyFrame[Any], frames: Sequence[nw.LazyFrame[Any]], on: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        """Left-join many frames in one statement: joining them singly is planned slowly.

        The key becomes one number on the way: of millions of rows that takes half the time.
        """
        name, (who, position) = base.to_native().alias, on
        numbers = self._numbers(name, who, position)
        place = f'"{numbers}".first + "{position}" AS place'
        left = f'(SELECT "{name}".*, {place} FROM "{name}" JOIN "{numbers}" USING ("{who}"))'  # noqa: S608
        columns, joins = [f'"{name}".* EXCLUDE (place)'], []
        for frame in frames:
            right = frame.to_native().alias
            names = [f'"{column}"' for column in frame.collect_schema().names() if column not in on]
            read = f'SELECT {place}, {", ".join(names)} FROM "{right}" JOIN "{numbers}"'  # noqa: S608
            read += f' USING ("{who}") WHERE "{position}" < many'
            columns += [f'"{right}".{column}' for column in names]
            joins.append(f'LEFT JOIN ({read}) AS "{right}" USING (place)')
        joined = f'SELECT {", ".join(columns)} FROM {left} AS "{name}" {" ".join(joins)}'  # noqa: S608
        return self._view(joined)

    def _numbers(self, base: str, who: str, position: str) -> str:
        """Number whom a frame has, ``many`` apart, so that nobody's positions are another's."""
        name = self._name("numbers")
        most = f'(SELECT max("{position}") + 1 AS many FROM "{base}")'  # noqa: S608
        whom = f'(SELECT DISTINCT "{who}" FROM "{base}")'  # noqa: S608
        numbered = f'SELECT "{who}", many, (row_number() OVER () - 1) * many AS first'
        self.connection.execute(f'CREATE TEMP TABLE "{name}" AS {numbered} FROM {whom}, {most}')
        self._kept.append(name)
        return name

    def pandas(self, frame: nw.LazyFrame[Any]) -> pd.DataFrame:
        """Compute a frame and bring it here."""
        # Of what was asked before, somebody may have read the first row only.
        self.connection.complete()
        table: pa.Table = frame.to_native().to_arrow_table()
        # Column by column, each let go as soon as it is over there: one copy in memory, not two.
        made: pd.DataFrame = table.to_pandas(split_blocks=True, self_destruct=True)
        return made

    def batches(self, frame: nw.LazyFrame[Any], rows: int) -> Iterator[pd.DataFrame]:
        """Bring a frame here piece by piece; what is not yet asked for is not computed."""
        # Of what was asked before, somebody may have read the first row only.
        self.connection.complete()
        sql = frame.to_native().sql_query()
        reader: pa.RecordBatchReader = self.connection.sql(sql).to_arrow_reader(rows)
        for piece in _together(reader, rows):
            yield pa.Table.from_batches(piece).to_pandas(split_blocks=True, self_destruct=True)

    def gathered(self, pieces: Iterable[pd.DataFrame]) -> nw.LazyFrame[Any]:
        """Keep a table that comes piece by piece, written beside whatever is being read."""
        name, handed = self._name("gathered"), self._name("handed")
        with self.connection.cursor() as beside:
            # a connection of its own begins in the engine's first database
            here = self.connection.execute("SELECT current_database()").fetchall()
            beside.execute(f'USE "{here[0][0]}"')
            keep_quiet(beside)
            # In one transaction, so that rows go to the engine's file as soon as they are many.
            beside.begin()
            for piece in pieces:
                beside.register(handed, pa.Table.from_pandas(piece, preserve_index=False))
                verb = (
                    f'INSERT INTO "{name}"' if name in self._kept else f'CREATE TABLE "{name}" AS'
                )
                beside.execute(f'{verb} SELECT * FROM "{handed}"')  # noqa: S608
                beside.unregister(handed)
                if name not in self._kept:
                    self._kept.append(name)
            beside.commit()
        return self.table(name)

    def apply(self, frame: nw.LazyFrame[Any], function: RowFunction, key: str) -> pd.DataFrame:
        """Return ``key`` of every row and what a function says of the rest, piece by piece.

        Several pieces are asked on all cores; only a few of them are here at once.
        """
        pieces = self.batches(frame, PIECE)
        first = list(islice(pieces, ALONE + 1))
        if not first:
            return said_of(self.pandas(frame), function, key)
        if len(first) <= ALONE:
            answers: Iterable[pd.DataFrame] = [said_of(piece, function, key) for piece in first]
        else:
            from joblib import Parallel, delayed

            sent = Sent.of(function)
            asked = (delayed(said_of)(piece, sent, key) for piece in chain(first, pieces))
            answers = Parallel(n_jobs=-1, return_as="generator")(asked)
        said: pd.DataFrame = pd.concat(answers, ignore_index=True)
        return said

    def close(self) -> None:
        """Drop what was kept."""
        for name in reversed(self._views):
            self.connection.execute(f'DROP VIEW IF EXISTS "{name}"')
        self._views.clear()
        for name in self._kept:
            self._drop_table(name)
        self._kept.clear()
        self._passing.clear()

    def _view(self, sql: str) -> nw.LazyFrame[Any]:
        name = self._name("view")
        self.connection.execute(f'CREATE TEMP VIEW "{name}" AS {sql}')
        self._views.append(name)
        return self.table(name)

    def _keep(self, frame: nw.LazyFrame[Any]) -> str:
        name = self._name("kept")
        self._create(name, frame)
        self._kept.append(name)
        return name

    def _create(self, name: str, frame: nw.LazyFrame[Any]) -> None:
        sql = frame.to_native().sql_query()
        self.connection.execute(f'CREATE TEMP TABLE "{name}" AS {sql}')

    def _drop_table(self, name: str) -> None:
        self.connection.execute(f'DROP TABLE IF EXISTS "{name}"')

    def _name(self, what: str) -> str:
        self._number += 1
        return f"risk_model_{what}_{id(self)}_{self._number}"


def _together(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[list[pa.RecordBatch]]:
    """Put batches together until there are about so many rows: the engine cuts them as it likes."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if 2 * sum(one.num_rows for one in held) > rows:
            yield held
            held = []
    if held:
        yield held
