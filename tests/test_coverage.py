"""Every line of practice has a test that proves it, and the table of them is up to date."""

from __future__ import annotations

import pytest

from coverage_table import TABLE, Line, chapters, proving_tests, table

LINES = chapters()
IDS = [line.id for lines in LINES.values() for line in lines]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tests() -> dict[str, list[str]]:
    return proving_tests()


def test_every_line_of_practice_has_a_test(tests: dict[str, list[str]]) -> None:
    assert [line for line in IDS if not tests.get(line)] == []


def test_no_test_names_a_line_that_nobody_wrote_down(tests: dict[str, list[str]]) -> None:
    assert sorted(set(tests) - set(IDS)) == []


def test_the_table_is_up_to_date(tests: dict[str, list[str]]) -> None:
    assert TABLE.read_text(encoding="utf-8") == table(LINES, tests), "write it with: make docs"


def test_the_table_shows_line_place_and_test() -> None:
    lines = {"Rules": [Line("a-line", "this or that", "rule a-line"), Line("b", "x|y", "z")]}
    shown = table(lines, {"a-line": ["test_x.py::test_y", "test_x.py::test_z[3]"]})
    assert (
        "## Rules\n\n| line | what it says | where | test |\n|---|---|---|---|\n| `a-line` |"
        in shown
    )
    assert "| this or that | rule a-line | `test_x.py::test_y`<br>`test_x.py::test_z[3]` |" in shown
    assert "| `b` | x\\|y | z |  |" in shown
