"""The tables that a company hands over: columns, types, keys, and when each fact is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["key", "text", "category", "number", "integer", "flag", "time", "date"]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    ``known_at`` names the time column of the same row from which the value is known;
    None means: from the time at which the row itself is known. A name is somebody's or
    a group's, and no free text.
    """

    name: str
    kind: Kind
    required: bool = False
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    known_at: str | None = None
    is_name: bool = False
    is_money: bool = False


@dataclass(frozen=True)
class Table:
    """One table: ``row_known_at`` are the columns whose first filled one says when a row is known.

    With no such column filled a row is known since ever where ``known_since_ever`` holds,
    and refused where it does not. ``whole_day`` says that the row tells of a whole day, so that it
    is known from the day's end. ``orders`` are pairs (beginning, end) of which the end comes later.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    row_known_at: tuple[str, ...]
    known_since_ever: bool = False
    is_event: bool = True
    grace_days: int = 2
    whole_day: bool = False
    orders: tuple[tuple[str, str], ...] = ()
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})


def _key(name: str) -> Column:
    return Column(name, "key", required=True)


def _text(name: str, known_at: str | None = None) -> Column:
    return Column(name, "text", known_at=known_at)


def _name(name: str) -> Column:
    return Column(name, "text", is_name=True)


def _category(
    name: str, *values: str, required: bool = False, known_at: str | None = None
) -> Column:
    return Column(name, "category", required=required, values=values, known_at=known_at)


def _number(
    name: str, low: float | None = 0, high: float | None = None, known_at: str | None = None
) -> Column:
    return Column(name, "number", low=low, high=high, known_at=known_at)


def _integer(
    name: str, low: float | None = 0, high: float | None = None, known_at: str | None = None
) -> Column:
    return Column(name, "integer", low=low, high=high, known_at=known_at)


def _flag(name: str) -> Column:
    return Column(name, "flag")


def _time(name: str, required: bool = False, known_at: str | None = None) -> Column:
    """A moment. An optional one that tells of itself is known from itself on."""
    return Column(name, "time", required=required, known_at=known_at)


def _date(name: str, required: bool = False) -> Column:
    return Column(name, "date", required=required)


# Rows of these come seldom by nature: a quarter without a survey wave, an outage or an escalation
# is no stopped feed. The four feeds that flow every day keep the two days of grace.
SELDOM = 92
WEEKLY = 9

_TABLES = (
    Table(
        "accounts",
        ("account_id", "valid_from"),
        (
            _key("account_id"),
            _text("name"),
            Column("arr", "number", low=0, is_money=True),
            _name("segment"),
            _name("plan"),
            _name("region"),
            _name("timezone"),
            _name("csm"),
            _name("csm_manager"),
            _date("contract_start"),
            _date("contract_end"),
            _flag("strategic"),
            _flag("reference"),
            _date("valid_from"),
        ),
        row_known_at=("valid_from",),
        orders=(("contract_start", "contract_end"),),
        known_since_ever=True,
        is_event=False,
    ),
    Table(
        "usage",
        ("account_id", "date"),
        (
            _key("account_id"),
            _date("date", required=True),
            _number("active_users"),
            _number("logins"),
            _number("actions"),
            _number("key_actions"),
            _number("onboarding_actions"),
            _number("seats"),
            _number("limit"),
        ),
        row_known_at=("date",),
        whole_day=True,
    ),
    Table(
        "tickets",
        ("ticket_id",),
        (
            _key("ticket_id"),
            _key("account_id"),
            _time("opened_at", required=True),
            _time("first_response_at", known_at="first_response_at"),
            _time("resolved_at", known_at="resolved_at"),
            _category("priority", "P1", "P2", "P3", "P4"),
            _text("category"),
            _text("subject"),
            _text("description"),
            _time("sla_due_at"),
            _time("promise_made_at", known_at="promise_made_at"),
            _time("promised_for", known_at="promise_made_at"),
            _number("users_affected", known_at="resolved_at"),
            _integer("reassignments", known_at="resolved_at"),
            _integer("reopens", known_at="resolved_at"),
            _number("csat", 1, 5, known_at="rated_at"),
            _time("rated_at", known_at="rated_at"),
        ),
        row_known_at=("opened_at",),
        orders=(
            ("opened_at", "first_response_at"),
            ("opened_at", "resolved_at"),
            ("opened_at", "rated_at"),
        ),
    ),
    Table(
        "ticket_events",
        ("ticket_id", "occurred_at", "kind", "value"),
        (
            _key("ticket_id"),
            _time("occurred_at", required=True),
            _category(
                "kind",
                "assigned",
                "reopened",
                "priority",
                "status",
                "public_reply",
                "automatic_reply",
                "internal_note",
                required=True,
            ),
            _text("value"),
        ),
        row_known_at=("occurred_at",),
    ),
    Table(
        "surveys",
        ("survey_id",),
        (
            _key("survey_id"),
            _key("account_id"),
            _category("kind", "NPS", "CSAT", "CES", required=True),
            _time("sent_at"),
            _time("responded_at", known_at="responded_at"),
            _number("score", 0, 10, known_at="responded_at"),
            _text("comment", known_at="responded_at"),
            _text("respondent_role", known_at="responded_at"),
        ),
        row_known_at=("sent_at", "responded_at"),
        orders=(("sent_at", "responded_at"),),
        grace_days=SELDOM,
    ),
    Table(
        "messages",
        ("message_id",),
        (
            _key("message_id"),
            _key("account_id"),
            _time("sent_at", required=True),
            _category("channel", "email", "call", "chat", "social", required=True),
            _category("direction", "inbound", "outbound", required=True),
            _category("sender_role", "executive", "admin", "user"),
            _category("recipient_role", "ceo", "executive", "csm", "support"),
            _text("thread_id"),
            _name("author"),
            Column("text", "text", required=True),
        ),
        row_known_at=("sent_at",),
    ),
    Table(
        "meetings",
        ("meeting_id",),
        (
            _key("meeting_id"),
            _key("account_id"),
            _time("scheduled_at", required=True),
            _category("status", "held", "missed", "cancelled", required=True),
            _text("kind"),
        ),
        row_known_at=("scheduled_at",),
        grace_days=WEEKLY,
    ),
    Table(
        "tasks",
        ("task_id",),
        (
            _key("task_id"),
            _key("account_id"),
            _time("created_at", required=True),
            _time("due_at"),
            _time("done_at", known_at="done_at"),
            _category("owner_side", "customer", "us"),
        ),
        row_known_at=("created_at",),
        orders=(("created_at", "done_at"),),
        grace_days=WEEKLY,
    ),
    Table(
        "renewals",
        ("account_id", "renewal_date"),
        (
            _key("account_id"),
            _date("renewal_date", required=True),
            _time("recorded_at"),
            _time("confirmed_at", known_at="confirmed_at"),
            _flag("auto_renew"),
            Column("proposed_arr", "number", low=0, is_money=True),
        ),
        row_known_at=("recorded_at",),
        known_since_ever=True,
        is_event=False,
        grace_days=SELDOM,
    ),
    Table(
        "health_scores",
        ("account_id", "scored_at"),
        (_key("account_id"), _time("scored_at", required=True), _number("score", 0, 100)),
        row_known_at=("scored_at",),
        grace_days=WEEKLY,
    ),
    Table(
        "incidents",
        ("incident_id", "account_id"),
        (
            _key("incident_id"),
            _key("account_id"),
            _time("started_at", required=True),
            _time("ended_at", known_at="ended_at"),
            _text("severity"),
            _category("kind", "outage", "degraded", "data-loss", "breach", "maintenance"),
            _time("announced_at", known_at="announced_at"),
            _number("users_affected", known_at="ended_at"),
        ),
        row_known_at=("started_at",),
        orders=(("started_at", "ended_at"),),
        grace_days=SELDOM,
    ),
    Table(
        "escalations",
        ("escalation_id",),
        (
            _key("escalation_id"),
            _key("account_id"),
            _time("opened_at", required=True),
            _time("closed_at", known_at="closed_at"),
            _integer("severity", 1, 4),
            _category(
                "cause",
                "product",
                "support",
                "expectations",
                "contract",
                "experience",
                known_at="closed_at",
            ),
            _time("acknowledged_at", known_at="acknowledged_at"),
            _time("last_update_at", known_at="last_update_at"),
            _name("owner"),
            _text("issue"),
        ),
        row_known_at=("opened_at",),
        # Acknowledged may come first: who takes a call writes the escalation down afterwards.
        orders=(("opened_at", "closed_at"),),
        grace_days=SELDOM,
    ),
    Table(
        "outcomes",
        ("account_id", "as_of"),
        (
            _key("account_id"),
            _date("as_of", required=True),
            _time("acted_at"),
            _text("action"),
            _category("outcome", "averted", "escalated", "nothing-there", "unknown"),
            _text("note"),
        ),
        row_known_at=("as_of",),
        is_event=False,
        grace_days=SELDOM,
    ),
)

CONTRACT: dict[str, Table] = {table.name: table for table in _TABLES}
EVENT_TABLES: tuple[str, ...] = tuple(
    table.name for table in _TABLES if table.is_event and table.name != "escalations"
)

SURVEY_RANGES: dict[str, tuple[float, float]] = {"NPS": (0, 10), "CSAT": (1, 5), "CES": (1, 7)}
