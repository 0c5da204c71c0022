"""What is said of many accounts is said piece by piece, and is the same as of all at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from risk_model import csv_text
from risk_model.engines import duckdb as engine
from risk_model.features import heard, matters
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.settings import load_settings
from risk_model.tables import repeats

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
