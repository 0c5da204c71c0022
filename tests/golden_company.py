"""A company in which every rule has an account that it is about, and one just short of it.

Accounts are told as a story each: rows by table, with days before the list's day. Every table also
has a feed of an account of its own, from long ago until yesterday, so that all of it is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from small_company import AS_OF, Row, account, day, moment

Rows = Mapping[str, Sequence[Row]]
KEYS = {
    "tickets": "ticket_id",
    "surveys": "survey_id",
    "messages": "message_id",
    "meetings": "meeting_id",
    "tasks": "task_id",
    "incidents": "incident_id",
    "escalations": "escalation_id",
}
LONG_AGO, YESTERDAY = 260, 1
WHALES = tuple(f"whale-{number}" for number in range(20))
SOLVED = {"priority": "P3", "category": "how-to"}


@dataclass(frozen=True)
class Golden:
    """One line of practice: an account built for it, one just short of it, and what is said.

    ``row`` holds columns of the watchlist that the account gets.
    """

    rule: str
    fires: Rows
    near: Rows
    says: str
    row: Mapping[str, str] = field(default_factory=dict)
    arr: float = 1000
    near_arr: float | None = None

    @property
    def account(self) -> str:
        return f"{self.rule}!"

    @property
    def neighbour(self) -> str:
        return f"{self.rule}?"


def wrote(text: str, ago: int, answered: bool = True, **more: object) -> list[Row]:
    """Return a message of theirs, answered on the same day unless it was not."""
    base = {"channel": "email", "sender_role": "user", "recipient_role": "csm"}
    theirs = {**base, "sent_at": moment(ago, 9), "direction": "inbound", "text": text, **more}
    ours = {**base, "sent_at": moment(ago, 15), "direction": "outbound", "text": "We are on it."}
    return [theirs, ours] if answered else [theirs]


def ticket(ago: int, hours: int = 9, **more: object) -> Row:
    """Return a ticket; without more it is a P3 that was answered at once and is still open."""
    opened = moment(ago, hours)
    return {"opened_at": opened, "first_response_at": opened, **SOLVED, **more}


def solved(ago: int, **more: object) -> Row:
    """Return a ticket that was answered and solved within hours."""
    return ticket(ago, resolved_at=moment(ago, 12), **more)


def events(*kinds: tuple[str, int], **more: object) -> list[Row]:
    """Return changes of an account's first ticket: (kind, days ago)."""
    return [{"kind": kind, "occurred_at": moment(ago, 13), **more} for kind, ago in kinds]


def usage(days: range, **figures: float) -> list[Row]:
    """Return the same figures on every day of a range of days ago."""
    return [{"date": day(ago), **figures} for ago in days]


def used(before: float, after: float, name: str = "actions", **more: float) -> list[Row]:
    """Return 4 weeks of use and the 4 weeks before them."""
    return [*usage(range(1, 29), **{name: after}, **more), *usage(range(29, 57), **{name: before})]


def tables_of(goldens: Sequence[Golden], more: Mapping[str, Rows]) -> dict[str, list[Row]]:
    """Return the tables of a company with two accounts a golden line, ``more`` and a feed."""
    tables: dict[str, list[Row]] = {name: [] for name in _feed()}
    stories: dict[str, tuple[Rows, float]] = {name: (rows, 1000) for name, rows in more.items()}
    for one in goldens:
        stories[one.account] = (one.fires, one.arr)
        near_arr = one.arr if one.near_arr is None else one.near_arr
        stories[one.neighbour] = (one.near, near_arr)
    stories["feed"] = (_feed(), 1000)
    # Large accounts that show nothing, so that no golden one is large among its like.
    stories |= {name: ({}, 900_000.0) for name in WHALES}
    number = 0
    for name, (rows, arr) in stories.items():
        versions = rows.get("accounts", [{}])
        tables.setdefault("accounts", [])
        tables["accounts"] += [{**account(name), "arr": arr, **version} for version in versions]
        first_ticket = f"T{number}"
        for table, of_account in rows.items():
            if table == "accounts":
                continue
            for row in of_account:
                key = {KEYS[table]: f"{KEYS[table][0].upper()}{number}"} if table in KEYS else {}
                if table == "ticket_events":
                    key = {"ticket_id": first_ticket}
                owner = {} if table == "ticket_events" else {"account_id": name}
                tables[table].append({**key, **owner, **row})
                number += 1
    return tables


def _feed() -> Rows:
    """Return rows of every table from long ago until yesterday; tickets come first."""
    both = (LONG_AGO, YESTERDAY)
    return {
        "tickets": [solved(ago, csat=5, rated_at=moment(ago, 14)) for ago in both],
        "ticket_events": events(*(("public_reply", ago) for ago in both)),
        "usage": usage(range(1, 261), actions=50, logins=20, key_actions=20, onboarding_actions=1),
        "surveys": [
            {"kind": "NPS", "sent_at": moment(ago), "responded_at": moment(ago, 14), "score": 9}
            for ago in (*both, 170, 85)
        ],
        "messages": [row for ago in both for row in wrote("Thank you, all is well.", ago)],
        "meetings": [{"scheduled_at": moment(ago), "status": "held"} for ago in both],
        "tasks": [
            {"created_at": moment(ago), "done_at": moment(ago, 13), "owner_side": "us"}
            for ago in both
        ],
        "renewals": [
            {"renewal_date": "2027-06-01", "recorded_at": moment(LONG_AGO), "confirmed_at": ""}
        ],
        "health_scores": [{"scored_at": moment(ago), "score": 80} for ago in both],
        "incidents": [
            {
                "started_at": moment(ago),
                "ended_at": moment(ago, 13),
                "kind": "maintenance",
            }
            for ago in (*both, 170, 85)
        ],
        "escalations": [
            {"opened_at": moment(ago, 9), "closed_at": moment(ago, 13), "issue": f"Other {word}"}
            for ago, word in ((LONG_AGO, "zebra"), (170, "tulip"), (85, "kiosk"), (1, "violin"))
        ],
    }


__all__ = ["AS_OF", "Golden", "events", "solved", "tables_of", "ticket", "usage", "used", "wrote"]
