"""A real PostgreSQL server of our own: made in a folder of its own, started, stopped, removed."""

from __future__ import annotations

import csv
import gzip
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

OWNER = "risk"


@dataclass(frozen=True)
class Server:
    """A running server: its socket's folder, its port on this machine, and the owner's password."""

    folder: Path
    port: int
    password: str

    @property
    def env(self) -> dict[str, str]:
        """What libpq takes from the environment to get in; the password is nowhere else."""
        return {
            "PGHOST": str(self.folder),
            "PGPORT": str(self.port),
            "PGUSER": OWNER,
            "PGPASSWORD": self.password,
            "PGDATABASE": "postgres",
        }


def binaries() -> Path | None:
    """Return the folder of the newest server's programs, None where there is no server."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    whole = [f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()]
    return whole[-1] if whole else None


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server with password authentication; as another user where we are root."""
    programs = binaries()
    if programs is None:
        pytest.skip("no PostgreSQL server on this machine (apt-get install postgresql)")
    # outside of pytest's folders, which the server's own user may not enter
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    server = Server(folder, _free_port(), secrets.token_hex(12))
    process = None
    try:
        secret = folder / "secret"
        secret.write_text(server.password)
        user = _other_user()
        if user is not None:
            for path in (folder, secret):
                os.chown(path, user.pw_uid, user.pw_gid)
        as_user = _as_user(user)
        make = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", OWNER, "--no-sync"]
        make += ["-A", "scram-sha-256", "--pwfile", str(secret), "-E", "UTF8", "--locale", "C"]
        subprocess.run([*as_user, *make], check=True, capture_output=True, cwd=folder)
        start = [str(programs / "postgres"), "-D", str(folder / "data"), "-k", str(folder)]
        start += ["-p", str(server.port), "-c", "listen_addresses=127.0.0.1", "-F"]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen([*as_user, *start], stdout=log, stderr=log, cwd=folder)
        _wait(server, process)
        yield server
    finally:
        if process is not None:
            # fast: whoever is still connected is sent away
            process.send_signal(signal.SIGINT)
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _other_user() -> pwd.struct_passwd | None:
    """Return whom to run as where we are root: the server refuses to be."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _as_user(user: pwd.struct_passwd | None) -> list[str]:
    if user is None:
        return []
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}"]
    return ["setpriv", *ids, "--clear-groups", "--pdeathsig=QUIT"]


def _free_port() -> int:
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return int(any_port.getsockname()[1])


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    import psycopg

    give_up = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(**_settings(server), connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError((server.folder / "log").read_text()) from None
            time.sleep(0.05)


def _settings(server: Server) -> dict[str, str]:
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user"}
    names |= {"PGPASSWORD": "password", "PGDATABASE": "dbname"}
    return {names[name]: value for name, value in server.env.items()}


@dataclass(frozen=True)
class Empty:
    """A database of its own on the server, dropped at the end."""

    server: Server
    name: str

    @property
    def env(self) -> dict[str, str]:
        """What libpq takes from the environment to get into this database."""
        return {**self.server.env, "PGDATABASE": self.name}

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements, each on its own; return the rows of the last."""
        import psycopg

        settings = {**_settings(self.server), "dbname": self.name}
        with psycopg.connect(**settings, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def load(self, folder: Path, schema: str = "public") -> None:
        """Make a table of text columns of every CSV file of a folder, as a dump would."""
        import psycopg

        settings = {**_settings(self.server), "dbname": self.name}
        with psycopg.connect(**settings) as connection:
            for path in sorted(folder.glob("*.csv*")):
                opened = gzip.open if path.suffix == ".gz" else open
                with opened(path, "rt", newline="", encoding="utf-8") as file:
                    header, *rows = csv.reader(file)
                columns = ", ".join(f'"{name}" text' for name in header)
                table = f'"{schema}"."{path.name.split(".")[0]}"'
                connection.execute(f"CREATE TABLE {table} ({columns})")
                with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row([value or None for value in row])


@contextmanager
def empty_database(server: Server) -> Iterator[Empty]:
    """Make a database for one test."""
    whole = Empty(server, "postgres")
    name = f"crm_{secrets.token_hex(4)}"
    whole.run(f'CREATE DATABASE "{name}"')
    try:
        yield Empty(server, name)
    finally:
        whole.run(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A server for the session; tests are skipped where there is none."""
    with running_server() as server:
        yield server


@pytest.fixture
def database(postgres_server: Server) -> Iterator[Empty]:
    """An empty database."""
    with empty_database(postgres_server) as empty:
        yield empty
