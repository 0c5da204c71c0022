"""One company with an account for every line of practice: built, scored by the rules, once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from small_company import Row, account, day, moment, solved, ticket, write_tables

CALM, ANGRY = (
    "Please tell us the next steps.",
    "THIS IS A DISGRACE!!! I am furious, you useless people!",
)
FACTS = {
    "breach": "Personal data of our customers was exposed to another company.",
    "down": "Our system is down and nobody can work since this morning.",
    "button": "The export button is a little off in the report.",
    "invoice": "The invoice is wrong and we dispute the price increase.",
}
SAYS = {
    "threat": "We are going to cancel our contract and move to another vendor.",
    "upset": "This is unacceptable. I am furious and fed up with this product.",
    "public": "We will post about this on social media and call the press.",
    "legal": "We have instructed our lawyers in this matter.",
    "compliance": "Our auditors say this is a compliance violation that we must report.",
    "told": "We were told that this was included in our plan, and now it is not.",
    "passed": "We have been passed from team to team and everybody says something else.",
    "billing": FACTS["invoice"],
    "ask": "Can you send us the new price list?",
    "thanks": "Thanks, see you on Thursday.",
}
# Revenue a year: ten large accounts, and golden ones far below one percent of the company's.
LARGE, SMALL, ABOVE_SHARE = 60_000, 1_000, 30_000


# Where an account is, for the business hours.
PLACES = {
    "in-emea": {"region": "EMEA"},
    "in-new-york": {"region": "EMEA", "timezone": "America/New_York"},
    "on-mars": {"region": "EMEA", "timezone": "Mars/Olympus"},
    "in-atlantis": {"region": "Atlantis"},
}


class Golden:
    """Rows by table; each method adds what happened to one account."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Row]] = {
            name: []
            for name in (
                *("accounts", "usage", "tickets", "messages", "meetings", "tasks", "renewals"),
                *("incidents", "escalations", "surveys"),
            )
        }
        self.known: set[str] = set()
        self.number = 1000

    def key(self) -> int:
        self.number += 1
        return self.number

    def an(self, name: str, **more: Any) -> str:
        """Add an account; one that is not said anything of is an ordinary one."""
        if name not in self.known:
            self.known.add(name)
            self.tables["accounts"].append(account(name, **{"arr": SMALL, **more}))
        return name

    def writes(
        self, name: str, text: str, ago: int = 3, answered: bool = True, **more: Any
    ) -> None:
        """Add a message of theirs and, unless it waits for us, our answer a few hours later."""
        self.an(name)
        row = {"account_id": name, "sent_at": moment(ago, 8), "channel": "email"}
        theirs = {"direction": "inbound", "sender_role": "user", "text": text, **more}
        self.tables["messages"].append({"message_id": f"M{self.key()}", **row, **theirs})
        if answered:
            self.answers(name, ago)

    def answers(self, name: str, ago: int) -> None:
        row = {"account_id": self.an(name), "sent_at": moment(ago, 11), "channel": "email"}
        ours = {"direction": "outbound", "text": "We are on it.", "recipient_role": ""}
        self.tables["messages"].append({"message_id": f"M{self.key()}", **row, **ours})

    def uses(self, name: str, before: int, now: int) -> None:
        """Add use: so many actions a week before the last four weeks, and in them."""
        for ago in range(1, 85, 7):
            row = {"account_id": self.an(name), "date": day(ago), "active_users": 5}
            self.tables["usage"].append({**row, "actions": now if ago < 28 else before})

    def files(self, name: str, opened: str, **more: Any) -> None:
        self.tables["tickets"].append(ticket(self.key(), self.an(name), opened, **more))

    def solves(self, name: str, count: int, ago: int) -> None:
        for _ in range(count):
            self.tables["tickets"].append(solved(self.key(), self.an(name), ago))

    def misses(self, name: str, count: int) -> None:
        for number in range(count):
            row = {"account_id": self.an(name), "status": "missed"}
            met = {"meeting_id": f"G{self.key()}", "scheduled_at": moment(5 + 9 * number)}
            self.tables["meetings"].append({**met, **row})

    def owes(self, name: str, side: str, due: int) -> None:
        row = {"account_id": self.an(name), "owner_side": side, "created_at": moment(due + 9)}
        self.tables["tasks"].append(
            {"task_id": f"K{self.key()}", **row, "due_at": moment(due), "done_at": ""}
        )

    def fails(self, name: str, incident: str, kind: str, ago: int, lasting: int = 2) -> None:
        row = {"incident_id": incident, "account_id": self.an(name), "kind": kind}
        times = {"started_at": moment(ago, 1), "ended_at": moment(ago, 1 + lasting)}
        self.tables["incidents"].append({**row, **times, "users_affected": 4})

    def escalated(self, name: str, opened: int, closed: int | None, **more: Any) -> None:
        row = {"escalation_id": f"E{self.key()}", "account_id": self.an(name)}
        times = {"opened_at": moment(opened), "closed_at": "" if closed is None else moment(closed)}
        told = {"severity": 3, "acknowledged_at": "", "last_update_at": "", "issue": ""}
        self.tables["escalations"].append({**row, **times, **told, **more})

    def answers_survey(self, name: str, score: int) -> None:
        row = {"survey_id": f"S{self.key()}", "account_id": self.an(name), "kind": "NPS"}
        self.tables["surveys"].append(
            {**row, "sent_at": moment(9), "responded_at": moment(8), "score": score}
        )

    def renews(self, name: str, ahead: int) -> None:
        self.tables["renewals"].append(
            {"account_id": self.an(name), "renewal_date": day(-ahead), "confirmed_at": ""}
        )


