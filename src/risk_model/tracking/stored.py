"""Reading stored models: only skops, only of our own types, whatever the files themselves allow."""

from __future__ import annotations

import json
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import yaml

from risk_model.blend import Blend
from risk_model.errors import CannotScore
from risk_model.ordinal import OrdinalLogistic
from risk_model.tracking.runs import FACTS_FILE, TRUSTED

TRUSTED_SEVERITY = ("risk_model.ordinal.OrdinalLogistic", "risk_model.scaling.Scaling")
# The learned part of severity, beside the model in the same run.
SEVERITY_FILE = "severity.skops"
# What is raised where bytes of a stored model are not those that were written.
_DAMAGE = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    EOFError,
    FileNotFoundError,
    zipfile.BadZipFile,
    zlib.error,
    yaml.YAMLError,
)
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
        with _told_as_damaged(where):
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


def stored_facts(mlflow: Any, run_id: str) -> dict[str, Any]:
    """Load what a model was told when it was trained. Raises CannotScore where it is damaged."""
    with tempfile.TemporaryDirectory() as folder:
        path = mlflow.artifacts.download_artifacts(
            run_id=run_id, artifact_path=FACTS_FILE, dst_path=folder
        )
        with _told_as_damaged(f"{FACTS_FILE} of run {run_id}"):
            facts = json.loads(Path(path).read_text(encoding="utf-8"))
            # no mapping: damaged
            return {**facts, "severity": {**facts.get("severity", {})}}


def _read(path: Path, where: str, trusted: tuple[str, ...], kind: type[Kind]) -> Kind:
    import skops.io

    with _told_as_damaged(where):
        others = set(skops.io.get_untrusted_types(file=path)) - set(trusted)
    if others:
        raise CannotScore(
            f"{where} holds {', '.join(sorted(others))}, which is not loaded. Train it again."
        )
    with _told_as_damaged(where):
        model = skops.io.load(path, trusted=list(trusted))
    if not isinstance(model, kind):
        raise CannotScore(
            f"{where} is a {type(model).__name__}, no {kind.__name__}. Train it again."
        )
    return model


@contextmanager
def _told_as_damaged(where: str) -> Iterator[None]:
    """Raise CannotScore for what reading a file raises that was cut off or changed on the disk."""
    try:
        yield
    except _DAMAGE:
        raise CannotScore(f"{where} is damaged. Train it again.") from None
