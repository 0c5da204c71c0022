"""An engine by its name, refused early where what it needs is not installed."""

from __future__ import annotations

from functools import partial

from risk_model.engines import MakeEngine
from risk_model.engines.duckdb import DuckDBEngine
from risk_model.errors import UsageError

ENGINES = ("duckdb", "spark")


def engine_named(name: str, spark_master: str | None = None) -> MakeEngine:
    """Return what makes an engine over a connection; ``spark_master`` says where Spark runs.

    Raises UsageError for an engine that there is not, or that is not installed.
    """
    if name not in ENGINES:
        raise UsageError(f"--engine {name}: choose one of {', '.join(ENGINES)}.")
    if name == "duckdb":
        if spark_master is not None:
            raise UsageError(f"--spark-master {spark_master}: goes with --engine spark.")
        return DuckDBEngine
    from risk_model.engines.spark import SparkEngine
    from risk_model.engines.spark_session import LOCAL, check_installed

    check_installed()
    return partial(SparkEngine, master=spark_master or LOCAL)
