"""Sources: the contract's tables as features see them, and what a few of them derive.

Every source has ``account_id``, ``row_key`` (breaks ties), ``row_known`` and its columns; times
and dates are epoch seconds, flags 0/1. A derived column says from when it is known, like any
other. The work is narwhals expressions: no engine is named here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import and_
from typing import Any

import narwhals as nw

from risk_model.catalogue.spec import EVENT_TIME, SAID, STINTS_OF
from risk_model.engines import Engine
from risk_model.features.answers import held_meetings, with_answers
from risk_model.features.csm_changes import with_csm_changes
from risk_model.features.derived import DERIVED
from risk_model.features.extremes import greatest
from risk_model.features.made_up import with_made_up
from risk_model.features.versions import without_history_told_late
from risk_model.tables.contract import CONTRACT, Table
from risk_model.tables.known import known_from, waits_for
from risk_model.tables.priorities import OF_PRIORITIES
from risk_model.text import SIGNALS
from risk_model.timeline import DAY

Frame = nw.LazyFrame[Any]
Expr = nw.Expr

# What says what a row is about: source -> (column of words, column of categories, and from how
# many words on the category does not matter).
MATTERS: dict[str, tuple[str, str, int]] = {
    "tickets": ("subject", "category", 2),
    "escalations": ("issue", "cause", 1),
}

# Texts that are heard: source -> the columns that are read one after the other as one text.
HEARD: dict[str, tuple[str, ...]] = {
    "messages": ("text",),
    "surveys": ("comment",),
    "tickets": ("subject", "description"),
}
HEARD_FROM = "heard_from"


# What a text raises as a matter, whatever its tone; and what asks for an answer or complains.
MATTERS_RAISED = (
    *("threat", "competitor", "legal", "breach", "data_loss", "public", "hesitancy"),
    *("no_progress", "expectation_gap", "billing", "passed_around", "asks_for_higher", "outage"),
    *("impaired", "legal_step"),
)
OF_SIGNALS: dict[str, tuple[str, ...]] = {
    "concern": (*MATTERS_RAISED, "executive"),
    "wants_answer": (*MATTERS_RAISED, "question", "urgency", "complaint", "frustration"),
    "complains": (*MATTERS_RAISED, "complaint", "frustration"),
    # Less what asks or complains beside it.
    "mere_thanks": ("thanks",),
}
# What a row of ``said`` tells: what it raises, and what changes that: legal steps that are only
# spoken of, and business that stands still, which alone is a holiday or a success.
TOLD = (*MATTERS_RAISED, "legal_talk", "stopped")


@dataclass(frozen=True)
class Source:
    """One source, opened: its frame, its event time, and from when each column is known.

    ``known`` leads a column to the time column from which it is known: a time that tells of
    itself to itself. A column that is not in it is known with the row. ``bare`` is the table
    without what was joined to it. ``measured_by`` are the tables of a source of several.
    """

    name: str
    table: str
    frame: Frame
    event_time: str
    known: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    bare: Frame | None = None
    measured_by: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables of which at least one has to cover what is looked at."""
        return self.measured_by or (self.table,)

    def known_columns(self, columns: frozenset[str], at: str) -> tuple[str, ...]:
        """Return the time columns from which ``columns`` and ``at`` are known, besides ``at``."""
        return tuple(sorted(waits_for(self.known, columns | {at}) - {at}))


def source_columns() -> dict[str, frozenset[str]]:
    """Return every source with the columns that a feature may name."""
    names: dict[str, set[str]] = {}
    for table in CONTRACT.values():
        names[table.name] = {column.name for column in table.columns} | {"row_known"}
        names[table.name] |= set(DERIVED.get(table.name, {}))
        if table.name in HEARD:
            names[table.name] |= {*SIGNALS, *OF_SIGNALS}
        if table.name in MATTERS:
            names[table.name] |= {"matter"}
    names["messages"] |= {"answered_at"}
    names["accounts"] |= {"csm_changed"}
    names["meetings"] |= {"made_up_at"}
    names["silences"] = {"from_time", "until_time", "with_customer_from", "replies", "automatic"}
    names["silences"] |= {"priority", "opened_at", "resolved_at"}
    names["priorities"] = {"from_time", "until_time", "priority", "resolved_at", "opened_at"}
    names["clocks"] = {"due_at", "promised_for", *names["priorities"]} - {"opened_at"}
    names["ticket_events"] |= {"account_id"}
    names[SAID] = {"said_at", "row_known", *TOLD}
    return {name: frozenset(columns - {"account_id"}) for name, columns in names.items()}


