"""Accounts whose rows used to say something false or to contradict themselves: a story each."""

from __future__ import annotations

from golden_company import Rows, ticket, used, wrote
from golden_rules import EXECUTIVE, asked, due, escalation, incident, met
from small_company import Row, day, moment

UPSET = "This is unacceptable, the sync is broken again! When will it be fixed?"
ASKS = "Could you send us the new price list?"
# Days for which something of theirs has waited, or something of ours is overdue.
WAITS = {
    "complaint": (3, 13, 15, 29, 31, 60, 83),
    "question": (3, 13, 15, 40, 83),
    "unanswered": (3, 15, 31, 91, 181),
    "open": (3, 13, 15, 91, 181),
    "promise": (3, 29, 31, 91),
    "task": (3, 29, 31, 91),
}


def _waits(kind: str, ago: int) -> Rows:
    """Return the story of what has waited for us, or been overdue with us, for so many days."""
    promised = {"promise_made_at": moment(ago + 9), "promised_for": moment(ago)}
    replied = {"kind": "public_reply", "occurred_at": moment(1, 9)}
    stories: dict[str, Rows] = {
        "complaint": {"messages": wrote(UPSET, ago, answered=False)},
        "question": {"messages": wrote(ASKS, ago, answered=False)},
        "unanswered": {"tickets": [ticket(ago, first_response_at="", priority="P4")]},
        "open": {"tickets": [ticket(ago)]},
        "promise": {"tickets": [ticket(ago + 9, **promised)], "ticket_events": [replied]},
        "task": {"tasks": [due(ago, "us")]},
    }
    return stories[kind]


WORRIED = "I'm worried about the sync delays, my teams lose hours each day."
MANAGER = "I want to talk to your manager about the delays."
INVOICE = "The invoice is wrong: you charged us twice. Please correct it."
TO_CEO = {**EXECUTIVE, "recipient_role": "ceo"}
QUIET_FOR = (40, 83, 85, 181, 184, 250)


def thanks(ago: int, **more: object) -> list[Row]:
    text = "Thank you for the dinner and congratulations on the award."
    return wrote(text, ago, answered=False, **more)


def in_a_thread(text: str) -> list[Row]:
    """Return four messages in one thread, each answered."""
    told = ((9, "two"), (8, "three"), (6, "four"), (5, "five"))
    return [row for ago, word in told for row in wrote(text.format(word), ago, thread_id="W")]


