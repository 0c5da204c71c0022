"""How the rows of a CSV file end, found before the engine reads it.

Told nothing, the engine takes the first line break of the file for the end of a row, even one
inside of a quoted name, and where rows end otherwise it stops without a word. So the ends are
looked at here: quickly by counting, and row by row only where both kinds of break occur.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from risk_model.tables.csv_lines import inside_after, opened
from risk_model.tables.signatures import ENOUGH

LF, CR, CRLF = "\n", "\r", "\r\n"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Scanned:
    """The first bytes of a file, and how its lines end; None where not all end alike."""

    start: bytes
    ends: str | None


def scanned(path: Path) -> Scanned:
    """Read a file to its end (a gzip file is unpacked, so that damage shows) and count."""
    start, last = b"", b""
    returns = feeds = pairs = 0
    with opened(path) as file:
        while chunk := file.read(_CHUNK):
            start = start or chunk[:ENOUGH]
            pairs += last == b"\r" and chunk[:1] == b"\n"
            if b"\r" in chunk:
                returns += chunk.count(b"\r")
                pairs += chunk.count(b"\r\n")
                feeds += chunk.count(b"\n")
            else:
                # how many does not matter: one that follows no return is enough
                feeds += b"\n" in chunk
            last = chunk[-1:]
    if not returns:
        return Scanned(start, LF)
    if not feeds:
        return Scanned(start, CR)
    return Scanned(start, CRLF if returns == pairs == feeds else None)


def ends_of_rows(path: Path, encoding: str, delimiter: str) -> str | None:
    """Return how the rows end, breaks inside of quotes aside; None where not all end alike."""
    ends: set[str] = set()
    inside = odd = False
    with opened(path) as file:
        text = io.TextIOWrapper(file, encoding=encoding, errors="surrogateescape", newline="")
        for content in text:
            end = CRLF if content.endswith(CRLF) else content[-1:]
            if inside or '"' in content:
                inside = inside_after(content, inside, delimiter)
            if not inside and end in (LF, CR, CRLF):
                ends.add(end)
            elif inside and not ends:
                # of CRLF the engine can't be told: it takes the first break for what ends rows
                odd = odd or end != CRLF
            if len(ends) > 1 or (odd and ends == {CRLF}):
                return None
    return next(iter(ends), LF)
