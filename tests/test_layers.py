"""Imports go down only, MLflow stays in one module, the sample company apart, functions short."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "risk_model"
LAYERS = {
    6: ("cli", "library"),
    5: ("pipelines", "plots", "page", "story_figure", "waiting"),
    4: (
        "brief",
        "patterns",
        "importers",
        "watchlist",
        "last_list",
        "evaluate",
        "explain",
        "reasons",
        "respond",
        "tracking",
        "settings",
        "trajectories",
        "upsert",
        "worth",
        "by_lot",
        "splits",
        "importance",
        "movement",
        "weekly",
        "track_record",
    ),
    3: (
        "rules",
        "learner",
        "extra_trees",
        "logistic",
        "ordinal",
        "scaling",
        "shapley",
        "blend",
        "stack",
        "out_of_fold",
        "calibration",
        "measure",
        "resample",
        "choice",
        "next_period",
    ),
    2: ("features", "text", "engines"),
    1: ("catalogue", "tables"),
    0: (
        "timeline",
        "errors",
        "documents",
        "folds",
        "row_values",
        "csv_text",
        "whole_files",
        "colours",
        "percent",
    ),
}
LEVEL = {name: level for level, names in LAYERS.items() for name in names}
APART = "sample"
FILES = sorted(SOURCE.rglob("*.py"))


def part_of(file: Path) -> str:
    inside = file.relative_to(SOURCE)
    return inside.parts[0].removesuffix(".py")


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def imported(file: Path) -> set[str]:
    """Names of the package's parts that a file imports, wherever in the file it does."""
    parts = set()
    for node in ast.walk(tree_of(file)):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = inner if node.module == "risk_model" else [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        parts |= {n.split(".")[1] for n in names if n.startswith("risk_model.")}
    return parts - {"__version__"}


def test_every_module_has_a_layer() -> None:
    known = {*LEVEL, APART, "__init__"}
    assert {part_of(file) for file in FILES} <= known


def test_imports_go_down_only() -> None:
    above = {
        f"{file.relative_to(SOURCE)} (layer {LEVEL[part]}) imports {name} (layer {LEVEL[name]})"
        for file in FILES
        if (part := part_of(file)) in LEVEL
        for name in imported(file)
        if name != part and name in LEVEL and LEVEL[name] > LEVEL[part]
    }
    assert not above


def test_only_tracking_imports_mlflow() -> None:
    users = {part_of(f) for f in FILES if "import mlflow" in f.read_text()}
    assert users == {"tracking"}


@pytest.mark.slow
def test_the_product_does_not_know_the_sample_company() -> None:
    users = {part_of(f) for f in FILES if APART in imported(f)} - {APART}
    assert users == {"cli"}
    own = set().union(*(imported(f) for f in FILES if part_of(f) == APART)) - {APART}
    assert own <= {"tables", "timeline", "errors", "whole_files"}, own


def test_no_file_holds_two_things() -> None:
    long = {
        str(f.relative_to(SOURCE)): n for f in FILES if (n := len(f.read_text().splitlines())) > 350
    }
    assert not long


def functions_in(file: Path) -> Iterator[ast.FunctionDef]:
    tree = tree_of(file)
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def own_lines(function: ast.FunctionDef) -> int:
    """Lines without signature and docstring: a command's options are no part of what it does."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_functions_are_under_40_lines() -> None:
    long = {
        f"{file.relative_to(SOURCE)}: {function.name}": lines
        for file in FILES
        for function in functions_in(file)
        if (lines := own_lines(function)) >= 40
    }
    assert not long


# Jupyter and typer call these.
CALLED_BY_OTHERS = {"_repr_markdown_", "_common"}


def names_made_in(file: Path) -> Iterator[str]:
    """Names of a module's functions and constants, and of its classes' methods."""
    for node in tree_of(file).body:
        inside = node.body if isinstance(node, ast.ClassDef) else []
        for one in (node, *inside):
            if isinstance(one, ast.FunctionDef | ast.ClassDef):
                by_pydantic = any("validator" in ast.unparse(d) for d in one.decorator_list)
                if not by_pydantic and not one.name.startswith("__"):
                    yield one.name
            elif isinstance(one, ast.Assign) and one is node:
                yield from (target.id for target in one.targets if isinstance(target, ast.Name))


def test_nothing_stands_there_that_nobody_reads() -> None:
    readers = [*SOURCE.rglob("*.py"), *(SOURCE.parents[1] / "benchmarks").rglob("*.py")]
    words = Counter(word for file in readers for word in re.findall(r"\w+", file.read_text()))
    unread = {name for file in FILES for name in names_made_in(file) if words[name] < 2}
    assert unread == CALLED_BY_OTHERS
