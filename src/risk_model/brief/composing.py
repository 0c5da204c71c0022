"""From a story to a document: the plan's sections, each part filled in by its own function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from risk_model.brief import agreement, record, trouble, work
from risk_model.brief.blocks import Blank, Block, Document, Paragraph, Points, Quote, Section
from risk_model.brief.events import HEARD_IN, events
from risk_model.brief.plan import Kind, SectionPlan
from risk_model.brief.story import Story
from risk_model.brief.unrecorded import NAMED_AT_THE_END
from risk_model.brief.wording import date_text, excerpt, time_text

PARTS: Mapping[str, Callable[[Story], list[Block]]] = {
    "after": work.after,
    "ask": work.ask,
    "billing": agreement.billing,
    "cadence": agreement.cadence,
    "case": record.case,
    "clock": work.clock,
    "communication": work.communication,
    "contacts": work.contacts,
    "convey": work.convey,
    "done": work.done,
    "escalation_path": agreement.escalation_path,
    "factors": trouble.factors,
    "gaps": agreement.gaps,
    "identity": record.identity,
    "impact": trouble.impact,
    "issue": trouble.issue,
    "level": trouble.level,
    "past_escalations": record.past_escalations,
    "path": work.path,
    "plan": work.plan,
    "prevention": trouble.prevention,
    "reasons": trouble.reasons,
    "repeated": record.repeated,
    "resolution": work.resolution,
    "root_cause": trouble.root_cause,
    "said": trouble.said,
    "service_levels": agreement.service_levels,
    "summary": trouble.summary,
    "teams": work.teams,
    "terms": agreement.terms,
    "timeline": record.timeline,
    "told": work.told,
}
SUBJECT, QUOTES = 90, 12


def compose(story: Story, kind: Kind) -> Document:
    """Return a document of that kind about the account."""
    plan = story.plans.documents[kind]
    title = _filled(plan.title, story)
    sections = [Section(section.heading, _blocks(section, story)) for section in plan.sections]
    if story.evidence:
        sections.append(Section("In their words", _quotes(story)))
    return Document(title, f"{plan.kind} · as of {date_text(story.now)}", sections, _notes(story))


def _filled(title: str, story: Story) -> str:
    parts = {"{account}": story.name, "{summary}": excerpt(story.summary, SUBJECT)}
    # One pass: what a name holds is never filled in again.
    pieces = title.replace("{account}", "\0{account}\0").replace("{summary}", "\0{summary}\0")
    return "".join(parts.get(piece, piece) for piece in pieces.split("\0"))


def _blocks(section: SectionPlan, story: Story) -> list[Block]:
    blocks: list[Block] = [Paragraph(section.says)] if section.says else []
    shortened = replace(story, most=section.most)
    for part in section.parts:
        blocks += PARTS[part](shortened)
    if section.blanks:
        blocks.append(Points([Blank(what) for what in section.blanks]))
    if section.checks:
        blocks.append(Points(list(section.checks), checks=True))
    return blocks


def _quotes(story: Story) -> list[Block]:
    """Return the newest words of theirs in the story's time, masked."""
    words = [event for event in events(story) if event.words][-QUOTES:]
    if not words:
        told = f"No words of theirs are on record since {date_text(story.since)}."
        return [Paragraph(story.told_with(told, *HEARD_IN))]
    told = f"Excerpts since {date_text(story.since)}; addresses and telephone numbers are masked."
    return [Paragraph(told), *(Quote(e.words, f"{time_text(e.at)}, {e.what}") for e in words)]


def _notes(story: Story) -> list[str]:
    day = date_text(story.now)
    told = f"Filled in from what was known before {day} 00:00 UTC. Marked blanks are for people."
    judged = f"Judged by {story.row['model_version']}."
    gaps = story.told_with("", *NAMED_AT_THE_END).strip()
    notes = [f"{note[:1].upper()}{note[1:]}." for note in story.notes]
    return [told, judged, *notes, *([gaps] if gaps else [])]
