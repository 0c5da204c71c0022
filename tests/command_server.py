"""The process that commands are forked from: what every command would do first is done here once.

Whoever runs tests connects to it, and it ends when nobody is connected any more. Each order on a
line is answered by a fresh child of this process, which ends as the command would: with its own
exit code, working folder, environment and streams. Shared are imports, the phrases of
the lists as patterns, and how MLflow's empty tables look: making them step by step takes seconds.
(Notebooks, and commands in an interpreter of their own, make them so.)
"""

import csv
import fcntl
import gc
import json
import logging
import os
import socket
import sqlite3
import sys
import tempfile
import traceback
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import mlflow.sklearn
import mlflow.store.tracking.sqlalchemy_store
import mlflow.tracing.processor.base_mlflow  # noqa: F401
import skops.io  # noqa: F401
from matplotlib.figure import Figure
from mlflow.store.db import utils
from mlflow.store.model_registry import sqlalchemy_store as registry
from mlflow.utils.requirements_utils import warn_dependency_requirement_mismatches

from risk_model import cli
from risk_model.pipelines import (  # noqa: F401
    account,
    backtest,
    features,
    present,
    score,
    train,
)
from risk_model.settings import load_settings
from risk_model.text import hear_all

# Commands do not see the tests' own modules.
sys.path.insert(0, str(Path(sys.argv[1]).parent))
from remembered import remember, remember_documents

del sys.path[0]

EVERY = 70


def hear_some(messages: Path) -> None:
    """Hear so many messages that most phrases were looked for."""
    with messages.open(encoding="utf-8", newline="") as lines:
        texts = [row["text"] for row in csv.DictReader(lines)][::EVERY]
    hear_all(texts, load_settings().lexicons, jobs=1)


def copy_tables() -> None:
    """Let MLflow's tables in a new SQLite file be a copy of those that it makes here once."""
    step_by_step = utils._initialize_tables
    logging.getLogger("alembic").setLevel(logging.ERROR)
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/empty.db"
        engine = utils.create_sqlalchemy_engine_with_retry(f"sqlite:///{file}")
        step_by_step(engine)
        engine.dispose()
        with closing(sqlite3.connect(file)) as made:
            tables = made.serialize()

    def at_once(engine: Any) -> None:
        if engine.url.get_backend_name() != "sqlite":
            return step_by_step(engine)
        try:
            with (
                closing(sqlite3.connect(":memory:")) as empty,
                closing(engine.raw_connection()) as new,
            ):
                empty.deserialize(tables)
                empty.backup(new.driver_connection)
        except sqlite3.Error:
            step_by_step(engine)  # who says in MLflow's words what is wrong

    utils._initialize_tables = registry._initialize_tables = at_once


def answer(order: dict[str, Any]) -> int:
    """Run a command in this process; return its exit code."""
    try:
        for number, path in enumerate([os.devnull, order["out"], order["err"]]):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
        os.chdir(order["cwd"])
        for name, value in order["env"].items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        tempfile.tempdir = None
        remember()
        sys.argv = ["risk-model", *order["argv"]]
        cli.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    remember_documents()
    hear_some(Path(sys.argv[1]))
    copy_tables()
    # Both look at all that is installed: the packages' names, the fonts.
    warn_dependency_requirement_mismatches(["numpy"])
    Figure().savefig(BytesIO(), format="png")
    # What is there by now stays: commands need not look for garbage in it, nor copy it for that.
    gc.collect()
    gc.freeze()
    receive(Path(sys.argv[2]))


def receive(place: Path) -> None:
    """Let everybody who connects have a child of this process, until there is nobody left."""
    guests: list[int] = []
    with socket.socket(socket.AF_UNIX) as door:
        new = place.with_suffix(".new")
        door.bind(str(new))
        door.listen()
        door.settimeout(0.5)
        new.rename(place)
        while True:
            guest = accepted(door)
            if guest is None:
                guests = [pid for pid in guests if os.waitpid(pid, os.WNOHANG) == (0, 0)]
                if guests:
                    continue
                # Who connects holds this lock, so nobody stands before a door that has gone.
                with place.with_suffix(".lock").open("w") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX)
                    guest = accepted(door)
                    if guest is None:
                        place.unlink()
                        return
            pid = os.fork()
            if pid == 0:
                door.close()
                serve(guest)
                os._exit(0)
            guest.close()
            guests.append(pid)


def accepted(door: socket.socket) -> socket.socket | None:
    """Return who has come; nobody, if it takes too long."""
    try:
        guest, _ = door.accept()
    except TimeoutError:
        return None
    guest.settimeout(None)
    return guest


def serve(guest: socket.socket) -> None:
    """Answer one after the other what somebody orders."""
    with guest, guest.makefile("rw", encoding="utf-8") as orders:
        for line in orders:
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    code = answer(json.loads(line))
                finally:
                    sys.stdout.flush()
                    sys.stderr.flush()
                    os._exit(code)
            orders.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
            orders.flush()


if __name__ == "__main__":
    main()
