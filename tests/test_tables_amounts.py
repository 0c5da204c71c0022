"""Amounts with thousands: read by the sign that was said, and told of where none was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from risk_model.errors import ConfigError
from risk_model.tables import Tables, open_tables

pytestmark = pytest.mark.slow

TICKETS = "ticket_id,account_id,opened_at\n"


def opened(where: Path, *amounts: str, says: str = "") -> Tables:
    """Open a company whose accounts have these amounts as ARR."""
    rows = "".join(f'a{i},"{amount}"\n' for i, amount in enumerate(amounts))
    (where / "accounts.csv").write_text("account_id,arr\n" + rows, encoding="utf-8")
    (where / "tickets.csv").write_text(TICKETS)
    (where / "sources.yaml").write_text(
        f"{says}\ntables:\n  accounts: {{file: accounts.csv}}\n  tickets: {{file: tickets.csv}}\n"
    )
    return open_tables(where)


def arr(tables: Tables) -> list[float]:
    return tables.frame("accounts").sort_values("account_id")["arr"].tolist()


def test_dots_that_may_be_of_thousands_are_told_of_with_an_example(tmp_path: Path):
    tables = opened(tmp_path, "22.600", "159.200", "850")
    assert arr(tables) == [22.6, 159.2, 850]
    [said] = tables.report.notices
    assert said == (
        "accounts.csv: column 'arr': 2 numbers have a dot, always before three digits; '22.600' "
        "is read as 22.6. Where the dot stands for thousands, say `decimal: ','` in sources.yaml, "
        "and `decimal: '.'` where it does not."
    )


@pytest.mark.parametrize(
    ("amounts", "says"),
    [
        (("22.600", "159.20", "850"), ""),
        (("0.125", "850"), ""),
        (("850", "1e3", ""), ""),
        (("22.600", "159.200"), "decimal: '.'"),
    ],
)
def test_other_dots_and_a_said_sign_are_no_news(
    tmp_path: Path, amounts: tuple[str, ...], says: str
):
    assert opened(tmp_path, *amounts, says=says).report.notices == ()


@pytest.mark.parametrize(
    ("decimal", "written", "value"),
    [
        (",", "22.600", 22600),
        (",", "1.234.567,50", 1234567.5),
        (",", "850", 850),
        (",", "1234,5", 1234.5),
        (",", "12.345,00 EUR", 12345),
        (",", "€ 12.345", 12345),
        (",", "12\u00a0345,5", 12345.5),
        (".", "$1,234.50", 1234.5),
        (".", "1'234.50", 1234.5),
        (".", "1,234", 1234),
    ],
)
def test_with_the_decimal_sign_said_thousands_and_currencies_are_read(
    tmp_path: Path, decimal: str, written: str, value: float
):
    assert arr(opened(tmp_path, written, says=f"decimal: '{decimal}'")) == [value]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**12), st.sampled_from([",", "."]), st.sampled_from(["", " EUR", " €"]))
def test_every_amount_comes_back_as_it_was_written(
    tmp_path: Path, cents: int, decimal: str, currency: str
):
    written = f"{cents // 100:,}.{cents % 100:02d}{currency}"
    if decimal == ",":
        written = written.translate(str.maketrans(",.", ".,"))
    assert arr(opened(tmp_path, written, says=f"decimal: '{decimal}'")) == [cents / 100]


def test_what_the_said_sign_does_not_explain_is_refused(tmp_path: Path):
    tables = opened(tmp_path, "22.60", "1.23.456", "12,5", "1_000,0", says="decimal: ','")
    assert arr(tables) == [12.5]
    assert set(tables.refused()["reason"]) == {
        "not a number that is written with `decimal: ','` (as sources.yaml says)"
    }


def test_two_currencies_in_one_column_are_told_of(tmp_path: Path):
    tables = opened(tmp_path, "1.000 EUR", "2.000 USD", says="decimal: ','")
    assert tables.report.notices == (
        "accounts.csv: column 'arr': amounts in EUR and USD stand side by side; none is converted.",
    )


def test_a_decimal_sign_that_is_none_is_answered_with_its_line(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"sources.yaml:1: Input should be ',' or '.'"):
        opened(tmp_path, "1", says="decimal: ';'")
