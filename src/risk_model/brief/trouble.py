"""What is wrong, how bad it is, and what points to its cause."""

from __future__ import annotations

from datetime import date

from risk_model.brief.blocks import Blank, Block, Fields, Grid, Paragraph, Points, Text
from risk_model.brief.events import HEARD_IN, texts
from risk_model.brief.story import Row, Story, ticket_name
from risk_model.brief.wording import (
    counted,
    date_text,
    is_known,
    lasting,
    listed,
    masked,
    one_line,
    time_text,
)
from risk_model.explain import TODAY
from risk_model.explain import told as figure_told
from risk_model.timeline import day_number

MOST = 8


def issue(story: Story) -> list[Block]:
    """What it is about: the open case as it was recorded, else what there is today."""
    blocks: list[Block] = []
    case = story.case
    if case is not None and story.is_escalated:
        said: Text = masked(case["issue"]) if case["issue"] else Blank("what the issue is")
        blocks.append(Paragraph(said))
    elif case is not None:
        told = f"The escalation of {date_text(case['opened_at'])}"
        told += f" ({masked(case['issue'])})" if case["issue"] else ""
        told += f" was {story.closed(case)}."
        today = f"Today it is about this: {story.summary}."
        blocks += [Paragraph(today), Paragraph(told)]
    else:
        blocks.append(Paragraph(f"{story.not_escalated}; it is on the watchlist."))
    still = story.open_tickets()
    if still:
        items = [f"{ticket_name(story, t)}, open {_age(story, t)}" for t in still[:MOST]]
        items += [f"and {len(still) - MOST} newer"] if len(still) > MOST else []
        blocks += [Paragraph(f"{counted(len(still), 'ticket')} open:"), Points(items)]
    running = [row for row in story.rows("incidents") if row["ended_at"] is None]
    if running:
        items = [
            f"{masked(row['kind'] or 'incident')} {one_line(row['incident_id'])}, since "
            f"{time_text(row['started_at'])}"
            for row in running[-MOST:]
        ]
        items += [f"and {len(running) - MOST} earlier"] if len(running) > MOST else []
        blocks += [Paragraph("Incidents without a recorded end:"), Points(items)]
    return blocks


def reasons(story: Story) -> list[Block]:
    """The list's own reasons, with the day they stand for."""
    said = [str(story.row[f"reason_{n}"]) for n in (1, 2, 3) if story.row[f"reason_{n}"]]
    heading = f"Signs on {date_text(story.now)}:"
    return [Paragraph(heading), Points(said)] if said else []


def summary(story: Story) -> list[Block]:
    """Two or three sentences: who, what, since when, and whose turn it is."""
    case, row = story.case, story.row
    if case is None:
        begin = f"{story.not_escalated}. On {date_text(story.now)} it stands at "
        begin += f"{row['risk_level']} risk: {story.summary}."
    else:
        severity = story.severity if story.is_escalated else story.case_severity
        begin = f"{story.name} escalated on {date_text(case['opened_at'])}"
        begin += f" ({severity})" if severity else ""
        begin += f": {masked(case['issue'])}." if case["issue"] else "."
        if not story.is_escalated:
            begin += f" It was {story.closed(case)}"
            begin += f", cause: {case['cause']}." if case["cause"] else "."
            begin += f" Today it stands at {row['risk_level']} risk: {story.summary}."
    turn = {
        "us": "The next move is ours.",
        "customer": "The next move is theirs.",
        "nobody": _nothing_late(story),
    }[str(row["waiting_on"])]
    why = {"product": "the product", "contract": "the contract", "experience": "their experience"}
    cause = f" The signs point to {why.get(story.cause, story.cause)}." if story.cause else ""
    return [Paragraph(f"{begin}{cause} {turn}")]


def _nothing_late(story: Story) -> str:
    """Return that nobody has to move, as far as what is recorded and understood tells."""
    told = "Nothing is late on either side."
    if any(story.since <= text.at and not text.is_understood for text in texts(story)):
        told = "Nothing is late on either side in what was understood of their texts."
    return story.told_with(told, "tickets", "messages", "tasks")


