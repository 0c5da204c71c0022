"""The same thing again and again: causes, themes and incidents that no single account explains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

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
        "theme": f"{len(now)} tickets at {at} in {days} days are about {what}",
        "incident": f"Incident {what} touched {at}",
    }[kind]
    compared = "" if kind == "incident" else f", {moved} in the {days} days before ({before})"
    return kind, what, len(now), accounts, before, first, last, f"Systemic: {told}{compared}"
