"""Our clocks on a ticket of which no log tells: read off it, and the same as put in order."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import narwhals as nw
import pandas as pd
import pytest

from risk_model.engines.duckdb import DuckDBEngine
from risk_model.features.clocks import clocks_of
from risk_model.features.sources import Source

TICKETS = """
SELECT * FROM (VALUES
    ('at once', 100, 100, 100, 'P1'), ('later', 100, 100, 150, 'P2'),
    ('before it was opened', 120, 100, 110, 'P3'), ('never', 100, 100, NULL, 'P4'),
    ('none', 100, 100, 100, NULL), ('unknown when', NULL, 100, 130, 'P1')
) AS told(ticket_id, opened_at, row_known, prioritised, priority)
"""
COLUMNS = ["from_time", "until_time", "priority", "due_at", "promised_for", "row_known"]


@pytest.fixture
def engine() -> Iterator[DuckDBEngine]:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE tickets AS SELECT * REPLACE (opened_at::BIGINT AS opened_at, "
            "row_known::BIGINT AS row_known, prioritised::BIGINT AS prioritised), "
            "'A' AS account_id, 200::BIGINT AS sla_due_at, "
            f"300::BIGINT AS promised_for, NULL::BIGINT AS resolved_at FROM ({TICKETS})"
        )
        connection.execute(
            "CREATE TABLE ticket_events AS SELECT NULL::VARCHAR AS ticket_id, "
            "NULL::BIGINT AS occurred_at, NULL::BIGINT AS row_known, NULL::VARCHAR AS kind, "
            "NULL::VARCHAR AS value WHERE FALSE"
        )
        yield DuckDBEngine(connection)


@pytest.mark.parametrize("since", [None, "prioritised"])
def test_without_a_log_they_are_those_of_an_empty_one(
    engine: DuckDBEngine, since: str | None
) -> None:
    known = {"resolved_at": "resolved_at", **({"priority": since} if since else {})}
    tickets = Source("tickets", "tickets", engine.table("tickets"), "opened_at", known)
    events = Source("ticket_events", "ticket_events", engine.table("ticket_events"), "occurred_at")
    alone = clocks_of(engine, tickets, None).frame
    computed = engine.connection.execute("SELECT count(*) FROM duckdb_tables() WHERE temporary")
    assert computed.fetchall() == [(0,)], "tens of millions of tickets are put in order"
    ordered = clocks_of(engine, tickets, events).frame
    pd.testing.assert_frame_equal(_rows(engine, alone), _rows(engine, ordered))


def _rows(engine: DuckDBEngine, frame: nw.LazyFrame) -> pd.DataFrame:
    found = engine.pandas(frame.select("row_key", "account_id", *COLUMNS))
    numbers = dict.fromkeys(set(COLUMNS) - {"priority"}, "float64")
    return found.astype(numbers).sort_values("row_key", ignore_index=True)
