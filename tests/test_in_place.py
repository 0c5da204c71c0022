"""A large Parquet file stays where it lies: the same tables, and a file that moves is refused."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from part_of_sample import first_accounts
from risk_model.errors import DataRefused
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.settings import load_settings
from risk_model.tables import in_place, open_tables
from risk_model.tables.opened import Tables
from small_company import account, day, desk, write_tables

pytestmark = pytest.mark.slow

RULES = "rules"


def usage(rows: int = 40) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": ["A", "B"] * (rows // 2),
            "date": pd.to_datetime([day(1 + n // 2) for n in range(rows)]),
            "active_users": [float(n % 7) for n in range(rows)],
            "seats": 10,
        }
    )


def company(folder: Path, table: pd.DataFrame) -> Path:
    write_tables(folder, accounts=[account("A"), account("B")], tickets=desk("A"))
    table.to_parquet(folder / "usage.parquet", index=False)
    return folder


def typed(tables: Tables) -> pd.DataFrame:
    frame = tables.frame("usage")
    return frame.sort_values(list(frame.columns), ignore_index=True)


def kind_of(tables: Tables) -> str:
    """Return whether usage is a copy or a view."""
    found = tables.connection.execute(
        "SELECT table_type FROM information_schema.tables WHERE table_name = 'usage'"
    ).fetchone()
    assert found is not None
    return str(found[0])


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a file of any size where it lies."""
    monkeypatch.setattr(in_place, "FROM_ROWS", 1)


def test_small_files_are_copied_and_may_change(tmp_path: Path) -> None:
    with open_tables(company(tmp_path, usage())) as tables:
        assert kind_of(tables) == "BASE TABLE"
        (tmp_path / "usage.parquet").unlink()
        assert len(tables.frame("usage")) == 40


def test_a_file_with_something_to_say_of_its_days_is_copied(tmp_path: Path, at_once: None) -> None:
    table = usage()
    company(tmp_path, table.assign(date=table["date"].dt.strftime("%m/%d/%Y")))
    (tmp_path / "sources.yaml").write_text(
        "tables:\n  accounts: {file: accounts.csv}\n"
        "  usage: {file: usage.parquet, dates: ['%m/%d/%Y', '%d/%m/%Y']}\n"
    )
    with open_tables(tmp_path) as tables:
        assert kind_of(tables) == "BASE TABLE"
        assert any("fit more than one of its formats" in said for said in tables.report.notices)


