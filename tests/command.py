"""The command line as a process of its own, started quickly: imported once, then forked."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pandas as pd

HERE = Path(__file__).parent
# Given as text: processes that commands start would import a file again.
SERVER = (HERE / "command_server.py").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Both streams on one line: tables and long paths wrap where they like."""
        return " ".join(f"{self.out} {self.err}".split())


@dataclass
class Command:
    """Runs ``risk-model`` in a folder; ``env`` is added to the environment, less what is None."""

    server: TextIO
    cwd: Path
    env: Mapping[str, str]

    def __call__(self, *argv: object, **env: str | None) -> Done:
        """Run a command as a forked process."""
        out, err = self.cwd / ".out", self.cwd / ".err"
        order = {
            "argv": [str(part) for part in argv],
            "cwd": str(self.cwd),
            "env": {**self.env, **env},
            "out": str(out),
            "err": str(err),
        }
        self.server.write(json.dumps(order) + "\n")
        self.server.flush()
        code = int(self.server.readline())
        return Done(code, out.read_text(), err.read_text())

    def fresh(self, *argv: object) -> subprocess.Popen[str]:
        """Start a command as users do: a new interpreter."""
        return subprocess.Popen(
            [sys.executable, "-m", "risk_model.cli", *(str(part) for part in argv)],
            cwd=self.cwd,
            env={**os.environ, **self.env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def at(self, cwd: Path) -> Command:
        """Return the same in another working folder."""
        return Command(self.server, cwd, self.env)

    def score(self, data: Path, *more: object, out: str = "list.csv") -> List:
        """Score, which has to succeed, and read what was written."""
        done = self("score", "--data", data, "--out", out, *more)
        assert done.code == 0, done.err
        return List.read(self.cwd / out, done)


@dataclass(frozen=True)
class List:
    """A watchlist that was written: rows as text, the escalated ones, the record of the run."""

    rows: pd.DataFrame
    escalated: pd.DataFrame
    run: dict[str, object]
    done: Done

    @classmethod
    def read(cls, out: Path, done: Done) -> List:
        """Read the three files of a list."""
        stem = out.with_suffix("")
        rows = pd.read_csv(out, dtype=str, keep_default_na=False)
        escalated = pd.read_csv(f"{stem}.escalated.csv", dtype=str, keep_default_na=False)
        return cls(rows, escalated, json.loads(Path(f"{stem}.run.json").read_text()), done)

    def row(self, account: str) -> dict[str, str]:
        """Return the row of an account."""
        found = self.rows[self.rows["account_id"] == account]
        assert len(found) == 1, f"{account} stands there {len(found)} times"
        return {str(name): str(value) for name, value in found.iloc[0].items()}


@contextmanager
def connected(folder: Path) -> Iterator[TextIO]:
    """Connect to the process that commands are forked from; whoever comes first starts it.

    ``folder`` is the same for all who share it.
    """
    place, server = folder / "commands", None
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            server = _started(place)
        door = socket.socket(socket.AF_UNIX)
        door.connect(str(place))
    with door, door.makefile("rw", encoding="utf-8") as orders:
        yield orders
    if server is not None:
        server.wait()


def _started(place: Path) -> subprocess.Popen[bytes]:
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, HERE / "messages.csv", place],
        stdin=subprocess.DEVNULL,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    while not place.exists():
        if server.poll() is not None:
            raise RuntimeError(f"the process for commands ended with {server.returncode}")
        time.sleep(0.05)
    return server
