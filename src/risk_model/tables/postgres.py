"""A PostgreSQL database as a place to read from: one snapshot of it, streamed, never held."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from risk_model.errors import RiskModelError
from risk_model.tables.address import Address, driver
from risk_model.tables.casting import RawColumn

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

CONNECT_SECONDS = 15
# A loader holds its lock for minutes, a forgotten session for ever. Who sets another one has it.
_LOCK_TIMEOUT = """
SELECT set_config('lock_timeout', '10min', false) WHERE current_setting('lock_timeout') = '0'
"""
# Values are written the same whatever the server's habits, and rows come in one order while the
# table stays as it is: no scan that joins another one in the middle, no parallel workers.
_HABITS = {
    "datestyle": "ISO, YMD",
    "intervalstyle": "iso_8601",
    "timezone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "synchronize_seqscans": "off",
    "max_parallel_workers_per_gather": "0",
}
_RELATIONS = """
SELECT c.oid, n.nspname, c.relname,
       CASE WHEN %(schema)s::text IS NULL THEN pg_table_is_visible(c.oid)
            ELSE n.nspname = %(schema)s END
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema'
  AND n.nspname NOT LIKE 'pg\\_%%'
ORDER BY n.nspname, c.relname
"""
_COLUMNS = """
SELECT a.attname, format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), NULL), t.typcategory
FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_MOMENTS = {
    "date": "DATE",
    "timestamp without time zone": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
}
# pg_type.typcategory: arrays, composites, geometry, ranges
_NO_CELLS = ("A", "C", "G", "R")


@dataclass(frozen=True)
class Relation:
    """A table or view of the database; ``near`` where its name needs no schema in front."""

    oid: int
    schema: str
    name: str
    near: bool


class Database:
    """An open database, read in one transaction, so that all tables are of one moment.

    A context manager. Raises RiskModelError where it cannot be reached. ``digests`` are those of
    the tables that were read, ``failure`` what went wrong while one was: the engine that reads
    it only says that something did.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.connection = connect(address)
        self.name = self.connection.info.dbname
        self.digests: dict[str, str] = {}
        self.failure: RiskModelError | None = None
        try:
            self._begin()
            self.relations = self._relations()
        except BaseException:
            self.connection.close()
            raise

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(driver().Error):
            self.connection.close()

    def by_name(self) -> dict[str, list[Relation]]:
        """Return the relations by name in lower case, with and without their schema."""
        names: dict[str, list[Relation]] = {}
        for relation in self.relations:
            if relation.near:
                names.setdefault(relation.name.lower(), []).append(relation)
            names.setdefault(f"{relation.schema}.{relation.name}".lower(), []).append(relation)
        return names

    def columns(self, relation: Relation) -> list[RawColumn]:
        """Return its columns as c0, c1, …, moments with the engine's type, all else as text."""
        rows = self.connection.execute(_COLUMNS, [relation.oid]).fetchall()
        return [
            RawColumn(f"c{place}", str(name), _type(str(kind), str(category)))
            for place, (name, kind, category) in enumerate(rows)
        ]

    def _begin(self) -> None:
        for name, value in _HABITS.items():
            self.connection.execute("SELECT set_config(%s, %s, false)", [name, value])
        self.connection.commit()
        self.connection.isolation_level = driver().IsolationLevel.REPEATABLE_READ
        self.connection.read_only = True

    def _relations(self) -> list[Relation]:
        rows = self.connection.execute(_RELATIONS, {"schema": self.address.schema}).fetchall()
        found = [Relation(int(oid), str(s), str(name), bool(near)) for oid, s, name, near in rows]
        schema = self.address.schema
        if schema is not None and not any(relation.near for relation in found):
            raise RiskModelError(f"{self.name}: no tables in a schema '{schema}' that we may see.")
        return found


def connect(address: Address) -> Connection:
    """Return a connection; what the address leaves open comes from libpq's environment.

    It waits ten minutes for what somebody else has locked, or as the server's settings say.

    Raises RiskModelError in libpq's words, which name host, user and database, never a password.
    """
    psycopg = driver()
    settings: Mapping[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "risk-model",
        **address.settings,
        "client_encoding": "UTF8",
    }
    try:
        connection: Connection = psycopg.connect(**settings)
        connection.execute(_LOCK_TIMEOUT)
        connection.commit()
    except psycopg.Error as error:
        raise RiskModelError(
            f"PostgreSQL cannot be reached: {in_a_line(error)}. User and password come from "
            "PGUSER, PGPASSWORD or a password file."
        ) from None
    return connection


def in_a_line(error: Exception) -> str:
    """Return a driver's message without line breaks and without the values of rows.

    What follows DETAIL and CONTEXT quotes data.
    """
    if isinstance(error, driver().errors.LockNotAvailable):
        return "somebody else has locked it for longer than lock_timeout; who is in pg_locks"
    said = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
    return " ".join(str(said).split()).rstrip(".")


def _type(kind: str, category: str) -> str:
    if category in _NO_CELLS or kind == "bytea":
        return kind if kind.endswith("]") else f"{kind} "
    return _MOMENTS.get(kind, "VARCHAR")