def company() -> Mapping[str, list[Row]]:
    """Return the tables."""
    golden = Golden()
    _background(golden)
    _levels(golden)
    _tones(golden)
    _holders(golden)
    _causes(golden)
    _turns(golden)
    _after(golden)
    return golden.tables


def write(folder: Path) -> Path:
    """Write the company as CSV."""
    return write_tables(folder, **company())


def _background(golden: Golden) -> None:
    """Ten large accounts, and one whose rows reach from long ago to yesterday in every table."""
    for number in range(10):
        golden.an(f"large-{number}", arr=LARGE + number)
    for ago in (180, 1):
        golden.solves("steady", 1, ago)
        golden.writes("steady", SAYS["thanks"], ago)
        golden.fails("steady", f"old-{ago}", "maintenance", ago)
        golden.tables["usage"].append({"account_id": "steady", "date": day(ago), "actions": 20})
        row = {"account_id": "steady", "status": "held", "scheduled_at": moment(ago)}
        golden.tables["meetings"].append({"meeting_id": f"G{ago}", **row})
        row = {"task_id": f"K{ago}", "account_id": "steady", "owner_side": "us"}
        times = {"created_at": moment(ago, 1), "done_at": moment(ago, 2), "due_at": day(-50)}
        golden.tables["tasks"].append({**row, **times})
        row = {"survey_id": f"S{ago}", "account_id": "steady", "kind": "NPS", "score": 10}
        answered = {"sent_at": moment(ago, 1), "responded_at": moment(ago, 2)}
        golden.tables["surveys"].append({**row, **answered})
    golden.escalated("forgotten", 400, 390)
    golden.escalated("forgotten-too", 2, 1, severity=4)


def _levels(golden: Golden) -> None:
    golden.writes("threat", SAYS["threat"])
    golden.writes("upset", SAYS["upset"])
    golden.files("strong", moment(4), priority="P1", first_response_at=moment(4, 13))
    golden.uses("several", 100, 40)
    golden.solves("several", 4, 2)
    golden.misses("several", 3)
    golden.uses("warning", 100, 40)
    golden.writes("weeks-without-contact", SAYS["thanks"], ago=40)
    golden.misses("misses-several", 3)
    golden.misses("misses-one", 1)
    golden.an("quiet")


def _tones(golden: Golden) -> None:
    for fact, told in FACTS.items():
        golden.writes(f"calm-{fact}", f"{told} {CALM}")
        golden.writes(f"angry-{fact}", f"{told} {ANGRY}")


