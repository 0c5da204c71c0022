"""Two runs at once: one cache of heard texts, new, broken or begun, and nothing is lost."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from risk_model.text.cache import SignalCache, digest_of, read_ahead

ROOT = Path(__file__).parents[1]
OF_VALUE = b"something of value, but no database" * 50
HEARING = """
import sys, time
from pathlib import Path
from risk_model.text import hear_all, load_lexicons
lexicons = load_lexicons(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
texts = [f"Message {n}: the site is down and we will cancel our contract." for n in range(600)]
print(float(hear_all(texts, lexicons, cache=Path(sys.argv[2]), jobs=1)["threat"].sum()), flush=True)
"""


@pytest.mark.slow
def test_two_processes_that_find_a_cache_broken_at_once_begin_one_anew(tmp_path: Path) -> None:
    cache = tmp_path / "heard.sqlite"
    cache.write_bytes(OF_VALUE)
    call = [sys.executable, "-c", HEARING, str(ROOT / "features" / "lexicons"), str(cache)]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    runs = [
        subprocess.Popen(call, env=env, stdin=-1, stdout=-1, stderr=-1, text=True) for _ in range(2)
    ]
    for run in runs:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("go\n")
        run.stdin.flush()
    said = [run.communicate(timeout=120) for run in runs]
    assert [out for out, _ in said] == ["600.0\n", "600.0\n"]
    assert not any("went without" in err for _, err in said)
    with closing(sqlite3.connect(cache)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM heard").fetchone() == (600,)
    assert (tmp_path / "heard.sqlite.broken").read_bytes() == OF_VALUE


def test_who_comes_second_to_a_broken_cache_leaves_what_the_first_began(tmp_path: Path) -> None:
    path = tmp_path / "heard.sqlite"
    path.write_bytes(OF_VALUE)
    first, second = (SignalCache(path, "1", 2) for _ in range(2))
    rows = {digest_of("a text"): np.array([0.5, 1.0])}
    first.keep(rows)
    # the second saw the broken file too, and gets round to it only now
    assert second._set_aside(sqlite3.DatabaseError("file is not a database"))
    places, found = second.find([digest_of("another"), *rows])
    assert (places.tolist(), found.tolist()) == ([-1, 0], [[0.5, 1.0]])
    assert path.with_name("heard.sqlite.broken").read_bytes() == OF_VALUE


def test_a_cache_is_read_ahead_only_where_that_reads_no_more_than_the_texts_would(
    tmp_path: Path,
) -> None:
    file = tmp_path / "heard.sqlite"
    assert read_ahead(file, 1_000_000) == 0, "not there yet"
    file.write_bytes(b"x" * 10 * 4096)
    assert read_ahead(file, 9) == 0
    assert read_ahead(file, 10) == 10 * 4096
