"""Shapes of exports that only a mapping can tell: encodings, inputs of views, what is always so."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from risk_model.errors import ConfigError, DataRefused
from risk_model.tables import Tables, open_tables

ACCOUNTS = "account_id,name\n1,Ann\n2,Bob\n"
MESSAGES = "message_id,account_id,sent_at,channel,direction,text\n"
SAYINGS = ("We can’t work – system down", "5 € “extra”", "Straße Œuvre Žižek", "ok")


def lay(where: Path, mapping: str, **files: str | bytes) -> Path:
    for name, content in {"accounts_csv": ACCOUNTS, **files, "sources_yaml": mapping}.items():
        data = content.encode() if isinstance(content, str) else content
        (where / ".".join(name.rsplit("_", 1))).write_bytes(data)
    return where


def messages(*texts: str) -> str:
    rows = (f'{i},1,2026-06-20,email,inbound,"{text}"\n' for i, text in enumerate(texts))
    return MESSAGES + "".join(rows)


MAIL = "tables:\n  accounts: {file: accounts.csv}\n  messages: {file: mail.csv, encoding: %s}\n"


def test_windows_1252_is_read_sign_by_sign(tmp_path: Path):
    mail = messages(*SAYINGS).encode("cp1252")
    folder = lay(tmp_path, MAIL % "windows-1252", mail_csv=mail)
    assert open_tables(folder).frame("messages")["text"].tolist() == list(SAYINGS)


def test_windows_1252_is_read_from_gzip_as_well(tmp_path: Path):
    mapping = (MAIL % "windows-1252").replace("mail.csv", "mail.csv.gz")
    folder = lay(tmp_path, mapping)
    (folder / "mail.csv.gz").write_bytes(gzip.compress(messages(*SAYINGS).encode("cp1252")))
    assert open_tables(folder).frame("messages")["text"].tolist() == list(SAYINGS)


def test_of_windows_1252_only_the_row_with_a_byte_of_no_meaning_is_refused(tmp_path: Path):
    mail = messages("can’t", "BAD", "two\nlines – here", "won’t").encode("cp1252")
    mail += b"4,nobody,2026-06-20,email,inbound,x\n"
    folder = lay(tmp_path, MAIL % "windows-1252", mail_csv=mail.replace(b"BAD", b"b\x81d"))
    tables = open_tables(folder)
    assert tables.frame("messages")["message_id"].tolist() == ["0", "2", "3"]
    assert tables.refused()["line"].tolist() == [3, 7]


def test_no_copy_in_utf_8_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    folder = lay(tmp_path, MAIL % "windows-1252", mail_csv=messages("can’t").encode("cp1252"))
    tables = open_tables(folder)
    assert list(temporary.rglob("*.csv")) == []
    tables.close()


def test_latin_1_that_is_none_is_told_what_it_may_be(tmp_path: Path):
    folder = lay(tmp_path, MAIL % "latin-1", mail_csv=messages(*SAYINGS).encode("cp1252"))
    with pytest.raises(DataRefused) as caught:
        open_tables(folder)
    assert caught.value.reasons == [
        "mail.csv: not all of it is latin-1. If Excel or Outlook wrote it, say `encoding: "
        "windows-1252` in sources.yaml."
    ]


VIEW = "tables:\n  accounts: {file: accounts.csv}\n  tickets: {sql: t.sql}\ninputs:\n  desk: %s\n"
SELECT = "SELECT id AS ticket_id, acc AS account_id, created AS opened_at, subject FROM desk"
DESK = "id;acc;created;subject\n1;1;2026-06-20;Größe – für 5 €, bitte\n"


def subjects(tables: Tables) -> list[str]:
    return tables.frame("tickets")["subject"].tolist()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_an_input_of_a_view_is_read_by_the_delimiter_of_its_first_line(
    tmp_path: Path, delimiter: str
):
    desk = "id;acc;created;subject\n1;1;2026-06-20;Hello\n".replace(";", delimiter)
    tables = open_tables(lay(tmp_path, VIEW % "desk.csv", desk_csv=desk, t_sql=SELECT))
    assert subjects(tables) == ["Hello"]
    told = [said for said in tables.report.notices if "separated by" in said]
    assert len(told) == (delimiter != ",")


def test_delimiter_and_encoding_of_an_input_can_be_said(tmp_path: Path):
    desk = '"a,b,c,d,e,f";id;acc;created;subject\nx;1;1;2026-06-20;Größe – für 5 €, bitte\n'
    said = "{file: desk.csv, delimiter: ';', encoding: windows-1252}"
    folder = lay(tmp_path, VIEW % said, desk_csv=desk.encode("cp1252"), t_sql=SELECT)
    assert subjects(open_tables(folder)) == ["Größe – für 5 €, bitte"]


@pytest.mark.parametrize("said", ["{delimiter: ';'}", "{file: desk.csv, table: desk}"])
def test_an_input_is_one_file_or_one_table(tmp_path: Path, said: str):
    folder = lay(tmp_path, VIEW % said, desk_csv=DESK, t_sql=SELECT)
    with pytest.raises(ConfigError, match=r":5: say what 'desk' is with one of file, table\."):
        open_tables(folder)


NPS = "survey_id,account_id,responded_at,score\nn1,1,2026-06-20,3\nn2,2,2026-06-21,11\n"
SURVEYS = "tables:\n  accounts: {file: accounts.csv}\n  surveys: {file: nps.csv, %s}\n"


@pytest.mark.parametrize(
    "columns",
    ["", "columns: {survey_id: survey_id, account_id: account_id, responded_at: responded_at}, "],
)
def test_what_every_row_holds_can_be_said_in_the_mapping(tmp_path: Path, columns: str):
    folder = lay(tmp_path, SURVEYS % f"{columns}constants: {{kind: NPS}}", nps_csv=NPS)
    tables = open_tables(folder)
    assert set(tables.frame("surveys")["kind"]) == {"NPS"}
    assert tables.refused()["line"].tolist() == ([] if columns else [3])


def test_a_missing_word_of_few_is_told_that_it_can_be_said_once(tmp_path: Path):
    columns = "columns: {survey_id: survey_id, account_id: account_id, score: score}"
    for told, mapping in (
        ("'kind' needed; say in sources.yaml which of its columns it is, or under", columns),
        ("Rename it, or lead it there in sources.yaml, or under", "dates: ISO"),
    ):
        with pytest.raises(DataRefused) as caught:
            open_tables(lay(tmp_path, SURVEYS % mapping, nps_csv=NPS))
        [reason] = caught.value.reasons
        assert f"{told} `constants:` what every row holds." in reason


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("constants: {kind: nps}", "'kind' has no value 'nps' (one of: NPS, CSAT, CES)."),
        ("constants: {kimd: NPS}", "table 'surveys' has no column 'kimd'. Did you mean 'kind'?"),
        (
            "columns: {kind: score}, constants: {kind: NPS}",
            "'kind' is among the columns above; leave one of them out.",
        ),
    ],
)
def test_a_constant_that_cannot_be_is_answered_with_its_line(tmp_path: Path, said: str, told: str):
    with pytest.raises(ConfigError) as caught:
        open_tables(lay(tmp_path, SURVEYS % said, nps_csv=NPS))
    [mistake] = caught.value.mistakes
    assert mistake.endswith(f"sources.yaml:3: {told}")


def test_a_constant_for_a_column_that_is_there_is_refused(tmp_path: Path):
    nps = "survey_id,account_id,sent_at,kind\nn1,1,2026-06-20,CES\n"
    with pytest.raises(DataRefused) as caught:
        open_tables(lay(tmp_path, SURVEYS % "constants: {kind: NPS}", nps_csv=nps))
    assert caught.value.reasons == [
        "nps.csv: column 'kind' is there, so leave 'kind' out of `constants:` in sources.yaml."
    ]


@pytest.mark.parametrize("word", ["N/A", "null", "#N/A", "None", "-", "n/a "])
def test_nobody_is_named_by_the_words_for_nothing(tmp_path: Path, word: str):
    accounts = f"account_id,name,csm,segment\n1,{word},{word},{word}\n2,Bob,NA,Mid\n"
    frame = open_tables(lay(tmp_path, NAMES, accounts_csv=accounts, nps_csv=NPS)).frame("accounts")
    assert frame["csm"].isna().tolist() == frame["segment"].isna().tolist() == [True, False]
    # NA is a name, and what an account is called is free
    assert frame["csm"].tolist()[1] == "NA" and frame["name"].tolist()[0] == word


NAMES = SURVEYS % "constants: {kind: NPS}"
