"""The readers on damaged tables: an answer in words, or figures that add up; never a traceback.

``RISK_MODEL_FUZZ_SECONDS`` says how long (30 unless said; ``make fuzz`` takes ten minutes),
``RISK_MODEL_FUZZ_SEED`` where to begin: the same seed draws the same tables.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings

from fuzzing import Spoilt, folders
from risk_model.errors import RiskModelError
from risk_model.tables import Tables, check_lines, check_sentences, open_tables, write_refused

SECONDS = float(os.environ.get("RISK_MODEL_FUZZ_SECONDS", "30"))
FIRST_SEED = int(os.environ.get("RISK_MODEL_FUZZ_SEED", "0"))
A_ROUND = 25
TOO_LONG = 60
AS_OF = 19_900


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Fail where something takes longer: a reader that hangs is no answer either."""

    def ring(*_: object) -> None:
        raise TimeoutError(f"no answer within {seconds} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def lay(folder: Path, spoilt: list[Spoilt], mapping: bytes | None) -> Path:
    for table in spoilt:
        table.write(folder)
    if mapping is not None:
        (folder / "sources.yaml").write_bytes(mapping)
    return folder


def assert_it_adds_up(tables: Tables, folder: Path) -> None:
    refused = tables.refused()
    for name, report in tables.report.tables.items():
        assert report.read == report.kept + report.refused, name
        frame = tables.frame(name)
        assert report.kept == len(frame) + report.merged, name
        lines = refused.loc[refused["table"] == name, "line"]
        assert lines.nunique() == report.refused, name
        assert lines.notna().all(), name
        assert sum(report.reasons.values()) >= report.refused, name
        assert frame["row_known"].notna().all(), name
    said = [*check_sentences(tables), *(line.state for line in check_lines(tables, AS_OF))]
    assert all(sentence.strip() for sentence in said)
    assert write_refused(tables, folder / "refused.csv") == len(refused)


def assert_nothing_is_lost(tables: Tables, spoilt: list[Spoilt]) -> None:
    """Where the bytes are as a writer of CSV left them, every row of the writer was read."""
    for table in spoilt:
        report = tables.report.tables.get(table.table)
        if report is None or table.byte_steps or not table.form.startswith("csv"):
            continue
        rows = list(csv.reader(io.StringIO(table.text(), newline=""), delimiter=table.delimiter))
        # a blank line is a row of an only column, and of no other table
        counted = [row for row in rows[1:] if row or len(rows[0]) == 1]
        assert report.read == len(counted), table.table


def survive(spoilt: list[Spoilt], mapping: bytes | None) -> str:
    """Read spoilt tables; return how that ended."""
    folder = Path(tempfile.mkdtemp(prefix="risk-model-fuzz-"))
    try:
        with at_most(TOO_LONG):
            try:
                tables = open_tables(lay(folder, spoilt, mapping))
            except RiskModelError as error:
                assert str(error).strip()
                assert "Traceback" not in str(error)
                return "refused"
            with tables:
                assert_it_adds_up(tables, folder)
                if mapping is None:
                    assert_nothing_is_lost(tables, spoilt)
            return "read"
    finally:
        shutil.rmtree(folder)


@pytest.mark.slow
def test_damaged_tables_end_in_words_or_in_figures_that_add_up():
    until, number = time.monotonic() + SECONDS, FIRST_SEED
    ends = {"read": 0, "refused": 0}
    while time.monotonic() < until:

        @seed(number)
        @settings(
            max_examples=A_ROUND,
            database=None,
            derandomize=False,
            suppress_health_check=list(HealthCheck),
        )
        @given(folders())
        def read_spoilt(drawn: tuple[list[Spoilt], bytes | None]) -> None:
            if time.monotonic() < until + TOO_LONG:
                ends[survive(*drawn)] += 1

        try:
            read_spoilt()
        except BaseException as error:
            error.add_note(f"again with RISK_MODEL_FUZZ_SEED={number}")
            raise
        number += 1
    print(f"{sum(ends.values())} folders, seeds {FIRST_SEED}…{number - 1}: {ends}")
    assert min(ends.values()) > 0
