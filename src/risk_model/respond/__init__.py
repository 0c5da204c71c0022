"""How bad it would be, who should hold it, and what to do first: from rules, facts and ARR."""

from risk_model.respond.advice import Advice, Offer, advice
from risk_model.respond.causes import causes, count_signs, evidence
from risk_model.respond.clocks import answer_to, clocks, due_at
from risk_model.respond.facts import FACTS
from risk_model.respond.holders import sponsors, tiers
from risk_model.respond.hours import BusinessHours, Calendar
from risk_model.respond.levels import LEVELS, fired_rules, lead_of, risk_levels
from risk_model.respond.severity import SeverityPlan, floors_of, named
from risk_model.respond.spec import STAGES, Response
from risk_model.respond.states import recovery_stages, states
from risk_model.respond.steps import first_steps
from risk_model.respond.turn import silent_hours, waiting_on, with_silence

__all__ = [
    "FACTS",
    "LEVELS",
    "STAGES",
    "Advice",
    "BusinessHours",
    "Calendar",
    "Offer",
    "Response",
    "SeverityPlan",
    "advice",
    "answer_to",
    "causes",
    "clocks",
    "count_signs",
    "due_at",
    "evidence",
    "fired_rules",
    "first_steps",
    "floors_of",
    "lead_of",
    "named",
    "recovery_stages",
    "risk_levels",
    "silent_hours",
    "sponsors",
    "states",
    "tiers",
    "waiting_on",
    "with_silence",
]
