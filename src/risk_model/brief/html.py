"""Documents as one HTML page: no script, nothing from outside, every text escaped, printable."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from importlib import resources

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
from risk_model.brief.wording import inner_line

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2} UTC)?")
_TIME_CELL = '<td class="time">'
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render(document: Document) -> str:
    """Return the document as a page of its own."""
    style = resources.files("risk_model.brief").joinpath("page.css").read_text(encoding="utf-8")
    sections = "\n".join(
        f"<section>\n<h2>{escape(s.heading)}</h2>\n{_blocks(s.blocks)}\n</section>"
        for s in document.sections
    )
    notes = "".join(f"<p>{escape(note)}</p>" for note in document.notes)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(document.title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
<header><p class="kind">{escape(document.kind)}</p><h1>{escape(document.title)}</h1></header>
{sections}
<footer>{notes}</footer>
</main>
</body>
</html>
"""


def escape(text: str) -> str:
    """Return a text on one line that no browser takes for markup."""
    return html.escape(inner_line(text))


def _blocks(blocks: Sequence[Block]) -> str:
    return "\n".join(_block(block) for block in blocks)


def _told(text: Text) -> str:
    return "".join(
        f"<mark>{escape(str(piece))}</mark>" if isinstance(piece, Blank) else escape(piece)
        for piece in pieces(text)
    )


def _cell(cell: Text) -> str:
    is_time = isinstance(cell, str) and _TIME.fullmatch(cell)
    return f"{_TIME_CELL if is_time else '<td>'}{_told(cell)}</td>"


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{_told(block.text)}</p>"
    if isinstance(block, Fields):
        rows = "".join(
            f'<tr><th scope="row">{escape(name)}</th><td>{_told(value)}</td></tr>\n'
            for name, value in block.rows
        )
        return f'<table class="fields">\n{rows}</table>'
    if isinstance(block, Grid):
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in block.header)
        rows = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>\n" for row in block.rows)
        return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table>"
    if isinstance(block, Points):
        box = '<span class="box" aria-hidden="true"></span>' if block.checks else ""
        items = "".join(f"<li>{box}{_told(item)}</li>\n" for item in block.items)
        return f'<ul class="{"checks" if block.checks else "points"}">\n{items}</ul>'
    if isinstance(block, Quote):
        return f"<blockquote><p>{escape(block.words)}</p><p>{escape(block.who)}</p></blockquote>"
    raise TypeError(f"no block: {block!r}")
