"""Whoever waits sees how far the work is; what is over at once shows nothing and leaves nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from risk_model import waiting
from risk_model.waiting import Bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Cell:
    """What a notebook's cell shows: each display with what it says now."""

    def __init__(self) -> None:
        self.displays: list[Cell.Handle] = []

    class Handle:
        def __init__(self, said: str) -> None:
            self.history = [said]

        def update(self, html: object) -> None:
            self.history.append(str(html.data))  # type: ignore[attr-defined]

    def display(self, html: object, display_id: bool) -> Handle:
        assert display_id
        self.displays.append(Cell.Handle(str(html.data)))  # type: ignore[attr-defined]
        return self.displays[-1]


def ticking(seconds: float) -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += seconds


def worked(parts: int, seconds: float, stage: str = "measuring <b>") -> None:
    clock = ticking(seconds)
    bar = Bar(clock=lambda: next(clock))
    for part in range(parts):
        bar(stage, part, parts)


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Cell:
    display = pytest.importorskip("IPython.display")
    shown = Cell()
    monkeypatch.setattr(waiting, "in_kernel", lambda: True)
    monkeypatch.setattr(display, "display", shown.display)
    return shown


def test_a_notebook_shows_one_bar_that_grows_and_goes(cell: Cell) -> None:
    worked(6, 1.5)
    assert len(cell.displays) == 1
    *growing, last = cell.displays[0].history
    assert last == ""
    assert [said.split("&gt; ")[1] for said in growing] == ["2/6", "3/6", "4/6", "5/6"]
    assert "<b>" not in "".join(growing)


def test_what_is_over_at_once_shows_nothing(cell: Cell) -> None:
    worked(6, 0.1)
    worked(1, 9.0)
    assert cell.displays == []


def test_a_terminal_gets_a_line_that_is_wiped_and_a_log_gets_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "in_kernel", lambda: False)
    terminal, log = Terminal(), io.StringIO()
    for stream in (terminal, log):
        monkeypatch.setattr("sys.stderr", stream)
        worked(4, 3.0, "measuring")
    assert "measuring 3/4" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K\r")
    assert log.getvalue() == ""
