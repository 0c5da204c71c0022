"""Backtesting: what each member would have said, refitted before every fold of the past."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from risk_model import by_lot, worth
from risk_model.errors import DataRefused
from risk_model.evaluate import Evaluation, forward_evaluation, without_nan
from risk_model.folds import ForwardFolds
from risk_model.measure import calibration_error, reliability
from risk_model.next_period import UNCALIBRATED, compared
from risk_model.pipelines.ablation import ablation
from risk_model.pipelines.judge import BASELINE, Judged, escalations_of, facts_of
from risk_model.pipelines.line import Labelled, Line
from risk_model.pipelines.recipe import Recipe, measured_columns
from risk_model.pipelines.replay import calm_means, replay_of
from risk_model.pipelines.severity import judge_severity, past_severities
from risk_model.settings import BacktestPlan, Settings
from risk_model.splits import ways_of_splitting
from risk_model.timeline import DEFAULT_HORIZON, date_of
from risk_model.whole_files import whole, write_whole

log = logging.getLogger(__name__)

COMPARED = ("blend", "logistic", "boosting", "extra_trees", "rules", BASELINE)


@dataclass(frozen=True)
class Backtest:
    """The honesty report: figures with intervals, the Monday replay, and what lists were worth.

    ``replay`` has a row for every account on every Monday (see ``replay_of``), empty where the past
    was too short; ``sections`` holds every figure beyond those of ``judged``, as plain values.
    """

    judged: Judged
    replay: pd.DataFrame
    sections: Mapping[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """Return ``signal`` or ``no-usable-signal``."""
        return self.judged.verdict

    @property
    def evaluation(self) -> Evaluation | None:
        """The figures forward in time, or None where the past was too short."""
        return self.judged.evaluation

    def to_dict(self) -> dict[str, Any]:
        """Return everything for JSON but the replay's rows."""
        return {**self.judged.to_dict(), **without_nan(dict(self.sections))}

    def write(self, folder: Path) -> list[Path]:
        """Write backtest.json, replay.parquet, planner.csv and replay.png, each of them whole."""
        from risk_model.pipelines.replay_figure import replay_figure

        report = folder / "backtest.json"
        write_whole({report: (json.dumps(self.to_dict(), indent=2) + "\n").encode("utf-8")})
        if self.replay.empty:
            return [report]
        paths = [folder / name for name in ("replay.parquet", "planner.csv", "replay.png")]
        figure = replay_figure(self)
        with whole(*paths) as (rows, plan, picture):
            dated(self.replay).to_parquet(rows, index=False)
            pd.DataFrame(self.sections["planner"]).to_csv(plan, index=False)
            figure.savefig(picture, format="png")
        return [report, *paths]


def backtest(
    line: Line,
    as_of: date | None = None,
    horizon: int = DEFAULT_HORIZON,
    gap: int = 0,
    *,
    families: bool = False,
) -> Backtest:
    """Compare blend, learners and rules with baselines, forward in time.

    Each fold's members are fitted on what was known when the fold began, calibration included.
    ``gap`` demands that many days between a snapshot and the horizon that it speaks of;
    ``families`` asks what each family of features adds to the logistic regression and to the blend,
    which fits both again without each.
    """
    day = line.day_of(as_of)
    if as_of is not None:
        line = line.cut(day)
    past = line.past(day, horizon, line.settings.backtest, gap)
    trial = Trial.of(line.settings, past, horizon, gap)
    graded = past_severities(line, past, horizon)
    severity = judge_severity(graded, line.settings, horizon)
    judged = replace(trial.judged(line.telling("judging fold")), severity=severity)
    done = judged.evaluation
    if done is None:
        return Backtest(judged, pd.DataFrame())
    settings, recipe, table = line.settings, trial.recipe, trial.table
    replay = replay_of(judged, past, line, horizon, gap)
    sections = {
        "horizon_days": horizon,
        "gap_days": gap,
        "chosen": recipe.told(),
        "retrained": _retrained(done.predictions),
        **worth_of(replay, settings.response.capacity),
        "calibration": calibration_of(done.predictions),
        "next_period": compared(done.predictions, done.main),
        "calm_means": calm_means(judged, past),
        "splits": _splits(recipe.members, table, past, done.predictions),
    }
    if families:
        sections["families"] = ablation(
            lambda: recipe.learner("logistic"),
            settings.catalogue,
            table,
            past,
            trial.folds(),
            settings.backtest.resamples,
            lambda: recipe.blend(horizon, gap),
        )
    return Backtest(judged, replay, sections)


def verdict_of(line: Line, horizon: int = DEFAULT_HORIZON) -> Judged:
    """Return the figures forward in time and the verdict alone, without the replay."""
    past = line.past(line.day_of(None), horizon, line.settings.backtest)
    return Trial.of(line.settings, past, horizon).judged()


