"""One company of a few accounts, each built for a line of practice about documents or patterns."""

from __future__ import annotations

from pathlib import Path

from small_company import Row, account, day, desk, moment, solved, ticket, write_tables

# Everything that markup, a spreadsheet or a terminal could take for its own.
EVIL = '<img src=x onerror=alert(1)> & "Sons" | *[Co](javascript:x)* `#1`'
PROMISED = "We were promised single sign-on, and it is not in our plan."


def message(number: int, account_id: str, at: str, text: str, **more: object) -> Row:
    """Return a message of theirs by e-mail from a user, unless it says otherwise."""
    base: Row = {"message_id": f"M{number}", "account_id": account_id, "sent_at": at}
    base |= {"channel": "email", "direction": "inbound", "sender_role": "user"}
    return {**base, "recipient_role": "csm", "text": text, **more}


def escalation(
    number: int, account_id: str, opened: int, closed: int | None, **more: object
) -> Row:
    """Return an escalation opened and closed so many days ago; None is still open."""
    end = "" if closed is None else moment(closed)
    base: Row = {"escalation_id": f"E{number}", "account_id": account_id}
    base |= {"opened_at": moment(opened, 8), "closed_at": end, "severity": 2}
    return {**base, "cause": "", "acknowledged_at": "", "last_update_at": "", "owner": "", **more}


ACCOUNTS = [
    account(
        "acme", name="Acme Ltd", arr=180_000, csm="Ana", csm_manager="Mia", segment="Enterprise",
        plan="Business", region="EMEA", timezone="Europe/Berlin",
    ),
    account("risky", name="Risky Co", arr=50_000, csm="Ana", csm_manager="Mia"),
    account("third", name="Third Time", arr=20_000, csm="Ana", csm_manager="Mia"),
    account("healed", name="Healed Inc", arr=20_000, csm="Ana", csm_manager="Mia"),
    account("silent", name="Silent Partners", arr=30_000, csm="Ana", csm_manager="Mia"),
    account("evil", name=EVIL, arr=10_000, csm="Bo", csm_manager="Mia"),
    account("calm", name="Calm Waters", arr=9_000, csm="Bo", csm_manager="Mia"),
    account("alone", name="Nobody's Own", arr=8_000),
    *(account(f"loud{n}", arr=5_000 + n, csm="Ana", csm_manager="Mia") for n in range(6)),
]  # fmt: skip
ESCALATIONS = [
    escalation(
        1, "acme", 20, None, issue="Sync with the ledger is down", owner="Ola Berg",
        acknowledged_at=moment(20, 10), last_update_at=moment(18, 9),
    ),
    escalation(2, "third", 200, 195, cause="product", issue="Export broken"),
    escalation(3, "third", 100, 96, cause="product", issue="Export broken again"),
    escalation(4, "third", 5, 1, cause="product", issue="Export broken once more"),
    escalation(5, "healed", 30, 10, cause="support", issue="No answer for days"),
]  # fmt: skip
MESSAGES = [
    message(1, "acme", moment(22, 9), "The sync is down and nobody answers. This is unacceptable."),
    message(
        2, "acme", moment(19, 9), "I expect a call from your side today.",
        sender_role="executive", recipient_role="ceo",
    ),
    message(3, "acme", moment(18, 15), "We are on it.", direction="outbound", channel="call"),
    message(4, "acme", moment(6, 9), PROMISED),
    message(
        5, "risky", moment(3, 9),
        "We will cancel our contract. Call me: +49 151 2345 6789 or jo.doe@risky.example, Jo",
    ),
    message(6, "risky", moment(2, 9), "Thanks for calling.", direction="outbound"),
    message(7, "silent", moment(70, 9), "All fine here."),
    message(8, "evil", moment(3, 9), f"This is unacceptable {EVIL} "),
    message(9, "calm", moment(1, 9), "Thank you, all good."),
    *(message(20 + n, f"loud{n}", moment(2, 8 + n), "This is unacceptable.") for n in range(6)),
]  # fmt: skip
TICKETS = [
    *desk("calm"),
    ticket(1, "acme", moment(21), priority="P1", subject="Ledger sync down", sla_due_at=moment(20)),
    ticket(
        2, "acme", moment(15), subject="Wrong totals", first_response_at=moment(14),
        promise_made_at=moment(12), promised_for=moment(4), users_affected=40,
    ),
    solved(3, "acme", 12, subject="Cannot log in", csat=2, rated_at=moment(11)),
    solved(4, "third", 3, subject="Export broken"),
    solved(6, "acme", 100, subject="Long before the trouble"),
    ticket(5, "evil", moment(2), subject=f"{EVIL}", category="bug"),
    *(solved(30 + n, f"loud{n}", 4, subject=f"Dashboard is slow {n}") for n in range(6)),
]  # fmt: skip
EVENTS = [
    {"ticket_id": "T1", "occurred_at": moment(20, 14), "kind": "reopened", "value": ""},
    {"ticket_id": "T2", "occurred_at": moment(14, 13), "kind": "priority", "value": "P2"},
    {"ticket_id": "T150", "occurred_at": moment(150), "kind": "status", "value": "x"},
]


def write(folder: Path) -> Path:
    """Write the company; lists stand on the day after its newest event."""
    return write_tables(
        folder,
        accounts=ACCOUNTS,
        escalations=ESCALATIONS,
        messages=MESSAGES,
        tickets=TICKETS,
        ticket_events=EVENTS,
        usage=[
            {"account_id": name, "date": day(ago), "actions": 5 if _fades(name, ago) else 100}
            for name in ("acme", "silent", "calm")
            for ago in range(1, 120)
        ],
        incidents=[
            {
                "incident_id": "I1", "account_id": name, "started_at": moment(21, 6),
                "ended_at": moment(21, 10), "kind": "outage", "users_affected": 120,
            }
            for name in ("acme", "risky", "third", "calm", "evil")
        ],
        surveys=[
            {
                "survey_id": "S1", "account_id": "acme", "kind": "NPS", "sent_at": moment(26),
                "responded_at": moment(25), "score": 3, "comment": "Slow.",
            }
        ],
        meetings=[
            {"meeting_id": "G1", "account_id": "acme", "scheduled_at": moment(17, 14),
             "status": "held", "kind": "crisis call"},
            {"meeting_id": "G2", "account_id": "acme", "scheduled_at": moment(9, 14),
             "status": "missed", "kind": "check-in"},
        ],
        tasks=[
            {"task_id": "K1", "account_id": "acme", "created_at": moment(16), "due_at": moment(8),
             "done_at": "", "owner_side": "us"},
            {"task_id": "K2", "account_id": "acme", "created_at": moment(16), "due_at": moment(8),
             "done_at": moment(9), "owner_side": "us"},
        ],
        renewals=[{"account_id": "acme", "renewal_date": day(-40), "recorded_at": moment(300),
                   "confirmed_at": "", "auto_renew": True}],
        health_scores=[
            {"account_id": "acme", "scored_at": moment(ago), "score": 80 if ago > 22 else 50}
            for ago in (1, 8, 15, 22, 29, 36)
        ],
        outcomes=[
            {"account_id": "acme", "as_of": day(15), "acted_at": moment(13),
             "action": "Engineer on site", "outcome": "", "note": ""},
            {"account_id": "acme", "as_of": day(2), "acted_at": moment(-2),
             "action": "Not yet done", "outcome": "averted", "note": "later"},
        ],
    )  # fmt: skip


def _fades(name: str, ago: int) -> bool:
    return name == "silent" and ago <= 28
