"""A connection that draws nothing: a progress bar would end up among our results."""

from __future__ import annotations

import duckdb


def keep_quiet(connection: duckdb.DuckDBPyConnection) -> None:
    """Switch the engine's progress bar off where it is on.

    Where it is off already it is left alone: in a notebook without ipywidgets even switching it off
    is an error.
    """
    # Fetched to the end: an unfinished result would block what the connection does next.
    rows = connection.execute("SELECT current_setting('enable_progress_bar')").fetchall()
    if rows[0][0]:
        connection.execute("SET enable_progress_bar = false")
