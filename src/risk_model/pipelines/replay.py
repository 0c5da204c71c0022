"""The Monday replay: what each past week's list would have been, and what came."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from risk_model.evaluate import PRIOR
from risk_model.features.following import next_escalation
from risk_model.pipelines.judge import Judged
from risk_model.pipelines.line import Labelled, Line
from risk_model.timeline import DAY
from risk_model.worth import ranked_by

# Where people would have known without a list: an open urgent ticket, a threat, an escalation
# within 90 days. A feature that the catalogue does not have tells nothing.
SUSPECTED = {"open_urgent_tickets": (1, np.inf), "threats_28d": (1, np.inf)}
SUSPECTED |= {"days_since_escalation": (0, 90)}
NOT_MEMBERS = ("row", "fold", "day", "group", "y", PRIOR)


def replay_of(
    judged: Judged, past: Labelled, line: Line, horizon: int, gap: int = 0
) -> pd.DataFrame:
    """Return a row for every account on every Monday that was predicted ahead of time.

    Columns: ``day``, ``account``, ``csm``, ``arr``, ``fold``, ``y``, ``escalated_day`` (NaN where
    none came), ``worked`` (acted on, and nothing came), ``hidden`` (nobody would have known), one
    score a member, and ``rank`` and ``csm_rank`` by the blend. Empty where nothing was judged.
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
            "worked": _worked(snapshots, ahead["y"].to_numpy(), line, horizon + gap),
            "hidden": ~_suspected(past.features.iloc[rows]),
        }
    )
    members = [name for name in ahead.columns if name not in NOT_MEMBERS]
    return ranked_by(replay.assign(**{name: ahead[name] for name in members}), "blend")


def _suspected(features: pd.DataFrame) -> Any:
    known = [name for name in SUSPECTED if name in features.columns]
    tests = [features[name].between(*SUSPECTED[name]).to_numpy(bool) for name in known]
    return np.any(tests, axis=0) if tests else np.zeros(len(features), dtype=bool)


def _worked(snapshots: pd.DataFrame, y: Any, line: Line, days_ahead: int) -> Any:
    """Mark rows after which somebody acted within the horizon and no escalation came.

    Where people acted and wrote down that nothing was there, it stays a false alarm.
    """
    if "outcomes" not in line.tables.present:
        return np.zeros(len(snapshots), dtype=bool)
    told = line.tables.frame("outcomes")
    told = told[told["acted_at"].notna() & (told["outcome"].fillna("unknown") != "nothing-there")]
    acted = told.assign(acted=told["acted_at"].astype("int64") // DAY)[["account_id", "acted"]]
    asked = snapshots[["account_id", "as_of"]].assign(row=np.arange(len(snapshots)))
    met = asked.merge(acted, on="account_id")
    within = met["acted"].between(met["as_of"], met["as_of"] + days_ahead, inclusive="left")
    marked = np.zeros(len(snapshots), dtype=bool)
    marked[met.loc[within, "row"].to_numpy()] = True
    return marked & (y == 0)
