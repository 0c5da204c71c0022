"""What a document is made of, apart from how it looks: two renderers read the same blocks.

Every text in a block is taken literally. What a customer wrote can never become markup, because
markup is made by the renderers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Blank:
    """A place for what only a person knows; it carries the one mark of all blanks."""

    what: str

    def __str__(self) -> str:
        return f"[… fill in: {self.what}]"


Piece = str | Blank
Text = Piece | Sequence[Piece]


def pieces(text: Text) -> list[Piece]:
    """Return a text as the list of its pieces."""
    return [text] if isinstance(text, str | Blank) else list(text)


@dataclass(frozen=True)
class Paragraph:
    """One paragraph."""

    text: Text


@dataclass(frozen=True)
class Fields:
    """Names with their values, one a line."""

    rows: Sequence[tuple[str, Text]]


@dataclass(frozen=True)
class Grid:
    """A table with a header."""

    header: Sequence[str]
    rows: Sequence[Sequence[Text]]


@dataclass(frozen=True)
class Points:
    """A list; ``checks`` puts a box to tick before each."""

    items: Sequence[Text]
    checks: bool = False


@dataclass(frozen=True)
class Quote:
    """Words of a customer, with who said them and when."""

    words: str
    who: str


Block = Paragraph | Fields | Grid | Points | Quote


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    heading: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """One document: its title (the subject, if it is sent), what it is, and its sections."""

    title: str
    kind: str
    sections: Sequence[Section]
    notes: Sequence[str] = field(default=())