def level(story: Story) -> list[Block]:
    """Risk level, severity by business impact, tier and sponsor, with what each rests on."""
    row = story.row
    figure = f"{float(row['escalation_probability']):.0%}"
    # A score says what comes first, not what comes within so many days.
    figure += f" within {row['horizon_days']} days" if story.calibrated else ""
    named = "Probability of an escalation" if story.calibrated else "Score (no probability)"
    severe = [sign for sign in story.signs if sign.rule.severity == _number(story.severity)]
    # What somebody wrote down rests on no sign of today.
    recorded = story.is_escalated and story.case_severity
    because = f": {severe[0].says}" if severe and not recorded else ""
    sponsor = {"now": "now", "within-24h": "within 24 hours", "no": "not called for"}
    rows: list[tuple[str, Text]] = [
        ("Risk level", str(row["risk_level"])),
        ("Severity", f"{story.severity}{because}"),
        ("Tier", f"{row['escalation_tier']}"),
        ("Executive sponsor", sponsor[str(row["executive_sponsor"])]),
    ]
    return [Fields(rows if story.is_escalated else [*rows, (named, figure)])]


def impact(story: Story) -> list[Block]:
    """Figures only, each from the data, and what no table holds as a blank."""
    row, facts = story.row, story.facts
    rows: list[tuple[str, Text]] = [("Revenue a year", story.revenue)]
    if not story.is_escalated and is_known(row["arr_at_risk"]):
        name = "Revenue at risk" if story.calibrated else "Revenue at risk (by score)"
        rows.append((name, f"{float(row['arr_at_risk']):,.0f}"))
    if row["renewal_date"]:
        rows.append(("Renewal", f"{row['renewal_date']}{_days_until(story)}"))
    rows += _ticket_impact(story) + _incident_impact(story)
    change = facts.get("usage_change")
    if change is not None:
        told = "unchanged" if abs(float(change)) < 0.005 else figure_told(float(change), "change")
        rows.append(("Usage, 4 weeks against the 4 before", told))
    rows += _score_impact(story)
    rows.append(("Business impact on their side", Blank("what it costs them, in their words")))
    return [Fields(rows)]


def root_cause(story: Story) -> list[Block]:
    """The cause as recorded, and what points to one today, named as no more than that."""
    case = story.case
    blocks: list[Block] = []
    recorded = case is not None and bool(case["cause"])
    if case is not None and recorded:
        when = f" on {date_text(case['closed_at'])}" if story.tells_closings else ""
        blocks.append(Paragraph(f"Recorded at the closing{when}: {case['cause']}."))
    if story.cause:
        begin = "What there is today" if recorded else "Not established. What is on record"
        blocks.append(Paragraph(f"{begin} points to: {story.cause}."))
        evidence = list(story.advice.by_cause.get(story.cause, ()))
        blocks += [Points(evidence[:MOST])] if evidence else []
    elif not recorded:
        blocks.append(Paragraph("Not established, and nothing on record points anywhere."))
    return [*blocks, Paragraph(Blank("root cause, as found by the people who looked"))]


def factors(story: Story) -> list[Block]:
    """Every rule that fired, with the kind of cause that it speaks for."""
    if not story.signs:
        return [Paragraph("No rule fires on what was measured.")]
    rows = [(sign.says, sign.rule.cause or "") for sign in story.signs]
    return [Grid(("Factor", "Speaks for"), rows)]


def _wrote_unheard(story: Story) -> bool:
    """Whether they may have written what is not here: a table or its texts are not recorded."""
    text = {"messages": "text", "tickets": "description", "surveys": "comment"}
    return not all(story.records(table, text[table]) for table in HEARD_IN)


