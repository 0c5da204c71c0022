"""Tickets whose log says otherwise than ``resolved_at`` whether they are open."""

from __future__ import annotations

import duckdb

from risk_model.tables.single import single

_TOLD = """
WITH log AS (
  SELECT
    ticket_id,
    max(CASE WHEN kind = 'reopened' THEN occurred_at END) AS reopened,
    max(CASE WHEN kind = 'status' THEN occurred_at END) AS any_status,
    max(CASE WHEN kind = 'status' AND lower(trim(value)) IN
      ('closed', 'solved', 'resolved', 'done', 'completed') THEN occurred_at END) AS over
  FROM ticket_events WHERE kind IN ('reopened', 'status') GROUP BY ticket_id
),
told AS (
  SELECT ticket_id,
    coalesce(reopened > resolved_at AND coalesce(over < reopened, TRUE), FALSE) AS is_again,
    coalesce(resolved_at IS NULL AND over >= any_status AND coalesce(over > reopened, TRUE), FALSE)
      AS is_over
  FROM tickets JOIN log USING (ticket_id)
)
SELECT count(*) FILTER (WHERE is_again), min(ticket_id) FILTER (WHERE is_again),
  count(*) FILTER (WHERE is_over), min(ticket_id) FILTER (WHERE is_over) FROM told
"""


def contradicted_endings(connection: duckdb.DuckDBPyConnection, place: str) -> list[str]:
    """Return sentences on tickets that are open by one table and over by the other, or nothing.

    ``resolved_at`` counts, as in the contract. Where no ticket has one, nothing is compared.
    """
    resolved = single(connection, "SELECT count(resolved_at) FROM tickets")[0]
    if not resolved:
        return []
    again, reopened, over, closed = single(connection, _TOLD)
    said = []
    if again:
        said.append(
            f"{place}: {again:,} reopened after their resolved_at and not closed since (as "
            f"'{reopened}'); they count as closed. Leave resolved_at empty until they are solved "
            "again."
        )
    if over:
        said.append(
            f"{place}: {over:,} closed by their last status, without a resolved_at (as "
            f"'{closed}'); they count as open. Give the time of that status as resolved_at."
        )
    return said
