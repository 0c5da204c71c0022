"""The load of each CSM, and a proposal to spread it that leaves escalated accounts alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from risk_model.patterns.plan import PatternsPlan

NOBODY = ""
LOAD = ("csm", "accounts", "high", "medium", "escalated", "arr_at_risk", "hours", "hours_after")
MOVES = (
    "account_id",
    "account_name",
    "from_csm",
    "to_csm",
    "hours",
    "from_after",
    "to_after",
    "says",
)


@dataclass(frozen=True)
class Work:
    """An account as work: who has it, in which team, its hours a week, and whether it may move."""

    account: str
    name: str
    csm: str
    team: str
    hours: float
    may_move: bool
    arr: float = 0.0


@dataclass(frozen=True)
class Move:
    """One account from one CSM to another, with both loads after it."""

    work: Work
    to: str
    from_after: float
    to_after: float


def spread(works: Sequence[Work], plan: PatternsPlan) -> list[Move]:
    """Return moves that even out the hours, one after the other, the most helpful first.

    Accounts without a CSM are given to the one with the least to do. Then the move is taken that
    lowers the sum of squared loads most, as long as one does and both CSMs are further apart than
    ``close_enough``: no CSM ever ends above where the busiest stood. Accounts that may not move
    (an escalation is open, they are recovering, or it burns there now) stay: a change of owner
    there is a warning sign of its own.
    """
    loads = loads_of(works)
    teams = _teams(works, plan.within_team)
    held: dict[str, list[Work]] = {csm: [] for csm in loads}
    for work in works:
        if work.may_move and work.csm in held:
            held[work.csm].append(work)
    moves = _given(works, loads, teams, held)
    for _ in range(plan.most_moves):
        best = _best(loads, teams, held, plan.close_enough)
        if best is None:
            break
        moves.append(_moved(*best, loads, held))
    return moves


def loads_of(works: Sequence[Work]) -> dict[str, float]:
    """Return the hours of each CSM; accounts of nobody are nobody's load."""
    loads: dict[str, float] = {}
    for work in works:
        if work.csm != NOBODY:
            loads[work.csm] = loads.get(work.csm, 0.0) + work.hours
    return dict(sorted(loads.items()))


def _teams(works: Sequence[Work], within: bool) -> dict[str, str]:
    """Return the team of each CSM: the one that most of the accounts name; one for all if asked."""
    votes: dict[str, dict[str, int]] = {}
    for work in works:
        if work.csm != NOBODY:
            mine = votes.setdefault(work.csm, {})
            mine[work.team] = mine.get(work.team, 0) + 1
    if not within:
        return dict.fromkeys(votes, "")
    return {csm: min(mine, key=lambda team: (-mine[team], team)) for csm, mine in votes.items()}


def _given(
    works: Sequence[Work],
    loads: dict[str, float],
    teams: dict[str, str],
    held: dict[str, list[Work]],
) -> list[Move]:
    """Give accounts that nobody has to whoever has the least to do, the largest first."""
    moves = []
    for work in sorted(works, key=lambda w: (-w.hours, w.account)):
        if work.csm != NOBODY or not loads or not work.may_move:
            continue
        team = [csm for csm in loads if teams[csm] == work.team] or list(loads)
        to = min(team, key=lambda csm: (loads[csm], csm))
        loads[to] += work.hours
        held[to].append(work)
        moves.append(Move(work, to, 0.0, loads[to]))
    return moves


def _best(
    loads: dict[str, float],
    teams: dict[str, str],
    held: dict[str, list[Work]],
    close_enough: float,
) -> tuple[Work, str, str] | None:
    """Return the move (work, from, to) that lowers the sum of squared loads most, or None."""
    best: tuple[float, float, str, Work, str, str] | None = None
    for giver, load in loads.items():
        others = [csm for csm in loads if csm != giver and teams[csm] == teams[giver]]
        taker = min(others, key=lambda csm: (loads[csm], csm), default=None)
        if taker is None or load - loads[taker] <= close_enough:
            continue
        for work in held[giver]:
            # (a - h)² + (b + h)² is less than a² + b² by 2h(a - b - h).
            gain = work.hours * (load - loads[taker] - work.hours)
            entry = (-gain, work.arr, work.account, work, giver, taker)
            if gain > 1e-9 and (best is None or entry[:3] < best[:3]):
                best = entry
    return None if best is None else best[3:]


def _moved(
    work: Work, giver: str, taker: str, loads: dict[str, float], held: dict[str, list[Work]]
) -> Move:
    held[giver].remove(work)
    loads[giver] -= work.hours
    loads[taker] += work.hours
    # An account is handed over once: it is not passed on within one proposal.
    return Move(work, taker, loads[giver], loads[taker])


def moves_table(moves: Sequence[Move], before: dict[str, float]) -> pd.DataFrame:
    """Return the moves as rows, each with a sentence that says why."""
    return pd.DataFrame([_told(move, before) for move in moves], columns=list(MOVES))


def _told(move: Move, before: dict[str, float]) -> tuple[object, ...]:
    work = move.work
    if work.csm == NOBODY:
        says = f"Nobody has {work.name}; {move.to} has the least to do"
    else:
        says = (
            f"{move.to} takes {work.name} ({work.hours:g} h a week) from {work.csm}: "
            f"{move.from_after:.1f} h and {move.to_after:.1f} h then, from "
            f"{before[work.csm]:.1f} h and {before[move.to]:.1f} h before any move"
        )
    return (
        work.account,
        work.name,
        work.csm,
        move.to,
        work.hours,
        round(move.from_after, 2),
        round(move.to_after, 2),
        says,
    )
