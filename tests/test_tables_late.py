"""Late rows: they count from when they were recorded, and what that changed is told."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from command import Command
from company_rows import DAY, FIRST_DAY, HOUR
from measuring import SHIPPED, assert_same, measure, snapshots_of
from random_company import SINCE_EVER, Company, own_time, random_company, written
from risk_model.catalogue import Catalogue
from risk_model.engines.duckdb import DuckDBEngine
from risk_model.errors import ConfigError
from risk_model.features import features_at
from risk_model.features.understood import hears
from risk_model.pipelines.late import LAST_MONTH, _touched, changed_since, late_sentences
from risk_model.pipelines.line import Line
from risk_model.settings import PastDays, load_settings
from risk_model.tables import Tables, open_tables, tables_from_frames
from risk_model.tables.contract import CONTRACT
from risk_model.tables.late import lateness
from risk_model.timeline import date_of

pytestmark = pytest.mark.slow

DAYS = 120
FEW = SHIPPED.only(
    {
        *("outbound_28d", "inbound_28d", "tasks_overdue_us", "meetings_held_84d", "arr", "health"),
        *("incident_hours_28d", "days_since_escalation_closed", "nps_change", "open_tickets_7d"),
        *("p1_open_48h", "bounced_28d", "reopens_84d", "adoption_28d", "days_to_renewal"),
        *("sentiment_28d", "sentiment_change"),
    }
)
HEARING = SHIPPED.only({f.name for f in SHIPPED.features if hears(f)})
NOW = FIRST_DAY + DAYS - 1
Recorded = dict[str, list[int | None]]


def drawn(company: Company, rng: np.random.Generator) -> Recorded:
    """Say for each row when it was recorded: never said, before its time, then, or days later."""
    times: Recorded = {}
    for name, rows in company.rows.items():
        times[name] = []
        if name == "renewals":
            # theirs is a column of the contract's own
            times[name] = [None] * len(rows)
            continue
        for row in rows:
            own = own_time(name, row)
            own = own if own > SINCE_EVER else int(rng.integers(FIRST_DAY, NOW)) * DAY
            delay = rng.choice([0, -5 * DAY, HOUR, int(rng.exponential(9 * DAY))])
            times[name].append(None if rng.random() < 0.3 else int(own + delay))
    return times


def export(
    company: Company, recorded: Recorded, before: int | None = None, in_time: bool = False
) -> dict[str, pd.DataFrame]:
    """Return the company's export, or what of it was recorded before a day; brute force.

    ``in_time`` says nothing of when a row with a time of its own was recorded.
    """
    frames = company.frames()
    for name, frame in frames.items():
        times = [
            (own_time(name, row), said)
            for row, said in zip(company.rows[name], recorded[name], strict=True)
        ]
        if name != "renewals":
            frame["recorded_at"] = [
                written("time", None if in_time and own > SINCE_EVER else said)
                for own, said in times
            ]
        # accounts stay: whose row of a feed it is that shows it running does not matter
        if before is not None and name != "accounts":
            known = [max(own, SINCE_EVER if said is None else said) for own, said in times]
            frames[name] = frame[[time < before * DAY for time in known]]
    return frames


def companies(seed: int) -> tuple[Company, Recorded]:
    company = random_company(seed, DAYS, 5, [NOW - 30, NOW - 7], whole=True)
    return company, drawn(company, np.random.default_rng(seed))


@pytest.mark.slow
@settings(max_examples=3, phases=[Phase.generate])
@given(st.integers(0, 2**32 - 1))
def test_a_row_is_known_from_when_it_was_recorded_but_never_before_its_own_time(seed: int):
    company, recorded = companies(seed)
    with tables_from_frames(export(company, recorded)) as tables:
        assert tables.report.refused == 0
        tickets = tables.frame("tickets").set_index("ticket_id")["row_known"]
        for name, rows in company.rows.items():
            expected = []
            for row, time in zip(rows, recorded[name], strict=True):
                known = max(own_time(name, row), SINCE_EVER if time is None else time)
                if name == "ticket_events":
                    known = max(known, int(tickets[row["ticket_id"]]))
                expected.append(known)
            assert sorted(tables.frame(name)["row_known"]) == sorted(expected), name


@pytest.mark.slow
@settings(max_examples=2, phases=[Phase.generate])
@given(st.integers(0, 2**32 - 1), st.integers(2, 60))
def test_what_was_recorded_late_changes_no_feature_of_the_time_before(seed: int, ago: int):
    company, recorded = companies(seed)
    as_of = NOW - ago
    with (
        tables_from_frames(export(company, recorded)) as everything,
        tables_from_frames(export(company, recorded, before=as_of)) as then,
    ):
        assert any(report.late for report in everything.report.tables.values())
        snapshots = snapshots_of(company.accounts, [as_of])
        assert_same(measure(everything, snapshots, FEW), measure(then, snapshots, FEW))


def settled(tables: Tables, catalogue: Catalogue = FEW) -> Line:
    return Line(tables, replace(load_settings(), catalogue=catalogue))


def unheard(tables: Tables, snapshots: pd.DataFrame) -> pd.DataFrame:
    """Return the whole catalogue with no text read: what hangs on one is not measured."""
    return features_at(DuckDBEngine(tables.connection), tables.present, snapshots, SHIPPED)


@pytest.mark.slow
def test_changed_features_are_those_that_an_export_of_that_day_would_have_shown_otherwise():
    company, recorded = companies(3)
    as_of = NOW - 3
    days = [as_of - ago for ago in LAST_MONTH]
    snapshots = snapshots_of(company.accounts, days)
    with tables_from_frames(export(company, recorded)) as tables:
        with patch("risk_model.pipelines.late.snapshots_on") as given_days:
            given_days.return_value = snapshots.assign(is_customer=True)
            found = changed_since(settled(tables, SHIPPED), as_of)
        then, heard = unheard(tables, snapshots), measure(tables, snapshots, HEARING)
    with tables_from_frames(export(company, recorded, before=as_of, in_time=True)) as tables:
        today = unheard(tables, snapshots)
    assert found is not None
    assert found.accounts == snapshots["account_id"].nunique()
    names = SHIPPED.names
    differ = ~np.isclose(then[names], today[names], 1e-9, 1e-9, equal_nan=True)
    differ[:, names.index("waiting_for_us")] = False  # the longer of two waits, one from texts
    shares = pd.Series(differ.mean(axis=0), index=names)
    assert found.shares == pytest.approx(shares[shares > 0].to_dict())
    assert found.changed == differ.sum()
    assert "longest_silence" in found.shares
    # texts are not heard for this, and no renewal is late
    in_texts = then[HEARING.names].isna().all() & heard[HEARING.names].notna().any()
    assert found.unheard >= in_texts.sum() > 50
    renewals = {f.name for f in SHIPPED.features if f.source == "renewals"}
    renewals |= {f.name for f in SHIPPED.features if f.parts and {*f.parts} <= renewals}
    assert found.values == len(then) * (len(names) - found.unheard - len(renewals))
    assert list(found.shares.values()) == sorted(found.shares.values(), reverse=True)


def test_a_late_table_touches_what_is_made_of_it_too_and_what_hangs_on_texts_is_counted():
    for late, read, not_read in [
        ("tickets", "silent_ticket_48h", "waiting_48h"),
        ("ticket_events", "longest_silence", "tasks_overdue_us"),
        ("meetings", "longest_wait", "waiting_for_answer_48h"),
        ("messages", "waiting_48h", "waiting_for_answer_48h"),
    ]:
        touched, unheard = _touched(SHIPPED, {late})
        assert read in touched.by_name, late
        assert not_read not in touched.by_name, late
        assert unheard > 0
    assert _touched(SHIPPED, {"usage"})[1] == 0


def test_the_delay_of_a_table_is_that_of_its_rows_of_half_a_year():
    day = dt.date(2026, 3, 1)
    delays = [0.0, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 10.0]
    opened = [dt.datetime(2026, 2, 1) for _ in delays] + [dt.datetime(2024, 1, 1)]
    recorded = [opened[0] + dt.timedelta(days) for days in delays] + [dt.datetime(2025, 6, 1)]
    tickets = {"ticket_id": range(9), "account_id": "a", "opened_at": opened}
    frames = {
        "accounts": pd.DataFrame({"account_id": ["a"]}),
        "tickets": pd.DataFrame(tickets | {"recorded_at": recorded}),
        "meetings": pd.DataFrame(
            {"meeting_id": [1], "account_id": "a", "scheduled_at": opened[:1], "status": "held"}
        ),
    }
    with tables_from_frames(frames) as tables:
        (found,) = lateness(tables, (day - dt.date(1970, 1, 1)).days)
        assert (found.table, found.rows, found.late) == ("tickets", 8, 6)
        assert found.median_days == pytest.approx(np.quantile(delays, 0.5))
        assert found.ninety_days == pytest.approx(np.quantile(delays, 0.9))
        said = late_sentences(settled(tables), (day - dt.date(1970, 1, 1)).days)
    assert said[0] == (
        "tickets: 6 of 8 rows of the last 26 weeks were recorded late; half of all rows were there "
        "after 36 hours, nine in ten after 5.8 days"
    )


def test_an_escalation_that_was_recorded_later_is_no_label_yet():
    days = pd.date_range("2026-01-01", "2026-06-30")
    frames = {
        "accounts": pd.DataFrame({"account_id": ["a"], "contract_start": ["2025-01-01"]}),
        "usage": pd.DataFrame({"account_id": "a", "date": days, "seats": 5}),
        "escalations": pd.DataFrame(
            {"escalation_id": [1], "account_id": "a", "opened_at": ["2026-05-01"], "closed_at": ""}
        ),
    }
    as_of = (dt.date(2026, 6, 1) - dt.date(1970, 1, 1)).days
    plan = PastDays(every_days=31, at_most_days=1)
    for recorded, labels in {"2026-05-02": 1, "2026-06-01": 0}.items():
        escalations = frames["escalations"].assign(recorded_at=recorded)
        with tables_from_frames(frames | {"escalations": escalations}) as tables:
            line = Line(tables, replace(load_settings(), catalogue=SHIPPED.only({"seats"})))
            assert line.past(as_of, 31, plan).escalations == labels


def test_where_nothing_is_late_nothing_is_said():
    company, _ = companies(5)
    with tables_from_frames(company.frames()) as tables:
        assert late_sentences(settled(tables), NOW) == []


def write(folder: Path, mapping: str, tickets: str) -> Path:
    (folder / "accounts.csv").write_text("account_id\na\n")
    (folder / "tickets.csv").write_text(tickets)
    (folder / "sources.yaml").write_text(f"tables:\n  accounts: {{file: accounts.csv}}\n{mapping}")
    return folder


def test_a_mapping_leads_recorded_at_like_any_column_and_a_bad_one_refuses_the_row(
    tmp_path: Path,
):
    mapping = (
        "  tickets:\n    file: tickets.csv\n    columns: {ticket_id: id, account_id: who, "
        "opened_at: at, recorded_at: seen}\n"
    )
    rows = "id,who,at,seen\n1,a,2026-03-01,2026-03-05\n2,a,2026-03-01,\n3,a,2026-03-01,soon\n"
    with open_tables(write(tmp_path, mapping, rows)) as tables:
        known = tables.frame("tickets")["row_known"] / DAY
        assert [date_of(int(day)) for day in known] == [dt.date(2026, 3, 5), dt.date(2026, 3, 1)]
        assert tables.refused()[["line", "reason", "column"]].to_numpy().tolist() == [
            [4, "not a date or time (write 2026-03-31, or say its format in sources.yaml)", "seen"]
        ]
        assert tables.report.tables["tickets"].late == 1
    wrong = mapping.replace("recorded_at", "recorded")
    with pytest.raises(ConfigError) as caught:
        open_tables(write(tmp_path, wrong, rows))
    assert "has no column 'recorded'. Did you mean 'recorded_at'?" in caught.value.mistakes[0]


def test_of_two_times_from_which_a_row_is_known_the_later_counts(tmp_path: Path):
    mapping = "  tickets: {file: tickets.csv, known_at: {row: seen}}\n"
    rows = "ticket_id,account_id,opened_at,seen,recorded_at\n1,a,2026-03-01,2026-03-05,2026-03-09\n"
    with open_tables(write(tmp_path, mapping, rows)) as tables:
        assert tables.frame("tickets")["row_known"].tolist() == [20_521 * DAY]


@pytest.mark.slow
def test_every_table_may_say_when_its_rows_were_recorded():
    company, recorded = companies(1)
    assert set(company.rows) == set(CONTRACT) - {"outcomes"}
    with tables_from_frames(export(company, recorded)) as tables:
        late = {name for name, report in tables.report.tables.items() if report.late}
        assert late == set(company.rows) - {"renewals"}
        assert not [said for said in tables.report.notices if "recorded_at" in said]


@pytest.mark.slow
def test_the_command_tells_of_late_rows(command: Command, tmp_path: Path):
    company, recorded = companies(2)
    data = tmp_path / "data"
    data.mkdir()
    for name, frame in export(company, recorded).items():
        frame.to_csv(data / f"{name}.csv", index=False)
    done = command("check", "--data", data, "--as-of", str(date_of(NOW)))
    assert done.code == 0, done.err
    assert "rows of the last 26 weeks were recorded late; half of all rows were there" in done.said
    assert "feature values" in done.said
    assert "of the last 4 weekly snapshots since, in" in done.said


def test_a_line_closes_what_was_cut_from_it():
    company, _ = companies(1)
    with settled(tables_from_frames(company.frames())) as line:
        earlier = line.cut(NOW - 30)
        assert not earlier.tables.frame("accounts").empty
    with pytest.raises(duckdb.ConnectionException):
        earlier.tables.connection.execute("SELECT 1")
