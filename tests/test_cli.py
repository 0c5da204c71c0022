"""The command line: help for everything, exit codes that mean something, never a traceback."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pandas as pd
import pytest
import typer.main

from command import Command, Done
from risk_model.catalogue import load_catalogue
from risk_model.cli import app
from risk_model.features.sources import source_columns
from small_company import account, day, desk, moment, ticket, write_tables

COMMANDS = typer.main.get_command(app)
assert isinstance(COMMANDS, click.Group) or hasattr(COMMANDS, "commands")
NAMES = sorted(COMMANDS.commands)  # type: ignore[attr-defined]


def test_every_command_and_every_option_has_help() -> None:
    bare = [
        f"{name} {parameter.name}"
        for name, one in [("", COMMANDS), *COMMANDS.commands.items()]  # type: ignore[attr-defined]
        for parameter in one.params
        if parameter.name != "help" and not getattr(parameter, "help", None)
    ]
    assert not bare
    assert not [name for name in NAMES if not COMMANDS.commands[name].help]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_help_shows_every_option_of_every_command(command: Command) -> None:
    for name in NAMES:
        done = command(name, "--help")
        assert done.code == 0
        for parameter in COMMANDS.commands[name].params:  # type: ignore[attr-defined]
            for option in parameter.opts:
                if option.startswith("--"):
                    assert option in done.out, f"{name} --help keeps silent about {option}"
    done = command("--help")
    assert all(name in done.out for name in NAMES)


def test_help_answers_at_once() -> None:
    def seconds() -> float:
        process = subprocess.Popen(
            [sys.executable, "-m", "risk_model.cli", "--help"], stdout=subprocess.DEVNULL
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return used.ru_utime + used.ru_stime

    assert min(seconds() for _ in range(3)) < 0.5


def test_the_version_is_told(command: Command) -> None:
    from risk_model import __version__

    assert command("--version").out.split() == ["risk-model", __version__]


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Two accounts and a few tickets."""
    accounts = [account("one"), account("two", name="=SUM(A1)")]
    return write_tables(tmp_path / "plain", accounts=accounts, tickets=desk("one"))


def scored(command: Command, data: Path, *more: object) -> Done:
    return command("score", "--data", data, "--model", "rules", "--out", "list.csv", *more)


WRONG: list[tuple[str, list[str], str]] = [
    ("a bad date", ["--as-of", "31/12/24"], "Write it as YYYY-MM-DD"),
    ("a day that there is not", ["--as-of", "2026-02-30"], "Write it as YYYY-MM-DD"),
    ("an unknown option", ["--sorted"], "No such option"),
    ("a horizon of no days", ["--horizon", "0"], "--horizon"),
    ("a horizon in words", ["--horizon", "month"], "--horizon"),
    ("a policy that there is not", ["--policy", "loudest"], "choose probability or arr-at-risk"),
    ("a config that is not there", ["--config", "nowhere"], "risk-model init"),
    ("a list before that is not there", ["--previous", "nowhere.csv"], "not a watchlist"),
    ("a mapping that is not there", ["--sources", "nowhere.yaml"], "nowhere.yaml"),
]


@pytest.mark.parametrize(("what", "more", "told"), WRONG, ids=[what for what, _, _ in WRONG])
def test_wrong_usage_ends_with_two(
    command: Command, plain: Path, what: str, more: list[str], told: str
) -> None:
    assert_ended(scored(command, plain, *more), 2, told)
    assert not (command.cwd / "list.csv").exists()


