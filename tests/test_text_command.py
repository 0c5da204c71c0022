"""`risk-model text`: any table in, what each message was heard to say out, nothing made up."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pandas as pd
import pytest

from command import Command
from risk_model.errors import DataRefused, UsageError
from risk_model.pipelines import listen as listening
from risk_model.pipelines.listen import Wanted, listen
from risk_model.settings import default_folder
from risk_model.text import hear, load_lexicons
from risk_model.text.lexicon import HEARD

LEXICONS = load_lexicons(default_folder() / "features" / "lexicons")
MESSAGES = [
    ("m1", "A1", "We will cancel our contract. Please call me back today."),
    ("m2", "A2", ""),
    ("m3", "A1", 'He said "no thanks", see you; then, at noon'),
    ("m4", "A3", "The system is down.\nNobody can log in!"),
]


def written(folder: Path, name: str = "messages.csv") -> Path:
    path = folder / name
    frame = pd.DataFrame(MESSAGES, columns=["message_id", "account_id", "text"])
    frame["channel"] = "email"
    if name.endswith(".parquet"):
        frame["text"] = frame["text"].where(frame["text"] != "")
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    return path


def rows(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


FIGURES = ("sentiment", "words", "understood")


@pytest.mark.parametrize("name", ["messages.csv", "messages.csv.gz", "messages.parquet"])
@pytest.mark.parametrize("out", ["heard.csv", "deep/heard.csv.gz"])
def test_each_row_says_what_its_text_was_heard_to_say(tmp_path: Path, name: str, out: str) -> None:
    heard = listen(written(tmp_path, name), tmp_path / out, LEXICONS, Wanted())
    said = rows(tmp_path / out)
    assert (heard.rows, heard.empty, heard.refused) == (4, 1, 0)
    assert list(said[0]) == [*("row", "message_id", "account_id", *HEARD, *FIGURES, "why")]
    assert [row["message_id"] for row in said] == ["m1", "m2", "m3", "m4"]
    for row, (_, _, text) in zip(said, MESSAGES, strict=True):
        if not text:
            assert {row[name] for name in (*HEARD, *FIGURES, "why")} == {""}
            continue
        expected = hear(text, LEXICONS)
        told = {name: float(row[name] or "nan") for name in expected}
        assert told == pytest.approx(expected, nan_ok=True)
        told = {part.split(":")[0] for part in row["why"].split("; ") if part}
        assert told == {name for name in HEARD if row[name] == "1"}
    assert "threat: we will cancel our contract" in said[0]["why"]
    assert heard.raised["outage"] == 1


def test_other_columns_are_kept_when_asked_for_and_the_text_too(tmp_path: Path) -> None:
    file = written(tmp_path)
    listen(file, tmp_path / "out.csv", LEXICONS, Wanted("TEXT", ("channel",), with_text=True))
    said = rows(tmp_path / "out.csv")
    assert list(said[0])[:3] == ["row", "channel", "TEXT"]
    assert said[3]["TEXT"] == MESSAGES[3][2]


def test_a_cell_that_a_spreadsheet_could_run_is_made_harmless_and_a_key_is_not(
    tmp_path: Path,
) -> None:
    file = tmp_path / "notes.csv"
    file.write_text('note_id,topic,text\n=7,=1+1,"@SUM(A1) we will cancel our contract"\n')
    listen(file, tmp_path / "out.csv", LEXICONS, Wanted(keep=("note_id", "topic"), with_text=True))
    (said,) = rows(tmp_path / "out.csv")
    assert (said["note_id"], said["topic"]) == ("=7", "'=1+1")
    assert said["text"].startswith("'@SUM")
    assert said["threat"] == "1"


def test_a_lone_carriage_return_tears_no_record_and_leaves_no_formula_behind(
    tmp_path: Path,
) -> None:
    file = tmp_path / "notes.csv"
    file.write_bytes(b'note_id,topic,text\n"n\r1","a\r=1+1","\r=1+1 we will cancel"\n')
    listen(file, tmp_path / "out.csv", LEXICONS, Wanted(keep=("note_id", "topic"), with_text=True))
    (said,) = rows(tmp_path / "out.csv")
    assert (said["note_id"], said["topic"], said["threat"]) == ("n\r1", "a\r=1+1", "1")
    assert said["text"] == "'\r=1+1 we will cancel"


def test_texts_that_are_heard_in_part_are_counted(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "notes.csv"
    long = "All is well here today. " * 900 + "We will cancel our contract."
    file.write_text(f"id,text\n1,{long}\n2,short\n")
    done = command("text", file, "--out", tmp_path / "out.csv")
    assert done.said.rstrip().endswith("0 refused; 1 longer than 20,000 characters")
    assert rows(tmp_path / "out.csv")[0]["threat"] == "0"


def test_many_chunks_and_several_processes_give_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path)
    listen(file, tmp_path / "one.csv", LEXICONS, Wanted())
    monkeypatch.setattr(listening, "CHUNK", 2)
    told: list[int] = []
    heard = listen(file, tmp_path / "many.csv", LEXICONS, Wanted(), progress=told.append)
    assert (tmp_path / "many.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
    assert (heard.rows, told) == (4, [2, 4])


def test_a_semicolon_file_and_a_broken_row_are_read_and_counted(tmp_path: Path) -> None:
    file = tmp_path / "notes.csv"
    file.write_text("id;text\n1;We will cancel our contract\n2;a;b\n3;Thank you so much\n")
    heard = listen(file, tmp_path / "out.csv", LEXICONS, Wanted())
    assert (heard.rows, heard.refused) == (2, 1)
    assert [row["id"] for row in rows(tmp_path / "out.csv")] == ["1", "3"]
    assert any("';'" in notice for notice in heard.notices)


def test_what_excel_calls_ansi_is_heard_where_that_is_said(
    command: Command, tmp_path: Path
) -> None:
    file, out = tmp_path / "notes.csv", tmp_path / "out.csv"
    file.write_bytes("id,text\n1,We can’t work – the system is down\n2,ok\n".encode("cp1252"))
    done = command("text", file, "--out", out, "--encoding", "windows-1252", "--with-text")
    assert done.code == 0, done.said
    assert [row["text"] for row in rows(out)] == ["We can’t work – the system is down", "ok"]
    assert rows(out)[0]["outage"] == "1"


@pytest.mark.parametrize(
    ("name", "content", "column", "error", "told"),
    [
        ("a.csv", b"id,body\n1,x\n", "text", UsageError, "no column 'text'. There are: id, body"),
        ("a.csv", b"id,texts\n1,x\n", "text", UsageError, "Did you mean 'texts'?"),
        ("a.csv", b"", "text", DataRefused, "empty"),
        ("a.csv", b"PK\x03\x04 not a table", "text", DataRefused, "a.csv"),
        ("a.csv.gz", b"text\nx\n", "text", DataRefused, "gzip"),
        ("a.parquet", b"PAR1 nonsense", "text", DataRefused, "a.parquet"),
        ("a.txt", b"text\nx\n", "text", UsageError, "unknown kind"),
        ("a.csv", b'text\n"We never\n', "text", DataRefused, "never closes"),
    ],
)
def test_what_cannot_be_read_is_said_and_leaves_nothing(
    tmp_path: Path, name: str, content: bytes, column: str, error: type[Exception], told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error) as refused:
        listen(tmp_path / name, tmp_path / "out.csv", LEXICONS, Wanted(column))
    assert told in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_a_wrong_out_is_said_before_anything_is_read(tmp_path: Path) -> None:
    file = written(tmp_path)
    before = file.read_bytes()
    for out, told in [(tmp_path, "is a folder"), (file, "is the file that is read")]:
        with pytest.raises(UsageError, match=told):
            listen(file, out, LEXICONS, Wanted())
    with pytest.raises(UsageError, match="no such file"):
        listen(tmp_path / "nowhere.csv", tmp_path / "out.csv", LEXICONS, Wanted())
    assert file.read_bytes() == before


def test_a_failure_midway_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.csv"
    out.write_text("old")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the power went out")

    monkeypatch.setattr(listening, "explain_all", fail)
    with pytest.raises(RuntimeError):
        listen(written(tmp_path), out, LEXICONS, Wanted())
    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["messages.csv", "out.csv"]


@pytest.mark.slow
def test_the_command_counts_and_ends_well(command: Command, tmp_path: Path) -> None:
    done = command("text", written(tmp_path), "--out", tmp_path / "out.csv", "--keep", "account_id")
    assert done.code == 0, done.err
    assert "4 rows read, 1 of them without a text, 0 refused" in done.said
    assert rows(tmp_path / "out.csv")[0]["account_id"] == "A1"
    lost = command("text", written(tmp_path), "--out", tmp_path / "x.csv", "--column", "body")
    assert lost.code == 2
    assert "Traceback" not in lost.said


def test_what_the_engine_may_use_is_said_as_in_other_commands(
    command: Command, tmp_path: Path
) -> None:
    arguments = ("text", written(tmp_path), "--out", tmp_path / "heard.csv")
    wrong = command(*arguments, "--memory", "much")
    assert (wrong.code, "'much' is no amount of memory" in wrong.said) == (2, True)
    little = command(*arguments, "--memory", "1KB")
    assert (little.code, "Traceback" in little.said) == (1, False), little.said
    assert "the engine needs more memory" in little.err
    assert command(*arguments, "--memory", "200MB", "--threads", 1).code == 0
