"""Accounts that are escalated already: which clocks have run out, and who is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from risk_model.respond.clocks import answer_to, due_at
from risk_model.respond.hours import Calendar
from risk_model.respond.spec import Response
from risk_model.rules import Rule

# Tells of an account how old its oldest open escalation is.
OLDEST = "oldest_open_escalation"


@dataclass(frozen=True)
class Open:
    """An open escalation as it is known now; moments in UTC, None where not known.

    ``tells_acknowledged`` says whether acknowledgements are recorded at all.
    """

    severity: str
    opened: dt.datetime
    acknowledged: dt.datetime | None
    updated: dt.datetime | None
    tells_acknowledged: bool = True


@dataclass(frozen=True)
class Standing:
    """Where an open escalation stands: ``None`` where it can't be known.

    ``overdue`` and ``out_of_options`` go by the moment, as the rules do; ``days_open`` counts whole
    days.
    """

    acknowledge_overdue: bool | None
    past_first_sla: bool
    next_update_due: dt.datetime
    days_open: int
    overdue: bool
    out_of_options: bool


def standing(case: Open, now: dt.datetime, hours: Calendar, how: Response) -> Standing:
    """Return where an open escalation stands, by the clocks of its severity."""
    answer = answer_to(case.severity, how)
    acknowledge_by = due_at(
        case.opened, answer.acknowledge_minutes, answer.acknowledge_counted, hours
    )
    late = acknowledge_by < now
    missed = case.acknowledged is None or case.acknowledged > acknowledge_by
    # What was said before the escalation was written down was no update of it.
    last = max(case.updated or case.acknowledged or case.opened, case.opened)
    since = now - case.opened
    return Standing(
        acknowledge_overdue=(
            late and case.acknowledged is None if case.tells_acknowledged else None
        ),
        past_first_sla=case.tells_acknowledged and late and missed,
        next_update_due=due_at(last, answer.update_hours * 60, answer.update_counted, hours),
        days_open=since.days,
        overdue=since > dt.timedelta(days=how.stale_after_days),
        out_of_options=since > dt.timedelta(days=how.out_of_options_after_days),
    )


def sponsor_within_a_day(
    case: Open, state: Standing, renewal_days: int | None, repeated: bool, how: Response
) -> bool:
    """Whether an escalation calls for the sponsor within a day.

    SEV-1 or SEV-2 past its first SLA, a second one on the same matter, a CSM out of options, or
    the renewal near while it is escalated; the renewal's date alone calls nobody.
    """
    severe = case.severity in ("SEV-1", "SEV-2") and state.past_first_sla
    near = renewal_days is not None and 0 <= renewal_days <= how.renewal_near_days
    return severe or repeated or near or state.out_of_options


def rules_of(case: Open, fired: Sequence[Rule], now: dt.datetime) -> list[Rule]:
    """Return the rules that fired on an account, less those that another one of its escalations
    is old enough for and this one is not.
    """
    age = (now - case.opened) / dt.timedelta(days=1)
    return [
        rule
        for rule in fired
        if not rule.groups
        or any(OLDEST not in tests or tests[OLDEST].holds(age) for tests in rule.groups)
    ]
