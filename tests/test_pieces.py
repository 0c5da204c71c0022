"""What is said of many accounts is said piece by piece, and is the same as of all at once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from risk_model.engines import duckdb as engine
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.settings import load_settings


def listed(data: Path, texts: Path, monkeypatch: pytest.MonkeyPatch, piece: int) -> pd.DataFrame:
    monkeypatch.setattr(engine, "PIECE", piece)
    with Line.open(data, load_settings(), cache=texts) as line:
        return score(line, model="rules").ranked


@pytest.mark.slow
def test_a_list_made_in_pieces_is_the_list_made_at_once(
    sample_folder: Path, text_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = listed(sample_folder, text_cache, monkeypatch, 1_000_000)
    pieces = listed(sample_folder, text_cache, monkeypatch, 32)
    assert len(whole) > 100
    pd.testing.assert_frame_equal(pieces, whole)
