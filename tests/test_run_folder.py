"""What a run keeps on disk is gone after it, even where it was killed."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from risk_model.tables import open_tables
from risk_model.tables.resources import Resources
from risk_model.tables.run_folder import YOUNG
from small_company import account, desk, write_tables

OPENS = """
import sys
from pathlib import Path
from risk_model.tables import open_tables
from risk_model.tables.resources import Resources
tables = open_tables(Path(sys.argv[1]), resources=Resources(spill=Path(sys.argv[2])))
print("open", flush=True)
sys.stdin.read()
"""


LISTENS = """
import sys
from pathlib import Path
from risk_model.pipelines.listen import Wanted, listen
from risk_model.settings import load_settings
from risk_model.tables.resources import Resources
def wait(rows):
    print("open", flush=True)
    sys.stdin.read()
file, spill = map(Path, sys.argv[1:])
out, lexicons = file.with_name("heard.csv"), load_settings().lexicons
resources = Resources(spill=spill)
listen(file, out, lexicons, Wanted(), jobs=1, progress=wait, resources=resources)
"""
EXCHANGES = """
import os, sys
from risk_model.engines.spark_session import exchange_folder
os.environ["RISK_MODEL_SPARK_FOLDER"] = sys.argv[2]
(exchange_folder("local[1]") / "texts").write_text(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


def opened_elsewhere(data: Path, spill: Path, how: str = OPENS) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", how, str(data), str(spill)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def aged(spill: Path) -> set[Path]:
    """Make every folder of a run look as if it had begun long ago."""
    for held in spill.glob("*/held"):
        long_ago = held.stat().st_mtime - 2 * YOUNG
        os.utime(held, (long_ago, long_ago))
    return set(spill.iterdir())


@pytest.mark.slow
def test_the_next_run_removes_what_a_killed_one_left_and_nothing_of_one_that_lives(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = write_tables(tmp_path / "data", accounts=[account("A")], tickets=desk("A"))
    spill, of_somebody_else = tmp_path / "spill", tmp_path / "spill" / "risk-model-notes"
    of_somebody_else.mkdir(parents=True)
    killed = opened_elsewhere(data, spill)
    left = set(spill.iterdir()) - {of_somebody_else}
    killed.kill()
    killed.wait()
    with opened_elsewhere(data, spill) as living:
        assert left < set(spill.iterdir()), "young folders are left alone"
        before = aged(spill)
        with caplog.at_level(logging.WARNING, "risk_model"):
            open_tables(data, resources=Resources(spill=spill)).close()
        assert set(spill.iterdir()) == before - left
        assert [record.message for record in caplog.records if "cut off" in record.message] == [
            f"removed what a run that was cut off had left: {folder.name}" for folder in left
        ]
        living.communicate("")
    assert set(spill.iterdir()) == {of_somebody_else}


@pytest.mark.slow
@pytest.mark.parametrize("how", [LISTENS, EXCHANGES], ids=["text", "spark"])
def test_texts_that_a_killed_run_read_or_handed_to_spark_are_removed_by_the_next(
    tmp_path: Path, how: str
) -> None:
    file, spill = tmp_path / "messages.csv", tmp_path / "spill"
    file.write_text("message_id,text\n1,We will cancel our contract.\n")
    spill.mkdir()
    killed = opened_elsewhere(file, spill, how)
    assert len(list(spill.iterdir())) == 1, "everything lies in the folder that was asked for"
    killed.kill()
    killed.wait()
    left = aged(spill)
    assert len(left) == 1
    with opened_elsewhere(file, spill, how) as living:
        assert not left & set(spill.iterdir())
        living.communicate("")
    assert len(list(spill.iterdir())) == (how is EXCHANGES), "only an engine ends its own"
