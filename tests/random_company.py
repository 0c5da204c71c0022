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

from company_rows import DAY, FIRST_DAY, HOUR, Row, RowMaker
from risk_model.tables import Report, Tables
from risk_model.tables.contract import CONTRACT
from risk_model.text import SIGNALS

SINCE_EVER = -4_000_000_000

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
    "tickets": (
        "priority",
        "category",
        "subject",
        "description",
        "resolved_at",
        "first_response_at",
        "csat",
    ),
    "ticket_events": ("value",),
    "surveys": ("score", "comment", "responded_at"),
    "messages": ("text", "sender_role", "thread_id", "direction"),
    "meetings": ("status",),
    "tasks": ("due_at", "done_at", "owner_side"),
    "renewals": ("renewal_date", "confirmed_at"),
    "health_scores": ("score",),
    "incidents": ("kind", "ended_at"),
    "escalations": ("closed_at", "issue", "cause"),
}


def hear(text: str) -> dict[str, float]:
    """Hear a made-up text: its first number is the tone in 32nds, the words are signals.

    Of one that is ``foreign`` only what it says is known; one word is too short to tell.
    """
    words = text.split()
    tone = next((int(word) for word in words if word.lstrip("-").isdigit()), 0)
    said = {name: float(name in words) for name in SIGNALS}
    said |= {"sentiment": tone / 32, "words": float(len(words)), "understood": 1.0}
    if "foreign" in words:
        said = {name: value or float("nan") for name, value in said.items()}
        return said | {"sentiment": float("nan"), "understood": 0.0}
    return said if len(words) > 1 else said | {"understood": float("nan")}


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

    def tables(self, shuffled: np.random.Generator | None = None, threads: int = 1) -> Tables:
        """Return the rows as typed tables, in their order or shuffled."""
        connection = duckdb.connect(config={"threads": str(threads)})
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


TABLES = tuple(name for name in CONTRACT if name != "outcomes")


def random_company(
    seed: int,
    days: int = 120,
    accounts: int = 6,
    edges: Sequence[int] = (),
    whole: bool = False,
    letters: str = "a",
    late: bool = False,
) -> Company:
    """Return a company of ``days`` days from FIRST_DAY; events like to fall on ``edges``.

    ``whole`` leaves nothing out: every table and column is there, every feed runs throughout, and
    rows are known when they happen, but for ``late``: some rows and values become known later.
    """
    rng = np.random.default_rng(seed)
    maker = RowMaker(rng, days, edges)
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
    if whole and not late:
        return _known(maker, company, lateness=0.0)
    company = _known(maker, company, lateness=0.15 if late else maker.pick(0.0, 0.15))
    return _with_late_values(maker, company)


def _feed(maker: RowMaker, name: str, rows: Mapping[str, list[Row]], account: str) -> list[Row]:
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


def _with_gaps(maker: RowMaker, company: Company) -> Company:
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


def _known(maker: RowMaker, company: Company, lateness: float) -> Company:
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


def _with_late_values(maker: RowMaker, company: Company) -> Company:
    """Let some columns be known from a time of their own."""
    late = {}
    for name, columns in MAY_BE_LATE.items():
        chosen = tuple(c for c in columns if c in company.present.get(name, ()) and maker.some(0.3))
        late[name] = chosen
        for row in company.rows.get(name, ()):
            for column in chosen:
                since = max(row["row_known"], FIRST_DAY * DAY)
                if CONTRACT[name].by_name[column].kind == "time" and row[column] is not None:
                    since = max(since, row[column])
                known = since if maker.some(0.5) else maker.later(since, 0.1)
                if maker.some(0.2):
                    # noted beforehand, as a date of closing that was planned
                    known = max(row["row_known"], FIRST_DAY * DAY)
                row[f"known__{column}"] = known if row[column] is not None else None
    return replace(company, late=late)
