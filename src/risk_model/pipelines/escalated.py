"""The list of those who are escalated already, one row an open escalation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from risk_model import respond
from risk_model.explain import QUIET
from risk_model.features.matters import matters_of_escalations
from risk_model.pipelines.line import Line
from risk_model.pipelines.scorer import REASONS
from risk_model.respond.clocks import ISO
from risk_model.rules import Rule
from risk_model.tables.contract import CONTRACT
from risk_model.tables.known import known_from, waits_for
from risk_model.timeline import DAY
from risk_model.watchlist import ESCALATED_COLUMNS

Row = dict[str, Any]
WORST = "SEV-1"
SEV_1_INCIDENTS = ("breach", "data-loss")
TIMES = ("opened_at", "closed_at", "acknowledged_at", "last_update_at", "severity")


def escalated_list(
    line: Line,
    rows: pd.DataFrame,
    customers: pd.DataFrame,
    fired: Sequence[Sequence[Rule]],
    day: int,
) -> pd.DataFrame:
    """Return the open escalations of a day, those past their limit first, of these the worst.

    A SEV-1 that nobody has acknowledged in time stands with those that have been open too long.
    ``rows`` are the list's rows of the accounts that are escalated, ``customers`` who they are and
    ``fired`` the rules that fired on them, all aligned.
    """
    if rows.empty:
        return pd.DataFrame(columns=list(ESCALATED_COLUMNS))
    cases = _known(line, day)
    by_account = dict(list(cases.groupby("account_id")))
    worst = _last_worst(line, day)
    listed = []
    places = zip(rows.to_dict("records"), customers.to_dict("records"), fired, strict=True)
    for row, who, hits in places:
        own = by_account.get(row["account_id"])
        if own is not None:
            came = worst.get(row["account_id"])
            listed += _of_account(line, row, who, hits, own, day, came)
    frame = pd.DataFrame(listed, columns=list(ESCALATED_COLUMNS))
    unheard = (frame["suggested_severity"] == "SEV-1") & frame["acknowledge_overdue"].eq(True)
    order = frame.assign(_top=frame["overdue"].astype(bool) | unheard).sort_values(
        ["_top", "suggested_severity", "days_open", "account_id"],
        ascending=[False, True, False, True],
        ignore_index=True,
    )
    return order.drop(columns="_top")


def as_case(row: Mapping[str, Any], case: Mapping[str, Any], how: respond.Response) -> Row:
    """Return an escalated account's row of the watchlist as it stands for one open escalation.

    ``case`` is the escalation's row of the list of those. Its severity has a holder, and it has a
    first step and a next move of ours even where nothing else is on record.
    """
    severity, opened = case["suggested_severity"], str(case["opened_at"])[:10]
    quiet = {
        name: f"An escalation is open since {opened}" for name in REASONS if row[name] == QUIET
    }
    return {
        **row,
        **quiet,
        "suggested_severity": severity,
        "escalation_tier": max(int(row["escalation_tier"]), how.severities[severity].least_tier),
        "executive_sponsor": case["sponsor_due"],
        "recommended_action": row["recommended_action"]
        if case["rules_fired"]
        else how.first_step.escalated,
        "waiting_on": "us" if row["waiting_on"] == "nobody" else row["waiting_on"],
    }


def _known(line: Line, day: int) -> pd.DataFrame:
    """Return the escalations that are known, with what is known of them, oldest first."""
    rows = line.tables.frame("escalations")
    rows = rows[rows["row_known"] < day * DAY]
    since = known_from(CONTRACT["escalations"], rows.columns)
    known = rows.astype({name: "float64" for name in TIMES if name in rows})
    for name in known.columns:
        for time in waits_for(since, [name]):
            known[name] = known[name].where(rows[time].astype("float64") < day * DAY)
    # That it opened may be told after the row: until then nobody knows of it.
    known = known[known["opened_at"].notna()]
    return known.sort_values(["opened_at", "escalation_id"])


def _of_account(
    line: Line,
    row: dict[Any, Any],
    who: dict[Any, Any],
    hits: Sequence[Rule],
    cases: pd.DataFrame,
    day: int,
    came: float | None,
) -> list[dict[str, Any]]:
    how, now = line.settings.response, _moment(day * DAY)
    hours = how.business_hours.calendar(_text(who["region"]), _text(who["timezone"]))
    tells = "acknowledged_at" in line.tables.present["escalations"]
    matters = matters_of_escalations(_told(cases.to_dict("records")))
    listed = []
    for place, known in enumerate(cases.to_dict("records")):
        if not pd.isna(known["closed_at"]):
            continue
        case = respond.Open(
            severity=_severity(row["suggested_severity"], known, came),
            opened=_moment(known["opened_at"]),
            acknowledged=_maybe(known["acknowledged_at"]),
            updated=_maybe(known["last_update_at"]),
            tells_acknowledged=tells,
        )
        state = respond.standing(case, now, hours, how)
        repeated = _is_repeated(known, cases.iloc[:place], matters, how)
        soon = respond.sponsor_within_a_day(
            case, state, _days_to(row["renewal_date"], now), repeated, how
        )
        # An account that is escalated is at risk, whatever else shows.
        own_hits = respond.rules_of(case, hits, now)
        sponsor = respond.sponsors([own_hits], ["High"], pd.Series([row["arr"]]), how, [soon])[0]
        listed.append(
            {
                **{name: row.get(name) for name in ESCALATED_COLUMNS if name in row},
                "escalation_id": known["escalation_id"],
                "opened_at": case.opened.strftime(ISO),
                "days_open": state.days_open,
                "suggested_severity": case.severity,
                "rules_fired": ";".join(rule.id for rule in own_hits),
                "acknowledge_overdue": state.acknowledge_overdue,
                "next_update_due": state.next_update_due.strftime(ISO),
                "sponsor_due": sponsor,
                "overdue": state.overdue,
            }
        )
    return listed


def _severity(suggested: str, known: dict[Any, Any], came: float | None) -> str:
    """Return the severity that people recorded, and without one what is suggested.

    What they recorded is of the matter as it was then: a breach, lost data or an outage that began
    afterwards (``came``, epoch seconds) is SEV-1 whatever the older matter was.
    """
    own = known["severity"]
    if pd.isna(own) or (suggested == WORST and came is not None and came > known["opened_at"]):
        return suggested
    return f"SEV-{int(own)}"


def _last_worst(line: Line, day: int) -> Mapping[str, float]:
    """Return by account when the last incident began that alone is SEV-1.

    An outage is one while it runs.
    """
    if "incidents" not in line.tables.present:
        return {}
    columns = ("account_id", "started_at", "ended_at", "kind", "row_known")
    rows = line.tables.frame("incidents", *columns)
    runs = ~(rows["ended_at"].astype("float64") < day * DAY) & (rows["kind"] == "outage")
    known = rows["row_known"] < day * DAY
    rows = rows[known & (rows["kind"].isin(SEV_1_INCIDENTS) | runs)]
    last = rows.groupby("account_id")["started_at"].max()
    return {str(account): float(began) for account, began in last.items()}


def _told(cases: list[dict[Any, Any]]) -> list[dict[str, Any]]:
    """Return the cases with their cause only where it is known: from the closing on."""
    return [
        case | {"cause": None if pd.isna(case["closed_at"]) else case.get("cause")}
        for case in cases
    ]


def _is_repeated(
    case: dict[Any, Any],
    before: pd.DataFrame,
    matters: Mapping[str, str],
    how: respond.Response,
) -> bool:
    """Whether an earlier escalation of the account, not long ago, was on the same matter.

    One of which nobody can tell the matter may have been on any.
    """
    since = case["opened_at"] - how.repeated_within_days * DAY
    recent = before[before["opened_at"] >= since]
    mine = matters.get(str(case["escalation_id"]))
    theirs = [matters.get(str(one)) for one in recent["escalation_id"]]
    return any(mine is None or matter in (None, mine) for matter in theirs)


def _days_to(iso_day: str, now: dt.datetime) -> int | None:
    return (dt.date.fromisoformat(iso_day) - now.date()).days if iso_day else None


def _moment(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(int(seconds), dt.UTC)


def _maybe(seconds: float) -> dt.datetime | None:
    return None if pd.isna(seconds) else _moment(seconds)


def _text(cell: Any) -> str | None:
    return None if cell is None or pd.isna(cell) else str(cell)
