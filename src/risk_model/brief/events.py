"""The timeline of events: what the tables tell of an account, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from risk_model.brief.story import Row, Story, ticket_name
from risk_model.brief.wording import counted, excerpt, masked, one_line
from risk_model.timeline import DAY

# What a text may be heard to say, in the words of a timeline, the gravest first; the rest is no
# event.
HEARD = {
    "breach": "a breach",
    "data_loss": "lost data",
    "legal_step": "legal steps",
    "legal": "legal steps",
    "threat": "leaving",
    "public": "going public",
    "asks_for_higher": "a call for somebody higher",
    "competitor": "alternatives to us",
    "hesitancy": "doubts about budget or renewal",
    "billing": "a dispute over invoice or terms",
    "expectation_gap": "something else that was promised",
    "passed_around": "being passed around",
    "outage": "something that is down",
    "no_progress": "no progress",
    "complaint": "upset words",
    "frustration": "frustration",
}
CHANNELS = {"email": "E-mail", "call": "Call", "chat": "Chat", "social": "Public post"}
# The tables that their words are read from.
HEARD_IN = ("messages", "tickets", "surveys")
# A health score that lies so far below its best of the last 30 days is an event.
HEALTH_DROP, HEALTH_DAYS = 15, 30


@dataclass(frozen=True, order=True)
class Event:
    """Something that happened: when (epoch seconds), what, and in whose words if asked for."""

    at: int
    what: str
    words: str = ""


def events(story: Story) -> list[Event]:
    """Return what happened in the story's time, oldest first; nothing at or after its day."""
    found = [event for teller in _TELLERS for event in teller(story)]
    return sorted({event for event in found if story.since <= event.at < story.now})


def speaks_of(story: Story, table: str, key: object) -> list[str]:
    """Return what a row's text was heard to speak of, the gravest first."""
    heard = story.heard.get((table, str(key)), ())
    return list(dict.fromkeys(words for name, words in HEARD.items() if name in heard))


class Text(NamedTuple):
    """Words of theirs: when, who and where, what they speak of, and whether that is known."""

    at: int
    who: str
    said: list[str]
    is_understood: bool


def texts(story: Story) -> list[Text]:
    """Return what they wrote, oldest first; rows without words are none."""
    found = [
        (row["sent_at"], f"{channel(row)} from {sender(row)}", "messages", row["message_id"])
        for row in story.rows("messages")
        if row["direction"] == "inbound"
    ]
    found += [
        (row["opened_at"], f"Ticket {one_line(row['ticket_id'])}", "tickets", row["ticket_id"])
        for row in story.rows("tickets")
    ]
    found += [
        (row["responded_at"], f"Comment on {row['kind']}", "surveys", row["survey_id"])
        for row in story.rows("surveys")
        if row["responded_at"] is not None and row["comment"]
    ]
    return [
        Text(at, who, speaks_of(story, table, key), (table, str(key)) not in story.unread)
        for at, who, table, key in sorted(found)
        if (table, str(key)) in story.heard
    ]


def channel(message: Row) -> str:
    """Return a message's channel as a word."""
    return CHANNELS.get(str(message["channel"]), masked(message["channel"] or "Message"))


def sender(message: Row) -> str:
    """Return who wrote a message of theirs, by role."""
    role = message["sender_role"]
    return {"executive": "their executive", "admin": "an administrator", "user": "a user"}.get(
        str(role), "them"
    )


def _spoken(story: Story, table: str, key: object) -> str:
    said = speaks_of(story, table, key)[:3]
    return f"; it speaks of: {', '.join(said)}" if said else ""


def _tickets(story: Story) -> Iterator[Event]:
    for ticket in story.rows("tickets"):
        name = ticket_name(story, ticket)
        words = excerpt(ticket["description"]) if ticket["description"] else ""
        what = f"Ticket opened: {name}{_spoken(story, 'tickets', ticket['ticket_id'])}"
        yield Event(ticket["opened_at"], what, words)
        if ticket["first_response_at"] is not None:
            yield Event(ticket["first_response_at"], f"First answer of ours to {name}")
        if ticket["resolved_at"] is not None:
            yield Event(ticket["resolved_at"], f"Ticket resolved: {name}")
        if ticket["csat"] is not None and ticket["rated_at"] is not None:
            yield Event(ticket["rated_at"], f"Rated {ticket['csat']:g} of 5: {name}")
        for missed, what in (("sla_due_at", "SLA"), ("promised_for", "Promised date")):
            still = ticket["resolved_at"] is None
            end = story.clock_of(ticket) if still else ticket["resolved_at"]
            if ticket[missed] is not None and ticket[missed] < end:
                yield Event(ticket[missed], f"{what} passed without a solution: {name}")


