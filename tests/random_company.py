"""Small random companies with every awkwardness on purpose, as typed rows.

Events fall into the very second of a snapshot, one second before and after, onto the edges of
windows and onto each other; rows and values become known late or never; columns and tables are
missing or empty; feeds begin late and stop. Figures are whole, so that sums are exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from risk_model.tables import Report, Tables
from risk_model.tables.contract import CONTRACT
from risk_model.text import SIGNALS

DAY, HOUR = 86_400, 3_600
FIRST_DAY = 19_800
SINCE_EVER = -4_000_000_000
Row = dict[str, Any]

ARROW = {
    "key": pa.string(),
    "text": pa.string(),
    "category": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "flag": pa.bool_(),
    "time": pa.int64(),
    "date": pa.int32(),
}
REQUIRED = {name: {c.name for c in table.columns if c.required} for name, table in CONTRACT.items()}
# A mapping may tell of these from when they are known; keys and a row's own time are the row's.
MAY_BE_LATE = {
    "accounts": ("arr", "contract_end", "strategic", "csm"),
    "usage": ("actions", "seats", "logins"),
    "tickets": ("priority", "category", "description", "resolved_at", "first_response_at", "csat"),
    "ticket_events": ("value",),
    "surveys": ("score", "comment", "responded_at"),
    "messages": ("text", "sender_role", "thread_id"),
    "meetings": ("status",),
    "tasks": ("due_at", "done_at", "owner_side"),
    "renewals": ("renewal_date", "confirmed_at"),
    "health_scores": ("score",),
    "incidents": ("kind", "ended_at"),
    "escalations": ("closed_at",),
}
# Hours around a midnight at which intervals of the catalogue begin or end.
OFFSETS = (0, -1, 1, -4 * HOUR, -4 * HOUR - 1, -4 * HOUR + 1, 9 * HOUR, 15 * HOUR + 900)


def hear(text: str) -> dict[str, float]:
    """Hear a made-up text: its first word is the tone in 32nds, the others are signals."""
    tone, *words = text.split()
    said = {name: float(name in words) for name in SIGNALS}
    return {**said, "sentiment": int(tone) / 32, "words": float(len(words))}


def hear_all(texts: Sequence[str], *_: object, **__: object) -> pd.DataFrame:
    """Hear many made-up texts, in place of the real thing."""
    index = getattr(texts, "index", None)
    return pd.DataFrame([hear(text) for text in texts], index=index, columns=list(SIGNALS)).astype(
        "float64"
    )


@dataclass(frozen=True)
class Company:
    """Typed rows of every table given, and the columns that their export had."""

    rows: Mapping[str, list[Row]]
    present: Mapping[str, frozenset[str]]
    accounts: Sequence[str]
    late: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def tables(self, shuffled: np.random.Generator | None = None) -> Tables:
        """Return the rows as typed tables, in their order or shuffled."""
        connection = duckdb.connect(config={"threads": "1"})
        for name, rows in self.rows.items():
            ordered = list(rows)
            if shuffled is not None:
                shuffled.shuffle(ordered)  # type: ignore[arg-type]
            connection.register("incoming", pa.Table.from_pylist(ordered, self._schema(name)))
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM incoming")
            connection.unregister("incoming")
        return Tables(connection, self.present, Report({}), "made up")

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return the rows as somebody would export them: texts, dates and times."""
        frames = {}
        for name, rows in self.rows.items():
            spec = CONTRACT[name].by_name
            named = [column for column in spec if column in self.present[name]]
            columns = {c: [written(spec[c].kind, row[c]) for row in rows] for c in named}
            frames[name] = pd.DataFrame(columns, dtype=object)
        return frames

    def _schema(self, name: str) -> pa.Schema:
        columns = [(c.name, ARROW[c.kind]) for c in CONTRACT[name].columns]
        columns += [("row_known", pa.int64())]
        columns += [(f"known__{column}", pa.int64()) for column in self.late.get(name, ())]
        columns += [("account_id", pa.string())] if name == "ticket_events" else []
        return pa.schema(columns)


def written(kind: str, value: Any) -> Any:
    """Return a typed value as an export writes it."""
    if value is None:
        return None
    if kind == "time":
        return pd.Timestamp(value, unit="s").isoformat()
    return pd.Timestamp(value * DAY, unit="s").date().isoformat() if kind == "date" else value


class _Maker:
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
        said = [name for name in SIGNALS if name not in ("sentiment", "words") and self.some(0.15)]
        return " ".join([str(int(self.rng.integers(-32, 33))), *said])

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
                "csm": self.pick("Kim", "Lee"),
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
            kind = self.pick("assigned", "reopened", "priority", "public_reply", "automatic_reply")
            value = self.pick("P1", "P2", "p1", "P4", None) if kind == "priority" else None
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
                }
            )
        return rows


