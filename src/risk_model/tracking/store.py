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
from urllib.parse import unquote

from risk_model.errors import RiskModelError

# Of an address: what stands before the host; it may hold '@' and, though it must not, '/'.
_USER = re.compile(r"(?<=://)(?!/)[^\s'\"]*@")
_WORDS = re.compile(r"(?i)(?<=[?&])(\w*(?:password|passwd|pwd|token|secret)\w*)=[^&\s'\"]*")
# Shorter pieces of a password would take letters out of every word.
_SHORTEST = 3


class StoreError(RiskModelError):
    """What MLflow or its database refused; ``code`` is MLflow's own name for the reason."""

    def __init__(self, told: str, code: str = "") -> None:
        self.code = code
        super().__init__(told)


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
    with in_words():
        _check_address(tracking_uri())
    mlflow.set_tracking_uri(tracking_uri())
    return mlflow


def _check_address(uri: str) -> None:
    """Raise what SQLAlchemy has to say of a database's address; else MLflow tries for minutes.

    A file is opened once: what is a folder, or no database, will be none at the tenth time.
    """
    from mlflow.store.db.db_types import DATABASE_ENGINES
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    if re.split(r"[:+]", uri, maxsplit=1)[0] not in DATABASE_ENGINES:
        return
    try:
        url = make_url(uri)
    except ValueError:
        raise ArgumentError("no address of a database.") from None
    if url.get_backend_name() == "sqlite" and url.database and Path(url.database).exists():
        with create_engine(url).connect() as connection:
            connection.exec_driver_sql("PRAGMA schema_version")


@contextmanager
def in_words() -> Iterator[None]:
    """Turn what MLflow or its database has to complain of into one sentence, without passwords."""
    from alembic.util.exc import CommandError
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    # CommandError: another process is making or migrating the same database
    trouble = (MlflowException, SQLAlchemyError, RequestException, CommandError)
    try:
        yield
    except (*trouble, ImportError) as error:
        said = (str(error).strip().splitlines() or ["no reason given"])[0]
        # The cause is not kept: whoever shows it shows the address as it is.
        raise StoreError(
            f"MLflow at {redacted(tracking_uri())}: {redacted(said)} Is MLFLOW_TRACKING_URI right? "
            "Without a registry, score with --model rules.",
            str(getattr(error, "error_code", "")),
        ) from None


def redacted(text: str) -> str:
    """Return a text without the users and passwords of addresses, nor those of the store's."""
    for secret in _secrets(tracking_uri()):
        text = text.replace(secret, "***")
    return _WORDS.sub(r"\1=***", _USER.sub("", text))


def _secrets(uri: str) -> list[str]:
    """Return the password of an address alone and with its user, as written and as meant.

    Also its parts: a password with ``/`` or ``@`` is cut there by whoever reads the address.
    """
    user = re.search(r"://(?!/)(.*)@", uri)
    if user is None:
        return []
    password = user[1].partition(":")[2]
    parts = [user[1], password, *re.split(r"[/@:?#]", password)]
    found = {form for part in parts for form in (part, unquote(part)) if len(form) >= _SHORTEST}
    return sorted(found, key=len, reverse=True)


def is_absent_file(uri: str) -> bool:
    """Whether the store is a local SQLite file that nobody has made yet."""
    return uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).exists()
