"""Documents in Markdown (CommonMark with tables): every text is escaped, here and only here."""

from __future__ import annotations

import re
from collections.abc import Sequence

from risk_model.brief.blocks import (
    Blank,
    Block,
    Document,
    Fields,
    Grid,
    Paragraph,
    Points,
    Quote,
    Text,
    pieces,
)
from risk_model.brief.wording import inner_line, one_line

_ANYWHERE = re.compile(r"([\\`*_\[\]<>|~$])")
# Bare addresses that some readers turn into links.
_LINK = re.compile(r"(?<=:)(?=//)|(?<=\bwww)(?=\.)|(?=@)", re.I)
# What is markup at the beginning of a line only: headings, lists, rules, numbered items.
_AT_START = re.compile(r"^(\d{1,9}(?=[.)])|(?=[#+=-]))")


def render(document: Document) -> str:
    """Return the document as Markdown, ending with a line feed."""
    parts = [f"# {escaped(document.title)}", f"*{escaped(document.kind)}*"]
    for section in document.sections:
        parts.append(f"## {escaped(section.heading)}")
        parts += [_block(block) for block in section.blocks]
    if document.notes:
        parts += ["---", *(f"*{escaped(note)}*" for note in document.notes)]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Return a text that no reader of Markdown takes for markup, a link or an entity."""
    line = _ANYWHERE.sub(r"\\\1", one_line(text).replace("&", "&amp;"))
    line = _LINK.sub(r"\\", line)
    return _AT_START.sub(r"\1\\", line)


def _told(text: Text) -> str:
    return "".join(str(p) if isinstance(p, Blank) else _inside(p) for p in pieces(text))


def _inside(piece: str) -> str:
    line = inner_line(piece)
    return line.replace(line.strip(), escaped(line), 1) if line.strip() else line


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return _told(block.text)
    if isinstance(block, Fields):
        return _table(("", ""), [(f"**{escaped(n)}**", _told(v)) for n, v in block.rows])
    if isinstance(block, Grid):
        header = [escaped(name) for name in block.header]
        return _table(header, [[_told(cell) for cell in row] for row in block.rows])
    if isinstance(block, Points):
        mark = "- [ ] " if block.checks else "- "
        return "\n".join(mark + _told(item) for item in block.items)
    if isinstance(block, Quote):
        return f"> {escaped(block.words)}\n>\n> {escaped(block.who)}"
    raise TypeError(f"no block: {block!r}")


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
