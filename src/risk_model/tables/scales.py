"""Figures on another scale than the contract's: read as they stand, they would all look alike."""

from __future__ import annotations

import duckdb

from risk_model.tables.single import single

# Fewer scores may all be low because these accounts fare badly.
ENOUGH = 20
# Scales that tools use instead of 0…100, the smallest first.
TOPS = (1, 5, 10)


def health_scale(connection: duckdb.DuckDBPyConnection, place: str) -> list[str]:
    """Return a sentence where no health score is above the top of a smaller scale, or nothing."""
    count, highest = single(connection, "SELECT count(score), max(score) FROM health_scores")
    top = next((top for top in TOPS if count >= ENOUGH and highest <= top), None)
    if top is None:
        return []
    return [
        f"{place}: not one of {count:,} scores is above {highest:g}, as if they went to {top}; the "
        "contract's go from 0 to 100. If so, bring them to it in an SQL view in sources.yaml: "
        f"score * {100 // top} AS score."
    ]
