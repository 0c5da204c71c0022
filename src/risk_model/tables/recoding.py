"""Windows-1252, which spreadsheets and mail programs call ANSI: the engine reads no such file.

A file of it is written out as UTF-8 in the folder of the run, read there, and removed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb

from risk_model.errors import RiskModelError
from risk_model.tables.csv_lines import opened
from risk_model.tables.raw import CsvShape
from risk_model.tables.single import single

WINDOWS = "windows-1252"
_CHUNK = 1 << 20


@contextmanager
def readable(connection: duckdb.DuckDBPyConnection, shape: CsvShape) -> Iterator[CsvShape]:
    """Yield a shape that the engine can read: that of a UTF-8 copy where it has to be one.

    Raises RiskModelError where the copy cannot be written.
    """
    if shape.encoding != WINDOWS:
        yield shape
        return
    folder = str(single(connection, "SELECT current_setting('temp_directory')")[0])
    try:
        handle, name = tempfile.mkstemp(dir=folder, suffix=".csv")
    except OSError as error:
        raise _not_written(folder, error) from error
    try:
        try:
            _recode(Path(shape.path), handle)
        except OSError as error:
            raise _not_written(folder, error) from error
        yield replace(shape, path=name, encoding="utf-8", compressed=False)
    finally:
        Path(name).unlink(missing_ok=True)


def _recode(source: Path, handle: int) -> None:
    """Write a file as UTF-8; bytes without a meaning stay as they are, so their row is refused."""
    with os.fdopen(handle, "wb") as target, opened(source) as file:
        while chunk := file.read(_CHUNK):
            text = chunk.decode("cp1252", "surrogateescape")
            target.write(text.encode("utf-8", "surrogateescape"))


def _not_written(folder: str, error: OSError) -> RiskModelError:
    return RiskModelError(
        f"{folder}: cannot be written ({error.strerror}). The tables of a run lie there while it "
        "lasts; make room, or name another folder with TMPDIR or `spill:` in "
        "pipelines/resources.yaml."
    )