TARGETS: list[tuple[str, list[str], str]] = [
    ("a page that is a folder", ["--html", "plain"], "--html plain: is a folder"),
    ("a page in a file", ["--html", "list.csv/x.html"], "--html list.csv/x.html: list.csv is a"),
    ("a page that is the list", ["--html", "./list.csv"], "--out writes it already"),
    ("a page that is the record", ["--html", "list.run.json"], "--out writes it already"),
    (
        "a page that is the importer's",
        ["--for", "hubspot", "--html", "list.hubspot.csv"],
        "--for writes it already",
    ),
    (
        "a page that is a part of the importer's",
        ["--for", "hubspot", "--html", "list.hubspot.2.csv"],
        "--for writes it already",
    ),
    ("a page that is the list before", ["--previous", "old", "--html", "old"], "--html old: is"),
    ("a page that is a table", ["--html", "plain/tickets.csv"], "--html plain/tickets.csv: is one"),
    ("a list that is a table", ["--out", "plain/../plain/tickets.csv"], "the files that are read"),
    ("a list that is a link to one", ["--out", "link.csv"], "--out link.csv: is one of the files"),
    ("a list that would be one", ["--out", "plain/usage.csv.gz"], "the files that are read"),
    ("a list that is the mapping", ["--out", "plain/sources.yaml"], "the files that are read"),
    ("a list that is mapped", ["--out", "plain/cases.csv"], "the files that are read"),
    (
        "a list whose record is a folder",
        ["--out", "taken.csv"],
        "taken.run.json: is a folder",
    ),
]


@pytest.mark.parametrize(("what", "more", "told"), TARGETS, ids=[what for what, _, _ in TARGETS])
def test_a_file_that_can_not_take_its_place_is_named_before_anything_is_replaced(
    command: Command, plain: Path, what: str, more: list[str], told: str
) -> None:
    (command.cwd / "link.csv").symlink_to(plain / "tickets.csv")
    (command.cwd / "taken.run.json").mkdir()
    for name in ("list.csv", "old", "plain/cases.csv"):
        (command.cwd / name).write_text("as it was")
    if "mapp" in what:
        mapping = "tables: {accounts: {file: accounts.csv}, tickets: {file: cases.csv}}\n"
        (plain / "sources.yaml").write_text(mapping)
    before = _whole_tree(command.cwd)
    assert_ended(scored(command, plain, *more), 2, told)
    assert _whole_tree(command.cwd) == before


def test_the_list_stays_where_the_page_can_not_be_written(command: Command, plain: Path) -> None:
    (command.cwd / "list.csv").write_text("as it was")
    (command.cwd / f"{'x' * 250}.html").write_text("as it was")
    before = _whole_tree(command.cwd)
    done = scored(command, plain, "--html", f"{'x' * 250}.html")
    assert_ended(done, 1, "too long")
    assert _whole_tree(command.cwd) == before


@pytest.mark.parametrize(
    "words",
    [
        ["features", "--out"],
        ["patterns", "--out"],
        ["rules", "--out"],
        ["brief", "one", "--out"],
        ["check", "--refused"],
    ],
    ids=lambda words: words[0],
)
def test_no_command_writes_over_the_tables_that_it_reads(
    command: Command, plain: Path, words: list[str]
) -> None:
    before = _whole_tree(command.cwd)
    done = command(*words, "plain/tickets.csv", "--data", "plain")
    assert_ended(done, 2, f"{words[-1]} plain/tickets.csv: is one of the files that are read")
    assert _whole_tree(command.cwd) == before


def _whole_tree(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if path.name not in (".out", ".err")
    }


def test_no_data_is_wrong_usage_and_no_command_is_help(command: Command) -> None:
    assert_ended(command("score", "--out", "x.csv"), 2, "--data")
    assert_ended(scored(command, command.cwd / "nowhere"), 2, "no such folder or file")
    assert_ended(command("scores"), 2, "No such command")
    assert "Usage" in command().said


@pytest.mark.slow
def test_data_that_would_mislead_ends_with_three(command: Command, tmp_path: Path) -> None:
    accounts, tickets = [account("one")], desk("one")
    only_accounts = write_tables(tmp_path / "a", accounts=accounts)
    only_tickets = write_tables(tmp_path / "b", tickets=tickets)
    future = write_tables(tmp_path / "c", accounts=accounts, tickets=tickets)
    for data, more, told in (
        (only_accounts, (), "no table of events"),
        (only_tickets, (), "no table 'accounts'"),
        (future, ("--as-of", "2020-01-01"), "nothing is known before 2020-01-01"),
    ):
        assert_ended(scored(command, data, *more), 3, told)
        assert not (command.cwd / "list.csv").exists()


