"""How bad it would be, who should hold it, and what to do first: from rules, facts and ARR."""

from risk_model.respond.advice import Advice, Offer, advice
from risk_model.respond.causes import causes, count_signs, evidence
from risk_model.respond.clocks import answer_to, clocks, due_at, owner_of, unplaced
from risk_model.respond.escalated import (
    Open,
    Standing,
    rules_of,
    sponsor_within_a_day,
    standing,
)
from risk_model.respond.facts import FACTS
from risk_model.respond.holders import sponsors, tiers
from risk_model.respond.hours import BusinessHours, Calendar
from risk_model.respond.levels import LEVELS, fired_rules, lead_of, likeliest, risk_levels
from risk_model.respond.severity import (
    SeverityPlan,
    decided,
    facts_behind,
    floors_of,
    named,
    tone_of,
    with_fact,
)
from risk_model.respond.spec import STAGES, Response
from risk_model.respond.states import (
    fades_unheard,
    in_care,
    recovery_stages,
    states,
    with_relapse,
)
from risk_model.respond.steps import first_steps
from risk_model.respond.turn import silent_hours, waiting_on, with_silence
from risk_model.respond.unread import step_of_unread, unread, with_unread

__all__ = [
    "FACTS",
    "LEVELS",
    "STAGES",
    "Advice",
    "BusinessHours",
    "Calendar",
    "Offer",
    "Open",
    "Response",
    "SeverityPlan",
    "Standing",
    "advice",
    "answer_to",
    "causes",
    "clocks",
    "count_signs",
    "decided",
    "due_at",
    "evidence",
    "facts_behind",
    "fades_unheard",
    "fired_rules",
    "first_steps",
    "floors_of",
    "in_care",
    "lead_of",
    "likeliest",
    "named",
    "owner_of",
    "recovery_stages",
    "risk_levels",
    "rules_of",
    "silent_hours",
    "sponsor_within_a_day",
    "sponsors",
    "standing",
    "states",
    "step_of_unread",
    "tiers",
    "tone_of",
    "unplaced",
    "unread",
    "waiting_on",
    "with_fact",
    "with_relapse",
    "with_silence",
    "with_unread",
]
