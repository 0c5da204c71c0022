"""The table docs/coverage.md: every line of the field's practice, where it lives, what tests it.

The lines stand in tests/practice/*.yaml, one file a chapter::

    title: Rules
    lines:
      - {id: usage-drop, says: "usage down by more than 30% in 4 weeks", where: "rule usage-drop"}

and a test says which lines it proves: ``@pytest.mark.practice("usage-drop")``, on the function or
on one of its parameters. ``make docs`` writes the table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PRACTICE = ROOT / "tests" / "practice"
TABLE = ROOT / "docs" / "coverage.md"
CHAPTERS = (
    "principles",
    "rules",
    "texts",
    "levels",
    "severity",
    "tiers",
    "causes",
    "recovery",
    "across",
    "documents",
)
HEAD = """# What the field knows, and where it lives here

Every line of practice that the product holds, where it is written down, and the test that proves
it. Made by `make docs`; a test fails where a line has no test, or this table is out of date. The
guides of practice that a rule is taken from stand under `from` in `models/rules.yaml`.
"""


@dataclass(frozen=True)
class Line:
    """One line of practice: what it says, and where it lives."""

    id: str
    says: str
    where: str


def chapters() -> dict[str, list[Line]]:
    """Return the lines by the titles of their chapters. Fails where an id stands twice."""
    files = {path.stem: path for path in sorted(PRACTICE.glob("*.yaml"))}
    order = [name for name in CHAPTERS if name in files]
    order += [name for name in files if name not in CHAPTERS]
    found: dict[str, list[Line]] = {}
    seen: dict[str, str] = {}
    for name in order:
        document = yaml.safe_load(files[name].read_text(encoding="utf-8"))
        lines = [Line(**line) for line in document["lines"]]
        for line in lines:
            if line.id in seen:
                raise ValueError(f"{name}.yaml: '{line.id}' stands in {seen[line.id]} already")
            seen[line.id] = f"{name}.yaml"
        found[document["title"]] = lines
    return found


class _Collector:
    """A plugin of pytest that notes which test proves which line."""

    def __init__(self) -> None:
        self.tests: dict[str, list[str]] = defaultdict(list)

    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        proves: dict[str, list[set[str]]] = defaultdict(list)
        of_item: list[tuple[str, str, set[str]]] = []
        for item in items:
            name = f"{item.path.name}::{getattr(item, 'originalname', item.name)}"
            ids = {str(i) for mark in item.iter_markers("practice") for i in mark.args}
            proves[name].append(ids)
            of_item.append((name, f"{item.path.name}::{item.name}", ids))
        for name, whole, ids in of_item:
            for line in sorted(ids):
                everywhere = all(line in other for other in proves[name])
                told = name if everywhere else whole
                if told not in self.tests[line]:
                    self.tests[line].append(told)


def proving_tests() -> dict[str, list[str]]:
    """Return for each line's id the tests that name it, as pytest collects them."""
    files = [
        str(path)
        for path in sorted((ROOT / "tests").glob("test_*.py"))
        if "mark.practice(" in path.read_text(encoding="utf-8")
    ]
    with TemporaryDirectory() as folder:
        out = Path(folder) / "tests.json"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        done = subprocess.run(
            [sys.executable, __file__, "--collect", str(out), *files],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"the tests can't be collected:\n{done.stdout}{done.stderr}")
        tests: dict[str, list[str]] = json.loads(out.read_text(encoding="utf-8"))
    return tests


def table(lines: Mapping[str, Sequence[Line]], tests: Mapping[str, Sequence[str]]) -> str:
    """Return the table in Markdown, a chapter after the other."""
    parts = [HEAD]
    for title, of_chapter in lines.items():
        rows = [f"\n## {title}\n", "| line | what it says | where | test |", "|---|---|---|---|"]
        for line in of_chapter:
            proof = "<br>".join(f"`{test}`" for test in tests.get(line.id, ()))
            cells = [f"`{line.id}`", line.says, line.where, proof]
            rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        parts.append("\n".join(rows) + "\n")
    return "".join(parts)


def _collect(out: Path, files: Sequence[str]) -> int:
    collector: Any = _Collector()
    code = pytest.main(
        ["--collect-only", "-qq", "-p", "no:xdist", "-p", "no:cacheprovider", *files],
        plugins=[collector],
    )
    out.write_text(json.dumps(collector.tests), encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--collect"]:
        sys.exit(_collect(Path(sys.argv[2]), sys.argv[3:]))
    TABLE.write_text(table(chapters(), proving_tests()), encoding="utf-8")
    print(f"written: {TABLE.relative_to(ROOT)}")
