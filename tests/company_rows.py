"""The rows of a made-up company, table by table, before anybody says when they are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from risk_model.text.lexicon import CATEGORIES, LISTED

DAY, HOUR = 86_400, 3_600
FIRST_DAY = 19_800
Row = dict[str, Any]

# Hours around a midnight at which intervals of the catalogue begin or end.
OFFSETS = (0, -1, 1, -4 * HOUR, -4 * HOUR - 1, -4 * HOUR + 1, 9 * HOUR, 15 * HOUR + 900)


class RowMaker:
    """Draws the rows of one company."""

    def __init__(self, rng: np.random.Generator, days: int, edges: Sequence[int]) -> None:
        self.rng = rng
        self.first, self.last = FIRST_DAY, FIRST_DAY + days - 1
        inside = [day for day in edges if self.first <= day <= self.last]
        self.edges = inside or [self.first]
        self.made: list[int] = []
        self.number = 0

    def some(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def pick(self, *values: Any) -> Any:
        return values[int(self.rng.integers(len(values)))]

    def whole(self, high: int, low: int = 0) -> float:
        return float(self.rng.integers(low, high + 1))

    def day(self) -> int:
        if self.some(0.5):
            return int(self.rng.choice(self.edges))
        return int(self.rng.integers(self.first, self.last + 1))

    def moment(self) -> int:
        """Return a second: at an edge, beside it, of another event, or any."""
        if self.made and self.some(0.15):
            return int(self.rng.choice(self.made[-5:]))
        offset = self.pick(*OFFSETS) if self.some(0.7) else int(self.rng.integers(DAY))
        second = max(self.day() * DAY + offset, self.first * DAY)
        self.made.append(second)
        return second

    def later(self, second: int | None, never: float = 0.3, days: float = 4.0) -> int | None:
        """Return a second from ``second`` on, often onto a midnight or beside it; or None."""
        if second is None or self.some(never):
            return None
        after = second + int(self.rng.exponential(days * DAY))
        if self.some(0.3):
            after = -(-after // DAY) * DAY + self.pick(0, 0, -1, 1)
        return max(second, after) if self.some(0.95) else second

    def text(self) -> str:
        said = [name for name in CATEGORIES if self.some(0.15)]
        tone = int(self.rng.integers(-32, 33))
        # No draw of its own: the companies of all seeds were chosen with those of the others.
        also = [*(LISTED if tone % 6 == 0 else ()), *(["foreign"] if tone % 3 == 1 else [])]
        return " ".join([str(tone), *said, *also])

    def subject(self) -> str | None:
        """Return up to four words of few, among them such as say nothing."""
        words = ("Kiosk", "kiosks", "tulip", "zebra", "Zebras", "the", "broken", "T42")
        return " ".join(self.pick(*words) for _ in range(int(self.whole(4)))) or None

    def key(self, letter: str) -> str:
        self.number += 1
        return f"{letter}{int(self.rng.integers(10, 99))}-{self.number}"

    # One method a table: the rows of one account, without row_known.

    def accounts(self, account: str) -> list[Row]:
        starts = sorted({self.day() for _ in range(int(self.rng.integers(0, 3)))})
        versions: list[int | None] = list(starts)
        if not versions or self.some(0.6):
            versions.insert(0, None)
        spans = [(self.day(), self.last + self.pick(-30, 0, 200)) for _ in versions]
        return [
            {
                "account_id": account,
                "name": account.upper(),
                "arr": 1000 * self.whole(200),
                "csm": self.pick("Kim", "kim ", "Lee"),
                "contract_start": start if self.some(0.6) else None,
                "contract_end": max(start, end) if self.some(0.6) else None,
                "strategic": self.pick(True, False, None),
                "reference": self.pick(True, False, None),
                "valid_from": valid_from,
            }
            for valid_from, (start, end) in zip(versions, spans, strict=True)
        ]

    def usage(self, account: str) -> list[Row]:
        share, level = self.pick(0.3, 0.9, 1.0), self.pick(0, 1, 30)
        return [
            {
                "account_id": account,
                "date": day,
                "active_users": self.whole(level),
                "logins": self.whole(level * 2),
                "actions": self.whole(level * 5) if self.some(0.8) else 0.0,
                "key_actions": self.whole(level),
                "onboarding_actions": self.whole(2),
                "seats": self.pick(0.0, 5.0, 40.0),
            }
            for day in range(self.first, self.last + 1)
            if self.some(share)
        ]

    def tickets(self, account: str) -> list[Row]:
        rows = []
        for _ in range(self.rng.poisson(6)):
            opened = self.moment()
            resolved = self.later(opened, 0.3, 10)
            promised = self.later(opened, 0.5)
            rows.append(
                {
                    "ticket_id": self.key("t"),
                    "account_id": account,
                    "opened_at": opened,
                    "first_response_at": self.later(opened, 0.3, 1),
                    "resolved_at": resolved,
                    "priority": self.pick("P1", "P2", "P3", "P4"),
                    "category": self.pick("login", "billing", "bug"),
                    "subject": self.subject(),
                    "description": self.text(),
                    "sla_due_at": self.later(opened),
                    "promise_made_at": promised,
                    "promised_for": self.later(promised, 0.1),
                    "users_affected": self.whole(30),
                    "reassignments": int(self.whole(3)),
                    "reopens": int(self.whole(2)),
                    "csat": self.whole(5, 1),
                    "rated_at": self.later(resolved),
                }
            )
        return rows

    def ticket_events(self, ticket: Row) -> list[Row]:
        rows: dict[tuple[Any, ...], Row] = {}
        for _ in range(self.rng.poisson(2)):
            kind = self.pick(
                *("assigned", "reopened", "priority", "public_reply", "automatic_reply", "status")
            )
            values = {
                "priority": ("P1", "P2", "p1", "P4", None),
                "status": ("open", "Pending", "Waiting on Customer", "pending vendor", None),
            }
            value = self.pick(*values[kind]) if kind in values else None
            at = self.later(ticket["opened_at"], 0, 3)
            if self.some(0.2) and rows:
                at = next(iter(rows.values()))["occurred_at"]
            rows[at, kind, value] = {
                "ticket_id": ticket["ticket_id"],
                "account_id": ticket["account_id"],
                "occurred_at": at,
                "kind": kind,
                "value": value,
            }
        return list(rows.values())

    def surveys(self, account: str) -> list[Row]:
        rows = []
        for _ in range(self.rng.poisson(5)):
            kind, high = self.pick(("NPS", 10), ("CSAT", 5), ("CES", 7))
            sent = self.moment() if self.some(0.9) else None
            answered = self.later(sent, 0.3, 8) if sent is not None else self.moment()
            rows.append(
                {
                    "survey_id": self.key("s"),
                    "account_id": account,
                    "kind": kind,
                    "sent_at": sent,
                    "responded_at": answered,
                    "score": self.whole(high, 1),
                    "comment": self.text(),
                }
            )
        return rows

    def messages(self, account: str) -> list[Row]:
        return [self._maybe_automatic(row) for row in self._messages(account)]

    @staticmethod
    def _maybe_automatic(message: Row) -> Row:
        """Let a machine send some of what we send."""
        lead = {"one": "Out of office.", "two": "Newsletter:"}.get(message["thread_id"])
        ours = message["direction"] == "outbound" and message["channel"] == "email"
        if not (ours and lead and message["text"]):
            return message
        return {**message, "text": f"{lead} {message['text']}"}

    def _messages(self, account: str) -> list[Row]:
        return [
            {
                "message_id": self.key("m"),
                "account_id": account,
                "sent_at": self.moment(),
                "channel": self.pick("email", "call", "chat", "social"),
                "direction": self.pick("inbound", "inbound", "outbound"),
                "sender_role": self.pick("executive", "admin", "user"),
                "recipient_role": self.pick("ceo", "csm", "support"),
                "thread_id": self.pick("one", "two", None),
                "text": self.text(),
            }
            for _ in range(self.rng.poisson(14))
        ]

    def meetings(self, account: str) -> list[Row]:
        return [
            {
                "meeting_id": self.key("g"),
                "account_id": account,
                "scheduled_at": self.moment(),
                "status": self.pick("held", "missed", "cancelled"),
            }
            for _ in range(self.rng.poisson(5))
        ]

    def tasks(self, account: str) -> list[Row]:
        rows = []
        for _ in range(self.rng.poisson(5)):
            created = self.moment()
            rows.append(
                {
                    "task_id": self.key("k"),
                    "account_id": account,
                    "created_at": created,
                    "due_at": self.later(created, 0.2),
                    "done_at": self.later(created, 0.4, 8),
                    "owner_side": self.pick("customer", "us"),
                }
            )
        return rows

    def renewals(self, account: str) -> list[Row]:
        rows = {}
        for _ in range(self.rng.poisson(1.5)):
            day = self.day() + self.pick(0, 20, 90, 91)
            recorded = self.moment() if self.some(0.6) else None
            rows[day] = {
                "account_id": account,
                "renewal_date": day,
                "recorded_at": recorded,
                "confirmed_at": self.moment() if self.some(0.5) else None,
                "auto_renew": self.pick(True, False),
            }
        return list(rows.values())

    def health_scores(self, account: str) -> list[Row]:
        times = sorted({self.moment() for _ in range(self.rng.poisson(10))})
        return [{"account_id": account, "scored_at": t, "score": self.whole(100)} for t in times]

    def incidents(self, account: str) -> list[Row]:
        rows = []
        for _ in range(self.rng.poisson(3)):
            started = self.moment()
            rows.append(
                {
                    "incident_id": self.key("i"),
                    "account_id": account,
                    "started_at": started,
                    "ended_at": self.later(started, 0.3, 1),
                    "kind": self.pick("outage", "degraded", "data-loss", "maintenance"),
                    "users_affected": self.whole(9),
                }
            )
        return rows

    def escalations(self, account: str) -> list[Row]:
        rows = []
        for _ in range(self.rng.poisson(2)):
            opened = self.moment()
            rows.append(
                {
                    "escalation_id": self.key("e"),
                    "account_id": account,
                    "opened_at": opened,
                    "closed_at": self.later(opened, 0.3),
                    "severity": int(self.whole(4, 1)),
                    "issue": self.subject(),
                    "cause": self.pick("product", "support", None),
                }
            )
        return rows
