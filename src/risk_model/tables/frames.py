"""pandas frames as raw tables, for notebooks and tests."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Mapping
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from risk_model.documents import did_you_mean
from risk_model.tables.contract import CONTRACT
from risk_model.tables.files import Found, add_relation
from risk_model.tables.quoting import identifier
from risk_model.tables.raw import Layout


def from_frames(connection: duckdb.DuckDBPyConnection, frames: Mapping[str, pd.DataFrame]) -> Found:
    """Find the tables among frames under the contract's names."""
    found = Found("frames")
    total = hashlib.sha256()
    for name, frame in sorted(frames.items()):
        table = CONTRACT.get(name)
        if table is None:
            found.mistakes.append(
                f"frames: no table '{name}' in the contract.{did_you_mean(name, CONTRACT)}"
            )
            continue
        if frame.columns.duplicated().any():
            twice = sorted({str(c) for c in frame.columns[frame.columns.duplicated()]})
            found.mistakes.append(f"{name}: column '{twice[0]}' stands there twice.")
            continue
        arrow = _arrow(frame)
        total.update(_digest(name, arrow))
        relation = f"frame_{name}"
        connection.register(relation, arrow)
        found.afterwards.append(f"DROP VIEW IF EXISTS {identifier(relation)}")
        add_relation(connection, found, table, relation, name, Layout())
    found.fingerprint = total.hexdigest()
    return found


def _arrow(frame: pd.DataFrame) -> pa.Table:
    columns = {str(name): _column(frame[name]) for name in frame.columns}
    return pa.table(columns)


def _column(values: pd.Series[Any]) -> pa.Array:
    """Return a column for the engine; mixed Python objects become text, as a file would hold."""
    if values.dtype != object:
        return pa.array(values, from_pandas=True)
    return pa.array([_text(value) for value in values], type=pa.string())


def _text(value: object) -> str | None:
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    return str(value)


def _digest(name: str, arrow: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, arrow.schema) as writer:
        writer.write_table(arrow)
    return hashlib.sha256(name.encode() + b"\0" + sink.getvalue().to_pybytes()).digest()