def _ticket_changes(story: Story) -> Iterator[Event]:
    names = {ticket["ticket_id"]: ticket_name(story, ticket) for ticket in story.rows("tickets")}
    for change in story.rows("ticket_events"):
        name = names.get(change["ticket_id"], one_line(change["ticket_id"]))
        if change["kind"] == "reopened":
            yield Event(change["occurred_at"], f"Ticket reopened: {name}")
        elif change["kind"] == "priority" and change["value"]:
            priority = masked(change["value"]).upper()
            yield Event(change["occurred_at"], f"Priority set to {priority}: {name}")


def _messages(story: Story) -> Iterator[Event]:
    for message in story.rows("messages"):
        if message["direction"] != "inbound":
            continue
        said = _spoken(story, "messages", message["message_id"])
        is_top = message["sender_role"] == "executive" or message["recipient_role"] == "ceo"
        if not said and not is_top:
            continue
        to = {"ceo": " to our CEO", "executive": " to our executive"}
        what = f"{channel(message)} from {sender(message)}"
        what += to.get(str(message["recipient_role"]), "")
        yield Event(message["sent_at"], what + said, excerpt(message["text"] or ""))


def _surveys(story: Story) -> Iterator[Event]:
    tops = {"NPS": 10, "CSAT": 5, "CES": 7}
    for survey in story.rows("surveys"):
        if survey["responded_at"] is None or survey["score"] is None:
            continue
        what = f"{survey['kind']} answer: {survey['score']:g} of {tops[survey['kind']]}"
        what += _spoken(story, "surveys", survey["survey_id"])
        yield Event(survey["responded_at"], what, excerpt(survey["comment"] or ""))


def _meetings(story: Story) -> Iterator[Event]:
    for meeting in story.rows("meetings"):
        kind = masked(meeting["kind"] or "meeting")
        status = masked(meeting["status"])
        yield Event(meeting["scheduled_at"], f"Meeting {status}: {kind}")


def _tasks(story: Story) -> Iterator[Event]:
    for task in story.rows("tasks"):
        side = {"us": "on our side", "customer": "on theirs"}.get(str(task["owner_side"]), "")
        name = f"action item {one_line(task['task_id'])} {side}".strip()
        end = story.now if task["done_at"] is None else task["done_at"]
        if task["due_at"] is not None and task["due_at"] < end:
            yield Event(task["due_at"], f"Due and not done: {name}")
        if task["done_at"] is not None:
            yield Event(task["done_at"], f"Done: {name}")


def _incidents(story: Story) -> Iterator[Event]:
    for incident in story.rows("incidents"):
        name = f"{masked(incident['kind'] or 'incident')} {one_line(incident['incident_id'])}"
        yield Event(incident["started_at"], f"Incident began: {name}")
        if incident["announced_at"] is not None:
            yield Event(incident["announced_at"], f"Incident announced: {name}")
        if incident["ended_at"] is not None:
            hit = incident["users_affected"]
            users = f", {counted(hit, 'user')} affected" if hit is not None else ""
            yield Event(incident["ended_at"], f"Incident ended: {name}{users}")


def _health(story: Story) -> Iterator[Event]:
    scores = sorted((r["scored_at"], r["score"]) for r in story.rows("health_scores"))
    is_low = False
    for at, score in scores:
        before = [s for t, s in scores if at - HEALTH_DAYS * DAY <= t < at]
        was_low, is_low = is_low, bool(before) and max(before) - score > HEALTH_DROP
        if is_low and not was_low:
            yield Event(at, f"Health score down to {score:.0f} from {max(before):.0f}")


def _renewals(story: Story) -> Iterator[Event]:
    for renewal in story.rows("renewals"):
        if renewal["confirmed_at"] is not None:
            yield Event(renewal["confirmed_at"], "Renewal confirmed")


def _escalations(story: Story) -> Iterator[Event]:
    for case in story.rows("escalations"):
        name = one_line(case["escalation_id"])
        issue = f": {masked(case['issue'])}" if case["issue"] else ""
        level = f", SEV-{case['severity']}" if case["severity"] else ""
        yield Event(case["opened_at"], f"Escalation {name} opened{level}{issue}")
        if case["acknowledged_at"] is not None:
            yield Event(case["acknowledged_at"], f"Escalation {name} acknowledged")
        if case["closed_at"] is not None and story.tells_closings:
            cause = f", cause: {case['cause']}" if case["cause"] else ""
            yield Event(case["closed_at"], f"Escalation {name} closed{cause}")


def _actions(story: Story) -> Iterator[Event]:
    for act in story.rows("outcomes"):
        yield Event(act["acted_at"], f"We acted: {masked(act['action'] or 'not recorded how')}")


_TELLERS: tuple[Callable[[Story], Iterator[Event]], ...] = (
    _tickets,
    _ticket_changes,
    _messages,
    _surveys,
    _meetings,
    _tasks,
    _incidents,
    _health,
    _renewals,
    _escalations,
    _actions,
)