@dataclass(frozen=True)
class Trial:
    """A labelled past, the recipe to try on it, and the folds."""

    settings: Settings
    past: Labelled
    table: pd.DataFrame
    recipe: Recipe
    horizon: int
    gap: int

    @classmethod
    def of(cls, settings: Settings, past: Labelled, horizon: int, gap: int = 0) -> Trial:
        """Prepare a trial. Raises DataRefused where no escalation is there to test on."""
        if past.escalations == 0:
            raise DataRefused(
                "no escalation falls into the horizon of any past day: nothing to test."
            )
        table = past.features.loc[:, measured_columns(past, settings)]
        recipe = Recipe.chosen(settings, table, past, horizon, gap)
        return cls(settings, past, table, recipe, horizon, gap)

    def members(self) -> dict[str, Any]:
        """Return rules, learners and blend, unfitted."""
        return {**self.recipe.members(), "blend": self.recipe.blend(self.horizon, self.gap)}

    def folds(self) -> ForwardFolds:
        """Return the folds forward in time that the plan asks for."""
        return folds_of(self.settings.backtest, self.past, self.horizon, self.gap)

    def judged(self, told: Callable[[int, int], None] | None = None) -> Judged:
        """Fit and predict forward in time, and judge; without figures where the past is short."""
        settings, past = self.settings, self.past
        try:
            done = forward_evaluation(
                self.members,
                self.table,
                past.labels,
                past.snapshots["as_of"],
                past.snapshots["account_id"],
                self.folds(),
                baselines=[BASELINE] if BASELINE in self.table.columns else [],
                capacity=settings.response.capacity,
                n=settings.backtest.resamples,
                told=told,
                settled=past.settled,
            )
        except DataRefused as refused:
            return Judged(None, facts_of(past), str(refused))
        came = escalations_of(done.predictions, past, self.horizon)
        return Judged(done, {**facts_of(past), **came})


def folds_of(plan: BacktestPlan, past: Labelled, horizon: int, gap: int = 0) -> ForwardFolds:
    """Return the folds: a new model every ``retrain_every_days``, else ``folds`` equal parts."""
    folds = ForwardFolds(plan.folds, horizon, gap=gap, rolling=plan.rolling_days)
    if plan.retrain_every_days is None:
        return folds
    days = np.concatenate(folds.blocks(past.snapshots["as_of"]))
    span = int(days.max() - days.min()) + 1
    count = min(max(1, round(span / plan.retrain_every_days)), days.size)
    return ForwardFolds(count, horizon, gap=gap, rolling=plan.rolling_days)


def worth_of(replay: pd.DataFrame, size: int) -> dict[str, Any]:
    """Return what lists of ``size`` were worth to those who work them, as plain values.

    Each figure has that of lists drawn by lot beside it: without it nobody sees what chance finds.
    """
    by_member = {
        name: worth.at_capacity(worth.ranked_by(replay, name), size)
        for name in COMPARED
        if name in replay.columns
    }
    listed = replay[replay["rank"] <= size]
    a_csm = max(1, round(size / max(1, replay["csm"].fillna("").nunique())))
    leads = worth.lead_days(replay, size)
    return {
        "capacity": by_member,
        "said_on_lists": float(listed["blend"].mean()) if len(listed) else None,
        "capacity_by_lot": by_lot.at_capacity(replay, size),
        "capacity_a_csm": worth.at_capacity(replay, a_csm, per_csm=True),
        "capacity_a_csm_by_lot": by_lot.at_capacity(replay, a_csm, per_csm=True),
        "lead_days": {"caught": len(leads), **worth.lead_quantiles(leads)},
        "lead_days_by_lot": by_lot.lead_quantiles(replay, size, worth.QUANTILES),
        "planner": worth.planner(replay, (*worth.CAPACITIES, size)).to_dict("records"),
        "workload": worth.workload(replay).to_dict("records"),
        "unsuspected": worth.unsuspected(replay, size),
    }


def calibration_of(ahead: pd.DataFrame) -> dict[str, Any]:
    """Return by member what was said against what came: the mean gap, and the bins behind it.

    The blend is there without its calibration, too.
    """
    y = ahead["y"].to_numpy(dtype=np.int64)
    said = {
        name: ahead[name].to_numpy(dtype=np.float64)
        for name in (*COMPARED, UNCALIBRATED)
        if name in ahead.columns and name != BASELINE
    }
    return {
        name: {"calibration_error": calibration_error(y, p), "bins": reliability(y, p)}
        for name, p in said.items()
    }


def dated(replay: pd.DataFrame) -> pd.DataFrame:
    """Return the replay as people read it: dates, lead days, the week's list in order of rank."""
    rows = replay.sort_values(["day", "rank"], ignore_index=True)
    came = rows["escalated_day"]
    rows.insert(0, "as_of", [date_of(int(day)) for day in rows["day"]])
    rows["escalated_on"] = [None if np.isnan(day) else date_of(int(day)) for day in came]
    rows["lead_days"] = came - rows["day"]
    return rows.drop(columns=["day", "escalated_day"])


def _retrained(ahead: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "from": str(date_of(int(rows["day"].min()))),
            "to": str(date_of(int(rows["day"].max()))),
            "snapshots": len(rows),
            "followed_by_escalation": int(rows["y"].sum()),
        }
        for _, rows in ahead.groupby("fold")
    ]


def _splits(
    make_members: Callable[[], Mapping[str, Any]],
    table: pd.DataFrame,
    past: Labelled,
    ahead: pd.DataFrame,
) -> dict[str, Any]:
    def learners() -> dict[str, Any]:
        return {name: member for name, member in make_members().items() if name != "rules"}

    rows = ahead["row"].to_numpy()
    return ways_of_splitting(
        learners, table, past.labels, past.snapshots["account_id"], rows, ahead
    )
