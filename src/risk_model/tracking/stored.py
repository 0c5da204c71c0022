"""Reading stored models: only skops, only of our own types, whatever the files themselves allow."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import Any, TypeVar

from risk_model.blend import Blend
from risk_model.errors import CannotScore
from risk_model.ordinal import OrdinalLogistic
from risk_model.tracking.runs import TRUSTED

TRUSTED_SEVERITY = ("risk_model.ordinal.OrdinalLogistic", "risk_model.scaling.Scaling")
# The learned part of severity, beside the model in the same run.
SEVERITY_FILE = "severity.skops"
Kind = TypeVar("Kind")


def stored_model(mlflow: Any, name: str, version: str) -> Blend:
    """Load a version's model. Raises CannotScore for what is none of ours.

    MLflow would take the list of trusted types, and code to import, from the model's own files.
    """
    where = f"model {name} version {version}"
    with tempfile.TemporaryDirectory() as folder:
        given = mlflow.artifacts.download_artifacts(
            artifact_uri=f"models:/{name}/{version}", dst_path=folder
        )
        flavors = mlflow.models.Model.load(given).flavors
        own = flavors.get("sklearn", {})
        kind = own.get("serialization_format")
        if kind != "skops":
            raise CannotScore(
                f"{where} is stored as {kind!r}; only skops is loaded. Train it again."
            )
        if any(flavor.get("code") for flavor in flavors.values()):
            raise CannotScore(f"{where} brings code of its own, which is not run. Train it again.")
        path = (Path(given) / str(own.get("pickled_model"))).resolve()
        if not path.is_relative_to(Path(given).resolve()):
            raise CannotScore(f"{where} names a file outside of its own. Train it again.")
        return _read(path, where, TRUSTED, Blend)


def stored_severity(mlflow: Any, run_id: str) -> OrdinalLogistic:
    """Load the learned part of severity. Raises CannotScore for what is none of ours."""
    with tempfile.TemporaryDirectory() as folder:
        path = mlflow.artifacts.download_artifacts(
            run_id=run_id, artifact_path=SEVERITY_FILE, dst_path=folder
        )
        where = f"{SEVERITY_FILE} of run {run_id}"
        return _read(Path(path), where, TRUSTED_SEVERITY, OrdinalLogistic)


def _read(path: Path, where: str, trusted: tuple[str, ...], kind: type[Kind]) -> Kind:
    import skops.io

    if not zipfile.is_zipfile(path):
        raise CannotScore(f"{where} is damaged. Train it again.")
    others = set(skops.io.get_untrusted_types(file=path)) - set(trusted)
    if others:
        raise CannotScore(
            f"{where} holds {', '.join(sorted(others))}, which is not loaded. Train it again."
        )
    model = skops.io.load(path, trusted=list(trusted))
    if not isinstance(model, kind):
        raise CannotScore(
            f"{where} is a {type(model).__name__}, no {kind.__name__}. Train it again."
        )
    return model
