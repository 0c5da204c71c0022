"""Experiments and models in MLflow: the only module that knows it.

Stored models are skops files: loading them runs no pickled code. The types they may hold are
listed and short. skops warns that the trees of a boosting model are not bounds-checked, so models
should come from your own registry only.
"""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from risk_model.blend import TRUSTED_TYPES, Blend
from risk_model.errors import RiskModelError
from risk_model.ordinal import OrdinalLogistic

TRUSTED = (*TRUSTED_TYPES, "risk_model.rules.book.Rulebook")
TRUSTED_SEVERITY = ("risk_model.ordinal.OrdinalLogistic", "risk_model.scaling.Scaling")
# The learned part of severity, beside the model in the same run.
SEVERITY_FILE = "severity.skops"
CHAMPION = "champion"
# What a stored model needs to be loaded; told to MLflow, which would guess by loading it.
REQUIREMENTS = ("risk-model", "scikit-learn", "skops", "numpy", "pandas", "scipy")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Champion:
    """A registered model that may score: the model, where it is from, what it was told."""

    model: Blend
    version: str
    run_id: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    severity: OrdinalLogistic | None = None


def tracking_uri() -> str:
    """Return where runs go: ``MLFLOW_TRACKING_URI``, else an SQLite file in the working folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"


def _mlflow() -> Any:
    """Import MLflow when it is needed, for that takes seconds, and without its chatter."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow
    import mlflow.sklearn

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    mlflow.set_tracking_uri(tracking_uri())
    return mlflow


@contextmanager
def training_run(experiment: str, name: str) -> Iterator[TrainingRun]:
    """Open a run; what is recorded in the block belongs to it. A failure is recorded as such."""
    mlflow = _mlflow()
    with _in_words():
        mlflow.set_experiment(experiment)
    with mlflow.start_run(run_name=name) as run:
        yield TrainingRun(mlflow, run.info.run_id)


class TrainingRun:
    """One run: parameters, figures, files, and the model. Never a row or a text of the data."""

    def __init__(self, mlflow: Any, run_id: str) -> None:
        self._mlflow = mlflow
        self.run_id = run_id

    def record(self, params: Mapping[str, Any], figures: Mapping[str, float | None]) -> None:
        """Record parameters and figures; a figure that is not known is left out."""
        self._mlflow.log_params({name: str(value)[:500] for name, value in params.items()})
        known = {name: float(value) for name, value in figures.items() if value is not None}
        self._mlflow.log_metrics({k: v for k, v in known.items() if v == v})  # noqa: PLR0124

    def tag(self, tags: Mapping[str, str]) -> None:
        """Set tags, by which people find the run."""
        self._mlflow.set_tags(dict(tags))

    def keep_file(self, path: Path, folder: str | None = None) -> None:
        """Keep a file or the files of a folder with the run."""
        keep = self._mlflow.log_artifacts if path.is_dir() else self._mlflow.log_artifact
        keep(str(path), folder)

    def keep_json(self, content: Mapping[str, Any], name: str) -> None:
        """Keep a JSON file with the run."""
        self._mlflow.log_dict(dict(content), name)

    def keep_figure(self, figure: Any, name: str) -> None:
        """Keep a matplotlib figure with the run."""
        self._mlflow.log_figure(figure, name)

    def keep_estimator(self, estimator: Any, name: str) -> None:
        """Keep an estimator with the run as skops: reading it runs no pickled code."""
        import skops.io

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            skops.io.dump(estimator, path)
            self.keep_file(path)

    def register(
        self, model: Blend, example: pd.DataFrame, name: str, facts: Mapping[str, Any]
    ) -> str:
        """Store the model as skops under a registered name; return its version."""
        answer = model.predict_proba(example)[:, 1]
        signature = self._mlflow.models.infer_signature(example, answer)
        info = self._mlflow.sklearn.log_model(
            model,
            name="model",
            serialization_format="skops",
            skops_trusted_types=list(TRUSTED),
            signature=signature,
            registered_model_name=name,
            pip_requirements=_requirements(),
        )
        self.keep_json(facts, "model_facts.json")
        return str(info.registered_model_version)