SHAPES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "as the contract has it": lambda table: table,
    "whole numbers and texts": lambda t: t.assign(date=t["date"].astype(str), active_users=3),
    "missing values": lambda t: t.assign(active_users=t["active_users"].where(t.index % 3 > 0)),
    "moments with a zone": lambda t: t.assign(date=t["date"].dt.tz_localize("Europe/Berlin")),
    "told of later": lambda t: t.assign(recorded_at=t["date"] + pd.Timedelta(days=4)),
    "a column of their own": lambda t: t.assign(Region="north"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_file_that_stays_where_it_lies_is_the_table_that_a_copy_is(
    shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company(tmp_path, SHAPES[shape](usage()))
    with open_tables(tmp_path) as copied:
        expected, report = typed(copied), copied.report
        assert kind_of(copied) == "BASE TABLE"
        earlier = typed(copied.cut(20_530))
    monkeypatch.setattr(in_place, "FROM_ROWS", 1)
    with open_tables(tmp_path) as there:
        assert kind_of(there) == "VIEW"
        pd.testing.assert_frame_equal(typed(there), expected)
        assert there.report == report
        pd.testing.assert_frame_equal(typed(there.cut(20_530)), earlier)
        assert 0 < len(earlier) < 40


WRONG: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "a cell": lambda t: t.assign(active_users=t["active_users"].where(t.index != 5, -1.0)),
    "a stranger": lambda t: t.assign(account_id=t["account_id"].where(t.index != 5, "Z")),
    "no account": lambda t: t.assign(account_id=t["account_id"].where(t.index != 5, None)),
    "a row that stands there twice": lambda t: pd.concat([t, t[:1]]),
    "a row that contradicts": lambda t: pd.concat([t, t[:1].assign(active_users=99.0)]),
}


@pytest.mark.parametrize("again", [None, -200, -64, -1, 0, 63, 64, 199])
def test_a_day_is_found_again_wherever_it_lies(again: int | None) -> None:
    days = [*range(-200, 200), *([] if again is None else [again])]
    rows = ", ".join(f"('A', {one}), ('B', {one * 1000})" for one in days[:400])
    rows += f", ('A', {days[-1]})" if again is not None else ""
    typed = f"(SELECT * FROM (VALUES {rows}) AS t(account_id, date))"
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT * FROM {in_place._repeated_days(typed)}").fetchall()
    assert len(found) == (again is not None)


@pytest.mark.parametrize("what", WRONG)
def test_where_a_row_is_wrong_the_others_are_copied(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company(tmp_path, WRONG[what](usage()))
    with open_tables(tmp_path) as copied:
        expected, report, refused = typed(copied), copied.report, copied.refused()
    assert report.tables["usage"].refused + report.tables["usage"].merged > 0
    monkeypatch.setattr(in_place, "FROM_ROWS", 1)
    with open_tables(tmp_path) as there:
        assert kind_of(there) == "BASE TABLE"
        pd.testing.assert_frame_equal(typed(there), expected)
        assert there.report == report
        pd.testing.assert_frame_equal(there.refused(), refused)


def rewritten(path: Path) -> None:
    usage(60).to_parquet(path, index=False)


def replaced(path: Path) -> None:
    other = path.with_name("other")
    usage().assign(active_users=5.0).to_parquet(other, index=False)
    other.replace(path)


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("change", [rewritten, replaced, cut_off, Path.unlink])
def test_a_file_that_changes_while_it_is_read_is_refused_and_the_old_list_stays(
    change: Callable[[Path], None], tmp_path: Path
) -> None:
    company(tmp_path / "data", usage())
    out = tmp_path / "list.csv"
    out.write_text("the old list\n")
    with Line.open(tmp_path / "data", load_settings()) as line:
        assert kind_of(line.tables) == "VIEW"
        change(tmp_path / "data" / "usage.parquet")
        with pytest.raises(DataRefused, match=r"usage\.parquet: the file changed while it was"):
            score(line, model=RULES).write(out)
        with pytest.raises(DataRefused, match="changed"):
            line.tables.frame("usage")
        with pytest.raises(DataRefused, match="changed"):
            line.cut(20_530)
    assert out.read_text() == "the old list\n"


@pytest.mark.usefixtures("at_once")
def test_whatever_asks_for_a_file_that_went_away_is_told_so(tmp_path: Path) -> None:
    company(tmp_path, usage())
    with (
        pytest.raises(DataRefused, match="changed while it was being read"),
        Line.open(tmp_path, load_settings()) as line,
    ):
        (tmp_path / "usage.parquet").unlink()
        line.engine.table("usage")


def test_the_list_of_files_that_stay_where_they_lie_is_that_of_copies(
    sample_folder: Path, text_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = first_accounts(sample_folder, tmp_path / "data", 40)
    source = data / "usage.csv.gz"
    duckdb.sql(f"COPY (FROM '{source}') TO '{data}/usage.parquet'")
    source.unlink()

    def lists(name: str) -> list[object]:
        with Line.open(data, load_settings(), cache=text_cache) as line:
            kind = kind_of(line.tables)
            *files, record = score(line, date(2026, 5, 18), model=RULES).write(tmp_path / name)
        notes = json.loads(record.read_text())["notes"]
        return [kind, [file.read_bytes() for file in files], notes]

    copied = lists("copied.csv")
    monkeypatch.setattr(in_place, "FROM_ROWS", 1)
    there = lists("there.csv")
    assert (copied[0], there[0]) == ("BASE TABLE", "VIEW")
    assert copied[1:] == there[1:]
