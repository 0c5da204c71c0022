"""The record of the rules as tables for the terminal."""

from __future__ import annotations

import pandas as pd
from rich.console import Group
from rich.table import Table
from rich.text import Text

from risk_model.pipelines.rules_record import RulesRecord
from risk_model.timeline import date_of
from risk_model.track_record import VERDICTS, RuleRecord

STYLES = {"keep": "green", "retire": "bold red", "unclear": "yellow"}
# How many accounts of each side are shown here; the file has all of them.
SHOWN = 8


def shown(record: RulesRecord) -> Group:
    """Return the rules by their lift, what to retire, and where model and rules disagree."""
    table = Table(
        title=(
            f"Rules over {record.snapshots:,} past snapshots of {record.accounts:,} accounts, "
            f"before {date_of(record.as_of)}; an escalation followed {record.base:.1%} of them "
            f"within {record.horizon} days"
        ),
        title_justify="left",
        header_style="bold",
        pad_edge=False,
    )
    table.add_column("rule")
    for name in ("fired", "accounts", "precision", "lift [95%]", "caught", "adds", "adds to AP"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    table.add_column("also sets")
    for one in sorted(record.records, key=_by_lift):
        table.add_row(*_cells(one))
    return Group(table, *_notes(record), *_disagreement(record))


def _by_lift(record: RuleRecord) -> tuple[bool, float]:
    unknown = record.lift.estimate != record.lift.estimate
    return unknown, -record.lift.estimate if not unknown else -record.measured


def _cells(record: RuleRecord) -> list[str | Text]:
    verdict = Text(record.verdict, style=STYLES.get(record.verdict, "dim"))
    if not record.fired:
        return [record.rule.id, "0" if record.measured else "", *[""] * 6, verdict, record.also]
    lift, gain = record.lift, record.gain
    return [
        record.rule.id,
        f"{record.fired:,}",
        f"{record.accounts:,}",
        f"{record.precision:.1%}",
        lift.told(".1f"),
        f"{record.caught:,}",
        f"{record.adds:+.1f}",
        gain.told("+.3f"),
        verdict,
        record.also,
    ]


def _notes(record: RulesRecord) -> list[Text]:
    notes = [
        "lift: precision against all snapshots on which the rule is measured; caught: escalations, "
        "each once, before which it fired",
        f"adds: escalations that weekly lists of {record.capacity} by the rules catch with it, "
        "less those that they catch without it; adds to AP: the same of the average precision",
    ]
    notes += [
        f"{name}: {meaning}"
        for name, meaning in VERDICTS.items()
        if any(one.verdict == name for one in record.records)
    ]
    retire = [one for one in record.records if one.verdict == "retire"]
    for one in retire:
        also = f" (it still sets {one.also})" if one.also else ""
        notes.append(f"retire {one.rule.id}: {one.fired:,} firings, no lift beyond noise{also}")
    return [Text(note, style="dim") for note in notes]


def _disagreement(record: RulesRecord) -> list[Table | Text]:
    apart = record.disagreement
    if apart is None:
        return [Text(f"Rules and model are not compared: {record.why_not}", style="yellow")]
    counts = apart["listed_by"].value_counts()
    said = (
        f"Within the {record.capacity} that can be worked, rules and model disagree on "
        f"{len(apart)} accounts: {counts.get('model', 0)} by the model only, "
        f"{counts.get('rules', 0)} by the rules only."
    )
    if apart.empty:
        return [Text(said)]
    table = Table(header_style="bold", pad_edge=False)
    for name in ("account", "listed by", "rules' rank", "model's rank", "rules say", "model says"):
        table.add_column(name, justify="right" if "rank" in name else "left")
    for _, rows in apart.groupby("listed_by", sort=False):
        for row in rows.head(SHOWN).to_dict("records"):
            name = row["account_name"] if pd.notna(row["account_name"]) else row["account_id"]
            told = [row["listed_by"], row["rules_rank"], row["model_rank"]]
            cells = [name, *told, row["rules_say"], row["model_says"]]
            table.add_row(*(Text(str(cell)) for cell in cells))
    return [Text(said), table]
