"""Business hours: when time counts for an account, in its own zone, through every change of clocks.

Opening times are local wall-clock times, turned into UTC day by day; between them plain seconds are
counted. So an hour is an hour on the day the clocks change, too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator, model_validator

from risk_model.documents import Strict

Weekday = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
WEEKDAYS: tuple[Weekday, ...] = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# Nobody closes for longer: past this many days a calendar without an open hour would never end.
FARTHEST_DAYS = 400


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo | None:
    """Return a time zone by its IANA name, None where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def _clock_time(value: object) -> object:
    """Read ``17:00`` that YAML took for a number to the base of 60: minutes since midnight."""
    return dt.time(value // 60, value % 60) if type(value) is int and 0 <= value < 1440 else value


LocalTime = Annotated[dt.time, BeforeValidator(_clock_time)]


class Hours(Strict):
    """Working days, hours and zone; what is left out is taken from the default."""

    timezone: str | None = None
    days: tuple[Weekday, ...] | None = Field(None, min_length=1)
    opens: LocalTime | None = None
    closes: LocalTime | None = None
    holidays: tuple[dt.date, ...] | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        if name is not None and zone_named(name) is None:
            raise ValueError(f"no time zone '{name}'. Write it as Europe/Berlin or UTC.")
        return name


class BusinessHours(Strict):
    """The default's hours, and those of regions where they differ."""

    default: Hours
    regions: Mapping[str, Hours] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _whole_default(self) -> BusinessHours:
        for name in ("timezone", "days", "opens", "closes"):
            if getattr(self.default, name) is None:
                raise ValueError(f"'default' needs '{name}'.")
        for region in (None, *self.regions):
            calendar = self.calendar(region)
            if calendar.opens >= calendar.closes:
                where = f"'{region}'" if region else "'default'"
                raise ValueError(f"{where} opens at {calendar.opens} and closes no later.")
        return self

    def calendar(self, region: str | None = None, timezone: str | None = None) -> Calendar:
        """Return when time counts for an account; its own zone wins over that of its region.

        A region or zone that nobody knows counts as not given.
        """
        own = self._of_region(region)
        zone = zone_named(timezone) if timezone else None
        days = own.days or self.default.days or WEEKDAYS
        return Calendar(
            zone or ZoneInfo(own.timezone or self.default.timezone or "UTC"),
            frozenset(WEEKDAYS.index(day) for day in days),
            own.opens or self.default.opens or dt.time(0),
            own.closes or self.default.closes or dt.time(23, 59),
            frozenset(_first_given(own.holidays, self.default.holidays)),
        )

    def is_known(self, region: str) -> bool:
        """Whether a region has hours of its own here."""
        return region.strip().casefold() in {name.casefold() for name in self.regions}

    def _of_region(self, region: str | None) -> Hours:
        wanted = (region or "").strip().casefold()
        named = {name.casefold(): hours for name, hours in self.regions.items()}
        return named.get(wanted, self.default)


@dataclass(frozen=True)
class Calendar:
    """When somebody is at work: a zone, weekdays (Monday is 0), local hours, days off."""

    zone: ZoneInfo
    days: frozenset[int]
    opens: dt.time
    closes: dt.time
    holidays: frozenset[dt.date] = frozenset()

    def works_on(self, day: dt.date) -> bool:
        """Whether a local date is a working day."""
        return day.weekday() in self.days and day not in self.holidays

    def after_hours(self, moment: dt.datetime, hours: float) -> dt.datetime:
        """Return (UTC) when so many business hours have passed since a moment."""
        left = dt.timedelta(hours=hours)
        for begins, ends in self._spans(moment):
            start = max(begins, moment)
            if ends - start >= left:
                return start + left
            left -= ends - start
        raise OverflowError(f"no {hours} business hours within {FARTHEST_DAYS} days")

    def after_days(self, moment: dt.datetime, days: int) -> dt.datetime:
        """Return (UTC) the same local time so many working days later.

        A moment outside of business hours counts from the next opening.
        """
        begins = next(max(b, moment) for b, e in self._spans(moment) if max(b, moment) < e)
        local = begins.astimezone(self.zone)
        working = (d for d in _dates(local.date() + dt.timedelta(days=1)) if self.works_on(d))
        day = local.date()
        for _ in range(days):
            day = next(working)
        return self._at(day, local.time())

    def _spans(self, moment: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        """Yield (opening, closing) in UTC from the working day of the moment on."""
        for day in _dates(moment.astimezone(self.zone).date()):
            if self.works_on(day):
                begins, ends = self._at(day, self.opens), self._at(day, self.closes)
                if ends > moment:
                    yield begins, ends

    def _at(self, day: dt.date, time: dt.time) -> dt.datetime:
        return dt.datetime.combine(day, time, tzinfo=self.zone).astimezone(dt.UTC)


def _first_given(*lists: tuple[dt.date, ...] | None) -> tuple[dt.date, ...]:
    """Return the first that is written, also where it is written to be empty."""
    return next((one for one in lists if one is not None), ())


def _dates(first: dt.date) -> Iterator[dt.date]:
    return (first + dt.timedelta(days=n) for n in range(FARTHEST_DAYS))
