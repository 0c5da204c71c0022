"""The watchlist into PostgreSQL: upserted by account and day, in one transaction, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from risk_model.errors import RiskModelError, UsageError
from risk_model.tables.address import Address, driver
from risk_model.tables.postgres import connect, in_a_line
from risk_model.watchlist import COLUMNS, ESCALATED_COLUMNS, Watchlist

if TYPE_CHECKING:
    from risk_model.tables.postgres import Connection

LONGEST_NAME = 50
ROWS_AT_ONCE = 20_000
# Of the contract's columns; what is not here is text.
TYPES = {
    "rank": "integer",
    "arr": "numeric",
    "renewal_date": "date",
    "as_of": "date",
    "horizon_days": "integer",
    "escalation_probability": "numeric",
    "escalation_tier": "integer",
    "acknowledge_by": "timestamptz",
    "update_every_hours": "integer",
    "arr_at_risk": "numeric",
    "previous_rank": "integer",
    "data_coverage": "numeric",
    "opened_at": "timestamptz",
    "days_open": "integer",
    "acknowledge_overdue": "boolean",
    "next_update_due": "timestamptz",
    "overdue": "boolean",
    "made_at": "timestamptz",
    "calibrated": "boolean",
    "counts": "jsonb",
    "record": "jsonb",
}


@dataclass(frozen=True)
class Target:
    """A table of the database: its name, our columns in order, and what a row is known by."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


@dataclass(frozen=True)
class Upserted:
    """What was done: the tables by name, and how many rows were put and taken away."""

    database: str
    put: dict[str, int]
    removed: dict[str, int]

    def __str__(self) -> str:
        """Return it as a sentence."""
        said = [
            f"{name} {count:,} rows"
            + (f" ({gone:,} removed)" if (gone := self.removed[name]) else "")
            for name, count in self.put.items()
        ]
        return f"{self.database}: {', '.join(said)}"


def targets(table: str) -> tuple[Target, Target, Target]:
    """Return the tables of the list, of the escalated accounts and of the runs.

    Raises UsageError for a name that leaves no room for the others'.
    """
    if not table or len(table.encode()) > LONGEST_NAME:
        raise UsageError(f"--into-table: give a name of 1 to {LONGEST_NAME} bytes.")
    run = ("as_of", "made_at", "horizon_days", "scored_by", "calibrated", "counts", "record")
    escalated = ("as_of", *ESCALATED_COLUMNS)
    return (
        Target(table, COLUMNS, ("account_id", "as_of")),
        Target(f"{table}_escalated", escalated, ("account_id", "escalation_id", "as_of")),
        Target(f"{table}_runs", run, ("as_of",)),
    )


def check_reachable(address: Address) -> None:
    """Raise RiskModelError where the database cannot be reached, before anything is computed."""
    connect(address).close()


@contextmanager
def upserted(address: Address, table: str, watchlist: Watchlist) -> Iterator[Upserted]:
    """Put a list, its escalated accounts and the run's record into the database.

    What is done inside of the ``with`` block belongs to the transaction: it is committed when
    the block ends well and undone when it fails. Rows of the same day that the list no longer
    has are removed, so a day always holds one whole list; columns of your own are left alone.
    Raises RiskModelError where the database refuses; then all that stood there still stands.
    """
    psycopg = driver()
    connection = connect(address)
    try:
        with connection.transaction():
            yield _upserted(connection, address.schema, table, watchlist)
    except psycopg.Error as error:
        raise RiskModelError(
            f"{connection.info.dbname}: the list is not written ({in_a_line(error)}); "
            "what stood there still stands."
        ) from None
    finally:
        connection.close()


def _upserted(
    connection: Connection, schema: str | None, table: str, watchlist: Watchlist
) -> Upserted:
    run = watchlist.run
    day = str(run["as_of"])
    frames = (
        watchlist.ranked,
        watchlist.escalated.assign(as_of=day),
        pd.DataFrame([{**run, "counts": json.dumps(run["counts"]), "record": json.dumps(run)}]),
    )
    # two runs at once wait for each other, also where the tables are not there yet
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"risk {table}"])
    put, removed = {}, {}
    for target, frame in zip(targets(table), frames, strict=True):
        _make(connection, schema, target)
        put[target.name], removed[target.name] = _put(connection, schema, target, frame, day)
    return Upserted(connection.info.dbname, put, removed)


