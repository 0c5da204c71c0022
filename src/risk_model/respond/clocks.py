"""The clocks of a response: acknowledge by, next update due, who owns it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from risk_model.respond.hours import Calendar, zone_named
from risk_model.respond.spec import Counting, Response, SeverityResponse, Urgency

URGENCY: dict[str, Urgency] = {"SEV-1": "critical", "SEV-2": "high"}
# So many names of zones or regions are told.
MOST = 5
ISO = "%Y-%m-%dT%H:%M:%SZ"


def answer_to(severity: str, how: Response) -> SeverityResponse:
    """Return the response to a severity, or to its urgency where the company has no severities."""
    answer = how.severities[severity]  # type: ignore[index]
    if how.respond_by == "severity":
        return answer
    plain = how.without_severities
    hours = plain.update_hours[URGENCY.get(severity, "other")]
    return SeverityResponse(
        acknowledge_minutes=plain.acknowledge_minutes, update_hours=hours, owner=answer.owner
    )


def due_at(moment: dt.datetime, minutes: float, counted: Counting, hours: Calendar) -> dt.datetime:
    """Return (UTC) when so many minutes from a moment have passed, as they are counted.

    A working day counts for 24 hours of ``business-days``; what is left of them in business hours.
    """
    if counted == "clock":
        return moment + dt.timedelta(minutes=minutes)
    if counted == "business-days":
        days, rest = divmod(minutes, 24 * 60)
        later = hours.after_days(moment, int(days))
        return hours.after_hours(later, rest / 60) if rest else later
    return hours.after_hours(moment, minutes / 60)


def clocks(
    severity: Sequence[str],
    moment: dt.datetime,
    how: Response,
    regions: Sequence[str | None] | None = None,
    zones: Sequence[str | None] | None = None,
    causes: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return acknowledge_by (ISO, UTC), update_every_hours and owner_role for each account.

    ``moment`` is when it would escalate; ``regions`` and ``zones`` are the accounts' own, for the
    severities whose clocks run in business hours.
    """
    nowhere: list[str | None] = [None] * len(severity)
    told: dict[tuple[str, str | None, str | None, str], tuple[str, int, str]] = {}
    rows = []
    why = causes or [""] * len(severity)
    for place in zip(severity, regions or nowhere, zones or nowhere, why, strict=True):
        if place not in told:
            name, region, zone, cause = place
            answer = answer_to(name, how)
            hours = how.business_hours.calendar(region, zone)
            by = due_at(moment, answer.acknowledge_minutes, answer.acknowledge_counted, hours)
            owner = owner_of(answer.owner, name, cause, how)
            told[place] = by.strftime(ISO), answer.update_hours, owner
        rows.append(told[place])
    return pd.DataFrame(rows, columns=["acknowledge_by", "update_every_hours", "owner_role"])


def unplaced(
    regions: Sequence[str | None], zones: Sequence[str | None], how: Response
) -> list[str]:
    """Return what has to be said of regions and time zones that nobody knows, if there are any."""
    hours = how.business_hours
    strange = Counter(zone for zone in zones if zone and zone_named(zone) is None)
    lost = Counter(
        region
        for region, zone in zip(regions, zones, strict=True)
        if region and not hours.is_known(region) and (not zone or zone in strange)
    )
    notes = []
    if strange:
        named = ", ".join(sorted(strange)[:MOST])
        notes.append(
            f"{strange.total()} accounts have a time zone that is not known ({named}): the "
            "business hours of their region count"
        )
    if lost:
        named = ", ".join(sorted(lost)[:MOST])
        notes.append(
            f"{lost.total()} accounts are in regions without business hours ({named}): the "
            "default's count; add the regions to models/response.yaml"
        )
    return notes


def owner_of(owner: str, severity: str, cause: str, how: Response) -> str:
    """Return who owns it: by severity, and by the cause where that always goes to somebody."""
    own = how.causes[cause].owner if cause else None  # type: ignore[index]
    if own is None or own == owner:
        return owner
    return f"{own}, with {owner}" if severity in URGENCY else own
