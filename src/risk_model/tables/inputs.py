"""Which files are a company's tables, before any is opened: they must never be written over."""

from __future__ import annotations

from pathlib import Path

from risk_model.tables.address import is_address
from risk_model.tables.contract import CONTRACT
from risk_model.tables.files import ending_of
from risk_model.tables.opening import mapping_of


def is_input(file: Path, data: Path | str, sources: Path | None) -> bool:
    """Say whether a file is read with these tables, or would be the next time, by its name.

    Raises ConfigError for mistakes in the mapping, UsageError where it is not there.
    """
    path = None if is_address(data) else Path(data)
    where = file.resolve()
    if path is not None and path.is_dir() and _is_table_in(where, path):
        return True
    mapping = mapping_of(path, sources)
    read = [path] if path is not None else []
    if mapping is not None:
        named = [str(t.file) for t in mapping.tables.values() if t.file]
        named += [given.file for given in mapping.inputs.values() if given.file]
        views = [mapping.folder / str(t.sql) for t in mapping.tables.values() if t.sql]
        read += [mapping.path, *views, *((path / name) for name in named if path is not None)]
    return where in {one.resolve() for one in read}


def _is_table_in(file: Path, folder: Path) -> bool:
    """Say whether a file is, or would be, one of a folder's tables: by its name, or by a link."""
    if file.parent == folder.resolve() and _is_table(file):
        return True
    return any(_is_table(one) and one.resolve() == file for one in folder.iterdir())


def _is_table(file: Path) -> bool:
    ending = ending_of(file)
    return ending is not None and file.name[: -len(ending)].strip().lower() in CONTRACT
