"""One definition, two engines: on Spark, in two worker processes, everything is the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from company_rows import FIRST_DAY
from conftest import Trained
from measuring import (
    OTHERS,
    assert_same,
    assert_told,
    awkward_days,
    edges_of,
    measure,
    snapshots_of,
)
from random_company import SINCE_EVER, Company, hear_all, random_company
from risk_model.catalogue import Catalogue
from risk_model.engines import RowFunction, spark
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.settings import PastDays, load_settings
from risk_model.tables import Tables, open_tables
from risk_model.tables.contract import CONTRACT
from risk_model.timeline import date_of
from with_spark import (
    Cluster,
    KillsHalfway,
    KillsOnce,
    ShowsFeatures,
    Whereabouts,
    at_length,
    needs_spark,
    two_workers,
)

pytestmark = [pytest.mark.slow, needs_spark]

CLOSE = 1e-9
DAY = FIRST_DAY + 198
TWO_TASKS = 500_000


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with two_workers() as started:
        yield started


@pytest.fixture
def line(sample_folder: Path, text_cache: Path) -> Iterator[Line]:
    """The sample company's first forty accounts."""
    tables = open_tables(sample_folder)
    accounts = sorted(set(tables.frame("accounts")["account_id"]))
    for name in tables.present:
        tables.connection.execute(
            f'DELETE FROM "{name}" WHERE NOT list_contains(?, account_id)', [accounts[:40]]
        )
    with Line(tables, load_settings(), text_cache) as opened:
        yield opened


def on_spark(line: Line, cluster: Cluster, progress: object = None) -> Line:
    return Line(line.tables, line.settings, line.cache, progress, cluster.engine)  # type: ignore[arg-type]


@at_length
def test_what_training_and_backtests_see_of_the_sample_company_is_the_same(
    line: Line, cluster: Cluster
) -> None:
    plan = PastDays(every_days=63, at_most_days=130)
    here = line.past(line.day_of(None), 30, plan)
    there = on_spark(line, cluster).past(line.day_of(None), 30, plan)
    assert here.snapshots["as_of"].nunique() == 3
    pd.testing.assert_frame_equal(there.snapshots, here.snapshots)
    pd.testing.assert_series_equal(there.labels, here.labels)
    keys = here.snapshots[["account_id", "as_of"]]
    assert_same(*(pd.concat([keys, p.features], axis=1) for p in (there, here)), CLOSE)
    assert here.features.notna().to_numpy().mean() > 0.7
    assert here.features.gt(0).to_numpy().mean() > 0.2


@at_length
def test_every_feature_of_a_company_with_gaps_is_the_same_on_many_days(cluster: Cluster) -> None:
    as_of = awkward_days(220, 3)
    company = random_company(3, 220, 8, edges_of(as_of))
    snapshots = snapshots_of(company.accounts, as_of, 3)
    with company.tables() as tables:
        here = measure(tables, snapshots)
        there = measure(tables, snapshots, make_engine=cluster.engine)
    assert_same(there, here, CLOSE)


class Recording(Line):
    """A line that keeps what was said of the accounts, of which nothing is rounded yet.

    It measures and keeps features of every verb besides: what takes long on Spark is done once.
    With a ``trace`` the first worker that is asked to score is killed, and leaves its number there.
    """

    trace: Path | None = None

    def apply(
        self, snapshots: pd.DataFrame, catalogue: Catalogue, function: RowFunction
    ) -> pd.DataFrame:
        every = Catalogue(features=(*catalogue.features, *OTHERS.features))
        shows = ShowsFeatures(function, tuple(every.names))
        asked = shows if self.trace is None else KillsOnce(shows, self.trace)
        said = super().apply(snapshots, every, asked)
        shown = said[list(shows.shown)].set_axis(every.names, axis=1)
        self.features = pd.concat([snapshots[["account_id", "as_of"]], shown], axis=1)
        self.said = said[list(function.columns)]
        return self.said


