"""What stands on the page: the list as it was written, its record, and weekly figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from risk_model.errors import UsageError
from risk_model.watchlist import COLUMNS, ESCALATED_COLUMNS, KEYS, beside

TEXT = ("account_id", "account_name", "segment", "csm", "escalation_id")
MOST_SERIES = 500
NUMBERS = {
    **dict.fromkeys(("rank", "previous_rank", "escalation_tier"), "Int64"),
    **dict.fromkeys(("escalation_probability", "arr", "arr_at_risk"), "float64"),
}
# A page that a browser opens at once; the CSV holds everybody.
MOST_ROWS = 2_000


@dataclass(frozen=True)
class Content:
    """A list, the accounts escalated already, the run's record, and series by account.

    ``series`` leads a name (usage, tickets, messages, health) to a table of accounts by weeks.
    """

    ranked: pd.DataFrame
    escalated: pd.DataFrame
    run: Mapping[str, Any]
    series: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def left_out(self) -> int:
        """Accounts that stand on the list and not on the page."""
        return max(0, len(self.ranked) - MOST_ROWS)

    def records(self, table: str) -> bool:
        """Whether the run had rows of a table; a record without any tables is believed."""
        tables = self.run.get("tables")
        return not tables or bool(tables.get(table, {}).get("kept"))

    def rows(self) -> list[dict[str, Any]]:
        """Return the ranked rows as plain values, None for empty, with ``series`` where known."""
        told = [_plain(row) for row in self.ranked.head(MOST_ROWS).to_dict("records")]
        for row in told[:MOST_SERIES]:
            own = {
                name: _rounded(table.loc[row["account_id"]])
                for name, table in self.series.items()
                if row["account_id"] in table.index
            }
            row["series"] = {name: line for name, line in own.items() if line is not None}
        return told

    def escalated_rows(self) -> list[dict[str, Any]]:
        """Return the accounts escalated already as plain values."""
        return [_plain(row) for row in self.escalated.to_dict("records")]


def read_list(path: Path) -> Content:
    """Read a watchlist with its escalated list and record. Raises UsageError where it is none."""
    try:
        return _content(path, Path.read_bytes)
    except FileNotFoundError as error:
        name = Path(str(error.filename)).name
        raise UsageError(
            f"{path}: {name} is not there. Write the list with risk-model score."
        ) from None


def list_in(files: Mapping[Path, bytes], path: Path) -> Content:
    """Return the list of that path as its files hold it, be they written yet or not."""
    return _content(path, files.__getitem__)


def _content(path: Path, read: Callable[[Path], bytes]) -> Content:
    escalated, record = beside(path)
    try:
        ranked = _table(read(path), path.name, COLUMNS)
        already = _table(read(escalated), escalated.name, ESCALATED_COLUMNS)
        run = json.loads(read(record).decode("utf-8"))
    except (ValueError, KeyError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not a watchlist ({error}).") from None
    return Content(ranked, already, run)


def _table(file: bytes, place: str, columns: tuple[str, ...]) -> pd.DataFrame:
    kinds = dict.fromkeys(TEXT, "str")
    table = pd.read_csv(
        BytesIO(file), dtype=kinds, keep_default_na=False, na_values={c: [""] for c in columns}
    )
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ValueError(f"{place} has no column {', '.join(missing[:3])}")
    # A spreadsheet writes empty lines below a list.
    table = table[table["account_id"].notna()].reset_index(drop=True)
    for name, kind in NUMBERS.items():
        if name in table.columns:
            table[name] = _numbers(table[name]).astype(pd.api.types.pandas_dtype(kind))
    for name in table.columns:
        if name not in KEYS and not pd.api.types.is_numeric_dtype(table[name]):
            # In a spreadsheet the mark keeps a cell from being a formula; here it says nothing.
            table[name] = table[name].str.replace(r"^'(?=[=+\-@\t\r])", "", regex=True)
    return table


def _numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return numbers, also those that a spreadsheet has made a percentage of."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    texts = column.astype("str").where(column.notna())
    shares = texts.str.endswith("%", na=False)
    numbers = pd.to_numeric(texts.str.removesuffix("%"), errors="coerce")
    if (wrong := texts[numbers.isna() & texts.notna()]).size:
        raise ValueError(f"{column.name}: '{wrong.iloc[0]}' is no number")
    return numbers.where(~shares, numbers / 100)


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in row.items():
        if value is None or (not isinstance(value, str) and pd.isna(value)):
            told[str(name)] = None
        elif isinstance(value, np.generic):
            told[str(name)] = value.item()
        else:
            told[str(name)] = value
    return told


def _rounded(line: pd.Series[float]) -> list[float | None] | None:
    if line.notna().sum() == 0:
        return None
    return [None if np.isnan(value) else round(float(value), 1) for value in line]
