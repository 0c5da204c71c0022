"""Training: the past as it stood then, a blend of rules and learners, a run, a model."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from risk_model import __version__
from risk_model.blend import Blend
from risk_model.errors import DataRefused
from risk_model.ordinal import OrdinalLogistic
from risk_model.pipelines.figures import calibration_figure, ranking_figure
from risk_model.pipelines.judge import Judged, judged
from risk_model.pipelines.line import Labelled, Line
from risk_model.pipelines.recipe import fit
from risk_model.pipelines.severity import (
    fit_severity,
    judge_severity,
    past_severities,
    severity_facts,
)
from risk_model.timeline import DEFAULT_HORIZON, date_of
from risk_model.tracking import SEVERITY_FILE, TrainingRun, champion_version, promote, training_run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """What a training made: the model, how it did on days it had not seen, where it is kept."""

    model: Blend
    judged: Judged
    version: str
    run_id: str
    is_champion: bool
    notes: tuple[str, ...]


def train(line: Line, as_of: date | None = None, horizon: int = DEFAULT_HORIZON) -> Trained:
    """Train on everything known before ``as_of`` and record it.

    Raises DataRefused where there is nothing to learn from.
    """
    day = line.day_of(as_of)
    if as_of is not None:
        # Belt and braces: features and labels look at nothing later anyhow.
        line = line.cut(day)
    past = line.past(day, horizon, line.settings.train)
    if past.escalations == 0:
        raise DataRefused(
            "no escalation falls into the horizon of any past day, so there is nothing to learn. "
            "Score by the rules alone with --model rules."
        )
    model = fit(line.settings, past, horizon)
    verdict = judged(model, past, resamples=line.settings.backtest.resamples)
    graded = past_severities(line, past, horizon)
    severity = judge_severity(graded, line.settings, horizon)
    verdict = replace(verdict, severity=severity)
    learned = fit_severity(graded, line.settings) if severity.used else None
    plan = line.settings.train
    with training_run(plan.experiment, f"train {date_of(day)}") as run:
        version = _record(run, line, past, model, learned, verdict, day, horizon)
    notes = [model.reason_]
    is_champion = False
    champion = champion_version(plan.model)
    if not verdict.has_signal:
        notes.append("no usable signal: this model is kept, and does not become champion")
    elif champion is None:
        promote(plan.model, version, "the first model with signal")
        is_champion = True
    else:
        notes.append(f"version {champion} stays champion; this is version {version}")
    return Trained(model, verdict, version, run.run_id, is_champion, tuple(notes))


def _record(
    run: TrainingRun,
    line: Line,
    past: Labelled,
    model: Blend,
    severity: OrdinalLogistic | None,
    verdict: Judged,
    day: int,
    horizon: int,
) -> str:
    settings = line.settings
    params = _params(line, past, model, day, horizon)
    run.record(params, verdict.figures())
    run.tag({"verdict": verdict.verdict, "data_fingerprint": line.tables.fingerprint})
    for part in ("features", "models", "pipelines"):
        for path in sorted((settings.folder / part).rglob("*.yaml")):
            inside = path.parent.relative_to(settings.folder)
            run.keep_file(path, f"decisions/{inside.as_posix()}")
    run.keep_json(verdict.to_dict(), "backtest.json")
    run.keep_figure(calibration_figure(verdict), "calibration.png")
    run.keep_figure(ranking_figure(verdict), "ranking.png")
    if severity is not None:
        run.keep_estimator(severity, SEVERITY_FILE)
    names = [str(name) for name in model.feature_names_in_]
    return run.register(
        model,
        past.features[names].head(100),
        settings.train.model,
        {
            **params,
            "horizon": horizon,
            "features": {name: settings.catalogue.by_name[name].fingerprint for name in names},
            "lexicons": settings.lexicons.version,
            "rules": settings.rules.version,
            "verdict": verdict.verdict,
            "calibrated": bool(model.calibrated_),
            "severity": severity_facts(severity, verdict.severity, settings),
        },
    )


def _params(line: Line, past: Labelled, model: Blend, day: int, horizon: int) -> Mapping[str, Any]:
    settings = line.settings
    return {
        "as_of": str(date_of(day)),
        "horizon_days": horizon,
        "snapshots": len(past.snapshots),
        "days": past.snapshots["as_of"].nunique(),
        "accounts": past.snapshots["account_id"].nunique(),
        "followed_by_escalation": past.escalations,
        "features_used": len(model.feature_names_in_),
        "catalogue_version": settings.catalogue.version,
        "lexicons_version": settings.lexicons.version,
        "rules_version": settings.rules.version,
        "data_fingerprint": line.tables.fingerprint,
        "risk_model_version": __version__,
        "weights": {name: round(weight, 4) for name, weight in model.weights_.items()},
        "weights_because": model.reason_,
        "calibration": model.calibrator_.kind,
        "calibration_because": getattr(model.calibrator_, "reason_", ""),
    }
