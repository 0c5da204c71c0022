"""What the record beside a list tells of it: a run cut off between files, a model that is gone."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from risk_model.cli.page import report
from risk_model.errors import RiskModelError
from risk_model.pipelines import judges, report_page
from risk_model.pipelines.judges import choose_judge
from risk_model.pipelines.last_run import mixed, shrunk, told_mixed
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.settings import load_settings
from risk_model.tracking import NO_SIGNAL
from risk_model.watchlist import COLUMNS, ESCALATED_COLUMNS, Watchlist, beside
from small_company import AS_OF, account, desk, write_tables

FILES = 3


def watchlist(day: str, by: str = "rules") -> Watchlist:
    ranked = pd.DataFrame([{"rank": 1, "account_id": "A1", "as_of": day}], columns=list(COLUMNS))
    escalated = pd.DataFrame(
        [{"account_id": "A2", "escalation_id": day}], columns=list(ESCALATED_COLUMNS)
    )
    return Watchlist(ranked, escalated, {"as_of": day, "scored_by": by})


def killed_after(renames: int, out: Path, newer: Watchlist) -> None:
    """Write a list in a process that is killed as soon as so many files are in their places."""
    child = os.fork()
    if child == 0:
        replace, done = Path.replace, []

        def replacing(self: Path, target: Any) -> Any:
            moved = replace(self, target)
            done.append(target)
            if len(done) == renames:
                os.kill(os.getpid(), signal.SIGKILL)
            return moved

        Path.replace = replacing  # type: ignore[method-assign]
        newer.write(out)
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("renames", range(1, FILES + 1))
def test_a_run_killed_between_its_files_is_told_by_their_record(
    tmp_path: Path, renames: int
) -> None:
    out = tmp_path / "list.csv"
    watchlist("2026-06-01").write(out)
    assert told_mixed(out) == []
    killed_after(renames, out, watchlist("2026-06-15"))
    names = ["list.csv", "list.escalated.csv"][:renames]
    if renames == FILES:
        assert mixed(out) == ""
        return
    assert mixed(out).startswith(f"{' and '.join(names)}: not as list.run.json says")
    assert told_mixed(out) == [f"the last list is taken as it is, but {mixed(out)}"]
    beside(out)[1].unlink()
    assert told_mixed(out) == []


def test_the_page_of_files_of_two_runs_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, pages = tmp_path / "list.csv", []
    monkeypatch.setattr(report_page, "write_page", lambda content, _: pages.append(content) or 1)
    watchlist("2026-06-01").write(out)
    report(out, tmp_path / "list.html")
    killed_after(1, out, watchlist("2026-06-15"))
    report(out, tmp_path / "list.html")
    said = mixed(out)
    assert [page.run.get("notes") for page in pages] == [None, [said]]
    assert capsys.readouterr().err == f"risk-model: {said}\n"


def test_a_list_under_another_name_or_with_an_odd_record_is_taken_as_it_is(tmp_path: Path) -> None:
    out, other = tmp_path / "list.csv", tmp_path / "last.csv"
    watchlist("2026-06-01").write(out)
    shutil.copy(out, other)
    shutil.copy(beside(out)[1], beside(other)[1])
    other.write_text(other.read_text() + "\n")
    assert mixed(other) == ""
    for odd in ("", "[]", '{"sha256": 1}'):
        beside(out)[1].write_text(odd)
        assert told_mixed(out) == []
    assert told_mixed(None) == []


@pytest.mark.slow
def test_a_champion_that_is_gone_since_the_last_list_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judges, "load_champion", lambda *_: None)
    folder = write_tables(tmp_path / "data", accounts=[account("A1")], tickets=desk("A1"))
    last = tmp_path / "last.csv"
    with Line.open(folder, load_settings()) as line:
        watchlist("2026-01-05", "risk-model-escalation/3").write(last)
        said = r"last\.csv was scored by model risk-model-escalation/3, and no champion is"
        with pytest.raises(RiskModelError, match=said):
            score(line, AS_OF, previous=last)
        assert score(line, AS_OF, model="rules", previous=last).run["scored_by"] == "rules"
        watchlist("2026-01-05", "rules").write(last)
        assert score(line, AS_OF, previous=last).run["scored_by"] == "rules"


@pytest.mark.slow
def test_a_table_with_fewer_rows_than_at_the_last_run_is_named(tmp_path: Path) -> None:
    last = tmp_path / "last.csv"
    then = {"accounts": {"read": 1}, "tickets": {"read": 3}, "usage": {"read": 1200}, "x": None}
    newer = watchlist("2026-01-05")
    Watchlist(newer.ranked, newer.escalated, {**newer.run, "tables": then}).write(last)
    folder = write_tables(tmp_path / "data", accounts=[account("A1")], tickets=desk("A1"))
    with Line.open(folder, load_settings()) as line:
        notes = score(line, AS_OF, model="rules", previous=last).run["notes"]
        rows = line.tables.report.tables["tickets"].read
    said = "fewer rows than at the last run: tickets 2 (then 3), usage 0 (then 1,200); are the"
    assert rows == 2
    assert any(note.startswith(said) for note in notes)
    assert shrunk(None, {}) == []


def test_a_model_without_signal_scores_no_probabilities_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for verdict in ("signal", NO_SIGNAL):
        model = SimpleNamespace(calibrated_=True)
        champion = SimpleNamespace(model=model, version="m/1", facts={"verdict": verdict})
        monkeypatch.setattr(judges, "load_champion", lambda *_, one=champion: one)
        judge = choose_judge(load_settings(), "champion", None)
        assert judge.calibrated == (verdict == "signal")
        said = [note for note in judge.notes if "m/1 has shown no usable signal" in note]
        assert bool(said) == (verdict == NO_SIGNAL)
