"""The first step in one sentence: preventive, for the sign that stands out."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from risk_model.respond.levels import lead_of
from risk_model.respond.spec import Response
from risk_model.respond.turn import how_long, is_about_waiting
from risk_model.rules import Rule


def first_steps(
    fired: Sequence[Sequence[Rule]],
    standing_out: Sequence[str],
    states_: Sequence[str],
    how: Response,
    stages: Sequence[str] | None = None,
    causes: Sequence[str] | None = None,
    silent: NDArray[np.float64] | None = None,
) -> list[str]:
    """Return the preventive first step: the strongest rule's, else by the sign's family.

    What has waited for us comes before it (``silent`` hours of ours), and so does what else is
    overdue with us, unless the step is the sponsor's or a SEV-1's; who else has to be there
    follows from the cause, what is due from the ``stages`` of a recovery. Who leaves in silence is
    reached first: there is nobody yet to do anything with.
    """
    steps = []
    for place, rules in enumerate(fired):
        step = _own(rules, standing_out[place], states_[place], how)
        if silent is not None:
            step = _answered_first(step, rules, float(silent[place]), how)
        cause = causes[place] if causes else ""
        if cause and rules and "bring in" not in step.lower():
            step = _with_others(step, how.causes[cause].bring_in)  # type: ignore[index]
        stage = stages[place] if stages else ""
        if stage:
            due = how.recovery[stage].due  # type: ignore[index]
            step = f"{step}; as they recover, {_lower(due)}" if rules else due
        steps.append(step)
    return steps


def _own(rules: Sequence[Rule], family: str, state: str, how: Response) -> str:
    lead = lead_of(rules)
    if lead and state == "silent" and _needs_them(lead, how):
        reach = how.first_step.silent
        # A count of signs names nothing to do; a single sign does, once they answer.
        return reach if lead.kinds or lead.do == reach else f"{reach}, then {_lower(lead.do)}"
    if lead:
        return lead.do
    if state in ("recovery", "silent"):
        return str(getattr(how.first_step, state))
    return str(getattr(how.first_step, family or "nothing"))


def _needs_them(lead: Rule, how: Response) -> bool:
    """Whether a step has to wait until they are reached: no trouble calls for it at once."""
    if lead.kinds is not None:
        return True
    return lead.grade != "strong" and not (lead.cannot_wait or is_about_waiting(lead, how))


def _answered_first(step: str, rules: Sequence[Rule], hours: float, how: Response) -> str:
    """Put what we owe before the step, unless that is what the step is."""
    lead = lead_of(rules)
    if lead and (lead.cannot_wait or is_about_waiting(lead, how)):
        return step
    if hours > 0:
        return f"{how_long(how.turn.answer, hours)}, then {_lower(step)}"
    owed = next((rule.do for rule in rules if is_about_waiting(rule, how)), "")
    return f"{owed}, then {_lower(step)}" if owed else step


def _with_others(step: str, names: Sequence[str]) -> str:
    """Add who has to be there besides those whom the step names itself."""
    others = [name for name in names if not re.search(rf"(?i)\b{re.escape(name)}\b", step)]
    return f"{step}; bring in {_listed(others)}" if others else step


def _lower(sentence: str) -> str:
    """Return a sentence as the second half of one; a name or an abbreviation keeps its form."""
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() else sentence


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
