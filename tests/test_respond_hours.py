"""Business hours and clocks: an hour counts where somebody works, whatever the clocks do."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from risk_model import respond
from risk_model.explain import sentence
from risk_model.respond import BusinessHours, Calendar
from small_company import SETTINGS

HOW = SETTINGS.response
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
CLOSED = dt.date(2026, 6, 29)
MINUTE = dt.timedelta(minutes=1)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def office(zone: str, opens: int = 9, closes: int = 17, *holidays: str) -> Calendar:
    days = frozenset(dt.date.fromisoformat(day) for day in holidays)
    return Calendar(ZoneInfo(zone), frozenset(range(5)), dt.time(opens), dt.time(closes), days)


def is_open(hours: Calendar, moment: dt.datetime) -> bool:
    local = moment.astimezone(hours.zone)
    return hours.works_on(local.date()) and hours.opens <= local.time() < hours.closes


def walked(hours: Calendar, moment: dt.datetime, minutes: int) -> dt.datetime:
    """Walk from minute to minute and count those in which the office is open."""
    while minutes:
        minutes -= is_open(hours, moment)
        moment += MINUTE
    return moment


def test_a_region_without_holidays_is_one_and_not_one_that_leaves_them_out() -> None:
    hours = BusinessHours.model_validate(
        {
            "default": {
                **{"timezone": "UTC", "days": ["Mon"], "opens": "09:00", "closes": "17:00"},
                "holidays": ["2026-06-29"],
            },
            "regions": {"none": {"holidays": []}, "left out": {}, "own": {"holidays": [CLOSED]}},
        }
    )
    worked = {region: hours.calendar(region).works_on(CLOSED) for region in hours.regions}
    assert worked == {"none": True, "left out": False, "own": False}


# Around the days on which the clocks of these zones change.
moments = st.sampled_from(["2026-03-06", "2026-03-27", "2026-10-02", "2026-10-23", "2026-10-30"])


@given(st.sampled_from(ZONES), moments, st.integers(0, 5759), st.integers(1, 900))
def test_business_hours_are_those_that_a_walk_through_every_minute_counts(
    zone: str, day: str, minute: int, minutes: int
) -> None:
    hours, start = office(zone, 0, 23), utc(day) + minute * MINUTE
    assert hours.after_hours(start, minutes / 60) == walked(hours, start, minutes)


@pytest.mark.parametrize(
    ("zone", "start", "hours", "due"),
    [
        ("UTC", "2026-06-29T00:00", 4, "2026-06-29T13:00"),
        ("UTC", "2026-06-26T16:00", 4, "2026-06-29T12:00"),
        ("UTC", "2026-06-27T12:00", 8, "2026-06-29T17:00"),
        ("Europe/Berlin", "2026-06-29T00:00", 4, "2026-06-29T11:00"),
        ("America/New_York", "2026-06-29T00:00", 4, "2026-06-29T17:00"),
        # Clocks go forward in Berlin on 2026-03-29: Friday is at UTC+1, Monday at UTC+2.
        ("Europe/Berlin", "2026-03-27T15:00", 2, "2026-03-30T08:00"),
        ("Europe/Berlin", "2026-10-23T14:00", 2, "2026-10-26T09:00"),
    ],
)
def test_hours_run_while_the_office_is_open(zone: str, start: str, hours: int, due: str) -> None:
    assert office(zone).after_hours(utc(start), hours) == utc(due)


def test_an_office_that_is_open_through_the_change_of_clocks_counts_real_hours() -> None:
    sunday = Calendar(ZoneInfo("Europe/Berlin"), frozenset(range(7)), dt.time(0), dt.time(6))
    # From midnight to six there are five hours in spring and seven in autumn.
    assert sunday.after_hours(utc("2026-03-28T23:00"), 5) == utc("2026-03-29T04:00")
    assert sunday.after_hours(utc("2026-10-24T22:00"), 7) == utc("2026-10-25T05:00")


def test_a_holiday_and_a_weekend_do_not_count() -> None:
    hours = office("UTC", 9, 17, "2026-06-29")
    assert hours.after_hours(utc("2026-06-26T16:00"), 2) == utc("2026-06-30T10:00")
    assert hours.after_days(utc("2026-06-26T10:00"), 1) == utc("2026-06-30T10:00")
    assert hours.after_days(utc("2026-06-27T10:00"), 1) == utc("2026-07-01T09:00")


def test_a_working_day_later_is_the_same_local_time_through_the_change_of_clocks() -> None:
    assert office("Europe/Berlin").after_days(utc("2026-03-27T10:00"), 1) == utc("2026-03-30T09:00")


def test_the_accounts_zone_wins_over_its_region_and_the_region_over_the_default() -> None:
    hours = HOW.business_hours
    assert hours.calendar().zone.key == "UTC"
    assert hours.calendar("emea").zone.key == "Europe/Berlin"
    assert hours.calendar("EMEA", "Asia/Tokyo").zone.key == "Asia/Tokyo"
    assert hours.calendar("Atlantis").zone.key == "UTC"
    assert hours.calendar("EMEA", "Mars/Olympus").zone.key == "Europe/Berlin"


def test_a_region_may_have_its_own_week_and_takes_the_rest_from_the_default() -> None:
    own = {"days": ["Sun", "Mon", "Tue", "Wed", "Thu"], "timezone": "Asia/Riyadh"}
    hours = BusinessHours.model_validate(
        {"default": HOW.business_hours.default.model_dump(), "regions": {"Gulf": own}}
    ).calendar("Gulf")
    assert hours.after_hours(utc("2026-06-26T08:00"), 1) == utc("2026-06-28T07:00")


def test_hours_that_yaml_reads_as_a_number_are_hours_all_the_same() -> None:
    # 17:00 without quotes is 17 * 60 to YAML.
    default = {"timezone": "UTC", "days": ["Mon"], "opens": "09:00", "closes": 17 * 60}
    assert BusinessHours.model_validate({"default": default}).calendar().closes == dt.time(17)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"timezone": "Mars/Olympus"}, "no time zone 'Mars/Olympus'. Write it as Europe/Berlin"),
        ({"opens": "17:00", "closes": "09:00"}, "closes no later"),
        ({"days": None}, "'default' needs 'days'"),
    ],
)
def test_impossible_hours_are_refused_in_words(changed: dict[str, object], said: str) -> None:
    default = HOW.business_hours.default.model_dump() | changed
    with pytest.raises(ValidationError, match=said):
        BusinessHours.model_validate({"default": default})


MONDAY = utc("2026-06-29T00:00")


@pytest.mark.practice(
    "sev-1-response", "sev-2-response", "sev-3-response", "sev-4-response", "business-hours"
)
def test_the_severe_are_acknowledged_day_and_night_and_the_others_when_somebody_works() -> None:
    names = ["SEV-1", "SEV-2", "SEV-3", "SEV-4"]
    clocks = respond.clocks(names, MONDAY, HOW, ["EMEA"] * 4, [None] * 4)
    assert clocks["acknowledge_by"].tolist() == [
        "2026-06-29T00:15:00Z", "2026-06-29T01:00:00Z", "2026-06-29T11:00:00Z",
        "2026-06-30T07:00:00Z",
    ]  # fmt: skip
    assert clocks["update_every_hours"].tolist() == [1, 4, 24, 84]
    assert clocks["owner_role"].tolist() == [
        "director or above", "senior CSM or CS manager", "CSM", "CSM or support",
    ]  # fmt: skip
    told = {name: (HOW.severities[name].then, HOW.severities[name].told) for name in names}
    assert told["SEV-1"] == ("a team within 1 hour", "VP CS, VP Engineering and CTO at once")
    assert told["SEV-2"] == (
        "a plan within 4 hours",
        "CS director and engineering manager within 2 hours",
    )
    assert told["SEV-3"] == ("a plan within 24 hours", "CSM manager")
    assert told["SEV-4"] == ("a plan within 1 week", "the usual channels")


@pytest.mark.practice("without-severities")
def test_a_company_without_severities_acknowledges_in_two_hours_and_updates_by_urgency() -> None:
    plain = HOW.model_copy(update={"respond_by": "urgency"})
    clocks = respond.clocks(["SEV-1", "SEV-2", "SEV-3", "SEV-4"], MONDAY, plain)
    assert set(clocks["acknowledge_by"]) == {"2026-06-29T02:00:00Z"}
    assert clocks["update_every_hours"].tolist() == [24, 48, 72, 72]


@pytest.mark.practice("contract-to-csm")
def test_a_contract_dispute_always_goes_to_the_csm() -> None:
    names = ["SEV-1", "SEV-2", "SEV-3", "SEV-4"]
    owners = respond.clocks(names, MONDAY, HOW, causes=["contract"] * 4)["owner_role"]
    assert owners.tolist() == [
        "CSM, with director or above", "CSM, with senior CSM or CS manager", "CSM", "CSM",
    ]  # fmt: skip
    others = respond.clocks(names, MONDAY, HOW, causes=["product"] * 4)["owner_role"]
    assert others.tolist()[0] == "director or above"


def case(severity: str, opened: str, **more: object) -> respond.Open:
    known: dict[str, object] = {"acknowledged": None, "updated": None, **more}
    return respond.Open(severity, utc(opened), **known)  # type: ignore[arg-type]


@pytest.mark.practice("escalated-acknowledge", "escalated-update", "escalation-stale-15")
@pytest.mark.parametrize(
    ("open_", "overdue", "due", "stale"),
    [
        # Nobody works at the weekend: a SEV-3 of Friday evening is not late on Monday at 0.
        (case("SEV-3", "2026-06-26T17:30"), False, "2026-06-30T09:00", False),
        (case("SEV-3", "2026-06-26T09:00"), True, "2026-06-29T09:00", False),
        (case("SEV-1", "2026-06-28T23:00"), True, "2026-06-29T00:00", False),
        (case("SEV-1", "2026-06-28T23:50"), False, "2026-06-29T00:50", False),
        (
            case("SEV-2", "2026-06-20T09:00", acknowledged=utc("2026-06-20T09:30"),
                 updated=utc("2026-06-26T15:00")),
            False, "2026-06-29T11:00", False,
        ),
        (
            case("SEV-2", "2026-06-13T00:00", acknowledged=utc("2026-06-13T09:30")),
            False, "2026-06-15T13:00", True,
        ),
        (case("SEV-4", "2026-06-14T00:00", tells_acknowledged=False), None, None, False),
    ],
)  # fmt: skip
def test_the_clocks_of_an_open_escalation(
    open_: respond.Open, overdue: bool | None, due: str | None, stale: bool
) -> None:
    state = respond.standing(open_, MONDAY, HOW.business_hours.calendar(), HOW)
    assert state.acknowledge_overdue is overdue
    assert due is None or state.next_update_due == utc(due)
    assert state.overdue is stale


@given(st.integers(1, 40 * 24 * 60))
@example(15 * 24 * 60)
@example(15 * 24 * 60 + 12 * 60)
def test_the_list_of_escalated_and_the_rule_have_one_clock(minutes: int) -> None:
    since = dt.timedelta(minutes=minutes)
    open_ = respond.Open("SEV-4", MONDAY - since, None, None)
    state = respond.standing(open_, MONDAY, HOW.business_hours.calendar(), HOW)
    rule = SETTINGS.rules.by_id["escalation-stale"]
    age = since / dt.timedelta(days=1)
    figures = {"open_escalations": 1.0, "oldest_open_escalation": age, "as_of": 20633.0}
    assert state.overdue is rule.groups[0]["oldest_open_escalation"].holds(age)
    assert state.overdue is state.out_of_options, "both are 15 days"
    told = sentence(rule.says, figures, SETTINGS.catalogue)
    whole = f"{state.days_open} day{'' if state.days_open == 1 else 's'}"
    assert f"has been open for {whole if state.days_open else 'less than a day'}, since" in told


@pytest.mark.practice(
    "sponsor-24h-sla", "sponsor-24h-twice", "sponsor-24h-options", "sponsor-24h-renewal"
)
@pytest.mark.parametrize(
    ("open_", "renewal", "repeated", "called"),
    [
        (case("SEV-3", "2026-06-26T09:00"), None, False, False),
        (case("SEV-3", "2026-06-26T09:00"), None, True, True),
        (case("SEV-3", "2026-06-26T09:00"), 90, False, True),
        (case("SEV-3", "2026-06-26T09:00"), 91, False, False),
        (case("SEV-2", "2026-06-26T09:00"), None, False, True),
        (
            case("SEV-2", "2026-06-26T09:00", acknowledged=utc("2026-06-26T10:00")),
            None, False, False,
        ),
        (
            case("SEV-2", "2026-06-26T09:00", acknowledged=utc("2026-06-26T10:01")),
            None, False, True,
        ),
        (case("SEV-2", "2026-06-26T09:00", tells_acknowledged=False), None, False, False),
        (
            case("SEV-4", "2026-06-12T23:00", acknowledged=utc("2026-06-12T23:10")),
            None, False, True,
        ),
    ],
)  # fmt: skip
def test_an_escalation_calls_the_sponsor_within_a_day(
    open_: respond.Open, renewal: int | None, repeated: bool, called: bool
) -> None:
    state = respond.standing(open_, MONDAY, HOW.business_hours.calendar(), HOW)
    assert respond.sponsor_within_a_day(open_, state, renewal, repeated, HOW) is called