TABLES = tuple(name for name in CONTRACT if name != "outcomes")


def random_company(
    seed: int,
    days: int = 120,
    accounts: int = 6,
    edges: Sequence[int] = (),
    whole: bool = False,
    letters: str = "a",
) -> Company:
    """Return a company of ``days`` days from FIRST_DAY; events like to fall on ``edges``.

    ``whole`` leaves nothing out: every table and column is there, every feed runs throughout, and
    rows are known when they happen.
    """
    rng = np.random.default_rng(seed)
    maker = _Maker(rng, days, edges)
    names = [f"{letters}{number}" for number in range(accounts)]
    rows: dict[str, list[Row]] = {}
    for name in TABLES:
        if name == "ticket_events":
            rows[name] = [row for ticket in rows["tickets"] for row in maker.ticket_events(ticket)]
        else:
            silent = set() if name == "accounts" else {n for n in names if maker.some(0.1)}
            rows[name] = [r for n in names if n not in silent for r in getattr(maker, name)(n)]
    for name in rows:
        if CONTRACT[name].is_event and (whole or maker.some(0.6)):
            rows[name] += _feed(maker, name, rows, names[-1])
    every = {name: frozenset(CONTRACT[name].by_name) for name in rows}
    company = Company({name: _completed(name, rows[name]) for name in rows}, every, names)
    if not whole:
        company = _with_gaps(maker, company)
    company = _known(maker, company, lateness=0.0 if whole else maker.pick(0.0, 0.15))
    return company if whole else _with_late_values(maker, company)


def _feed(maker: _Maker, name: str, rows: Mapping[str, list[Row]], account: str) -> list[Row]:
    """Return a row for every other day, so that the table is measured throughout."""
    if not rows[name] or name == "usage":
        return []
    template, (time, *_) = rows[name][0], CONTRACT[name].row_known_at
    times = {c.name for c in CONTRACT[name].columns if c.kind == "time"}
    feed = []
    for day in range(maker.first, maker.last + 1, 2):
        row = {c: None if c in times else value for c, value in template.items()}
        own = CONTRACT[name].key[0]
        if own not in ("account_id", "ticket_id") or name == "tickets":
            row[own] = f"feed-{day}"
        row |= {time: day * DAY + 7 * HOUR, "account_id": account}
        if name == "ticket_events":
            opened = min(rows["tickets"], key=lambda ticket: ticket["opened_at"])
            row |= {"ticket_id": opened["ticket_id"], "account_id": opened["account_id"]}
        feed.append(row)
    return feed


def _completed(name: str, rows: list[Row]) -> list[Row]:
    return [dict.fromkeys(CONTRACT[name].by_name) | row for row in rows]


def own_time(name: str, row: Row) -> int:
    """Return the second from which a row is known if nobody says otherwise."""
    table = CONTRACT[name]
    for column in table.row_known_at:
        if row[column] is not None:
            if table.by_name[column].kind == "date":
                return int(row[column] * DAY + (DAY - 1 if table.whole_day else 0))
            return int(row[column])
    return SINCE_EVER


def _with_gaps(maker: _Maker, company: Company) -> Company:
    """Take out tables, columns and values, and let feeds begin late and stop early."""
    rows, present = dict(company.rows), dict(company.present)
    for name in TABLES:
        table = CONTRACT[name]
        if name != "accounts" and maker.some(0.05):
            rows[name] = []
        if name not in ("accounts", "tickets") and maker.some(0.06):
            del rows[name], present[name]
            continue
        optional = sorted(set(table.by_name) - REQUIRED[name] - set(table.key))
        if table.is_event and maker.some(0.3):
            begin = maker.moment() if maker.some(0.5) else 0
            end = maker.moment() if begin < maker.edges[0] * DAY else maker.last * DAY
            rows[name] = [row for row in rows[name] if begin <= own_time(name, row) <= end]
        lost = {column for column in optional if maker.some(0.04)}
        present[name] = present[name] - lost
        for row in rows[name]:
            for column in optional:
                # what ends something was drawn as open often enough
                if column in lost or (not column.endswith("_at") and maker.some(0.08)):
                    row[column] = None
        rows[name] = [r for r in rows[name] if not _is_timeless(name, r)]
    if "ticket_events" in rows:
        kept = {row["ticket_id"] for row in rows["tickets"]}
        rows["ticket_events"] = [r for r in rows["ticket_events"] if r["ticket_id"] in kept]
    return replace(company, rows=rows, present=present)


