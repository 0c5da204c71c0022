"""Who the account is, the case as a record, its timeline, and what came before it."""

from __future__ import annotations

from risk_model.brief.blocks import Blank, Block, Fields, Grid, Paragraph, Points, Text
from risk_model.brief.events import events
from risk_model.brief.story import Row, Story
from risk_model.brief.unrecorded import NAMED_AT_THE_END
from risk_model.brief.wording import (
    counted,
    date_text,
    lasting,
    masked,
    one_line,
    time_text,
)
from risk_model.timeline import DAY

Rows = list[tuple[str, Text]]


def identity(story: Story) -> list[Block]:
    """Who the account is on that day."""
    rows: Rows = [("Customer", story.full_name)]
    for name, label in (("segment", "Segment"), ("plan", "Plan"), ("region", "Region")):
        if story.account.get(name):
            rows.append((label, one_line(story.account[name])))
    return [Fields(rows)]


def case(story: Story) -> list[Block]:
    """The head of the tracking document."""
    open_case = story.case
    is_told = story.records("escalations")
    status = "at risk, not escalated" if is_told else "at risk; escalations are not recorded here"
    opened: Text = "not escalated" if is_told else Blank("when it escalated, if it has")
    target: Text = Blank("target date")
    if open_case is not None:
        status = "open" if story.is_escalated else story.closed(open_case)
        opened = time_text(open_case["opened_at"])
        end = open_case["opened_at"] + story.how.stale_after_days * DAY
        late = ", overdue" if story.is_escalated and end < story.now else ""
        target = f"{date_text(end)} ({story.how.stale_after_days} days{late})"
    rows: Rows = [
        ("Id", one_line(open_case["escalation_id"]) if open_case else Blank("escalation id")),
        ("Customer", story.full_name),
        ("Revenue a year", story.revenue),
        ("Severity", _severity(story)),
        ("Status", status),
        (
            "Owner",
            one_line(open_case["owner"]) if open_case and open_case["owner"] else Blank("owner"),
        ),
        ("Opened", opened),
        ("Target", target),
    ]
    blocks: list[Block] = [Fields(rows)]
    worst = min(story.severity, story.case_severity or story.severity)
    if worst in ("SEV-3", "SEV-4"):
        blocks.append(
            Paragraph(f"Tracking documents are kept for SEV-1 and SEV-2; this is {worst}.")
        )
    return blocks


def timeline(story: Story) -> list[Block]:
    """What happened, oldest first; no words of theirs."""
    found = events(story)
    if not found:
        told = f"Nothing on record since {date_text(story.since)}."
        return [Paragraph(story.told_with(told, *NAMED_AT_THE_END))]
    most = story.most or story.plans.timeline_rows
    # The opening is the point of it all: it is shown however much came after it.
    older = found[:-most] if len(found) > most else []
    opening = [e for e in older if story.case is not None and e.at == story.began]
    newest = [*opening, *found[len(older) :]]
    left = len(found) - len(newest)
    blocks: list[Block] = []
    if left:
        told = f"{counted(left, 'earlier event')} since {date_text(story.since)} not shown."
        blocks.append(Paragraph(told))
    blocks.append(Grid(("When", "What"), [(time_text(e.at), e.what) for e in newest]))
    return blocks


def repeated(story: Story) -> list[Block]:
    """Whether the same kind has come often enough for a post-mortem, and when it came."""
    kinds = same_kind(story)
    after = story.plans.post_mortem_after
    due = {cause: rows for cause, rows in kinds.items() if len(rows) >= after}
    if not due:
        return [Paragraph(_not_due(story, max(map(len, kinds.values()), default=0)))]
    items: list[Text] = []
    for cause, rows in sorted(due.items()):
        days = ", ".join(date_text(row["opened_at"]) for row in rows)
        times = f"{counted(len(rows), 'time')} within {story.plans.post_mortem_days} days"
        items.append(f"{cause}: {times} ({days})")
    return [Paragraph("Due: the same kind has come again and again."), Points(items)]


def _not_due(story: Story, most: int) -> str:
    """Return that too few of a kind came, or that nobody can know."""
    if not story.records("escalations", "cause"):
        what = "causes of escalations" if story.records("escalations") else "escalations"
        return f"Whether it is due is not known: {what} are not recorded here."
    days = f"within {story.plans.post_mortem_days} days"
    told = f"the commonest kind came {counted(most, 'time')} {days}"
    told = told if most else f"no escalation {days} has a known cause"
    return f"Not due yet: {told}, and {story.plans.post_mortem_after} call for a post-mortem."


def same_kind(story: Story) -> dict[str, list[Row]]:
    """Return the escalations of the last days by their cause, oldest first.

    A cause is recorded at the closing; an open case counts for the one that its signs point to.
    """
    begin = story.now - story.plans.post_mortem_days * DAY
    kinds: dict[str, list[Row]] = {}
    for row in _in_order(story):
        is_case = story.case is not None and row["escalation_id"] == story.case["escalation_id"]
        cause = str(row["cause"] or (story.cause if is_case and story.is_escalated else ""))
        if row["opened_at"] >= begin and cause:
            kinds.setdefault(cause, []).append(row)
    return kinds


def _in_order(story: Story) -> list[Row]:
    return sorted(story.rows("escalations"), key=lambda r: (r["opened_at"], r["escalation_id"]))


def past_escalations(story: Story) -> list[Block]:
    """Every escalation on record, with what is known of it."""
    rows = []
    for row in _in_order(story):
        end = row["closed_at"]
        took = lasting(end - row["opened_at"]) if end is not None else "open"
        took = took if story.tells_closings else "not recorded"
        rows.append(
            (
                one_line(row["escalation_id"]),
                date_text(row["opened_at"]),
                took,
                masked(row["issue"]) if row["issue"] else Blank("issue"),
                str(row["cause"]) if row["cause"] else "not established",
            )
        )
    if not rows:
        told = "No escalation is on record." if story.records("escalations") else ""
        return [Paragraph(story.told_with(told, "escalations").strip())]
    return [Grid(("Id", "Opened", "Took", "Issue", "Cause"), rows)]


def _severity(story: Story) -> str:
    """Return the case's severity with, unless that is it, the one that counts today."""
    suggested = f"{story.severity} (suggested, by business impact)"
    if story.case is None or story.is_escalated:
        return story.case_severity or suggested
    then = story.case_severity or "not recorded"
    return f"{then}; today {suggested}"
