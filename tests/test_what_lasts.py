"""What has not ended does not go quiet by growing old, and what began since counts as itself."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score
from risk_model.watchlist import Watchlist
from small_company import AS_OF, SETTINGS, Row, account, day, desk, moment, ticket, write_tables

pytestmark = pytest.mark.slow
CALM = "C1"


def listed(folder: Path, accounts: list[str], **tables: list[Row]) -> Watchlist:
    """Score a company of these accounts, and a calm one whose tables tell that all is recorded."""
    mails: list[Row] = [
        {
            "message_id": f"M{ago}{side}",
            "account_id": CALM,
            "sent_at": moment(ago, 9 if side == "inbound" else 10),
            "channel": "email",
            "direction": side,
            "text": "Thanks, all is well here.",
        }
        for ago in (170, 120, 80, 40, 20, 9, 2, 1)
        for side in ("inbound", "outbound")
    ]
    over = {"incident_id": "I0", "account_id": CALM, "kind": "degraded"}
    incidents: list[Row] = [
        {**over, "incident_id": f"I{ago}", "started_at": moment(ago, 3), "ended_at": moment(ago, 4)}
        for ago in (170, 100, 40)
    ]
    whole: dict[str, list[Row]] = {
        "accounts": [account(name) for name in (CALM, *accounts)],
        "tickets": [*desk(CALM), *tables.pop("tickets", [])],
        "messages": [*mails, *tables.pop("messages", [])],
        "incidents": [*incidents, *tables.pop("incidents", [])],
    }
    with Line.open(write_tables(folder, **whole, **tables), SETTINGS) as line:
        return score(line, AS_OF, model="rules")


def row(found: Watchlist, name: str) -> pd.Series:
    (one,) = (found.ranked[found.ranked["account_id"] == name].iloc[n] for n in range(1))
    return one


def said(of: pd.Series) -> str:
    return "; ".join(str(of[f"reason_{n}"]) for n in (1, 2, 3))


def wrote(name: str, ago: int, text: str, **more: object) -> list[Row]:
    mail: Row = {"message_id": f"{name}{ago}", "account_id": name, "sent_at": moment(ago)}
    mail |= {"channel": "email", "direction": "inbound", "text": text, **more}
    answer = {**mail, "message_id": f"{name}{ago}a", "sent_at": moment(ago, 15)}
    return [mail, {**answer, "direction": "outbound", "text": "We have received it."}]


NOTICE = "Please treat this as our notice of termination effective 30 September."


def test_a_notice_is_not_taken_back_by_silence(tmp_path: Path) -> None:
    ages = {"T20": 20, "T29": 29, "T80": 80, "T90": 90}
    messages = [one for name, ago in ages.items() for one in wrote(name, ago, NOTICE)]
    found = listed(tmp_path, list(ages), messages=messages)
    assert row(found, "T20")["risk_level"] == "High"
    for name in ("T29", "T80"):
        told = row(found, name)
        assert told["risk_level"] == "Medium"
        assert f"They spoke of cancelling on {day(ages[name])}" in said(told)
        assert told["likely_cause"] == "contract"
        assert "where they stand" in told["recommended_action"]
    assert "cancelling" not in said(row(found, "T90"))


def test_an_incident_without_an_end_is_asked_after(tmp_path: Path) -> None:
    ages = {"R20": 20, "R29": 29, "R150": 150}
    kinds = [(name, "outage") for name in ages]
    incidents: list[Row] = [
        {"incident_id": name, "account_id": name, "kind": kind, "ended_at": ""}
        | {"started_at": moment(ages[name])}
        for name, kind in kinds
    ]
    found = listed(tmp_path, list(ages), incidents=incidents)
    running = row(found, "R20")
    assert (running["suggested_severity"], running["waiting_on"]) == ("SEV-1", "us")
    assert "An outage has been running for" in said(running)
    for name in ("R29", "R150"):
        told = row(found, name)
        assert told["risk_level"] == "Medium"
        assert f"1 incident has no recorded end, since {day(ages[name])}" in said(told)
        assert "Ask support whether it is over" in told["recommended_action"]
    assert row(found, CALM)["risk_level"] == "Low"


def test_what_is_late_does_not_say_what_it_is_about(tmp_path: Path) -> None:
    (mail, _) = wrote(
        "D1", 4, "The invoice for May is wrong, we were charged twice, a refund please."
    )
    (asked, _) = wrote("D2", 4, "How do we add a user to our team? Please advise.")
    waits = ticket(7, "D3", moment(4), description="Export", subject="Export")
    found = listed(tmp_path, ["D1", "D2", "D3"], messages=[mail, asked], tickets=[waits])
    causes = {name: row(found, name)["likely_cause"] for name in ("D1", "D2", "D3")}
    assert causes == {"D1": "contract", "D2": "support", "D3": "support"}
    assert "finance" in str(row(found, "D1")["recommended_action"]).lower()


def test_a_p1_past_its_first_sla_calls_the_sponsor_within_a_day(tmp_path: Path) -> None:
    late = ticket(8, "P1", moment(3), priority="P1")
    found = listed(
        tmp_path,
        ["P1", "P2"],
        tickets=[
            late,
            {**late, "ticket_id": "T9"} | {"account_id": "P2", "first_response_at": moment(3, 13)},
        ],
    )
    assert row(found, "P1")["suggested_severity"] in ("SEV-1", "SEV-2")
    assert row(found, "P1")["executive_sponsor"] == "within-24h"
    assert row(found, "P2")["executive_sponsor"] == "no"


@pytest.mark.parametrize("kind", ["breach", "data-loss", "outage"])
def test_what_began_after_an_escalation_is_graded_by_itself(tmp_path: Path, kind: str) -> None:
    opened = {"since": 2, "before": 9, "over": 3}
    escalations: list[Row] = [
        {"escalation_id": name, "account_id": name, "opened_at": moment(5), "closed_at": ""}
        | {"severity": 4, "issue": "Layout of the report", "acknowledged_at": moment(5, 13)}
        for name in opened
    ]
    incidents: list[Row] = [
        {"incident_id": name, "account_id": name, "kind": kind, "started_at": moment(ago)}
        | {"ended_at": moment(ago, 14) if name == "over" else ""}
        for name, ago in opened.items()
    ]
    # Of an outage that is over, another one that ran before the escalation says nothing new.
    incidents.append({**incidents[1], "incident_id": "I", "account_id": "over"})
    found = listed(tmp_path, list(opened), escalations=escalations, incidents=incidents)
    graded = found.escalated.set_index("account_id")["suggested_severity"]
    over = "SEV-4" if kind == "outage" else "SEV-1"
    assert graded.to_dict() == {"since": "SEV-1", "before": "SEV-4", "over": over}
