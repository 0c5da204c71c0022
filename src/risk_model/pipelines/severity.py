"""The learned part of severity: what past escalations were, learnt and judged forward in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model import respond
from risk_model.catalogue import Catalogue
from risk_model.errors import DataRefused
from risk_model.folds import ForwardFolds
from risk_model.ordinal import OrdinalLogistic
from risk_model.pipelines.line import Labelled, Line
from risk_model.pipelines.severity_report import ALWAYS, FACTS, LEARNED, SeverityReport
from risk_model.settings import Settings
from risk_model.tables.contract import CONTRACT
from risk_model.tables.known import known_from, waits_for
from risk_model.timeline import DAY
from risk_model.tracking import Champion

Grades = NDArray[np.int64]
MIDDLE = 3


@dataclass(frozen=True)
class PastSeverities:
    """Past escalations with a severity, each as its account stood at the snapshot before.

    Aligned rows: ``features``, ``grades`` (1 … 4), ``days`` of the snapshots, ``accounts``, and
    ``settled``, the day number from which the escalation was known.
    """

    features: pd.DataFrame
    grades: Grades
    days: NDArray[np.int64]
    accounts: NDArray[Any]
    settled: NDArray[np.int64]

    def take(self, rows: NDArray[np.intp]) -> PastSeverities:
        """Return these rows."""
        each = (self.grades, self.days, self.accounts, self.settled)
        return PastSeverities(self.features.iloc[rows], *(part[rows] for part in each))


def past_severities(line: Line, past: Labelled, horizon: int) -> PastSeverities:
    """Return the past escalations that have a severity and a snapshot in the horizon before.

    Where a severity is known later than its escalation, as at the closing, it is settled then.
    """
    table = line.tables.frame("escalations")
    wanted = pd.Series(np.nan, index=table.index)
    graded = table.assign(severity=table.get("severity", wanted)).dropna(subset=["severity"])
    since = known_from(CONTRACT["escalations"], table.columns)
    times = ["row_known", *waits_for(since, ["severity"])]
    told = graded[times].astype("float64").max(axis=1, skipna=False)
    graded = graded[told.notna()].assign(settled=told // DAY + 1)
    graded = graded.assign(day=(graded["opened_at"] // DAY).astype("int64"))
    rows = past.snapshots[["account_id", "as_of"]].assign(row=np.arange(len(past.snapshots)))
    joined = pd.merge_asof(
        # Of several on a day the first counts, in whatever order the rows came.
        graded.sort_values(["opened_at", "escalation_id"])[
            ["account_id", "day", "severity", "settled"]
        ],
        rows.astype({"as_of": "int64"}).sort_values("as_of"),
        left_on="day",
        right_on="as_of",
        by="account_id",
        tolerance=horizon - 1,
    ).dropna(subset=["row"])
    # A second escalation without a snapshot of its own has nothing new to teach.
    joined = joined.drop_duplicates("row").sort_values(["as_of", "account_id"])
    place = joined["row"].astype(int)
    # What a company does not measure is no fact, and holds no floor.
    names = [
        *past.features.columns,
        *line.settings.severity.features,
        *line.settings.rules.features,
    ]
    return PastSeverities(
        past.features.iloc[place]
        .reindex(columns=list(dict.fromkeys(names)))
        .reset_index(drop=True),
        joined["severity"].to_numpy(dtype=np.int64),
        joined["as_of"].to_numpy(dtype=np.int64),
        joined["account_id"].to_numpy(),
        joined["settled"].to_numpy(dtype=np.int64),
    )


def judge_severity(past: PastSeverities, settings: Settings, horizon: int) -> SeverityReport:
    """Judge facts alone and the learned part on later escalations than they learnt from."""
    plan = settings.severity
    facts = facts_of(past.features, settings)
    enough = _why_too_few(past.grades, settings)
    folds = ForwardFolds(plan.learned.folds, horizon)
    try:
        splits = [] if enough else list(folds.split(past.days))
    except DataRefused as refused:
        enough, splits = str(refused), []
    tested = np.concatenate([test for _, test in splits]) if splits else np.arange(len(facts))
    said = {ALWAYS: np.full(len(tested), MIDDLE), FACTS: facts[tested]}
    if splits:
        firm = facts_of(past.features, settings, firm_only=True)
        said[LEARNED] = np.concatenate(
            [_said_ahead(past, settings, train, test, firm) for train, test in splits]
        )
    report = SeverityReport(
        labelled=len(past.grades),
        true=past.grades[tested],
        said=said,
        accounts=past.accounts[tested],
        costs=plan.cost_table,
        used=False,
        reason=enough,
    )
    return report if enough else _decided(report)


def fit_severity(past: PastSeverities, settings: Settings) -> OrdinalLogistic:
    """Fit the learned part on all past escalations that have a severity."""
    names = impact_of(past.features, settings)
    directions = {n: settings.catalogue.directions.get(n, 0) for n in names}
    model = OrdinalLogistic(settings.severity.learned.penalty, directions)
    return model.fit(past.features[names], past.grades)


def said_by(
    model: OrdinalLogistic, features: pd.DataFrame, settings: Settings, firm: Grades
) -> Grades:
    """Return what a fitted model says of accounts, never milder than a firm floor."""
    chances = np.zeros((len(features), 4))
    table = features[[str(name) for name in model.feature_names_in_]]
    chances[:, np.asarray(model.classes_, dtype=int) - 1] = model.predict_proba(table)
    return respond.decided(chances, firm, settings.severity)


def severity_facts(
    model: OrdinalLogistic | None, report: SeverityReport | None, settings: Settings
) -> dict[str, Any]:
    """Return what a stored model has to know of its learned severity: by name, from what, why."""
    names = [] if model is None else [str(name) for name in model.feature_names_in_]
    known = settings.catalogue.by_name
    return {
        "used": model is not None,
        "reason": report.reason if report else "",
        "features": {name: known[name].fingerprint for name in names},
    }


def learned_part(
    catalogue: Catalogue, settings: Settings, champion: Champion | None
) -> tuple[OrdinalLogistic | None, str]:
    """Return the champion's learned part of severity, if it may speak, and why or why not.

    It may where its features mean what they did and none of them hears tone.
    """
    if champion is None:
        return None, "facts alone: without a model there is no learned part"
    about = champion.facts.get("severity", {})
    if champion.severity is None:
        return None, str(about.get("reason") or "facts alone: the model has no learned part")
    trained: Mapping[str, str] = about.get("features", {})
    by_name = catalogue.by_name
    changed = [n for n, p in trained.items() if n not in by_name or by_name[n].fingerprint != p]
    toned = [n for n in trained if respond.tone_of(n, catalogue, settings.severity.tone)]
    if changed or toned:
        what = f"another definition of {changed[0]}" if changed else f"{toned[0]}, which is tone"
        return None, f"facts alone: the learned part knows {what}; train again"
    return champion.severity, str(about.get("reason"))


def suggested(
    features: pd.DataFrame, catalogue: Catalogue, settings: Settings, champion: Champion | None
) -> Grades:
    """Return the severity of each account: by facts, or by the champion's learned part."""
    rules, plan = settings.rules, settings.severity
    learned, _ = learned_part(catalogue, settings, champion)
    if learned is None:
        return respond.floors_of(features, rules, catalogue, plan)
    firm = respond.floors_of(features, rules, catalogue, plan, firm_only=True)
    return said_by(learned, features, settings, firm)


