"""A company of any size, as typed tables in DuckDB: drawn by hashing, so the same every time.

Five accounts in eight use the product, on every working day of 560 days; each has 20 tickets and 10
messages. So 100,000 accounts have 25 million, 2 million and 1 million rows. What the messages say
was heard before.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from features import DAYS, FIRST_DAY, LAST_DAY
from risk_model.tables.contract import CONTRACT
from risk_model.text import SIGNALS
from risk_model.timeline import DAY

TYPES = {
    "key": "VARCHAR",
    "text": "VARCHAR",
    "category": "VARCHAR",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "flag": "BOOLEAN",
    "time": "BIGINT",
    "date": "INTEGER",
}
PRESENT = {
    "accounts": ("account_id", "arr", "contract_start"),
    "usage": (
        "account_id",
        "date",
        "active_users",
        "logins",
        "actions",
        "key_actions",
        "onboarding_actions",
        "seats",
    ),
    "tickets": (
        "ticket_id",
        "account_id",
        "opened_at",
        "first_response_at",
        "resolved_at",
        "priority",
        "category",
        "sla_due_at",
        "reassignments",
        "reopens",
        "csat",
        "rated_at",
    ),
    "messages": (
        "message_id",
        "account_id",
        "sent_at",
        "channel",
        "direction",
        "sender_role",
        "recipient_role",
        "thread_id",
        "text",
    ),
}


def _draw(what: str, low: int, high: int) -> str:
    """Return SQL for a whole number from ``low`` below ``high``, drawn from the row's number."""
    return f"({low} + (hash(n, '{what}') % {high - low})::BIGINT)"


def _chosen(what: str, *values: str) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"[{listed}][1 + (hash(n, '{what}') % {len(values)})::INTEGER]"


def _queries(accounts: int) -> dict[str, str]:
    account = f"printf('A%07d', n % {accounts})"
    moment = f"{_draw('day', FIRST_DAY, LAST_DAY)} * {DAY} + {_draw('second', 0, DAY)}"
    return {
        "accounts": f"""
            SELECT printf('A%07d', n) AS account_id, {_draw("arr", 1, 200)} * 1000.0 AS arr,
                   {FIRST_DAY - 100} AS contract_start
            FROM range({accounts}) AS t(n)""",
        "usage": f"""
            SELECT printf('A%07d', account) AS account_id, {FIRST_DAY} + day AS "date",
                   ({_draw("users", 0, 20)})::DOUBLE AS active_users,
                   ({_draw("logins", 0, 40)})::DOUBLE AS logins,
                   greatest({_draw("actions", -30, 100)}, 0)::DOUBLE AS actions,
                   ({_draw("key", 0, 30)})::DOUBLE AS key_actions,
                   ({_draw("onboarding", 0, 3)})::DOUBLE AS onboarding_actions,
                   ({_draw("seats", 20, 60)})::DOUBLE AS seats
            FROM (SELECT account, day, account * {DAYS} + day AS n
                  FROM range({accounts}) AS a(account), range({DAYS}) AS d(day))
            WHERE hash(account, 'uses it') % 8 < 5 AND ({FIRST_DAY} + day + 3) % 7 < 5""",
        "tickets": f"""
            SELECT *, CASE WHEN hash(n, 'rated') % 3 = 0 THEN resolved_at + 90000 END AS rated_at
            FROM (SELECT n, 'T' || n AS ticket_id, {account} AS account_id, opened_at,
                   CASE WHEN hash(n, 'answered') % 10 > 0
                        THEN opened_at + {_draw("response", 600, 200_000)} END
                        AS first_response_at,
                   CASE WHEN hash(n, 'solved') % 20 > 0
                        THEN opened_at + {_draw("resolution", 3_600, 1_500_000)} END AS resolved_at,
                   {_chosen("priority", "P1", "P2", "P3", "P3", "P4")} AS priority,
                   {_chosen("category", "login", "billing", "bug", "speed", "other")} AS category,
                   opened_at + {_draw("sla", 14_400, 400_000)} AS sla_due_at,
                   {_draw("handed", 0, 4)} AS reassignments,
                   {_draw("reopened", 0, 2)} AS reopens,
                   ({_draw("csat", 1, 6)})::DOUBLE AS csat
                  FROM (SELECT n, {moment} AS opened_at FROM range({accounts * 20}) AS t(n)))""",
        "messages": f"""
            SELECT 'M' || n AS message_id, {account} AS account_id, {moment} AS sent_at,
                   {_chosen("channel", "email", "email", "call", "chat", "social")} AS channel,
                   {_chosen("direction", "inbound", "inbound", "outbound")} AS direction,
                   {_chosen("sender", "executive", "admin", "user", "user")} AS sender_role,
                   {_chosen("recipient", "ceo", "executive", "csm", "support")} AS recipient_role,
                   'H' || {_draw("thread", 0, 2)} AS thread_id, '' AS "text"
            FROM range({accounts * 10}) AS t(n)""",
    }


def write(folder: Path, accounts: int) -> None:
    """Write the tables and what messages say as Parquet, one file each."""
    folder.mkdir(parents=True, exist_ok=True)
    signals = ", ".join(
        f"({_draw(name, -32, 33)}) / 32.0 AS sentiment"
        if name == "sentiment"
        else f"{_draw(name, 1, 90)}::DOUBLE AS words"
        if name == "words"
        else "1.0::DOUBLE AS understood"
        if name == "understood"
        else f"(hash(n, '{name}') % 12 = 0)::INTEGER::DOUBLE AS {name}"
        for name in SIGNALS
    )
    queries = _queries(accounts)
    queries["heard"] = f"""
        SELECT 'M' || n AS message_id, {signals} FROM range({accounts * 10}) AS t(n)
        WHERE {_chosen("direction", "inbound", "inbound", "outbound")} = 'inbound'"""
    with duckdb.connect() as connection:
        for name, query in queries.items():
            connection.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet)")


def typed(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, frozenset[str]]:
    """Make the typed tables of a folder, and the table ``heard``; return what is present."""
    for name, columns in PRESENT.items():
        given = ", ".join(
            f'"{c.name}"::{TYPES[c.kind]} AS "{c.name}"'
            if c.name in columns
            else f'NULL::{TYPES[c.kind]} AS "{c.name}"'
            for c in CONTRACT[name].columns
        )
        known = {
            "accounts": "-4000000000",
            "usage": f'"date"::BIGINT * {DAY} + {DAY - 1}',
            "tickets": "opened_at",
            "messages": "sent_at",
        }[name]
        connection.execute(
            f"CREATE TABLE {name} AS SELECT {given}, ({known})::BIGINT AS row_known "
            f"FROM read_parquet('{folder / name}.parquet')"
        )
    connection.execute(
        f"CREATE TABLE heard AS SELECT * FROM read_parquet('{folder / 'heard'}.parquet')"
    )
    return {name: frozenset(columns) for name, columns in PRESENT.items()}
