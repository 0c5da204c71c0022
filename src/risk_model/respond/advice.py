"""What to take into the talk with one account: cause with evidence, levers, who to bring in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from risk_model.catalogue import Catalogue
from risk_model.respond.causes import evidence
from risk_model.respond.facts import Values, group_holds
from risk_model.respond.spec import Lever, Response
from risk_model.rules import Rule

DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class Offer:
    """A lever, and why it is one here."""

    what: str
    why: str


@dataclass(frozen=True)
class Advice:
    """What helps one account.

    ``cause`` is empty where nothing points anywhere; ``evidence`` speaks for it, ``by_cause`` for
    every cause that anything speaks for. ``levers`` stand in the order in which to try them:
    what compensates is never first, and ``weigh`` says what to weigh before it is offered.
    ``leadership`` are reasons to bring leadership in, ``protocol`` what the risk level calls for;
    ``holders`` would hold it if it escalated, ``chain`` who stands in for whom.
    """

    cause: str
    looks_like: str
    evidence: tuple[str, ...]
    by_cause: Mapping[str, tuple[str, ...]]
    bring_in: tuple[str, ...]
    levers: tuple[Offer, ...]
    weigh: str
    leadership: tuple[str, ...]
    protocol: tuple[str, ...]
    holders: str
    chain: tuple[str, ...]
    talk: tuple[str, ...]


def advice(
    hits: Sequence[Rule],
    values: Values,
    catalogue: Catalogue,
    how: Response,
    *,
    cause: str,
    severity: str = "SEV-4",
    tier: int = 1,
    level: str = "Low",
) -> Advice:
    """Return what helps an account.

    ``hits`` are the rules that fired, strongest first, ``values`` its features by name, ``cause``,
    ``severity``, ``tier`` and risk ``level`` those of its row on the list.
    """
    plan = how.causes.get(cause)  # type: ignore[call-overload]
    found = evidence(hits, values, catalogue, how)
    levers = _levers(values, how, cause, int(severity[-1]))
    offers = [Offer(plan.lever_first, f"first against: {plan.looks_like}")] if plan else []
    offers += [Offer(what, "then, against the same") for what in plan.then] if plan else []
    offered = {offer.what for offer in offers}
    offers += [Offer(lever.offer, lever.why) for lever in levers if lever.offer not in offered]
    return Advice(
        cause=cause,
        looks_like=plan.looks_like if plan else "",
        evidence=found.get(cause, ()),
        by_cause=found,
        bring_in=plan.bring_in if plan else (),
        levers=tuple(offers),
        weigh=_weigh(values) if any(lever.compensates for lever in levers) else "",
        leadership=tuple(
            reason.says
            for reason in how.leadership
            if any(group_holds(group, values) for group in reason.any_of)
        ),
        protocol=how.levels[level],  # type: ignore[index]
        holders=how.tiers[tier].holders,  # type: ignore[index]
        chain=tuple(f"{after} stands in for the {before}" for before, after in pairwise(how.chain)),
        talk=how.talk,
    )


def _levers(values: Values, how: Response, cause: str, severity: int) -> list[Lever]:
    """Return the levers that fit, those that compensate last; a lever without conditions fits."""
    fitting = []
    for lever in how.levers:
        told = [cause in lever.causes] if lever.causes else []
        told += [severity <= lever.severity_up_to] if lever.severity_up_to else []
        told += [any(group_holds(g, values) for g in lever.any_of)] if lever.any_of else []
        if any(told) or not told:
            fitting.append(lever)
    return sorted(fitting, key=lambda lever: lever.compensates)


def _weigh(values: Values) -> str:
    """Return tenure and spend, to be weighed before compensation is offered."""
    days, arr = values.get("tenure_days"), values.get("arr")
    parts = []
    if days is not None and not np.isnan(days):
        years = f"{days / DAYS_A_YEAR:.1f}".removesuffix(".0")
        parts.append(f"a customer for {years} {'year' if years == '1' else 'years'}")
    if arr is not None and not np.isnan(arr):
        parts.append(f"{arr:,.0f} a year")
    told = ", ".join(parts) or "tenure and spend are not in the data"
    return f"Weigh tenure and spend before offering compensation: {told}"
