"""Scoring: every account of a day gets one row, ranked or escalated. Nobody is dropped."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from risk_model import respond
from risk_model.catalogue import Catalogue
from risk_model.errors import UsageError
from risk_model.last_list import check_previous, with_previous
from risk_model.pipelines.accounts_gone import refuse_accounts_gone
from risk_model.pipelines.customers import customers_of
from risk_model.pipelines.escalated import escalated_list
from risk_model.pipelines.judges import Judge, choose_judge, working_catalogue
from risk_model.pipelines.last_run import refuse_lost_champion, told_mixed
from risk_model.pipelines.line import Line
from risk_model.pipelines.record import record_of
from risk_model.pipelines.scorer import TEXTS, UNREAD, Scorer, fired_texts, hits_of
from risk_model.pipelines.severity import learned_part
from risk_model.pipelines.shared import shares_incident
from risk_model.pipelines.then_and_now import refuse_unreadable
from risk_model.pipelines.unseen import (
    unread_sentence,
    unseen_sentence,
    with_unseen,
    without_rows,
)
from risk_model.tables.contract import CONTRACT
from risk_model.tables.known import known_from, waits_for
from risk_model.timeline import DAY, date_of
from risk_model.watchlist import (
    COLUMNS,
    ESCALATED_COLUMNS,
    POLICIES,
    Watchlist,
    ranked,
)

log = logging.getLogger(__name__)


def score(
    line: Line,
    as_of: date | None = None,
    *,
    model: str = "champion",
    horizon: int | None = None,
    previous: Path | None = None,
    policy: str | None = None,
) -> Watchlist:
    """Score every account of a day.

    ``model`` is ``champion``, ``rules`` or a version number. Without a champion the rules score
    alone, and the run's record says so. Raises UsageError for a policy that there is not,
    DataRefused where nobody is a customer on the day, where most accounts are refused or most of
    the last list's are gone, or where nothing can be read of a table that the model was trained
    with; RiskModelError where a model scored the last list and no champion is there.
    """
    if policy is not None and policy not in POLICIES:
        raise UsageError(f"policy {policy}: choose {' or '.join(POLICIES)}.")
    began = time.monotonic()
    settings = line.settings
    day = line.day_of(as_of)
    check_previous(previous, str(date_of(day)))
    judge = _told(choose_judge(settings, model, horizon), model, previous)
    refuse_unreadable(judge.champion, line.tables, settings.catalogue)
    snapshots = line.snapshots([day])
    customers = customers_of(line, snapshots, day)
    refuse_accounts_gone(line, customers, previous)
    catalogue = working_catalogue(settings)
    said = line.apply(customers, catalogue, Scorer(settings, catalogue, judge, day))
    measured = time.monotonic()
    unseen = without_rows(line, customers["account_id"], day)
    rows = compared_rows(line, customers, said, judge, day)
    rows = with_unseen(rows, unseen, settings.response)
    at_risk = rows[~customers["is_escalated"].to_numpy(bool)]
    listed = with_previous(ranked(at_risk, policy or settings.score.policy), previous)
    burning = customers["is_escalated"].to_numpy(bool)
    hits = hits_of(said[burning], settings.rules)
    escalated = escalated_list(line, rows[burning], customers[burning], hits, day)
    listed = listed.reindex(columns=list(COLUMNS))
    run = record_of(line, judge, day, snapshots, listed, escalated, previous)
    run["notes"] += respond.unplaced(
        _texts(customers["region"]), _texts(customers["timezone"]), settings.response
    )
    for mark, told in ((unseen, unseen_sentence), (said[UNREAD] > 0, unread_sentence)):
        run["notes"] += told(listed, frozenset(customers["account_id"][mark]))
    run["severity_by"] = learned_part(catalogue, settings, judge.champion)[1]
    run["seconds"] = {
        "measuring": round(measured - began, 2),
        "judging": round(time.monotonic() - measured, 2),
    }
    return Watchlist(listed, escalated.reindex(columns=list(ESCALATED_COLUMNS)), run)


def _told(judge: Judge, model: str, previous: Path | None) -> Judge:
    """Return the judge with what is doubtful about it and about the last list, and log it."""
    if judge.champion is None and model == "champion":
        refuse_lost_champion(previous)
    doubts = told_mixed(previous)
    for note in (*(judge.notes if model != "rules" else ()), *doubts):
        log.warning(note)
    return replace(judge, notes=(*judge.notes, *doubts))


def score_rows(
    line: Line,
    customers: pd.DataFrame,
    features: pd.DataFrame,
    catalogue: Catalogue,
    judge: Judge,
    day: int,
) -> pd.DataFrame:
    """Return one row an account with every column of the contract but rank and change."""
    said = Scorer(line.settings, catalogue, judge, day)(features)
    unseen = without_rows(line, customers["account_id"], day)
    rows = compared_rows(line, customers, said, judge, day)
    return with_unseen(rows, unseen, line.settings.response)


def compared_rows(
    line: Line, customers: pd.DataFrame, said: pd.DataFrame, judge: Judge, day: int
) -> pd.DataFrame:
    """Return the same from what the scorer says of each account by itself."""
    settings, how = line.settings, line.settings.response
    hits = hits_of(said, settings.rules)
    p, likely = said["escalation_probability"].to_numpy(float), said["likely_cause"].tolist()
    is_open = customers["is_escalated"].to_numpy(bool)
    within = respond.likeliest(p, ~is_open, how.capacity if judge.calibrated else 0)
    # An account that is escalated is at risk, whatever else shows, and of some weight.
    levels = np.where(is_open, "High", respond.risk_levels(hits, within)).tolist()
    least = respond.named([settings.severity.any_rule])[0]
    suggested = said["suggested_severity"]
    severity = suggested.where(~is_open | (suggested < least), least).tolist()
    rows = _who(line, customers, day)
    rows["horizon_days"] = judge.horizon
    rows["risk_level"] = levels
    rows[[*TEXTS, "data_coverage"]] = said[[*TEXTS, "data_coverage"]]
    rows["suggested_severity"] = severity
    rows["escalation_probability"] = np.round(p, 4)
    rows["escalation_tier"] = respond.tiers(
        hits,
        levels,
        customers["arr"],
        how,
        likely,
        shares_incident(line, customers["account_id"], day),
        severity,
    )
    rows["rules_fired"] = fired_texts(hits)
    moment = datetime.fromtimestamp(day * DAY, UTC)
    regions, zones = (_texts(customers[name]) for name in ("region", "timezone"))
    clocks = respond.clocks(severity, moment, how, regions, zones, likely)
    clocks.index = rows.index
    rows[list(clocks.columns)] = clocks
    rows["executive_sponsor"] = respond.sponsors(hits, levels, customers["arr"], how)
    rows["arr_at_risk"] = (rows["escalation_probability"] * customers["arr"]).round(2)
    champion = judge.champion
    rows["model_version"] = champion.version if champion else f"rules/{settings.rules.version}"
    rows["run_id"] = champion.run_id if champion else f"rules/{settings.rules.version}"
    return rows


def _texts(column: pd.Series[Any]) -> list[str | None]:
    missing, cells = column.isna().tolist(), column.tolist()
    return [None if gone else str(cell) for cell, gone in zip(cells, missing, strict=True)]


def _who(line: Line, customers: pd.DataFrame, day: int) -> pd.DataFrame:
    rows = pd.DataFrame(index=customers.index)
    rows["account_id"] = customers["account_id"]
    rows["account_name"] = customers["name"]
    for name in ("segment", "csm", "arr"):
        rows[name] = customers[name]
    rows["renewal_date"] = _renewal_dates(line, customers, day)
    rows["as_of"] = str(date_of(day))
    return rows


def _renewal_dates(line: Line, customers: pd.DataFrame, day: int) -> pd.Series[Any]:
    """Return the next renewal known on the day, else the contract's end."""
    fallback = _iso_days(customers["contract_end"])
    if "renewals" not in line.tables.present:
        return fallback
    known = line.tables.frame("renewals")
    told = known["row_known"] < day * DAY
    for since in waits_for(known_from(CONTRACT["renewals"], known.columns), ["renewal_date"]):
        told &= known[since].astype("float64") < day * DAY
    known = known[told & (known["renewal_date"] >= day)]
    soonest = known.groupby("account_id")["renewal_date"].min() * DAY
    return _iso_days(customers["account_id"].map(soonest)).where(lambda s: s != "", fallback)


def _iso_days(seconds: pd.Series[Any]) -> pd.Series[Any]:
    """Return moments as days, one that is missing as an empty text."""
    codes, moments = pd.factorize(seconds)
    days = [*(str(date_of(int(moment) // DAY)) for moment in moments), ""]
    return pd.Series([days[code] for code in codes.tolist()], index=seconds.index, dtype="str")
