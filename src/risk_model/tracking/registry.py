"""The registry of models: who is champion, who asked for it, and the way back."""

from __future__ import annotations

import getpass
import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from risk_model.blend import Blend
from risk_model.errors import RiskModelError, UsageError
from risk_model.ordinal import OrdinalLogistic
from risk_model.tracking.runs import TRUSTED
from risk_model.tracking.store import (
    StoreError,
    in_words,
    is_absent_file,
    open_mlflow,
    tracking_uri,
)
from risk_model.tracking.stored import TRUSTED_SEVERITY, stored_facts, stored_model, stored_severity

CHAMPION = "champion"
NO_SIGNAL = "no-usable-signal"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Champion:
    """A registered model that may score: the model, where it is from, what it was told."""

    model: Blend
    version: str
    run_id: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    severity: OrdinalLogistic | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as skops: what arrives is read as from the registry."""
        import skops.io

        severity = None if self.severity is None else skops.io.dumps(self.severity)
        facts = dict(self.facts)
        return _arrived, (skops.io.dumps(self.model), self.version, self.run_id, facts, severity)


def _arrived(
    model: bytes, version: str, run_id: str, facts: Mapping[str, Any], severity: bytes | None
) -> Champion:
    import skops.io

    learned = None if severity is None else skops.io.loads(severity, trusted=[*TRUSTED_SEVERITY])
    blend = skops.io.loads(model, trusted=[*TRUSTED])
    return Champion(blend, version, run_id, facts, learned)


@dataclass(frozen=True)
class Version:
    """One version of a registered model, as a person looks for it."""

    number: str
    run_id: str
    made_at: datetime
    is_champion: bool
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    params: Mapping[str, str]


def promote(
    name: str, version: str, why: str, *, by: str | None = None, forced: bool = False
) -> None:
    """Make a version the champion; record on it why, who asked, when, and who was champion before.

    ``by`` is a person's or a job's name, by default the user's that runs this. Raises
    RiskModelError for a version that does not exist.
    """
    before = champion_version(name)
    client = open_mlflow().MlflowClient()
    tags = {
        "promoted_because": why,
        "promoted_by": by or _user(),
        "promoted_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "promoted_by_force": str(forced).lower(),
    }
    if before not in (None, version):
        tags["champion_before"] = str(before)
    with in_words():
        _forget_rollback(client, name, version)
        for key, value in tags.items():
            client.set_model_version_tag(name, version, key, value)
        client.update_model_version(name, version, f"Champion since {tags['promoted_at']}: {why}")
        client.set_registered_model_alias(name, CHAMPION, version)
    log.info("champion: %s version %s (%s)", name, version, why)


def refuse_without_signal(name: str, version: str) -> None:
    """Raise UsageError for a version whose training recorded that it has no usable signal."""
    client = open_mlflow().MlflowClient()
    with in_words():
        run_id = client.get_model_version(name, version).run_id
        verdict = client.get_run(run_id).data.tags.get("verdict")
    if verdict == NO_SIGNAL:
        raise UsageError(
            f"promote {version}: version {version} of {name} has shown no usable signal, so its "
            "list would be one by chance. Score by --model rules, or promote it with --force."
        )


def roll_back(name: str, why: str, *, by: str | None = None) -> tuple[str, str]:
    """Make the champion before champion again; return (the one that goes, the one that is back).

    Raises RiskModelError where there is none to go back to, or one that was rolled back itself.
    """
    present = champion_version(name)
    if present is None:
        raise RiskModelError(f"no version of {name} is champion, so there is nothing to undo.")
    with in_words():
        told = open_mlflow().MlflowClient().get_model_version(name, present).tags
    before = told.get("champion_before")
    if before is None:
        raise RiskModelError(f"version {present} of {name} is the first champion: none was before.")
    # The way back is a step back, not a step on: what was before stays what was before.
    client = open_mlflow().MlflowClient()
    with in_words():
        undone = client.get_model_version(name, before).tags.get("rolled_back_because")
    if undone is not None:
        raise RiskModelError(
            f"version {before} of {name} was champion before, and was rolled back itself "
            f"({undone}). Say which one is wanted with: risk-model promote VERSION --because WHY"
        )
    with in_words():
        client.set_registered_model_alias(name, CHAMPION, before)
        _forget_rollback(client, name, before)
        for key, value in {"rolled_back_because": why, "rolled_back_by": by or _user()}.items():
            client.set_model_version_tag(name, present, key, value)
    log.info("champion: %s version %s again, %s rolled back (%s)", name, before, present, why)
    return present, before


def _forget_rollback(client: Any, name: str, version: str) -> None:
    """Take off a version what an earlier rollback wrote: whoever is champion is not rolled back."""
    for key in client.get_model_version(name, version).tags:
        if key.startswith("rolled_back_"):
            client.delete_model_version_tag(name, version, key)


def versions(name: str) -> list[Version]:
    """Return every version of a registered model, the newest first; none where there is none."""
    if is_absent_file(tracking_uri()):
        return []
    champion = champion_version(name)
    client = open_mlflow().MlflowClient()
    with in_words():
        found = client.search_model_versions(f"name = '{name}'")
        runs = {one.run_id: client.get_run(one.run_id).data for one in found}
    listed = [
        Version(
            str(one.version),
            one.run_id,
            datetime.fromtimestamp(one.creation_timestamp / 1000, UTC),
            str(one.version) == champion,
            {**runs[one.run_id].tags, **one.tags},
            runs[one.run_id].metrics,
            runs[one.run_id].params,
        )
        for one in found
    ]
    return sorted(listed, key=lambda one: -int(one.number))


def card_of(run_id: str) -> str:
    """Return the model card that a training run wrote. Raises RiskModelError where it has none."""
    with in_words(), tempfile.TemporaryDirectory() as folder:
        path = open_mlflow().artifacts.download_artifacts(
            run_id=run_id, artifact_path="model_card.md", dst_path=folder
        )
        return Path(path).read_text(encoding="utf-8")


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name, as in a container
        return "unknown"


def champion_version(name: str) -> str | None:
    """Return the champion's version, or None where none is registered."""
    mlflow = open_mlflow()
    if is_absent_file(tracking_uri()):
        return None
    try:
        with in_words():
            aliases = mlflow.MlflowClient().get_registered_model(name).aliases
    except StoreError as error:
        if error.code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return str(aliases[CHAMPION]) if CHAMPION in aliases else None


def load_champion(name: str, version: str | None = None) -> Champion | None:
    """Load a version of a registered model, the champion by default; None where there is none."""
    mlflow = open_mlflow()
    version = version or champion_version(name)
    if version is None:
        return None
    try:
        with in_words():
            return _loaded(mlflow, name, version)
    except StoreError as error:
        raise RiskModelError(f"model {name} version {version}: {error}") from None


def _loaded(mlflow: Any, name: str, version: str) -> Champion:
    run_id = str(mlflow.MlflowClient().get_model_version(name, version).run_id)
    model = stored_model(mlflow, name, version)
    facts = stored_facts(mlflow, run_id)
    learned = facts["severity"].get("used")
    severity = stored_severity(mlflow, run_id) if learned else None
    return Champion(model, f"{name}/{version}", run_id, facts, severity)