def late_columns() -> dict[str, dict[str, str]]:
    """Return every source's columns that become known after their row, with the time of each."""
    late = {
        table.name: {c.name: c.known_at for c in table.columns if c.known_at}
        for table in CONTRACT.values()
    }
    for name, columns in DERIVED.items():
        late[name] |= {made: d.known_at for made, d in columns.items() if d.known_at}
    for name, texts in HEARD.items():
        since = next((late[name][text] for text in texts if text in late[name]), None)
        late[name] |= dict.fromkeys(SIGNALS, since) if since else {}
    late["messages"]["answered_at"] = "answered_at"
    late["meetings"]["made_up_at"] = "made_up_at"
    late["priorities"] = {"resolved_at": "resolved_at"}
    return late


def open_source(
    engine: Engine,
    name: str,
    present: Mapping[str, frozenset[str]],
    heard: Mapping[str, Frame] | None = None,
    read: frozenset[str] | None = None,
    is_read_once: bool = False,
) -> Source | None:
    """Open a source over an engine's typed tables; None where its table was not given.

    ``heard`` gives for a table what its texts were heard to say, by the table's key. ``read`` are
    the columns that will be read; None for all. ``is_read_once`` says that hardly anything is
    gained by computing once what was joined.
    """
    # These build on this module.
    from risk_model.features.clocks import clocks_of
    from risk_model.features.matters import with_categories, with_matters
    from risk_model.features.priorities import priorities_of
    from risk_model.features.said import said_of
    from risk_model.features.silences import silences_of

    if name == SAID:
        told = {part: frame for part, frame in (heard or {}).items() if part in HEARD}
        plain = {
            part: _plain(engine, CONTRACT[part], present[part], told[part])
            for part in HEARD
            if part in present and part in told
        }
        return said_of(engine, plain, told)
    table = STINTS_OF.get(name, name)
    if table not in present:
        return None
    if name in STINTS_OF:
        tickets = _plain(engine, CONTRACT["tickets"], present["tickets"])
        logged = present.get("ticket_events")
        log = logged and _plain(engine, CONTRACT["ticket_events"], logged)
        make = {"priorities": priorities_of, "silences": silences_of, "clocks": clocks_of}[name]
        return make(engine, tickets, log or None)
    source = _plain(engine, CONTRACT[table], present[table], (heard or {}).get(table))
    wants_matter = table in MATTERS and (read is None or "matter" in read)
    if wants_matter and source.missing & set(MATTERS[table][:2]) == {MATTERS[table][0]}:
        source, wants_matter = with_categories(source), False
    if wants_matter and read is not None:
        read = (read - {"matter"}) | {CONTRACT[table].key[0]}
    source = _completed(engine, source, present, (heard or {}).get(table), read, is_read_once)
    matters = (heard or {}).get(f"{table}.matter")
    return with_matters(source, matters) if wants_matter else source


def _plain(
    engine: Engine,
    table: Table,
    present: frozenset[str],
    heard: Frame | None = None,
) -> Source:
    frame = engine.table(table.name)
    if table.name == "escalations" and "closed_at" not in present:
        # Where no ends are on record an escalation is a moment: it closes as it opens.
        frame, present = frame.with_columns(closed_at=nw.col("opened_at")), present | {"closed_at"}
    there = set(frame.collect_schema().names())
    known = known_from(table, there)
    frame = frame.with_columns(*_as_numbers(table), row_key=_row_key(table))
    if table.name == "accounts" and "valid_from" in present:
        frame = without_history_told_late(frame)
    derived = DERIVED.get(table.name, {})
    if derived:
        made = {name: column.expression() for name, column in derived.items()}
        frame = frame.with_columns(**made)
    for name, column in derived.items():
        told_with = column.known_at or column.like or column.needs[0]
        since = known.get(told_with, column.known_at)
        known |= {name: since} if since else {}
    missing = {column.name for column in table.columns} - present
    missing |= {name for name, d in derived.items() if missing & set(d.needs)}
    if table.name in HEARD:
        signals = {*SIGNALS, *OF_SIGNALS}
        texts = HEARD[table.name]
        # Only what customers wrote is heard, so nothing is before it is known whose words they are.
        # What was noted of a call is heard otherwise, so neither before it is known to be one.
        whose = ("direction", "channel") if table.name == "messages" else ()
        moments = sorted({known[column] for column in (*texts, *whose) if column in known})
        since = moments[0] if moments else None
        if len(moments) > 1:
            # Known with the last of its parts, and never before each of them is.
            each = reduce(and_, (~nw.col(name).is_null() for name in moments))
            frame = frame.with_columns(nw.when(each).then(greatest(*moments)).alias(HEARD_FROM))
            since = HEARD_FROM
        known |= dict.fromkeys(signals, since) if since else {}
        missing |= signals if heard is None or missing >= set(texts) else set()
    _tell_of_made(table, known, missing)
    event_time = EVENT_TIME[table.name]
    return Source(table.name, table.name, frame, event_time, known, frozenset(missing), frame)


