"""The 45 rules, each with an account that is just over its border and one that is just short.

What a rule says is written out here by hand, with the figures and dates of the account's story.
"""

from __future__ import annotations

from golden_company import Golden, events, solved, ticket, usage, used, wrote
from small_company import day, moment

UPSET = "This is completely unacceptable, your product is a disaster."
CANCEL = "We are going to cancel our contract at the end of the month."
STUCK = ticket(5, first_response_at="", priority="P4")


def exported(ago: int, subject: str, **more: object) -> dict[str, object]:
    """Return a solved ticket with a subject."""
    return solved(ago, category="reporting", subject=subject, **more)


def incident(ago: int, kind: str = "outage", hour: int = 10, **more: object) -> dict[str, object]:
    """Return an incident of two hours."""
    ends = {"started_at": moment(ago, hour), "ended_at": moment(ago, hour + 2)}
    return {"kind": kind, **ends, **more}


def asked(kind: str, ago: int, score: object = "", **more: object) -> dict[str, object]:
    """Return a survey, answered on the same day where there is a score."""
    answered = {"score": score, "responded_at": moment(ago, 15)} if score != "" else {}
    return {"kind": kind, "sent_at": moment(ago, 9), **answered, **more}


def due(ago: int, side: str, done: int | None = None) -> dict[str, object]:
    """Return an action item of three weeks before it was due."""
    closed = {} if done is None else {"done_at": moment(done)}
    times = {"created_at": moment(ago + 21), "due_at": moment(ago)}
    return {"owner_side": side, **times, **closed}


def scores(*told: tuple[int, int]) -> list[dict[str, object]]:
    """Return health scores: (days ago, score)."""
    return [{"scored_at": moment(ago), "score": score} for ago, score in told]


def met(status: str, *ago: int) -> list[dict[str, object]]:
    return [{"scheduled_at": moment(one), "status": status} for one in ago]


def escalation(opened: int, closed: int | None, issue: str, hour: int = 9) -> dict[str, object]:
    ends = {} if closed is None else {"closed_at": moment(closed)}
    return {"opened_at": moment(opened, hour), "issue": issue, **ends}


def logins(*a_week: float) -> list[dict[str, object]]:
    """Return so many logins a day in each week, the latest first."""
    return [
        row
        for week, figure in enumerate(a_week)
        for row in usage(range(1 + 7 * week, 8 + 7 * week), logins=figure, actions=40)
    ]


WORKED_ON = {"resolved_at": "", "category": "data"}
EXECUTIVE = {"sender_role": "executive"}
NOW = {"executive_sponsor": "now"}
HIGH, MEDIUM, LOW = ({"risk_level": level} for level in ("High", "Medium", "Low"))
THREE_SIGNS = {
    "usage": used(50, 30),
    "messages": wrote("The invoice is wrong, we were charged twice.", 3),
    "meetings": met("missed", 3, 10, 17),
}
TWO_SIGNS = {name: THREE_SIGNS[name] for name in ("usage", "meetings")}
WRITES = wrote("The new report looks fine.", 3)

