"""What is said of many accounts is said piece by piece, and is the same as of all at once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from part_of_sample import first_accounts
from risk_model import csv_text
from risk_model.engines import duckdb as engine
from risk_model.features import build, heard, matters
from risk_model.pipelines.features import write_features
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.settings import load_settings
from risk_model.tables import repeats
from risk_model.tables.one_account import one_account

MEASURED = ("seconds", "made_at", "resources")


def listed(data: Path, texts: Path, out: Path) -> tuple[bytes, bytes, dict[str, Any]]:
    with Line.open(data, load_settings(), cache=texts) as line:
        files = score(line, model="rules").write(out / "list.csv")
    ranked, escalated, record = (file.read_bytes() for file in files)
    run = {name: value for name, value in json.loads(record).items() if name not in MEASURED}
    return ranked, escalated, run


@pytest.mark.slow
def test_a_list_made_in_pieces_is_the_list_made_at_once(
    sample_folder: Path, text_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = listed(sample_folder, text_cache, tmp_path)
    assert len(whole[0].splitlines()) > 100
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "2")
    pieces = {
        (engine, "PIECE"): 32,
        (heard, "PIECE"): 500,
        (matters, "AT_ONCE"): 300,
        (repeats, "AT_ONCE"): 1_000,
        (csv_text, "SLICE"): 50,
    }
    for (module, name), rows in pieces.items():
        assert getattr(module, name) > 5 * rows
        monkeypatch.setattr(module, name, rows)
    assert listed(sample_folder, text_cache, tmp_path) == whole


@pytest.mark.slow
def test_features_written_in_pieces_are_those_measured_at_once(
    sample_folder: Path, text_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = first_accounts(sample_folder, tmp_path / "data", 12)
    out, settings = tmp_path / "features.parquet", load_settings()
    some = {f.name for f in settings.catalogue.features if f.source in ("usage", "tickets")}
    settings = replace(settings, catalogue=settings.catalogue.only(some))
    with Line.open(data, settings, cache=text_cache) as line:
        days = [line.day_of(None) - ago for ago in (0, 21, 70)]
        snapshots = line.snapshots(days)
        snapshots = snapshots[snapshots["is_customer"]].reset_index(drop=True)
        at_once = line.measure(snapshots, line.settings.catalogue)
        monkeypatch.setattr(build, "PIECE", 5)
        many, features = write_features(line, days, out)
        shuffled = snapshots.sample(frac=1, random_state=0)
        by_pieces = line.measure(shuffled, line.settings.catalogue)
    assert (many, features) == at_once.shape
    assert pq.ParquetFile(out).num_row_groups > 1
    assert pq.read_schema(out).field("as_of").type == pa.date32()
    written = pd.read_parquet(out)
    assert written["account_id"].tolist() == snapshots["account_id"].tolist()
    since = pd.to_datetime(written["as_of"]) - pd.Timestamp(0)
    assert since.dt.days.tolist() == snapshots["as_of"].tolist()
    pd.testing.assert_frame_equal(written[at_once.columns], at_once, rtol=1e-12)
    by_pieces = by_pieces.set_axis(shuffled.index).loc[at_once.index]
    pd.testing.assert_frame_equal(by_pieces, at_once, rtol=1e-12)


def test_pieces_that_come_before_their_turn_wait_for_it() -> None:
    rows = np.random.default_rng(0).permutation(1_000)
    came = pd.DataFrame({"row": rows, "value": rows / 7})
    pieces = list(build._in_order(came.iloc[at : at + 90] for at in range(0, 1_000, 90)))
    assert len(pieces) > 1
    assert pd.concat(pieces)["value"].tolist() == (np.arange(1_000) / 7).tolist()
    straight = came.sort_values("row")
    pieces = list(build._in_order(straight.iloc[at : at + 90] for at in range(0, 1_000, 90)))
    assert [len(piece) for piece in pieces] == [90] * 11 + [10]


def test_features_of_a_day_without_customers_are_an_empty_table(tmp_path: Path) -> None:
    out = tmp_path / "none.parquet"
    with one_account(20_000, 20_050) as tables:
        line = Line(tables, load_settings())
        assert write_features(line, [19_000], out)[0] == 0
        names = line.settings.catalogue.names
    assert pq.read_schema(out).names == ["account_id", "as_of", *names]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["none.parquet"]


@pytest.mark.parametrize("rows", [1, 7, 100, 10_000])
def test_numbers_that_stand_there_again_are_found_part_by_part(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = np.random.default_rng(rows).integers(0, 2**64, 1_000, dtype=np.uint64)
    numbers[500:520] = numbers[0]
    numbers[999] = numbers[998]
    monkeypatch.setattr(repeats, "AT_ONCE", rows)
    with engine.duckdb.connect() as connection:
        connection.register("given", pd.DataFrame({"n": numbers}))
        found = repeats.repeated(connection, "n", "given")
    assert sorted(found) == sorted({numbers[0], numbers[998]})


def test_numbers_sorted_at_once_keep_to_a_part_of_a_small_memory() -> None:
    with engine.duckdb.connect() as connection:
        for memory, megabytes in (("4GB", 512), ("400MB", 100), ("60MB", 16)):
            connection.execute(f"SET memory_limit = '{memory}'")
            at_once = 2 * 8 * repeats._at_once(connection)
            assert at_once <= megabytes * 1e6
            assert at_once > 0.9 * megabytes * 1e6