def _tell_of_made(table: Table, known: dict[str, str], missing: set[str]) -> None:
    """Note from when a column is known that is made of several rows, and what it lacks."""
    if table.name == "messages":
        missing |= {"answered_at"} if missing & {"direction"} else set()
    if table.name == "accounts":
        missing |= {"csm_changed"} if missing & {"csm"} else set()
        known |= {"csm_changed": known["csm"]} if "csm" in known else {}
    if table.name == "meetings":
        known |= {"made_up_at": "made_up_at"}
        missing |= {"made_up_at"} if "status" in missing else set()


def _completed(
    engine: Engine,
    source: Source,
    present: Mapping[str, frozenset[str]],
    heard: Frame | None,
    read: frozenset[str] | None,
    is_read_once: bool,
) -> Source:
    """Add what a text says, when a message was answered and a meeting made up for, where read."""
    table = CONTRACT[source.table]
    wanted = None if read is None else _with_moments(source, read)
    frame, is_made = source.frame, False
    answers = table.name == "messages" and (wanted is None or "answered_at" in wanted)
    hears = heard is not None and "thanks" not in source.missing
    signals = wanted is None or wanted & {*SIGNALS, *OF_SIGNALS} or (answers and hears)
    if table.name in HEARD and signals:
        frame, is_made = _with_signals(table, frame, heard), heard is not None
        is_made = is_made and not is_read_once
    if answers:
        whose = [name for name in ("thread_id", "author") if name not in source.missing]
        about = frozenset({"direction", "channel", "text", *(whose if hears else ())})
        late = source.known_columns(about, source.event_time)
        settled_by = whose if hears else None
        frame, is_made = with_answers(frame, late, _held(engine, present), settled_by), True
    if table.name == "accounts" and (wanted is None or "csm_changed" in wanted):
        frame = with_csm_changes(frame, source.known.get("csm"))
    if table.name == "meetings" and (wanted is None or "made_up_at" in wanted):
        late = source.known_columns(frozenset({"status"}), source.event_time)
        frame, is_made = with_made_up(frame, late), True
    if wanted is not None:
        frame = frame.select(*sorted(wanted))
    # What was joined or put in order is computed once; the rest is as good as the table itself.
    return replace(source, frame=engine.keep(frame) if is_made else engine.named(frame))


def _held(engine: Engine, present: Mapping[str, frozenset[str]]) -> Frame | None:
    """Return the meetings that were held, where that is told."""
    if "status" not in present.get("meetings", ()):
        return None
    meetings = _plain(engine, CONTRACT["meetings"], present["meetings"])
    late = meetings.known_columns(frozenset({"status"}), meetings.event_time)
    return held_meetings(meetings.frame, late)


def _with_moments(source: Source, read: frozenset[str]) -> set[str]:
    """Return columns with those that date the rows and say from when anything is known."""
    table = CONTRACT[source.table]
    wanted = {"account_id", "row_key", "row_known", source.event_time, *table.row_known_at, *read}
    if table.name == "tickets" and "priority" in read:
        wanted |= OF_PRIORITIES & set(source.known)
    return wanted | waits_for(source.known, wanted)


def _as_numbers(table: Table) -> list[Expr]:
    """Turn dates into epoch seconds and flags into 0/1, so that features only see numbers."""
    dates = [(nw.col(c.name).cast(nw.Int64) * DAY) for c in table.columns if c.kind == "date"]
    flags = [nw.col(c.name).cast(nw.Int64) for c in table.columns if c.kind == "flag"]
    return [*dates, *flags]


def _row_key(table: Table) -> Expr:
    """Return one text a row that breaks ties the same way whatever order the rows came in.

    Day numbers have as many digits, so that texts stand in the order of the days.
    """
    keys = ((nw.col(name), table.by_name[name].kind) for name in table.key)
    told = [key.cast(nw.Int64) + 100_000 if kind == "date" else key for key, kind in keys]
    parts = [part.cast(nw.String).fill_null("") for part in told]
    return nw.concat_str(*parts, separator="|")


def _with_signals(table: Table, frame: Frame, heard: Frame | None) -> Frame:
    """Join what each row's text was heard to say; a row without a text says nothing."""
    if heard is None:
        nothing = nw.lit(None, dtype=nw.Float64)
        return frame.with_columns(**dict.fromkeys([*SIGNALS, *OF_SIGNALS], nothing))
    frame = frame.join(heard, on=table.key[0], how="left")
    frame = frame.with_columns(**{name: greatest(*parts) for name, parts in OF_SIGNALS.items()})
    mere = (nw.col("mere_thanks") > 0) & (nw.col("wants_answer") <= 0)
    return frame.with_columns(mere_thanks=nw.when(mere).then(1.0).otherwise(0.0))