def assert_ended(done: Done, code: int, told: str) -> None:
    assert done.code == code, done.said
    assert told in done.said
    assert "Traceback" not in done.err
    assert len(done.err.splitlines()) < 12, done.err


Spoil = Callable[[Path], object]
GOOD = "account_id,name,arr,contract_start\none,Ann,5,2024-01-01\n"
TICKET = "ticket_id,account_id,opened_at\n"


def _truncated(folder: Path) -> None:
    (folder / "tickets.csv").unlink()
    rows = "".join(f"{n},one,2026-01-{1 + n % 28:02d}T0{n % 9}:11:00Z\n" for n in range(5000))
    whole = gzip.compress((TICKET + rows).encode())
    (folder / "tickets.csv.gz").write_bytes(whole[: len(whole) // 2])


# What is done to a company of two accounts, how it has to end, and what has to be said then.
UGLY: list[tuple[str, Spoil, int, str]] = [
    (
        "UTF-16",
        lambda d: (d / "accounts.csv").write_bytes(GOOD.encode("utf-16")),
        0,
        "1 of 1 ranked",
    ),
    (
        "Latin-1",
        lambda d: (d / "accounts.csv").write_bytes((GOOD + "two,Zoë,1,\n").encode("latin-1")),
        0,
        "1 refused",
    ),
    (
        "a BOM",
        lambda d: (d / "accounts.csv").write_bytes(b"\xef\xbb\xbf" + GOOD.encode()),
        0,
        "1 of 1 ranked",
    ),
    (
        "CRLF and quotes",
        lambda d: (d / "accounts.csv").write_bytes(
            GOOD.replace("\n", "\r\n").replace("Ann", '"Ann, ""the"" first"').encode()
        ),
        0,
        'Ann, "the" first',
    ),
    (
        "ragged rows",
        lambda d: (d / "accounts.csv").write_text(GOOD + "two\nx,y,1,,z\n"),
        0,
        "2 refused",
    ),
    (
        "unknown accounts",
        lambda d: (d / "tickets.csv").write_text(
            f"{TICKET}1,nobody,2026-01-01\n2,one,2026-01-02\n"
        ),
        0,
        "refused: tickets 1 (50%)",
    ),
    (
        "dates as 31/12/24",
        lambda d: (d / "tickets.csv").write_text(f"{TICKET}1,one,31/12/24\n"),
        3,
        "risk-model check",
    ),
    (
        "one date as 31/12/24",
        lambda d: (d / "tickets.csv").write_text(f"{TICKET}1,one,31/12/24\n2,one,2026-01-02\n"),
        0,
        "tickets.csv: 1 of 2 rows refused",
    ),
    (
        "rows of the future",
        lambda d: (d / "tickets.csv").write_text(f"{TICKET}1,one,2099-01-01\n2,one,2026-01-02\n"),
        0,
        "as of 2026-01-03",
    ),
    ("an empty file", lambda d: (d / "accounts.csv").write_bytes(b""), 3, "accounts.csv"),
    ("an empty event file", lambda d: (d / "tickets.csv").write_bytes(b""), 3, "tickets.csv"),
    (
        "a header only",
        lambda d: (d / "accounts.csv").write_text(GOOD.split("\n", maxsplit=1)[0] + "\n"),
        3,
        "not a single account",
    ),
    ("blank lines", lambda d: (d / "accounts.csv").write_text(GOOD + "\n\n"), 0, "1 of 1 ranked"),
    ("a truncated gzip", _truncated, 3, "tickets.csv.gz"),
    (
        "a file that is no Parquet",
        lambda d: (d / "usage.parquet").write_text("no"),
        3,
        "usage.parquet",
    ),
    (
        "NUL bytes",
        lambda d: (d / "accounts.csv").write_bytes(GOOD.encode() + b"\0\0\n"),
        0,
        "1 of 1 ranked",
    ),
    ("a folder as a table", lambda d: (d / "usage.csv").mkdir(), 3, "usage.csv"),
    (
        "the same column twice",
        lambda d: (d / "accounts.csv").write_text("account_id,account_id\none,one\n"),
        3,
        "account_id",
    ),
    (
        "another delimiter",
        lambda d: (d / "accounts.csv").write_text(GOOD.replace(",", ";")),
        0,
        "1 of 1 ranked",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("what", "spoil", "code", "told"), UGLY, ids=[what for what, *_ in UGLY])
def test_ugly_data_ends_in_words(
    command: Command, plain: Path, what: str, spoil: Spoil, code: int, told: str
) -> None:
    spoil(plain)
    assert_ended(scored(command, plain), code, told)
    written = {path.name for path in command.cwd.glob("list*")}
    assert len(written) == (3 if code == 0 else 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_named(command: Command, plain: Path) -> None:
    (plain / "accounts.csv").chmod(0)
    done = scored(command, plain)
    assert done.code in (1, 3)
    assert "accounts.csv" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("out", ["plain", "plain/accounts.csv/list.csv"])
def test_an_out_that_cannot_be_written_is_said_and_nothing_is_left(
    command: Command, plain: Path, out: str
) -> None:
    before = sorted(path for path in command.cwd.rglob("*") if path.name not in (".out", ".err"))
    done = command("score", "--data", plain, "--model", "rules", "--out", out)
    assert done.code in (1, 2), done.out
    assert "Traceback" not in done.err
    assert "plain" in done.err
    after = sorted(path for path in command.cwd.rglob("*") if path.name not in (".out", ".err"))
    assert after == before


@pytest.mark.slow
def test_quiet_says_nothing_but_errors(command: Command, plain: Path) -> None:
    done = command("-q", "score", "--data", plain, "--model", "rules", "--out", "list.csv")
    assert done.code == 0
    assert done.err == ""
    assert done.out == "", "the list is in its file"
    found = command("-q", "patterns", "--data", plain, "--model", "rules")
    assert found.code == 0
    assert found.err == ""
    assert found.out, "no file keeps what was found"


@pytest.mark.slow
def test_features_of_several_days_are_a_table_by_the_catalogue(
    command: Command, plain: Path
) -> None:
    done = command(
        "features", "--data", plain, "--as-of", day(0), "--as-of", day(30), "--out", "f.parquet"
    )
    assert done.code == 0, done.err
    table = pd.read_parquet(command.cwd / "f.parquet")
    root = Path(__file__).parents[1]
    names = load_catalogue(root / "features", source_columns()).names
    assert list(table.columns) == ["account_id", "as_of", *names]
    keys = {(row.account_id, str(row.as_of)) for row in table.itertuples()}
    assert keys == {(name, at) for name in ("one", "two") for at in (day(0), day(30))}
    now = table[table["as_of"].astype(str) == day(0)].set_index("account_id")
    assert now.loc["one", "tickets_7d"] == 1
    assert now["logins_28d"].isna().all()


def test_check_shows_each_table_and_writes_the_refused_rows(command: Command, plain: Path) -> None:
    tickets = [*desk("one"), ticket(9, "nobody", moment(2)), ticket(10, "one", "31/12/24")]
    write_tables(plain, tickets=tickets)
    done = command("check", "--data", plain, "--refused", "refused.csv")
    assert done.code == 0, done.err
    for said in ("accounts", "tickets", "unknown account", "31/12/24"):
        assert said in done.said or said in (command.cwd / "refused.csv").read_text()
    assert len((command.cwd / "refused.csv").read_text().splitlines()) == 3


@pytest.mark.slow
def test_the_sample_company_is_the_same_byte_for_byte(command: Command) -> None:
    for name in ("a", "b"):
        assert command("sample", name, "--accounts", 12, "--weeks", 13, "--seed", 3).code == 0
    names = sorted(path.name for path in (command.cwd / "a").iterdir())
    assert len(names) == 14, "13 tables, and the mark of what is the sample's own"
    for name in names:
        assert (command.cwd / "a" / name).read_bytes() == (command.cwd / "b" / name).read_bytes()
    assert command("sample", "c", "--accounts", 12, "--weeks", 13, "--seed", 4).code == 0
    assert (command.cwd / "c/accounts.csv").read_bytes() != (
        command.cwd / "a/accounts.csv"
    ).read_bytes()
