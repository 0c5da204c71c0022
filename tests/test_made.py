"""Figures say what they were made with, and the README which of them are of earlier definitions."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

from risk_model import __version__
from risk_model.settings import load_settings

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import made

    return made


@pytest.fixture
def evaluation(made: ModuleType) -> ModuleType:
    import evaluation

    return evaluation


def test_figures_are_kept_with_the_definitions_the_version_and_the_day(
    made: ModuleType, tmp_path: Path
) -> None:
    out = tmp_path / "figures.json"
    made.keep(out, [1, 2])
    figures, by = made.kept(out)
    assert figures == [1, 2]
    settings = load_settings()
    assert by["definitions"] == {
        "catalogue": settings.catalogue.version,
        "lexicons": settings.lexicons.version,
        "rules": settings.rules.version,
    }
    assert by["risk_model"] == __version__
    assert len(by["on"]) == len("2026-01-01")


def test_figures_of_before_are_read_and_count_as_of_earlier_definitions(
    made: ModuleType, evaluation: ModuleType, tmp_path: Path
) -> None:
    old = tmp_path / "old.json"
    old.write_text(json.dumps([3]))
    figures, by = made.kept(old)
    assert figures == [3]
    today = {"catalogue": "a", "lexicons": "b", "rules": "c"}
    said = evaluation.of_what_day({"old": by}, today)
    assert "of today: none of these." in said
    assert "With earlier ones: `old` on an unknown day." in said


def test_the_readme_says_which_figures_are_of_earlier_definitions(evaluation: ModuleType) -> None:
    today = {"catalogue": "a", "lexicons": "b", "rules": "c"}
    told = {
        "curves": {"on": "2026-02-01", "definitions": today | {"rules": "older"}},
        "peers": {"on": "2026-03-01", "definitions": today},
        "verdicts": {"on": "2026-02-01", "definitions": None},
    }
    said = evaluation.of_what_day(told, today)
    assert said.startswith("Made with the features, words and rules of today: `peers`.")
    assert "With earlier ones: `curves`, `verdicts` on 2026-02-01." in said
    only = evaluation.of_what_day({"peers": told["peers"]}, today)
    assert only == "Made with the features, words and rules of today: `peers`."


@pytest.mark.parametrize(
    "file", sorted((BENCHMARKS / "figures").glob("*.json")), ids=lambda f: f.stem
)
def test_every_file_of_figures_says_what_it_was_made_with(file: Path) -> None:
    told = json.loads(file.read_text(encoding="utf-8"))
    assert set(told) == {"made", "figures"}
    assert set(told["made"]) == {"on", "risk_model", "definitions"}
