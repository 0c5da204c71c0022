"""Whether the rules earn their keep: each rule's record over the past, and where model and rules
disagree today.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from risk_model.features.following import next_escalation
from risk_model.pipelines.judges import Judge, choose_judge, working_catalogue
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score_rows
from risk_model.timeline import date_of
from risk_model.track_record import RuleRecord, track_record
from risk_model.watchlist import as_csv, ranked
from risk_model.whole_files import write_whole

REASONS = ("reason_1", "reason_2", "reason_3")


@dataclass(frozen=True)
class RulesRecord:
    """The record of the rules, and whom only one of rules and model lists today.

    ``disagreement`` has a row an account that stands within the capacity by one and not by the
    other; it is None where there is no model, and ``why_not`` says so.
    """

    as_of: int
    horizon: int
    snapshots: int
    accounts: int
    base: float
    records: tuple[RuleRecord, ...]
    capacity: int
    disagreement: pd.DataFrame | None
    why_not: str = ""

    def table(self) -> pd.DataFrame:
        """Return the records as a table, one row a rule."""
        return pd.DataFrame([_row(record) for record in self.records])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values; what is not known is None."""
        listed = self.disagreement
        return {
            "as_of": str(date_of(self.as_of)),
            "horizon_days": self.horizon,
            "snapshots": self.snapshots,
            "accounts": self.accounts,
            "followed_by_escalation": _plain(self.base),
            "capacity": self.capacity,
            "rules": [{k: _plain(v) for k, v in _row(r).items()} for r in self.records],
            "disagreement": None
            if listed is None
            else [{str(k): _plain(v) for k, v in row.items()} for row in listed.to_dict("records")],
            "why_no_disagreement": self.why_not or None,
        }

    def write(self, out: Path) -> list[Path]:
        """Write ``X.json`` whole, or ``X.csv`` and beside it ``X.disagreement.csv``."""
        if out.suffix == ".json":
            text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"
            parts = {out: text.encode()}
        else:
            parts = {out: as_csv(self.table())}
            if self.disagreement is not None:
                beside = out.with_name(f"{out.name.removesuffix('.csv')}.disagreement.csv")
                parts[beside] = as_csv(self.disagreement)
        write_whole(parts)
        return list(parts)


def rules_record(
    line: Line, as_of: date | None, horizon: int | None, *, model: str = "champion"
) -> RulesRecord:
    """Judge every rule by the past before a day, and compare rules and model on that day.

    Without a horizon it is the model's. Raises UsageError where the model speaks of another one,
    DataRefused where there are no escalations, or no past, to judge by.
    """
    day = line.day_of(as_of)
    judge = choose_judge(line.settings, model, horizon)
    horizon = judge.horizon
    disagreement, why_not = _disagreement(line, day, judge)
    before = line if as_of is None else line.cut(day)
    settings = line.settings
    past = before.past(day, horizon, settings.backtest)
    snapshots = past.snapshots
    came = np.asarray(next_escalation(snapshots, before.tables.frame("escalations")), np.float64)
    records = track_record(
        settings.rules,
        past.features,
        past.labels.to_numpy(dtype=np.int64),
        snapshots["account_id"],
        came,
        snapshots["as_of"],
        capacity=settings.response.capacity,
        n=settings.backtest.resamples,
    )
    return RulesRecord(
        day,
        horizon,
        len(snapshots),
        int(snapshots["account_id"].nunique()),
        float(past.labels.mean()),
        tuple(records),
        settings.response.capacity,
        disagreement,
        why_not,
    )


def _disagreement(line: Line, day: int, champion: Judge) -> tuple[pd.DataFrame | None, str]:
    """Return whom one of rules and model lists within the capacity and the other does not."""
    settings = line.settings
    if champion.champion is None:
        return None, "; ".join(champion.notes)
    snapshots = line.snapshots([day])
    asked = snapshots[snapshots["is_customer"] & ~snapshots["is_escalated"]]
    if asked.empty:
        return None, f"no customer is there to be listed on {date_of(day)}"
    catalogue = working_catalogue(settings)
    features = line.measure(asked, catalogue)
    features.index = asked.index
    judges = {"rules": choose_judge(settings, "rules", champion.horizon), "model": champion}
    listed = {
        name: ranked(score_rows(line, asked, features, catalogue, judge, day), "probability")
        for name, judge in judges.items()
    }
    return beside(listed["rules"], listed["model"], settings.response.capacity), ""


def beside(rules: pd.DataFrame, model: pd.DataFrame, capacity: int) -> pd.DataFrame:
    """Return the accounts that stand within the capacity of one ranked list only.

    One row an account with both ranks and both reasons side by side; first whom only the model
    lists, by its rank, then whom only the rules list, by theirs.
    """
    both = pd.merge(_told(rules, "rules"), _told(model, "model"), on=["account_id", "account_name"])
    by_rules, by_model = both["rules_rank"] <= capacity, both["model_rank"] <= capacity
    both["listed_by"] = np.select([by_model, by_rules], ["model", "rules"], "")
    apart = both[by_rules != by_model]
    first = apart["model_rank"].where(apart["listed_by"] == "model", apart["rules_rank"])
    order = apart.assign(_first=first).sort_values(["listed_by", "_first"], ignore_index=True)
    columns = ["account_id", "account_name", "listed_by"]
    columns += ["rules_rank", "model_rank", "rules_say", "model_says"]
    return order[columns]


def _told(listed: pd.DataFrame, who: str) -> pd.DataFrame:
    say = "rules_say" if who == "rules" else "model_says"
    told = listed[[*REASONS]].apply(lambda row: "; ".join(text for text in row if text), axis=1)
    return pd.DataFrame(
        {
            "account_id": listed["account_id"],
            "account_name": listed["account_name"],
            f"{who}_rank": listed["rank"],
            say: told,
        }
    )


def _row(record: RuleRecord) -> dict[str, Any]:
    return {
        "rule": record.rule.id,
        "grade": record.rule.grade,
        "measured": round(record.measured, 4),
        "fired": record.fired,
        "accounts": record.accounts,
        "precision": round(record.precision, 4),
        "lift": round(record.lift.estimate, 3),
        "lift_low": round(record.lift.low, 3),
        "lift_high": round(record.lift.high, 3),
        "caught": record.caught,
        "adds": round(record.adds, 2),
        "gain": round(record.gain.estimate, 5),
        "gain_low": round(record.gain.low, 5),
        "gain_high": round(record.gain.high, 5),
        "verdict": record.verdict,
        "also": record.also,
        "from": record.rule.source,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and np.isnan(value) else value
