"""Real exports through the whole line: the bars of the benchmarks, and columns that leak.

Needs data that is not part of the project; what it says is in ``benchmarks/``.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from risk_model.catalogue import Catalogue, Feature
from risk_model.pipelines.line import Line
from risk_model.settings import load_settings
from risk_model.timeline import DAY, day_number

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "real"
MAPPINGS = ROOT / "benchmarks" / "servicenow"
LOG = "incident_event_log.csv.gz"
LEAKING = ("resolved_at", "closed_at", "closed_code", "resolved_by")

needs_servicenow = pytest.mark.skipif(
    not (REAL / "servicenow").is_dir(), reason="the service desk's log is not beside the project"
)
needs_opslab = pytest.mark.skipif(
    not (REAL / "opslab").is_dir(), reason="the field-service exports are not beside the project"
)
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real data")]


def benchmark(name: str) -> ModuleType:
    """Load a script of benchmarks/, which is no package."""
    path = ROOT / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def judged() -> dict[str, dict[str, Any]]:
    """The benchmark's figures by label, each fitted on its training part."""
    script, told = benchmark("servicenow"), {}
    for label in ("a", "c"):
        protocol = script.read(REAL / "servicenow", label)
        scores = script.predict(protocol, script.fitted(protocol))
        told[label] = script.judge(protocol, scores, resamples=200)
    return told


@needs_servicenow
def test_the_test_part_is_that_of_the_protocol(judged: dict[str, dict[str, Any]]):
    for label, prevalence, auroc, precision in (
        ("a", 0.008, 0.705, 0.031),
        ("c", 0.004, 0.721, 0.015),
    ):
        facts, count = judged[label]["facts"], judged[label]["members"]["tickets in 30 days"]
        assert (facts["rows"], facts["callers"]) == (57_621, 5_068)
        assert facts["positives"] / facts["rows"] == pytest.approx(prevalence, abs=0.0005)
        assert count["auroc"] == pytest.approx(auroc, abs=0.0005)
        assert count["average_precision"] == pytest.approx(precision, abs=0.0005)


@needs_servicenow
def test_label_a_stands_where_it_stood(judged: dict[str, dict[str, Any]]):
    blend = judged["a"]["members"]["blend"]
    # 0.755 has been reported for hand-made counts (docs/decisions.md).
    assert blend["auroc"] >= 0.755
    assert blend["average_precision"] >= 0.055


@needs_servicenow
def test_label_c_does_not_fall_behind_what_was_reached(judged: dict[str, dict[str, Any]]):
    # 0.784 has been reported for hand-made counts and is not reached here (docs/decisions.md).
    members = judged["c"]["members"]
    assert max(members[name]["auroc"] for name in ("blend", "logistic", "boosting")) >= 0.765


@needs_servicenow
@pytest.mark.parametrize("label", ["a", "c"])
@pytest.mark.parametrize("figure", ["auroc", "average_precision"])
def test_the_blend_beats_counting_tickets_beyond_doubt(
    judged: dict[str, dict[str, Any]], label: str, figure: str
):
    assert judged[label]["blend_less_count"][figure]["low"] > 0


def reading_leaks() -> Catalogue:
    """The catalogue, and features of every column that the leaky mapping fills."""
    more: list[dict[str, Any]] = [
        {"name": "closing_codes_28d", "distinct": "category", "window": 28},
        {"name": "closers_28d", "distinct": "subject", "window": 28},
        {"name": "code_7_28d", "count": True, "window": 28, "where": {"category": "code 7"}},
        {"name": "missed_28d", "count": True, "window": 28, "where": {"csat": {"at_most": 2}}},
        {"name": "handed_over_often_28d", "sum": "reassignments", "window": 28},
        {
            "name": "open_code_6",
            "open": True,
            "interval": {"from": "opened_at", "until": "resolved_at"},
            "where": {"category": "code 6"},
        },
    ]
    made = (Feature(means=row["name"], source="tickets", **row) for row in more)
    return Catalogue(features=(*load_settings(ROOT).catalogue.features, *made))


def measured(data: Path, mapping: Path, day: int) -> pd.DataFrame:
    """Return the features of every caller known on a day, by account."""
    with Line.open(data, load_settings(ROOT), mapping) as line:
        snapshots = line.snapshots([day])
        snapshots = snapshots[snapshots["is_customer"]].reset_index(drop=True)
        features = line.measure(snapshots, reading_leaks())
    features.index = pd.Index(snapshots["account_id"], name="account_id")
    return features.sort_index()


