"""The same features in SQL for DuckDB, as somebody who knows DuckDB well would write it.

For one day: each table once, every figure an aggregate under its own condition. For many weekly
days: usage summed by account and week, in order, and each week handed to the 12 days that see it;
tickets and messages handed on directly (an account has less than one a week); rows so far by
running sums and ASOF joins. Nothing here knows of late rows, gaps in a feed or irregular days:
that is what the product has to do besides.
"""

# ruff: noqa: E501 - the SQL is made of this file's own text

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from risk_model.features.sources import OF_SIGNALS
from risk_model.text import SIGNALS

DAY = 86_400
Window = Callable[[int, int, str], str]


class Rows(NamedTuple):
    """What is aggregated for a day: what stands after FROM for each table."""

    usage: str
    tickets: str
    messages: str


SAID = [name for name in SIGNALS if name not in ("sentiment", "words", "understood")]
# Messages that say something: the catalogue's name for a signal, and its windows.
COUNTED = {
    "threats": ("threat", 28, 84),
    "competitor": ("competitor", 28, 84),
    "legal": ("legal", 28, 84),
    "breach": ("breach", 28),
    "public": ("public", 28, 84),
    "hesitancy": ("hesitancy", 28, 84),
    "complaints": ("complaint", 28),
    "frustration": ("frustration", 28),
    "expectation_gap": ("expectation_gap", 28, 84),
    "billing": ("billing", 28, 84),
    "passed_around": ("passed_around", 28, 84),
    "outage_messages": ("outage", 28),
    "urgent_messages": ("urgency", 28),
    "asks_for_higher": ("asks_for_higher", 28),
    "thanks": ("thanks", 84),
}


def usage_figures(of: Window, weeks_back: str) -> dict[str, str]:
    """Return the aggregates over usage; ``of(lag, until, value)`` is a value inside a window."""

    def total(lag: int, until: int, column: str) -> str:
        return f"coalesce(sum({of(lag, until, column)}), 0)"

    figures = {
        "actions_28d": total(0, 28, "actions"),
        "actions_28d_before": total(28, 56, "actions"),
        "logins_28d": total(0, 28, "logins"),
        "logins_28d_before": total(28, 56, "logins"),
        "active_users_28d": f"sum({of(0, 28, 'active_users')}) / sum({of(0, 28, 'n')})",
        "active_users_28d_before": f"sum({of(28, 56, 'active_users')}) / sum({of(28, 56, 'n')})",
        "logins_7d": total(0, 7, "logins"),
        "actions_7d": total(0, 7, "actions"),
        "actions_7d_before": total(7, 14, "actions"),
        "actions_84d": total(0, 84, "actions"),
        "key_actions_28d": total(0, 28, "key_actions"),
        "key_actions_28d_before": total(28, 56, "key_actions"),
        "onboarding_actions_28d": total(0, 28, "onboarding_actions"),
        "active_days_28d": total(0, 28, "active_days"),
        "idle_days_28d": total(0, 28, "idle_days"),
        "peak_users_28d": f"max({of(0, 28, 'peak_users')})",
    }
    figures |= {f"logins_7d_{w}_before": total(7 * w, 7 * w + 7, "logins") for w in (1, 2, 3)}
    trend = f"sum({of(0, 56, f'actions * (3.5 - {weeks_back})')}) / 42"
    mean = f"(sum({of(0, 56, 'actions')}) / 8)"
    figures["actions_trend_56d"] = f"CASE WHEN {mean} > 0 THEN {trend} / {mean} END"
    return figures


