"""Patterns: what only shows across accounts, and a load that is spread with care."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from command import Command
from documents_company import EVIL
from risk_model.patterns.load import Move, Work, loads_of, moves_table, spread
from risk_model.patterns.log import LOG, escalation_log, repeated_kinds
from risk_model.patterns.plan import PatternsPlan
from risk_model.patterns.systemic import Occurrence, systemic, themes
from risk_model.pipelines.judged_day import JudgedDay
from risk_model.pipelines.patterns import Patterns, patterns_of
from risk_model.pipelines.patterns_shown import shown
from risk_model.timeline import DAY
from small_company import day

PLAN = PatternsPlan()
NOW = 20_000


@pytest.fixture(scope="module")
def found(judged: JudgedDay) -> Patterns:
    return patterns_of(judged)


def causes(*at: int, what: str = "product") -> list[Occurrence]:
    return [Occurrence("cause", what, f"a{n}", one * DAY) for n, one in enumerate(at)]


@pytest.mark.practice("across-systemic")
def test_the_same_cause_three_times_is_systemic_and_twice_is_not() -> None:
    twice = systemic(causes(NOW - 1, NOW - 30), NOW, PLAN)
    assert twice.empty
    three = systemic(causes(NOW - 1, NOW - 2, NOW - 30, NOW - 31, NOW), NOW, PLAN)
    assert three[["what", "times", "times_before"]].to_numpy().tolist() == [["product", 3, 1]]
    assert three["says"][0] == (
        "Systemic: The cause of 3 escalations at 3 accounts in 30 days is product, "
        "more than in the 30 days before (1)"
    )


@pytest.mark.slow
@pytest.mark.practice("across-systemic")
def test_one_theme_at_many_accounts_is_systemic_and_at_one_account_is_not(found: Patterns) -> None:
    table = found.tables["systemic"]
    told = table.set_index("kind")
    assert told.loc["theme", "what"] == "Dashboard is slow 0"
    assert told.loc["theme", ["times", "accounts"]].tolist() == [6, 6]
    assert told.loc["incident", "what"] == "I1 (outage)"
    assert told.loc["incident", "accounts"] == 5
    same = [Occurrence("theme", "login", "one", (NOW - n) * DAY) for n in range(1, 20)]
    assert systemic(same, NOW, PLAN).empty


def test_subjects_that_say_nearly_the_same_are_one_theme_across_accounts() -> None:
    subjects = ["Login page slow", "The login page is slow again", "Invoice wrong", "", ""]
    categories = ["a", "b", "c", "billing", None]
    tickets = [
        {"ticket_id": str(n), "account_id": f"a{n}", "opened_at": n, "subject": s, "category": c}
        for n, (s, c) in enumerate(zip(subjects, categories, strict=True))
    ]
    told = [(one.account, one.what) for one in themes(tickets)]
    assert told == [
        ("a0", "Login page slow"),
        ("a1", "Login page slow"),
        ("a2", "Invoice wrong"),
        ("a3", "billing"),
    ]
    assert themes(reversed(tickets)) == themes(tickets)


@pytest.mark.practice("across-silent")
def test_silent_leavers_stand_apart_from_the_loud(found: Patterns) -> None:
    silent = found.tables["silent"]
    assert silent["account_id"].tolist() == ["silent"]
    assert "Usage down 95%" in silent["reason_1"][0]
    loud = set(found.tables["loud"]["account_id"])
    # acme is escalated, so it is neither; risky was never upset, and says that it will cancel.
    assert {"evil", "risky", *(f"loud{n}" for n in range(6))} == loud


@pytest.mark.practice("across-repeated")
def test_a_kind_that_came_three_times_is_due_its_post_mortem(found: Patterns) -> None:
    told = found.tables["repeated"].to_dict("records")
    assert [(row["account_id"], row["cause"], row["times"]) for row in told] == [
        ("third", "product", 3)
    ]
    assert told[0]["post_mortem_due"]
    assert told[0]["says"].endswith("(2025-09-11, 2025-12-20, 2026-03-25); a post-mortem is due")


def test_a_second_time_is_warned_of_and_an_open_one_counts_by_its_signs() -> None:
    first = {"escalation_id": "1", "opened_at": 1, "closed_at": 2, "cause": "support"}
    second = {"escalation_id": "2", "opened_at": 9, "closed_at": None, "cause": None}
    cases = [case | {"account_id": "a"} for case in (first, second)]
    table = repeated_kinds(cases, {"a": "support"}, {"a": "Ann"}, 0, 3)
    assert table["says"].tolist() == [
        "Ann: support 2 times (1970-01-01, 1970-01-01); the next one calls for a post-mortem"
    ]
    assert repeated_kinds(cases, {"a": "product"}, {}, 0, 3).empty
    assert repeated_kinds(cases, {"a": "support"}, {}, 5, 3).empty, "the first is too long ago"


@pytest.mark.practice("across-log")
def test_every_escalation_is_logged_with_what_is_known_of_it(found: Patterns) -> None:
    log = found.tables["log"].set_index("escalation_id")
    assert log.index.tolist() == ["E4", "E1", "E5", "E3", "E2"], "newest first"
    assert log.loc["E1", "description"] == "Sync with the ledger is down"
    assert log.loc["E1", "root_cause"] == "", "it is open, so nothing is established"
    assert log.loc["E1", "approach"] == "2026-03-17 Engineer on site"
    assert log.loc["E1", "outcome"] == "open for 19 days"
    assert log.loc["E5", ["root_cause", "outcome"]].tolist() == ["support", "closed after 20 days"]
    assert log.loc["E4", "outcome"] == "closed after 4 days"
    assert log.loc["E2", "outcome"] == "closed after 5 days", "the next came 95 days after its end"
    assert "prevention" in log.columns


def test_what_was_done_after_the_end_is_no_approach() -> None:
    case = {"escalation_id": "1", "account_id": "a", "opened_at": 40 * DAY, "closed_at": 50 * DAY}
    case |= {"severity": None, "issue": None, "cause": None}
    acts = [
        {"account_id": whose, "acted_at": day * DAY, "action": f"call {day}"}
        for whose, day in (("a", 9), ("a", 10), ("a", 49), ("a", 50), ("b", 45))
    ]
    log = escalation_log([case], acts, {}, 90 * DAY, 90)
    assert log["approach"].tolist() == ["1970-01-11 call 10; 1970-02-19 call 49"]


def test_an_escalation_that_came_back_says_so() -> None:
    def outcome(first: Mapping[str, str], second: Mapping[str, str]) -> str:
        cases = [
            {"escalation_id": "1", "opened_at": 0, "closed_at": 5 * DAY} | first,
            {"escalation_id": "2", "opened_at": 20 * DAY, "closed_at": None} | second,
        ]
        blank = {"account_id": "a", "severity": None, "issue": None, "cause": None}
        log = escalation_log([blank | case for case in cases], [], {}, 30 * DAY, 90)
        assert log["outcome"][0] == "open for 10 days"
        return str(log["outcome"][1])

    back, other = (
        f"closed after 5 days, {what} on 1970-01-21" for what in ("came back", "another one")
    )
    price, sync = {"issue": "Price increase", "cause": "contract"}, {"issue": "Sync fails"}
    assert outcome(sync, {"issue": "The sync failed again"}) == back
    assert outcome(sync | {"cause": "product"}, {"issue": "No login", "cause": "product"}) == back
    assert outcome(price, sync) == other
    assert outcome({}, {}) == other, "nobody knows what either was about"


@pytest.mark.practice("across-load")
def test_the_load_is_shown_per_csm_and_what_nobody_has_is_shown_too(found: Patterns) -> None:
    load = found.tables["load"].set_index("csm")
    assert load.loc["Ana", ["accounts", "escalated"]].tolist() == [11, 1]
    assert load.loc["Bo", ["accounts", "high", "escalated"]].tolist() == [2, 1, 0]
    assert load.loc["", "accounts"] == 1
    assert load.index[-1] == "", "what nobody has comes last"
    assert load["hours"].sum() == pytest.approx(load["hours_after"].sum())
    assert load.loc["Ana", "hours_after"] < load.loc["Ana", "hours"]
    moved = found.tables["moves"]
    assert "alone" in set(moved["account_id"]), "somebody has to have it"
    assert not {"acme", "third", "healed"} & set(moved["account_id"])
    assert all("takes" in text or "Nobody has" in text for text in moved["says"])


def with_cells(judged: JudgedDay, column: str, **cells: object) -> Patterns:
    """Return the patterns where accounts have these cells in a column of their rows."""
    ids = judged.rows["account_id"]
    told = judged.rows[column].where(~ids.isin(list(cells)), ids.map(cells))
    return patterns_of(replace(judged, rows=judged.rows.assign(**{column: told})))


@pytest.mark.parametrize(
    ("column", "cell"), [("suggested_severity", "SEV-1"), ("executive_sponsor", "now")]
)
def test_what_burns_now_is_handed_over_by_nobody_and_taken_where_nobody_has_it(
    judged: JudgedDay, column: str, cell: str
) -> None:
    burning = dict.fromkeys(["loud0", "loud1", "alone"], cell)
    moved = set(with_cells(judged, column, **burning).tables["moves"]["account_id"])
    assert not {"loud0", "loud1"} & moved
    assert {"loud2", "alone"} <= moved


def test_arr_at_risk_that_nobody_knows_is_unknown_and_that_of_none_is_nothing(
    judged: JudgedDay,
) -> None:
    some = dict.fromkeys(["calm", "evil", "loud0"], float("nan"))
    load = with_cells(judged, "arr_at_risk", **some).tables["load"].set_index("csm")
    assert np.isnan(load.loc["Bo", "arr_at_risk"])
    assert load.loc["Ana", "arr_at_risk"] > 0
    only_escalated = with_cells(judged, "csm", acme="Cy").tables["load"].set_index("csm")
    assert only_escalated.loc["Cy", "arr_at_risk"] == 0


def works(csms: int) -> st.SearchStrategy[list[Work]]:
    one = st.builds(
        Work,
        account=st.just(""),
        name=st.just("x"),
        csm=st.sampled_from([f"c{n}" for n in range(csms)]),
        team=st.just(""),
        hours=st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, 4.0]),
        may_move=st.booleans(),
    )
    return st.lists(one, max_size=9).map(
        lambda found: [
            Work(f"a{n}", w.name, w.csm, w.team, w.hours, w.may_move) for n, w in enumerate(found)
        ]
    )


ENDLESS = PatternsPlan(most_moves=1000, close_enough=0)


def after(found: list[Work], moves: list[Move]) -> dict[str, float]:
    to = {move.work.account: move.to for move in moves}
    loads = dict.fromkeys(loads_of(found), 0.0)
    for work in found:
        loads[to.get(work.account, work.csm)] += work.hours
    return loads


@pytest.mark.practice("across-load")
@given(works(3))
def test_no_account_moves_mid_escalation_and_no_load_rises_above_the_highest(
    found: list[Work],
) -> None:
    moves = spread(found, ENDLESS)
    assert all(move.work.may_move for move in moves)
    accounts = [move.work.account for move in moves]
    assert len(accounts) == len(set(accounts)), "an account is handed over once"
    before, then = loads_of(found), after(found, moves)
    assert sum(then.values()) == pytest.approx(sum(before.values()))
    assert max(then.values(), default=0) <= max(before.values(), default=0) + 1e-9
    assert moves_table(moves, before)["to_after"].tolist() == pytest.approx(
        [move.to_after for move in moves]
    )


@pytest.mark.slow
@given(works(2).map(lambda found: [Work(**{**vars(w), "may_move": True}) for w in found]))
@settings(max_examples=60)
def test_the_highest_load_is_near_the_best_that_any_spreading_reaches(found: list[Work]) -> None:
    csms = sorted(loads_of(found))
    if len(csms) < 2:
        return
    best = min(
        max(sum(w.hours for w, c in zip(found, to, strict=True) if c == csm) for csm in csms)
        for to in itertools.product(csms, repeat=len(found))
    )
    # A spreading that no single move betters is within 2 - 2 / (m + 1) of the best for m people.
    assert max(after(found, spread(found, ENDLESS)).values()) <= best * (2 - 2 / 3) + 1e-9


def test_moves_stay_within_a_team_and_stop_when_loads_are_close_enough() -> None:
    found = [Work(f"a{n}", "x", "busy", "north", 3.0, True) for n in range(4)]
    found += [Work("b", "y", "far", "south", 0.1, True)]
    assert spread(found, PLAN) == []
    moves = spread(found, PLAN.model_copy(update={"within_team": False}))
    assert [(move.to, move.from_after, round(move.to_after, 1)) for move in moves] == [
        ("far", 9.0, 3.1),
        ("far", 6.0, 6.1),
    ]
    near = [*found[:2], Work("c", "z", "idle", "north", 2.5, True)]
    assert spread(near, PLAN) == [], "3.5 hours apart is close enough"


def test_patterns_are_written_whole_as_json_or_as_a_file_a_table(
    found: Patterns, tmp_path: Path
) -> None:
    out = tmp_path
    (json_file,) = found.write(out / "p.json")
    record = json.loads(json_file.read_text(encoding="utf-8"))
    assert record["as_of"] == day(0)
    assert {row["account_id"] for row in record["silent"]} == {"silent"}
    files = found.write(out / "p.csv")
    assert {file.name for file in files} == {f"p.{name}.csv" for name in found.tables}
    loud = pd.read_csv(out / "p.loud.csv", dtype=str)
    assert EVIL in set(loud["account_name"])


def test_every_table_is_shown_and_markup_in_a_name_is_shown_as_it_is(found: Patterns) -> None:
    terminal = Console(width=300, file=io.StringIO())
    terminal.print(shown(found))
    told = terminal.file.getvalue()  # type: ignore[attr-defined]
    for said in ("Systemic", "Silent Partners", "Loud", "Load per CSM", "(nobody)", "E1", EVIL):
        assert said in told
    assert "Third Time: product 3 times" in told
    empty = Patterns("2026-03-30", {k: t.head(0) for k, t in found.tables.items()}, ["a note"])
    terminal.print(shown(empty))
    assert "Nothing is systemic." in terminal.file.getvalue()  # type: ignore[attr-defined]


def test_who_has_no_name_is_shown_by_the_id_and_who_has_no_csm_has_nobody() -> None:
    row = {"account_id": "C01", "account_name": np.nan, "csm": np.nan, "arr": np.nan}
    loud = pd.DataFrame([{**row, "risk_level": "High", "reason_1": "", "recommended_action": ""}])
    log = pd.DataFrame([dict.fromkeys(LOG, "") | {"account_id": "C02"}])
    terminal = Console(width=300, file=io.StringIO())
    terminal.print(shown(Patterns("2026-03-30", {"loud": loud, "log": log}, [])))
    told = terminal.file.getvalue()  # type: ignore[attr-defined]
    assert "C01" in told
    assert "(nobody)" in told
    assert "C02" in told
    assert "nan" not in told


def test_where_nobody_knows_a_csm_the_load_is_not_said_to_need_no_spreading(
    judged: JudgedDay,
) -> None:
    unknown = replace(judged, rows=judged.rows.assign(csm=None))
    terminal = Console(width=300, file=io.StringIO())
    terminal.print(shown(patterns_of(unknown)))
    told = terminal.file.getvalue()  # type: ignore[attr-defined]
    assert "spread the load: It is not known who is CSM of any account" in told
    assert "needs no spreading" not in told


def test_another_ending_than_json_or_csv_is_refused_before_the_work(
    command: Command, tmp_path: Path
) -> None:
    wrong = command("patterns", "--data", tmp_path, "--out", "x.xlsx")
    assert wrong.code == 2
    assert "give a name that ends in .json or .csv" in wrong.err
