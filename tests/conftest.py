"""One small company for all tests, made once a session; nothing is read from outside."""

from __future__ import annotations

import os
from pathlib import Path

# Waiting threads that spin slow everything down where tests run side by side.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "steady",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("steady")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def sample_folder() -> Path:
    """The company that is committed in data/sample."""
    return ROOT / "data" / "sample"


@pytest.fixture(scope="session")
def text_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of heard texts for the whole session."""
    return tmp_path_factory.mktemp("cache") / "texts.sqlite"
