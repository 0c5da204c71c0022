"""What measuring costs: rows for the events, and rows for the snapshots, never both multiplied.

Counted is every row that the engine hands from one step of a statement to the next, which hangs on
neither the machine nor who else works on it.
"""

from __future__ import annotations

import json
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import pytest

from measuring import SHIPPED, measure
from risk_model.engines.duckdb import DuckDBEngine
from risk_model.tables import tables_from_frames

LAST = pd.Timestamp("2026-03-02")
ACCOUNTS = [f"A{number}" for number in range(4)]
HISTORY = 450
READ = SHIPPED.only(
    {f.name for f in SHIPPED.features if f.source in ("usage", "tickets", "messages")}
)


class Counting(DuckDBEngine):
    """DuckDB that says how many rows its operators have handed on."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(connection)
        connection.execute("PRAGMA enable_profiling='no_output'")
        self.rows = 0

    def _create(self, name: str, frame: nw.LazyFrame[Any]) -> None:
        super()._create(name, frame)
        self._count()

    def pandas(self, frame: nw.LazyFrame[Any]) -> pd.DataFrame:
        made = super().pandas(frame)
        self._count()
        return made

    def _count(self) -> None:
        told = json.loads(self.connection.get_profiling_information())
        # What is known without reading has no operators.
        operators = list(told.get("operator", []))
        while operators:
            one = operators.pop()
            operators += one.get("children", [])
            self.rows += one.get("intermediate_rows", 0)


def company(a_day: int) -> dict[str, pd.DataFrame]:
    """Return tables with so many tickets and messages an account and day, soon over again."""
    dates = pd.date_range(end=LAST - pd.Timedelta(days=1), periods=HISTORY)
    keys = [ACCOUNTS, dates, range(a_day)]
    rows = pd.MultiIndex.from_product(keys, names=["account_id", "date", "n"]).to_frame(index=False)
    at = rows["date"] + pd.to_timedelta(8 * 3600 + rows["n"] * 600, unit="s")
    number = np.arange(len(rows)).astype(str)
    one = {"account_id": rows["account_id"]}
    return {
        "accounts": pd.DataFrame({"account_id": ACCOUNTS, "contract_start": "2020-01-01"}),
        "usage": rows.loc[rows["n"] == 0, ["account_id", "date"]].assign(actions=3, logins=2),
        "tickets": pd.DataFrame(
            {
                "ticket_id": number,
                **one,
                "opened_at": at,
                "first_response_at": at + pd.Timedelta(hours=1),
                "resolved_at": at + pd.Timedelta(hours=3),
                "priority": "P2",
            }
        ),
        "messages": pd.DataFrame(
            {
                "message_id": number,
                **one,
                "sent_at": at,
                "channel": "email",
                "direction": np.where(rows["n"] % 2 == 0, "inbound", "outbound"),
                "text": "Fine.",
            }
        ),
    }


def handed_on(frames: dict[str, pd.DataFrame], days: int) -> int:
    """Return how many rows are handed on for snapshots of so many days of the last year."""
    last = (LAST - pd.Timestamp(0)).days
    asked = [(name, last - 364 * day // days) for day in range(days) for name in ACCOUNTS]
    with tables_from_frames(frames) as tables:
        engine = Counting(tables.connection)
        measured = measure(
            tables,
            pd.DataFrame(asked, columns=["account_id", "as_of"]),
            READ,
            lambda _: engine,
        )
    assert measured[["tickets_84d", "tickets_ever", "inbound_84d"]].gt(80).all(axis=None)
    return engine.rows


@pytest.mark.slow
def test_rows_handed_on_grow_with_events_and_with_snapshots_never_with_both_multiplied() -> None:
    many = {2: company(2), 6: company(6)}
    rows = {(n, days): handed_on(many[n], days) for n in many for days in (26, 104)}
    events = 2 * (6 - 2) * HISTORY * len(ACCOUNTS)
    of_an_event = {days: (rows[6, days] - rows[2, days]) / events for days in (26, 104)}
    # Four times the snapshots look at the same year: an event costs what it did.
    assert of_an_event[104] < 1.1 * of_an_event[26], of_an_event
    # And a snapshot costs the same whether there are many events or few.
    of_a_snapshot = {n: (rows[n, 104] - rows[n, 26]) / (78 * len(ACCOUNTS)) for n in many}
    assert of_a_snapshot[6] < 1.1 * of_a_snapshot[2], of_a_snapshot
