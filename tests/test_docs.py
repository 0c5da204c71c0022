"""The documents are true: every command, option, table and column stands in them, and runs."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
import typer.main

from command import Command
from conftest import Trained, environment
from remembered import FOLDER
from risk_model.cli import app
from risk_model.tables.contract import CONTRACT

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TABLES = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_readme_names_every_command(name: str) -> None:
    assert re.search(rf"^\| `{name}\b", README, re.M)


def test_the_readme_names_every_option() -> None:
    options = {
        option
        for command in COMMANDS.values()
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--")
    }
    missing = sorted(option for option in options - {"--help"} if f"`{option}" not in README)
    assert not missing


def test_every_command_and_option_has_help() -> None:
    for name, command in COMMANDS.items():
        assert command.help, name
        for parameter in command.params:
            if parameter.name != "help":
                assert getattr(parameter, "help", None), f"{name} {parameter.name}"


@pytest.mark.parametrize("table", sorted(CONTRACT))
def test_the_tables_page_names_every_column(table: str) -> None:
    line = next(row for row in TABLES.splitlines() if row.startswith(f"| `{table}` |"))
    named = set(re.findall(r"`([a-z_]+)\??`", line))
    assert {column.name for column in CONTRACT[table].columns} <= named


def test_links_lead_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readmes_figures_are_those_of_the_benchmarks() -> None:
    spec = importlib.util.spec_from_file_location("evaluation", ROOT / "benchmarks/evaluation.py")
    assert spec is not None
    assert spec.loader is not None
    evaluation = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(evaluation)
    assert len(list(evaluation.FIGURES.glob("*.json"))) >= 3
    assert evaluation.with_figures(README) == README
    assert evaluation.START in README


def commands_in_readme() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("risk-model ")]


LINES = commands_in_readme()
TRAIN, SCORE = (
    next(line for line in LINES if line.startswith(f"risk-model {name} "))
    for name in ("train", "score")
)
# The backtest last: a notebook may have made the same one by then.
REST = sorted(
    (line for line in LINES if line not in (TRAIN, SCORE)), key=lambda line: " backtest " in line
)


@pytest.fixture(scope="module")
def reader(
    trained: Trained,
    sample_folder: Path,
    text_cache: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Command:
    """Somebody who has trained and scored as the README says, and goes on from there."""
    assert TRAIN == "risk-model train --data data/sample"
    folder = tmp_path_factory.mktemp("reader") / "project"
    shutil.copytree(trained.folder, folder)
    shutil.copytree(sample_folder, folder / "data" / "sample")
    env = {**environment(folder, text_cache), FOLDER: str(text_cache.parent)}
    reader = Command(trained.command.server, folder, env)
    done = reader(*shlex.split(SCORE)[1:])
    assert done.code == 0, done.err
    return reader


@pytest.mark.slow
def test_the_excerpt_is_what_the_first_two_commands_give(reader: Command) -> None:
    listed = pd.read_csv(reader.cwd / "out" / "watchlist.csv", dtype=str, keep_default_na=False)
    told = re.findall(r"^\| (\d+) \| ([^|]+) \|", README, re.M)
    assert told == list(zip(listed["rank"][:5], listed["account_name"][:5], strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("line", dict.fromkeys(REST))
def test_every_other_command_of_the_readme_runs_as_it_stands(reader: Command, line: str) -> None:
    words = shlex.split(line)[1:]
    done = reader(*words)
    assert done.code == 0, done.err
    for option, file in pairwise(words):
        assert option != "--out" or (reader.cwd / file).exists()


def test_no_download_address_and_no_path_of_a_machine_stands_in_the_project() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    home = str(Path.home())
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if not name or path.suffix in (".gz", ".png") or not path.exists():
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        assert str(ROOT) not in text, name
        assert f"{home}/" not in text, name
        if "constraints" in name:
            assert "://" not in text
