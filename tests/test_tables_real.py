"""The mappings of two real exports: what they read is what the exports said by then."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from risk_model.tables import Tables, open_tables
from risk_model.timeline import day_number

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "real"
needs_servicenow = pytest.mark.skipif(
    not (REAL / "servicenow").is_dir(), reason="the service desk's log is not beside the project"
)
needs_opslab = pytest.mark.skipif(
    not (REAL / "opslab").is_dir(), reason="the field-service exports are not beside the project"
)


Log = dict[str, list[dict[str, str]]]


def servicenow(label: str) -> Tables:
    return open_tables(
        REAL / "servicenow", ROOT / "benchmarks" / "servicenow" / f"sources-{label}.yaml"
    )


@pytest.fixture(scope="module")
def desk() -> Iterator[Tables]:
    """The service desk's tables with label a."""
    with servicenow("a") as tables:
        yield tables


@pytest.fixture(scope="module")
def log() -> Log:
    """The log by incident, in the order of its own counter, read without the product."""
    by_number = defaultdict(list)
    with gzip.open(
        REAL / "servicenow" / "incident_event_log.csv.gz", "rt", encoding="utf-8"
    ) as file:
        for row in csv.DictReader(file):
            by_number[row["number"]].append(row)
    for rows in by_number.values():
        rows.sort(key=lambda row: int(row["sys_mod_count"]))
    return by_number


@cache
def when(written: str) -> int:
    return int(dt.datetime.strptime(written, "%d/%m/%Y %H:%M").replace(tzinfo=dt.UTC).timestamp())


@needs_servicenow
def test_the_service_desks_tickets_say_only_what_the_log_said_by_then(desk: Tables, log: Log):
    assert desk.report.tables["accounts"].kept == 5_244
    assert desk.report.tables["tickets"].read == len(log) == 24_918
    kept = desk.frame("tickets").set_index("ticket_id")
    for number, row in kept.sample(3_000, random_state=0).iterrows():
        rows = log[str(number)]
        assert row["priority"] == "P" + rows[0]["priority"][0]
        assert row["opened_at"] == when(rows[0]["opened_at"])
        done = [u for u in rows if u["incident_state"] in ("Resolved", "Closed")]
        assert row["resolved_at"] == min(when(u["sys_updated_at"]) for u in done)
        assert row["row_known"] >= row["opened_at"]


@needs_servicenow
def test_cutting_the_service_desk_equals_a_log_that_ends_there(desk: Tables, tmp_path: Path):
    as_of = day_number(dt.date(2016, 4, 20))
    source = REAL / "servicenow" / "incident_event_log.csv.gz"
    late = {"resolved_at", "closed_at", "closed_code", "resolved_by", "made_sla"}
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        with gzip.open(tmp_path / source.name, "wt", encoding="utf-8", newline="") as shorter:
            writer = csv.DictWriter(shorter, rows.fieldnames or [])
            writer.writeheader()
            for row in rows:
                if when(row["sys_updated_at"]) < as_of * 86_400:
                    writer.writerow({**row, **dict.fromkeys(late, "?")})
    mapping = ROOT / "benchmarks" / "servicenow" / "sources-a.yaml"
    then, cut = open_tables(tmp_path, mapping), desk.cut(as_of)
    for name in ("tickets", "ticket_events", "escalations"):
        first, other = (
            t.frame(name).pipe(lambda f: f[f["row_known"] < as_of * 86_400]) for t in (then, cut)
        )
        keys = [
            c for c in ("ticket_id", "escalation_id", "occurred_at", "kind", "value") if c in first
        ]
        first, other = (f.sort_values(keys).reset_index(drop=True) for f in (first, other))
        assert len(first) > 200
        pd.testing.assert_frame_equal(first, other, check_dtype=False)


@needs_servicenow
def test_the_two_labels_are_those_of_the_protocol(desk: Tables, log: Log):
    urgent = ("1 - Critical", "2 - High")
    opened, raised = {}, {}
    for number, rows in log.items():
        before = None
        for row in rows:
            key, priority = f"{number}-{row['sys_mod_count']}", row["priority"]
            if priority in urgent and before is None:
                opened[key] = when(row["opened_at"])
            elif priority in urgent and priority < str(before):
                raised[key] = when(row["sys_updated_at"])
            before = priority
    for tables, expected in ((desk, opened | raised), (servicenow("c"), raised)):
        frame = tables.frame("escalations")
        found = dict(zip(frame["escalation_id"], frame["opened_at"], strict=True))
        assert found == expected
        assert frame["closed_at"].isna().all()
    assert (len(opened), len(raised)) == (496, 306)


@needs_opslab
def test_the_field_service_exports_come_in_and_add_up():
    sources = ROOT / "benchmarks" / "opslab" / "sources.yaml"
    tables = open_tables(REAL / "opslab", sources)
    read = {name: report.read for name, report in tables.report.tables.items()}
    assert read == {
        "accounts": 640 + 88,
        "tickets": 1_840,
        "messages": 2_200 - 156,
        "renewals": 310,
        "escalations": 88,
    }
    assert tables.report.refused == 1
    customers = pd.read_csv(REAL / "opslab" / "customers.csv").set_index("account_id")
    accounts = tables.frame("accounts")
    assert accounts["arr"].to_numpy() == pytest.approx(customers["arr"][accounts["account_id"]])
    ended = accounts[accounts["contract_end"].notna()]
    assert (ended["contract_end"] == ended["valid_from"]).all() and len(ended) == 87
    assert tables.frame("escalations")["closed_at"].isna().sum() == 6
    assert set(tables.frame("messages")["direction"]) == {"outbound"}