def ticket_figures(of: Callable[[str, int, int, str], str]) -> dict[str, dict[str, str]]:
    """Return the aggregates over tickets, by what dates them; ``of(at, lag, until, value)``."""

    def count(at: str, lag: int, until: int, where: str = "") -> str:
        value = f"CASE WHEN {where} THEN 1 END" if where else "1"
        return f"count({of(at, lag, until, value)})"

    def total(at: str, until: int, column: str) -> str:
        return f"coalesce(sum({of(at, 0, until, column)}), 0)"

    opened, resolved, answered = "opened_at", "resolved_at", "first_response_at"
    hours = "({} - opened_at) / 3600.0"
    slow = f"{hours.format(answered)} > 24"
    return {
        opened: {
            "tickets_7d": count(opened, 0, 7),
            "tickets_14d": count(opened, 0, 14),
            "tickets_28d": count(opened, 0, 28),
            "tickets_28d_before": count(opened, 28, 56),
            "tickets_84d": count(opened, 0, 84),
            "urgent_tickets_28d": count(opened, 0, 28, "priority IN ('P1', 'P2')"),
            "p1_tickets_28d": count(opened, 0, 28, "priority = 'P1'"),
            "p1_tickets_84d": count(opened, 0, 84, "priority = 'P1'"),
        },
        answered: {
            "slow_responses_28d": count(answered, 0, 28, slow),
            "hours_to_response_84d": f"avg({of(answered, 0, 84, hours.format(answered))})",
        },
        resolved: {
            "resolved_28d": count(resolved, 0, 28),
            "hours_to_resolve_84d": f"avg({of(resolved, 0, 84, hours.format(resolved))})",
            "reopens_84d": total(resolved, 84, "reopens"),
            "reassignments_84d": total(resolved, 84, "reassignments"),
        },
        "rated_at": {
            "csat_84d": f"avg({of('rated_at', 0, 84, 'csat')})",
            "csat_84d_before": f"avg({of('rated_at', 84, 168, 'csat')})",
            "low_csat_84d": count("rated_at", 0, 84, "csat <= 2"),
        },
    }


def open_figures(now: str) -> dict[str, str]:
    """Return the aggregates over tickets that are open at a second."""

    def since(begin: str, until: str, within: int = 90) -> str:
        recent = f"{begin.split(' ', maxsplit=1)[0]} >= {now} - {within} * {DAY}"
        inside = f"{begin} < {now} AND {recent} AND coalesce({until}, {now}) >= {now}"
        return f"count(CASE WHEN {inside} THEN 1 END)"

    either = "least(first_response_at, resolved_at)"
    is_open = f"opened_at < {now} AND coalesce(resolved_at, {now}) >= {now}"
    return {
        "open_tickets": f"count(CASE WHEN {is_open} THEN 1 END)",
        "oldest_open_ticket": f"({now} - min(CASE WHEN {is_open} THEN opened_at END)) / {DAY}.0",
        "open_ticket_48h": since("opened_at + 172800", "resolved_at"),
        "unanswered_48h": since("opened_at + 172800", either, 30),
    }


def message_figures(of: Window) -> dict[str, str]:
    """Return the aggregates over messages; what they say is in columns by its name."""

    def count(lag: int, until: int, where: str) -> str:
        return f"count({of(lag, until, f'CASE WHEN {where} THEN 1 END')})"

    theirs, boss = "theirs", "theirs AND sender_role = 'executive'"
    complains = " OR ".join(f"{name} > 0" for name in OF_SIGNALS["complains"])
    figures = {
        "inbound_28d": count(0, 28, theirs),
        "inbound_28d_before": count(28, 56, theirs),
        "inbound_84d": count(0, 84, theirs),
        "outbound_28d": count(0, 28, "NOT theirs"),
        "calls_84d": count(0, 84, "channel = 'call'"),
        "executive_messages_28d": count(0, 28, boss),
        "executive_complaints_28d": count(0, 28, f"{boss} AND ({complains})"),
        "executive_to_ceo_28d": count(0, 28, f"{boss} AND recipient_role = 'ceo'"),
        "social_complaints_28d": count(0, 28, f"theirs AND channel = 'social' AND ({complains})"),
        "sentiment_28d": f"avg({of(0, 28, 'CASE WHEN theirs THEN sentiment END')})",
        "sentiment_28d_before": f"avg({of(28, 56, 'CASE WHEN theirs THEN sentiment END')})",
        "lowest_sentiment_28d": f"min({of(0, 28, 'CASE WHEN theirs THEN sentiment END')})",
    }
    for name, (signal, *windows) in COUNTED.items():
        for days in windows:
            figures[f"{name}_{days}d"] = count(0, days, f"theirs AND {signal} > 0")
    return figures


