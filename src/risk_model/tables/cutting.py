"""The tables as they stood on an earlier day: a whole copy, or the rows of one table."""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

import itertools
from typing import Any

from risk_model.tables.checking import prepare
from risk_model.tables.contract import CONTRACT, Table
from risk_model.tables.known import known_from, waits_for
from risk_model.tables.opened import Tables
from risk_model.tables.quoting import identifier
from risk_model.tables.staging import KNOWN
from risk_model.timeline import DAY

_numbers = itertools.count()


def cut(tables: Tables, as_of: int) -> Tables:
    """Return ``tables`` as of day number ``as_of`` 00:00 UTC.

    The copy is a database of its own in the same engine: it shares the engine's memory, and rows
    never leave it on their way.
    """
    here = tables.connection.execute("SELECT current_database()").fetchall()
    source = str(here[0][0])
    database = f"cut_{next(_numbers)}"
    connection = tables.connection.cursor()
    connection.execute(f"ATTACH ':memory:' AS {identifier(database)}")
    connection.execute(f"USE {identifier(database)}")
    prepare(connection)
    for name in tables.present:
        given = f"{identifier(source)}.main.{identifier(name)}"
        columns = [str(row[0]) for row in connection.execute(f"DESCRIBE {given}").fetchall()]
        kept = ", ".join(_as_known(CONTRACT[name], column, columns, as_of) for column in columns)
        with tables.unmoved():
            connection.execute(
                f"CREATE TABLE {identifier(name)} AS "
                f"SELECT {kept} FROM {given} WHERE row_known < {as_of * DAY}"
            )
    fingerprint = f"{tables.fingerprint}@{as_of}"
    return Tables(connection, tables.present, tables.report, fingerprint, beside=source)


def known_rows(
    tables: Tables, name: str, as_of: int, account: str | None = None
) -> list[dict[str, Any]]:
    """Return the rows of a table that are known at ``as_of``, of one account or of all.

    Values known later are None. Without a table of that name there are no rows. In the order of
    ``row_known`` and of all columns, so that the same rows always come in the same order.
    """
    if name not in tables.present:
        return []
    columns = [row[0] for row in tables.connection.execute(f"DESCRIBE {name}").fetchall()]
    kept = ", ".join(_as_known(CONTRACT[name], column, columns, as_of) for column in columns)
    whose = " AND account_id = ?" if account is not None else ""
    result = tables.connection.execute(
        f"SELECT {kept} FROM {identifier(name)} WHERE row_known < {as_of * DAY}{whose} "
        f"ORDER BY row_known, {', '.join(str(n + 1) for n in range(len(columns)))}",
        [account] if account is not None else [],
    )
    return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


def _as_known(table: Table, column: str, columns: list[str], as_of: int) -> str:
    """Return the SQL of a column with what becomes known later taken out."""
    told = column.removeprefix(KNOWN)
    times = sorted(waits_for(known_from(table, columns), [told, column]))
    if not times:
        return identifier(column)
    test = " AND ".join(f"{identifier(time)} < {as_of * DAY}" for time in times)
    return f"CASE WHEN {test} THEN {identifier(column)} END AS {identifier(column)}"
