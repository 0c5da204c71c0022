"""The contract's tables: what they are, reading them, mapping them, refusing rows."""

from risk_model.tables.cutting import known_rows
from risk_model.tables.freshness import Freshness, cost_of_missing, freshness, stopped_feeds
from risk_model.tables.opened import Tables
from risk_model.tables.opening import open_tables, tables_from_frames
from risk_model.tables.report import Report, TableReport
from risk_model.tables.understood import (
    CheckLine,
    check_lines,
    check_sentences,
    check_table,
    write_refused,
)

__all__ = [
    "CheckLine",
    "Freshness",
    "Report",
    "TableReport",
    "Tables",
    "check_lines",
    "check_sentences",
    "check_table",
    "cost_of_missing",
    "freshness",
    "known_rows",
    "open_tables",
    "stopped_feeds",
    "tables_from_frames",
    "write_refused",
]
