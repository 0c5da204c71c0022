"""Which tables of a folder the sample wrote itself: these it may replace, and no others."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Collection
from pathlib import Path

from risk_model.tables.contract import CONTRACT
from risk_model.whole_files import whole

MARK = ".sample-company"
"""A file in the folder: a line on what it is, then the digest of each table written there."""

_SAID = "# sha256 of the rows of each table that risk-model sample wrote here and may replace"
_ENDINGS = (".csv.gz", ".csv", ".parquet")
_NO_GZIP = (gzip.BadGzipFile, EOFError, zlib.error)


def digest_of(rows: bytes) -> str:
    """Return the digest of a table's rows as CSV, before they are packed."""
    return hashlib.sha256(rows).hexdigest()


def unknown_tables(folder: Path) -> list[Path]:
    """Return the tables in a folder of which no mark says that the sample wrote them."""
    if not folder.is_dir():
        return []
    own = marked(folder)
    there = sorted(path for path in folder.iterdir() if path.is_file() and _is_table(path))
    return [path for path in there if digest_on_disk(path) not in own]


def digest_on_disk(path: Path) -> str | None:
    """Return the digest of a table's rows; None where it is packed and cannot be read."""
    packed = path.name.lower().endswith(".gz")
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except _NO_GZIP:
        return None


def marked(folder: Path) -> set[str]:
    """Return the digests of what the sample wrote to a folder."""
    mark = folder / MARK
    if not mark.is_file():
        return set()
    return set(mark.read_text(encoding="utf-8", errors="replace").split("\n")[1:]) - {""}


def mark(folder: Path, digests: Collection[str]) -> None:
    """Write down what is the sample's own; whole or not at all."""
    with whole(folder / MARK) as (place,):
        place.write_text("\n".join([_SAID, *sorted(digests), ""]), encoding="utf-8")


def _is_table(path: Path) -> bool:
    name = path.name.lower()
    ending = next((ending for ending in _ENDINGS if name.endswith(ending)), None)
    return ending is not None and name.removesuffix(ending).strip() in CONTRACT
