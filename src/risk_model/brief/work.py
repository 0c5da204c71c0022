"""What was done, what comes next, who is told, and what to say."""

from __future__ import annotations

from datetime import datetime

from risk_model.brief.blocks import Blank, Block, Fields, Grid, Paragraph, Points, Text
from risk_model.brief.events import channel, sender
from risk_model.brief.story import Row, Story, ticket_name
from risk_model.brief.wording import (
    counted,
    date_text,
    lasting,
    listed,
    masked,
    one_line,
    time_text,
)
from risk_model.features.answers import is_automatic_text
from risk_model.respond import owner_of
from risk_model.respond.spec import SeverityResponse
from risk_model.timeline import DAY

MOST = 12
# The tables that our contacts are read from.
CONTACTS = ("messages", "meetings", "ticket_events")
HOURS_A_WEEK = 168
STAGES = {
    "week-1": "Week 1",
    "weeks-2-4": "Weeks 2 to 4",
    "month-2": "Month 2",
    "month-3": "Month 3",
    "month-6": "Month 6",
}


def contacts(story: Story) -> list[Block]:
    """Our last contacts: whether one was an attempt to de-escalate only people know."""
    last = {name: max(at) for name, at in _in_touch(story, story.since).items()}
    if not last:
        told = f"No contact of ours is on record since {date_text(story.since)}."
        return [Paragraph(story.told_with(told, *CONTACTS))]
    rows = sorted(last.items(), key=lambda item: (-item[1], item[0]))
    items = [f"{name}: {time_text(at)}" for name, at in rows]
    return [Paragraph("Our last contacts on record:"), Points(items)]


def _in_touch(story: Story, begin: int) -> dict[str, list[int]]:
    """Return when we were in touch since ``begin``, by how; a call is one whoever rang whom."""
    found: dict[str, list[int]] = {}
    for message in story.rows("messages"):
        written = message["direction"] == "outbound" and not is_automatic_text(
            message["text"] or ""
        )
        if written or message["channel"] == "call":
            found.setdefault(channel(message), []).append(message["sent_at"])
    for meeting in story.rows("meetings"):
        if meeting["status"] == "held":
            found.setdefault("Meeting held", []).append(meeting["scheduled_at"])
    for event in story.rows("ticket_events"):
        if event["kind"] == "public_reply":
            found.setdefault("Reply on a ticket", []).append(event["occurred_at"])
    recent = {name: [at for at in when if begin <= at < story.now] for name, when in found.items()}
    return {name: when for name, when in recent.items() if when}


def done(story: Story) -> list[Block]:
    """What we did since the trouble began, as far as the tables know."""
    begin = story.began if story.case is not None else story.since
    acts: list[tuple[int, str]] = []
    for ticket in story.rows("tickets"):
        name = ticket_name(story, ticket)
        acts += [(ticket["first_response_at"] or 0, f"Answered {name}")]
        acts += [(ticket["resolved_at"] or 0, f"Resolved {name}")]
    for act in story.rows("outcomes"):
        acts.append((act["acted_at"], masked(act["action"] or "Acted; how is not recorded")))
    for task in story.rows("tasks"):
        if task["owner_side"] == "us" and task["done_at"] is not None:
            acts.append((task["done_at"], f"Done: action item {one_line(task['task_id'])}"))
    if story.case is not None and story.case["acknowledged_at"] is not None:
        acts.append((story.case["acknowledged_at"], "Acknowledged the escalation"))
    recent = sorted(act for act in acts if begin <= act[0] < story.now)
    rows = [(date_text(at), what) for at, what in recent[-MOST:]]
    blocks: list[Block] = [Grid(("Date", "What"), rows)] if rows else []
    touch = _in_touch(story, begin)
    if touch:
        told = (
            f"{name} ({counted(len(when), 'time')}, last {date_text(max(when))})"
            for name, when in sorted(touch.items())
        )
        blocks.append(Paragraph(f"In touch since {date_text(begin)}: {listed(list(told))}."))
    if not blocks:
        nothing = f"Nothing of ours is on record since {date_text(begin)}."
        blocks.append(Paragraph(story.told_with(nothing, "tickets", *CONTACTS, "tasks")))
    return [*blocks, Paragraph(Blank("what else was done, with dates"))]


