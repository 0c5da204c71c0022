"""Ugly cells, each on a line of its own: the reason and the line are promised to the letter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from risk_model.tables import Tables, open_tables

TIME = "not a date or time (write 2026-03-31, or say its format in sources.yaml)"
NUMBER = (
    "not a number (write 1234.5, without thousands separators or currency, or say `decimal:` in "
    "sources.yaml)"
)
FORMULA = "an error of a spreadsheet's formula (mend it there and export again)"
DAY_NUMBER = "a spreadsheet's day number (write 2026-03-31, or say dates: excel in sources.yaml)"
SECONDS = (
    "a number of seconds or milliseconds (write 2026-03-31T12:00:00Z, or say dates: epoch or "
    "dates: epoch_ms in sources.yaml)"
)
YEAR = "implausible year (before 1990 or after 2100)"
LARGE = "implausibly large (over 1e15)"
FLAG = "not yes or no (write true or false)"

BAD = [
    ("opened_at", "2026-02-29", TIME),
    ("opened_at", "2026-13-01", TIME),
    ("opened_at", "2026-3-1", TIME),
    ("opened_at", "20260301", TIME),
    ("opened_at", "2026-W10-1", TIME),
    ("opened_at", "2026-03-01T23:59:60", TIME),
    ("opened_at", "2026-03-01T24:01", TIME),
    ("opened_at", "2026-03-01T10:00:00+25:00", TIME),
    ("opened_at", "2026-03-01T10:00:00+02:75", TIME),
    ("opened_at", "2026-03-01 10:00 CET", TIME),
    ("opened_at", "10000-01-01", TIME),
    ("opened_at", "-2026-03-01", TIME),
    ("opened_at", "now", TIME),
    ("opened_at", "infinity", TIME),
    ("opened_at", "2026\u201303\u201301", TIME),
    ("opened_at", "\u202a2026-03-01", TIME),
    ("opened_at", "1989-12-31", YEAR),
    ("opened_at", "46082", DAY_NUMBER),
    ("opened_at", "46082.4375", DAY_NUMBER),
    ("opened_at", "1772323200", SECONDS),
    ("opened_at", "1772323200000", SECONDS),
    ("opened_at", "#REF!", FORMULA),
    ("opened_at", "#N/A", "required value missing"),
    ("users_affected", "1.234,5", NUMBER),
    ("users_affected", "1,5", NUMBER),
    ("users_affected", "1 234", NUMBER),
    ("users_affected", "1\u00a0234", NUMBER),
    ("users_affected", "1_234", NUMBER),
    ("users_affected", "$12", NUMBER),
    ("users_affected", "12%", NUMBER),
    ("users_affected", "(12)", NUMBER),
    ("users_affected", "\u22125", NUMBER),
    ("users_affected", "0x1F", NUMBER),
    ("users_affected", "1e400", NUMBER),
    ("users_affected", "-inf", NUMBER),
    ("users_affected", "\u0663", NUMBER),
    ("users_affected", "5 users", NUMBER),
    ("users_affected", "=1+1", NUMBER),
    ("users_affected", "1\x00", NUMBER),
    ("users_affected", "#DIV/0!", FORMULA),
    ("users_affected", "1.7e308", LARGE),
    ("users_affected", "1000000000000001", LARGE),
    ("reopens", "1e300", LARGE),
    ("reopens", "1e-300", "not a whole number"),
    ("csat", "0", "out of range (1…5)"),
    ("strategic", "x", FLAG),
    ("strategic", "2", FLAG),
    ("strategic", "ja", FLAG),
    ("strategic", "#NAME?", FORMULA),
    ("account_id", "#N/A", "key missing"),
    ("account_id", "a\x00", "zero byte in a key (the file is damaged; export it again)"),
]
GOOD = [
    ("opened_at", "2026-03-01T24:00", 1_772_409_600),
    ("opened_at", "2026-03-01T10:00:00.123456789Z", 1_772_359_200),
    ("opened_at", "2026-03-01T10:00:00+0530", 1_772_339_400),
    ("opened_at", "2026-03-01 10:00:00,5 -03", 1_772_370_000),
    ("opened_at", "2024-02-29", 1_709_164_800),
    ("users_affected", "1e3", 1000.0),
    ("users_affected", " +5. ", 5.0),
    ("users_affected", "1000000000000000", 1e15),
    ("users_affected", "#N/A", None),
    ("users_affected", "NaN", None),
    ("reopens", "3.0", 3),
    ("description", "zero\x00byte", "zerobyte"),
    ("description", "👩‍🚀 =1+1 #REF!", "👩‍🚀 =1+1 #REF!"),
    ("description", "two\r\nlines\rthree", "two\r\nlines\rthree"),
    ("description", "nan", "nan"),
]
COLUMNS = ["ticket_id", "account_id", "opened_at", "users_affected", "reopens", "csat"]
COLUMNS += ["description", "strategic"]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    """Every cell of both lists in a row of its own; what is yes or no stands in accounts."""
    folder = tmp_path_factory.mktemp("cells")
    tickets, accounts = [",".join(COLUMNS[:-1])], ["account_id,strategic", "a,true"]
    for number, (column, cell, _) in enumerate([*BAD, *GOOD]):
        if column == "strategic":
            accounts.append(f"s{number},{cell}")
        row = {"account_id": "a", "opened_at": "2026-03-01", "ticket_id": str(number)}
        row |= {column: cell}
        tickets.append(",".join(f'"{row.get(name, "")}"' for name in COLUMNS[:-1]))
    for name, lines in {"tickets": tickets, "accounts": accounts}.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8", newline="")
    with open_tables(folder) as opened:
        yield opened


@pytest.mark.parametrize(("column", "cell", "reason"), BAD)
def test_a_bad_cell_is_refused_with_its_line_and_the_exact_reason(
    tables: Tables, column: str, cell: str, reason: str
):
    number = BAD.index((column, cell, reason))
    line = 2 + number
    if column == "strategic":
        line = 3 + [c for c, _, _ in BAD[:number]].count("strategic")
    rows = tables.refused()
    table = "accounts" if column == "strategic" else "tickets"
    told = rows[(rows["table"] == table) & (rows["line"] == line)]
    said = told[["reason", "column", "value"]].astype(object).where(told.notna(), None)
    unknown = "unknown account (not in accounts, or refused there)"
    expected = [[reason, column, cell]]
    if cell == "a\x00":
        expected = [[unknown, column, cell], *expected]
    assert said.to_numpy().tolist() == expected


@pytest.mark.parametrize(("column", "cell", "value"), GOOD)
def test_an_odd_cell_with_one_meaning_is_read_as_it_was_meant(
    tables: Tables, column: str, cell: str, value: object
):
    number = len(BAD) + GOOD.index((column, cell, value))
    rows = tables.frame("tickets")
    found = rows.loc[rows["ticket_id"] == str(number), column].astype(object).tolist()
    assert [None if one != one else one for one in found] == [value]  # noqa: PLR0124


def test_read_is_kept_and_refused_over_all_of_them(tables: Tables):
    report = tables.report.tables["tickets"]
    flags = sum(column == "strategic" for column, _, _ in BAD)
    assert (report.read, report.refused) == (len(BAD) + len(GOOD), len(BAD) - flags)
    assert report.kept == len(tables.frame("tickets"))
