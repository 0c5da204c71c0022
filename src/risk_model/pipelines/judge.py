"""How a model did on days it had not seen, beside what is simpler: figures and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model.blend import Blend
from risk_model.evaluate import PRIOR, Evaluation, judge, metrics, unmeasured, unmeasured_last
from risk_model.folds import as_told
from risk_model.pipelines.line import Labelled
from risk_model.pipelines.severity_report import SeverityReport
from risk_model.stack import count_escalations
from risk_model.timeline import date_of
from risk_model.tracking import NO_SIGNAL

# What a team without a model would sort by; shown where the catalogue has it.
BASELINE = "tickets_28d"
ORDER = ("blend", "logistic", "boosting", "extra_trees", "rules", BASELINE, PRIOR)
CALLED = {
    BASELINE: "tickets in 4 weeks",
    PRIOR: "the same for everybody",
    "extra_trees": "extra trees",
}


@dataclass(frozen=True)
class Judged:
    """An evaluation forward in time, or none where the past was too short for one."""

    evaluation: Evaluation | None
    facts: Mapping[str, Any]
    why_not: str = ""
    severity: SeverityReport | None = None

    @property
    def has_signal(self) -> bool:
        """Whether the blend is better than chance beyond what resampling explains."""
        return self.evaluation is not None and bool(self.evaluation.has_signal)

    @property
    def verdict(self) -> str:
        """Return ``signal`` or ``no-usable-signal``."""
        return "signal" if self.has_signal else NO_SIGNAL

    @property
    def labels(self) -> NDArray[np.int64]:
        """What came, one 0/1 an out-of-time snapshot."""
        if self.evaluation is None:
            return np.empty(0, dtype=np.int64)
        return self.evaluation.predictions["y"].to_numpy(dtype=np.int64)

    @property
    def predictions(self) -> dict[str, NDArray[np.float64]]:
        """What was said, by member."""
        if self.evaluation is None:
            return {"blend": np.empty(0)}
        frame = self.evaluation.predictions
        names = [name for name in ORDER if name in frame.columns and name != PRIOR]
        return {name: frame[name].to_numpy(dtype=float) for name in names}

    def figures(self) -> dict[str, float]:
        """Return every figure of every member as ``member.figure``."""
        of_severity = self.severity.figures() if self.severity else {}
        if self.evaluation is None:
            return of_severity
        return of_severity | {
            f"{member}.{name}": value
            for member, figures in self.evaluation.figures.items()
            for name, value in figures.items()
            if isinstance(value, int | float)
        }

    def by_fold(self) -> Iterator[tuple[str, dict[str, Any], dict[str, float]]]:
        """Yield for each fold its name, its facts, and every member's figures on it."""
        if self.evaluation is None:
            return
        for number, rows in self.evaluation.predictions.groupby("fold"):
            first, last = (str(date_of(int(day))) for day in (rows["day"].min(), rows["day"].max()))
            facts = {"from": first, "to": last, "snapshots": len(rows)}
            figures: dict[str, float] = {}
            for name in [name for name in ORDER if name in rows.columns]:
                told = metrics(
                    rows["y"], rows[name], rows["day"], is_probability=name not in (BASELINE, PRIOR)
                )
                kept = ("auroc", "average_precision", "brier", "calibration_error")
                figures |= {f"{name}.{key}": told[key] for key in kept if key in told}
            yield f"fold {int(str(number)) + 1}: {first} to {last}", facts, figures

    def to_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        rest = self.evaluation.to_dict() if self.evaluation else {"why_not": self.why_not}
        severity = {"severity": self.severity.to_dict()} if self.severity else {}
        return {**self.facts, **rest, **severity, "verdict": self.verdict, "reason": self.reason}

    @property
    def reason(self) -> str:
        """Return why the verdict is what it is."""
        return self.evaluation.verdict.reason if self.evaluation else self.why_not


def judged(model: Blend, past: Labelled, resamples: int) -> Judged:
    """Judge a fitted blend by what its members said ahead of time while it was fitted."""
    ahead = model.oof_
    if ahead.empty or ahead["y"].nunique() < 2:
        return Judged(None, facts_of(past), f"nothing could be judged: {model.reason_}")
    ahead = ahead.assign(**{PRIOR: _prior(ahead, past, model.horizon)})
    scores = []
    if BASELINE in past.features.columns:
        column = past.features[BASELINE].to_numpy(dtype=float)[ahead["row"].to_numpy()]
        ahead[BASELINE] = unmeasured_last(column)
        scores = [BASELINE]
    done = judge(ahead, "blend", scores=scores, n=resamples)
    done.notes.extend(unmeasured(past.features, scores, ahead))
    return Judged(done, {**facts_of(past), **escalations_of(ahead, past, model.horizon)})


def escalations_of(ahead: pd.DataFrame, past: Labelled, horizon: int) -> dict[str, int]:
    """Return how many separate escalations there were to judge by, and of how many accounts.

    Counted are accounts and days that something escalated on, where the past tells the days.
    """
    hits = ahead[ahead["y"] == 1]
    if past.escalated is None:
        y, day, group = (ahead[name].to_numpy() for name in ("y", "day", "group"))
        came = count_escalations(y, day, group, horizon)
    else:
        day = past.escalated.to_numpy()[hits["row"].to_numpy()]
        came = len(hits[["group"]].assign(day=day).drop_duplicates())
    return {"escalations_judged": came, "accounts_escalated": int(hits["group"].nunique())}


def facts_of(past: Labelled) -> dict[str, Any]:
    """Return how much there was to learn from and to judge on."""
    return {
        "snapshots": len(past.snapshots),
        "accounts": int(past.snapshots["account_id"].nunique()),
        "followed_by_escalation": past.escalations,
    }


def _prior(ahead: pd.DataFrame, past: Labelled, horizon: int) -> NDArray[np.float64]:
    """Return for each row the share of escalations that was known when its fold began."""
    days, y = past.snapshots["as_of"].to_numpy(), past.labels.to_numpy()
    settled = None if past.settled is None else past.settled.to_numpy()
    prior = np.zeros(len(ahead))
    for fold, rows in ahead.groupby("fold"):
        begins = int(rows["day"].min())
        known = days + horizon <= begins
        then = as_told(y, settled, begins)
        prior[(ahead["fold"] == fold).to_numpy()] = then[known].mean() if known.any() else 0.0
    return prior
