"""Starting Spark: what has to be installed, where it runs, and its chatter kept apart."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from risk_model.errors import RiskModelError, UsageError
from risk_model.tables import run_folder

LOCAL = "local[*]"
FOLDER = "RISK_MODEL_SPARK_FOLDER"
LOOPBACK = "127.0.0.1"


def check_installed() -> None:
    """Raise UsageError where PySpark or Java is not there, with what to install."""
    if find_spec("pyspark") is None:
        raise UsageError(
            "--engine spark: PySpark is not installed. Install it with: "
            "pip install 'risk-model[spark]'"
        )
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=f"{home}/bin" if home else None) is None:
        where = f"in JAVA_HOME ({home})" if home else "on the path"
        raise UsageError(
            f"--engine spark: there is no java {where}. Install Java 17 (on Debian: "
            "apt-get install openjdk-17-jre-headless), or set JAVA_HOME to where it is."
        )


def is_local(master: str) -> bool:
    """Whether all of Spark's processes are on this machine."""
    return master.startswith("local")


def exchange_folder(master: str) -> Path:
    """Return a new folder that this process and all workers see; ``run_folder.end`` removes it.

    On a cluster that is one below RISK_MODEL_SPARK_FOLDER; raises UsageError where it is not set.
    """
    shared = os.environ.get(FOLDER)
    if shared is None and not is_local(master):
        raise UsageError(
            f"--spark-master {master}: tables are handed to the workers as files. Set {FOLDER} "
            "to a folder that this machine and every worker see under the same path."
        )
    if shared is not None:
        Path(shared).mkdir(parents=True, exist_ok=True)
    return run_folder.begin(None if shared is None else Path(shared))


def start_session(master: str = LOCAL) -> Any:
    """Return a session on ``master``, of a Spark that runs in this process already or a new one.

    Its settings are its own. Raises RiskModelError with Spark's last words where it does not start.
    """
    check_installed()
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    running = SparkContext._active_spark_context
    if running is not None and running.master != master:
        raise UsageError(
            f"--spark-master {master}: Spark runs in this process on {running.master} already."
        )
    logging.getLogger("py4j").setLevel(logging.ERROR)
    if is_local(master):
        _stay_on_this_machine()
    builder = SparkSession.builder.appName("risk-model").master(master)
    for name, value in _options(master).items():
        builder = builder.config(name, value)
    session = builder.getOrCreate() if running else _started(builder, master)
    own = session.newSession()
    for name, value in OWN_SETTINGS.items():
        own.conf.set(name, value)
    return own


# What cannot be cast gives nothing instead of an error, as in the other engine.
OWN_SETTINGS = {
    "spark.sql.ansi.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}


def _options(master: str) -> dict[str, str]:
    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # Looking up where in the code each expression was written takes a third of a small run.
        "spark.python.sql.dataFrameDebugging.enabled": "false",
    }
    if is_local(master):
        options |= {"spark.driver.host": LOOPBACK, "spark.driver.bindAddress": LOOPBACK}
    return options


def _stay_on_this_machine() -> None:
    for name in ("SPARK_LOCAL_IP", "SPARK_LOCAL_HOSTNAME"):
        os.environ.setdefault(name, LOOPBACK)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)


def _started(builder: Any, master: str) -> Any:
    with tempfile.NamedTemporaryFile(prefix="risk-model-spark-", suffix=".log") as said:
        try:
            with _stderr_to(said.fileno()):
                return builder.getOrCreate()
        except Exception as error:
            lines = Path(said.name).read_text(errors="replace").splitlines()
            last = [line for line in lines if "ERROR" in line or "Exception" in line] or lines
            raise RiskModelError(
                f"Spark did not start on {master}: {' '.join(last[-2:]) or error}. "
                "It needs Java 17 or later, and a master that answers."
            ) from error


@contextmanager
def _stderr_to(file: int) -> Iterator[None]:
    """Let what is started meanwhile write its chatter into a file, for good."""
    sys.stderr.flush()
    kept = os.dup(2)
    os.dup2(file, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
