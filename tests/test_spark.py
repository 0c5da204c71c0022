"""One definition, two engines: on Spark, in two worker processes, everything is the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
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
from random_company import hear_all, random_company
from risk_model.catalogue import Catalogue
from risk_model.engines import RowFunction, spark
from risk_model.pipelines.judges import choose_judge, working_catalogue
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.pipelines.scorer import FIGURES, Scorer
from risk_model.settings import PastDays, load_settings
from risk_model.tables import Tables, open_tables, tables_from_frames
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
TWO_TASKS = 100_000


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with two_workers() as started:
        yield started


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Split even a small company into several tasks, so that both workers have some."""
    monkeypatch.setattr(spark, "TASK_BYTES", 250_000)


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
    """

    def apply(
        self, snapshots: pd.DataFrame, catalogue: Catalogue, function: RowFunction
    ) -> pd.DataFrame:
        every = Catalogue(features=(*catalogue.features, *OTHERS.features))
        shows = ShowsFeatures(function, tuple(every.names))
        said = super().apply(snapshots, every, shows)
        shown = said[list(shows.shown)].set_axis(every.names, axis=1)
        self.features = pd.concat([snapshots[["account_id", "as_of"]], shown], axis=1)
        self.said = said[list(function.columns)]
        return self.said


@pytest.fixture
def random_tables() -> Iterator[Tables]:
    """A company of which nothing is missing and some is told late, with a feature for all that."""
    company = random_company(21, 220, 60, edges_of([DAY]), whole=True, late=True)
    with company.tables() as tables:
        with tables_from_frames(company.frames()) as opened:
            tables.report = opened.report
        yield tables


def test_features_and_list_are_the_same_from_two_worker_processes_one_of_them_killed(
    random_tables: Tables,
    cluster: Cluster,
    trained: Trained,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{trained.folder}/mlflow.db")
    monkeypatch.setattr("risk_model.features.heard.hear_all", hear_all)
    # Few tasks, but more than one: both workers have some.
    monkeypatch.setattr(spark, "TASK_BYTES", TWO_TASKS)
    killing, settings = KillsHalfway(cluster), load_settings()
    lines = [
        Recording(random_tables, settings),
        Recording(random_tables, settings, None, killing, cluster.engine),
    ]
    here, there = (score(one, date_of(DAY)) for one in lines)
    assert_told(lines[0].features, other_than_0=0.97, told_at_all=0.99)
    assert_same(lines[1].features, lines[0].features, CLOSE)
    assert there.run["scored_by"] == here.run["scored_by"] != "rules"
    assert len(here.ranked) > 20
    pd.testing.assert_frame_equal(there.ranked, here.ranked, rtol=0, atol=CLOSE)
    pd.testing.assert_frame_equal(there.escalated, here.escalated, rtol=0, atol=CLOSE)
    p = [one.said["escalation_probability"].to_numpy(float) for one in lines]
    assert len(np.unique(p[0].round(9))) > 20
    np.testing.assert_allclose(p[1], p[0], rtol=0, atol=CLOSE)
    assert killing.killed
    assert killing.killed not in cluster.workers()
    assert_both_are_asked(random_tables, cluster)


def assert_both_are_asked(tables: Tables, cluster: Cluster) -> None:
    engine = cluster.engine(tables.connection)
    rows = engine.table("usage").to_native().repartition(4)
    asked = engine.apply(spark._frame(rows).select("date"), Whereabouts(), "date")
    assert set(asked["executor"]) == {float(process) for process in cluster.workers()}
    assert len(asked["executor"].unique()) == 2
    engine.close()


def test_the_sample_company_is_the_same_where_workers_die_while_measuring_and_while_scoring(
    line: Line,
    cluster: Cluster,
    trained: Trained,
    small_parts: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{trained.folder}/mlflow.db")
    settings, day = line.settings, line.day_of(None)
    catalogue = working_catalogue(settings)
    snapshots = line.snapshots([day])
    customers = snapshots[snapshots["is_customer"]]
    scorer = Scorer(settings, catalogue, choose_judge(settings, "champion", None), day)
    shows = ShowsFeatures(scorer, tuple(catalogue.names))
    killing = KillsHalfway(cluster)
    said = on_spark(line, cluster, killing).apply(
        customers, catalogue, KillsOnce(shows, tmp_path / "killed")
    )
    second = int((tmp_path / "killed").read_text())
    assert len({killing.killed, second}) == 2
    assert not {killing.killed, second} & cluster.workers()
    expected = line.apply(customers, catalogue, shows)
    p = [frame["escalation_probability"].to_numpy(float) for frame in (said, expected)]
    assert np.abs(p[0] - p[1]).max() < CLOSE
    assert expected["escalation_probability"].nunique() > 20
    features = [frame[list(shows.shown)].to_numpy(float) for frame in (said, expected)]
    np.testing.assert_allclose(*features, rtol=CLOSE, atol=CLOSE)
    others = [name for name in scorer.columns if name not in FIGURES]
    pd.testing.assert_frame_equal(said[others], expected[others], check_dtype=False)
