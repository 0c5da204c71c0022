"""From a table as it came to the typed one: bad rows are refused singly, nothing else is dropped.

Three steps, each in SQL over all rows: cells are cast and judged (one streaming SELECT); rows of
unknown accounts or tickets are refused; rows with the same key are merged where they agree and
refused where they do not.
"""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import duckdb
import pyarrow as pa

from risk_model.tables import csv_files, reasons
from risk_model.tables.csv_lines import lines_of
from risk_model.tables.doubts import doubts, exchanged_days
from risk_model.tables.endings import contradicted_endings
from risk_model.tables.quiet import keep_quiet
from risk_model.tables.quoting import identifier, literal
from risk_model.tables.raw import RawTable
from risk_model.tables.repeats import repeated
from risk_model.tables.report import TableReport
from risk_model.tables.scales import health_scale
from risk_model.tables.single import count, single
from risk_model.tables.staging import KNOWN, OF_ROW, SINCE_EVER, natural_time, staging_select
from risk_model.tables.strangers import strangers
from risk_model.timeline import DAY, date_of, day_of, today

REFUSED = "refused_rows"
LOST = "lost_accounts"
_STAGE = "being_read"


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Set the engine's clock to UTC, keep it quiet, and lay down the table of refused rows."""
    connection.execute("SET TimeZone = 'UTC'")
    # its bar for statements of a few seconds goes to the standard output, where our results are
    keep_quiet(connection)
    connection.execute(
        f"CREATE TEMP TABLE {REFUSED} (table_name VARCHAR, ordinal BIGINT, line BIGINT, "
        "reason VARCHAR, column_name VARCHAR, value VARCHAR)"
    )


def check(connection: duckdb.DuckDBPyConnection, raw: RawTable, notices: list[str]) -> TableReport:
    """Make the typed table of ``raw`` and return what became of its rows.

    Raises DataRefused where the file cannot be read at all.
    """
    name = raw.table.name
    rejected = _stage(connection, raw, notices)
    staged = count(connection, _STAGE)
    _refuse_cells(connection, name)
    notices += doubts(connection, raw, _STAGE)
    notices += exchanged_days(connection, raw, f"(SELECT * {_mine(name)})")
    notices += _refuse_unknown(connection, raw)
    merged = _settle_twins(connection, raw)
    _refuse_rejected(connection, name, rejected)
    refused = count(connection, f"(SELECT DISTINCT ordinal, line {_mine(name)})")
    lost = _accounts_lost(connection) + len(rejected) if name == "accounts" else 0
    if refused:
        _find_lines(connection, raw, [row.byte for row in rejected])
        connection.execute(f"DELETE FROM {_STAGE} WHERE rowid IN (SELECT ordinal {_mine(name)})")
    _finish(connection, raw)
    if name == "health_scores":
        notices += health_scale(connection, raw.place)
    if name == "ticket_events" and _is_there(connection, "tickets"):
        notices += contradicted_endings(connection, raw.place)
    return replace(
        _report(connection, raw, staged + len(rejected)),
        kept=staged + len(rejected) - refused,
        merged=merged,
        refused=refused,
        reasons=_by_reason(connection, name) if refused else {},
        accounts_lost=lost,
    )


def nothing_refused(connection: duckdb.DuckDBPyConnection, raw: RawTable) -> TableReport:
    """Return the report of a typed table whose rows were all kept."""
    return _report(connection, raw, count(connection, identifier(raw.table.name)))


def _report(connection: duckdb.DuckDBPyConnection, raw: RawTable, rows: int) -> TableReport:
    """Return what became of a typed table's rows where all of them are kept."""
    first, last = _days(connection, raw)
    return TableReport(
        name=raw.table.name,
        place=raw.place,
        read=rows,
        kept=rows,
        merged=0,
        refused=0,
        reasons={},
        first_day=first,
        last_day=last,
        unknown_columns=raw.unknown,
        missing_columns=tuple(c for c in raw.table.by_name if c not in raw.columns),
        late=_late(connection, raw),
    )


def _mine(name: str) -> str:
    """Return the FROM … WHERE of a table's refused rows."""
    return f"FROM {REFUSED} WHERE table_name = {literal(name)}"


def _is_there(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    here = f"table_name = {literal(table)} AND database_name = current_database()"
    return bool(count(connection, f"duckdb_tables() WHERE {here}"))


def _accounts_lost(connection: duckdb.DuckDBPyConnection) -> int:
    """Count the staged accounts of which every row is refused; a row without an id is one.

    Those with an id are kept by name in a table, so that it can be told who was lost.
    """
    is_refused = f"rowid IN (SELECT ordinal {_mine('accounts')} AND ordinal >= 0)"
    every = f"SELECT account_id, bool_and({is_refused}) AS gone FROM {_STAGE}"
    nameless = count(connection, f"{_STAGE} WHERE account_id IS NULL AND {is_refused}")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {LOST} AS SELECT account_id FROM "
        f"({every} WHERE account_id IS NOT NULL GROUP BY account_id) WHERE gone"
    )
    return nameless + count(connection, LOST)


