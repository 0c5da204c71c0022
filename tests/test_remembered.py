"""What tests remember is what would be worked out: another row, label or setting is asked anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import remembered
from risk_model.catalogue import Catalogue, Feature
from risk_model.learner import LogisticLearner
from risk_model.pipelines import line
from risk_model.settings import load_settings
from risk_model.timeline import day_number
from small_company import AS_OF, Row, account, desk, moment, ticket, write_tables


def test_a_learner_remembers_what_it_learnt_from_the_same_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "WORTH_IT", 1)
    real, learnt = LogisticLearner.fit, []

    def counting(self: Any, *asked: Any) -> Any:
        learnt.append(self)
        return real(self, *asked)

    fit = remembered._fit(counting, tmp_path)
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"])
    labels = (table["a"] + rng.normal(size=60) > 0).astype(int)
    first, again = (fit(LogisticLearner(), table, labels) for _ in range(2))
    assert len(learnt) == 1
    assert again is not learnt[0]
    assert (again.predict_proba(table) == first.predict_proba(table)).all()
    fit(LogisticLearner(), table, 1 - labels)
    fit(LogisticLearner(), table.replace(table.iat[7, 1], 9.0), labels)
    fit(LogisticLearner(), table.rename(columns={"b": "c"}), labels)
    fit(LogisticLearner(C=7.0), table, labels)
    fit(LogisticLearner(), table, labels, np.arange(60.0))
    assert len(learnt) == 6


def test_features_are_remembered_by_rows_days_and_definitions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "WORTH_IT", 1)
    real, made = line.features_at, []

    def counting(*asked: Any) -> pd.DataFrame:
        made.append(asked)
        return real(*asked)

    monkeypatch.setattr(line, "features_at", remembered._features_at(counting, tmp_path))
    settings = load_settings()

    def measured(tickets: list[Row], ago: int = 0, name: str = "tickets_28d") -> list[float]:
        data = write_tables(tmp_path / "data", accounts=[account("A")], tickets=tickets)
        with line.Line.open(data, settings) as opened:
            snapshots = opened.snapshots([day_number(AS_OF) - ago])
            found = opened.measure(snapshots, settings.catalogue.only({name}))
        return [float(value) for value in found[name]]

    assert measured(desk("A")) == measured(desk("A")) == [1.0]
    assert len(made) == 1
    assert measured([*desk("A"), ticket(1, "A", moment(3))]) == [2.0]
    assert measured(desk("A"), ago=1) != [1.0]
    measured(desk("A"), name="tickets_7d")
    assert len(made) == 4


def test_of_features_asked_together_those_are_measured_that_nobody_knows_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "WORTH_IT", 1)
    real, made = line.features_at, []

    def counting(engine: Any, present: Any, snapshots: Any, catalogue: Any, *more: Any) -> Any:
        made.append(set(catalogue.names))
        return real(engine, present, snapshots, catalogue, *more)

    answer = remembered._features_at(counting, tmp_path)
    tickets = {"source": "tickets", "count": True, "means": "a test", "family": "own"}
    weeks = [
        Feature.model_validate({**tickets, "name": f"weeks_{n}", "window": 7 * n})
        for n in (1, 2, 3)
    ]
    more = Feature(name="more", means="a test", family="own", add=("weeks_1", "weeks_2"))
    other = weeks[0].model_copy(update={"window": 28})
    data = write_tables(tmp_path / "data", accounts=[account("A")], tickets=desk("A"))
    with line.Line.open(data, load_settings()) as opened:
        snapshots = opened.snapshots([day_number(AS_OF)])

        def asked(make: Any, *features: Feature) -> pd.DataFrame:
            present = opened.tables.present
            found = make(
                opened.engine, present, snapshots, Catalogue(features=features), None, None
            )
            opened.engine.close()
            return pd.DataFrame(found)

        for features in (
            (weeks[0], weeks[1]),
            (weeks[2], weeks[1], weeks[0]),
            (more, weeks[1], weeks[0]),
            (weeks[1], other, more),
        ):
            pd.testing.assert_frame_equal(asked(answer, *features), asked(real, *features))
    # What is made of others is made anew where one of them means something else by now.
    assert made == [
        {"weeks_1", "weeks_2"},
        {"weeks_3"},
        {"more", "weeks_1", "weeks_2"},
        {"more", "weeks_1", "weeks_2"},
    ]