SO_FAR = ("tickets_ever", "tickets_resolved_ever", "days_since_ticket", "days_since_inbound")
USAGE = [*usage_figures(lambda *_: "", ""), "days_since_active", "seats"]
NAMES = [
    *USAGE,
    *(name for figures in ticket_figures(lambda *_: "").values() for name in figures),
    *open_figures(""),
    *message_figures(lambda *_: ""),
    *SO_FAR,
]
# What is 0 where there is no row at all; everything else is unknown then.
ZERO = {
    name
    for name in NAMES
    if not name.startswith(("active_users", "hours_", "csat", "sentiment", "lowest", "days_since"))
} - {"peak_users_28d", "actions_trend_56d", "seats", "oldest_open_ticket"}

_DAILY = """*, 1 AS n, (actions > 0)::INTEGER AS active_days, (actions <= 0)::INTEGER AS idle_days,
            active_users AS peak_users"""
MESSAGES = f"""SELECT account_id, sent_at, direction = 'inbound' AS theirs, channel, sender_role,
                recipient_role, sentiment, {", ".join(SAID)}
                FROM messages LEFT JOIN heard USING (message_id)"""


def _listed(figures: dict[str, str]) -> str:
    return ", ".join(f"{sql} AS {name}" for name, sql in figures.items())


def _joined(asked: str, parts: list[str]) -> str:
    columns = ", ".join(
        f"coalesce({name}, 0)::DOUBLE AS {name}" if name in ZERO else f"{name}::DOUBLE AS {name}"
        for name in NAMES
    )
    joins = " ".join(f"LEFT JOIN {part} USING (account_id, as_of)" for part in parts)
    return f"SELECT account_id, as_of, {columns} FROM {asked} {joins}"


def one_day(day: int, asked: str, rows: Rows | None = None) -> str:
    """Return one statement for the features of a day; ``asked`` is (account_id, as_of)."""
    now = day * DAY
    rows = rows or Rows(
        f"""usage WHERE "date" >= {day - 84} AND "date" < {day}""",
        f"tickets WHERE opened_at < {now}",
        f"({MESSAGES}) WHERE sent_at >= {now - 182 * DAY} AND sent_at < {now}",
    )

    def of_usage(lag: int, until: int, value: str) -> str:
        later = f'AND "date" < {day - lag}' if lag else ""
        return f'CASE WHEN "date" >= {day - until} {later} THEN {value} END'

    def of_ticket(at: str, lag: int, until: int, value: str) -> str:
        return (
            f"CASE WHEN {at} >= {now - until * DAY} AND {at} < {now - lag * DAY} THEN {value} END"
        )

    def of_message(lag: int, until: int, value: str) -> str:
        return of_ticket("sent_at", lag, until, value)

    def days_since(test: str, at: str) -> str:
        recent = f"{test} AND {at} >= {now - 182 * DAY}"
        return f"({now} - max(CASE WHEN {recent} THEN {at} END)) / {DAY}.0"

    usage = usage_figures(of_usage, f'(({day - 1} - "date") // 7)') | {
        "days_since_active": f"{day} - max({of_usage(0, 84, 'CASE WHEN actions > 0 THEN date END')})",
        "seats": f'arg_max(seats, "date") FILTER ("date" >= {day - 28})',
    }
    tickets = {
        n: sql for figures in ticket_figures(of_ticket).values() for n, sql in figures.items()
    }
    tickets |= open_figures(str(now)) | {
        "tickets_ever": "count(*)",
        "tickets_resolved_ever": f"count(CASE WHEN resolved_at < {now} THEN 1 END)",
        "days_since_ticket": days_since("true", "opened_at"),
    }
    messages = message_figures(of_message) | {"days_since_inbound": days_since("theirs", "sent_at")}
    return f"""
        WITH u AS (SELECT account_id, {day} AS as_of, {_listed(usage)}
                   FROM (SELECT {_DAILY} FROM {rows.usage}) GROUP BY account_id),
             t AS (SELECT account_id, {day} AS as_of, {_listed(tickets)}
                   FROM (SELECT * FROM {rows.tickets}) GROUP BY account_id),
             m AS (SELECT account_id, {day} AS as_of, {_listed(messages)}
                   FROM (SELECT * FROM {rows.messages}) GROUP BY account_id)
        {_joined(f"(SELECT * FROM {asked} WHERE as_of = {day})", ["u", "t", "m"])}"""


