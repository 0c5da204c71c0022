"""Patterns across accounts on a day, from what was known before it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from risk_model import respond
from risk_model.brief.unrecorded import told_with, unrecorded
from risk_model.brief.wording import one_line
from risk_model.catalogue.spec import SAID
from risk_model.errors import UsageError
from risk_model.patterns.load import LOAD, NOBODY, Work, loads_of, moves_table, spread
from risk_model.patterns.log import escalation_log, repeated_kinds
from risk_model.patterns.plan import PatternsPlan
from risk_model.patterns.systemic import Occurrence, systemic, themes
from risk_model.pipelines.judged_day import JudgedDay, judged_day
from risk_model.pipelines.known_events import escalations_known, outcomes_known
from risk_model.pipelines.line import Line
from risk_model.pipelines.unseen import MOST_NAMED
from risk_model.respond.facts import any_group
from risk_model.tables import known_rows
from risk_model.tables.amiss import feeds_amiss
from risk_model.timeline import DAY, date_of
from risk_model.watchlist import as_csv
from risk_model.whole_files import write_whole

COMPLAINTS = ("messages", "tickets", "surveys")
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Patterns:
    """What shows across accounts: one table each by name, and what has to be said about them.

    ``gone`` are the tables of which nothing can be said, with what they are called.
    """

    as_of: str
    tables: Mapping[str, pd.DataFrame]
    notes: Sequence[str]
    gone: Mapping[str, str] = field(default_factory=dict)

    def write(self, out: Path) -> list[Path]:
        """Write one JSON file, or one CSV file a table (``X.systemic.csv`` …), each whole.

        Raises UsageError for another ending.
        """
        if out.suffix == ".json":
            tables = {name: _records(table) for name, table in self.tables.items()}
            record = {"as_of": self.as_of, "notes": list(self.notes), **tables}
            text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
            files = {out: text.encode("utf-8")}
        else:
            refuse_ending(out)
            stem = out.name.removesuffix(".csv")
            files = {
                out.with_name(f"{stem}.{name}.csv"): as_csv(table)
                for name, table in self.tables.items()
            }
        write_whole(files)
        return list(files)


def refuse_ending(out: Path) -> None:
    """Raise UsageError where patterns can't be written under a name, best before the work."""
    if out.suffix not in (".json", ".csv"):
        raise UsageError(f"--out {out}: give a name that ends in .json or .csv.")


def patterns(line: Line, as_of: date | None = None, *, model: str = "champion") -> Patterns:
    """Return systemic causes and themes, silent and loud accounts, load and moves, repeats, log."""
    return patterns_of(judged_day(line, as_of, model=model))


def patterns_of(judged: JudgedDay) -> Patterns:
    """Return the patterns of a judged day."""
    line = judged.line
    plan, plans = line.settings.patterns, line.settings.documents
    names = _names(judged)
    escalations = escalations_known(line.tables, judged.day)
    outcomes = outcomes_known(line.tables, judged.day)
    works = _works(judged, plan)
    moves = spread(works, plan)
    likely = dict(zip(judged.rows["account_id"], judged.rows["likely_cause"], strict=True))
    begin = (judged.day - plans.post_mortem_days) * DAY
    found = _occurrences(judged, escalations, likely)
    tables = {
        "systemic": systemic(found, judged.day, plan),
        "silent": _listed(judged, judged.rows["state"] == "silent"),
        "loud": _listed(judged, _is_loud(judged)),
        "load": _load(judged, works, {m.work.account: m.to for m in moves}),
        "moves": moves_table(moves, loads_of(works)),
        "repeated": repeated_kinds(escalations, likely, names, begin, plans.post_mortem_after),
        "log": escalation_log(escalations, outcomes, names, judged.day * DAY, plan.relapse_days),
    }
    amiss = feeds_amiss(line.tables.report, judged.day)
    gone = unrecorded(line.tables.report, judged.day)
    notes = [*judged.judge.notes, *line.notices, *amiss, *_unheard(judged, gone)]
    return Patterns(str(date_of(judged.day)), tables, notes, gone)


def _unheard(judged: JudgedDay, gone: Mapping[str, str]) -> list[str]:
    """Return what is to be said about who complains, where that is not known of everybody."""
    told = []
    if any(name in gone for name in COMPLAINTS):
        told = [told_with("complaints are told as far as they are recorded.", gone, COMPLAINTS)]
    fades = respond.fades_unheard(judged.features, judged.line.settings.response)
    among = judged.rows[fades & ~judged.is_escalated.to_numpy(bool)]["account_id"].tolist()
    if among:
        named = ", ".join(sorted(among)[:MOST_NAMED]) + (", …" if len(among) > MOST_NAMED else "")
        told.append(
            f"accounts that fade, of which it is not known whether they complain: {len(among):,} "
            f"({named}). They stand under neither silent nor loud"
        )
    return told


def _names(judged: JudgedDay) -> dict[str, str]:
    """Return each account's name on that day, of those too that are no customers any more."""
    rows = judged.snapshots[["account_id", "name"]].to_dict("records")
    return {r["account_id"]: one_line(r["name"]) if pd.notna(r["name"]) else "" for r in rows}