def ask(story: Story) -> list[Block]:
    """Whom the level asks for, and the first step."""
    row = story.row
    tier = int(row["escalation_tier"])
    items: list[Text] = [f"First step: {row['recommended_action']}."]
    holds = "holds it" if story.is_escalated else "would hold it if it escalated today"
    items.append(f"Tier {tier} {holds}: {story.advice.holders}.")
    if row["executive_sponsor"] != "no":
        when = "now" if row["executive_sponsor"] == "now" else "within 24 hours"
        items.append(f"An executive sponsor is called for {when}.")
    if story.advice.bring_in:
        items.append(f"To bring in for this cause: {listed(list(story.advice.bring_in))}.")
    items += [f"Leadership belongs in it: {why}." for why in story.advice.leadership[:3]]
    return [Points(items)]


def plan(story: Story) -> list[Block]:
    """Steps with owner and due date: what is open on our side, then the first step and the end."""
    nobody: Text = Blank("owner")
    rows: list[tuple[Text, Text, Text]] = []
    still = story.open_tickets()
    for ticket in still[:MOST]:
        due = ticket["promised_for"] or ticket["sla_due_at"]
        late = " (overdue)" if due is not None and due < story.clock_of(ticket) else ""
        when: Text = f"{date_text(due)}{late}" if due is not None else Blank("due")
        rows.append((f"Solve {ticket_name(story, ticket)}", nobody, when))
    if len(still) > MOST:
        rows.append((f"Solve {counted(len(still) - MOST, 'newer ticket')}", nobody, Blank("due")))
    for task in story.rows("tasks"):
        if task["done_at"] is None and task["owner_side"] == "us" and task["due_at"] is not None:
            late = " (overdue)" if task["due_at"] < story.now else ""
            due_text = f"{date_text(task['due_at'])}{late}"
            rows.append((f"Finish action item {one_line(task['task_id'])}", nobody, due_text))
    rows.append((f"{story.row['recommended_action']}", nobody, Blank("due")))
    return [Grid(("Step", "Owner", "Due"), rows), Points([Blank("further steps")])]


def clock(story: Story) -> list[Block]:
    """How soon it has to be acknowledged and how often they hear from us."""
    answer, case = story.answer, story.case
    if case is None or not story.is_escalated:
        again = " again" if case is not None else ""
        told = f"If it escalated{again} today: acknowledge by {time_text(story.acknowledge_by)}"
        told += f", {answer.then}" if answer.then else ""
        return [*_then(story), Paragraph(f"{told}, then an update {every(answer)}.")]
    due, seen = story.acknowledge_by, case["acknowledged_at"]
    if seen is not None:
        answered = time_text(seen) + (" (late)" if seen > due else "")
    else:
        # Where acknowledgements are not recorded, nobody can say that one is missing.
        row = story.open_row or {}
        is_late = str(row.get("acknowledge_overdue")).lower() == "true"
        answered = "not yet (overdue)" if is_late else "not on record"
    rows: list[tuple[str, Text]] = [
        ("Acknowledge by", time_text(due)),
        ("Acknowledged", answered),
    ]
    rows += [("Then", answer.then)] if answer.then else []
    last = case["last_update_at"]
    rows.append(("Last update to them", time_text(last) if last is not None else "not on record"))
    rows.append(("They hear from us", every(answer)))
    if story.open_row is not None:
        rows.append(("Next update due", _spelt(story.open_row["next_update_due"])))
    return [Fields(rows)]


