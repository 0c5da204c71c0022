"""What is not recorded at all: nothing is claimed of it, neither that it is nor that it is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from risk_model.brief.wording import listed
from risk_model.tables import Report, freshness

# How tables are called in a sentence. Only who works with the list writes outcomes, and a company
# that has none yet is missing nothing; `ticket_events` matters where replies are told.
NAMES = {
    "usage": "usage",
    "tickets": "tickets",
    "ticket_events": "replies on tickets",
    "surveys": "surveys",
    "messages": "messages",
    "meetings": "meetings",
    "tasks": "action items",
    "renewals": "renewals",
    "health_scores": "health scores",
    "incidents": "incidents",
    "escalations": "escalations",
}
NAMED_AT_THE_END = tuple(name for name in NAMES if name != "ticket_events")


def unrecorded(report: Report, day: int) -> dict[str, str]:
    """Return each table of which nothing can be said on a day, with what it is called then.

    One that was not given or of which no row was kept, and a feed that has stopped. Escalations may
    stay away for long without that.
    """
    fresh, found = freshness(report, day), {}
    for name, called in NAMES.items():
        table = report.tables.get(name)
        if table is None:
            found[name] = called
        elif not table.kept:
            found[name] = f"{called} ({'no row could be read' if table.read else 'without a row'})"
        elif fresh[name].stopped and name != "escalations":
            found[name] = f"{called} after {fresh[name].last_day}"
    return found


def told_with(told: str, gone: Mapping[str, str], tables: Iterable[str]) -> str:
    """Return what is said of tables, followed by those of them that it can't speak of."""
    missing = [gone[name] for name in tables if name in gone]
    return f"{told} Not recorded here: {listed(missing)}." if missing else told
