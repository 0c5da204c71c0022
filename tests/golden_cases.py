"""Accounts for the cases of the rules that the golden accounts themselves do not show."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan

from golden_company import Rows, events, solved, ticket, used, wrote
from golden_rules import CANCEL, EXECUTIVE, asked, due, escalation, incident, met
from small_company import day, moment

LAWYERS = "Our lawyers will take legal action against you."
INSTRUCTED = "We have instructed our lawyers in this matter."
MANAGER = "I want to talk to your manager about the delays."
# Its tone is bad, and it raises no matter.
SAD = "What a sad and miserable week this was."
DOWN = "The system is down since this morning."
INVOICE = "The invoice is wrong: you charged us twice. Please correct it."
BLIPS = [incident(4, "degraded"), incident(12, "degraded")]
# Five minutes at night.
BLIP = incident(6, "degraded", hour=3, ended_at=moment(6, 3).replace(":00:00", ":05:00"))
# … and in the middle of a working day.
SHORT = incident(6, "degraded", ended_at=moment(6, 10).replace(":00:00", ":05:00"))
RUNS = {"hour": 23, "ended_at": ""}
CALLS = [
    {"sent_at": moment(ago), "channel": "email", "direction": "outbound", "text": "Shall we talk?"}
    for ago in (20, 12, 5)
]
THREAD = [
    row
    for ago, what in ((9, "item"), (8, "unit"), (6, "part"), (5, "order"))
    for row in wrote(f"When will the export of our {what} lists work?", ago, thread_id="W")
]
BAD, GOOD = (
    ("The results are bad and poor.", "It is worse than before and looks awful."),
    ("This is wonderful, we love it, great work!", "Excellent help, we are very happy."),
)
TONE = [
    row
    for texts, days in ((GOOD, (40, 35)), (BAD, (9, 4)))
    for text, ago in zip(texts, days, strict=True)
    for row in wrote(text, ago)
]

# Rows by rule and number of the case, in the order of models/rules.yaml.
CASES: Mapping[tuple[str, int], Rows] = {
    ("breach-or-legal-fact", 0): {"incidents": [incident(3, "breach")]},
    ("breach-or-legal-fact", 2): {"messages": wrote(INSTRUCTED, 4)},
    ("breach-or-legal-fact", 3): {
        "messages": wrote("Our lawyer says that this is false advertising.", 4)
    },
    ("executive-to-ceo", 0): {
        "messages": wrote("May I ask?", 1, answered=False, recipient_role="ceo", **EXECUTIVE)
    },
    ("executive-involved", 0): {"messages": wrote(DOWN, 1, answered=False, **EXECUTIVE)},
    ("executive-involved", 1): {"messages": wrote(SAD, 1, answered=False, **EXECUTIVE)},
    ("executive-involved", 3): {"messages": wrote(SAD, 4, **EXECUTIVE)},
    ("says-cancel-legal-breach", 1): {"messages": wrote(INSTRUCTED, 4)},
    ("says-cancel-legal-breach", 2): {"messages": wrote(LAWYERS, 4)},
    ("says-cancel-legal-breach", 4): {"messages": wrote(CANCEL, 60)},
    ("social-complaint", 1): {"messages": wrote(SAD, 4, channel="social")},
    ("asks-for-higher", 0): {"messages": wrote(MANAGER, 1, answered=False, **EXECUTIVE)},
    ("asks-for-higher", 1): {"messages": wrote(MANAGER, 4, **EXECUTIVE)},
    ("asks-for-higher", 2): {"messages": wrote(MANAGER, 1, answered=False)},
    ("asks-for-higher", 4): {"tickets": [solved(4, description=MANAGER)]},
    ("ticket-past-sla", 1): {"tickets": [ticket(5, sla_due_at=moment(1))]},
    ("ticket-past-sla", 2): {"tickets": [ticket(2, first_response_at="", priority="P2")]},
    ("ticket-past-sla", 3): {"tickets": [ticket(100, first_response_at="", priority="P1")]},
    ("ticket-past-sla", 4): {"tickets": [ticket(120, sla_due_at=moment(100))]},
    ("ticket-past-sla", 5): {"tickets": [ticket(100, first_response_at="", priority="P2")]},
    ("waiting-on-us", 0): {
        "messages": wrote("Urgent: nobody can work, please answer at once.", 2, answered=False)
    },
    ("waiting-on-us", 3): {
        "tickets": [ticket(3, first_response_at="")],
        "ticket_events": events(("automatic_reply", 3)),
    },
    ("waiting-on-us", 5): {"tickets": [ticket(15, first_response_at="", priority="P4")]},
    ("waiting-on-us", 6): {"messages": wrote("Where is our report?", 31, answered=False)},
    ("waiting-on-us", 7): {"tickets": [ticket(91)]},
    ("promise-broken", 1): {"tasks": [due(3, "us")]},
    ("promise-broken", 2): {
        "tickets": [ticket(50, promise_made_at=moment(49), promised_for=moment(40))],
        "ticket_events": events(("public_reply", 1)),
    },
    ("promise-broken", 3): {"tasks": [due(40, "us")]},
    ("outages-repeated", 0): {"incidents": [*BLIPS, incident(20, "data-loss")]},
    ("outages-repeated", 1): {"incidents": [*BLIPS, incident(1, **RUNS)]},
    ("outages-repeated", 2): {"incidents": [*BLIPS, incident(1, "degraded", **RUNS)]},
    ("outage", 0): {"incidents": [incident(3, "data-loss")]},
    ("outage", 1): {"messages": wrote("All our records of March are gone.", 3)},
    ("outage", 2): {"incidents": [incident(1, **RUNS)]},
    ("outage", 3): {"messages": wrote("Production is down, our customers are hit.", 3)},
    ("outage", 4): {"tickets": [ticket(3, description="Production is down, customers are hit.")]},
    ("outage", 5): {"incidents": [incident(1, "degraded", **RUNS)]},
    ("outage", 6): {"tickets": [ticket(3, description="All our records of March are gone.")]},
    ("outage", 8): {"incidents": [incident(10, hour=2)]},
    ("outage", 9): {"messages": wrote(DOWN, 3)},
    ("outage", 10): {"surveys": [asked("NPS", 6, 9, comment="All our records of March are gone.")]},
    ("outage", 11): {"tickets": [ticket(1, description=DOWN, priority="P2")]},
    ("outage", 12): {"incidents": [incident(4, "degraded")]},
    ("outage", 13): {"incidents": [SHORT]},
    ("outage", 14): {"incidents": [incident(4, "degraded", hour=2)]},
    ("outage", 15): {"incidents": [BLIP]},
    ("outage", 17): {"incidents": [incident(60, "degraded", ended_at="")]},
    ("outage", 18): {"tickets": [ticket(1, description=DOWN, priority="P3")]},
    ("usage-drop", 1): {"usage": used(1, 0)},
    ("key-features-unused", 0): {"usage": used(50, 50, key_actions=0)},
    ("ticket-bounced", 1): {
        "tickets": [solved(4)],
        "ticket_events": events(("reopened", 3)),
    },
    ("ticket-bounced", 2): {"tickets": [solved(4, reassignments=4)]},
    ("ticket-bounced", 3): {"tickets": [solved(4, reopens=2)]},
    ("negative-comment", 1): {
        "surveys": [asked("NPS", 6, 9, comment="Support never answers, that is a pity.")]
    },
    ("frustration-building", 1): {"messages": TONE},
    ("no-progress", 0): {
        "messages": wrote("After several exchanges our problem is still not solved.", 4)
    },
    ("no-progress", 2): {"messages": THREAD},
    ("renewal-unconfirmed", 2): {
        "accounts": [{"contract_end": ""}],
        "renewals": [{"renewal_date": day(2), "recorded_at": moment(200)}],
    },
    ("no-contact-weeks", 1): {"messages": wrote("Sounds fine.", 200)},
    ("meetings-missed", 1): {"messages": [*wrote("Sounds fine.", 40), *CALLS]},
    ("meetings-missed", 2): {"meetings": met("missed", 5)},
    ("escalated-twice", 0): {
        "escalations": [
            escalation(80, 70, "Import stuck"),
            escalation(5, None, "The imports are stuck"),
        ]
    },
}
# What is no sign, or one too small: by account, its rows and the rules that must not fire.
CALM: Mapping[str, tuple[Rows, tuple[str, ...]]] = {
    "lawyers spoken of": ({"messages": wrote(LAWYERS, 4)}, ("breach-or-legal-fact",)),
    "meetings moved": (
        {"meetings": [*met("cancelled", 5, 12, 19), *met("held", 4, 11, 18)]},
        ("meetings-missed",),
    ),
    "missed and held": (
        {"meetings": [*met("missed", 9), *met("held", 3)]},
        ("meetings-missed",),
    ),
    "solved at once": (
        {"tickets": [solved(4, description="Production is down, customers are hit.")]},
        ("outage",),
    ),
    "holidays": (
        {"messages": wrote("Our factory is shut down for the summer holidays.", 4, **EXECUTIVE)},
        ("outage", "executive-involved", "waiting-on-us"),
    ),
    "signed": (
        {"messages": wrote("Our counsel has sent the signed DPA.", 4)},
        ("breach-or-legal-fact", "says-cancel-legal-breach"),
    ),
    "our group": (
        {"messages": wrote("We got the documents of another company of our group.", 4)},
        ("breach-or-legal-fact",),
    ),
    "small base": ({"usage": used(22 / 28, 14 / 28)}, ("usage-drop",)),
    "renewal confirmed": (
        {
            "usage": used(50, 50),
            "renewals": [
                {
                    "renewal_date": day(-30),
                    "recorded_at": moment(200),
                    "confirmed_at": moment(9),
                }
            ],
        },
        ("renewal-unconfirmed",),
    ),
}
# Cases for companies unlike this one: what would be measured there of one of its accounts.
ELSEWHERE: Mapping[tuple[str, int], tuple[str, Mapping[str, float]]] = {
    # No export says when an escalation was closed.
    ("escalated-twice", 2): (
        "escalated-twice!",
        {"open_escalations": nan, "days_since_escalation_closed": nan},
    ),
    # No export says how long an incident lasted.
    ("outage", 16): ("outage#15", {"long_incidents_7d": nan}),
    # Most are smaller.
    ("high-value-near", 1): ("high-value-near?", {"arr_top_share": 0.1}),
}


def name_of(case: tuple[str, int]) -> str:
    """Name the account of a case."""
    return f"{case[0]}#{case[1]}"