def _is_timeless(name: str, row: Row) -> bool:
    return not CONTRACT[name].known_since_ever and own_time(name, row) == SINCE_EVER


def _known(maker: _Maker, company: Company, lateness: float) -> Company:
    """Say from when each row is known: from its own time, or some time later."""
    tickets: dict[str, int] = {}
    for name, rows in company.rows.items():
        for row in rows:
            row["row_known"] = known = own_time(name, row)
            if maker.some(lateness):
                late = known if known > 0 else maker.moment()
                row["row_known"] = maker.later(late, 0, 6)
            if name == "tickets":
                tickets[row["ticket_id"]] = row["row_known"]
            if name == "ticket_events":
                row["row_known"] = max(row["row_known"], tickets[row["ticket_id"]])
    return company


def _with_late_values(maker: _Maker, company: Company) -> Company:
    """Let some columns be known from a time of their own."""
    late = {}
    for name, columns in MAY_BE_LATE.items():
        chosen = tuple(c for c in columns if c in company.present.get(name, ()) and maker.some(0.2))
        late[name] = chosen
        for row in company.rows.get(name, ()):
            for column in chosen:
                since = max(row["row_known"], FIRST_DAY * DAY)
                if CONTRACT[name].by_name[column].kind == "time" and row[column] is not None:
                    since = max(since, row[column])
                known = since if maker.some(0.5) else maker.later(since, 0.1)
                row[f"known__{column}"] = known if row[column] is not None else None
    return replace(company, late=late)


def another_future(company: Company, as_of: int, seed: int) -> Company:
    """Return the same company up to ``as_of`` 00:00 UTC with another future.

    What is known from then on is changed, thrown away and joined by new rows; what is not known
    yet in rows known before gets other values, known from then on.
    """
    rng = np.random.default_rng(seed)
    days = as_of - FIRST_DAY + 90
    other = random_company(seed, days, len(company.accounts), [as_of, as_of + 1], whole=True)
    maker = _Maker(rng, days, [as_of, as_of + 1])
    rows = {}
    for name, ours in company.rows.items():
        strangers = [_stranger(name, row, company, as_of, maker) for row in other.rows[name]]
        changed = [_changed(name, row, strangers, company, as_of, maker) for row in ours]
        rows[name] = [row for row in [*changed, *strangers] if row is not None]
    if "ticket_events" in rows:
        tickets = {row["ticket_id"]: row["row_known"] for row in rows["tickets"]}
        events = [row for row in rows["ticket_events"] if row["ticket_id"] in tickets]
        for row in events:
            row["row_known"] = max(row["row_known"], tickets[row["ticket_id"]])
        rows["ticket_events"] = events
    return replace(company, rows=rows)


def _stranger(name: str, row: Row, company: Company, as_of: int, maker: _Maker) -> Row:
    """Return a row of another company as one that becomes known here from ``as_of`` on."""
    row = dict(row)
    for key in ("ticket_id", "survey_id", "message_id", "meeting_id", "task_id", "incident_id"):
        if key in row and row[key] is not None:
            row[key] = f"new-{row[key]}"
    if "escalation_id" in row:
        row["escalation_id"] = f"new-{row['escalation_id']}"
    row["row_known"] = max(row["row_known"], as_of * DAY + maker.pick(0, 0, 1, 5 * DAY))
    for column in company.late.get(name, ()):
        row[f"known__{column}"] = row["row_known"]
    for column in set(row) & (set(CONTRACT[name].by_name) - company.present[name]):
        row[column] = None
    return row


def _changed(
    name: str, row: Row, strangers: list[Row], company: Company, as_of: int, maker: _Maker
) -> Row | None:
    """Return a row with another future, or None where it never comes."""
    now, late = as_of * DAY, company.late.get(name, ())
    if row["row_known"] >= now:
        return dict(row) if maker.some(0.3) else None
    row = dict(row)
    for column, spec in CONTRACT[name].by_name.items():
        since = f"known__{column}" if column in late else spec.known_at
        if since is None or column not in company.present[name] or maker.some(0.3):
            continue
        if row[since] is None or row[since] >= now:
            _rewrite(row, column, since, now, strangers, maker)
    return row


def _rewrite(
    row: Row, column: str, since: str, now: int, strangers: list[Row], maker: _Maker
) -> None:
    """Give a value that is not known at ``now`` another one, or another time to become known."""
    if since == column:
        row[column] = maker.pick(None, now, now + 1, now + 9 * DAY)
        return
    row[column] = maker.pick(None, *(other[column] for other in strangers[:5]))
    if since == f"known__{column}":
        row[since] = maker.pick(None, now, now + 1, now + 9 * DAY)
