"""A disk that is full is no fault of the data: it is said which folder has no room."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from risk_model.tables.csv_files import unreadable
from risk_model.tables.resources import too_little

FULL = (
    'TransactionContext Error: Failed: Could not write file "/tmp/x/t.wal": No space left on device'
)

pytestmark = pytest.mark.slow


def test_no_space_is_never_blamed_on_a_file_of_the_data():
    error = duckdb.TransactionException(FULL)
    with pytest.raises(duckdb.TransactionException):
        raise unreadable("usage.csv", error)
    assert str(too_little(error)).startswith("/tmp/x: cannot be written (No space left on device).")


def test_other_errors_of_the_engine_are_left_to_what_they_are():
    assert too_little(duckdb.InvalidInputException("Invalid Input Error: a quote")) is None


def _in_a_small_folder(folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command with 300 kB for its temporary files: a file system that it alone sees."""
    mount = f'mount -t tmpfs -o size=300k tmpfs "{folder}" && exec "$@"'
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh", *command],
        check=False,
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_full_disk_ends_the_run_with_its_folder(tmp_path: Path):
    folder, data = tmp_path / "small", tmp_path / "data"
    folder.mkdir()
    data.mkdir()
    try:
        possible = _in_a_small_folder(folder, ["true"]).returncode == 0
    except FileNotFoundError:
        possible = False
    if not possible:
        pytest.skip("this system lets nobody mount a small file system of his own")
    (data / "accounts.csv").write_text("account_id\na\n")
    rows = "".join(f"{i},a,2026-03-01,{hash(str(i))}\n" for i in range(50_000))
    (data / "tickets.csv").write_text("ticket_id,account_id,opened_at,subject\n" + rows)
    check = [sys.executable, "-m", "risk_model.cli", "check", "--data", str(data)]
    done = _in_a_small_folder(folder, check)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr and "tickets.csv" not in done.stderr
    assert f"risk-model: {folder}/risk-model-" in done.stderr
    assert "cannot be written (No space left on device)." in done.stderr
