"""Writes a simulated company as the files of an export."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import os
from pathlib import Path

import pandas as pd

from risk_model.errors import RiskModelError
from risk_model.sample.company import make_company

PACKED = ("usage", "messages", "ticket_events", "tickets")


def _bytes_of(table: pd.DataFrame, packed: bool) -> bytes:
    plain = table.to_csv(index=False, lineterminator="\n").encode()
    if not packed:
        return plain
    box = io.BytesIO()
    # No name and no time in the header: the same rows are the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=box, compresslevel=9, mtime=0) as packer:
        packer.write(plain)
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
    place and then renamed. Raises RiskModelError where the folder can't be written to.
    """
    tables = make_company(accounts, weeks, seed, start, nature)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            packed = name in PACKED
            target = folder / (f"{name}.csv.gz" if packed else f"{name}.csv")
            beside = target.with_name(f".{target.name}.part")
            beside.write_bytes(_bytes_of(table, packed))
            os.replace(beside, target)  # noqa: PTH105
    except OSError as error:
        raise RiskModelError(
            f"{folder}: can't write the sample there ({error.strerror}). Name a folder of your own."
        ) from error
    return {name: len(table) for name, table in tables.items()}
