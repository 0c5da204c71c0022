"""Days and moments as exports spell them: the same moment is the same day, however it came."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from risk_model.tables import open_tables
from risk_model.timeline import date_of

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")


def lay(where: Path, zone: str, dates: str = "ISO", **cells: str) -> Path:
    """Write an account with a contract's end, and a ticket, under one mapping."""
    mapping = f"timezone: {zone}\ndates: {dates}\ntables:\n  accounts: {{file: accounts.csv}}\n"
    (where / "sources.yaml").write_text(mapping + "  tickets: {file: tickets.csv}\n")
    end, opened = cells.get("end", ""), cells.get("opened", "")
    (where / "accounts.csv").write_text(f'account_id,contract_end\na,"{end}"\n')
    (where / "tickets.csv").write_text(f'ticket_id,account_id,opened_at\n1,a,"{opened}"\n')
    return where


def end_of_contract(folder: Path) -> dt.date:
    tables = open_tables(folder)
    return date_of(int(tables.frame("accounts")["contract_end"].iloc[0]))


@pytest.mark.parametrize(
    ("spelling", "written"),
    [
        ("%Y-%m-%dT%H:%M:%SZ", "2026-06-01T10:00:00Z"),
        ("%Y-%m-%d %H:%M:%S UTC", "2026-06-01 10:00:00 UTC"),
        ("%d.%m.%Y %H:%M (GMT)", "01.06.2026 10:00 (GMT)"),
        ("%a %b %d %H:%M:%S +0000 %Y", "Mon Jun 01 10:00:00 +0000 2026"),
        ("%Y-%m-%d %H:%M:%S %Z", "2026-06-01 10:00:00 UTC"),
    ],
)
def test_a_format_that_says_utc_in_words_is_utc_whatever_the_zone(
    tmp_path: Path, spelling: str, written: str
):
    folder = lay(tmp_path, "America/New_York", f'"{spelling}"', opened=written)
    opened = open_tables(folder).frame("tickets")["opened_at"].tolist()
    assert opened == [int(dt.datetime(2026, 6, 1, 10, tzinfo=dt.UTC).timestamp())]


def test_letters_of_a_format_that_only_look_like_utc_are_none(tmp_path: Path):
    folder = lay(
        tmp_path, "America/New_York", '"%d Zulu %m %Y %H:%M"', opened="01 Zulu 06 2026 10:00"
    )
    opened = open_tables(folder).frame("tickets")["opened_at"].tolist()
    assert opened == [int(dt.datetime(2026, 6, 1, 14, tzinfo=dt.UTC).timestamp())]


@pytest.mark.slow
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2030, 1, 1)),
    st.sampled_from(ZONES),
    st.sampled_from(["ISO", '"%Y-%m-%dT%H:%M:%SZ"', "epoch"]),
)
def test_a_moment_is_on_the_same_day_from_text_as_from_a_typed_column(
    tmp_path: Path, moment: dt.datetime, zone: str, dates: str
):
    aware = moment.replace(microsecond=0, tzinfo=dt.UTC)
    written = str(int(aware.timestamp())) if dates == "epoch" else f"{aware:%Y-%m-%dT%H:%M:%SZ}"
    folder = lay(tmp_path, zone, dates, end=written)
    (tmp_path / "tickets.csv").write_text("ticket_id,account_id,opened_at\n")
    from_text = end_of_contract(folder)
    # midnight UTC is what programs make of a date
    here = aware if aware.time() == dt.time() else aware.astimezone(ZoneInfo(zone))
    assert from_text == here.date()
    duckdb.sql(
        f"SELECT 'a' AS account_id, TIMESTAMPTZ '{aware.isoformat()}' AS contract_end"
    ).write_parquet(str(tmp_path / "accounts.parquet"))
    mapping = (tmp_path / "sources.yaml").read_text()
    (tmp_path / "sources.yaml").write_text(mapping.replace("accounts.csv", "accounts.parquet"))
    assert end_of_contract(folder) == from_text


@pytest.mark.parametrize("zone", ZONES)
def test_a_date_that_was_given_midnight_or_no_offset_stays_on_its_day(tmp_path: Path, zone: str):
    written = (
        "2026-08-01",
        "2026-08-01T00:00:00",
        "2026-08-01T00:00:00Z",
        "2026-08-01 00:00:00.000+02:00",
        "2026-08-01T22:00:00",
    )
    folder = lay(tmp_path, zone)
    rows = [f"{number},{end}\n" for number, end in enumerate(written)]
    (folder / "accounts.csv").write_text("account_id,contract_end\n" + "".join(rows))
    ends = open_tables(folder).frame("accounts").set_index("account_id")["contract_end"]
    days = {written[int(number)]: date_of(int(end)) for number, end in ends.items()}
    assert days == dict.fromkeys(written, dt.date(2026, 8, 1))


def test_midnight_here_written_as_utc_is_the_day_here(tmp_path: Path):
    folder = lay(tmp_path, "Europe/Berlin", end="2026-07-31T22:00:00Z")
    assert end_of_contract(folder) == dt.date(2026, 8, 1)


def test_days_that_two_formats_read_otherwise_are_told_of(tmp_path: Path):
    folder = lay(tmp_path, "UTC", '["%m/%d/%Y", "%d/%m/%Y"]', end="05/06/2026", opened="31/05/2026")
    assert end_of_contract(folder) == dt.date(2026, 5, 6)
    assert open_tables(folder).report.notices == (
        "accounts.csv: column 'contract_end': 1 dates fit more than one of its formats and are "
        "different days by them, as '05/06/2026'; the first that fits was taken ('%m/%d/%Y' comes "
        "first). Say in sources.yaml only the one that is right.",
    )


@pytest.mark.parametrize("end", ["31/05/2026", "05/05/2026", ""])
def test_days_that_are_the_same_by_all_formats_are_no_news(tmp_path: Path, end: str):
    folder = lay(tmp_path, "UTC", '["%m/%d/%Y", "%d/%m/%Y"]', end=end, opened="31/05/2026")
    assert open_tables(folder).report.notices == ()


def test_refused_days_that_are_months_are_told_of(tmp_path: Path):
    folder = lay(tmp_path, "UTC", '"%m/%d/%Y %H:%M"', opened="31/05/2026 10:00")
    rows = "2,a,30/05/2026 10:00\n3,a,05/06/2026 10:00\n4,a,never\n"
    with (folder / "tickets.csv").open("a") as file:
        file.write(rows)
    tables = open_tables(folder)
    assert tables.report.tables["tickets"].kept == 1
    assert tables.report.notices == (
        "tickets.csv: column 'opened_at': 2 of 3 refused dates are '%d/%m/%Y %H:%M'. sources.yaml "
        "says '%m/%d/%Y %H:%M', by which day and month are exchanged in those that were read.",
    )
