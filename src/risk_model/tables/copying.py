"""COPY out of PostgreSQL as a stream of Arrow batches: nothing is held but the batch at hand."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import csv

from risk_model.errors import DataRefused, RiskModelError
from risk_model.tables.casting import RawColumn
from risk_model.tables.postgres import Database, Relation, in_a_line

if TYPE_CHECKING:
    from psycopg import Copy

BLOCK_BYTES = 8 << 20
"""What is parsed at once; a row must fit into it."""
_PIECE = 1 << 20


class CopyBytes(io.RawIOBase):
    """What COPY hands out, as a file: its pieces are as small as a row."""

    def __init__(self, copy: Copy) -> None:
        self._pieces = iter(copy)
        self._rest = b""
        self._total = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Return the sha256 of all that was read so far."""
        return self._total.hexdigest()

    def has_begun(self) -> bool:
        """Fetch the first piece; say whether there is one."""
        self._rest = self._rest or bytes(next(self._pieces, b""))
        return bool(self._rest)

    def readable(self) -> bool:
        """Return that it is for reading."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, none at the end."""
        wanted = size if size >= 0 else _PIECE
        pieces, length = [self._rest], len(self._rest)
        while length < wanted:
            piece = bytes(next(self._pieces, b""))
            if not piece:
                break
            pieces.append(piece)
            length += len(piece)
        whole = b"".join(pieces)
        self._rest = whole[wanted:]
        self._total.update(whole[:wanted])
        return whole[:wanted]


def batches(
    database: Database, relation: Relation, columns: Sequence[RawColumn]
) -> pa.RecordBatchReader:
    """Return the columns as text under their short names; the query starts with the first batch.

    The digest of what came is left in ``database.digests`` under ``schema.name``.
    """
    schema = pa.schema([(column.name, pa.string()) for column in columns])
    return pa.RecordBatchReader.from_batches(schema, _stream(database, relation, columns, schema))


def _stream(
    database: Database, relation: Relation, columns: Sequence[RawColumn], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    from psycopg import Error, sql

    query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv)").format(
        sql.SQL(", ").join(
            sql.SQL("{}::text").format(sql.Identifier(column.label)) for column in columns
        ),
        sql.Identifier(relation.schema, relation.name),
    )
    place = f"{database.name}:{relation.name}"
    try:
        with database.connection.cursor() as cursor, cursor.copy(query) as copy:
            file = CopyBytes(copy)
            yield from _parsed(file, schema)
            database.digests[f"{relation.schema}.{relation.name}"] = file.digest
    except Error as error:
        database.failure = RiskModelError(f"{place}: cannot be read ({in_a_line(error)}).")
        raise
    except pa.ArrowInvalid as error:
        database.failure = DataRefused(
            f"{place}: cannot be read; is a row over {BLOCK_BYTES >> 20} MB, or text not in the "
            "database's encoding?"
        )
        raise database.failure from error


def _parsed(file: CopyBytes, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    if not file.has_begun():
        return
    reader = csv.open_csv(
        file,
        read_options=csv.ReadOptions(
            use_threads=False, block_size=BLOCK_BYTES, column_names=schema.names
        ),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    yield from reader