@pytest.fixture
def day(line: Line) -> int:
    """The day of the sample."""
    return line.day_of(None)


@pytest.fixture
def two_companies(
    line: Line, day: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Line]:
    """The sample's forty accounts, and a random company of which some is told late, on one day.

    Nothing is missing: every feature has something to tell. What the sample's texts say is known.
    """
    monkeypatch.setattr("risk_model.features.heard.hear_all", hear_all)
    own = tmp_path / "texts.sqlite"
    with closing(sqlite3.connect(str(line.cache))) as cache, closing(sqlite3.connect(own)) as copy:
        cache.backup(copy)
    company = random_company(21, 220, 60, edges_of([DAY]), whole=True, late=True)
    add(line.tables, company, day - DAY)
    line.tables.present = {**line.tables.present, **company.present}
    with Line(line.tables, line.settings, own) as both:
        yield both


def add(tables: Tables, company: Company, days: int) -> None:
    """Add a company's rows, all that they tell so many days later."""
    with company.tables() as others:
        for name in others.present:
            rows = others.connection.table(name).to_arrow_table()
            tables.connection.register("incoming", rows)
            there = tables.connection.table(name).columns
            for column in sorted(set(rows.column_names) - set(there)):
                tables.connection.execute(
                    f'ALTER TABLE "{name}" ADD COLUMN "{column}" BIGINT DEFAULT {SINCE_EVER}'
                )
            # What is in no contract says from when something is known.
            kinds = {column.name: column.kind for column in CONTRACT[name].columns}
            kinds = dict.fromkeys(rows.column_names, "time") | {"account_id": "key"} | kinds
            later = {"time": days * 86_400, "date": days}
            columns = (
                f'"{column}" + {later[kinds[column]]} AS "{column}"'
                if kinds[column] in later
                else f'"{column}"'
                for column in rows.column_names
            )
            tables.connection.execute(
                f'INSERT INTO "{name}" BY NAME SELECT {", ".join(columns)} FROM incoming'
            )
            tables.connection.unregister("incoming")


def test_features_and_list_are_the_same_where_workers_die_while_measuring_and_while_scoring(
    two_companies: Line,
    day: int,
    cluster: Cluster,
    trained: Trained,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{trained.folder}/mlflow.db")
    # Few tasks, but more than one: both workers have some.
    monkeypatch.setattr(spark, "TASK_BYTES", TWO_TASKS)
    killing, of = KillsHalfway(cluster), two_companies
    here = Recording(of.tables, of.settings, of.cache)
    there = Recording(of.tables, of.settings, of.cache, killing, cluster.engine)
    there.trace = tmp_path / "killed"
    expected, made = (score(one, date_of(day)) for one in (here, there))
    second = int(there.trace.read_text())
    assert len({killing.killed, second}) == 2
    assert not {killing.killed, second} & cluster.workers()
    assert_told(here.features, other_than_0=0.97, told_at_all=0.99)
    assert_same(there.features, here.features, CLOSE)
    assert made.run["scored_by"] == expected.run["scored_by"] != "rules"
    assert len(expected.ranked) > 50
    pd.testing.assert_frame_equal(made.ranked, expected.ranked, rtol=0, atol=CLOSE)
    pd.testing.assert_frame_equal(made.escalated, expected.escalated, rtol=0, atol=CLOSE)
    assert here.said["escalation_probability"].round(9).nunique() > 40
    pd.testing.assert_frame_equal(there.said, here.said, check_dtype=False, rtol=0, atol=CLOSE)
    assert_both_are_asked(of.tables, cluster)


def assert_both_are_asked(tables: Tables, cluster: Cluster) -> None:
    engine = cluster.engine(tables.connection)
    rows = engine.table("usage").to_native().repartition(4)
    asked = engine.apply(spark._frame(rows).select("date"), Whereabouts(), "date")
    assert set(asked["executor"]) == {float(process) for process in cluster.workers()}
    assert len(asked["executor"].unique()) == 2
    engine.close()
