"""Experiments and models in MLflow: the only part that knows it.

Stored models are skops files: loading them runs no pickled code. The types they may hold are
listed and short. skops warns that the trees of boosting and extra trees are not bounds-checked, so
models should come from your own registry only.
"""

from risk_model.tracking.registry import (
    NO_SIGNAL,
    Champion,
    Version,
    card_of,
    champion_version,
    load_champion,
    promote,
    refuse_without_signal,
    roll_back,
    versions,
)
from risk_model.tracking.runs import TRUSTED, TrainingRun, training_run
from risk_model.tracking.store import tracking_uri
from risk_model.tracking.stored import SEVERITY_FILE, TRUSTED_SEVERITY

__all__ = [
    "NO_SIGNAL",
    "SEVERITY_FILE",
    "TRUSTED",
    "TRUSTED_SEVERITY",
    "Champion",
    "TrainingRun",
    "Version",
    "card_of",
    "champion_version",
    "load_champion",
    "promote",
    "refuse_without_signal",
    "roll_back",
    "tracking_uri",
    "training_run",
    "versions",
]
