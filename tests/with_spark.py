"""Spark for tests: whether it is there, where it runs, and its worker processes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from risk_model.engines import RowFunction, spark_session
from risk_model.engines.spark import SparkEngine
from risk_model.engines.spark_session import check_installed, start_session
from risk_model.errors import UsageError

# Two worker processes on this machine, each with one core and one GB.
TWO_WORKERS = "local-cluster[2,1,1024]"
# What is compiled well is compiled slowly, and threads that collect beside the work take its
# processor: nothing here runs long enough to gain by either.
QUICK_START = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
# `make spark` runs the same queries as everywhere else: compiled.
UNCOMPILED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


def why_not() -> str:
    """Return why there is no Spark on this machine; nothing where there is."""
    try:
        check_installed()
    except UsageError as error:
        return str(error)
    return ""


needs_spark = pytest.mark.skipif(bool(why_not()), reason=why_not())
at_length = pytest.mark.skipif(
    not os.environ.get("RISK_MODEL_AT_LENGTH"), reason="five minutes more: make spark runs it"
)


@dataclass(frozen=True)
class Cluster:
    """A Spark of two worker processes, and engines on it."""

    driver: int

    def engine(self, connection: object) -> SparkEngine:
        """Return an engine over a connection."""
        return partial(SparkEngine, master=TWO_WORKERS)(connection)  # type: ignore[arg-type]

    def workers(self) -> set[int]:
        """Return the process ids of the executors, which Spark starts and starts again."""
        found = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and _is_executor_of(entry, self.driver):
                found.add(int(entry.name))
        return found


def _is_executor_of(process: Path, driver: int) -> bool:
    try:
        status = (process / "stat").read_text().rsplit(")", 1)[1].split()
        command = (process / "cmdline").read_text()
    except (OSError, IndexError):
        return False
    alive = status[0] not in ("Z", "X")
    return alive and int(status[1]) == driver and "CoarseGrainedExecutorBackend" in command


@contextmanager
def two_workers() -> Iterator[Cluster]:
    """Start Spark with two worker processes; workers find the functions of the tests."""
    before, settings = dict(os.environ), dict(spark_session.OWN_SETTINGS)
    if not os.environ.get("RISK_MODEL_AT_LENGTH"):
        spark_session.OWN_SETTINGS.update(UNCOMPILED)
    here = str(Path(__file__).parent)
    os.environ.update(QUICK_START, PYTHONPATH=f"{here}:{before.get('PYTHONPATH', '')}")
    session = start_session(TWO_WORKERS)
    context = session.sparkContext
    try:
        yield Cluster(context._gateway.proc.pid)
    finally:
        import pyspark

        logs = Path(pyspark.__file__).parent / "work" / context.applicationId
        session.stop()
        shutil.rmtree(logs, ignore_errors=True)
        os.environ.clear()
        os.environ.update(before)
        spark_session.OWN_SETTINGS.clear()
        spark_session.OWN_SETTINGS.update(settings)


@dataclass
class KillsHalfway:
    """Is told how far measuring is, and kills a worker process when half of it is done."""

    cluster: Cluster
    killed: int = 0

    def __call__(self, stage: str, done: int, of: int) -> None:
        if stage == "measuring" and done == of // 2:
            self.killed = min(self.cluster.workers())
            os.kill(self.killed, 9)


class Whereabouts:
    """Says of each row which executor asked for it."""

    columns: Mapping[str, str] = {"executor": "double"}

    def __call__(self, rows: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"executor": float(executor_here())}, index=rows.index)


@dataclass(frozen=True)
class KillsOnce:
    """Says what another function says; the first to be asked kills its worker, rows in hand."""

    function: object
    trace: Path

    @property
    def columns(self) -> Mapping[str, str]:
        return self.function.columns  # type: ignore[attr-defined, no-any-return]

    def __call__(self, rows: pd.DataFrame) -> pd.DataFrame:
        try:
            self.trace.touch(exist_ok=False)
        except FileExistsError:
            return self.function(rows)  # type: ignore[operator, no-any-return]
        self.trace.write_text(str(executor_here()))
        os.kill(executor_here(), 9)
        raise AssertionError("the worker has survived")


@dataclass(frozen=True)
class ShowsFeatures:
    """Says what another function says of its own features, and all features themselves."""

    function: RowFunction
    names: tuple[str, ...]

    @property
    def shown(self) -> Mapping[str, str]:
        return {f"shown {name}": "double" for name in self.names}

    @property
    def columns(self) -> Mapping[str, str]:
        return {**self.function.columns, **self.shown}

    def __call__(self, rows: pd.DataFrame) -> pd.DataFrame:
        shown = rows[list(self.names)].set_axis(list(self.shown), axis=1)
        return pd.concat([self.function(rows), shown], axis=1)


def executor_here() -> int:
    """Return the process id of the executor that this Python works for."""
    process = os.getpid()
    while "CoarseGrainedExecutorBackend" not in Path(f"/proc/{process}/cmdline").read_text():
        process = int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])
        assert process > 1, "there is no executor above this process"
    return process