def _occurrences(
    judged: JudgedDay, escalations: Rows, likely: Mapping[str, str]
) -> list[Occurrence]:
    found = []
    for row in escalations:
        by_signs = likely.get(row["account_id"], "") if row["closed_at"] is None else ""
        cause = row["cause"] or by_signs
        if cause:
            found.append(Occurrence("cause", cause, row["account_id"], row["opened_at"]))
    tables = judged.line.tables
    begin = (judged.day - 2 * judged.line.settings.patterns.days) * DAY
    tickets = known_rows(tables, "tickets", judged.day)
    found += themes(ticket for ticket in tickets if ticket["opened_at"] >= begin)
    for row in known_rows(tables, "incidents", judged.day):
        if row["kind"] != "maintenance":
            what = f"{one_line(row['incident_id'])} ({row['kind'] or 'no kind given'})"
            found.append(Occurrence("incident", what, row["account_id"], row["started_at"]))
    return found


def _is_loud(judged: JudgedDay) -> pd.Series[bool]:
    """Whether an account complains in words and is at risk: it still cares.

    What keeps an account from being silent is a complaint, and a word where it hears messages.
    """
    catalogue = judged.catalogue.by_name
    in_words = [
        group
        for group in judged.line.settings.response.silent.complains
        if all(catalogue[name].source in ("messages", SAID) for name in group)
    ]
    says = pd.Series(any_group(in_words, judged.features), index=judged.features.index)
    at_risk = judged.rows["risk_level"] != "Low"
    return says & at_risk & ~judged.is_escalated & (judged.rows["state"] != "silent")


def _listed(judged: JudgedDay, chosen: pd.Series[bool]) -> pd.DataFrame:
    rows = judged.rows[chosen & ~judged.is_escalated]
    order = rows.assign(_p=rows["escalation_probability"]).sort_values(
        ["_p", "account_id"], ascending=[False, True], ignore_index=True
    )
    return order[["account_id", "account_name", "csm", "arr", "escalation_probability"]].join(
        order[["risk_level", "reason_1", "recommended_action"]]
    )


def _works(judged: JudgedDay, plan: PatternsPlan) -> list[Work]:
    """Return every customer as work; an escalated account takes the hours of its severity."""
    severity = judged.escalated.groupby("account_id")["suggested_severity"].min().to_dict()
    managers = judged.customers["csm_manager"]
    works = []
    for place, row in zip(judged.rows.index, judged.rows.to_dict("records"), strict=True):
        account = str(row["account_id"])
        csm = one_line(row["csm"]) if pd.notna(row["csm"]) else NOBODY
        stays = account in severity or row["state"] == "recovery"
        # In the middle of a fire nobody hands over; who has no owner needs one all the more.
        burns = row["suggested_severity"] == "SEV-1" or row["executive_sponsor"] == "now"
        stays = stays or (burns and csm != NOBODY)
        works.append(
            Work(
                account,
                one_line(row["account_name"]) if pd.notna(row["account_name"]) else account,
                csm,
                one_line(managers[place]) if pd.notna(managers[place]) else "",
                plan.hours.of(severity.get(account, str(row["risk_level"]))),
                may_move=not stays,
                arr=float(row["arr"]) if pd.notna(row["arr"]) else 0.0,
            )
        )
    return works


def _load(judged: JudgedDay, works: Sequence[Work], moved: Mapping[str, str]) -> pd.DataFrame:
    """Return the load of each CSM, the heaviest first; what nobody has comes last."""
    rows = judged.rows
    table = pd.DataFrame(
        {
            "csm": [work.csm for work in works],
            "after": [moved.get(work.account, work.csm) for work in works],
            "hours": [work.hours for work in works],
            "escalated": judged.is_escalated.to_numpy(bool),
            "level": rows["risk_level"].to_numpy(),
            "arr_at_risk": rows["arr_at_risk"].to_numpy(float),
        }
    )
    calm = ~table["escalated"]
    table = table.assign(
        high=calm & (table["level"] == "High"),
        medium=calm & (table["level"] == "Medium"),
        # An account that is escalated already is at risk of nothing more.
        arr_at_risk=table["arr_at_risk"].where(calm),
        calm=calm,
        accounts=1,
    )
    of_csm = table.groupby("csm")
    load = of_csm[["accounts", "high", "medium", "escalated", "hours", "calm"]].sum()
    # Of accounts whose ARR nobody knows it is not known either; of none it is nothing.
    known = of_csm["arr_at_risk"].sum(min_count=1)
    load["arr_at_risk"] = known.where(load["calm"] > 0, 0.0)
    load["hours_after"] = table.groupby("after")["hours"].sum().reindex(load.index).fillna(0.0)
    load = load.round({"arr_at_risk": 2, "hours": 2, "hours_after": 2}).reset_index()
    nobody = (load["csm"] == NOBODY).astype(int)
    order = load.assign(_last=nobody).sort_values(
        ["_last", "hours", "csm"], ascending=[True, False, True], ignore_index=True
    )
    return order[list(LOAD)]


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as JSON takes them: plain values, null for what is missing."""
    rows = json.loads(table.to_json(orient="records", double_precision=4))
    return list(rows)
