"""Documents are safe whatever a name, a subject or a message holds: text comes out as text."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from documents_company import EVIL
from risk_model.brief import html, markdown
from risk_model.brief.blocks import Document, Fields, Grid, Paragraph, Points, Quote, Section
from risk_model.brief.wording import masked, one_line


class Reader(HTMLParser):
    """Reads a page as a browser does: its elements with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


OURS = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2", "p", "section",
    "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "span", "mark", "blockquote", "footer",
}  # fmt: skip


def document_of(text: str) -> Document:
    """Return a document that holds a text in every place that there is."""
    blocks = [
        Paragraph([text, " and ", text]),
        Fields([(text, text)]),
        Grid([text], [[text]]),
        Points([text]),
        Points([text], checks=True),
        Quote(text, text),
    ]
    return Document(text, text, [Section(text, blocks)], [text])


MARKDOWN = MarkdownIt("commonmark").enable("table").enable("strikethrough")
FROM_MARKDOWN = {"h1", "h2", "p", "em", "strong", "table", "thead", "tbody", "tr", "th", "td", "ul",
                 "li", "blockquote", "hr"}  # fmt: skip
PLACES = 14


@given(st.text(st.characters(codec="utf-8"), max_size=40))
@example(EVIL)
@example("[a]: http://x.example")
@example("1. one\n2. two")
@example("www.x.example https://x.example jo@x.example")
@example("&lt;b&gt; &#60; \\")
@example("--- *** === +++ ~~~")
def test_any_text_comes_out_of_every_place_as_it_is(text: str) -> None:
    shown = one_line(text)
    page = Reader(html.render(document_of(text)))
    assert {tag for tag, _ in page.found} <= OURS
    rendered = Reader(MARKDOWN.render(markdown.render(document_of(text))))
    assert {tag for tag, _ in rendered.found} <= FROM_MARKDOWN
    if shown:
        assert page.text.count(shown) >= PLACES
        assert " ".join(rendered.text.split()).count(" ".join(shown.split())) >= PLACES


def test_bare_addresses_are_spelt_so_that_no_reader_of_markdown_links_them() -> None:
    told = markdown.escaped("see https://x.example, WWW.x.example or jo@x.example")
    assert told == r"see https:\//x.example, WWW\.x.example or jo\@x.example"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("write to jo.doe+x@firm.co.uk!", "write to [e-mail address]"),
        ("JO@FIRM.COM, or ＪＯ＠firm.com", "[e-mail address], or [e-mail address]"),
        ("call (030) 123-456-78 now", "call [telephone number] now"),
        ("+1 (415) 555-0100", "[telephone number]"),
        ("call 0151/23456789", "call [telephone number]"),
        ("555-123-4567x89 or 555-123-4567 ext. 89", "[telephone number] or [telephone number]"),
        ("555-123-4567ext89 now", "[telephone number] now"),
        ("call,5551234567", "call,[telephone number]"),
        ("Tel.0301234567 Tel.030 1234567", "Tel.[telephone number] Tel.[telephone number]"),
        ("Tel0301234567, 5551234567a", "Tel[telephone number], [telephone number]a"),
        ("555_123_4567 555·123·4567", "[telephone number]"),
        ("01.23.45.67.89", "[telephone number]"),
        ("1.800.555.1234", "[telephone number]"),
        ("2012 10 10 555 or 10-12-3456789", "[telephone number] or [telephone number]"),
        ("on 2026-03-30 at 12:30, ticket 12345", "on 2026-03-30 at 12:30, ticket 12345"),
        ("am 30.03.2026 um 9", "am 30.03.2026 um 9"),
        ("down since 2026-06-20 10:00", "down since 2026-06-20 10:00"),
        ("10.06.2026 14:30 to 10.06.26 15:00", "10.06.2026 14:30 to 10.06.26 15:00"),
        (
            "2026-06-20T10:00:00Z, 2026-06-20 - 2026-06-25",
            "2026-06-20T10:00:00Z, 2026-06-20 - 2026-06-25",
        ),
        ("1.200.000 EUR or € 1 200 000,50", "1.200.000 EUR or € 1 200 000,50"),
        ("1.200.000 rows, 1200000 USD", "1.200.000 rows, 1200000 USD"),
        ("order number 4500012345", "order number 4500012345"),
        ("1,200,000 rows in v2.3.10", "1,200,000 rows in v2.3.10"),
        ("follow @firm\nand\u202ethen", "follow @firm and then"),
    ],
)
def test_addresses_and_numbers_are_masked_and_dates_are_not(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_a_pasted_log_without_a_blank_is_masked_in_no_time() -> None:
    begin = time.process_time()
    assert masked("1.234.567." * 2000 + "x") == "[telephone number].x"
    assert time.process_time() - begin < 0.5