def _then(story: Story) -> list[Block]:
    """Return when a closed case was acknowledged, as far as that is on record."""
    case = story.case
    if case is None:
        return []
    named, seen = f"escalation of {date_text(case['opened_at'])}", case["acknowledged_at"]
    if seen is None and not story.records("escalations", "acknowledged_at"):
        return [Paragraph("Acknowledgements of escalations are not recorded here.")]
    if seen is None:
        return [Paragraph(f"No acknowledgement of the {named} is on record.")]
    told = f"The {named} was acknowledged on {time_text(seen)}"
    if story.case_severity:
        due = story.due(story.case_severity, case["opened_at"])
        told += f" ({'late, ' if seen > due else ''}due by {time_text(due)})"
    return [Paragraph(f"{told}.")]


def communication(story: Story) -> list[Block]:
    """Messages and meetings of the story's time, newest last; no words of theirs."""
    log: list[tuple[int, str, str]] = []
    for message in story.rows("messages"):
        theirs = message["direction"] == "inbound"
        who = f"from {sender(message)}" if theirs else "from us"
        log.append((message["sent_at"], channel(message), who))
    log += [(m["scheduled_at"], "Meeting", one_line(m["status"])) for m in story.rows("meetings")]
    recent = sorted(entry for entry in log if story.since <= entry[0] < story.now)
    if not recent:
        told = f"Nothing on record since {date_text(story.since)}."
        return [Paragraph(story.told_with(told, "messages", "meetings"))]
    left = len(recent) - MOST
    rows = [(time_text(at), how, who, Blank("gist")) for at, how, who in recent[-MOST:]]
    more = [Paragraph(f"{counted(left, 'earlier one')} not shown.")] if left > 0 else []
    return [*more, Grid(("When", "How", "Who", "What was said"), rows)]


def told(story: Story) -> list[Block]:
    """Who has to be told at this level; that they were only people know."""
    blank: Text = Blank("told when, by whom")
    tier = int(story.row["escalation_tier"])
    owner = owner_of(story.answer.owner, story.severity, story.cause, story.how)
    rows: list[tuple[Text, Text]] = [(f"Owner: {owner}", blank)]
    rows += [(f"{story.severity}: {story.answer.told}", blank)] if story.answer.told else []
    rows.append((f"Tier {tier}: {story.advice.holders}", blank))
    if story.row["executive_sponsor"] != "no":
        when = "now" if story.row["executive_sponsor"] == "now" else "within 24 hours"
        rows.append((f"Executive sponsor, {when}", blank))
    return [Grid(("Who", "Told"), rows)]


def resolution(story: Story) -> list[Block]:
    """How it ended, where it did."""
    case = story.case
    if case is not None and case["closed_at"] is not None and not story.tells_closings:
        return [Paragraph(["It is " + story.closed(case) + ". ", Blank("how it was resolved")])]
    if case is not None and case["closed_at"] is not None:
        took = lasting(case["closed_at"] - case["opened_at"])
        told = f"Closed on {date_text(case['closed_at'])}, {took} after the opening. "
        return [Paragraph([told, Blank("how it was resolved, and what they said to it")])]
    if case is not None:
        return [Paragraph(f"Open for {lasting(story.now - case['opened_at'])}.")]
    if not story.records("escalations"):
        return [Paragraph(f"{story.not_escalated}, nor how it ended.")]
    return [Paragraph("No escalation is open, so there is nothing to close.")]


def after(story: Story) -> list[Block]:
    """The technical fix is half of it: what is due after the closing, with dates once it is."""
    case = story.case
    closed = case["closed_at"] if case is not None and story.tells_closings else None
    rows: list[tuple[Text, Text, Text]] = []
    for stage, due in sorted(story.how.recovery.items(), key=lambda item: item[1].until_day):
        end = due.until_day
        by = f"by {date_text(closed + end * DAY)}" if closed is not None else f"until day {end}"
        rows.append((STAGES[stage], due.due, by))
    blocks: list[Block] = [Grid(("Stage", "What is due", "After the closing"), rows)]
    if story.row["recovery_stage"]:
        blocks.insert(0, Paragraph(f"It is recovering: {STAGES[story.row['recovery_stage']]}."))
    return blocks


