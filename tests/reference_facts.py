"""Rows as facts: the values of a source, and from when each of them is known. Plain Python.

At the second ``now`` only facts with ``known < now`` exist. ``None`` is never.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from risk_model.tables import Tables
from risk_model.tables.contract import CONTRACT
from risk_model.text import SIGNALS

DAY, HOUR = 86_400, 3_600
Hear = Callable[[str], Mapping[str, float]]
Row = dict[str, Any]

HEARD = {
    "messages": ("text",),
    "surveys": ("comment",),
    "tickets": ("subject", "description"),
}
# What makes a text of theirs a row of ``said``.
RAISED = (
    *("threat", "competitor", "legal", "breach", "data_loss", "public", "hesitancy"),
    *("no_progress", "expectation_gap", "billing", "passed_around", "asks_for_higher", "outage"),
    *("impaired", "legal_step"),
)
HOURS = {
    "tickets": {
        "hours_to_first_response": ("opened_at", "first_response_at"),
        "hours_to_resolve": ("opened_at", "resolved_at"),
    },
    "incidents": {"hours_lasting": ("started_at", "ended_at")},
}


@dataclass
class Fact:
    """One row: values, from when each is known, from when the row is, and its key."""

    values: Row
    known: dict[str, int | None]
    row_known: int
    key: str
    stems: set[str] = field(default_factory=set)
    category: str | None = None

    def is_known(self, columns: Iterable[str], now: int) -> bool:
        """Say whether the row and all of these columns are known before ``now``."""
        since = [self.row_known, *(self.known.get(name, self.row_known) for name in columns)]
        return all(second is not None and second < now for second in since)


def rows_of(tables: Tables, name: str) -> list[Row]:
    """Return a typed table as dicts; whatever stands for *nothing* is None."""
    whole = {c.name for c in CONTRACT[name].columns if c.kind in ("time", "date", "integer")}

    def plain(column: str, value: Any) -> Any:
        if value is None or str(value) in ("nan", "<NA>", "NaT"):
            return None
        return int(value) if column in whole or column.startswith("known__") else value

    records = tables.frame(name).to_dict("records")
    return [{str(k): plain(str(k), value) for k, value in row.items()} for row in records]


def in_seconds(table: str, column: str, row: Row) -> Any:
    """Return a value as features see it: dates as seconds, flags as 0 or 1."""
    value, spec = row[column], CONTRACT[table].by_name.get(column)
    if value is None or spec is None:
        return value
    if spec.kind == "date":
        return value * DAY
    return int(value) if spec.kind == "flag" else value


def fact_of(table: str, row: Row) -> Fact:
    """Return a row with from when each of its values is known."""
    contract, known = CONTRACT[table], {}
    values = {name: in_seconds(table, name, row) for name in row if not name.startswith("known__")}
    for name, column in contract.by_name.items():
        if f"known__{name}" in row:
            # A time that tells of itself is not known before it came, whatever was noted.
            itself = values[name] if column.known_at == name else 0
            times = [row[f"known__{name}"], itself]
            known[name] = None if None in times else max(times)
        elif column.known_at:
            # A value that comes with an end is not known before that end is.
            times = [values[column.known_at], row.get(f"known__{column.known_at}", 0)]
            known[name] = None if None in times else max(times)
        else:
            known[name] = row["row_known"]
    key = "|".join("" if row[name] is None else str(row[name]) for name in contract.key)
    return Fact(values, known, int(row["row_known"]), key)


def add_hours(table: str, fact: Fact) -> None:
    """Add how many hours something took, known once its end is; and the actions of workdays."""
    for name, (since, until) in HOURS.get(table, {}).items():
        begin, end = fact.values[since], fact.values[until]
        fact.values[name] = None if begin is None or end is None else (end - begin) / HOUR
        fact.known[name] = fact.known[until]
    if table == "usage":
        # Day 0 was a Thursday, so days 2 and 3 were the first weekend.
        weekend = (fact.values["date"] // DAY) % 7 in (2, 3)
        fact.values["weekday_actions"] = None if weekend else fact.values["actions"]
        fact.known["weekday_actions"] = fact.known["actions"]


# Words of a subject that say what it is about, as their stems; all others say nothing.
STEMS = {"kiosk": "kiosk", "kiosks": "kiosk", "tulip": "tulip", "zebra": "zebra", "zebras": "zebra"}
SUBJECTS = {"tickets": ("subject", "category", 2), "escalations": ("issue", "cause", 1)}
# What is heard and raises no matter by itself: how it is said, and what is said in passing.
PASSING = {"urgency", "executive", "question", "thanks", "sentiment", "words", "understood"}
TONE = {"complaint", "frustration"}
MADE_OF_SIGNALS = ("concern", "wants_answer", "complains", "mere_thanks")


def add_busy(fact: Fact) -> None:
    """Add whether an incident began from Monday to Friday, from 7 to 19 o'clock."""
    second = fact.values["started_at"]
    workday = (second // DAY) % 7 not in (2, 3)
    fact.values["busy"] = int(workday and 7 <= second % DAY / HOUR < 19)
    fact.known["busy"] = fact.known["started_at"]


def add_unplanned(fact: Fact) -> None:
    """Add whether an incident is anything else than maintenance; without a kind it is one."""
    fact.values["unplanned"] = int(fact.values["kind"] != "maintenance")
    fact.known["unplanned"] = fact.known["kind"]


def add_by_itself(fact: Fact) -> None:
    """Add whether a contract renews by itself; where nobody says so it does not."""
    fact.values["by_itself"] = int(fact.values["auto_renew"] == 1)
    fact.known["by_itself"] = fact.known["auto_renew"]


def add_made_up(meetings: list[Fact]) -> None:
    """Add to each missed or cancelled meeting from when one held within a week is known."""
    for one in meetings:
        at, made_up = one.values["scheduled_at"], []
        for other in meetings if one.values["status"] in ("missed", "cancelled") else ():
            since = [other.values["scheduled_at"], other.row_known, other.known["status"]]
            is_soon = 0 <= other.values["scheduled_at"] - at < 7 * DAY
            if other.values["status"] == "held" and is_soon and None not in since:
                made_up.append(max(since))
        one.values["made_up_at"] = one.known["made_up_at"] = min(made_up, default=None)


def ever_current(versions: list[Fact]) -> list[Fact]:
    """Return the versions that took over when they came in, one after the other.

    One that holds from an earlier day than the version that stands is history, and changes nothing.
    """
    standing: list[Fact] = []
    for version in sorted(versions, key=lambda fact: (fact.row_known, in_force_from(fact))):
        if not standing or in_force_from(version) >= in_force_from(standing[-1]):
            standing.append(version)
    return standing


def in_force_from(version: Fact) -> float:
    """Return from when a version of an account holds; without a date it always did."""
    since = version.values["valid_from"]
    return -math.inf if since is None else float(since)


def add_csm_changes(versions: list[Fact]) -> None:
    """Add whether a version of an account names another CSM than the version known before it."""
    ordered = sorted(versions, key=lambda fact: (fact.row_known, fact.key))
    for place, fact in enumerate(ordered):
        before = ordered[place - 1] if place else None
        named = before and None not in (before.values["csm"], fact.values["csm"])
        other = named and len({one.values["csm"].strip().lower() for one in (before, fact)}) > 1
        in_time = before and None not in (before.known["csm"], fact.known["csm"])
        in_time = in_time and before.known["csm"] <= fact.known["csm"]
        fact.values["csm_changed"] = int(bool(other and in_time))
        fact.known["csm_changed"] = fact.known["csm"]


def add_matters(table: str, facts: list[Fact]) -> None:
    """Add to each row the key of the first row that is about nearly the same, as known by then."""
    text, category, enough = SUBJECTS[table]
    about = []
    for fact in facts:
        fact.values["matter"], fact.known["matter"] = None, None
        words = (fact.values[text] or "").lower().split()
        fact.stems = {STEMS[word] for word in words if word in STEMS}
        times = [fact.row_known, fact.known[text]]
        if len(fact.stems) < enough:
            fact.category = fact.values[category]
            times.append(fact.known[category])
        if None not in times:
            fact.known["matter"] = max(times)
            about.append(fact)
    first: list[Fact] = []
    for fact in sorted(about, key=lambda fact: (fact.known["matter"], fact.key)):
        near = [other for other in first if _is_near(fact, other, enough)]
        if fact.stems and not near:
            first.append(fact)
            near = [fact]
        if fact.stems:
            fact.values["matter"] = near[0].key
        elif fact.category is not None:
            fact.values["matter"] = f"category {fact.category}"


def _is_near(one: Fact, other: Fact, enough: int) -> bool:
    shared, every = one.stems & other.stems, one.stems | other.stems
    if not shared or len(shared) / len(every) < 0.6:
        return False
    return min(len(one.stems), len(other.stems)) >= enough or one.category == other.category


def add_signals(table: str, fact: Fact, hear: Hear) -> None:
    """Add what a text was heard to say; of messages only what customers wrote."""
    texts = [fact.values[name] for name in HEARD[table] if fact.values[name] is not None]
    text = "\n\n".join(texts) if texts else None
    ours = table == "messages" and fact.values["direction"] != "inbound"
    said = hear(text) if text is not None and not ours else dict.fromkeys(SIGNALS)
    # Of a text that is not understood only what was raised is known.
    said = {name: None if value != value else value for name, value in said.items()}  # noqa: PLR0124
    asked = [value for name, value in said.items() if name not in PASSING]
    raised = [value for name, value in said.items() if name not in PASSING | TONE]
    raised.append(said["executive"])
    wants = greatest([said["question"], said["urgency"], *asked])
    thanks = float(bool(said["thanks"]) and wants == 0)
    made = (greatest(raised), wants, greatest(asked), thanks)
    said = {**said, **dict(zip(MADE_OF_SIGNALS, made, strict=True))}
    fact.values |= said
    whose = ("direction", "channel") if table == "messages" else ()
    times = [fact.known[name] for name in (*HEARD[table], *whose)]
    fact.known |= dict.fromkeys(said, None if None in times else max(times))


def greatest(values: Iterable[float | None]) -> float | None:
    """Return the greatest of the known values."""
    return max((value for value in values if value is not None), default=None)


def add_automatic(fact: Fact) -> None:
    """Add whether a machine of ours sent it, as the made-up texts tell."""
    says = (fact.values["text"] or "").startswith(("Out of office", "Newsletter"))
    fact.values["automatic"] = int(fact.values["direction"] == "outbound" and says)
    fact.known["automatic"] = fact.known["text"]


def said_of(table: str, fact: Fact, at: str) -> Fact | None:
    """Return a text of theirs that raises a matter as a row of ``said``; None for all others."""
    values = {name: fact.values[name] for name in RAISED}
    times = [fact.row_known, fact.known["threat"], fact.known.get(at, fact.row_known)]
    if table == "messages":
        times.append(fact.known["direction"])
    if None in times or fact.values[at] is None or not any(values.values()):
        return None
    values |= {name: fact.values[name] for name in ("legal_talk", "stopped")}
    return Fact({**values, "said_at": fact.values[at]}, {}, max(times), f"{table}|{fact.key}")


def _ends_waiting(message: Fact, waited: Fact) -> int | None:
    """Return from when it is known that a message ends what another waits for; None means never."""
    ours = message.values["direction"] == "outbound" and not message.values["automatic"]
    ours = ours or message.values["channel"] == "call"
    theirs = message.values["direction"] == "inbound"
    theirs = theirs and bool(message.values["thanks"]) and not message.values["wants_answer"]
    theirs = theirs and any(
        message.values[whose] is not None and message.values[whose] == waited.values[whose]
        for whose in ("thread_id", "author")
    )
    about = ("direction", "channel", "text", "thread_id", "author")
    times = [message.row_known, *(message.known[c] for c in about)]
    return max(times) if (ours or theirs) and None not in times else None


def _is_ours(message: Fact) -> bool:
    """Say whether it is a word of ours: what we sent, or a call, in which both spoke."""
    return message.values["direction"] == "outbound" or message.values["channel"] == "call"


def add_answers(messages: list[Fact], meetings: list[Fact]) -> None:
    """Add to each message when we next had a word with the account, in a talk of both or alone.

    In the same second ours is after.
    """
    held = [
        ((meeting.values["scheduled_at"], True, meeting.key), max(since))
        for meeting in meetings
        if meeting.values["status"] == "held"
        and None
        not in (
            since := [
                meeting.values["scheduled_at"],
                meeting.row_known,
                meeting.known["status"],
            ]
        )
    ]

    def order(message: Fact) -> tuple[int, bool, str]:
        return message.values["sent_at"], _is_ours(message), message.key

    for message in messages:
        ends = [
            time
            for other in messages
            if order(other) >= order(message)
            and (time := _ends_waiting(other, message)) is not None
        ]
        ends += [known for at, known in held if at >= order(message)]
        message.values["answered_at"] = min(ends, default=None)
        message.known["answered_at"] = message.values["answered_at"]
