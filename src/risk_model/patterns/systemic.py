"""The same thing again and again: causes, themes and incidents that no single account explains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from risk_model.brief.wording import masked
from risk_model.features.matters import Row, matters, stems_of
from risk_model.patterns.plan import PatternsPlan
from risk_model.timeline import DAY, date_of

KINDS = ("cause", "incident", "theme")
COLUMNS = ("kind", "what", "times", "accounts", "times_before", "first", "last", "says")


@dataclass(frozen=True)
class Occurrence:
    """One time that something happened: of what kind, what, at which account, when (seconds)."""

    kind: str
    what: str
    account: str
    at: int


def themes(tickets: Iterable[Mapping[str, Any]]) -> list[Occurrence]:
    """Return tickets by theme, across accounts: subjects that say nearly the same are one.

    A theme is called by the subject that said it first; a ticket whose subject says nothing goes
    by its category, and without either it has no theme.
    """
    rows = sorted(tickets, key=lambda t: (t["opened_at"], t["ticket_id"]))
    # The same words are the same matter, so each wording is looked at once.
    wordings: dict[tuple[frozenset[str], str], Row] = {}
    of_ticket, called = [], {}
    for ticket in rows:
        stems = stems_of(ticket["subject"]) if ticket["subject"] else frozenset()
        category = str(ticket["category"] or "") if len(stems) < 2 else ""
        key = (stems, category)
        if key not in wordings:
            name = str(len(wordings))
            wordings[key] = Row(name, len(wordings), stems, category or None)
            called[name] = masked(ticket["subject"] if stems else category)
        of_ticket.append((ticket, wordings[key].key))
    found = matters(wordings.values())
    return [
        Occurrence(
            "theme",
            called.get(found[name], called[name]),
            ticket["account_id"],
            ticket["opened_at"],
        )
        for ticket, name in of_ticket
        if name in found
    ]


def systemic(found: Iterable[Occurrence], day: int, plan: PatternsPlan) -> pd.DataFrame:
    """Return what is systemic in the ``plan.days`` before ``day``: causes, incidents, themes,
    the widest first.

    A ``cause`` is from ``same_cause`` times on, a ``theme`` and an ``incident`` from so many
    ``theme_accounts`` on. ``times_before`` counts the same stretch of days before.
    """
    begin, earlier = (day - plan.days) * DAY, (day - 2 * plan.days) * DAY
    groups: dict[tuple[str, str], list[Occurrence]] = {}
    for one in found:
        if earlier <= one.at < day * DAY:
            groups.setdefault((one.kind, one.what), []).append(one)
    rows = []
    for (kind, what), ones in groups.items():
        now = [one for one in ones if one.at >= begin]
        accounts = len({one.account for one in now})
        enough = len(now) >= plan.same_cause if kind == "cause" else accounts >= plan.theme_accounts
        if enough:
            rows.append(_row(kind, what, now, accounts, len(ones) - len(now), plan.days))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    order = table.assign(_kind=table["kind"].map(KINDS.index).astype(int)).sort_values(
        ["_kind", "accounts", "times", "what"],
        ascending=[True, False, False, True],
        ignore_index=True,
    )
    return order[list(COLUMNS)]


def _row(
    kind: str, what: str, now: Sequence[Occurrence], accounts: int, before: int, days: int
) -> tuple[object, ...]:
    first, last = (str(date_of(end(one.at for one in now) // DAY)) for end in (min, max))
    at = "1 account" if accounts == 1 else f"{accounts} accounts"
    moved = (
        "as often as" if len(now) == before else "more than" if len(now) > before else "less than"
    )
    told = {
        "cause": f"The cause of {len(now)} escalations at {at} in {days} days is {what}",
        "theme": f"{len(now)} tickets at {at} in {days} days are about “{what}”",
        "incident": f"Incident {what} touched {at}",
    }[kind]
    compared = "" if kind == "incident" else f", {moved} in the {days} days before ({before})"
    return kind, what, len(now), accounts, before, first, last, f"Systemic: {told}{compared}"