def joined_rows(day: int, asked: str, is_bounded: bool) -> Rows:
    """Return the join per snapshot: its accounts with the events before it.

    ``is_bounded`` joins only as far back as any window reaches, where there is such a limit.
    """
    here = f"(SELECT account_id AS whose, as_of * {DAY} AS now FROM {asked} WHERE as_of = {day})"

    def rows(table: str, at: str, reach: int | None) -> str:
        back = f"AND {at} >= now - {reach * DAY}" if is_bounded and reach else ""
        return f"{here} JOIN {table} ON account_id = whose AND {at} < now {back}"

    return Rows(
        rows("usage", f'"date" * {DAY}', 84),
        rows("tickets", "opened_at", None),
        rows(f"({MESSAGES})", "sent_at", 182),
    )


def range_join(names: Sequence[str]) -> str:
    """Return one statement that joins all snapshots with the usage of their last 84 days."""

    def of(lag: int, until: int, value: str) -> str:
        later = f'AND "date" < as_of - {lag}' if lag else ""
        return f'CASE WHEN "date" >= as_of - {until} {later} THEN {value} END'

    figures = usage_figures(of, '((as_of - 1 - "date") // 7)') | {
        "days_since_active": "as_of - max(CASE WHEN actions > 0 THEN date END)",
        "seats": 'arg_max(seats, "date") FILTER ("date" >= as_of - 28)',
    }
    asked = {name: figures[name] for name in names}
    values = ", ".join(
        f"coalesce({name}, 0)::DOUBLE AS {name}" if name in ZERO else f"{name}::DOUBLE AS {name}"
        for name in names
    )
    return f"""
        WITH u AS (SELECT account_id, as_of, {_listed(asked)}
                   FROM asked JOIN (SELECT {_DAILY} FROM usage) USING (account_id)
                   WHERE "date" < as_of AND "date" >= as_of - 84 GROUP BY account_id, as_of)
        SELECT account_id, as_of, {values} FROM asked LEFT JOIN u USING (account_id, as_of)"""


