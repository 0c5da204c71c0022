"""Training: the past as it stood then, a blend of rules and learners, a run, a model."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePosixPath
from typing import Any

from risk_model import __version__
from risk_model.blend import Blend
from risk_model.errors import DataRefused
from risk_model.importance import importance
from risk_model.ordinal import OrdinalLogistic
from risk_model.pipelines.card import model_card
from risk_model.pipelines.figures import calibration_figure, importance_figure, ranking_figure
from risk_model.pipelines.judge import Judged, judged
from risk_model.pipelines.line import Labelled, Line
from risk_model.pipelines.promotion import Decision, decide, standing_of
from risk_model.pipelines.recipe import Recipe, fit_with, measured_columns
from risk_model.pipelines.severity import (
    fit_severity,
    judge_severity,
    past_severities,
    severity_facts,
)
from risk_model.pipelines.then_and_now import held
from risk_model.settings import Settings
from risk_model.timeline import DEFAULT_HORIZON, date_of
from risk_model.tracking import (
    SEVERITY_FILE,
    TrainingRun,
    champion_version,
    promote,
    training_run,
)

log = logging.getLogger(__name__)

# Exact contributions of the trees take time; the newest snapshots tell enough of what is used.
MOST_EXPLAINED = 2_000


@dataclass(frozen=True)
class Trained:
    """What a training made: the model, how it did on days it had not seen, where it is kept."""

    model: Blend
    judged: Judged
    version: str
    run_id: str
    is_champion: bool
    notes: tuple[str, ...]


def train(
    line: Line, as_of: date | None = None, horizon: int = DEFAULT_HORIZON, *, force: str = ""
) -> Trained:
    """Train on everything known before ``as_of``, record it, and decide who is champion.

    ``force`` is a reason to make it champion whatever the comparison says; it is recorded. Raises
    DataRefused where there is nothing to learn from, RiskModelError, before any work, where the
    registry does not answer.
    """
    day = line.day_of(as_of)
    if as_of is not None:
        # Belt and braces: features and labels look at nothing later anyhow.
        line = line.cut(day)
    settings = line.settings
    # A registry that cannot be reached is told before the work, not after it.
    champion_version(settings.train.model)
    past = line.past(day, horizon, settings.train)
    if past.escalations == 0:
        raise DataRefused(
            "no escalation falls into the horizon of any past day, so there is nothing to learn. "
            "Score by the rules alone with --model rules."
        )
    table = past.features.loc[:, measured_columns(past, settings)]
    recipe = Recipe.chosen(settings, table, past, horizon)
    model = fit_with(recipe, table, past, horizon)
    verdict = judged(model, past, resamples=settings.backtest.resamples)
    graded = past_severities(line, past, horizon)
    verdict = replace(verdict, severity=judge_severity(graded, settings, horizon))
    use_learned = verdict.severity is not None and verdict.severity.used
    learned = fit_severity(graded, settings) if use_learned else None
    standing = standing_of(settings, horizon)
    decision = decide(model, verdict, past, standing, horizon, settings.backtest.resamples)
    reason = f"forced ({force}); else: {decision.reason}" if force else decision.reason
    trained = Material(line, past, model, learned, verdict, day, horizon, recipe.told())
    with training_run(settings.train.experiment, f"train {date_of(day)}") as run:
        version = _record(run, trained, reason, decision)
    is_champion = decision.promote or bool(force)
    if is_champion:
        promote(settings.train.model, version, reason, forced=bool(force))
    notes = [model.reason_, *(f"{n}: {told}" for n, told in trained.chosen.items()), reason]
    if not is_champion:
        notes[-1] += f"; this is version {version}"
    return Trained(model, verdict, version, run.run_id, is_champion, tuple(notes))


@dataclass(frozen=True)
class Material:
    """What a training had and made, before it is recorded."""

    line: Line
    past: Labelled
    model: Blend
    severity: OrdinalLogistic | None
    verdict: Judged
    day: int
    horizon: int
    chosen: Mapping[str, str]


def _record(run: TrainingRun, made: Material, reason: str, decision: Decision) -> str:
    line, past, model, verdict = made.line, made.past, made.model, made.verdict
    settings = line.settings
    params = {
        **_params(line, past, model, made.day, made.horizon),
        "chosen": dict(made.chosen),
    }
    run.record(params, {**verdict.figures(), **decision.figures})
    run.tag(
        {
            "verdict": verdict.verdict,
            "decision": reason[:500],
            "data_fingerprint": line.tables.fingerprint,
        }
    )
    keep_decisions(run, settings)
    _keep_what_it_takes_to_judge(run, made, params, reason)
    for name, facts, figures in verdict.by_fold():
        run.nested(name, facts, figures)
    names = [str(name) for name in model.feature_names_in_]
    return run.register(
        model,
        past.features[names].head(100),
        settings.train.model,
        {
            **params,
            "horizon": made.horizon,
            "tables": held(line.tables),
            "features": {name: settings.catalogue.by_name[name].fingerprint for name in names},
            "lexicons": settings.lexicons.version,
            "rules": settings.rules.version,
            "verdict": verdict.verdict,
            "calibrated": bool(model.calibrated_),
            "severity": severity_facts(made.severity, verdict.severity, settings),
        },
    )


def keep_decisions(run: TrainingRun, settings: Settings) -> None:
    """Keep with a run the files that its decisions were read from, a company's own included."""
    for name, path in settings.files.items():
        run.keep_file(path, (PurePosixPath("decisions") / name).parent.as_posix())


def _keep_what_it_takes_to_judge(
    run: TrainingRun, made: Material, params: Mapping[str, Any], reason: str
) -> None:
    model, verdict = made.model, made.verdict
    catalogue = made.line.settings.catalogue
    told = importance(model, made.past.features.tail(MOST_EXPLAINED), catalogue)
    run.keep_json(verdict.to_dict(), "backtest.json")
    run.keep_json({"features": told.to_dict("records")}, "importance.json")
    run.keep_text(
        model_card(params, verdict, told, reason, bool(model.calibrated_)), "model_card.md"
    )
    if verdict.evaluation is not None:
        run.keep_figure(calibration_figure(verdict), "calibration.png")
        run.keep_figure(ranking_figure(verdict), "ranking.png")
    run.keep_figure(importance_figure(told), "importance.png")
    if made.severity is not None:
        run.keep_estimator(made.severity, SEVERITY_FILE)


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
