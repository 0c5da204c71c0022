"""The learned part of severity is kept beside its model, and speaks only while it may."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from conftest import Trained
from risk_model import respond
from risk_model.errors import RiskModelError
from risk_model.pipelines.severity import (
    fit_severity,
    judge_severity,
    learned_part,
    severity_facts,
    suggested,
)
from risk_model.tracking import SEVERITY_FILE, Champion, load_champion, training_run
from small_company import SETTINGS
from test_severity import past

CATALOGUE = SETTINGS.catalogue
KNOWN = past(400, signal=True)


def stored_with(part: Any, facts: dict[str, Any], name: str) -> str:
    """Store the trained company's champion once more, with a learned part; return its version."""
    champion = load_champion("risk-model-escalation")
    assert champion is not None
    names = [str(column) for column in champion.model.feature_names_in_]
    example = pd.DataFrame(np.zeros((3, len(names))), columns=names)
    with training_run("severity", name) as run:
        run.keep_estimator(part, SEVERITY_FILE)
        return run.register(champion.model, example, name, {**champion.facts, "severity": facts})


@pytest.mark.slow
def test_what_was_learnt_is_stored_as_data_and_says_the_same_when_loaded(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", trained.command.env["MLFLOW_TRACKING_URI"])
    monkeypatch.chdir(trained.folder)
    report = judge_severity(KNOWN, SETTINGS, 30)
    model = fit_severity(KNOWN, SETTINGS)
    facts = severity_facts(model, report, SETTINGS)
    champion = load_champion("graded", stored_with(model, facts, "graded"))
    assert champion is not None
    assert champion.severity is not None
    learned, why = learned_part(CATALOGUE, SETTINGS, champion)
    assert learned is champion.severity
    assert why.startswith("learned part in use")
    said = suggested(KNOWN.features, CATALOGUE, SETTINGS, champion)
    assert (said == suggested(KNOWN.features, CATALOGUE, SETTINGS, made(model))).all()
    assert len(set(said.tolist())) > 2
    version = stored_with(DummyClassifier().fit([[0]], [0]), facts, "foreign")
    with pytest.raises(RiskModelError, match="is a DummyClassifier, no OrdinalLogistic"):
        load_champion("foreign", version)


def made(model: Any, **facts: Any) -> Champion:
    """Return a champion with a learned part, of which only that is asked."""
    told = severity_facts(model, judge_severity(KNOWN, SETTINGS, 30), SETTINGS)
    return Champion(None, "m/1", "run", {"severity": told | facts}, model)  # type: ignore[arg-type]


def test_it_is_left_out_where_its_features_mean_something_else_or_are_tone() -> None:
    model = fit_severity(KNOWN, SETTINGS)
    assert learned_part(CATALOGUE, SETTINGS, made(model))[0] is model
    learnt = made(model).facts["severity"]["features"]
    other = made(model, features={**learnt, "seats": "another print"})
    part, why = learned_part(CATALOGUE, SETTINGS, other)
    assert part is None
    assert why == "facts alone: the learned part knows another definition of seats; train again"
    name = next(n for n in learnt if CATALOGUE.by_name[n].columns & {"outage"})
    plan = SETTINGS.severity.model_copy(update={"tone": (*SETTINGS.severity.tone, "outage")})
    toned = replace(SETTINGS, severity=plan)
    part, why = learned_part(CATALOGUE, toned, made(model))
    assert part is None
    assert why == f"facts alone: the learned part knows {name}, which is tone; train again"


def test_without_a_model_or_a_learned_part_the_facts_speak() -> None:
    floors = respond.floors_of(KNOWN.features, SETTINGS.rules, CATALOGUE, SETTINGS.severity)
    none = Champion(None, "m/1", "run", {})  # type: ignore[arg-type]
    for champion in (None, none):
        part, why = learned_part(CATALOGUE, SETTINGS, champion)
        assert part is None
        assert why.startswith("facts alone")
        assert (suggested(KNOWN.features, CATALOGUE, SETTINGS, champion) == floors).all()


@pytest.mark.slow
def test_a_training_tells_what_its_severities_would_have_cost(trained: Trained) -> None:
    import mlflow

    assert "Severity: " in trained.done.said
    for way in ("always SEV-3", "facts alone", "facts and past escalations"):
        assert way in trained.done.said
    mlflow.set_tracking_uri(trained.command.env["MLFLOW_TRACKING_URI"])
    run = load_run(mlflow)
    told = mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/backtest.json")["severity"]
    for name, way in told["ways"].items():
        assert np.sum(way["confusion"]) == told["judged_forward"] > 20
        low, high = way["interval"]
        assert low <= way["cost"] <= high
        key = {"always SEV-3": "always_sev_3", "facts alone": "facts"}.get(name, "learned")
        assert run.data.metrics[f"severity.{key}.cost"] == pytest.approx(way["cost"])
    always = np.array(told["ways"]["always SEV-3"]["confusion"])
    assert always[:, [0, 1, 3]].sum() == 0


def load_run(mlflow: Any) -> Any:
    found = mlflow.search_runs(search_all_experiments=True, output_format="list")
    return next(run for run in found if run.data.tags["mlflow.runName"].startswith("train "))
