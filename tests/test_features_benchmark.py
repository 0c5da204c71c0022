"""The benchmark of the features runs, and who computes the same features gets the same values."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "features.py"


@pytest.mark.slow
def test_features_equal_sql_by_hand_and_what_other_libraries_give(tmp_path):
    out = tmp_path / "figures.json"
    command = [sys.executable, SCRIPT, "--quick", "--folder", tmp_path, "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "values: the same" in done.stdout
    took = json.loads(out.read_text())["figures"]["took"]
    assert {"ours 1", "by_hand 1", "ours 6", "by_hand 6", "join 6", "scan"} <= set(took)
    assert all("seconds" in took[name] for name in took if not name.startswith("with_"))
