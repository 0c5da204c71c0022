"""Writes a simulated company as the files of an export."""

from __future__ import annotations

import datetime as dt
import gzip
import io
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from risk_model.errors import RiskModelError, UsageError
from risk_model.sample.company import make_company
from risk_model.sample.own_files import digest_of, digest_on_disk, mark, marked, unknown_tables
from risk_model.whole_files import whole

PACKED = ("usage", "messages", "ticket_events", "tickets")


def _rows_of(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()


def _packed(rows: bytes) -> bytes:
    box = io.BytesIO()
    # No name and no time in the header: the same rows are the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=box, compresslevel=9, mtime=0) as packer:
        packer.write(rows)
    return box.getvalue()


def write_company(
    folder: Path,
    accounts: int,
    weeks: int,
    seed: int,
    start: dt.date | None = None,
    nature: str = "mixed",
) -> dict[str, int]:
    """Write every table to ``folder`` as NAME.csv or NAME.csv.gz; returns the rows of each.

    Arguments as in ``make_company``. A file appears whole or not at all: it is written beside its
    place and then renamed. Only what the sample wrote before is replaced. Raises UsageError where
    the folder holds other tables, RiskModelError where it can't be written to.
    """
    tables = make_company(accounts, weeks, seed, start, nature)
    try:
        _refuse_foreign(folder, tables)
        folder.mkdir(parents=True, exist_ok=True)
        known, made = marked(folder), set[str]()
        for name, table in tables.items():
            rows = _rows_of(table)
            made.add(digest_of(rows))
            # before the file is there, so that a run that is cut off can be repeated
            mark(folder, known | made)
            with whole(_target(folder, name)) as (place,):
                place.write_bytes(_packed(rows) if name in PACKED else rows)
        mark(folder, made)
    except OSError as error:
        raise RiskModelError(
            f"{folder}: can't write the sample there ({error.strerror}). Name a folder of your own."
        ) from error
    return {name: len(table) for name, table in tables.items()}


def _target(folder: Path, name: str) -> Path:
    return folder / (f"{name}.csv.gz" if name in PACKED else f"{name}.csv")


def _refuse_foreign(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Raise UsageError where a table lies there that is neither the sample's nor the same."""
    names = {_target(folder, name): name for name in tables}
    foreign = [
        path.name
        for path in unknown_tables(folder)
        if path not in names or digest_of(_rows_of(tables[names[path]])) != digest_on_disk(path)
    ]
    if foreign:
        raise UsageError(
            f"{folder}: holds tables that the sample did not write: {', '.join(foreign)}. "
            "Name another folder, or take them away first."
        )
