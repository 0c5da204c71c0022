"""Notebooks run as they stand, open with a question, end with an answer, and define nothing."""

import ast
import json
import os
import re
from pathlib import Path

import pytest

import remembered
from risk_model.cli import SELDOM

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MOST_LINES, MOST_BYTES = 12, 600_000
# /home/…, /tmp/…, C:\Users\…: where somebody's machine shows through.
ABSOLUTE = re.compile(
    r"(?<![\w.:/<])/(?:home|Users|root|tmp|work|usr|opt|var|mnt)/\w|\b[A-Z]:\\\\?\w"
)
# What a kernel does before a notebook begins. It looks for garbage as seldom as commands do.
BEFORE = f"""
import gc, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import remembered
remembered.remember()
gc.freeze()
gc.set_threshold(*{SELDOM})
del sys.path[0], gc, sys, remembered
"""
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)

pytestmark = pytest.mark.slow
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    # Imported where it is used: it takes seconds, and every worker collects every file.
    import nbformat

    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def python_of(cell):
    """Return a cell's Python: magics are lines that only a notebook understands."""
    return "\n".join(line for line in cell.source.splitlines() if not line.startswith(("%", "!")))


def test_there_are_notebooks():
    assert NOTEBOOKS, "every test below would pass over an empty folder"


@every_notebook
def test_it_opens_with_prose_that_asks_one_question(path):
    first = read(path).cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    assert len(first.source.split()) >= 30
    questions = re.findall(r"\*\*[^*]*\?\*\*", first.source)
    assert len(questions) == 1, "one question in bold says what the notebook is for"


@every_notebook
def test_it_ends_with_an_answer_in_words_below_a_figure(path):
    *before, last = read(path).cells
    assert last.cell_type == "markdown"
    assert last.source.startswith("## Answer")
    assert len(last.source.split()) >= 50
    figure = before[-1]
    assert figure.cell_type == "code"
    assert any("image/png" in output.get("data", {}) for output in figure.outputs)


@every_notebook
def test_cells_are_a_few_lines(path):
    long = [
        cell.source for cell in code_cells(read(path)) if len(cell.source.splitlines()) > MOST_LINES
    ]
    assert not long


@every_notebook
def test_it_calls_the_package_and_defines_nothing(path):
    trees = [ast.parse(python_of(cell)) for cell in code_cells(read(path))]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    assert not [ast.unparse(node) for node in nodes if isinstance(node, DEFINITIONS)]
    modules = {node.module.split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
    assert "risk_model" in modules


@every_notebook
def test_no_two_code_cells_stand_without_a_word_between_them_after_the_setup(path):
    kinds = "".join(cell.cell_type[0] for cell in read(path).cells)
    assert "ccc" not in kinds
    assert kinds.count("cc") <= 1, "only the setup may be two cells in a row"


@every_notebook
def test_it_is_stored_as_it_ran_once_from_the_top_without_errors(path):
    cells = code_cells(read(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 1
    unwanted = [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
    assert not unwanted


@every_notebook
def test_it_tells_nothing_of_the_machine_that_ran_it(path):
    notebook = read(path)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("image/png", None)
        assert not cell.metadata, "timings and viewer settings stay out"
    assert not ABSOLUTE.findall(json.dumps(notebook))
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert path.stat().st_size < MOST_BYTES


def test_a_path_of_a_machine_is_told_from_a_relative_one():
    assert ABSOLUTE.search('data = Path("/home/ann/exports")')
    assert ABSOLUTE.search(r"C:\Users\ann")
    assert not ABSOLUTE.search("../data/sample/tmp/x.csv https://example.org/home/x </usr/>")


@pytest.mark.xdist_group("notebooks")
@every_notebook
def test_it_runs_from_top_to_bottom_in_a_clean_kernel(path, text_cache, tmp_path, monkeypatch):
    # The kernel inherits these: no run may depend on what a test before it left behind.
    for name in [
        name for name in os.environ if name.startswith(("RISK_MODEL_", "MLFLOW_TRACKING"))
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    # Where runs that others cut off leave their folders it would say that it removes them.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("RISK_MODEL_CACHE", str(text_cache.parent))
    monkeypatch.setenv(remembered.FOLDER, str(text_cache.parent))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "remember.py").write_text(BEFORE, encoding="utf-8")
    notebook = read(path)
    stored = {cell.source: shapes(cell) for cell in code_cells(notebook)}
    before = sorted(FOLDER.iterdir())
    from nbclient import NotebookClient

    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    )
    client.execute()
    assert {cell.source: shapes(cell) for cell in code_cells(notebook)} == stored
    assert sorted(FOLDER.iterdir()) == before, "looking leaves nothing behind"


def shapes(cell):
    """Return what kinds of output a cell has: a text, a table, a figure, in order.

    A bar that has gone leaves an empty place, where the machine was slow enough to show one.
    """
    told = [output for output in cell.outputs if output.get("data", {}).get("text/html") != ""]
    return [sorted(output.get("data", {output.output_type: ""})) for output in told]
