"""On which line of a CSV file a row stands: values hold line breaks, rows may be unreadable.

The engine numbers readable rows from 0 and names unreadable ones by their byte; lines are found by
walking through the file as far as the last row that is asked for.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from risk_model.tables.raw import CsvShape

BOM_BYTES = 3
"""The engine hands UTF-16 to itself as UTF-8 with a byte order mark in front."""


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file or a gzip file for reading bytes."""
    with path.open("rb") as plain:
        if path.name.lower().endswith(".gz"):
            with gzip.open(plain) as unpacked:
                yield unpacked  # type: ignore[misc]
        else:
            yield plain


def lines_of(
    ordinals: Sequence[int], bytes_of_unreadable: Sequence[int], shape: CsvShape
) -> tuple[list[int], list[int], int | None]:
    """Return the lines of readable rows (numbered from 0) and of unreadable ones (by byte, from 1).

    ``bytes_of_unreadable`` has to hold all of the file's, ascending. The third is the line of an
    unreadable row whose last quote never closes.
    """
    wanted = max(ordinals, default=-1)
    readable: list[int] = []
    unreadable: list[int] = []
    swallowing = None
    with opened(Path(shape.path)) as file:
        for line, start, closed in _records(file, shape):
            found = len(unreadable)
            # the engine counts from 1, and blank lines before an unreadable row belong to it
            if found < len(bytes_of_unreadable) and start >= bytes_of_unreadable[found] - 1:
                unreadable.append(line)
                swallowing = swallowing if closed else line
            else:
                readable.append(line)
            if len(readable) > wanted and len(unreadable) == len(bytes_of_unreadable):
                break
    last = max([*readable[-1:], *unreadable[-1:], 1])
    unreadable += [last] * (len(bytes_of_unreadable) - len(unreadable))
    lines = [readable[i] if i < len(readable) else last for i in ordinals]
    return lines, unreadable, swallowing


def _records(file: IO[bytes], shape: CsvShape) -> Iterator[tuple[int, int, bool]]:
    """Yield line and first byte of each row after the header, and whether its quotes close."""
    text = io.TextIOWrapper(file, encoding=shape.encoding, errors="surrogateescape", newline="")
    line, start, inside, header = 0, 0, False, True
    position = BOM_BYTES if shape.encoding == "utf-16" else 0
    for number, content in enumerate(text, start=1):
        if not inside:
            line, start = number, position
        position += len(content.encode("utf-8", "surrogateescape"))
        if inside or '"' in content:
            inside = inside_after(content, inside, shape.delimiter)
        # a blank line is no row, unless it is the empty value of an only column
        if inside or (shape.width > 1 and start + 3 > position and not content.strip("\r\n")):
            continue
        if not header:
            yield line, start, True
        header = False
    if inside:
        yield line, start, False


def inside_after(content: str, inside: bool, delimiter: str) -> bool:
    """Say whether a line ends inside a quoted value; a quote opens only where a value begins."""
    position = 0
    while position < len(content):
        if inside or content[position] == '"':
            close = content.find('"', position + (not inside))
            if close < 0:
                return True
            inside = content[close + 1 : close + 2] == '"'
            position = close + 1 + inside
            if inside:
                continue
        following = content.find(delimiter, position)
        if following < 0:
            return False
        position = following + 1
    return inside