GOLDEN: tuple[Golden, ...] = (
    Golden(
        "usage-drop",
        {"usage": used(50, 34), "messages": WRITES},
        {"usage": used(50, 35), "messages": WRITES},
        "Usage down 32% against the 4 weeks before",
        MEDIUM,
    ),
    Golden(
        "logins-declining",
        {"usage": logins(10, 12, 14, 16, 16, 16, 16, 16)},
        {"usage": logins(12, 12, 14, 16, 16, 16, 16, 16)},
        "Logins have fallen 3 weeks in a row, from 112 a week to 70",
        MEDIUM,
    ),
    Golden(
        "key-features-unused",
        {"usage": used(50, 50, key_actions=2)},
        {"usage": used(50, 50, key_actions=3)},
        "Key features hardly used: 56 of 1,400 actions in 4 weeks",
        MEDIUM,
    ),
    Golden(
        "onboarding-untouched",
        {
            "accounts": [{"contract_start": day(20)}],
            "usage": usage(range(1, 20), onboarding_actions=0),
        },
        {
            "accounts": [{"contract_start": day(20)}],
            "usage": usage(range(1, 20), onboarding_actions=0.5),
        },
        "No step of the onboarding since the contract began on 2026-03-10",
        {**MEDIUM, "likely_cause": "expectations"},
    ),
    Golden(
        "ticket-burst",
        {"tickets": [solved(ago) for ago in (2, 3, 4, 5)]},
        {"tickets": [solved(ago) for ago in (2, 3, 4, 8)]},
        "4 tickets in one week, the last on 2026-03-28",
        MEDIUM,
    ),
    Golden(
        "same-issue-repeated",
        {
            "tickets": [
                exported(2, "CSV export broken again"),
                exported(4, "Export to CSV is failing"),
                exported(6, "Still no CSV exports!"),
            ]
        },
        {
            "tickets": [
                exported(2, "CSV export broken again"),
                exported(4, "Export to CSV is failing"),
                exported(6, "Totals on the dashboard differ"),
            ]
        },
        "3 tickets on one issue within 7 days, the last on 2026-03-28",
        {"escalation_tier": "2"},
    ),
    Golden(
        "same-theme-tickets",
        {
            "tickets": [
                exported(ago, subject)
                for ago, subject in (
                    (2, "Slow dashboard"),
                    (30, "Dashboard slow"),
                    (70, "dashboards slow"),
                )
            ]
        },
        {
            "tickets": [
                exported(ago, subject)
                for ago, subject in (
                    (2, "Slow dashboard"),
                    (30, "Dashboard slow"),
                    (90, "dashboards slow"),
                )
            ]
        },
        "3 tickets on one theme in 12 weeks, the last on 2026-03-28",
        LOW,
    ),
    Golden(
        "critical-open-48h",
        {"tickets": [ticket(3, priority="P1")]},
        {"tickets": [ticket(2, priority="P1")]},
        "1 P1 open with us for more than 48 hours, the longest for 63 hours",
        {**HIGH, "suggested_severity": "SEV-2"},
    ),
    Golden(
        "ticket-past-sla",
        {"tickets": [ticket(1, 18, first_response_at="", priority="P1")]},
        {"tickets": [ticket(1, 21, first_response_at="", priority="P1")]},
        "1 P1 without a first response in 4 hours, since 2026-03-29",
        {**HIGH, "escalation_tier": "2"},
    ),
    Golden(
        "ticket-bounced",
        {
            "tickets": [ticket(20, **WORKED_ON)],
            "ticket_events": events(
                ("assigned", 20), ("assigned", 12), ("assigned", 5), ("public_reply", 1)
            ),
        },
        {
            "tickets": [ticket(20, **WORKED_ON)],
            "ticket_events": events(("assigned", 20), ("assigned", 12), ("public_reply", 1)),
        },
        "One ticket was assigned 3 times in 4 weeks, the last on 2026-03-25",
        {**MEDIUM, "likely_cause": "support"},
    ),
    Golden(
        "csat-falling",
        {
            "tickets": [
                solved(ago, csat=score, rated_at=moment(ago, 14))
                for ago, score in ((70, 5), (50, 5), (20, 3), (10, 4))
            ]
        },
        {
            "tickets": [
                solved(ago, csat=score, rated_at=moment(ago, 14))
                for ago, score in ((70, 5), (50, 4), (20, 4), (10, 5))
            ]
        },
        "Support satisfaction fell by 1.5 to 3.5 of 5, last rated on 2026-03-20",
        MEDIUM,
    ),
    Golden(
        "nps-detractor",
        {"surveys": [asked("NPS", 6, 6)]},
        {"surveys": [asked("NPS", 6, 7)]},
        "NPS 6 on 2026-03-24",
        HIGH,
    ),
    Golden(
        "nps-passive",
        {"surveys": [asked("NPS", 6, 8)]},
        {"surveys": [asked("NPS", 6, 9)]},
        "NPS 8 on 2026-03-24: neither for us nor against",
        LOW,
    ),
    Golden(
        "survey-silence",
        {"surveys": [asked("NPS", 100), asked("CSAT", 30)]},
        {"surveys": [asked("NPS", 100), asked("CSAT", 30, 5)]},
        "2 survey requests in 26 weeks without an answer, the first of 2025-12-20",
        LOW,
    ),
    Golden(
        "negative-comment",
        {
            "surveys": [
                asked("NPS", 6, 9, comment="The support was terrible and the bugs are awful.")
            ]
        },
        {"surveys": [asked("NPS", 6, 9, comment="The support was good and quick.")]},
        "A negative survey comment on 2026-03-24",
        MEDIUM,
    ),
    Golden(
        "health-drop-15",
        {"health_scores": scores((35, 80), (1, 64))},
        {"health_scores": scores((35, 80), (1, 65))},
        "Health score moved by -16 in 30 days, to 64 on 2026-03-29",
        MEDIUM,
    ),
    Golden(
        "health-drop-30",
        {"health_scores": scores((8, 80), (1, 50))},
        {"health_scores": scores((8, 80), (1, 51))},
        "Health score moved by -30 within a week, to 50 on 2026-03-29",
        {"escalation_tier": "2"},
    ),
    Golden(
        "renewal-unconfirmed",
        {"renewals": [{"renewal_date": day(-90), "recorded_at": moment(200)}]},
        {"renewals": [{"renewal_date": day(-91), "recorded_at": moment(200)}]},
        "Renewal on 2026-06-28, in 90 days, not confirmed",
        {**MEDIUM, "likely_cause": "contract"},
    ),
    Golden(
        "renewal-hesitancy",
        {"messages": wrote("We do not need the extra seats, so please hold the upgrade back.", 4)},
        {"messages": wrote("We need the extra seats, please send the upgrade.", 4)},
        "They questioned budget, value or renewal on 2026-03-26",
        HIGH,
    ),
    Golden(
        "says-cancel-legal-breach",
        {"messages": wrote(CANCEL, 4)},
        {"messages": wrote("Please cancel our meeting on Tuesday.", 4)},
        "They spoke of cancelling on 2026-03-26",
        {"escalation_tier": "2"},
    ),
    Golden(
        "threat-or-competitor",
        {"messages": wrote("We are evaluating other vendors, a demo is booked.", 4)},
        {"messages": wrote("We are evaluating the new dashboards, a demo is booked.", 4)},
        "1 message or ticket in 4 weeks weighs alternatives to us, the last on 2026-03-26",
        HIGH,
    ),
    Golden(
        "upset-message",
        {"messages": [*wrote(UPSET, 4), *wrote(UPSET, 9)]},
        {"messages": wrote(UPSET, 15)},
        "2 upset messages in 2 weeks, the last on 2026-03-26",
        HIGH,
    ),
    Golden(
        "frustration-building",
        {"messages": wrote("This is a bit frustrating for our team.", 4)},
        {"messages": wrote("This is a bit new for our team.", 4)},
        "1 frustrated message in 2 weeks, the last on 2026-03-26",
        MEDIUM,
    ),
    Golden(
        "executive-involved",
        {"messages": wrote("The system is down since this morning.", 4, **EXECUTIVE)},
        {"messages": wrote("The system is down since this morning.", 4)},
        "One of their executives raised a concern in person on 2026-03-26, and was answered",
        {**HIGH, **NOW, "suggested_severity": "SEV-2"},
    ),
    Golden(
        "asks-for-higher",
        {"messages": wrote("I would like to speak to your manager.", 4)},
        {"messages": wrote("I would like to speak to your trainer.", 4)},
        "They asked for a manager or somebody higher on 2026-03-26, and were answered",
        {"escalation_tier": "2"},
    ),
    Golden(
        "threat-to-go-public",
        {"messages": wrote("If this goes on I will post about it on social media.", 4)},
        {"messages": wrote("Our social media team likes the new calendar.", 4)},
        "They threatened to go public on 2026-03-26",
        {**HIGH, **NOW, "escalation_tier": "4"},
    ),
    Golden(
        "breach-or-legal-fact",
        {"messages": wrote("Customer records were leaked to another company.", 4)},
        {"messages": wrote("Customer records were moved to another folder.", 4)},
        "They told of a breach on 2026-03-26",
        {**HIGH, **NOW, "escalation_tier": "4", "suggested_severity": "SEV-1"},
    ),
    Golden(
        "executive-to-ceo",
        {"messages": wrote("May I ask for ten minutes?", 4, recipient_role="ceo", **EXECUTIVE)},
        {"messages": wrote("May I ask for ten minutes?", 4, recipient_role="csm", **EXECUTIVE)},
        "Their executive wrote to our CEO on 2026-03-26, and was answered",
        {**HIGH, **NOW, "escalation_tier": "3", "suggested_severity": "SEV-2"},
    ),
    Golden(
        "social-complaint",
        {"messages": wrote("We were charged twice, the invoice is wrong.", 4, channel="social")},
        {"messages": wrote("We were charged twice, the invoice is wrong.", 4, channel="email")},
        "They raised it in public on 2026-03-26",
        {"escalation_tier": "2"},
    ),
    Golden(
        "waiting-on-us",
        {"messages": wrote("Is there any news on the import?", 3, answered=False)},
        {"messages": wrote("Is there any news on the import?", 2, answered=False)},
        "1 message that asks or complains has waited 63 hours for our answer, since 2026-03-27",
        {**HIGH, "waiting_on": "us", "likely_cause": "support"},
    ),
    Golden(
        "promise-broken",
        {"tickets": [ticket(9, promise_made_at=moment(8), promised_for=moment(1)), STUCK]},
        {"tickets": [ticket(9, promise_made_at=moment(8), promised_for=moment(0)), STUCK]},
        "A date that we promised passed on 2026-03-29, and the ticket is still open",
        {**HIGH, "waiting_on": "us"},
    ),
    Golden(
        "no-progress",
        {
            "tickets": [ticket(9, **WORKED_ON)],
            "ticket_events": events(
                *(("public_reply", ago) for ago in (8, 6, 4, 1)), ("assigned", 9)
            ),
        },
        {
            "tickets": [ticket(9, resolved_at=moment(1, 20))],
            "ticket_events": events(
                *(("public_reply", ago) for ago in (8, 6, 4, 1)), ("assigned", 9)
            ),
        },
        "1 open ticket after four answers and more, without a solution since 2026-03-21",
        MEDIUM,
    ),
    Golden(
        "no-contact-weeks",
        {"messages": wrote("Thank you, all is well.", 29)},
        {"messages": wrote("Thank you, all is well.", 27)},
        "No word from them for 28 days, since 2026-03-01",
        MEDIUM,
    ),
    Golden(
        "meetings-missed",
        {"meetings": met("missed", 3, 31, 59)},
        {"meetings": met("held", 3, 31, 59)},
        "3 meetings missed or cancelled in 12 weeks, the first on 2026-01-30",
        MEDIUM,
    ),
    Golden(
        "tasks-unfinished",
        {"tasks": [due(5, "customer")]},
        {"tasks": [due(5, "customer", done=2)]},
        "1 action item on their side left undone, the oldest since 2026-03-25",
        LOW,
    ),
    Golden(
        "outage",
        {"incidents": [incident(3)]},
        {"incidents": [incident(3, "maintenance")]},
        "An outage touched the account in working hours on 2026-03-27",
        {**HIGH, "suggested_severity": "SEV-2", "likely_cause": "product"},
    ),
    Golden(
        "outages-repeated",
        {"incidents": [incident(ago, "degraded") for ago in (12, 17, 24)]},
        {"incidents": [incident(ago, "degraded") for ago in (12, 17, 30)]},
        "3 incidents touched the account in 4 weeks, the last on 2026-03-18",
        HIGH,
    ),
    Golden(
        "expectation-gap",
        {"messages": wrote("We were told that this feature is in our plan.", 4)},
        {"messages": wrote("We see that this feature is in our plan.", 4)},
        "1 message or ticket in 2 weeks says something else was promised, the last on 2026-03-26",
        {**MEDIUM, "likely_cause": "expectations"},
    ),
    Golden(
        "billing-dispute",
        {"messages": wrote("The invoice is wrong, we were charged twice.", 4)},
        {"messages": wrote("The invoice has arrived, we pay it this week.", 4)},
        "1 message or ticket in 2 weeks disputes invoice, price or terms, the last on 2026-03-26",
        {**MEDIUM, "likely_cause": "contract"},
    ),
    Golden(
        "passed-around",
        {"messages": wrote("I was passed from one team to the next.", 4)},
        {"messages": wrote("I was helped by one team at once.", 4)},
        "1 message or ticket in 2 weeks tells of being passed around, the last on 2026-03-26",
        {**MEDIUM, "likely_cause": "experience"},
    ),
    Golden(
        "owner-changed",
        {
            "accounts": [{"csm": "Kim"}, {"csm": "Lee", "valid_from": day(4)}],
            "escalations": [escalation(10, None, "Import stuck")],
        },
        {
            "accounts": [{"csm": "Kim"}, {"csm": "Lee", "valid_from": day(14)}],
            "escalations": [escalation(10, None, "Import stuck")],
        },
        "The owner changed on 2026-03-26, in the middle of an escalation that is open since "
        "2026-03-20",
    ),
    Golden(
        "escalated-twice",
        {
            "escalations": [
                escalation(80, 70, "Import stuck"),
                escalation(20, 12, "The imports are stuck"),
            ]
        },
        {"escalations": [escalation(80, 70, "Import stuck"), escalation(20, 12, "Dashboard slow")]},
        "2 escalations on the same matter in 26 weeks, the last on 2026-03-10",
        {"executive_sponsor": "within-24h", "state": "recovery"},
    ),
    Golden(
        "escalation-stale",
        {"escalations": [escalation(17, None, "Import stuck")]},
        {"escalations": [escalation(15, None, "Import stuck", hour=0)]},
        "An escalation has been open for 16 days, since 2026-03-13",
        {"overdue": "True"},
    ),
    Golden(
        "several-red-flags",
        THREE_SIGNS,
        TWO_SIGNS,
        "Several kinds of warning signs at once",
        HIGH,
    ),
    Golden(
        "high-value-near",
        TWO_SIGNS,
        TWO_SIGNS,
        "Two kinds of warning signs at an account with 120,000 of revenue a year",
        MEDIUM,
        arr=120_000,
        near_arr=100_000,
    ),
)
