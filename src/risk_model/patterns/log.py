"""Every escalation with what is known of it, and the kinds that came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from risk_model.brief.wording import counted, date_text, masked
from risk_model.features.matters import matters_of_escalations
from risk_model.timeline import DAY

Row = Mapping[str, Any]
LOG = (
    "escalation_id",
    "account_id",
    "account_name",
    "opened",
    "closed",
    "severity",
    "description",
    "root_cause",
    "approach",
    "outcome",
    "prevention",
)
REPEATED = ("account_id", "account_name", "cause", "times", "opened", "post_mortem_due", "says")


def escalation_log(
    escalations: Sequence[Row],
    outcomes: Sequence[Row],
    names: Mapping[str, str],
    now: int,
    relapse_days: int,
) -> pd.DataFrame:
    """Return one row an escalation, newest first; empty where nothing is on record.

    The approach is what was done (``outcomes``) from a month before the opening to the closing;
    the outcome says how long it took and whether it came back (the same matter or cause), or else
    another one came, within ``relapse_days``.
    """
    rows = []
    for case in sorted(escalations, key=lambda r: (-r["opened_at"], r["escalation_id"])):
        account = case["account_id"]
        same = [r for r in escalations if r["account_id"] == account]
        closed = case["closed_at"]
        rows.append(
            (
                case["escalation_id"],
                account,
                names.get(account, ""),
                date_text(case["opened_at"]),
                "" if closed is None else date_text(closed),
                f"SEV-{case['severity']}" if case["severity"] else "",
                masked(case["issue"]) if case["issue"] else "",
                case["cause"] or "",
                _approach(case, outcomes, now),
                _outcome(case, same, now, relapse_days),
                "",
            )
        )
    return pd.DataFrame(rows, columns=list(LOG))


def repeated_kinds(
    escalations: Sequence[Row],
    likely: Mapping[str, str],
    names: Mapping[str, str],
    begin: int,
    post_mortem_after: int,
) -> pd.DataFrame:
    """Return the kinds that came at least twice at one account since ``begin``, the most first.

    The kind is the recorded cause; an open escalation, whose cause is not recorded yet, counts for
    the one that ``likely`` says of its account.
    """
    kinds: dict[tuple[str, str], list[Row]] = {}
    for case in sorted(escalations, key=lambda r: (r["opened_at"], r["escalation_id"])):
        by_signs = likely.get(case["account_id"], "") if case["closed_at"] is None else ""
        cause = case["cause"] or by_signs
        if cause and case["opened_at"] >= begin:
            kinds.setdefault((case["account_id"], cause), []).append(case)
    rows = []
    for (account, cause), cases in kinds.items():
        if len(cases) < 2:
            continue
        days = ", ".join(date_text(case["opened_at"]) for case in cases)
        is_due = len(cases) >= post_mortem_after
        says = f"{names.get(account) or account}: {cause} {counted(len(cases), 'time')} ({days})"
        if is_due:
            says += "; a post-mortem is due"
        elif len(cases) + 1 == post_mortem_after:
            says += "; the next one calls for a post-mortem"
        rows.append((account, names.get(account, ""), cause, len(cases), days, is_due, says))
    table = pd.DataFrame(rows, columns=list(REPEATED))
    return table.sort_values(
        ["times", "account_id", "cause"], ascending=[False, True, True], ignore_index=True
    )


def _approach(case: Row, outcomes: Sequence[Row], now: int) -> str:
    end = now if case["closed_at"] is None else case["closed_at"]
    done = [
        f"{date_text(act['acted_at'])} {masked(act['action'])}"
        for act in outcomes
        if act["account_id"] == case["account_id"]
        and act["action"]
        and case["opened_at"] - 30 * DAY <= act["acted_at"] < end
    ]
    return "; ".join(done)


def _outcome(case: Row, same: Sequence[Row], now: int, relapse_days: int) -> str:
    closed = case["closed_at"]
    if closed is None:
        return f"open for {counted((now - case['opened_at']) // DAY, 'day')}"
    told = f"closed after {counted((closed - case['opened_at']) // DAY, 'day')}"
    again = [r for r in same if closed <= r["opened_at"] < closed + relapse_days * DAY]
    again = [r for r in again if r["escalation_id"] != case["escalation_id"]]
    matters = matters_of_escalations(same)
    back = [r for r in again if _is_same(case, r, matters)]
    for ones, what in ((back, "came back"), (again, "another one")):
        if ones:
            return f"{told}, {what} on {date_text(min(r['opened_at'] for r in ones))}"
    return told


def _is_same(case: Row, other: Row, matters: Mapping[str, str]) -> bool:
    """Whether two escalations of an account are of one matter or, as recorded, of one cause."""
    matter = matters.get(case["escalation_id"])
    by_matter = matter is not None and matter == matters.get(other["escalation_id"])
    return by_matter or (bool(case["cause"]) and case["cause"] == other["cause"])