def said(story: Story) -> list[Block]:
    """What their messages, tickets and comments speak of, with dates; no words of theirs."""
    recent = [text for text in texts(story) if text.at >= story.since]
    rows = [(date_text(text.at), text.who, listed(text.said)) for text in recent if text.said]
    quiet = [text for text in recent if not text.said]
    foreign = sum(not text.is_understood for text in quiet)
    blocks: list[Block] = [Grid(("Date", "Who", "Speaks of"), rows[-MOST:])] if rows else []
    told = []
    if not rows and len(quiet) > foreign:
        told.append(f"{_texts(len(quiet) - foreign)} of theirs, none upset.")
    if foreign:
        which = f"{_texts(foreign)} of theirs {'is' if foreign == 1 else 'are'}"
        told.append(f"{which} in a language that is not understood.")
    if not recent and not _wrote_unheard(story):
        told.append(f"They have written nothing since {date_text(story.since)}.")
    elif not recent and any(story.records(table) for table in HEARD_IN):
        told.append(f"No words of theirs are on record since {date_text(story.since)}.")
    if not rows:
        told = [story.told_with(" ".join(told), *HEARD_IN).strip()]
    blocks += [Paragraph(sentences) for sentences in told if sentences]
    return [*blocks, Paragraph(Blank("what they say when you ask, in their own words"))]


def _texts(number: int) -> str:
    return counted(number, "message, ticket or comment", "messages, tickets and comments")


def prevention(story: Story) -> list[Block]:
    """What would have met the strongest sign, and what people decide."""
    steps = list(dict.fromkeys(sign.rule.do for sign in story.signs if sign.rule.kinds is None))
    first = str(story.row["recommended_action"])
    items: list[Text] = [first, *(step for step in steps if step.lower() not in first.lower())]
    return [
        Points(items[:4]),
        Paragraph([Blank("what changes so that it does not come again, with owner and date")]),
    ]


def _ticket_impact(story: Story) -> list[tuple[str, Text]]:
    still = story.open_tickets()
    if not still:
        return [("Open tickets", "none")] if story.records("tickets") else []
    urgent = sum(story.priority(ticket) in ("P1", "P2") for ticket in still)
    graded = any(story.priority(ticket) for ticket in still)
    told = f"{len(still)}, {urgent or 'none'} of them P1 or P2" if graded else f"{len(still)}"
    told += f"; the oldest since {date_text(still[0]['opened_at'])}"
    hit = [t["users_affected"] for t in still if t["users_affected"] is not None]
    rows: list[tuple[str, Text]] = [("Open tickets", told)]
    return [*rows, ("Users named in them", f"{max(hit):,.0f}")] if hit else rows


def _incident_impact(story: Story) -> list[tuple[str, Text]]:
    recent = [
        row
        for row in story.rows("incidents")
        if row["started_at"] >= story.since and row["kind"] != "maintenance"
    ]
    if not recent:
        return []
    over = [row for row in recent if row["ended_at"] is not None]
    seconds = sum(row["ended_at"] - row["started_at"] for row in over)
    told = f"{counted(len(recent), 'incident')} since {date_text(story.since)}"
    told += f", {lasting(seconds)} in all" if over else ""
    users = max((r["users_affected"] for r in recent if r["users_affected"]), default=None)
    told += f", up to {counted(users, 'user')} affected" if users else ""
    return [("Incidents", told)]


def _score_impact(story: Story) -> list[tuple[str, Text]]:
    rows: list[tuple[str, Text]] = []
    answers = [s for s in story.rows("surveys") if s["kind"] == "NPS" and s["score"] is not None]
    if answers:
        last = max(answers, key=lambda s: (s["responded_at"], s["survey_id"]))
        rows.append(("Last NPS", f"{last['score']:.0f} on {date_text(last['responded_at'])}"))
    scores = story.rows("health_scores")
    if scores:
        newest = max(scores, key=lambda r: r["scored_at"])
        rows.append(("Health", f"{newest['score']:.0f} on {date_text(newest['scored_at'])}"))
    return rows


def _age(story: Story, ticket: Row) -> str:
    return (
        f"for {lasting(story.now - ticket['opened_at'])} (since {date_text(ticket['opened_at'])})"
    )


def _days_until(story: Story) -> str:
    ahead = day_number(date.fromisoformat(str(story.row["renewal_date"]))) - story.day
    return f", in {counted(ahead, 'day')}" if ahead else f", {TODAY}"


def _number(severity: str) -> int:
    return int(severity.removeprefix("SEV-"))