def log_as_of(day: int, folder: Path) -> Path:
    """Write the log as it stood: no later update, and nothing of a closing that had not come."""
    folder.mkdir()
    with (
        gzip.open(REAL / "servicenow" / LOG, "rt", encoding="utf-8", newline="") as whole,
        gzip.open(folder / LOG, "wt", encoding="utf-8", newline="", compresslevel=1) as shorter,
    ):
        rows = csv.DictReader(whole)
        writer = csv.DictWriter(shorter, rows.fieldnames or [])
        writer.writeheader()
        for row in rows:
            if seconds(row["sys_updated_at"]) < day * DAY:
                unclosed = seconds(row["closed_at"]) >= day * DAY
                writer.writerow({**row, **(dict.fromkeys(LEAKING, "?") if unclosed else {})})
    return folder


def seconds(written: str) -> int:
    date, time = written.split(" ")
    day, month, year = (int(part) for part in date.split("/"))
    hour, minute = (int(part) for part in time.split(":"))
    return day_number(dt.date(year, month, day)) * DAY + hour * 3600 + minute * 60


def undeclared(folder: Path) -> Path:
    """Return the leaky mapping without its *known at*, but for the rows' own."""
    folder.mkdir()
    for path in MAPPINGS.glob("*.sql"):
        (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    mapping = (MAPPINGS / "sources-leaky.yaml").read_text(encoding="utf-8")
    kept = [line for line in mapping.splitlines() if not line.endswith(": closed_at")]
    assert len(kept) == len(mapping.splitlines()) - 5
    (folder / "sources.yaml").write_text("\n".join(kept) + "\n", encoding="utf-8")
    return folder / "sources.yaml"


def changed(first: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    """Return the features that differ for anybody."""
    assert list(first.index) == list(other.index) and len(first) > 1_000
    return [
        name
        for name in first.columns
        if not np.allclose(
            first[name].to_numpy(float), other[name].to_numpy(float), rtol=1e-9, equal_nan=True
        )
    ]


@needs_servicenow
def test_leaking_columns_that_are_declared_known_at_the_closing_change_nothing_before_it(
    tmp_path: Path,
):
    day = day_number(dt.date(2016, 5, 11))
    mapping = MAPPINGS / "sources-leaky.yaml"
    now = measured(REAL / "servicenow", mapping, day)
    leaky = undeclared(tmp_path / "undeclared")
    told = measured(REAL / "servicenow", leaky, day)
    own = ["closing_codes_28d", "closers_28d", "code_7_28d", "missed_28d", "handed_over_often_28d"]
    log = log_as_of(day, tmp_path / "then")
    then = measured(log, mapping, day)
    assert changed(now, then) == []
    # They are read, and tell something once it is time.
    assert all(then[name].nunique() > 1 for name in own)
    leaked = changed(told, measured(log, leaky, day))
    assert {"closing_codes_28d", "closers_28d", "code_7_28d", "open_code_6"} <= set(leaked)


@needs_opslab
def test_a_watchlist_is_made_of_exports_as_they_come():
    watchlist = benchmark("opslab").watchlist(REAL / "opslab")
    counts = watchlist.run["counts"]
    assert counts["accounts_read"] == 640 == sum(counts.values()) - counts["accounts_read"]
    assert (len(watchlist.ranked), len(watchlist.escalated)) == (counts["ranked"], 6)
    assert watchlist.ranked["rules_fired"].ne("").sum() > 50
    assert watchlist.ranked["escalation_probability"].between(0, 1).all()


@needs_opslab
def test_no_skill_is_found_where_escalations_were_drawn_at_random():
    script = benchmark("opslab")
    judged = script.figures(REAL / "opslab", every_days=28, folds=3)
    evaluation = judged.evaluation
    assert evaluation is not None
    blend = evaluation.intervals["blend"]["auroc"]
    assert blend.low <= 0.5 <= blend.high
    # Of several 95% intervals one may miss a half, but none may claim to be *better* than chance.
    assert all(evaluation.intervals[name]["auroc"].low <= 0.5 for name in ("logistic", "boosting"))
    assert not judged.has_signal and not script.skilled(judged)