def promote(name: str, version: str, why: str) -> None:
    """Make a version the champion and record why on it."""
    client = _mlflow().MlflowClient()
    client.set_registered_model_alias(name, CHAMPION, version)
    client.set_model_version_tag(name, version, "promoted_because", why)
    log.info("champion: %s version %s (%s)", name, version, why)


def champion_version(name: str) -> str | None:
    """Return the champion's version, or None where none is registered."""
    mlflow = _mlflow()
    if _is_absent_file(tracking_uri()):
        return None
    try:
        with _in_words():
            aliases = mlflow.MlflowClient().get_registered_model(name).aliases
    except RiskModelError as error:
        if getattr(error.__cause__, "error_code", "") == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return str(aliases[CHAMPION]) if CHAMPION in aliases else None


@contextmanager
def _in_words() -> Iterator[None]:
    """Turn what MLflow or its database has to complain of into one sentence."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
        # An address may hold a password.
        where = re.sub(r"//[^/@]*@", "//", tracking_uri())
        said = (str(error).strip().splitlines() or ["no reason given"])[0]
        raise RiskModelError(
            f"MLflow at {where}: {said} Is MLFLOW_TRACKING_URI right? "
            "Without a registry, score with --model rules."
        ) from error


def load_champion(name: str, version: str | None = None) -> Champion | None:
    """Load a version of a registered model, the champion by default; None where there is none."""
    mlflow = _mlflow()
    from mlflow.exceptions import MlflowException

    version = version or champion_version(name)
    if version is None:
        return None
    try:
        about = mlflow.MlflowClient().get_model_version(name, version)
        _only_skops(mlflow.models.get_model_info(f"models:/{name}/{version}"))
        model = mlflow.sklearn.load_model(f"models:/{name}/{version}")
        facts = _facts(mlflow, str(about.run_id))
        learned = facts.get("severity", {}).get("used")
        severity = _severity(mlflow, str(about.run_id)) if learned else None
    except MlflowException as error:
        raise RiskModelError(f"model {name} version {version}: {error.message}") from None
    return Champion(model, f"{name}/{version}", str(about.run_id), facts, severity)


def _only_skops(info: Any) -> None:
    """Refuse a model whose loading would run pickled code."""
    stored = info.flavors.get("sklearn", {}).get("serialization_format")
    if stored != "skops":
        raise RiskModelError(
            f"the model is stored as {stored!r}; only skops is loaded. Train it again."
        )


def _facts(mlflow: Any, run_id: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = mlflow.artifacts.download_artifacts(
            run_id=run_id, artifact_path="model_facts.json", dst_path=folder
        )
        return dict(json.loads(Path(path).read_text(encoding="utf-8")))


def _severity(mlflow: Any, run_id: str) -> OrdinalLogistic:
    """Load the learned part of severity; refuse what holds other types than its own."""
    import skops.io

    with tempfile.TemporaryDirectory() as folder:
        path = mlflow.artifacts.download_artifacts(
            run_id=run_id, artifact_path=SEVERITY_FILE, dst_path=folder
        )
        others = set(skops.io.get_untrusted_types(file=path)) - set(TRUSTED_SEVERITY)
        if others:
            raise RiskModelError(
                f"{SEVERITY_FILE} of run {run_id} holds {', '.join(sorted(others))}, which is not "
                "loaded. Train it again."
            )
        model = skops.io.load(path, trusted=list(TRUSTED_SEVERITY))
    if not isinstance(model, OrdinalLogistic):
        raise RiskModelError(f"{SEVERITY_FILE} of run {run_id} is no severity. Train it again.")
    return model


def _is_absent_file(uri: str) -> bool:
    """Whether the store is a local SQLite file that nobody has made yet."""
    return uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).exists()


def _requirements() -> list[str]:
    named = []
    for package in REQUIREMENTS:
        try:
            named.append(f"{package}=={metadata.version(package)}")
        except metadata.PackageNotFoundError:
            named.append(package)
    return named
