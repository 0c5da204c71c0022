"""Backtesting: what each member would have said, refitted before every fold of the past."""

from __future__ import annotations

import logging
from datetime import date
from typing import Any

from risk_model.blend import Blend
from risk_model.errors import DataRefused
from risk_model.evaluate import forward_evaluation
from risk_model.folds import ForwardFolds
from risk_model.pipelines.judge import BASELINE, Judged, facts_of
from risk_model.pipelines.line import Line
from risk_model.pipelines.recipe import measured_columns, members
from risk_model.pipelines.severity import judge_severity, past_severities
from risk_model.timeline import DEFAULT_HORIZON

log = logging.getLogger(__name__)


def backtest(line: Line, as_of: date | None = None, horizon: int = DEFAULT_HORIZON) -> Judged:
    """Compare blend, learners and rules with baselines, forward in time.

    Each fold's members are fitted on what was known when the fold began, calibration included.
    """
    day = line.day_of(as_of)
    if as_of is not None:
        line = line.cut(day)
    settings = line.settings
    past = line.past(day, horizon, settings.backtest)
    if past.escalations == 0:
        raise DataRefused("no escalation falls into the horizon of any past day: nothing to test.")
    severity = judge_severity(past_severities(line, past, horizon), settings, horizon)
    table = past.features.loc[:, measured_columns(past, settings)]
    names = [str(name) for name in table.columns]

    def make_members() -> dict[str, Any]:
        parts = members(settings, names)
        learners = [(name, part) for name, part in parts.items() if name != "rules"]
        fresh = members(settings, names)
        blend = Blend(fresh["rules"], learners, horizon=horizon, **settings.recipe.blend)
        return {**fresh, "blend": blend}

    try:
        done = forward_evaluation(
            make_members,
            table,
            past.labels,
            past.snapshots["as_of"],
            past.snapshots["account_id"],
            ForwardFolds(settings.backtest.folds, horizon),
            baselines=[BASELINE] if BASELINE in table.columns else [],
            n=settings.backtest.resamples,
        )
    except DataRefused as refused:
        return Judged(None, facts_of(past), str(refused), severity)
    return Judged(done, facts_of(past), severity=severity)
