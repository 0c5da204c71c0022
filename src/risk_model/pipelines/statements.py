"""The SQL that the features are computed with, as the engine itself writes it down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from risk_model.engines import Columns
from risk_model.engines.duckdb import DuckDBEngine
from risk_model.pipelines.line import Line
from risk_model.settings import Settings
from risk_model.tables.one_account import ACCOUNT, one_account
from risk_model.timeline import date_of

# Our names for what is kept carry a number of the process; two runs should read the same.
_OURS = re.compile(r"risk_model_([a-z]+)_\d{6,}_(\d+)")
_HISTORY = 800
"""Days of rows: more than any window of the catalogue, so that every feature is measured."""
_HANDED = re.compile(r'^CREATE (?:OR REPLACE )?TEMPORARY VIEW "([^"]+)" AS SELECT 1$')


class _NotingEngine(DuckDBEngine):
    """Notes what is handed over from Python: the engine's own log only knows that something is."""

    def __init__(self, line: Line) -> None:
        super().__init__(line.tables.connection)
        self.handed: list[str] = []

    def small(self, columns: Columns) -> nw.LazyFrame[Any]:
        frame = super().small(columns)
        height = len(columns) if isinstance(columns, pd.DataFrame) else _height(columns)
        names = ", ".join(f"{name} {kind}" for name, kind in frame.collect_schema().items())
        self.handed.append(f"-- handed over from Python: {height} rows of {names}")
        return frame

    def gathered(self, pieces: Iterable[pd.DataFrame]) -> nw.LazyFrame[Any]:
        return super().gathered(self._noted(piece) for piece in pieces)

    def _noted(self, piece: pd.DataFrame) -> pd.DataFrame:
        names = ", ".join(f"{name} {kind}" for name, kind in piece.dtypes.items())
        self.handed.append(f"-- handed over from Python: {len(piece)} rows of {names}")
        return piece


def _height(columns: object) -> int:
    values = list(columns.values()) if isinstance(columns, dict) else []
    return len(values[0]) if values else 0


def statements_on_data(line: Line, days: Sequence[int]) -> str:
    """Compute the features of a company on some days and return the SQL that did it."""
    engine = _noting(line)
    snapshots = line.snapshots(days)
    customers = snapshots[snapshots["is_customer"]].reset_index(drop=True)
    line.measure(customers, line.settings.catalogue)
    what = f"{len(customers)} snapshots on {', '.join(str(date_of(day)) for day in days)}"
    return _written(line, engine, what)


def statements_without_data(settings: Settings, days: Sequence[int]) -> str:
    """Return the SQL for one account on some days, where every table and column is given."""
    tables = one_account(min(days) - _HISTORY, max(days))
    with Line(tables, settings) as line:
        engine = _noting(line)
        asked = pd.DataFrame({"account_id": [ACCOUNT] * len(days), "as_of": list(days)})
        line.measure(asked, settings.catalogue)
        when = ", ".join(str(date_of(day)) for day in days)
        return _written(line, engine, f"one account on {when}, all tables and columns given")


def _noting(line: Line) -> _NotingEngine:
    line.tables.connection.execute("CALL enable_logging('QueryLog')")
    line.engine = engine = _NotingEngine(line)
    return engine


def _written(line: Line, engine: _NotingEngine, what: str) -> str:
    """Return the engine's log as a script, in the order in which it ran."""
    connection = line.tables.connection
    connection.execute("CALL disable_logging()")
    rows = connection.execute(
        "SELECT message FROM duckdb_logs WHERE type = 'QueryLog' ORDER BY timestamp, query_id"
    ).fetchall()
    body = list(_readable((str(row[0]).strip() for row in rows), iter(engine.handed)))
    head = (
        f"-- {len(line.settings.catalogue.features)} features, {what}.\n"
        "-- What DuckDB runs, in its order; dropping the temporary tables is left out.\n"
        "-- Times are epoch seconds, dates day numbers since 1970-01-01.\n"
    )
    return _OURS.sub(r"\1_\2", "\n".join([head, *body]))


def _readable(ran: Iterable[str], handed: Iterator[str]) -> Iterator[str]:
    for statement in ran:
        if _HANDED.match(statement):
            yield next(handed, "-- handed over from Python")
        elif not statement.startswith(("DROP ", "CALL ")):
            yield f"{statement.rstrip(';')};\n"
