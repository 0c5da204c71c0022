"""One small company for all tests, made once a session; nothing is read from outside."""

from __future__ import annotations

import fcntl
import gc
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

# Waiting threads that spin slow everything down where tests run side by side.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) > 1:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Nor do processes of processes help, each of which begins with seconds of imports.
    os.environ.setdefault("LOKY_MAX_CPU_COUNT", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import pytest
from hypothesis import HealthCheck, settings

from command import Command, Done, connected
from postgres import database, postgres_server  # noqa: F401
from remembered import FOLDER, remember_documents

if TYPE_CHECKING:
    from risk_model.pipelines.judged_day import JudgedDay

settings.register_profile(
    "steady",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("steady")

ROOT = Path(__file__).parents[1]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin everywhere with files that hold slow tests, so that nobody is left with them at last.

    Each worker begins with an equal part of the list and takes from others' ends when it is done.
    Slow is whatever runs commands, for the process that they are forked from takes seconds, and
    whatever looks at the company of the documents, which is judged first.
    """
    for item in items:
        if {"server", "judged"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = [item.path for item in items if item.get_closest_marker("slow")]
    # A test on Spark lasts longer than any other and leaves half of a processor to others.
    first = {item.path for item in items if "cluster" in getattr(item, "fixturenames", ())}
    files = sorted(
        dict.fromkeys(slow), key=lambda path: (path not in first, -slow.count(path), path)
    )
    parts: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for number, path in enumerate(files):
        parts[number % workers] += [item for item in items if item.path == path]
    quick = [item for item in items if item.path not in set(files)]
    most = -(-len(items) // workers)
    for part in parts:
        room = max(0, most - len(part))
        part.extend(quick[:room])
        del quick[:room]
    items[:] = [item for part in parts for item in part] + quick


def pytest_collection_finish() -> None:
    """Look for garbage seldom, as commands do, and never among thousands of tests."""
    from risk_model.cli import SELDOM

    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)


def pytest_sessionfinish() -> None:
    """Let go of everything: what is still held at the end is told as a leak."""
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def documents_parsed_once() -> None:
    """Read the product's YAML, which tests load by the hundred, once a process."""
    remember_documents()


@pytest.fixture(scope="session", autouse=True)
def own_temporary_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let what tests and libraries leave lying in the temporary folder go with the session's."""
    tempfile.tempdir = str(tmp_path_factory.mktemp("left"))


@pytest.fixture(scope="session")
def sample_folder() -> Path:
    """The company that is committed in data/sample."""
    return ROOT / "data" / "sample"


@pytest.fixture(scope="session")
def text_cache(tmp_path_factory: pytest.TempPathFactory, sample_folder: Path) -> Path:
    """A cache of heard texts for the whole session, and for all workers; it knows the sample's."""
    path = shared_by_workers(tmp_path_factory) / "cache" / "risk-model" / "texts.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    with once(path.with_name("heard-once")) as begun:
        if begun:
            # Imported where needed: the process that only hands tests out waits for none of it.
            from risk_model.features.heard import hear_texts
            from risk_model.pipelines.line import Line
            from risk_model.settings import load_settings

            settings = load_settings()
            with Line.open(sample_folder, settings) as line:
                present = line.tables.present
                hear_texts(line.engine, present, settings.catalogue, settings.lexicons, path)
    return path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TextIO]:
    """The process that commands are forked from, one for all workers."""
    with connected(shared_by_workers(tmp_path_factory)) as orders:
        yield orders


@pytest.fixture
def command(server: TextIO, tmp_path: Path, text_cache: Path) -> Command:
    """``risk-model`` in an empty working folder with an empty registry of models."""
    return Command(server, tmp_path, environment(tmp_path, text_cache))


def shared_by_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of this session that every worker sees."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@contextmanager
def once(mark: Path) -> Iterator[bool]:
    """Say whether a thing is still to be made; whoever else wants it waits until it is there."""
    with mark.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not mark.exists()
        mark.touch()


def environment(folder: Path, text_cache: Path) -> dict[str, str]:
    # What a killed command leaves behind stays here, where no other one has to remove it.
    own = folder / ".tmp"
    own.mkdir(exist_ok=True)
    return {
        "TMPDIR": str(own),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "RISK_MODEL_CACHE": str(text_cache.parents[1]),
        "COLUMNS": "200",
    }


@dataclass(frozen=True)
class Trained:
    """A folder in which a model was trained on the sample company, and what was said then."""

    command: Command
    folder: Path
    done: Done


@pytest.fixture(scope="session")
def trained(
    server: TextIO,
    tmp_path_factory: pytest.TempPathFactory,
    sample_folder: Path,
    text_cache: Path,
) -> Trained:
    """A champion, trained once for all workers; each has a copy of the registry to itself."""
    own = tmp_path_factory.mktemp("trained") / "copy"
    shared = shared_by_workers(tmp_path_factory) / "trained-once"
    shared.mkdir(exist_ok=True)
    said = shared / "said.json"
    with once(shared / "done") as begun:
        if begun:
            remembers = {FOLDER: str(text_cache.parent)}
            command = Command(server, shared, environment(shared, text_cache) | remembers)
            done = command("train", "--data", sample_folder)
            assert done.code == 0, done.err
            said.write_text(json.dumps([done.code, done.out, done.err]))
    shutil.copytree(shared, own)
    command = Command(server, own, environment(own, text_cache))
    return Trained(command, own, Done(*json.loads(said.read_text())))


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JudgedDay]:
    """The company of documents and patterns on its day, judged by the rules, once for all."""
    import documents_company
    from risk_model.pipelines.judged_day import judged_day
    from risk_model.pipelines.line import Line
    from small_company import AS_OF, SETTINGS

    folder = documents_company.write(tmp_path_factory.mktemp("documents"))
    with Line.open(folder, SETTINGS) as line:
        yield judged_day(line, AS_OF, model="rules")
