"""The registry of models: data only, failures on record, trouble told in words."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.dummy import DummyClassifier
from sklearn.preprocessing import FunctionTransformer

from command import Command
from conftest import Trained
from risk_model.errors import CannotScore, RiskModelError
from risk_model.ordinal import OrdinalLogistic
from risk_model.pipelines.train import keep_decisions
from risk_model.settings import default_folder, lay_down, load_settings
from risk_model.tracking import TRUSTED, TrainingRun, champion_version, load_champion, training_run
from risk_model.tracking.registry import _user
from risk_model.tracking.runs import FACTS_FILE
from risk_model.tracking.store import StoreError, in_words, open_mlflow, redacted
from risk_model.tracking.stored import SEVERITY_FILE, stored_facts, stored_severity
from small_company import account, desk, write_tables

MODEL = "risk-model-escalation"


@pytest.fixture
def mlflow(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """MLflow on the store of the trained company."""
    import mlflow

    uri = trained.command.env["MLFLOW_TRACKING_URI"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(trained.folder)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    yield mlflow
    mlflow.set_tracking_uri(before)


@pytest.mark.slow
def test_a_model_that_would_run_pickled_code_is_refused(
    mlflow: Any, trained: Trained, tmp_path: Path
) -> None:
    marker = tmp_path / "ran"

    class Loud(DummyClassifier):  # type: ignore[misc]
        def __reduce__(self) -> Any:
            return os.system, (f"touch {marker}",)

    with mlflow.start_run(experiment_id=mlflow.set_experiment("pickled").experiment_id):
        mlflow.sklearn.log_model(
            Loud(),
            name="model",
            serialization_format="cloudpickle",
            registered_model_name="pickled",
            pip_requirements=["scikit-learn"],
        )
    marker.unlink(missing_ok=True)
    with pytest.raises(RiskModelError, match="only skops is loaded"):
        load_champion("pickled", "1")
    assert not marker.exists()
    config = tmp_path / "config"
    lay_down(config)
    plan = config / "pipelines/train.yaml"
    plan.write_text(plan.read_text().replace(f"model: {MODEL}", "model: pickled"))
    data = write_tables(tmp_path / "d", accounts=[account("one")], tickets=desk("one"))
    options = ("--config", config, "--model", 1, "--out", tmp_path / "x.csv")
    done = trained.command("score", "--data", data, *options)
    assert done.code == 1
    assert "only skops is loaded" in done.err
    assert "Train it again" in done.err
    assert not marker.exists()


@pytest.mark.slow
def test_a_model_is_held_to_our_list_of_types_not_to_the_list_that_it_brings(
    mlflow: Any, tmp_path: Path
) -> None:
    helpful = tmp_path / "helpful.py"
    helpful.write_text("raise SystemExit('imported')")
    crafted: dict[str, tuple[Any, dict[str, Any]]] = {
        "holds posix.system, which is not loaded": (
            FunctionTransformer(os.system),
            {"skops_trusted_types": ["posix.system"]},
        ),
        "brings code of its own": (DummyClassifier(), {"code_paths": [str(helpful)]}),
        "is a DummyClassifier, no Blend": (DummyClassifier(), {}),
    }
    with mlflow.start_run(experiment_id=mlflow.set_experiment("crafted").experiment_id):
        for version, (said, (model, options)) in enumerate(crafted.items(), start=1):
            mlflow.sklearn.log_model(
                model,
                name="model",
                serialization_format="skops",
                registered_model_name="crafted",
                pip_requirements=["scikit-learn"],
                **options,
            )
            with pytest.raises(RiskModelError, match=said):
                load_champion("crafted", str(version))


def kept_in(folder: Path) -> Any:
    """A store whose files lie in a folder."""

    def download(artifact_path: str = "", **_: str) -> str:
        return str(folder / artifact_path)

    return SimpleNamespace(artifacts=SimpleNamespace(download_artifacts=download))


@pytest.mark.parametrize("content", ["", '{"horizon": 3', "[1]", '["ab"]', '{"severity": null}'])
def test_damaged_facts_of_a_model_are_told_in_words(tmp_path: Path, content: str) -> None:
    (tmp_path / FACTS_FILE).write_text(content)
    with pytest.raises(CannotScore, match=r"of run r1 is damaged\. Train it again"):
        stored_facts(kept_in(tmp_path), "r1")
    (tmp_path / FACTS_FILE).write_text('{"horizon": 30}')
    assert stored_facts(kept_in(tmp_path), "r1") == {"horizon": 30, "severity": {}}


@pytest.mark.parametrize("at", [0, 40, 0.1, 0.3, 0.5, 0.9, -60, -10])
def test_a_model_with_a_bad_spot_is_told_as_damaged(tmp_path: Path, at: float) -> None:
    path = tmp_path / SEVERITY_FILE
    skops.io.dump(OrdinalLogistic(), path)
    data = bytearray(path.read_bytes())
    begin = int(at * len(data)) if isinstance(at, float) else at % len(data)
    data[begin : begin + 30] = bytes(255 - byte for byte in data[begin : begin + 30])
    path.write_bytes(data)
    with pytest.raises(CannotScore, match=r"of run r1 is damaged\. Train it again"):
        stored_severity(kept_in(tmp_path), "r1")


def test_a_model_whose_file_is_gone_is_told_as_damaged(tmp_path: Path) -> None:
    with pytest.raises(CannotScore, match=r"of run r1 is damaged"):
        stored_severity(kept_in(tmp_path), "r1")


@pytest.mark.slow
def test_the_stored_model_says_what_the_champion_says_and_keeps_no_accounts(mlflow: Any) -> None:
    stored = load_champion(MODEL)
    assert stored is not None
    assert stored.version == f"{MODEL}/{champion_version(MODEL)}"
    assert stored.facts["horizon"] == 30
    with pytest.raises(AttributeError, match="does not carry"):
        _ = stored.model.oof_


@pytest.mark.slow
def test_a_run_that_fails_is_recorded_as_failed(mlflow: Any) -> None:
    with pytest.raises(ZeroDivisionError), training_run("failing", "it") as run:
        run.record(
            {"a": 1, "long": "x" * 9000}, {"known": 0.5, "unknown": None, "nan": float("nan")}
        )
        raise ZeroDivisionError
    kept = mlflow.get_run(run.run_id)
    assert kept.info.status == "FAILED"
    assert kept.data.metrics == {"known": 0.5}
    assert len(kept.data.params["long"]) == 500


@pytest.mark.slow
@pytest.mark.parametrize("alone", [True, False])
def test_a_run_keeps_every_decision_that_it_rests_on_the_companys_own_first(
    mlflow: Any, tmp_path: Path, alone: bool
) -> None:
    ours = tmp_path / "ours"
    if not alone:
        lay_down(ours)
        (ours / "pipelines/patterns.yaml").unlink()
        (ours / "models/rules.yaml").write_text((ours / "models/rules.yaml").read_text() + "# us")
    ours.mkdir(exist_ok=True)
    (ours / "company.yaml").write_text("score: {top: 3}\n")
    with training_run("deciding", "it") as run:
        keep_decisions(run, load_settings(ours))
    kept = Path(mlflow.artifacts.download_artifacts(run_id=run.run_id, dst_path=str(tmp_path)))
    assert (kept / "decisions/company.yaml").read_text() == "score: {top: 3}\n"
    default = default_folder()
    for part in ("features/usage.yaml", "models/rules.yaml", "pipelines/patterns.yaml"):
        own = ours / part if (ours / part).exists() else default / part
        assert (kept / "decisions" / part).read_bytes() == own.read_bytes()
    # what only the product measures may be read by answers, too
    beside = kept / "decisions/defaults/features/usage.yaml"
    assert beside.exists() != alone


@pytest.mark.slow
def test_what_is_not_registered_has_no_champion_and_no_version(mlflow: Any) -> None:
    assert champion_version("nobody") is None
    assert load_champion("nobody") is None
    with pytest.raises(RiskModelError, match="version 99"):
        load_champion(MODEL, "99")


def test_the_types_that_may_be_loaded_are_few_and_named() -> None:
    assert len(TRUSTED) == len(set(TRUSTED)) < 40
    assert not [name for name in TRUSTED if name.split(".")[0] in ("os", "builtins", "subprocess")]


@pytest.mark.slow
def test_a_store_that_cannot_be_used_is_told_in_words(command: Command, tmp_path: Path) -> None:
    data = write_tables(tmp_path / "d", accounts=[account("one")], tickets=desk("one"))
    (tmp_path / "broken.db").write_text("this is no database " * 200)
    for uri in (f"sqlite:///{tmp_path}/broken.db", "http://127.0.0.1:9", "no-such-scheme://x"):
        done = command(
            "score", "--data", data, "--out", "x.csv",
            MLFLOW_TRACKING_URI=uri, MLFLOW_HTTP_REQUEST_MAX_RETRIES="0",
        )  # fmt: skip
        assert done.code == 1, done.said
        assert "Traceback" not in done.err, done.err
        assert uri in done.err
        assert not (command.cwd / "x.csv").exists()


ADDRESSES = {
    "http://bob:s3cret@127.0.0.1:9": "http://127.0.0.1:9",
    "http://bob:s3c/ret@127.0.0.1:9": "http://127.0.0.1:9",
    "https://bob:s3c@ret@host/path": "https://host/path",
    "postgresql://bob:s3c%2Fret@db/runs?sslmode=require": "postgresql://db/runs?sslmode=require",
    "postgresql://db/runs?user=bob&password=s3cret": "postgresql://db/runs?user=bob&password=***",
    "http://bob:s3c ret@host": "http://host",
    "http://s3cret@host": "http://host",
    "sqlite:////home/bob@work/mlflow.db": "sqlite:////home/bob@work/mlflow.db",
}


@pytest.mark.parametrize("uri", ADDRESSES)
def test_a_password_in_an_address_is_shown_nowhere_however_it_is_written(
    monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    from mlflow.exceptions import MlflowException

    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert redacted(uri) == ADDRESSES[uri]
    user = "" if ":////" in uri else uri.rpartition("@")[0].partition("://")[2]
    words = f"{uri}/api/2.0 failed; {uri!r}, '{user}' or '{unquote(user)}' is wrong"
    with pytest.raises(RiskModelError) as caught, in_words():
        raise MlflowException(words)
    if ":////" not in uri:
        assert not re.search("bob:|s3c|ret", str(caught.value))
    assert "failed" in str(caught.value)
    assert caught.value.__suppress_context__, "what is suppressed holds the address"


@pytest.mark.parametrize("kind", ["a folder", "no database"])
def test_a_file_that_is_no_store_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """MLflow would try again for two minutes."""
    store = tmp_path / "store"
    store.mkdir() if kind == "a folder" else store.write_text("accounts,arr\n" * 99)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}")
    began = time.monotonic()
    with pytest.raises(StoreError, match=r"unable to open|not a database"):
        open_mlflow()
    assert time.monotonic() - began < 30


@pytest.mark.slow
def test_commands_that_reach_no_store_do_not_tell_its_password(command: Command) -> None:
    for uri in (
        "http://bob:s3c/r3t@127.0.0.1:9",
        "http://bob:s3c@r3t@127.0.0.1:9",
        "postgresql://bob:s3c@r3t:x@127.0.0.1:9/runs",
        "no-such-scheme://bob:s3cr3t@x",
    ):
        done = command("models", MLFLOW_TRACKING_URI=uri, MLFLOW_HTTP_REQUEST_MAX_RETRIES="0")
        assert done.code == 1, done.said
        assert "MLflow at " in done.err
        for secret in ("bob", "s3c", "r3t", "Traceback"):
            assert secret not in done.said, (uri, done.said)


@pytest.mark.slow
def test_a_store_that_goes_away_in_the_middle_of_a_run_is_told_in_words(
    mlflow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "runs.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{database}")
    with (
        pytest.raises(RiskModelError, match=r"^MLflow at sqlite:.*Is MLFLOW_TRACKING_URI right"),
        training_run("going", "away") as run,
    ):
        database.write_bytes(b"no database any more " * 1000)
        run.record({"a": 1}, {"b": 2.0})


def test_two_that_make_the_store_at_once_are_told_in_words() -> None:
    from alembic.util.exc import CommandError

    with pytest.raises(RiskModelError, match=r"^MLflow at .*; 0 found"), in_words():
        raise CommandError("expected to match one row when updating 'a' to 'b'; 0 found")


def test_no_version_is_registered_before_its_facts_are_kept() -> None:
    done: list[str] = []

    def kill(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    store = SimpleNamespace(
        models=SimpleNamespace(infer_signature=lambda *_: None),
        sklearn=SimpleNamespace(log_model=kill),
        log_dict=lambda _, name: done.append(name),
    )
    model: Any = SimpleNamespace(predict_proba=lambda table: np.zeros((len(table), 2)))
    with pytest.raises(KeyboardInterrupt):
        TrainingRun(store, "r1").register(model, pd.DataFrame({"one": [1.0]}), "m", {})
    assert done == [FACTS_FILE]


@pytest.mark.parametrize("error", [KeyError("getpwuid(): uid not found: 54321"), OSError("none")])
def test_a_container_s_user_without_a_name_may_promote(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def nobody() -> str:
        raise error

    monkeypatch.setattr("risk_model.tracking.registry.getpass.getuser", nobody)
    assert _user() == "unknown"