def facts_of(features: pd.DataFrame, settings: Settings, *, firm_only: bool = False) -> Grades:
    """Return the floors of accounts by facts and by rules."""
    return respond.floors_of(
        features, settings.rules, settings.catalogue, settings.severity, firm_only=firm_only
    )


def impact_of(features: pd.DataFrame, settings: Settings) -> list[str]:
    """Return the features that may be learnt from and are measured for somebody."""
    names = [name for name in settings.severity.learned.impact if name in features.columns]
    return [name for name in names if features[name].notna().any()]


def _said_ahead(
    past: PastSeverities, settings: Settings, train: Any, test: Any, firm: Grades
) -> Grades:
    """Return what is said of later escalations; where nothing can be learnt yet, the facts."""
    then = past.take(train[past.settled[train] <= past.days[test].min()])
    if len(np.unique(then.grades)) < 2:
        return facts_of(past.features.iloc[test], settings)
    return said_by(fit_severity(then, settings), past.features.iloc[test], settings, firm[test])


def _why_too_few(grades: Grades, settings: Settings) -> str:
    learned = settings.severity.learned
    if len(grades) < learned.min_labels:
        return (
            f"facts alone: {len(grades)} past escalations have a severity, "
            f"{learned.min_labels} are needed to learn from them"
        )
    counts = np.bincount(grades, minlength=5)[1:]
    rare = [f"SEV-{n + 1}" for n, count in enumerate(counts) if 0 < count < learned.min_of_each]
    if np.count_nonzero(counts) < 2 or rare:
        what = f"of {', '.join(rare)} there are too few" if rare else "all of them are alike"
        return f"facts alone: {len(grades)} past escalations have a severity, but {what}"
    return ""


def _decided(report: SeverityReport) -> SeverityReport:
    learned, facts = report.cost(LEARNED), report.cost(FACTS)
    used = learned < facts
    what = "learned part in use" if used else "facts alone"
    reason = (
        f"{what}: forward in time an escalation costs {learned:.2f} with it and {facts:.2f} "
        f"without ({len(report.true)} escalations)"
    )
    return replace(report, used=used, reason=reason)
