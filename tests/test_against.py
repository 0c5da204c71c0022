"""Why an account moved: what was recorded late stands apart from what happened."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from risk_model.pipelines.against import explain_change
from risk_model.pipelines.line import Line
from risk_model.settings import load_settings
from small_company import AS_OF, account, desk, moment, solved, ticket, write_tables

A_WEEK_AGO = AS_OF - timedelta(days=7)
# A desk's log that flows on both days, so that tickets are measured on both.
FLOWING = [*desk("A2"), solved(152, "A2", 9), solved(153, "A2", 8)]


def explained(folder: Path) -> str:
    console = Console(width=160, record=True)
    with Line.open(folder, load_settings()) as line:
        console.print(explain_change(line, "A1", A_WEEK_AGO, AS_OF, model="rules"))
    return console.export_text()


def points(text: str, part: str) -> float:
    line = next(line for line in text.splitlines() if part in line)
    return float(line.rstrip(" │").split()[-1].rstrip("%"))


@pytest.mark.slow
@pytest.mark.parametrize("recorded_ago", [3, 12])
def test_rows_recorded_after_the_earlier_day_are_late_facts_and_no_news(
    tmp_path: Path, recorded_ago: int
) -> None:
    told = [
        ticket(n, "A1", moment(14), priority="P1", recorded_at=moment(recorded_ago))
        for n in range(1, 5)
    ]
    quiet = [{**row, "recorded_at": row["opened_at"]} for row in FLOWING]
    folder = write_tables(
        tmp_path / "data", accounts=[account("A1"), account("A2")], tickets=[*quiet, *told]
    )
    text = explained(folder)
    late = points(text, "facts that came in late")
    assert (late > 5) == (recorded_ago == 3)
    assert (late == 0) == (recorded_ago == 12)
    assert "A1" in text


@pytest.mark.slow
def test_where_no_table_says_when_it_was_recorded_nothing_is_late(tmp_path: Path) -> None:
    urgent = [ticket(n, "A1", moment(3), priority="P1") for n in range(1, 5)]
    folder = write_tables(
        tmp_path / "data",
        accounts=[account("A1"), account("A2")],
        tickets=[*FLOWING, *urgent],
        escalations=[
            {"escalation_id": "E1", "account_id": "A1", "opened_at": moment(2), "closed_at": ""}
        ],
    )
    text = explained(folder)
    assert text.startswith(f"A1 is escalated on {AS_OF}, so no longer at risk of it")
    assert points(text, "facts that came in late") == 0
    assert points(text, "sum") > 5
