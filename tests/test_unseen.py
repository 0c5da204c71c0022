"""An account that no table has a row of is not told to be fine."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from risk_model.explain import QUIET
from risk_model.pipelines.judged_day import judged_day
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.pipelines.unseen import UNSEEN, unseen_sentence
from risk_model.settings import load_settings
from small_company import AS_OF, account, day, desk, moment, ticket, write_tables

SETTINGS = load_settings()
REASONS = {"calm": QUIET, "lost": UNSEEN, "to-come": UNSEEN, "used": QUIET}


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """One with tickets, one with usage, one with nothing, one of which only later rows tell."""
    used = [{"account_id": "used", "date": day(ago), "actions": 10} for ago in range(1, 200)]
    folder = write_tables(
        tmp_path_factory.mktemp("unseen"),
        accounts=[account(name) for name in REASONS],
        usage=used,
        tickets=[*desk("calm"), ticket(9, "to-come", moment(-1))],
    )
    with Line.open(folder, SETTINGS) as opened:
        yield opened


@pytest.mark.slow
def test_who_is_in_no_table_is_told_to_be_unknown_and_counted(line: Line) -> None:
    listed = score(line, AS_OF, model="rules")
    rows = listed.ranked.set_index("account_id")
    assert rows["reason_1"].to_dict() == REASONS
    steps = SETTINGS.response.first_step
    assert rows.loc["lost", "recommended_action"] == steps.unseen
    assert rows.loc["calm", "recommended_action"] == steps.nothing
    (said,) = (note for note in listed.run["notes"] if "without a single row in any" in note)
    assert "event table: 2 of 4 (lost, to-come)" in said


def test_every_command_says_the_same_of_it(line: Line) -> None:
    rows = judged_day(line, AS_OF, model="rules").rows
    assert dict(zip(rows["account_id"], rows["reason_1"], strict=True)) == REASONS


def test_many_are_counted_and_a_few_named() -> None:
    names = [f"a{n}" for n in range(9)]
    listed = pd.DataFrame({"account_id": names})
    assert unseen_sentence(listed, frozenset()) == []
    (said,) = unseen_sentence(listed, frozenset([*names[:7], "escalated"]))
    assert "7 of 9 (a0, a1, a2, a3, a4, …)" in said
