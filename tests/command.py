"""The command line as a process of its own, started quickly: imported once, then forked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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

    server: subprocess.Popen[str]
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
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write(json.dumps(order) + "\n")
        self.server.stdin.flush()
        code = int(self.server.stdout.readline())
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


def start_server() -> subprocess.Popen[str]:
    """Start the process that commands are forked from."""
    return subprocess.Popen(
        [sys.executable, "-c", SERVER, HERE / "messages.csv"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
