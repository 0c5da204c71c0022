"""The record of a scoring run: what was read, what became of it, who judged, how fresh it was."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from risk_model import __version__
from risk_model.errors import RiskModelError
from risk_model.pipelines.judges import Judge
from risk_model.pipelines.last_run import shrunk
from risk_model.pipelines.line import Line
from risk_model.pipelines.since_last import left_sentence, left_since
from risk_model.pipelines.then_and_now import gone, held, held_then
from risk_model.tables.amiss import feeds_amiss
from risk_model.tables.freshness import freshness
from risk_model.timeline import date_of


def record_of(
    line: Line,
    judge: Judge,
    day: int,
    snapshots: pd.DataFrame,
    listed: pd.DataFrame,
    escalated: pd.DataFrame,
    previous: Path | None = None,
) -> dict[str, Any]:
    """Return the run's record: what was read, what became of it, who judged, how fresh it was."""
    report = line.tables.report
    left = left_since(line, previous, [*listed["account_id"], *escalated["account_id"]])
    return {
        "as_of": str(date_of(day)),
        "horizon_days": judge.horizon,
        "made_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "counts": _counts(line, snapshots, listed, escalated),
        "calibrated": judge.calibrated,
        "scored_by": judge.champion.version if judge.champion else "rules",
        "notes": [
            *judge.notes,
            *_gone_since_training(line, judge),
            *line.notices,
            *left_sentence(left),
            *shrunk(previous, report.tables),
            *feeds_amiss(report, day),
            *report.notices,
        ],
        "left_since_last": left,
        "tables": _tables_read(line, day),
        "read_from": line.read_from,
        "data_fingerprint": line.tables.fingerprint,
        "resources": line.resources_used(),
        "settings_version": line.settings.version,
        "versions": {
            "risk-model": __version__,
            **{name: metadata.version(name) for name in ("scikit-learn", "duckdb", "pandas")},
        },
    }


def _gone_since_training(line: Line, judge: Judge) -> list[str]:
    champion = judge.champion
    if champion is None:
        return []
    return gone(held_then(champion), line.tables, f"that model {champion.version} was trained with")


def _counts(
    line: Line, snapshots: pd.DataFrame, listed: pd.DataFrame, escalated: pd.DataFrame
) -> dict[str, int]:
    """Return what became of every account that was read, each counted by itself.

    Raises RiskModelError where they do not add up: an account dropped in silence is the worst.
    """
    kept = set(_distinct_accounts(line))
    refused = line.tables.report.tables["accounts"].accounts_lost
    customers = set(snapshots.loc[snapshots["is_customer"], "account_id"].tolist())
    counts = {
        "accounts_read": len(kept) + refused,
        "refused": refused,
        "not_a_customer": len(kept - customers),
        "ranked": len(listed),
        "escalated": int(escalated["account_id"].nunique()),
    }
    if counts["accounts_read"] != sum(counts.values()) - counts["accounts_read"]:
        raise RiskModelError(f"accounts do not add up, so nothing is written: {counts}")
    return counts


def _tables_read(line: Line, day: int) -> dict[str, dict[str, Any]]:
    """Return for each table how many rows came of it and how fresh it is."""
    report = line.tables.report
    fresh, columns = freshness(report, day), held(line.tables)
    return {
        name: {
            "read": table.read,
            "kept": table.kept,
            "refused": table.refused,
            "last_day": str(fresh[name].last_day) if fresh[name].last_day else None,
            "age_days": fresh[name].age_days,
            "stopped": fresh[name].stopped,
            "columns": columns.get(name, []),
        }
        for name, table in report.tables.items()
    }


def _distinct_accounts(line: Line) -> list[str]:
    found = line.tables.connection.execute('SELECT DISTINCT account_id FROM "accounts"').fetchall()
    return [str(row[0]) for row in found]