def convey(story: Story) -> list[Block]:
    """What to own, what to name, what to ask, in that order."""
    items: list[Text] = [f"Own it: {fault}." for fault in _ours(story)]
    items.append(["Name one owner and one date: ", Blank("owner"), ", ", Blank("date"), "."])
    items += [f"{line}." for line in story.advice.talk]
    return [Points(items)]


def path(story: Story) -> list[Block]:
    """The next steps with what their clocks say, and what may be offered, in its order."""
    # Of an account that is at risk the clocks say what would apply.
    updates = "They hear from us" if story.is_escalated else "If it escalated, they hear from us"
    rows: list[tuple[str, Text]] = [
        ("First step", str(story.row["recommended_action"])),
        (updates, every(story.answer)),
        ("Owner", _owner(story)),
    ]
    if story.is_escalated and story.case is not None:
        end = story.case["opened_at"] + story.how.stale_after_days * DAY
        late = ", which has passed" if end < story.now else ""
        rows.append(("Closed by", f"{date_text(end)}{late}"))
    return [Fields(rows), *_offers(story)]


def teams(story: Story) -> list[Block]:
    """Whom the cause asks for; whom you asked only you know."""
    wanted = [f"{team}: " for team in story.advice.bring_in]
    asked: list[Text] = [[team, Blank("who, when, and what they said")] for team in wanted]
    return [Points([*asked, Blank("further teams, with person, date and what they said")])]


def _offers(story: Story) -> list[Block]:
    offers: list[Text] = [f"{offer.what} ({offer.why})" for offer in story.advice.levers[:5]]
    if not offers:
        return []
    weigh = [Paragraph(f"{story.advice.weigh}.")] if story.advice.weigh else []
    return [Paragraph("What may help, in this order:"), Points(offers), *weigh]


def _ours(story: Story) -> list[str]:
    """Return what is late on our side, each with its date."""
    faults = []
    for ticket in story.open_tickets():
        promised, due = ticket["promised_for"], ticket["sla_due_at"]
        now = story.clock_of(ticket)
        if promised is not None and promised < now:
            faults.append(f"{ticket_name(story, ticket)} was promised for {date_text(promised)}")
        elif due is not None and due < now:
            faults.append(f"{ticket_name(story, ticket)} was due on {date_text(due)}")
    late = [
        task
        for task in story.rows("tasks")
        if _is_overdue(task, story.now) and task["owner_side"] == "us"
    ]
    faults += [
        f"action item {one_line(task['task_id'])} was due on {date_text(task['due_at'])}"
        for task in late
    ]
    return faults[:5]


def _is_overdue(task: Row, now: int) -> bool:
    return task["done_at"] is None and task["due_at"] is not None and bool(task["due_at"] < now)


def _owner(story: Story) -> Text:
    own = story.case["owner"] if story.case is not None and story.is_escalated else None
    return one_line(own) if own else Blank("owner")


def _spelt(iso: object) -> str:
    return time_text(datetime.fromisoformat(str(iso)).timestamp())


def every(answer: SeverityResponse) -> str:
    """Return how often they hear from us."""
    unit = "business hour" if answer.update_counted == "business-hours" else "hour"
    on_days = ", on working days" if answer.update_counted == "business-days" else ""
    hours = answer.update_hours
    times, rest = divmod(HOURS_A_WEEK, hours)
    if answer.update_counted == "clock" and hours > 24 and not rest:
        return {1: "once", 2: "twice"}.get(times, f"{times} times") + " a week"
    return (f"every {unit}" if hours == 1 else f"every {hours} {unit}s") + on_days
