"""Where runs and models are kept: MLflow, opened when it is needed."""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from risk_model.errors import RiskModelError


def tracking_uri() -> str:
    """Return where runs go: ``MLFLOW_TRACKING_URI``, else an SQLite file in the working folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"


def open_mlflow() -> Any:
    """Import MLflow when it is needed, for that takes seconds, and without its chatter."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    # In a notebook without ipywidgets the bars that nobody sees complain about it.
    warnings.filterwarnings("ignore", message="IProgress not found")
    import mlflow
    import mlflow.sklearn

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    mlflow.set_tracking_uri(tracking_uri())
    return mlflow


@contextmanager
def in_words() -> Iterator[None]:
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


def is_absent_file(uri: str) -> bool:
    """Whether the store is a local SQLite file that nobody has made yet."""
    return uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).exists()
