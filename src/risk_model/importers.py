"""The list as the importers of other tools take it: other names and spellings, the same values."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pandas as pd
from pydantic import Field, field_validator

from risk_model.csv_text import header_text, rows_text
from risk_model.documents import Strict, did_you_mean
from risk_model.errors import DataRefused
from risk_model.watchlist import COLUMNS, as_csv

Target = Literal["salesforce", "hubspot", "gainsight"]
TARGETS: tuple[Target, ...] = ("salesforce", "hubspot", "gainsight")
TIMES = ("acknowledge_by",)
# Words of ours that may say nothing. An empty cell over there may keep what last week's list said.
OURS = ("likely_cause", "reason_1", "reason_2", "reason_3", "rules_fired", "recovery_stage")
# What holds a number or a date over there, and therefore no word for nothing.
FIGURES = (
    "rank",
    "arr",
    "renewal_date",
    "as_of",
    "horizon_days",
    "escalation_probability",
    "escalation_tier",
    "acknowledge_by",
    "update_every_hours",
    "arr_at_risk",
    "previous_rank",
    "data_coverage",
)
MEGABYTE = 1_000_000


class Importer(Strict):
    """How one tool wants the list: its names for our columns, spellings and limits."""

    columns: Mapping[str, str]
    times: str | None = None
    empty: str = ""
    text_at_most: int = Field(32_000, gt=1)
    rows_at_most: int | None = Field(None, gt=0)
    megabytes_at_most: float | None = Field(None, gt=0)
    ids_ignore_case: bool = False

    @field_validator("columns")
    @classmethod
    def _ours_to_theirs(cls, columns: Mapping[str, str]) -> Mapping[str, str]:
        unknown = [name for name in columns if name not in COLUMNS]
        if unknown:
            near = did_you_mean(unknown[0], COLUMNS)
            raise ValueError(f"the list has no column '{unknown[0]}'.{near}")
        if "account_id" not in columns:
            raise ValueError("'account_id' is missing: an importer finds an account by it.")
        theirs = [name.casefold() for name in columns.values()]
        twice = [name for name in columns.values() if theirs.count(name.casefold()) > 1]
        if twice:
            raise ValueError(f"'{twice[0]}' is there twice.")
        return columns


class Importers(Strict):
    """``pipelines/importers.yaml``."""

    salesforce: Importer
    hubspot: Importer
    gainsight: Importer

    def of(self, target: Target) -> Importer:
        """Return one tool's importer."""
        importer: Importer = getattr(self, target)
        return importer


@dataclass(frozen=True)
class Export:
    """The files of an export, in their order, and what has to be said about them."""

    files: tuple[bytes, ...]
    notes: tuple[str, ...]


def export(
    ranked: pd.DataFrame, target: Target, importer: Importer, unlisted: pd.DataFrame | None = None
) -> Export:
    """Return the ranked list as CSV files for a tool, each within its limits.

    Every cell is what the list itself holds, but for the spelling of times, words that are cut at
    the tool's limit, and what stands for *nothing*. ``unlisted`` are accounts that are not on the
    list, with ``account_id``, ``state`` and whatever else of the list's columns is to be said of
    them: they follow, so that nothing of an earlier list stays. Raises DataRefused where two ids
    are the same to the tool.
    """
    rest = pd.DataFrame(columns=["account_id"]) if unlisted is None else unlisted
    if importer.ids_ignore_case:
        _refuse_same(pd.concat([ranked["account_id"], rest["account_id"]]), target)
    listed, notes = _cells(ranked, target, importer)
    if len(rest):
        more, _ = _cells(_with_nothing(rest, importer), target, importer)
        listed = pd.concat([listed, more])
        notes.append(_on_the_unlisted(rest, target, importer))
    chosen = listed[list(importer.columns)].rename(columns=dict(importer.columns))
    return Export(tuple(_files(chosen, importer)), tuple(notes))


def _with_nothing(unlisted: pd.DataFrame, importer: Importer) -> pd.DataFrame:
    """Return rows with all columns of the list; what is not said is nothing."""
    whole = unlisted.reindex(columns=list(COLUMNS))
    words = [name for name in COLUMNS if name not in FIGURES]
    whole[words] = whole[words].astype(object).where(whole[words].notna(), importer.empty)
    return whole


def _on_the_unlisted(unlisted: pd.DataFrame, target: Target, importer: Importer) -> str:
    counts = ", ".join(f"{n:,} {state}" for state, n in unlisted["state"].value_counts().items())
    empty = [
        name
        for name in importer.columns
        if name in FIGURES and (name not in unlisted or unlisted[name].isna().all())
    ]
    return (
        f"{target}: accounts that are not on the list follow it, so that nothing of an earlier "
        f"list stays ({counts}). Their {', '.join(empty)} are empty: let the importer clear what "
        "is empty, or go by state"
    )


def _cells(
    ranked: pd.DataFrame, target: Target, importer: Importer
) -> tuple[pd.DataFrame, list[str]]:
    """Return the cells of rows as a tool takes them, under our names, and what to say of them."""
    cells = pd.read_csv(io.BytesIO(as_csv(ranked)), dtype=str, keep_default_na=False)
    notes = []
    for name in importer.columns:
        values = cells[name]
        if name in TIMES and importer.times is not None:
            values = values.map(lambda iso: _spelt(iso, importer.times or ""))
        if name in OURS and importer.empty:
            values = values.where(values != "", importer.empty)
        if name != "account_id":
            long = int((values.str.len() > importer.text_at_most).sum())
            notes += [f"{target}: {long} cells of {name} cut short"] if long else []
            values = values.map(lambda text: _cut(text, importer.text_at_most))
        empty = int((values == "").sum())
        if empty:
            notes.append(
                f"{target}: {empty} cells of {name} are empty, and may overwrite what is there"
            )
        cells[name] = values
    return cells, notes


def _refuse_same(ids: pd.Series[str], target: Target) -> None:
    folded = ids.astype(str).str.casefold()
    is_same = folded.duplicated(keep=False)
    if is_same.any():
        one, other, *_ = ids[folded == folded[is_same].iloc[0]]
        raise DataRefused(
            f"--for {target}: {is_same.sum()} ids differ in capitals only ({one}, {other}), and "
            "there they are the same account. Export the 18-character ids."
        )


def _spelt(iso: str, spelling: str) -> str:
    return datetime.fromisoformat(iso).strftime(spelling) if iso else iso


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _files(table: pd.DataFrame, importer: Importer) -> Iterator[bytes]:
    """Cut a table into files within the limits on rows and bytes, each with the header."""
    text = rows_text(table).decode()
    header = header_text(list(table.columns))
    most_rows = importer.rows_at_most or len(table) + 1
    most_bytes = (importer.megabytes_at_most or float("inf")) * MEGABYTE
    part, rows = [header], 0
    size = len(header)
    for line in _records(text):
        if rows and (rows == most_rows or size + len(line) >= most_bytes):
            yield b"".join(part)
            part, rows, size = [header], 0, len(header)
        part.append(line)
        rows, size = rows + 1, size + len(line)
    yield b"".join(part)


def _records(text: str) -> Iterator[bytes]:
    """Return the rows of a CSV text as bytes; a quoted cell may hold line feeds."""
    pending = ""
    for line in text.splitlines(keepends=True):
        pending += line
        if pending.count('"') % 2 == 0 and pending.endswith("\n"):
            yield pending.encode()
            pending = ""
