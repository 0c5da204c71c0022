"""What a file really is, by its first bytes: exports are often not what their names say."""

from __future__ import annotations

import re
from pathlib import Path

ENOUGH = 4096
"""How many bytes of a file are looked at."""

_SHEET = "Save the sheet as CSV UTF-8"
_FOREIGN: tuple[tuple[str, str], ...] = (
    (r"\x1f\x8b", "by its first bytes a gzip file, no CSV. Name it {stem}.csv.gz, or unpack it."),
    (r"PAR1", "by its first bytes a Parquet file, no CSV. Name it {stem}.parquet."),
    (
        r"PK\x03\x04",
        f"by its first bytes a zip file or a workbook, no CSV. {_SHEET}, or unpack it.",
    ),
    (r"\xd0\xcf\x11\xe0", f"by its first bytes an old workbook, no CSV. {_SHEET}."),
    (r"SQLite format 3\0", "by its first bytes a SQLite database, no CSV. Export its table."),
    (r"%PDF", "by its first bytes a PDF, no CSV. Export the table as CSV."),
    (r"\s*<[!?a-zA-Z]", "a web page or XML, no CSV. Export it again; had the login run out?"),
    (r"\s*[\[{]\s*[\"\[{]", "JSON, no CSV. Export it as CSV UTF-8."),
    (r"\xff\xfe\0\0|\0\0\xfe\xff", "UTF-32. Save the file as CSV UTF-8."),
    (
        r"(?!\xff\xfe)[^\n]*\0",
        "its first line holds zero bytes, as UTF-16 and damaged files do. Save the file as CSV "
        "UTF-8, or say its `encoding:` in sources.yaml.",
    ),
)


def no_csv(start: bytes, name: str) -> str | None:
    """Say in a sentence why a file of these first bytes is no CSV, with the remedy; else None.

    ``start`` is unpacked already where the file's ``name`` ends in .gz. Text of any encoding
    without zero bytes passes, and so does UTF-16 that says so.
    """
    stem, _, ending = name.partition(".")
    if ending.endswith("gz") and start.startswith(b"\x1f\x8b"):
        return "packed twice. Unpack it once."
    for pattern, told in _FOREIGN:
        if re.match(pattern.encode("latin-1"), start):
            return told.format(stem=stem)
    return None


def not_readable(path: Path) -> str | None:
    """Say in a sentence why a path can't be read as a file, with the remedy; else None."""
    if path.is_symlink() and not path.exists():
        return "a link that leads nowhere. Put the file itself there, or remove the link."
    if path.is_dir():
        return "a folder, not a file. Put its parts together into one file."
    if not path.is_file():
        return "no plain file. Put an export there, or remove it."
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        return f"cannot be read ({error.strerror}). Let the user that runs this read it."
    return None


def no_parquet(path: Path) -> str | None:
    """Say in a sentence why a file is no whole Parquet file; else None."""
    with path.open("rb") as file:
        start = file.read(4)
        if not start:
            return "the file is empty (0 bytes); export it again, or remove it."
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 4))
        end = file.read(4)
    if (start, end) == (b"PAR1", b"PAR1"):
        return None
    return "the file is cut off or no Parquet file; export or copy it again."
