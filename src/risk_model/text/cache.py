"""What was heard before, by content: one SQLite file that holds digests and signals, no text.

Several runs may use one file at once (write-ahead log). A cache is only ever a saving: a file
that is broken is set aside and begun anew, one that cannot be used is done without, each with a
warning, and the run goes on.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

log = logging.getLogger(__name__)

Row = npt.NDArray[np.float64]
Rows = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Result = TypeVar("Result")
_KEPT_VERSIONS = 3
_BATCH = 5_000
_PAGE, _AT_ONCE = 4096, 1 << 22
_BUSY_SECONDS = 30.0
# SQLite's codes for: another layout than ours, a malformed file, no database at all.
_BROKEN = {1, 11, 26}
# … and for: somebody else is at it, the whole file or a table of it.
_BUSY = {5, 6}
_LAYOUT = """
CREATE TABLE IF NOT EXISTS versions (
  id INTEGER PRIMARY KEY, version TEXT UNIQUE NOT NULL, used INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS heard (
  version_id INTEGER NOT NULL, digest BLOB NOT NULL, signals BLOB NOT NULL,
  PRIMARY KEY (version_id, digest)) WITHOUT ROWID;
"""


def digest_of(text: str) -> bytes:
    """Return 16 bytes that stand for a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def read_ahead(path: Path, texts: int) -> int:
    """Read the file of a cache through once, if so many texts would ask for as much of it.

    Asked for a page here and a page there, a disk takes minutes for what takes seconds in a row.
    Returns the bytes that were read.
    """
    read = 0
    with suppress(OSError), path.open("rb", buffering=0) as file:
        if path.stat().st_size <= texts * _PAGE:
            while piece := file.read(_AT_ONCE):
                read += len(piece)
    return read


class SignalCache:
    """Signals by the digest of the text, for one version of the lexicons; rows of ``width``."""

    def __init__(self, path: Path, version: str, width: int) -> None:
        self.path = path
        self.version = version
        self.width = width

    def find(self, digests: Sequence[bytes]) -> tuple[Places, Rows]:
        """Return for each digest the place of its row among the rows, -1 where it is not known.

        Rows that cannot be read are not known.
        """
        found = self._tried(lambda database: self._find(database, digests)) or []
        found = [row for row in found if len(row[1]) == 8 * self.width]
        place_of = {digest: place for place, (digest, _) in enumerate(found)}
        places = np.array([place_of.get(digest, -1) for digest in digests], dtype=np.int64)
        rows = np.frombuffer(b"".join([signals for _, signals in found]), dtype="<f8")
        return places, rows.reshape(len(found), self.width)

    def keep(self, rows: Mapping[bytes, Row]) -> None:
        """Store rows; two runs that store the same ones do no harm."""
        if rows:
            self._tried(lambda database: self._keep(database, rows))

    def _find(
        self, database: sqlite3.Connection, digests: Sequence[bytes]
    ) -> list[tuple[bytes, bytes]]:
        known = database.execute("SELECT id FROM versions WHERE version = ?", (self.version,))
        version = known.fetchone()
        found: list[tuple[bytes, bytes]] = []
        for at in range(0, len(digests) if version else 0, _BATCH):
            part = digests[at : at + _BATCH]
            marks = ",".join("?" * len(part))
            query = (
                f"SELECT digest, signals FROM heard WHERE version_id = ? AND digest IN ({marks})"  # noqa: S608
            )
            found += database.execute(query, (version[0], *part)).fetchall()
        return found

    def _keep(self, database: sqlite3.Connection, rows: Mapping[bytes, Row]) -> None:
        database.execute("BEGIN IMMEDIATE")
        version = self._version_id(database)
        database.executemany(
            "INSERT OR REPLACE INTO heard VALUES (?, ?, ?)",
            ((version, digest, row.astype("<f8").tobytes()) for digest, row in rows.items()),
        )
        database.execute("COMMIT")

    def _version_id(self, database: sqlite3.Connection) -> int:
        """Return the number of this version, now the last used; drop those long unused."""
        database.execute(
            "INSERT INTO versions (version, used) "
            "VALUES (?, (SELECT coalesce(max(used), 0) + 1 FROM versions)) "
            "ON CONFLICT (version) DO UPDATE SET used = excluded.used",
            (self.version,),
        )
        old = "SELECT id FROM versions ORDER BY used DESC LIMIT -1 OFFSET ?"
        database.execute(f"DELETE FROM heard WHERE version_id IN ({old})", (_KEPT_VERSIONS,))  # noqa: S608
        database.execute(f"DELETE FROM versions WHERE id IN ({old})", (_KEPT_VERSIONS,))  # noqa: S608
        known = database.execute("SELECT id FROM versions WHERE version = ?", (self.version,))
        return int(known.fetchone()[0])

    def _tried(self, work: Callable[[sqlite3.Connection], Result]) -> Result | None:
        """Do the work; over a broken file once more on a new one, and else without a cache."""
        for last_try in (False, True):
            try:
                with closing(self._opened()) as database:
                    return work(database)
            except (sqlite3.DatabaseError, OSError) as error:
                # Busy, full or read-only is not broken: only SQLite's low byte tells.
                broken = getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN
                if last_try or not broken or not self._set_aside(error):
                    log.warning("%s: no use as a cache (%s); went without", self.path, error)
                    return None
        return None

    def _opened(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            _share(database)
            database.execute("PRAGMA synchronous = NORMAL")
            database.executescript(_LAYOUT)
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _set_aside(self, error: Exception) -> bool:
        """Rename a broken file, since it may be something of value given by mistake.

        Of two runs that find it broken only one does: what the other began anew is not broken.
        """
        aside = self.path.with_name(f"{self.path.name}.broken")
        try:
            with _alone(self.path.with_name(f"{self.path.name}.lock")):
                if not self._is_broken():
                    return True
                self.path.replace(aside)
                for ending in ("-wal", "-shm"):
                    self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
        except OSError:
            return False
        log.warning("%s: broken (%s); begun anew, the old file is %s", self.path, error, aside)
        return True

    def _is_broken(self) -> bool:
        """Look at the whole file once more."""
        try:
            with closing(self._opened()) as database:
                database.execute("SELECT id, version, used FROM versions LIMIT 1").fetchall()
                database.execute("SELECT version_id, digest, signals FROM heard LIMIT 1").fetchall()
                return bool(database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
        except sqlite3.DatabaseError as error:
            return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock between processes; where the system has none, go on without."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _share(database: sqlite3.Connection) -> None:
    """Turn on the write-ahead log; a file that another run is just making is waited for.

    SQLite does not wait here by itself: turning it on while somebody else does is refused at once.
    """
    give_up = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.02)
