"""Choosing an engine: what is not there or not installed is said at once, with the remedy."""

from __future__ import annotations

import json
import re
from importlib import util
from pathlib import Path

import duckdb
import narwhals as nw
import pandas as pd
import pytest

import risk_model.features
from command import Command
from part_of_sample import first_accounts
from risk_model.engines.choosing import engine_named
from risk_model.engines.duckdb import DuckDBEngine
from risk_model.engines.spark_session import exchange_folder
from risk_model.errors import UsageError
from small_company import account, desk, moment, ticket, write_tables
from test_train import assert_near, decisions
from with_spark import QUICK_START, at_length, needs_spark


def said(name: str, master: str | None = None) -> str:
    with pytest.raises(UsageError) as error:
        engine_named(name, master)
    return str(error.value)


def test_duckdb_is_what_there_is_without_asking() -> None:
    assert engine_named("duckdb") is DuckDBEngine


def test_what_is_put_beside_is_the_accounts_own_whoever_else_is_there() -> None:
    asked = pd.DataFrame({"account_id": ["b", "a", "c", "a"], "position": [0, 1, 0, 0]})
    asked["row"] = range(len(asked))
    # Of nobody who was asked for, of a position that nobody asked for, and of c nothing at all.
    some = {"account_id": ["a", "x", "b", "a", "b"], "position": [1, 0, 2, 0, 0]}
    some["n"] = [10, 20, 30, 40, 50]
    others = {"account_id": ["a", "b", "c"], "position": [2, 1, 3], "m": [1, 2, 3]}
    with duckdb.connect() as connection:
        engine = DuckDBEngine(connection)
        frames = [engine.small(some), engine.small(others)]
        together = engine.beside(engine.small(asked), frames, ["account_id", "position"])
        told = engine.pandas(together.sort("row"))
    expected = asked
    for frame in (some, others):
        expected = expected.merge(pd.DataFrame(frame), how="left", on=["account_id", "position"])
    pd.testing.assert_frame_equal(told, expected, check_dtype=False)


def test_what_is_clustered_goes_when_the_next_frame_is_kept() -> None:
    rows = {"account_id": ["b", "a", "b"], "n": [1, 2, 3]}
    with duckdb.connect() as connection:
        engine = DuckDBEngine(connection)
        tables = "SELECT count(*) FROM duckdb_tables() WHERE temporary"

        def there() -> int:
            return int(connection.execute(tables).fetchall()[0][0])

        given = engine.small(rows)
        close = engine.clustered(given, ["account_id"])
        assert there() == 2
        assert engine.pandas(close)["account_id"].tolist() == ["a", "b", "b"]
        kept = engine.keep(close.group_by("account_id").agg(nw.col("n").sum()))
        assert there() == 2
        assert dict(engine.pandas(kept).to_numpy().tolist()) == {"a": 2, "b": 4}
        engine.close()
        assert there() == 0


def test_an_engine_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    assert said("polars") == "--engine polars: choose one of duckdb, spark."


def test_a_master_without_spark_is_refused() -> None:
    assert said("duckdb", "local[2]") == "--spark-master local[2]: goes with --engine spark."


def test_without_pyspark_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = util.find_spec
    monkeypatch.setattr(
        "risk_model.engines.spark_session.find_spec",
        lambda name: None if name == "pyspark" else found(name),
    )
    assert "pip install 'risk-model[spark]'" in said("spark")


def test_without_java_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("pyspark", reason="the first thing that is asked for is PySpark")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no java on the path. Install Java 17" in said("spark")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert f"no java in JAVA_HOME ({tmp_path}/jdk)" in said("spark")


def test_a_cluster_needs_a_folder_that_its_workers_see(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("RISK_MODEL_SPARK_FOLDER", raising=False)
    with pytest.raises(UsageError, match="Set RISK_MODEL_SPARK_FOLDER"):
        exchange_folder("spark://somewhere:7077")
    monkeypatch.setenv("RISK_MODEL_SPARK_FOLDER", str(tmp_path / "shared"))
    assert exchange_folder("spark://somewhere:7077").parent == tmp_path / "shared"
    assert exchange_folder("local[2]").parent == tmp_path / "shared"


def test_no_feature_asks_for_what_only_one_engine_has() -> None:
    """Spark's greatest and least take no single value, and it has no times as numbers."""
    folder = Path(risk_model.features.__file__).parent
    lacking = r"(max|min)_horizontal|total_seconds|dt\.timestamp|join_asof|\.truncate\("
    found = {f.name: re.findall(lacking, f.read_text()) for f in folder.glob("*.py")}
    assert {name for name, uses in found.items() if uses} == {"extremes.py"}


@pytest.mark.slow
@needs_spark
@at_length
def test_the_command_line_scores_on_spark_and_says_nothing_more_than_else(
    command: Command, tmp_path: Path
) -> None:
    late = [ticket(n, "A1", moment(n), priority="P1") for n in range(1, 5)]
    folder = write_tables(
        tmp_path / "data",
        accounts=[account("A1"), account("A2"), account("A3")],
        tickets=[*desk("A2"), *late],
    )
    rules = ("--model", "rules")
    here = command.score(folder, *rules, out="here.csv")
    command.env = {**command.env, **QUICK_START}
    there = command.score(folder, *rules, "--engine", "spark", out="there.csv")
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    assert here.rows["rules_fired"].ne("").any()
    said = [re.sub(r"\d+ MB at most", "", done.err) for done in (there.done, here.done)]
    assert said[0] == said[1]


@pytest.mark.slow
@needs_spark
@at_length
def test_training_and_backtests_on_spark_give_the_figures_of_the_embedded_engine(
    command: Command, sample_folder: Path, tmp_path: Path
) -> None:
    import mlflow

    data = first_accounts(sample_folder, tmp_path / "data", 60)
    command.env = {**command.env, **QUICK_START}
    told = {}
    for engine in ("duckdb", "spark"):
        config = decisions(tmp_path / engine, f"on-{engine}", every_days=28, resamples=50)
        days = config / "pipelines" / "backtest.yaml"
        days.write_text(days.read_text().replace("every_days: 7", "every_days: 28"))
        on = ("--data", data, "--config", config, "--engine", engine)
        for done in (command("train", *on), command("backtest", *on, "--out", f"{engine}-out")):
            assert done.code == 0, done.err
        client = mlflow.MlflowClient(command.env["MLFLOW_TRACKING_URI"])
        run = client.get_run(client.get_model_version(f"on-{engine}", "1").run_id)
        written = json.loads((tmp_path / f"{engine}-out" / "backtest.json").read_text())
        replay = pd.read_parquet(tmp_path / f"{engine}-out" / "replay.parquet")
        told[engine] = (dict(run.data.params), dict(run.data.metrics), written, replay)
    (params, metrics, written, replay), (*theirs, their_replay) = told.values()
    assert metrics["blend.auroc"] > 0.5
    assert_near([params, metrics, written], theirs)
    pd.testing.assert_frame_equal(their_replay, replay, rtol=1e-6)


@pytest.mark.slow
@needs_spark
def test_spark_that_does_not_start_is_a_sentence(command: Command, tmp_path: Path) -> None:
    folder = write_tables(tmp_path / "data", accounts=[account("A1")], tickets=desk("A1"))
    wrong = ("--engine", "spark", "--spark-master", "local[none]")
    done = command("score", "--data", folder, "--out", "x.csv", *wrong)
    assert done.code == 1
    assert "Spark did not start on local[none]" in done.said
    assert "Traceback" not in done.said
