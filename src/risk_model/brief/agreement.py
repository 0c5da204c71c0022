"""What an account may expect of us: the checklist that onboarding goes through."""

from __future__ import annotations

from risk_model.brief.blocks import Blank, Block, Fields, Grid, Paragraph, Text
from risk_model.brief.events import HEARD, texts
from risk_model.brief.story import Story
from risk_model.brief.wording import counted, date_text, day_text, lasting, one_line
from risk_model.brief.work import every
from risk_model.respond.spec import SeverityResponse
from risk_model.timeline import DAY

A_DAY = 24 * 60
Rows = list[tuple[str, Text]]


def gaps(story: Story) -> list[Block]:
    """Texts that say that something else was promised: each is a point to clear up."""
    gap = HEARD["expectation_gap"]
    found = [date_text(text.at) for text in texts(story) if gap in text.said]
    if not found:
        return []
    told = "They spoke of something else that was promised: "
    return [Paragraph(told + ", ".join(found[-8:]) + ".")]


def service_levels(story: Story) -> list[Block]:
    """What we promise if it escalates, and how soon tickets were answered so far."""
    rows = [
        (name, f"within {_acknowledged(answer)}", answer.then, every(answer))
        for name, answer in sorted(story.how.severities.items())
    ]
    blocks: list[Block] = [Grid(("If it escalates", "Acknowledged", "Then", "Updates"), rows)]
    answered = [t for t in story.rows("tickets") if t["first_response_at"] is not None]
    if answered:
        waits = sorted(t["first_response_at"] - t["opened_at"] for t in answered)
        told = f"First answers so far: {counted(len(waits), 'ticket')}, half of them within "
        blocks.append(Paragraph(f"{told}{lasting(waits[(len(waits) - 1) // 2])}."))
    return blocks


def billing(story: Story) -> list[Block]:
    """What it costs, as far as the account's record knows."""
    rows: Rows = [
        ("Revenue a year", story.revenue),
        ("Invoiced", Blank("when, to whom, in what currency")),
    ]
    return [Fields(rows)]


def terms(story: Story) -> list[Block]:
    """Contract and renewal."""
    start, end = story.account.get("contract_start"), story.account.get("contract_end")
    rows: Rows = [
        ("Contract began", _day(start) or Blank("contract start")),
        ("Contract ends", _day(end) or Blank("contract end, or that it has none")),
    ]
    ahead = [
        r for r in story.rows("renewals") if r["renewal_date"] and r["renewal_date"] >= story.day
    ]
    if ahead:
        first = min(ahead, key=lambda r: r["renewal_date"])
        auto = {True: ", renews by itself", False: ", has to be confirmed"}.get(
            first["auto_renew"], ""
        )
        done = first["confirmed_at"]
        told = f", confirmed on {date_text(done)}" if done is not None else ""
        if done is None and story.records("renewals", "confirmed_at"):
            told = ", not confirmed"
        rows.append(("Next renewal", f"{day_text(first['renewal_date'])}{auto}{told}"))
    else:
        rows.append(("Next renewal", Blank("renewal date, and whether it renews by itself")))
    rows.append(("Notice", Blank("notice period")))
    return [Fields(rows)]


def cadence(story: Story) -> list[Block]:
    """How often we met so far."""
    begin = story.now - 84 * DAY
    recent = [m for m in story.rows("meetings") if begin <= m["scheduled_at"] < story.now]
    held = sum(meeting["status"] == "held" for meeting in recent)
    rows: Rows = []
    if story.records("meetings"):
        rows.append(("Meetings of the last 12 weeks", f"{held} held of {len(recent)} planned"))
    rows.append(("Agreed rhythm", Blank("check-ins and reviews: how often, with whom")))
    return [Fields(rows)]


def escalation_path(story: Story) -> list[Block]:
    """Whom to call: the names on record, then those to fill in. One step at a time."""
    rows: Rows = [
        (
            label,
            one_line(story.account[name])
            if story.account.get(name)
            else Blank(f"name of the {label}"),
        )
        for name, label in (("csm", "CSM"), ("csm_manager", "CSM's manager"))
    ]
    rows += [(_capital(step), Blank(f"name of the {step}")) for step in story.how.chain]
    return [Fields(rows)]


def _acknowledged(answer: SeverityResponse) -> str:
    """Return how soon it is acknowledged, in the hours that count: open ones, or all."""
    minutes = answer.acknowledge_minutes
    if answer.acknowledge_counted == "business-days" and minutes % A_DAY == 0:
        return counted(minutes // A_DAY, "working day")
    told = lasting(minutes * 60)
    if answer.acknowledge_counted == "clock":
        return told
    number, unit = told.rsplit(" ", 1)
    return f"{number} business {unit}"


def _day(seconds: object) -> str:
    if seconds is None or seconds != seconds:  # noqa: PLR0124  (NaN)
        return ""
    return date_text(float(str(seconds)))


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]
