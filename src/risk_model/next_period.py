"""Does calibrating help in the period after? What a blend kept, beside the same without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from risk_model.blend import Blend
from risk_model.calibration import Calibrator, log_losses, paired_z, to_logit
from risk_model.measure import of_probabilities
from risk_model.timeline import date_of

# What is kept beside the predictions of a fold, and is no member.
UNCALIBRATED, SHIFTED, KIND, BECAUSE = "uncalibrated", "shifted", "calibration", "because"
COLUMNS = (UNCALIBRATED, SHIFTED, KIND, BECAUSE)


def ways_of_calibrating(model: Blend, X: Any) -> dict[str, Any]:
    """Return what a fitted blend says of rows X by each way, and which one it kept and why.

    ``uncalibrated`` and ``shifted`` are probabilities of shape (n,): none, and a prior shift fitted
    as the blend would have, NaN where it had too few outcomes to weigh by.
    """
    plain = model.decision_logit(X)
    shift = _shift_of(model)
    return {
        UNCALIBRATED: expit(plain),
        SHIFTED: np.nan if shift is None else expit(shift.map_logit(plain)),
        KIND: model.calibrator_.kind,
        BECAUSE: model.calibrator_.reason_ if model.calibrated_ else model.reason_,
    }


def compared(ahead: pd.DataFrame, main: str) -> dict[str, Any]:
    """Return what calibrating ``main`` was worth on the days after: a row a fold, and all of them.

    ``ahead`` are predictions ahead of time with the columns of ``ways_of_calibrating``. Each has
    log loss, Brier and calibration error ``as_kept``, ``uncalibrated`` and by ``prior_shift`` (None
    where one had none). ``better_by`` is how much lower the log loss of a way is than without, in
    standard errors over accounts.
    """
    kept = ahead[KIND] != "none"
    return {
        "folds": [_period(rows, main) for _, rows in ahead.groupby("fold")],
        "all": _period(ahead, main) | {"kept": int(ahead.loc[kept, "fold"].nunique())},
        "better_by": {
            "as_kept": _better_by(ahead, main),
            "prior_shift": _better_by(ahead, SHIFTED),
        },
    }


def _shift_of(model: Blend) -> Calibrator | None:
    if not model.calibrated_:
        return None
    ahead = model.oof_
    logits = to_logit(ahead[[name for name, _ in model.members_]])
    return Calibrator("shift").fit(expit(model.stack_.decide(logits)), ahead["y"], ahead["day"])


def _period(rows: pd.DataFrame, main: str) -> dict[str, Any]:
    y = rows["y"].to_numpy(dtype=np.int64)
    ways = {"as_kept": main, "uncalibrated": UNCALIBRATED, "prior_shift": SHIFTED}
    first, last = (str(date_of(int(day))) for day in (rows["day"].min(), rows["day"].max()))
    return {
        "from": first,
        "to": last,
        "snapshots": len(rows),
        "followed_by_escalation": int(y.sum()),
        "kept": str(rows[KIND].iloc[0]),
        "because": str(rows[BECAUSE].iloc[-1]),
        **{
            way: of_probabilities(y, rows[name].to_numpy(dtype=np.float64))
            if rows[name].notna().all()
            else None
            for way, name in ways.items()
        },
    }


def _better_by(ahead: pd.DataFrame, way: str) -> float | None:
    if ahead[way].isna().any():
        return None
    plain, other = (log_losses(ahead["y"], ahead[name]) for name in (UNCALIBRATED, way))
    return paired_z(plain, other, ahead["group"])
