"""A training run: parameters, figures, files and the model, recorded in MLflow."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from importlib import metadata
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd

from risk_model.blend import TRUSTED_TYPES, Blend
from risk_model.tracking.store import in_words, open_mlflow

# What a model was told when it was trained, beside it in the same run.
FACTS_FILE = "model_facts.json"
TRUSTED = (*TRUSTED_TYPES, "risk_model.rules.book.Rulebook")
# What a stored model needs to be loaded; told to MLflow, which would guess by loading it.
REQUIREMENTS = ("risk-model", "scikit-learn", "skops", "numpy", "pandas", "scipy")


@contextmanager
def training_run(experiment: str, name: str) -> Iterator[TrainingRun]:
    """Open a run; what is recorded in the block belongs to it. A failure is recorded as such.

    Raises RiskModelError where MLflow fails, also in the middle of the block.
    """
    mlflow = open_mlflow()
    with in_words():
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

    def keep_text(self, text: str, name: str) -> None:
        """Keep a text file with the run."""
        self._mlflow.log_text(text, name)

    def nested(
        self, name: str, params: Mapping[str, Any], figures: Mapping[str, float | None]
    ) -> None:
        """Record a part of the run, such as one fold, as a run of its own below it."""
        with self._mlflow.start_run(run_name=name, nested=True) as part:
            TrainingRun(self._mlflow, part.info.run_id).record(params, figures)

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
        # First, for a version without its facts, of a training that was killed, can never score.
        self.keep_json(facts, FACTS_FILE)
        # MLflow prints that it registered: what there is to say we say ourselves.
        with redirect_stderr(StringIO()):
            info = self._mlflow.sklearn.log_model(
                model,
                name="model",
                serialization_format="skops",
                skops_trusted_types=list(TRUSTED),
                signature=signature,
                registered_model_name=name,
                pip_requirements=_requirements(),
            )
        return str(info.registered_model_version)


def _requirements() -> list[str]:
    named = []
    for package in REQUIREMENTS:
        try:
            named.append(f"{package}=={metadata.version(package)}")
        except metadata.PackageNotFoundError:
            named.append(package)
    return named
