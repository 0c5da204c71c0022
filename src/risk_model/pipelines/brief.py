"""Briefs: an account's facts as they were known on a day, and one document made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from risk_model.brief import html, markdown
from risk_model.brief.blocks import Document
from risk_model.brief.composing import compose
from risk_model.brief.plan import KINDS, Kind
from risk_model.brief.story import Row, Sign, Story
from risk_model.brief.unrecorded import unrecorded
from risk_model.documents import did_you_mean
from risk_model.errors import UsageError
from risk_model.explain import sentence
from risk_model.features.heard import CALL
from risk_model.features.sources import HEARD
from risk_model.features.understood import UNDERSTOOD
from risk_model.pipelines.escalated import as_case
from risk_model.pipelines.judged_day import JudgedDay, judged_day
from risk_model.pipelines.known_events import escalations_known, outcomes_known
from risk_model.pipelines.line import Line
from risk_model.respond import Advice, advice, fired_rules
from risk_model.tables import known_rows
from risk_model.tables.contract import CONTRACT
from risk_model.text import hear_all
from risk_model.text.lexicon import HEARD as FLAGS
from risk_model.timeline import DAY

Key = tuple[str, str]
RENDERERS = {"md": markdown.render, "html": html.render}
TABLES = (
    "tickets",
    "ticket_events",
    "surveys",
    "messages",
    "meetings",
    "tasks",
    "renewals",
    "health_scores",
    "incidents",
    "escalations",
    "outcomes",
)


def brief(
    line: Line,
    account: str,
    kind: Kind,
    as_of: date | None = None,
    *,
    model: str = "champion",
    evidence: bool = False,
    escalation: str | None = None,
) -> Document:
    """Return a document about an account, at risk or escalated, from what was known by a day.

    ``escalation`` is the one to write about; without it the worst open one, else the last that is
    still in care. Raises UsageError where the account is not a customer then, for an escalation
    that it has not, and for a kind that there is not.
    """
    if kind not in KINDS:
        raise UsageError(f"kind {kind}: choose one of {', '.join(KINDS)}.")
    judged = judged_day(line, as_of, model=model)
    return compose(story_of(judged, account, evidence, escalation), kind)


def story_of(
    judged: JudgedDay, account: str, evidence: bool = False, escalation: str | None = None
) -> Story:
    """Return the account's facts on the judged day.

    Raises UsageError where it is no customer, and for an escalation that it has not.
    """
    place = judged.place(account)
    here = [place]
    settings = judged.line.settings
    known = _known(judged, account)
    heard, unread = _heard(judged.line, known)
    tables = judged.line.tables
    facts, signs = _plain(judged.features.loc[here]), _signs(judged, place)
    row: Row = _plain(judged.rows.loc[here])
    cases = known.get("escalations", ())
    if escalation is None:
        case = _case(cases, judged.day * DAY, settings.response.recovery_days, _severities(judged))
    else:
        case = _named(cases, escalation, account)
    open_row = _open_row(judged, case)
    if open_row is not None:
        row = as_case(row, open_row, settings.response)
        row, signs = _of_case(open_row, row, signs)
    return Story(
        day=judged.day,
        row=row,
        account=_plain(judged.customers.loc[here]),
        known=known,
        signs=signs,
        facts=facts,
        heard=heard,
        how=settings.response,
        advice=_advice(judged, signs, row, facts),
        plans=settings.documents,
        case=case,
        open_row=open_row,
        evidence=evidence,
        calibrated=judged.judge.calibrated,
        notes=judged.judge.notes,
        unread=unread,
        gone=unrecorded(tables.report, judged.day),
        columns=tables.present,
    )


def _known(judged: JudgedDay, account: str) -> dict[str, list[dict[str, Any]]]:
    """Return the account's rows by table."""
    tables, day = judged.line.tables, judged.day
    own = {"escalations": escalations_known, "outcomes": outcomes_known}
    return {
        name: own[name](tables, day, account)
        if name in own
        else known_rows(tables, name, day, account)
        for name in TABLES
        if name in tables.present
    }


def _severities(judged: JudgedDay) -> dict[str, str]:
    """Return the severity of each open escalation as the list of those has it, by its id."""
    rows = judged.escalated
    return dict(zip(rows["escalation_id"], rows["suggested_severity"], strict=True))


