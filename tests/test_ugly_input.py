"""Ugly cells and rows: each is refused with its reason, or read as it was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from risk_model.tables import Tables, open_tables

ACCOUNTS = b"account_id,name,arr\na,Ann,100\nb,Bob,\n"
USAGE = b"account_id,date,logins\na,2026-03-01,1\n"

NUMBER = (
    "not a number (write 1234.5, without thousands separators or currency, or say `decimal:` in "
    "sources.yaml)"
)


def put(where: Path, **files: bytes) -> Path:
    """Write files into a folder: ``usage_csv_gz`` becomes usage.csv.gz."""
    for name, content in {"accounts_csv": ACCOUNTS, "usage_csv": USAGE, **files}.items():
        (where / name.replace("_csv", ".csv").replace("_gz", ".gz")).write_bytes(content)
    return where


def refusals(tables: Tables, name: str) -> list[tuple[object, ...]]:
    rows = tables.refused()
    rows = rows[rows["table"] == name].astype(object)
    rows = rows.where(rows.notna(), None)
    return list(rows.drop(columns="table").itertuples(index=False, name=None))


def ticket(tmp_path: Path, header: str, row: str) -> Tables:
    text = f"ticket_id,account_id,{header}\n1,a,{row}\n"
    return open_tables(put(tmp_path, tickets_csv=text.encode()))


@pytest.mark.parametrize(
    ("header", "row", "reason", "column", "value"),
    [
        (
            "opened_at",
            "31/12/24",
            "not a date or time (write 2026-03-31, or say its format in sources.yaml)",
            "opened_at",
            "31/12/24",
        ),
        (
            "opened_at",
            "2026-02-30",
            "not a date or time (write 2026-03-31, or say its format in sources.yaml)",
            "opened_at",
            "2026-02-30",
        ),
        (
            "opened_at",
            "0202-03-01",
            "implausible year (before 1990 or after 2100)",
            "opened_at",
            "0202-03-01",
        ),
        (
            "opened_at",
            "2101-01-01",
            "implausible year (before 1990 or after 2100)",
            "opened_at",
            "2101-01-01",
        ),
        ("opened_at", "", "required value missing", "opened_at", None),
        (
            "opened_at,resolved_at",
            "2026-03-02,2026-03-01",
            "ends before it begins",
            "resolved_at",
            "2026-03-01",
        ),
        (
            "Opened_At,priority",
            "2026-03-02,urgent",
            "unknown value (one of: P1, P2, P3, P4)",
            "priority",
            "urgent",
        ),
        ("opened_at,reopens", "2026-03-02,1.5", "not a whole number", "reopens", "1.5"),
        ("opened_at,reopens", "2026-03-02,-1", "negative", "reopens", "-1"),
        ("opened_at,csat", "2026-03-02,6", "out of range (1…5)", "csat", "6"),
        (
            "opened_at,users_affected",
            '2026-03-02,"1,234"',
            NUMBER,
            "users_affected",
            "1,234",
        ),
        (
            "opened_at,users_affected",
            "2026-03-02,inf",
            NUMBER,
            "users_affected",
            "inf",
        ),
        (
            "opened_at",
            "2026-03-02,x,y",
            "more columns than the header (is a comma left unquoted?)",
            None,
            None,
        ),
    ],
)
def test_a_bad_cell_refuses_its_row_with_line_column_and_value(
    tmp_path: Path, header: str, row: str, reason: str, column: str | None, value: str | None
):
    tables = ticket(tmp_path, header, row)
    column = "Opened_At" if column == "opened_at" and "Opened_At" in header else column
    assert refusals(tables, "tickets") == [(2, reason, column, value)]
    report = tables.report.tables["tickets"]
    assert (report.read, report.kept, report.refused) == (1, 0, 1)
    assert report.reasons == {reason: 1}


def test_a_row_with_two_faults_is_one_refused_row_with_two_reasons(tmp_path: Path):
    tables = open_tables(put(tmp_path, usage_csv=b"account_id,date,logins\nx,31/12/24,-1\n"))
    assert tables.report.tables["usage"].refused == 1
    assert len(refusals(tables, "usage")) == 3


@pytest.mark.parametrize("word", ["", "NULL", "NaN", "n/a", "NA", "None", "null", "-", " "])
def test_words_for_nothing_are_nothing_but_text_is_left_alone(tmp_path: Path, word: str):
    tables = open_tables(
        put(
            tmp_path,
            accounts_csv=f"account_id,arr,strategic,contract_end,name\na,{word},{word},{word},{word}\n".encode(),
        )
    )
    row = tables.frame("accounts").iloc[0]
    assert row[["arr", "strategic", "contract_end"]].isna().all()
    assert row["name"] == word if word.strip() else True
    assert tables.report.tables["accounts"].kept == 1


@pytest.mark.parametrize("word", ["true", "YES", "1", "T", "1.0"])
def test_yes_and_no_are_read_in_any_spelling(tmp_path: Path, word: str):
    other = {"true": "False", "YES": "no", "1": "0", "T": "f", "1.0": "0.0"}[word]
    text = f"account_id,strategic,reference\na,{word},{other}\nb,maybe,\n"
    tables = open_tables(put(tmp_path, accounts_csv=text.encode()))
    row = tables.frame("accounts").iloc[0]
    assert (bool(row["strategic"]), bool(row["reference"])) == (True, False)
    assert refusals(tables, "accounts") == [
        (3, "not yes or no (write true or false)", "strategic", "maybe")
    ]


def test_a_negative_arr_refuses_the_account_and_what_hangs_on_it(tmp_path: Path):
    accounts = b"account_id,arr\na,-100\nb,5\n"
    tables = open_tables(put(tmp_path, accounts_csv=accounts))
    assert refusals(tables, "accounts") == [(2, "negative", "arr", "-100")]
    assert refusals(tables, "usage") == [
        (2, "unknown account (not in accounts, or refused there)", "account_id", "a")
    ]


def test_categories_match_whatever_their_case(tmp_path: Path):
    tables = ticket(tmp_path, "opened_at,priority", "2026-03-01, p1 ")
    assert tables.frame("tickets")["priority"].tolist() == ["P1"]


@pytest.mark.parametrize(
    ("kind", "score", "reason"),
    [
        ("NPS", "0", None),
        ("NPS", "11", "out of range (0…10)"),
        ("NPS", "-1", "out of range (0…10)"),
        ("csat", "0", "out of range (1…5)"),
        ("CES", "8", "out of range (1…7)"),
    ],
)
def test_a_survey_score_is_judged_by_its_kind(
    tmp_path: Path, kind: str, score: str, reason: str | None
):
    text = f"survey_id,account_id,kind,sent_at,score\n1,a,{kind},2026-03-01,{score}\n"
    tables = open_tables(put(tmp_path, surveys_csv=text.encode()))
    expected = [(2, reason, "score", score)] if reason else []
    assert refusals(tables, "surveys") == expected


def test_a_survey_without_any_time_is_refused(tmp_path: Path):
    text = b"survey_id,account_id,kind\n1,a,NPS\n"
    tables = open_tables(put(tmp_path, surveys_csv=text))
    assert [row[1] for row in refusals(tables, "surveys")] == [
        "no time that says from when the row is known"
    ]


def test_rows_with_one_key_merge_if_they_agree_and_are_refused_if_not(tmp_path: Path):
    usage = (
        b"account_id,date,logins\nb,2026-03-02,\na,2026-03-01,1\na,2026-03-01T00:00:00,1.0\n"
        b"b,2026-03-01,1\nb,2026-03-01,2\n"
    )
    tables = open_tables(put(tmp_path, usage_csv=usage))
    report = tables.report.tables["usage"]
    assert (report.read, report.kept, report.merged, report.refused) == (5, 3, 1, 2)
    assert sorted(tables.frame("usage")["account_id"]) == ["a", "b"]
    why = "contradicts another row with the same key"
    where = "account_id, date"
    assert refusals(tables, "usage") == [
        (5, why, where, "b / 2026-03-01"),
        (6, why, where, "b / 2026-03-01"),
    ]


def test_contradicting_accounts_are_refused_and_named(tmp_path: Path):
    accounts = b"account_id,name\na,Ann\nb,Bob\nb,Bert\nb,Bob\n"
    tables = open_tables(put(tmp_path, accounts_csv=accounts))
    assert tables.frame("accounts")["account_id"].tolist() == ["a"]
    assert [row[0] for row in refusals(tables, "accounts")] == [3, 4, 5]
