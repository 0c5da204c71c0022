"""The list is ranked, compared with the last one, harmless, and written whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import random
import signal
import time
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_model.csv_text import harmless_cell
from risk_model.errors import DataRefused, UsageError
from risk_model.last_list import check_previous, last_accounts, with_previous
from risk_model.pipelines.present import as_text, shown
from risk_model.watchlist import (
    COLUMNS,
    ESCALATED_COLUMNS,
    Watchlist,
    as_csv,
    beside,
    ranked,
)


def rows(**columns: list[object]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    base = {"account_id": [f"A{i}" for i in range(n)], "as_of": ["2026-06-29"] * n}
    return pd.DataFrame({**base, **columns})


def test_ties_are_broken_by_account_id_and_ranks_have_no_gaps() -> None:
    table = rows(
        account_id=["b", "a", "c"], escalation_probability=[0.5, 0.5, 0.9], arr_at_risk=[1, 2, 3]
    )
    listed = ranked(table, "probability")
    assert listed["account_id"].tolist() == ["c", "a", "b"]
    assert listed["rank"].tolist() == [1, 2, 3]


def test_the_policy_arr_at_risk_ranks_by_money_and_puts_unknown_money_last() -> None:
    table = rows(escalation_probability=[0.9, 0.1, 0.2], arr_at_risk=[None, 500.0, 100.0])
    assert ranked(table, "arr-at-risk")["account_id"].tolist() == ["A1", "A2", "A0"]


def test_previous_rank_and_change_come_from_the_last_list(tmp_path: Path) -> None:
    last = tmp_path / "last.csv"
    rows(rank=[3, 1, 2]).assign(as_of="2026-06-22").to_csv(last, index=False)
    now = rows(account_id=["A0", "A1", "A2", "A9"], rank=[1, 2, 2, 4])
    compared = with_previous(now, last)
    assert compared["change"].tolist() == ["up", "down", "same", "new"]
    assert compared["previous_rank"].tolist()[:3] == [3, 1, 2]
    assert compared["previous_rank"].isna().tolist() == [False, False, False, True]


@pytest.mark.parametrize("day", ["2026-06-29", "2026-07-06"])
def test_a_list_of_the_same_or_a_later_day_is_refused(tmp_path: Path, day: str) -> None:
    last = tmp_path / "last.csv"
    rows(rank=[1]).assign(as_of=day).to_csv(last, index=False)
    with pytest.raises(DataRefused, match="Give the list of an earlier day") as refused:
        with_previous(rows(rank=[1]), last)
    assert ("have not moved since" in str(refused.value)) == (day == "2026-06-29")


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "account_id,rank,as_of\nA0,x,2026-01-01\n"])
def test_what_is_no_watchlist_is_refused_as_previous(tmp_path: Path, content: str) -> None:
    last = tmp_path / "last.csv"
    last.write_text(content)
    with pytest.raises(UsageError, match="not a watchlist"):
        with_previous(rows(rank=[1]), last)


# How people save a list that they had opened: as a spreadsheet of theirs writes it.
SAVED = {
    "semicolons": {"sep": ";", "encoding": "utf-8-sig", "lineterminator": "\r\n"},
    "unicode text": {"sep": "\t", "encoding": "utf-16"},
    "its country's letters": {"sep": ";", "encoding": "cp1252"},
}


@pytest.mark.parametrize("how", SAVED.values(), ids=SAVED)
@pytest.mark.parametrize("day", ["2026-06-22", "6/22/2026", "22.06.26", "2026-06-22 00:00:00"])
def test_a_last_list_that_a_spreadsheet_saved_is_read(
    tmp_path: Path, how: dict[str, str], day: str
) -> None:
    last = tmp_path / "last.csv"
    saved = rows(rank=["2", "1", ""]).assign(as_of=day, account_name=["Müller", "b", "Sum"])
    empty = pd.DataFrame([[""] * len(saved.columns)], columns=saved.columns)
    pd.concat([saved, empty]).to_csv(last, index=False, **how)
    rows(escalation_id=["E1", "E2", "E3"]).tail(1).to_csv(beside(last)[0], index=False, **how)
    compared = with_previous(rows(rank=[1, 2, 3]), last)
    assert compared["change"].tolist() == ["up", "down", "new"]
    assert last_accounts(last) == {"A0", "A1", "A2"}


def test_the_day_of_a_saved_list_is_that_of_its_record(tmp_path: Path) -> None:
    last = tmp_path / "last.csv"
    rows(rank=[1]).assign(as_of="6/29/2026").to_csv(last, index=False)
    beside(last)[1].write_text('{"as_of": "2026-06-29"}')
    with pytest.raises(DataRefused, match="it is of 2026-06-29, not before"):
        check_previous(last, "2026-06-29")
    check_previous(last, "2026-06-30")


def test_a_damaged_file_beside_the_last_list_is_told_before_any_work(tmp_path: Path) -> None:
    last = tmp_path / "last.csv"
    rows(rank=[1]).to_csv(last, index=False)
    beside(last)[0].write_text("x")
    with pytest.raises(UsageError, match="not the escalated accounts of last"):
        check_previous(last, "2026-07-06")


@given(st.text(min_size=1))
def test_no_text_cell_is_taken_for_a_formula(text: str) -> None:
    safe = str(harmless_cell(text))
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert safe.removeprefix("'") == text or safe == text


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
def test_every_text_survives_the_csv(texts: list[str]) -> None:
    frame = pd.DataFrame({"account_id": range(len(texts)), "name": texts})
    data = as_csv(frame)
    back = list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))
    assert [row[1] for row in back[1:]] == [str(harmless_cell(text)) for text in texts]


def test_keys_are_never_altered() -> None:
    frame = pd.DataFrame({"account_id": ["=A1", "-2"], "account_name": ["=A1", "-2"]})
    assert as_csv(frame).decode() == "account_id,account_name\n=A1,'=A1\n-2,'-2\n"


def watchlist(n: int = 3) -> Watchlist:
    table = pd.DataFrame({name: [""] * n for name in COLUMNS}).assign(rank=range(1, n + 1))
    return Watchlist(table, table.head(0)[["account_id"]], {"as_of": "2026-06-29"})


def test_the_record_comes_last_and_holds_the_hashes_of_both_files(tmp_path: Path) -> None:
    out, escalated, record = watchlist().write(tmp_path / "deep" / "list.csv")
    assert (out.name, escalated.name, record.name) == (
        "list.csv",
        "list.escalated.csv",
        "list.run.json",
    )
    hashes = json.loads(record.read_text())["sha256"]
    for path in (out, escalated):
        assert hashes[path.name] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sorted(p.name for p in out.parent.iterdir()) == sorted(
        p.name for p in (out, escalated, record)
    )


def written(n: int, word: str) -> Watchlist:
    table = pd.DataFrame({name: [word * 20] * n for name in COLUMNS})
    return Watchlist(table, table.head(5), {"as_of": word})


def killed_while_writing(new: Watchlist, out: Path, after: float) -> bool:
    """Write in a process of its own and kill it; say whether it had not come to its end."""
    child = os.fork()
    if child == 0:
        new.write(out)
        os._exit(0)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.slow
def test_a_run_killed_at_any_moment_leaves_every_file_whole(tmp_path: Path) -> None:
    out = tmp_path / "list.csv"
    paths = (out, *beside(out))
    old, new = written(800, "x"), written(800, "y")
    contents = []
    for each in (old, new):
        begun = time.perf_counter()
        each.write(out)
        seconds = time.perf_counter() - begun
        contents.append([path.read_bytes() for path in paths])
    moments = random.Random(1)
    killed = 0
    for _ in range(25):
        for path, content in zip(paths, contents[0], strict=True):
            path.write_bytes(content)
        killed += killed_while_writing(new, out, moments.uniform(0, seconds))
        now = [path.read_bytes() for path in paths]
        is_new = [content == contents[1][n] for n, content in enumerate(now)]
        assert all(f or now[n] == contents[0][n] for n, f in enumerate(is_new)), "a file is torn"
        # the list comes first and the record last: no record speaks of a list that is not there
        assert is_new == sorted(is_new, reverse=True)
    assert killed >= 10, "this machine wrote the list before it could be killed"


def test_accounts_of_one_name_and_escalations_of_one_account_are_told_apart_in_the_terminal() -> (
    None
):
    names = ["Acme", "Acme", "Zoe", None, None]
    filled = dict.fromkeys(COLUMNS, "") | {"change": "new", "risk_level": "Low", "arr": 1.0}
    filled |= {"rank": 1, "escalation_probability": 0.1}
    ids = [f"A{n}" for n in range(len(names))]
    listed = pd.DataFrame([filled] * len(names)).assign(account_id=ids, account_name=names)
    base = {"days_open": 3, "overdue": False, "acknowledge_overdue": False}
    open_ones = [
        dict.fromkeys(ESCALATED_COLUMNS, "x")
        | base
        | {"account_id": account, "account_name": name, "escalation_id": case}
        for account, name, case in (("Z1", "Zoe", "E1"), ("B1", "Bo", "E2"), ("B1", "Bo", "E3"))
    ]
    counts = dict.fromkeys(("ranked", "escalated", "not_a_customer", "refused", "accounts_read"), 0)
    run = {"calibrated": False, "as_of": "", "horizon_days": 30, "counts": counts, "notes": []}
    text = as_text(shown(Watchlist(listed, pd.DataFrame(open_ones), run), 9), width=250)
    for said in (
        "Acme (A0)",
        "Acme (A1)",
        "Zoe (A2)",
        " A3 ",
        " A4 ",
        "Zoe (Z1) ",
        "Bo, E2",
        "Bo, E3",
    ):
        assert said in text
    assert "E1" not in text