def _case(
    escalations: Sequence[Row], now: int, recovery_days: int, severities: Mapping[str, str]
) -> Row | None:
    """Return the escalation to write about: the worst open one, else the last one still in care."""
    still = [row for row in escalations if row["closed_at"] is None]
    if still:
        return min(still, key=partial(_gravity, severities))
    recent = [row for row in escalations if row["closed_at"] >= now - recovery_days * DAY]
    return max(recent, key=lambda r: (r["closed_at"], r["escalation_id"]), default=None)


def _gravity(severities: Mapping[str, str], row: Row) -> tuple[str, int, str]:
    number = str(row["escalation_id"])
    return severities.get(number, "SEV-9"), int(row["opened_at"]), number


def _named(escalations: Sequence[Row], wanted: str, account: str) -> Row:
    found = {str(row["escalation_id"]): row for row in escalations}
    if wanted not in found:
        near = did_you_mean(wanted, found)
        raise UsageError(f"--escalation {wanted}: {account} has none of that id by that day.{near}")
    return found[wanted]


def _of_case(open_row: Row, row: Row, signs: Sequence[Sign]) -> tuple[Row, list[Sign]]:
    """Return an account's reasons and signs, less those of another one of its escalations."""
    own = str(open_row["rules_fired"]).split(";")
    others = {sign.says for sign in signs if sign.rule.id not in own}
    reasons = [row[f"reason_{n}"] for n in (1, 2, 3)]
    kept = [said for said in reasons if said not in others]
    told = {f"reason_{n}": said for n, said in enumerate([*kept, "", "", ""][:3], 1)}
    return {**row, **told}, [sign for sign in signs if sign.rule.id in own]


def _open_row(judged: JudgedDay, case: Row | None) -> Row | None:
    if case is None:
        return None
    rows = judged.escalated
    found = rows[rows["escalation_id"] == case["escalation_id"]]
    return _plain(found.head(1)) if len(found) else None


def _advice(judged: JudgedDay, signs: Sequence[Sign], row: Row, facts: Row) -> Advice:
    """Return what helps today, by the row's cause and severity."""
    values = {name: np.nan if value is None else float(value) for name, value in facts.items()}
    values["as_of"] = float(judged.day)
    return advice(
        [sign.rule for sign in signs],
        values,
        judged.catalogue,
        judged.line.settings.response,
        cause=str(row["likely_cause"] or ""),
        severity=str(row["suggested_severity"]),
        tier=int(row["escalation_tier"]),
    )


def _signs(judged: JudgedDay, place: int) -> list[Sign]:
    values = judged.features.loc[[place]]
    rules = judged.line.settings.rules
    hits = fired_rules(judged.judge.rulebook.cases(values), rules)[0]
    record = {str(name): value for name, value in values.to_dict("records")[0].items()}
    record["as_of"] = float(judged.day)
    return [Sign(rule, sentence(rule.says, record, judged.catalogue)) for rule in hits]


def _heard(
    line: Line, known: Mapping[str, Sequence[Row]]
) -> tuple[dict[Key, list[str]], frozenset[Key]]:
    """Return what each text of theirs speaks of, and which were not understood.

    Both by table and key of its row.
    """
    texts: dict[Key, str] = {}
    notes: list[bool] = []
    for table, columns in HEARD.items():
        for row in known.get(table, ()):
            # A subject is a sentence before the rest, as where features are measured.
            said = "\n\n".join(str(row[name]) for name in columns if row[name] is not None)
            if said and row.get("direction", "inbound") == "inbound":
                texts[table, str(row[CONTRACT[table].key[0]])] = said
                notes.append(row.get("channel") == CALL)
    if not texts:
        return {}, frozenset()
    signals = hear_all(
        list(texts.values()), line.settings.lexicons, cache=line.cache, notes=np.array(notes)
    )
    rows = signals[list(FLAGS)].to_numpy() > 0
    heard = {
        key: [name for name, up in zip(FLAGS, row, strict=True) if up]
        for key, row in zip(texts, rows, strict=True)
    }
    foreign = zip(texts, (signals[UNDERSTOOD] == 0).tolist(), strict=True)
    return heard, frozenset(key for key, is_foreign in foreign if is_foreign)


def _plain(rows: pd.DataFrame) -> dict[str, Any]:
    """Return a frame's first row as plain values, None for what is missing."""
    record = rows.to_dict("records")[0]
    return {str(name): None if pd.isna(value) else value for name, value in record.items()}