def weekly(last: int, weeks: int, asked: str) -> list[str]:
    """Return statements for the features of ``weeks`` days, a week apart, up to ``last``.

    They leave a table ``by_hand``. Weeks are numbered back from the last day.
    """
    first = last - 7 * (weeks - 1)
    # A row of age w weeks before the last day is seen, s weeks old, on the day w - s weeks back.
    week = f"(({last} * {DAY} - 1 - {{at}}) // {7 * DAY})"

    def of_week(lag: int, until: int, value: str) -> str:
        return f"CASE WHEN s >= {lag // 7} AND s < {until // 7} THEN {value} END"

    usage = usage_figures(of_week, "s")
    usage["days_since_active"] = f"{last} - 7 * (w - s) - max(active_date)"
    usage["seats"] = "arg_max(seats, seats_date) FILTER (s < 4)"

    def of_ticket(_: str, lag: int, until: int, value: str) -> str:
        return of_week(lag, until, value)

    by_at = ticket_figures(of_ticket)
    made = [
        f"""CREATE TEMP TABLE weeks AS
            SELECT account_id, ({last - 1} - "date") // 7 AS w, sum(actions) AS actions,
                   sum(logins) AS logins, sum(active_users) AS active_users, count(*) AS n,
                   sum(key_actions) AS key_actions, sum(onboarding_actions) AS onboarding_actions,
                   sum((actions > 0)::INTEGER) AS active_days,
                   sum((actions <= 0)::INTEGER) AS idle_days, max(active_users) AS peak_users,
                   max(CASE WHEN actions > 0 THEN "date" END) AS active_date,
                   max("date") AS seats_date, arg_max(seats, "date") AS seats
            FROM usage WHERE "date" >= {first - 84} AND "date" < {last}
            GROUP BY ALL ORDER BY account_id, w""",
        f"""CREATE TEMP TABLE u AS
            SELECT account_id, {last} - 7 * (w - s) AS as_of, {_listed(usage)}
            FROM weeks, range(12) AS t(s) WHERE w - s BETWEEN 0 AND {weeks - 1}
            GROUP BY account_id, w - s""",
    ]
    for at, figures in by_at.items():
        reach = 24 if at == "rated_at" else 12
        made.append(f"""CREATE TEMP TABLE t_{at} AS
            SELECT account_id, {last} - 7 * (w - s) AS as_of, {_listed(figures)}
            FROM (SELECT *, {week.format(at=at)} AS w FROM tickets
                  WHERE {at} >= {(first - 7 * reach) * DAY} AND {at} < {last * DAY}),
                 range({reach}) AS t(s)
            WHERE w - s BETWEEN 0 AND {weeks - 1} GROUP BY account_id, w - s""")
    opened = week.format(at="opened_at")
    shut = f"ceil(({last * DAY} - coalesce(resolved_at, 1e12)) / {7 * DAY})::BIGINT"
    made.append(f"""CREATE TEMP TABLE t_open AS
        SELECT account_id, {last} - 7 * back AS as_of, {_listed(open_figures(f"(({last} - 7 * back) * {DAY})"))}
        FROM (SELECT *, unnest(range(greatest({shut}, 0), least({opened}, {weeks - 1}) + 1)) AS back
              FROM tickets WHERE opened_at < {last * DAY}) GROUP BY account_id, back""")
    made.append(f"""CREATE TEMP TABLE m AS
        SELECT account_id, {last} - 7 * (w - s) AS as_of, {_listed(message_figures(of_week))}
        FROM (SELECT *, {week.format(at="sent_at")} AS w FROM ({MESSAGES})
              WHERE sent_at >= {(first - 84) * DAY} AND sent_at < {last * DAY}), range(12) AS t(s)
        WHERE w - s BETWEEN 0 AND {weeks - 1} GROUP BY account_id, w - s""")
    made.append(_so_far(asked))
    parts = ["u", *(f"t_{at}" for at in by_at), "t_open", "m", "so_far"]
    made.append(f"CREATE TEMP TABLE by_hand AS {_joined(asked, parts)}")
    return made


def _so_far(asked: str) -> str:
    """Rows so far: the nearest earlier row knows how many there were."""

    def running(name: str, at: str, rows: str) -> str:
        return f"""{name} AS (SELECT account_id, {at} AS at, row_number() OVER
                   (PARTITION BY account_id ORDER BY {at}) AS so_far FROM {rows})"""

    now, before = f"(as_of * {DAY})", "x.account_id = a.account_id AND x.at < a.now"

    def nearest(name: str, value: str) -> str:
        return (
            f"""(SELECT a.account_id, a.as_of, {value} FROM a ASOF JOIN {name} AS x ON {before})"""
        )

    def days(within: str) -> str:
        return f"CASE WHEN x.at >= a.now - {within} * {DAY} THEN (a.now - x.at) / {DAY}.0 END"

    return f"""CREATE TEMP TABLE so_far AS
        WITH a AS (SELECT account_id, as_of, {now} AS now FROM {asked}),
             {running("o", "opened_at", "tickets")},
             {running("r", "resolved_at", "tickets WHERE resolved_at IS NOT NULL")},
             {running("i", "sent_at", "messages WHERE direction = 'inbound'")}
        SELECT * FROM a
        LEFT JOIN {nearest("o", f"so_far AS tickets_ever, {days('182')} AS days_since_ticket")} USING (account_id, as_of)
        LEFT JOIN {nearest("r", "so_far AS tickets_resolved_ever")} USING (account_id, as_of)
        LEFT JOIN {nearest("i", f"{days('182')} AS days_since_inbound")} USING (account_id, as_of)"""
