"""The Monday replay: what each past week's list would have been, and what came."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from risk_model.evaluate import COLUMNS
from risk_model.features.following import next_escalation
from risk_model.pipelines.judge import Judged
from risk_model.pipelines.line import Labelled, Line
from risk_model.timeline import DAY
from risk_model.worth import ranked_by

# Where people would have known without a list. A feature that the catalogue does not have, or that
# is measured on no day, tells nothing.
SUSPECTED = {"open_urgent_tickets": (1, np.inf), "threats_28d": (1, np.inf)}
SUSPECTED |= {"days_since_escalation": (0, 90)}
SAID = {
    "open_urgent_tickets": "no open urgent ticket",
    "threats_28d": "no threat",
    "days_since_escalation": "no escalation in 90 days",
}
# Of these nothing measured means nothing known, and not that there was nothing to tell.
COUNTS = ("open_urgent_tickets", "threats_28d")


def replay_of(
    judged: Judged, past: Labelled, line: Line, horizon: int, gap: int = 0
) -> pd.DataFrame:
    """Return a row for every account on every Monday that was predicted ahead of time.

    Columns: ``day``, ``account``, ``csm``, ``arr``, ``fold``, ``y``, ``escalated_day`` (NaN where
    none came), ``averted`` (see ``_averted``), ``hidden`` (nobody would have known), one score a
    member, and ``rank`` and ``csm_rank`` by the blend. Empty where nothing was judged.
    """
    if judged.evaluation is None:
        return pd.DataFrame()
    ahead = judged.evaluation.predictions.reset_index(drop=True)
    rows = ahead["row"].to_numpy()
    snapshots = past.snapshots.iloc[rows].reset_index(drop=True)
    came = next_escalation(snapshots, line.tables.frame("escalations"))
    replay = pd.DataFrame(
        {
            "day": ahead["day"].astype("int64"),
            "account": snapshots["account_id"],
            "csm": snapshots["csm"],
            "arr": snapshots["arr"],
            "fold": ahead["fold"],
            "y": ahead["y"].astype("int64"),
            "escalated_day": came.where(ahead["y"].to_numpy() == 1),
            "averted": _averted(snapshots, ahead["y"].to_numpy(), line, horizon + gap),
            "hidden": ~_suspected(past.features.iloc[rows], snapshots["as_of"]),
        }
    )
    members = [name for name in ahead.columns if name not in COLUMNS]
    return ranked_by(replay.assign(**{name: ahead[name] for name in members}), "blend")


def calm_means(judged: Judged, past: Labelled) -> list[str]:
    """Return in words what ``hidden`` rows are free of: what is measured on some day at least."""
    if judged.evaluation is None:
        return []
    features = past.features.iloc[judged.evaluation.predictions["row"].to_numpy()]
    return [SAID[name] for name in _looked_at(features)]


def _looked_at(features: pd.DataFrame) -> list[str]:
    known = [name for name in SUSPECTED if name in features.columns]
    return [name for name in known if name not in COUNTS or features[name].notna().any()]


def _suspected(features: pd.DataFrame, days: pd.Series[int]) -> Any:
    """Mark rows where people may have known: what was measured for nobody is not taken for calm."""
    marked = np.zeros(len(features), dtype=bool)
    for name in _looked_at(features):
        value = features[name].reset_index(drop=True)
        marked |= value.between(*SUSPECTED[name]).to_numpy(bool)
        if name in COUNTS:
            measured = value.notna().groupby(days.to_numpy()).transform("any")
            marked |= ~measured.to_numpy(bool)
    return marked


def _averted(snapshots: pd.DataFrame, y: Any, line: Line, days_ahead: int) -> Any:
    """Mark the listings of which people say that they averted what was to come, and none came.

    An outcome speaks of the list of its ``as_of``, which is the newest replayed on or before it,
    and of no other week. Somebody must have acted within the horizon. Any other outcome (unknown,
    nothing there, none at all) says nothing of what would have come: it stays a false alarm.
    """
    if "outcomes" not in line.tables.present:
        return np.zeros(len(snapshots), dtype=bool)
    told = line.tables.frame("outcomes")
    told = told[told["acted_at"].notna() & (told["outcome"] == "averted")]
    asked = snapshots[["account_id", "as_of"]].astype({"as_of": "int64"})
    days = np.unique(asked["as_of"])
    of_list, acted = (told[name].astype("int64").to_numpy() for name in ("as_of", "acted_at"))
    newest = days[np.maximum(np.searchsorted(days, of_list, side="right") - 1, 0)]
    answers = (of_list >= newest) & (of_list < newest + line.settings.backtest.every_days)
    answers &= (acted // DAY >= newest) & (acted // DAY < newest + days_ahead)
    said = pd.MultiIndex.from_arrays([told["account_id"][answers], newest[answers]])
    return pd.MultiIndex.from_frame(asked).isin(said) & (y == 0)
