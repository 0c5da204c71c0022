"""Who becomes champion: decided on days that neither model has seen, on record, and undone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from conftest import Trained
from part_of_sample import decisions, first_accounts
from risk_model.blend import Blend
from risk_model.learner import LogisticLearner
from risk_model.pipelines import promotion
from risk_model.pipelines.judge import judged
from risk_model.pipelines.line import Labelled
from risk_model.pipelines.present import as_text
from risk_model.pipelines.promotion import Standing, decide
from risk_model.pipelines.registry import listed
from risk_model.settings import default_folder, load_settings
from risk_model.timeline import date_of
from risk_model.tracking import Champion, Version
from risk_model.tracking import registry as registries
from risk_model.tracking.store import StoreError

MODEL = "risk-model-escalation"
HORIZON, DAYS = 10, range(0, 400, 5)


@cache
def past(seed: int = 0, strength: float = 1.5) -> Labelled:
    """A made-up past in which feature ``a`` tells what comes and ``b`` tells nothing."""
    rng = np.random.default_rng(seed)
    snapshots = pd.DataFrame([(f"A{n}", day) for day in DAYS for n in range(60)])
    snapshots.columns = pd.Index(["account_id", "as_of"])
    features = pd.DataFrame(rng.normal(0, 1, (len(snapshots), 2)), columns=["a", "b"])
    chance = 1 / (1 + np.exp(3.2 - strength * features["a"]))
    return Labelled(snapshots, features, pd.Series((rng.random(len(chance)) < chance).astype(int)))


@cache
def fitted(columns: str) -> Blend:
    told = past()
    model = Blend(None, [("logistic", LogisticLearner(C=1.0))], horizon=HORIZON, n_folds=4)
    days, groups = told.snapshots["as_of"], told.snapshots["account_id"]
    return model.fit(told.features[list(columns)], told.labels, days=days, groups=groups)


GOOD, BLIND = "ab", "b"


def decision(by: str, beside: str | None, trained: int, **standing: Any) -> Any:
    model, champion = fitted(by), fitted(beside) if beside else None
    verdict = judged(model, past(), resamples=100)
    if champion is not None:
        facts = {"as_of": str(date_of(trained)), "horizon": HORIZON}
        standing |= {"version": "1", "champion": Champion(champion, "model/1", "run", facts)}
    return decide(model, verdict, past(), Standing(**standing), HORIZON, 100)


def test_a_better_model_becomes_champion_and_the_figures_say_so() -> None:
    made = decision(GOOD, BLIND, trained=200)
    assert made.promote
    assert "better than version 1: AP +" in made.reason
    assert made.figures["ap_gain_low"] > 0


def test_an_equal_model_does_not_replace_the_champion() -> None:
    made = decision(GOOD, GOOD, trained=200)
    assert not made.promote
    assert "version 1 stays champion: the new one is not clearly better" in made.reason


def test_days_that_the_champion_was_trained_on_do_not_count() -> None:
    made = decision(GOOD, BLIND, trained=400)
    assert not made.promote
    assert made.reason == (
        "version 1 stays champion: 0 escalations since it was trained, 10 wanted to compare"
    )


def test_a_model_without_signal_is_never_promoted() -> None:
    for champion in (None, BLIND):
        made = decision(BLIND, champion, trained=200)
        assert not made.promote
        assert made.reason.startswith("no usable signal")


def test_a_champion_that_can_score_no_more_makes_way_and_the_reason_is_said() -> None:
    made = decision(GOOD, None, 0, version="3", misfit="its lexicons changed")
    assert made.promote
    assert made.reason == "version 3 can score no more: its lexicons changed"


@pytest.mark.slow
def test_a_registry_that_does_not_answer_replaces_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: Any) -> Any:
        raise StoreError("mlflow: Read timed out")

    settings = load_settings(default_folder())
    monkeypatch.setattr(promotion, "champion_version", lambda name: "3")
    monkeypatch.setattr(registries, "open_mlflow", lambda: None)
    monkeypatch.setattr(registries, "_loaded", silent)
    standing = promotion.standing_of(settings, HORIZON)
    assert "Read timed out" in standing.unread
    made = decide(fitted(GOOD), judged(fitted(GOOD), past(), 100), past(), standing, HORIZON, 100)
    assert not made.promote
    assert made.reason.startswith("version 3 stays champion: it could not be read to compare with")

    other = {"as_of": "2026-01-01", "horizon": HORIZON, "features": {"gone_feature": "abc"}}
    stored = Champion(fitted(GOOD), "model/3", "run", other)
    monkeypatch.setattr(registries, "_loaded", lambda *_: stored)
    standing = promotion.standing_of(settings, HORIZON)
    assert standing.misfit == (
        "model model/3 was trained on another definition of features gone_feature"
    )


def test_a_few_accounts_that_escalate_often_do_not_make_a_champion() -> None:
    model, told = fitted(GOOD), past()
    known = told.snapshots["account_id"].isin(["A0", "A1", "A2", "A3"]).to_numpy()
    few: Any = SimpleNamespace(oof_=model.oof_.assign(y=model.oof_["y"] * known[model.oof_["row"]]))
    facts = {"as_of": str(date_of(100)), "horizon": HORIZON}
    champion = Champion(fitted(BLIND), "model/1", "run", facts)
    made = promotion.compared(few, told, champion, HORIZON, 100)
    assert not made.promote
    assert made.reason.endswith("all escalations since it was trained are of 4 accounts, 5 wanted")


def test_a_champion_is_not_called_rolled_back_and_figures_of_other_days_carry_a_note() -> None:
    tags = {"promoted_because": "approved after review", "rolled_back_because": "bad list"}
    made = datetime(2026, 1, 1, tzinfo=UTC)
    two, one = (Version(n, "run", made, n == "2", tags, {}, {}) for n in ("2", "1"))
    said = as_text(listed([two, one]), 200)
    champion, other = (line for line in said.splitlines() if line.startswith(("│ ", "|")))
    assert "approved after review" in champion
    assert "rolled back: bad list" in other
    assert "each on its own days" in said


def test_a_version_that_was_promoted_by_force_is_shown_as_such() -> None:
    made, tags = datetime(2026, 1, 1, tzinfo=UTC), {"promoted_by_force": "true"}
    told = Version("1", "run", made, True, tags, {}, {})
    assert "champion by force" in as_text(listed([told]), 200)
    quiet = Version("1", "run", made, True, {"promoted_by_force": "false"}, {}, {})
    assert "by force" not in as_text(listed([quiet]), 200)


def test_a_model_of_another_horizon_replaces_nobody() -> None:
    made = decision(GOOD, BLIND, 200, other_horizon=90)
    assert not made.promote
    assert made.reason == "version 1 stays champion: it speaks of 90 days, this one of 10"


@pytest.fixture
def registry(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The registry of the trained company, in this process too."""
    import mlflow

    uri = trained.command.env["MLFLOW_TRACKING_URI"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(trained.folder)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    yield mlflow.MlflowClient()
    mlflow.set_tracking_uri(before)


@pytest.mark.slow
def test_promotion_and_rollback_are_one_command_each_and_on_record(
    trained: Trained, registry: Any, sample_folder: Path, tmp_path: Path
) -> None:
    run, data = trained.command, first_accounts(sample_folder, tmp_path / "data", 80)
    config = decisions(tmp_path / "config", every_days=28, resamples=100)
    again = run("train", "--data", data, "--config", config, "--as-of", "2026-05-04")
    assert again.code == 0, again.err
    assert "version 1 stays champion: 0 escalations since it was trained" in again.said
    nobody = run("rollback", "--because", "a try")
    assert nobody.code == 1
    assert "version 1 of risk-model-escalation is the first champion: none was before" in nobody.err
    done = run("promote", "2", "--because", "a trial in May", "--by", "Ann")
    assert done.code == 0, done.err
    tags = registry.get_model_version("risk-model-escalation", "2").tags
    wanted = ("promoted_because", "promoted_by", "promoted_by_force", "champion_before")
    assert [tags[name] for name in wanted] == ["a trial in May", "Ann", "true", "1"]
    shown = run("models")
    assert "a trial in May" in shown.said
    back = run("rollback", "--because", "worse in June")
    assert back.code == 0, back.err
    assert "version 1 of risk-model-escalation is champion again, 2 is not" in back.said
    aliases = registry.get_registered_model("risk-model-escalation").aliases
    assert str(aliases["champion"]) == "1"
    assert "rolled back: worse in June" in run("models").said
    once_more = run("promote", "2", "--because", "approved after review")
    assert once_more.code == 0, once_more.err
    assert "rolled_back_because" not in registry.get_model_version(MODEL, "2").tags
    assert run("rollback", "--because", "enough of it").code == 0
    assert run("promote", "2", "--because", "once more").code == 0
    assert run("promote", "1", "--because", "or not").code == 0
    assert run("rollback", "--because", "too slow").code == 0
    undone = run("rollback", "--because", "and back")
    assert undone.code == 1
    assert "version 1 of risk-model-escalation was champion before, and was rolled" in undone.said
    assert "(too slow)" in undone.said


@pytest.mark.slow
def test_a_run_has_its_folds_below_it_its_card_and_what_its_scores_hang_on(
    trained: Trained, registry: Any
) -> None:
    import mlflow

    version = registry.get_model_version("risk-model-escalation", "1")
    run = registry.get_run(version.run_id)
    below = registry.search_runs(
        [run.info.experiment_id], f"tags.mlflow.parentRunId = '{version.run_id}'"
    )
    backtest = mlflow.artifacts.load_dict(f"runs:/{version.run_id}/backtest.json")
    assert 2 <= len(below) <= 4
    assert all("blend.average_precision" in fold.data.metrics for fold in below)
    counted = sum(int(fold.data.params["snapshots"]) for fold in below)
    assert counted == backtest["figures"]["blend"]["rows"]
    card = trained.command("models", "--card", "1").said
    kept = mlflow.artifacts.load_text(f"runs:/{version.run_id}/model_card.md")
    assert card.split() == kept.split()
    assert f"{backtest['figures']['blend']['auroc']:.3f}" in card
    assert "## Limits" in card
    told = mlflow.artifacts.load_dict(f"runs:/{version.run_id}/importance.json")["features"]
    assert sum(row["share"] for row in told) == pytest.approx(1)
    assert {row["feature"] for row in told} > {"rules", "tickets_28d"}


@pytest.mark.slow
def test_two_versions_are_compared_and_an_unknown_one_is_named(trained: Trained) -> None:
    same = trained.command("compare", "1", "1")
    assert "blend average precision" in same.said
    assert "+0.0000" in same.said
    wrong = trained.command("compare", "1", "7")
    assert wrong.code == 2
    assert "no version or run '7'; there are versions" in wrong.err
