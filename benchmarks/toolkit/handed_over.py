"""The company's tables as churn toolkits take them: events with a time and numbers.

Each table of events has ``account`` (an integer), ``time`` (when the row was known, so that a row
before a day may be used on it) and columns of numbers. What becomes known later (a ticket is
resolved, a survey answered, an escalation closed) is an event of its own. Neither toolkit reads
text, so of a message there are its direction, its sender's role and its words, counted.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

END_OF_DAY = pd.Timedelta(hours=23, minutes=59, seconds=59)


def hand_over(data: Path, folder: Path, numbers: dict[str, int]) -> list[str]:
    """Write NAME.csv of every table of events, and accounts.csv; return the tables' names.

    ``numbers`` has the integer of each account, since one toolkit takes nothing else.
    """
    raw = {path.name.split(".")[0]: pd.read_csv(path) for path in sorted(data.glob("*.csv*"))}
    tables = events_of(raw)
    for name, table in tables.items():
        whole = table.assign(account=table["account"].map(numbers)).dropna(subset=["time"])
        whole.sort_values(["account", "time"]).to_csv(folder / f"{name}.csv", index=False)
    accounts_of(raw["accounts"], numbers).to_csv(folder / "accounts.csv", index=False)
    return list(tables)


def events_of(raw: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables of events by name."""
    return {
        **_of_use(raw["usage"], raw["health_scores"]),
        **_of_support(raw["tickets"], raw["ticket_events"]),
        **_of_talk(raw["messages"], raw["surveys"], raw["meetings"], raw["tasks"]),
        **_of_trouble(raw["incidents"], raw["escalations"]),
        "contract": _table(raw["accounts"], "valid_from", arr=raw["accounts"]["arr"]),
    }


def accounts_of(accounts: pd.DataFrame, numbers: dict[str, int]) -> pd.DataFrame:
    """Return what each account was, from when on (``valid_from``)."""
    kept = ["valid_from", "arr", "segment", "plan", "region", "strategic", "contract_start"]
    whole = accounts.loc[:, kept].assign(account=accounts["account_id"].map(numbers))
    whole["valid_from"] = whole["valid_from"].fillna(whole["contract_start"])
    return whole.sort_values(["account", "valid_from"])


def _of_use(usage: pd.DataFrame, health: pd.DataFrame) -> dict[str, pd.DataFrame]:
    columns = {name: usage[name] for name in ("active_users", "logins", "actions", "key_actions")}
    return {
        "usage": _table(usage, pd.to_datetime(usage["date"]) + END_OF_DAY, **columns),
        "health": _table(health, "scored_at", health_score=health["score"]),
    }


def _of_support(tickets: pd.DataFrame, changes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    opened, resolved = _time(tickets["opened_at"]), _time(tickets["resolved_at"])
    account = tickets.set_index("ticket_id")["account_id"]
    changes = changes.assign(account_id=changes["ticket_id"].map(account))
    urgent = tickets["priority"].isin(["P1", "P2"]).astype(int)
    return {
        "ticket": _table(tickets, opened, urgent=urgent),
        "resolved": _table(
            tickets,
            resolved,
            hours=(resolved - opened).dt.total_seconds() / 3600,
            late=(resolved > _time(tickets["sla_due_at"])).astype(int),
            reassignments=tickets["reassignments"],
        ),
        "rated": _table(tickets, "rated_at", csat_ticket=tickets["csat"]),
        "change": _table(
            changes, "occurred_at", reopened=(changes["kind"] == "reopened").astype(int)
        ),
    }


def _of_talk(
    messages: pd.DataFrame, surveys: pd.DataFrame, meetings: pd.DataFrame, tasks: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    inbound, theirs = messages["direction"] == "inbound", surveys["kind"]
    words = messages["text"].fillna("").str.split().str.len()
    received, sent = messages[inbound], messages[~inbound]
    return {
        "received": _table(
            received,
            "sent_at",
            words=words[inbound],
            by_executive=(received["sender_role"] == "executive").astype(int),
        ),
        "sent": _table(sent, "sent_at", words_sent=words[~inbound]),
        "asked": _table(surveys, "sent_at"),
        "answer": _table(
            surveys[surveys["score"].notna()],
            "responded_at",
            **{kind.lower(): surveys["score"].where(theirs == kind) for kind in ("NPS", "CSAT")},
        ),
        "meeting": _table(
            meetings, "scheduled_at", not_held=(meetings["status"] != "held").astype(int)
        ),
        "task": _table(tasks, "created_at", ours=(tasks["owner_side"] == "us").astype(int)),
        "task_done": _table(tasks, "done_at"),
    }


def _of_trouble(incidents: pd.DataFrame, escalations: pd.DataFrame) -> dict[str, pd.DataFrame]:
    severe = 5 - pd.to_numeric(incidents["severity"].astype(str).str[-1], errors="coerce")
    return {
        "incident": _table(incidents, "started_at", severe=severe),
        "escalation": _table(
            escalations, "opened_at", how_severe=5 - escalations["severity"].astype(float)
        ),
        "closed": _table(escalations, "closed_at"),
    }


def _table(rows: pd.DataFrame, time: str | pd.Series, **columns: pd.Series) -> pd.DataFrame:
    when = _time(rows[time]) if isinstance(time, str) else time
    numbers = {
        name: column.reindex(rows.index).astype(np.float64) for name, column in columns.items()
    }
    return pd.DataFrame({"account": rows["account_id"], "time": when, **numbers})


def _time(column: pd.Series) -> pd.Series:
    return pd.to_datetime(column, utc=True, format="ISO8601").dt.tz_localize(None).dt.floor("s")