def _holders(golden: Golden) -> None:
    golden.files("past-sla", moment(4), first_response_at=moment(4, 13), sla_due_at=moment(2))
    golden.uses("cause-unknown", 100, 40)
    golden.misses("cause-unknown", 3)
    golden.writes("cause-unknown", SAYS["thanks"], ago=40)
    to_ceo = {"sender_role": "executive", "recipient_role": "ceo"}
    golden.writes("executive", SAYS["ask"], **to_ceo)
    golden.an("executive-large", arr=ABOVE_SHARE)
    golden.writes("executive-large", SAYS["ask"], **to_ceo)
    for name in ("shared-1", "shared-2", "shared-3"):
        golden.fails(name, "I-shared", "outage", 2)
    golden.fails("alone", "I-alone", "outage", 2)
    golden.an("top-ten", arr=LARGE * 2)
    golden.writes("top-ten", SAYS["upset"])
    golden.an("largest", arr=LARGE * 5)
    golden.an("much-revenue", arr=LARGE * 3)
    golden.writes("much-revenue", SAYS["upset"])
    for name in ("public", "legal", "compliance"):
        golden.writes(name, SAYS[name])
    golden.renews("date-alone", 20)


def _causes(golden: Golden) -> None:
    golden.fails("product", "I-product", "outage", 3, 8)
    golden.files("support", moment(5), first_response_at="")
    golden.writes("expectations", SAYS["told"])
    golden.writes("contract", SAYS["billing"])
    golden.writes("experience", SAYS["passed"])
    golden.uses("adoption", 100, 40)
    golden.solves("piling-up", 5, 2)
    for name, place in PLACES.items():
        golden.an(name, **place)
        golden.solves(name, 5, 2)
    golden.answers_survey("detractor", 3)
    golden.renews("renewal", 60)
    golden.writes("silence", SAYS["thanks"], ago=40)
    promise = {"promise_made_at": moment(9, 13), "promised_for": moment(2)}
    golden.files("promise", moment(9), first_response_at=moment(9, 13), **promise)


def _turns(golden: Golden) -> None:
    golden.writes("waits", SAYS["ask"], ago=4, answered=False)
    golden.writes("waits-and-leaves", SAYS["ask"], ago=4, answered=False)
    golden.writes("waits-and-leaves", SAYS["threat"], ago=4, answered=False)
    golden.writes("waits-a-day", SAYS["ask"], ago=1, answered=False)
    golden.writes("waits-for-weeks", SAYS["ask"], ago=20, answered=False)
    golden.owes("waits-for-weeks", "customer", 3)
    golden.owes("we-owe", "us", 3)
    golden.owes("they-owe", "customer", 3)
    golden.writes("we-spoke-last", SAYS["thanks"], ago=5)
    golden.uses("silent-leaver", 100, 30)
    golden.uses("loud-leaver", 100, 30)
    golden.writes("loud-leaver", SAYS["upset"])


def _after(golden: Golden) -> None:
    for name, ago in {"week-1": 3, "weeks-2-4": 20, "month-2": 40, "month-3": 80}.items():
        golden.escalated(name, ago + 9, ago)
    golden.escalated("month-6", 160, 150)
    golden.escalated("over-it", 220, 200)
    golden.escalated("relapsing", 29, 20)
    golden.writes("relapsing", SAYS["threat"])
    golden.escalated("open-stale", 20, None, acknowledged_at=moment(20, 13))
    golden.escalated("open-late", 3, None, severity=2)
    golden.escalated("open-twice", 60, 50, issue="Sync with the warehouse fails")
    answered = {"acknowledged_at": moment(3, 13), "last_update_at": moment(3, 14)}
    golden.escalated("open-twice", 3, None, issue="The warehouse sync failed again", **answered)
    golden.escalated("open-other", 60, 50, issue="Sync with the warehouse fails")
    golden.escalated("open-other", 3, None, issue="Invoice of May is wrong", **answered)
    golden.renews("open-renewal", 30)
    golden.escalated("open-renewal", 3, None, **answered)
    golden.an("open-large", arr=LARGE * 2)
    golden.escalated("open-large", 3, None, **answered)
