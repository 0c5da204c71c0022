"""A run that nobody watches: what would mislead stops it, and today is not over yet."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from conftest import Trained
from part_of_sample import first_accounts
from risk_model.engines.duckdb import DuckDBEngine
from risk_model.errors import DataRefused, RiskModelError
from risk_model.features.snapshots import newest_day
from risk_model.pipelines.last_run import refuse_lost_champion
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.tables import open_tables
from risk_model.text import hear_all
from risk_model.timeline import today
from small_company import AS_OF, SETTINGS, Row, account, day, desk, write_tables

pytestmark = pytest.mark.slow
WAITS = {"first_response_at": "", "resolved_at": ""}
NAMES = [f"A{number:02d}" for number in range(24)]


def company(folder: Path, accounts: list[Row]) -> Path:
    tickets = [row for n, name in enumerate(NAMES) for row in desk(name, 10 * n)]
    return write_tables(folder, accounts=accounts, tickets=tickets)


def scored(folder: Path, previous: Path | None = None) -> dict[str, int]:
    with Line.open(folder, SETTINGS) as line:
        counts: dict[str, int] = score(line, AS_OF, model="rules", previous=previous).run["counts"]
    return counts


def last_list(folder: Path, **record: str) -> Path:
    out = folder / "last.csv"
    rows = pd.DataFrame({"account_id": NAMES, "rank": range(1, 25), "as_of": day(7)})
    rows.to_csv(out, index=False)
    (folder / "last.run.json").write_text(json.dumps(record))
    return out


@pytest.mark.parametrize(
    "text",
    ["The export does n't work since Monday.", "<p>It does<b>n't</b> load.</p>", "n't", "N\u2019T"],
)
def test_a_not_that_stands_alone_is_a_not(text: str) -> None:
    assert len(hear_all([text, "We don't see it."], SETTINGS.lexicons, jobs=1)) == 2


def test_most_accounts_refused_is_an_export_gone_wrong(tmp_path: Path) -> None:
    few = [account(n, arr="$1,000.00" if n < "A12" else 1000) for n in NAMES]
    assert scored(company(tmp_path / "half", few))["refused"] == 12
    most = [account(n, arr="$1,000.00" if n < "A13" else 1000) for n in NAMES]
    with pytest.raises(DataRefused, match="13 of 24 accounts are refused") as refused:
        scored(company(tmp_path / "most", most))
    assert "not a number" in str(refused.value)
    assert "risk-model check" in str(refused.value)


def test_most_of_the_last_lists_accounts_gone_is_one_too(tmp_path: Path) -> None:
    last = last_list(tmp_path)
    half = [account(n) for n in NAMES[:12]]
    assert scored(company(tmp_path / "half", half), last)["ranked"] == 12
    ended = [account(n, contract_end=day(1) if n < "A13" else "") for n in NAMES]
    for kind, rows, told in (
        ("cut", [account(n) for n in NAMES[:11]], "13 not in accounts"),
        ("ended", ended, "13 no customer any more"),
    ):
        folder = company(tmp_path / kind, rows)
        with pytest.raises(DataRefused, match=r"13 of the 24 accounts of last\.csv") as refused:
            scored(folder, last)
        assert told in str(refused.value)
        assert "leave --previous out" in str(refused.value)
        assert scored(folder)["ranked"] == 11


def test_the_rules_do_not_stand_in_for_a_model_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(RiskModelError, match="was scored by model 3") as refused:
        refuse_lost_champion(last_list(tmp_path, scored_by="3"))
    assert "MLFLOW_TRACKING_URI" in str(refused.value)
    assert "--model rules" in str(refused.value)
    refuse_lost_champion(last_list(tmp_path, scored_by="rules"))
    refuse_lost_champion(None)


def test_a_registry_that_is_gone_stops_the_next_list(
    trained: Trained, sample_folder: Path, tmp_path: Path
) -> None:
    data = first_accounts(sample_folder, tmp_path / "data", 20)
    trained.command.score(data, "--as-of", "2026-06-22", out="before.csv")
    asked = ("score", "--data", data, "--previous", "before.csv", "--out", "now.csv")
    gone = f"sqlite:///{tmp_path}/gone/mlflow.db"
    done = trained.command(*asked, MLFLOW_TRACKING_URI=gone)
    assert done.code == 1
    assert re.search(r"before\.csv was scored by model \S+, and no champion", done.said)
    assert not (trained.folder / "now.csv").exists()
    assert trained.command(*asked, "--model", "rules", MLFLOW_TRACKING_URI=gone).code == 0


def test_a_table_that_the_champion_learnt_from_is_named_where_it_is_empty(
    trained: Trained, sample_folder: Path, tmp_path: Path
) -> None:
    data = first_accounts(sample_folder, tmp_path / "data", 20)
    (tickets,) = data.glob("tickets.csv*")
    header = pd.read_csv(tickets, nrows=0)
    tickets.unlink()
    header.to_csv(data / "tickets.csv", index=False)
    done = trained.command("score", "--data", data, "--out", "empty.csv")
    assert done.code == 3
    assert re.search(r"tickets\.csv: not a single row, and model \S+ was trained", done.said)
    assert "ticket_events" not in done.said


def test_a_day_counts_when_it_is_over(tmp_path: Path) -> None:
    now = pd.Timestamp(today(), unit="D").date()
    rows: list[Row] = [
        {"account_id": NAMES[0], "date": str(now - pd.Timedelta(days=ago)), "logins": 3}
        for ago in range(1, 30)
    ]
    night = f"{now}T00:00:01Z"
    task = {"task_id": "1", "account_id": NAMES[0], "created_at": f"{day(9)}T00:00:00Z"}
    tasks = [{**task, "due_at": f"{now}T00:00:00Z", "owner_side": "ours", "done_at": ""}]
    tickets = [{**desk(NAMES[0])[0], "ticket_id": "T9", "opened_at": night} | WAITS]
    folder = write_tables(
        tmp_path, accounts=[account(NAMES[0])], usage=rows, tasks=tasks, tickets=tickets
    )
    with open_tables(folder) as tables:
        assert newest_day(DuckDBEngine(tables.connection), tables.present) == today()
    with Line.open(folder, SETTINGS) as line:
        assert line.day_of(None) == today()
        assert [n for n in line.notices if "of today" in n and "tickets 1" in n]
