"""An account's facts as they were known on a day: what every part of a document reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from risk_model.brief.blocks import Blank, Text
from risk_model.brief.plan import DocumentPlans
from risk_model.brief.unrecorded import told_with
from risk_model.brief.wording import date_text, is_known, masked, one_line
from risk_model.features.silences import is_with_customer
from risk_model.respond import Advice, Response, answer_to, due_at
from risk_model.respond.spec import SeverityResponse
from risk_model.rules import Rule
from risk_model.timeline import DAY

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Sign:
    """A rule that fired, with the sentence that it says about this account."""

    rule: Rule
    says: str


@dataclass(frozen=True)
class Story:
    """What is known of an account on a day.

    ``row`` is its row of the watchlist, ``account`` who it is that day, ``known`` its rows table by
    table with nothing that became known later, ``facts`` its features by name, ``heard`` what each
    text of theirs was heard to say, by table and key of its row, ``advice`` what helps. ``case`` is
    the escalation that the documents are about, ``open_row`` its row of the list of escalated
    accounts, ``most`` how many events to show. ``unread`` are the texts, by table and key, that
    were not understood, ``gone`` the tables of which nothing can be said, with what they are
    called, and ``columns`` what the tables really have.
    """

    day: int
    row: Row
    account: Row
    known: Mapping[str, Sequence[Row]]
    signs: Sequence[Sign]
    facts: Row
    heard: Mapping[tuple[str, str], Sequence[str]]
    how: Response
    advice: Advice
    plans: DocumentPlans
    case: Row | None = None
    open_row: Row | None = None
    evidence: bool = False
    most: int | None = None
    calibrated: bool = False
    notes: Sequence[str] = field(default=())
    unread: frozenset[tuple[str, str]] = frozenset()
    gone: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def now(self) -> int:
        """The epoch second at which the document stands: nothing at or after it is known."""
        return self.day * DAY

    @property
    def name(self) -> str:
        """How the account is called."""
        return one_line(self.account.get("name") or "") or one_line(self.row["account_id"])

    @property
    def full_name(self) -> str:
        """The account's name with its id, or the id alone where it has no name."""
        own = one_line(self.row["account_id"])
        return own if self.name == own else f"{self.name} ({own})"

    @property
    def revenue(self) -> Text:
        """What the account pays a year, or the blank for it."""
        arr = self.account.get("arr")
        return f"{float(str(arr)):,.0f}" if is_known(arr) else Blank("revenue a year")

    @property
    def is_escalated(self) -> bool:
        """Whether the case is open."""
        return self.case is not None and self.case["closed_at"] is None

    @property
    def severity(self) -> str:
        """The severity that counts today: that of the open case, else the suggested one.

        What was closed is over: of a closed case only the record has its severity and cause.
        """
        return str(self.row["suggested_severity"])

    @property
    def case_severity(self) -> str:
        """The case's severity as it was recorded; empty where none was."""
        own = self.case.get("severity") if self.case else None
        return f"SEV-{int(own)}" if own else ""

    @property
    def cause(self) -> str:
        """The cause that the signs of today point to; may be empty."""
        return str(self.row["likely_cause"] or "")

    @property
    def summary(self) -> str:
        """One line that says what it is about today."""
        own = self.case.get("issue") if self.case else None
        if own and self.is_escalated:
            return masked(own)
        return str(self.row["reason_1"] or "nothing stands out in what was measured")

    @property
    def began(self) -> int:
        """When the trouble began: the opening of the case, else now (epoch seconds)."""
        return int(self.case["opened_at"]) if self.case else self.now

    @property
    def since(self) -> int:
        """The epoch second from which events belong to the story."""
        return self.began - self.plans.timeline_days * DAY

    @property
    def answer(self) -> SeverityResponse:
        """What the severity of today calls for."""
        return answer_to(self.severity, self.how)

    @property
    def acknowledge_by(self) -> int:
        """When the open case has to be acknowledged, else one of today (epoch seconds)."""
        return self.due(self.severity, self.began if self.is_escalated else self.now)

    def due(self, severity: str, opened: int) -> int:
        """Return when an escalation has to be acknowledged, in the account's business hours."""
        zone = (self.account.get(name) for name in ("region", "timezone"))
        hours = self.how.business_hours.calendar(*(str(at) if at else None for at in zone))
        answer, begin = answer_to(severity, self.how), datetime.fromtimestamp(opened, UTC)
        by = due_at(begin, answer.acknowledge_minutes, answer.acknowledge_counted, hours)
        return int(by.timestamp())

    def rows(self, table: str) -> Sequence[Row]:
        """Return the account's known rows of a table; none where there is no such table."""
        return self.known.get(table, ())

    def records(self, table: str, column: str = "") -> bool:
        """Whether a table, or a column of it, is there to tell anything of the days before."""
        return table not in self.gone and (not column or column in self.columns.get(table, ()))

    def told_with(self, told: str, *tables: str) -> str:
        """Return what is said of tables, and which of them are not recorded at all."""
        return told_with(told, self.gone, tables)

    @property
    def tells_closings(self) -> bool:
        """Whether it is recorded when escalations were closed; else each is a moment."""
        return self.records("escalations", "closed_at")

    def closed(self, case: Row) -> str:
        """Return that a closed escalation was closed, and when, as far as that is recorded."""
        if not self.tells_closings:
            return "over as far as is known: closings are not recorded"
        return f"closed on {date_text(case['closed_at'])}"

    @property
    def not_escalated(self) -> str:
        """That there is no escalation to write about, as far as that is known."""
        past = [row["closed_at"] for row in self.rows("escalations")]
        if past and not self.tells_closings:
            begun = date_text(max(row["opened_at"] for row in self.rows("escalations")))
            return (
                f"{self.name} has no escalation open as far as is known; the last one was opened "
                f"on {begun}, and closings are not recorded"
            )
        if past:
            end = date_text(max(past))
            return f"{self.name} has no escalation open; the last one was closed on {end}"
        if not self.records("escalations"):
            return f"Whether {self.name} has escalated is not recorded"
        return f"{self.name} has not escalated yet"

    def open_tickets(self) -> list[Row]:
        """Return the tickets that are open, the oldest first."""
        still = [ticket for ticket in self.rows("tickets") if ticket["resolved_at"] is None]
        return sorted(still, key=lambda ticket: (ticket["opened_at"], ticket["ticket_id"]))

    def clock_of(self, ticket: Row) -> int:
        """Return what a ticket's clock shows: while it is the customer's turn it stands still."""
        changes = [
            event
            for event in self.rows("ticket_events")
            if event["ticket_id"] == ticket["ticket_id"] and event["kind"] in ("status", "reopened")
        ]
        last = max(changes, key=lambda event: event["occurred_at"], default=None)
        if last is None or last["kind"] != "status" or not is_with_customer(last["value"] or ""):
            return self.now
        return int(last["occurred_at"])

    def priority(self, ticket: Row) -> str:
        """Return a ticket's priority as it stands: the last change of it, else as exported."""
        changes = [
            event
            for event in self.rows("ticket_events")
            if event["ticket_id"] == ticket["ticket_id"]
            and event["kind"] == "priority"
            and event["value"]
        ]
        last = max(changes, key=lambda event: (event["occurred_at"], event["value"]), default=None)
        return str(last["value"]).upper() if last else str(ticket["priority"] or "")


def ticket_name(story: Story, ticket: Row) -> str:
    """Return how a ticket is called: number, priority and subject (else category)."""
    about = masked(ticket["subject"] or ticket["category"] or "")
    parts = [one_line(ticket["ticket_id"]), story.priority(ticket), f"“{about}”" if about else ""]
    return " ".join(part for part in parts if part)