def _stage(
    connection: duckdb.DuckDBPyConnection, raw: RawTable, notices: list[str]
) -> list[csv_files.Rejected]:
    """Cast and judge every cell; return the records that the CSV reader itself rejected."""
    # the stage of a file that could not be read to its end may still be there
    create = f"CREATE OR REPLACE TABLE {_STAGE} AS "
    if raw.csv is None:
        csv_files.run(connection, create + staging_select(raw, raw.relation), raw.place)
        return []
    statement = create + staging_select(raw, csv_files.READER)
    rejected = csv_files.load(connection, statement, raw.csv, raw.place, notices)
    labels = {column.name: column.label for column in raw.columns.values()}
    return [replace(row, column=labels.get(row.column or "")) for row in rejected]


def _refuse_cells(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    connection.execute(
        f"INSERT INTO {REFUSED} SELECT {literal(name)}, line, NULL, p.reason, p.label, p.value "
        "FROM (SELECT rowid AS line, unnest(problems) AS p "
        f"FROM {_STAGE} WHERE problems IS NOT NULL)"
    )


def _refuse_unknown(connection: duckdb.DuckDBPyConnection, raw: RawTable) -> list[str]:
    """Refuse rows of an account (of a ticket, for ticket events) that is not there.

    Returns what is worth saying about their ids.
    """
    name = raw.table.name
    if name == "accounts":
        return []
    parent, key, reason = "accounts", "account_id", reasons.UNKNOWN_ACCOUNT
    if name == "ticket_events":
        parent, key, reason = "tickets", "ticket_id", reasons.UNKNOWN_TICKET
    if not _is_there(connection, parent):
        # its file was refused, and so will the run be: who is unknown cannot be told
        return []
    done = single(
        connection,
        f"INSERT INTO {REFUSED} SELECT {literal(name)}, s.rowid, NULL, {literal(reason)}, "
        f"{literal(raw.columns[key].label)}, left(s.{key}, 60) "
        f"FROM {_STAGE} AS s ANTI JOIN {identifier(parent)} AS p ON s.{key} = p.{key} "
        f"WHERE s.{key} IS NOT NULL",
    )
    return strangers(connection, raw.place, _STAGE, key, parent) if done and done[0] else []


def _settle_twins(connection: duckdb.DuckDBPyConnection, raw: RawTable) -> int:
    """Merge rows that agree, refuse those with one key that contradict; return the merged ones.

    Keys are compared by hash first: sorting numbers is what hundreds of millions of rows allow.
    """
    keys = [k for k in raw.table.key if k in raw.columns]
    quoted = ", ".join(identifier(key) for key in keys)
    again = repeated(connection, f"hash({quoted})", _STAGE)
    if not len(again):
        return 0
    connection.register("hashes_again", pa.table({"h": again}))
    merged = _settle(connection, raw, keys, quoted)
    connection.unregister("hashes_again")
    return merged


def _settle(
    connection: duckdb.DuckDBPyConnection, raw: RawTable, keys: list[str], quoted: str
) -> int:
    """Do so with the rows whose key has one of the hashes that stand there again."""
    name = raw.table.name
    every = ", ".join(identifier(c) for c in [*raw.table.by_name, "row_known", *_known(raw)])
    good = (
        f"(SELECT *, rowid AS line, hash({quoted}) AS h FROM {_STAGE} WHERE rowid NOT IN "
        f"(SELECT ordinal {_mine(name)} AND ordinal >= 0))"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE twins AS SELECT {quoted}, list(line) AS lines, "
        f"min(line) AS first, count(DISTINCT row({every})) AS versions FROM {good} "
        f"WHERE h IN (SELECT h FROM hashes_again) GROUP BY {quoted} HAVING count(*) > 1"
    )
    told = [key for key in keys if raw.table.by_name[key].kind != "text"]
    shown = " || ' / ' || ".join(f"coalesce({_shown(raw, key)}, '')" for key in told)
    label = literal(", ".join(raw.columns[key].label for key in keys))
    connection.execute(
        f"INSERT INTO {REFUSED} SELECT {literal(name)}, unnest(lines), NULL, "
        f"{literal(reasons.CONTRADICTION)}, {label}, left({shown}, 60) "
        "FROM twins WHERE versions > 1"
    )
    connection.execute(
        f"DELETE FROM {_STAGE} WHERE rowid IN (SELECT line FROM (SELECT first, unnest(lines) "
        "AS line FROM twins WHERE versions = 1) WHERE line <> first)"
    )
    return count(connection, "(SELECT unnest(lines) FROM twins WHERE versions = 1)") - count(
        connection, "twins WHERE versions = 1"
    )


def _shown(raw: RawTable, key: str) -> str:
    """Return the SQL of a key's part for people: days and moments as they are written."""
    kind, value = raw.table.by_name[key].kind, identifier(key)
    if kind == "date":
        return f"strftime(DATE '1970-01-01' + {value}, '%Y-%m-%d')"
    if kind == "time":
        return f"strftime(make_timestamp({value} * 1000000), '%Y-%m-%dT%H:%M:%SZ')"
    return f"CAST({value} AS VARCHAR)"


def _known(raw: RawTable) -> list[str]:
    return [f"{KNOWN}{name}" for name in raw.known_at if name in raw.table.by_name]


def _refuse_rejected(
    connection: duckdb.DuckDBPyConnection, name: str, rejected: list[csv_files.Rejected]
) -> None:
    rows = [
        (name, row.line, reasons.REJECTS.get(row.kind, reasons.UNREADABLE), row.column)
        for row in rejected
    ]
    if rows:
        connection.executemany(f"INSERT INTO {REFUSED} VALUES ($1, NULL, $2, $3, $4, NULL)", rows)


def _find_lines(connection: duckdb.DuckDBPyConnection, raw: RawTable, rejected: list[int]) -> None:
    """Say where each refused row stands: its line in a CSV file, else its number from 1."""
    mine = f"table_name = {literal(raw.table.name)} AND line IS NULL"
    if raw.csv is None:
        connection.execute(f"UPDATE {REFUSED} SET line = ordinal + 1 WHERE {mine}")
        return
    found = connection.execute(f"SELECT DISTINCT ordinal FROM {REFUSED} WHERE {mine}").fetchall()
    ordinals = [int(row[0]) for row in found]
    if not ordinals:
        return
    lines, _, _ = lines_of(ordinals, rejected, raw.csv)
    connection.register("found_lines", pa.table({"ordinal": ordinals, "at": lines}))
    connection.execute(
        f"UPDATE {REFUSED} SET line = f.at FROM found_lines AS f "
        f"WHERE {mine} AND refused_rows.ordinal = f.ordinal"
    )
    connection.unregister("found_lines")


def _finish(connection: duckdb.DuckDBPyConnection, raw: RawTable) -> None:
    """Turn what is left of the stage into the typed table."""
    name = raw.table.name
    connection.execute(f"ALTER TABLE {_STAGE} DROP COLUMN problems")
    if name == "ticket_events":
        # an event belongs to its ticket's account, and is not known before its ticket is
        connection.execute(
            f"CREATE TABLE {name} AS SELECT e.* REPLACE (greatest(e.row_known, t.row_known) "
            f"AS row_known), t.account_id FROM {_STAGE} AS e JOIN tickets AS t USING (ticket_id) "
            "ORDER BY e.rowid"
        )
        connection.execute(f"DROP TABLE {_STAGE}")
    else:
        connection.execute(f"ALTER TABLE {_STAGE} RENAME TO {identifier(name)}")


def _days(
    connection: duckdb.DuckDBPyConnection, raw: RawTable
) -> tuple[dt.date | None, dt.date | None]:
    """Return the first and the last day of a typed table, today's rows the last to count."""
    time, tomorrow = natural_time(raw.table), (today() + 1) * DAY
    first, last = single(
        connection,
        # What is announced or mistyped does not make a feed that has stopped look fresh.
        f"SELECT min({time}), coalesce(max({time}) FILTER (WHERE {time} < {tomorrow}), "
        f"max({time})) FROM {identifier(raw.table.name)} WHERE {time} > {SINCE_EVER}",
    )
    return (
        None if first is None else date_of(day_of(int(first))),
        None if last is None else date_of(day_of(int(last))),
    )


def _late(connection: duckdb.DuckDBPyConnection, raw: RawTable) -> int:
    """Count the rows known after their own time, where the export says when a row was recorded."""
    if not set(OF_ROW) & set(raw.known_at):
        return 0
    own = natural_time(raw.table)
    late = f"{own} > {SINCE_EVER} AND row_known > {own}"
    return count(connection, f"{identifier(raw.table.name)} WHERE {late}")


def _by_reason(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, int]:
    rows = connection.execute(
        f"SELECT reason, count(DISTINCT (ordinal, line)) AS n {_mine(name)} "
        f"GROUP BY reason ORDER BY n DESC, reason"
    ).fetchall()
    return {str(reason): int(count) for reason, count in rows}
