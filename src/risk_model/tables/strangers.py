"""Accounts that a table speaks of and the accounts do not have: are they written otherwise there?

Ids have to be the same letter by letter, and are never altered. But what spreadsheets do to them
(leading zeros lost, ``.0`` behind, blanks, another case) is said, with an example.
"""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

import unicodedata

import duckdb

from risk_model.tables.quoting import identifier
from risk_model.tables.single import single

_LONGEST = 40


def strangers(
    connection: duckdb.DuckDBPyConnection, place: str, stage: str, key: str, parent: str
) -> list[str]:
    """Return sentences on the ids under ``key`` in ``stage`` that ``parent`` does not have."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE strangers AS SELECT s.{key} AS id, count(*) AS rows_of_it "
        f"FROM {stage} AS s ANTI JOIN {identifier(parent)} AS p ON s.{key} = p.{key} "
        f"WHERE s.{key} IS NOT NULL GROUP BY s.{key}"
    )
    try:
        return _said(connection, place, stage, key, parent)
    finally:
        connection.execute("DROP TABLE strangers")


def _said(
    connection: duckdb.DuckDBPyConnection, place: str, stage: str, key: str, parent: str
) -> list[str]:
    near = single(
        connection,
        f"SELECT sum(rows_of_it), min((left(id, {_LONGEST}), left(ours, {_LONGEST}))) "
        f"FROM strangers JOIN (SELECT {_same('p.' + key)} AS same, min({key}) AS ours "
        f"FROM {identifier(parent)} AS p GROUP BY same) ON {_same('id')} = same",
    )
    if near and near[0]:
        count, (here, there) = near[0], near[1]
        return [
            f"{place}: {int(count):,} of the refused rows name an id that stands otherwise in "
            f"{parent}: '{here}' here, '{there}' there. Ids have to be the same, letter by letter."
        ]
    some = single(
        connection,
        f"SELECT sum(rows_of_it), min(left(id, {_LONGEST})), (SELECT count(*) FROM {stage}), "
        f"(SELECT min(left({key}, {_LONGEST})) FROM {identifier(parent)}) FROM strangers",
    )
    # Where the other table has no row left, that is what there is to say, and its refusals say it.
    if not some or not some[0] or some[0] < some[2] or some[3] is None:
        return []
    return [
        f"{place}: not one of its rows names an id of {parent} ('{some[1]}' here, '{some[3]}' "
        "there). Are these files of one company, and is it the right column?"
    ]


def bare(account: str) -> str:
    """Return an id without what spreadsheets and people change about one."""
    plain = unicodedata.normalize("NFC", account).strip(" ").lower().removesuffix(".0")
    return plain.lstrip("0") or "0"


def _same(column: str) -> str:
    """Return SQL that is equal for ids which people take for the same; ``bare`` in SQL."""
    plain = f"regexp_replace(lower(trim(nfc_normalize({column}))), '\\.0$', '')"
    return f"coalesce(nullif(ltrim({plain}, '0'), ''), '0')"
