"""Whatever is written appears whole or not at all, and a failure leaves nothing beside it."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from risk_model.catalogue import Catalogue
from risk_model.errors import RiskModelError, UsageError
from risk_model.pipelines.backtest import Backtest
from risk_model.pipelines.describe import write_page
from risk_model.pipelines.features import write_features
from risk_model.pipelines.judge import Judged
from risk_model.pipelines.listen import Wanted, listen
from risk_model.sample.own_files import mark
from risk_model.sample.write import write_company
from risk_model.tables import tables_from_frames, write_refused
from risk_model.text import load_lexicons
from risk_model.watchlist import Watchlist
from risk_model.whole_files import refuse_no_file, whole, write_whole

LEXICONS = Path(__file__).parents[1] / "features" / "lexicons"


def a_watchlist(folder: Path) -> None:
    table = pd.DataFrame({"account_id": ["A1"]})
    Watchlist(table, table, {}).write(folder / "list.csv")


def a_backtest(folder: Path) -> None:
    Backtest(Judged(None, {}, "too short"), pd.DataFrame()).write(folder)


def heard_texts(folder: Path) -> None:
    if not (folder / "texts.csv").exists():
        (folder / "texts.csv").write_text("id,text\n1,It works\n")
    listen(folder / "texts.csv", folder / "heard.csv", load_lexicons(LEXICONS), Wanted("text"))


def refused_rows(folder: Path) -> None:
    frames = {
        "accounts": pd.DataFrame({"account_id": ["a", None]}),
        "usage": pd.DataFrame({"account_id": ["a"], "date": ["2026-03-01"], "logins": [1]}),
    }
    with tables_from_frames(frames) as tables:
        write_refused(tables, folder / "refused.csv")


def measured_features(folder: Path) -> None:
    snapshots = pd.DataFrame({"account_id": ["a"], "as_of": [20_000], "is_customer": [True]})
    line: Any = SimpleNamespace(
        snapshots=lambda _: snapshots,
        pieces=lambda *_: iter([pd.DataFrame({"as_of": [20_000], "one": [1.0]})]),
        settings=SimpleNamespace(catalogue=Catalogue(features=())),
    )
    write_features(line, [20_000], folder / "features.parquet")


def a_page(folder: Path) -> None:
    write_page(Catalogue(features=()), folder / "features.md")


def a_mark(folder: Path) -> None:
    mark(folder, ["0" * 64])


def a_company(folder: Path) -> None:
    write_company(folder, 15, 10, 1)


WRITERS = (
    a_watchlist,
    a_backtest,
    heard_texts,
    refused_rows,
    measured_features,
    a_page,
    a_mark,
    a_company,
)


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_a_file_that_cannot_take_its_place_leaves_the_old_one_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None]
) -> None:
    write(tmp_path)
    before = files_in(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises((OSError, RiskModelError), match="No space left"):
        write(tmp_path)
    assert files_in(tmp_path) == before


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_every_file_may_be_read_by_whom_the_user_lets(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    (tmp_path / "like any other").touch()
    wanted = stat.S_IMODE((tmp_path / "like any other").stat().st_mode)
    write(tmp_path)
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == (
        dict.fromkeys(files_in(tmp_path), wanted)
    )


def test_no_file_takes_its_place_before_all_are_written(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("old")
    with pytest.raises(ZeroDivisionError), whole(first, second) as (one, _):
        one.write_text("new")
        raise ZeroDivisionError
    assert files_in(tmp_path) == {"a.csv": b"old"}
    write_whole({first: b"1", second: b"2"})
    assert files_in(tmp_path) == {"a.csv": b"1", "b.csv": b"2"}


def test_a_folder_in_a_files_place_is_told_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "b.csv").mkdir()
    with pytest.raises(UsageError, match=r"b\.csv: is a folder"):
        write_whole({tmp_path / "a.csv": b"1", tmp_path / "b.csv": b"2"})
    assert [path.name for path in tmp_path.iterdir()] == ["b.csv"]


@pytest.mark.parametrize("is_copied", [False, True])
@pytest.mark.parametrize("failing", range(3))
def test_where_one_file_cannot_take_its_place_all_old_ones_are_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int, is_copied: bool
) -> None:
    paths = [tmp_path / name for name in ("a.csv", "b.csv", "c.json")]
    for path in paths[:2]:  # the third was never there
        path.write_text("old")
    replace = os.replace

    def refuse(source: Path, target: Path) -> None:
        if Path(target) == paths[failing]:
            raise PermissionError(1, "Operation not permitted")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    if is_copied:
        monkeypatch.setattr(os, "link", lambda *_: refuse(paths[failing], paths[failing]))
    with pytest.raises(PermissionError):
        write_whole(dict.fromkeys(paths, b"new"))
    assert files_in(tmp_path) == {"a.csv": b"old", "b.csv": b"old"}


def test_a_disk_that_is_full_is_told_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="No space left") as caught:
        write_whole({tmp_path / "a.csv": b"1"})
    assert caught.value.filename == str(tmp_path / "a.csv")
    assert files_in(tmp_path) == {}


def test_a_link_stays_a_link_and_its_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link, real = tmp_path / "current.csv", tmp_path / "real" / "list.csv"
    real.write_text("old")
    link.symlink_to(real)
    write_whole({link: b"new"})
    assert link.is_symlink()
    assert files_in(tmp_path / "real") == {"list.csv": b"new"}


def test_a_device_or_a_pipe_is_refused_and_stays(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(UsageError, match=r"pipe\.csv: is a device or a pipe"):
        write_whole({tmp_path / "pipe.csv": b"1"})
    assert stat.S_ISFIFO((tmp_path / "pipe.csv").stat().st_mode)
    with pytest.raises(UsageError, match=r"/dev/null: is a device"):
        refuse_no_file(Path("/dev/null"))


def test_where_the_folder_of_a_file_is_a_file_the_first_error_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(NotADirectoryError), whole(tmp_path / "taken" / "a.csv") as (place,):
        place.write_bytes(b"1")


def test_what_a_killed_run_left_beside_a_file_is_removed_once_it_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / ".list [1].csv.0a1b2c3d.tmp"
    others = [tmp_path / ".list [2].csv.0a1b2c3d.tmp", tmp_path / "list [1].csv.tmp"]
    for path in (left, *others):
        path.write_bytes(b"half")
    write_whole({tmp_path / "list [1].csv": b"new"})
    assert left.exists(), "somebody may be writing it now"
    monkeypatch.setattr("risk_model.whole_files.LEFT_BEHIND", -1)
    write_whole({tmp_path / "list [1].csv": b"newer"})
    assert (left.exists(), [path.exists() for path in others]) == (False, [True, True])
    assert (tmp_path / "list [1].csv").read_bytes() == b"newer"
