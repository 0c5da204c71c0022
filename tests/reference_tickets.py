"""A ticket's stretches of time by their definition: our silence, our clocks. Plain Python."""

from __future__ import annotations

from reference_facts import Row


def stretch_of(said: list[tuple[int, str]]) -> dict[str, int | None] | None:
    """Return what holds after all that was said of a ticket; None before it was opened."""

    def last(*kinds: str) -> int:
        return max((moment for moment, kind in said if kind in kinds), default=-1)

    silent = last(*(kind for _, kind in said if kind != "automatic_reply"))
    if silent < 0:
        return None
    theirs = last("their turn")
    waits = theirs >= 0 and theirs >= last("our turn", "reopened")
    return {
        "from_time": None if waits else silent,
        "with_customer_from": theirs if waits else None,
        "replies": len({moment for moment, kind in said if kind == "public_reply"}),
        "automatic": int(last("automatic_reply") >= silent),
    }


def waits_of(said: set[tuple[int, str]]) -> list[tuple[int, int | None]]:
    """Return from when until when (None: still) a ticket waited for the customer, in order."""
    waits: list[tuple[int, int | None]] = []
    for moment in sorted(
        {at for at, kind in said if kind in ("their turn", "our turn", "reopened")}
    ):
        theirs = (moment, "their turn") in said
        waiting = bool(waits) and waits[-1][1] is None
        if theirs and not waiting:
            waits.append((moment, None))
        elif waiting and not theirs:
            waits[-1] = (waits[-1][0], moment)
    return waits


def clock_of(
    ticket: Row, waits: list[tuple[int, int | None]], stint: Row | None, moment: int
) -> Row:
    """Return our clocks on a ticket at a moment, and the promised date where it counts."""
    over = [(begin, end) for begin, end in waits if end is not None and end <= moment]
    now = [begin for begin, end in waits if begin <= moment and (end is None or end > moment)]
    due, promised = ticket["sla_due_at"], ticket["promised_for"]
    for begin, end in over:
        if due is not None and begin < due:
            due += end - begin
    since = begun = stint["from_time"] if stint else None
    if begun is not None:
        since = begun + sum(max(0, end - max(begin, begun)) for begin, end in over)
    if now:
        broken = promised is not None and promised < now[0]
        since, due, promised = None, None, promised if broken else None
    priority = stint["priority"] if stint else None
    return {"from_time": since, "due_at": due, "promised_for": promised, "priority": priority}