def _make(connection: Connection, schema: str | None, target: Target) -> None:
    """Make the table where it is missing. Raises RiskModelError where it lacks a column."""
    from psycopg import sql

    place = _place(schema, target.name)
    oid = connection.execute("SELECT to_regclass(%s)", [place.as_string(connection)]).fetchone()
    if oid is None or oid[0] is None:
        columns = [sql.SQL("{} {}").format(sql.Identifier(c), _type(c)) for c in target.columns]
        key = sql.SQL(", ").join(map(sql.Identifier, target.key))
        body = sql.SQL(", ").join([*columns, sql.SQL("PRIMARY KEY ({})").format(key)])
        connection.execute(sql.SQL("CREATE TABLE {} ({})").format(place, body))
        return
    rows = connection.execute(
        "SELECT attname FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        [oid[0]],
    ).fetchall()
    missing = [name for name in target.columns if (name,) not in rows]
    if missing:
        added = ", ".join(f"ADD COLUMN {name} {TYPES.get(name, 'text')}" for name in missing)
        raise RiskModelError(
            f"{connection.info.dbname}: table '{target.name}' lacks columns of the list. "
            f"Add them: ALTER TABLE {place.as_string(connection)} {added};"
        )


def _put(
    connection: Connection, schema: str | None, target: Target, frame: pd.DataFrame, day: str
) -> tuple[int, int]:
    """Upsert the rows, remove the day's others; return how many were put and removed."""
    from psycopg import sql

    place, incoming = _place(schema, target.name), sql.Identifier(f"incoming_{target.name}")
    columns = sql.SQL(", ").join(map(sql.Identifier, target.columns))
    key = sql.SQL(", ").join(map(sql.Identifier, target.key))
    changed = sql.SQL(", ").join(
        sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(name))
        for name in target.columns
        if name not in target.key
    )
    parts = {"to": place, "columns": columns, "key": key, "changed": changed, "new": incoming}
    connection.execute(
        sql.SQL(
            "CREATE TEMP TABLE {new} ON COMMIT DROP AS SELECT {columns} FROM {to} WITH NO DATA"
        ).format(**parts)
    )
    copying = sql.SQL("COPY {new} ({columns}) FROM STDIN").format(**parts)
    with connection.cursor() as cursor, cursor.copy(copying) as copy:
        for part in _in_parts(frame, target.columns):
            copy.write(part)
    # Without it the server takes a large list for a small one, and compares row by row.
    connection.execute(sql.SQL("ANALYZE {new}").format(**parts))
    put = connection.execute(
        sql.SQL(
            "INSERT INTO {to} ({columns}) SELECT {columns} FROM {new} "
            "ON CONFLICT ({key}) DO UPDATE SET {changed}"
        ).format(**parts)
    )
    removed = connection.execute(_removal(place, incoming, target), [day])
    return put.rowcount, removed.rowcount


def _removal(place: Any, incoming: Any, target: Target) -> Any:
    """Return the statement that takes away what the day's new list no longer has."""
    from psycopg import sql

    # NOT IN would be looked up row by row once the list is larger than the server's work_mem.
    return sql.SQL(
        "DELETE FROM {to} AS old WHERE as_of = %s "
        "AND NOT EXISTS (SELECT FROM {new} AS new WHERE {same})"
    ).format(
        to=place,
        new=incoming,
        same=sql.SQL(" AND ").join(
            sql.SQL("new.{0} = old.{0}").format(sql.Identifier(name)) for name in target.key
        ),
    )


def _in_parts(frame: pd.DataFrame, names: Sequence[str]) -> Iterator[str]:
    """Yield lines as COPY takes them; what is empty is NULL, in text too."""
    for start in range(0, len(frame), ROWS_AT_ONCE):
        rows = frame.iloc[start : start + ROWS_AT_ONCE].reindex(columns=list(names))
        cells = [_cells(rows[name], TYPES.get(name, "text")) for name in names]
        yield "".join("\t".join(row) + "\n" for row in zip(*cells, strict=True))


def _cells(column: pd.Series[Any], kind: str) -> list[str]:
    """Return a column's cells as COPY's text."""
    written = _WRITTEN.get(kind, _text)
    values, empty = column.astype(object).tolist(), column.isna().tolist()
    return [
        NULL if none or value == "" else written(value)
        for value, none in zip(values, empty, strict=True)
    ]


def _text(value: object) -> str:
    return str(value).translate(_ESCAPED)


NULL = "\\N"
_WRITTEN: dict[str, Callable[[Any], str]] = {
    "integer": lambda value: str(int(value)),
    "numeric": lambda value: repr(float(value)),
    "boolean": lambda value: str(bool(value)),
}
# Without the one character that text of the database cannot hold.
_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": None})


def _place(schema: str | None, name: str) -> Any:
    from psycopg import sql

    return sql.Identifier(*filter(None, (schema, name)))


def _type(column: str) -> Any:
    from psycopg import sql

    return sql.SQL(TYPES.get(column, "text"))
