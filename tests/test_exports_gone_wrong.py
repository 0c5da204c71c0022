"""A Monday on which an export went wrong: whatever is missing is said in the record of the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from risk_model.errors import DataRefused
from risk_model.pipelines.judged_day import judged_day
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.settings import load_settings
from risk_model.watchlist import Watchlist
from small_company import AS_OF, Row, account, day, desk, write_tables

SETTINGS = load_settings()
NAMES = [f"{n:07d}" for n in range(1, 7)]


def company(folder: Path, **tables: list[Row]) -> Path:
    """Write a company of six accounts with a support desk; ``tables`` replace or add tables."""
    whole = {
        "accounts": [account(name) for name in NAMES],
        "tickets": [row for n, name in enumerate(NAMES) for row in desk(name, 10 * n)],
    }
    return write_tables(folder, **{**whole, **tables})


def listed(folder: Path, previous: Path | None = None) -> Watchlist:
    with Line.open(folder, SETTINGS) as line:
        return score(line, AS_OF, model="rules", previous=previous)


def notes(folder: Path, previous: Path | None = None) -> str:
    return "\n".join(listed(folder, previous).run["notes"])


def test_where_nobody_is_a_customer_it_is_said_what_became_of_everybody(tmp_path: Path) -> None:
    rows = [
        account("0000001", contract_end=day(30)),
        account("0000002", contract_end=day(4)),
        account("0000003", contract_start=day(-5)),
        account("0000004", contract_start="", valid_from=day(-5)),
        account("0000005", arr="lots"),
    ]
    data = company(tmp_path, accounts=rows)
    with Line.open(data, SETTINGS) as line:
        for run in (score, judged_day):
            with pytest.raises(DataRefused) as refused:
                run(line, AS_OF, model="rules")
            said = str(refused.value)
            assert f"no account is a customer on {AS_OF}" in said
            assert f"contract ended: 2 (the last on {day(4)})" in said
            assert f"yet to begin: 1 (the first on {day(-5)})" in said
            assert "nothing known before that day: 1; refused: 1" in said