# What keeps an account whose use fades from being a silent leaver.
LOUD: dict[str, Rows] = {
    **{
        name: {"messages": wrote(text, 40)}
        for name, text in {
            "press": "We will post about this on social media and call the press.",
            "lawyers": "Our lawyers will take legal action against you.",
            "breach": "Personal data of our customers was exposed to another company.",
            "down": "Our system is down and nobody can work since this morning.",
            "told": "We were told that this was included in our plan, and now it is not.",
            "passed": "We have been passed from team to team.",
            "upset": UPSET,
        }.items()
    },
    "manager": {"messages": wrote(MANAGER, 5)},
    "nps": {"surveys": [asked("NPS", 40, 0)]},
    "ticket": {"tickets": [ticket(60)]},
}
TWO_BLIPS = [incident(4, "degraded"), incident(12, "degraded")]
STORIES: dict[str, Rows] = {
    **{f"{kind}-{ago}": _waits(kind, ago) for kind, days in WAITS.items() for ago in days},
    "asked-thrice": {
        "messages": [row for ago in (20, 10, 3) for row in wrote(ASKS, ago, answered=False)]
    },
    "told-lost": {"messages": wrote("All our records of March are gone after the migration.", 3)},
    "told-lost-upset": {
        "messages": wrote("The new release deleted half of our contacts, this is a disaster.", 3)
    },
    "told-lost-waits": {
        "messages": [
            *wrote("All our records of March are gone after the migration.", 6),
            *wrote(UPSET, 5, answered=False),
        ],
        "tickets": [ticket(5, first_response_at="", priority="P2")],
    },
    "told-lost-legal": {
        "messages": [
            *wrote("All our records of March are gone after the migration.", 20),
            *wrote("We have instructed our lawyers in this matter.", 3),
        ]
    },
    "ticket-waits-longer": {
        "messages": wrote("We are going to cancel our contract.", 4, answered=False),
        "tickets": [ticket(100)],
    },
    "told-down": {"messages": wrote("The system is down since 8 am.", 3)},
    "told-stopped": {"messages": wrote("Our production is down since 8 am. Nobody can work.", 3)},
    "told-down-long-ago": {
        "messages": wrote("Our production is down since 8 am. Nobody can work.", 20)
    },
    "night-and-day": {"incidents": [incident(10, hour=2), incident(4, "degraded")]},
    "by-day": {"incidents": [incident(10)]},
    "third-runs": {"incidents": [*TWO_BLIPS, incident(1, hour=23, ended_at="")]},
    "third-degraded-runs": {"incidents": [*TWO_BLIPS, incident(1, "degraded", 23, ended_at="")]},
    "third-lost": {"incidents": [*TWO_BLIPS, incident(20, "data-loss")]},
    "runs-and-upset": {
        "incidents": [incident(1, hour=23, ended_at="")],
        "messages": wrote(UPSET, 5, answered=False),
    },
    **{f"lost-{ago}": {"incidents": [incident(ago, "data-loss")]} for ago in (3, 15, 27, 29)},
    "long-incident": {"incidents": [incident(20, "degraded", ended_at=moment(19))]},
    "executive-worried": {"messages": wrote(WORRIED, 3, **EXECUTIVE)},
    "executive-waits": {"messages": wrote(WORRIED, 1, answered=False, **EXECUTIVE)},
    "executive-thanks-later": {
        "messages": [*wrote(WORRIED, 20, **EXECUTIVE), *thanks(18, **EXECUTIVE)]
    },
    "to-our-ceo": {"messages": wrote(ASKS, 3, **TO_CEO)},
    "to-our-ceo-waits": {"messages": wrote(ASKS, 1, answered=False, **TO_CEO)},
    "thanks-our-ceo": {"messages": thanks(3, **TO_CEO)},
    "manager-called": {"messages": wrote(MANAGER, 20)},
    "manager-waits": {"messages": wrote(MANAGER, 1, answered=False)},
    "executive-invoice": {"messages": wrote(INVOICE, 3, **EXECUTIVE)},
    "executive-down": {
        "messages": wrote("Our production is down. Nobody can work.", 3, **EXECUTIVE)
    },
    "upset-answered": {"messages": wrote("This is outrageous, I am furious with you.", 5)},
    "scheduling": {"messages": in_a_thread("We will join the workshop with {} people.")},
    "asking": {"messages": in_a_thread("When will the export of our {} lists work?")},
    "renewal-passed": {
        "accounts": [{"contract_end": ""}],
        "renewals": [{"renewal_date": day(2), "recorded_at": moment(200)}],
    },
    "renewal-followed": {
        "renewals": [
            {"renewal_date": day(2), "recorded_at": moment(200)},
            {"renewal_date": day(-360), "recorded_at": moment(3)},
        ]
    },
    "renewal-long-ago": {"renewals": [{"renewal_date": day(40), "recorded_at": moment(200)}]},
    "renews-by-itself": {
        "renewals": [{"renewal_date": day(-40), "recorded_at": moment(200), "auto_renew": "true"}]
    },
    "twice-long-ago": {
        "escalations": [
            escalation(170, 165, "Import stuck"),
            escalation(150, 110, "The imports are stuck"),
        ]
    },
    "twice-closed-lately": {
        "escalations": [
            escalation(170, 165, "Import stuck"),
            escalation(150, 80, "The imports are stuck"),
        ]
    },
    **{f"quiet-{ago}": {"messages": wrote("Sounds good.", ago)} for ago in QUIET_FOR},
    "quiet-but-met": {"messages": wrote("Sounds good.", 60), "meetings": met("held", 5)},
    **{f"fades-{kind}": {"usage": used(100, 40), **more} for kind, more in LOUD.items()},
    "fades": {"usage": used(100, 40), "messages": wrote("We see the report.", 60)},
    "low-csat": {"surveys": [asked("CSAT", 6, 1)]},
    "missed-twice": {"meetings": met("missed", 60, 50)},
    "promoter": {"surveys": [asked("NPS", 6, 9)]},
    "thanks": {"messages": thanks(4)},
    "upset-and-promised": {**_waits("promise", 3), "messages": wrote(UPSET, 5)},
}
