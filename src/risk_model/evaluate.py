"""What would have been said ahead of time, and what it was worth beside simple baselines."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from risk_model.blend import Blend
from risk_model.errors import DataRefused, UsageError
from risk_model.folds import ForwardFolds, as_told
from risk_model.measure import metrics
from risk_model.next_period import COLUMNS as OF_CALIBRATION
from risk_model.next_period import ways_of_calibrating
from risk_model.resample import (
    Difference,
    Interval,
    bootstrap,
    difference_of,
    interval_of,
    paired_bootstrap,
    permutation_p,
    prepare,
    redraw,
)

__all__ = [
    "Evaluation",
    "Verdict",
    "bootstrap",
    "forward_evaluation",
    "judge",
    "metrics",
    "paired_bootstrap",
    "permutation_p",
    "predict_ahead",
    "unmeasured",
]

PRIOR = "prior"
CHANCE_P = 0.05
# The fewest accounts with an escalation that can convince: were each ranked high by a coin, all of
# five would be in 3% of the cases, all of four in 6%, which is more than CHANCE_P.
ENOUGH_ACCOUNTS = 5
TOLD = ("auroc", "average_precision", "top_tenth_precision", "top_tenth_recall")
COLUMNS = ("row", "fold", "day", "group", "y", PRIOR, *OF_CALIBRATION)


@dataclass(frozen=True)
class Verdict:
    """Whether there is anything in the predictions, and every check that says so."""

    has_signal: bool
    checks: dict[str, bool]
    permutation_p: float
    reason: str


@dataclass(frozen=True)
class Evaluation:
    """Figures of every member on the same out-of-time rows.

    ``predictions`` has a row a snapshot: row, fold, day, group, y, prior (share of positives in
    the fold's training rows) and each member's score. ``figures`` and ``intervals`` go by member,
    ``against`` holds what ``main`` has over each other member.
    """

    main: str
    predictions: pd.DataFrame
    figures: dict[str, dict[str, float]]
    intervals: dict[str, dict[str, Interval]]
    against: dict[str, dict[str, Difference]]
    verdict: Verdict
    notes: list[str] = field(default_factory=list)

    @property
    def has_signal(self) -> bool:
        """Say whether the main member does better than chance beyond doubt."""
        return self.verdict.has_signal

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and texts for JSON, without the predictions; NaN becomes None."""
        plain = {
            "main": self.main,
            "has_signal": self.has_signal,
            "reason": self.verdict.reason,
            "checks": self.verdict.checks,
            "permutation_p": self.verdict.permutation_p,
            "figures": self.figures,
            "intervals": _plain(self.intervals),
            "against": _plain(self.against),
            "notes": self.notes,
        }
        return dict(without_nan(plain))


def predict_ahead(
    make_members: Callable[[], Mapping[str, Any]],
    X: pd.DataFrame,
    y: ArrayLike,
    days: ArrayLike,
    groups: ArrayLike,
    folds: ForwardFolds,
    baselines: Sequence[str] = (),
    told: Callable[[int, int], None] | None = None,
    settled: ArrayLike | None = None,
    calibrates: str = "",
) -> pd.DataFrame:
    """Return each member's score of every test row, fitted on what was known when its block began.

    ``make_members`` makes fresh classifiers by name. ``baselines`` are columns of X that rank by
    themselves, the larger the worse; not measured ranks last. ``told`` hears of each fold that is
    done (its number, how many). ``settled`` are the day numbers from which labels can be known,
    where not from the horizon's end: no fold learns from an escalation told of later. Of the
    blend named ``calibrates`` there is also what it says without (see ``next_period``). Raises
    DataRefused when the history is too short or no fold has both classes to train on, UsageError
    for an unknown baseline.
    """
    missing = [name for name in baselines if name not in X.columns]
    if missing:
        raise UsageError(f"evaluate: no such feature to compare with: {', '.join(missing)}.")
    target, day, group = np.asarray(y), np.asarray(days, dtype=np.int64), np.asarray(groups)
    since = None if settled is None else np.asarray(settled, dtype=np.int64)
    parts: list[pd.DataFrame] = []
    for number, (train, test) in enumerate(folds.split(day)):
        then = None if since is None else since[train]
        learnt = as_told(target[train], then, int(day[test].min()))
        if np.unique(learnt).size < 2:
            continue
        part = pd.DataFrame({"row": test, "fold": number, "day": day[test], "group": group[test]})
        part["y"], part[PRIOR] = target[test], float(learnt.mean())
        known = (X.iloc[train], learnt, day[train], group[train], then)
        for name, model in _all_fitted(make_members(), known).items():
            part[name] = model.predict_proba(X.iloc[test])[:, 1]
            if name == calibrates and isinstance(model, Blend):
                part = part.assign(**ways_of_calibrating(model, X.iloc[test]))
        parts.append(part)
        if told is not None:
            told(number, folds.n_folds)
    if not parts:
        raise DataRefused("evaluate: no fold has both classes to train on. Bring more history.")
    ahead = pd.concat(parts, ignore_index=True)
    for name in baselines:
        ahead[name] = unmeasured_last(X[name].to_numpy(float)[ahead["row"].to_numpy()])
    return ahead


def unmeasured_last(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a score of which what is not measured (NaN) ranks below all that is."""
    measured = score[~np.isnan(score)]
    return np.nan_to_num(score, nan=measured.min() - 1 if measured.size else 0.0)


def judge(
    predictions: pd.DataFrame,
    main: str,
    *,
    scores: Sequence[str] = (),
    capacity: int | None = None,
    n: int = 500,
    seed: int = 0,
) -> Evaluation:
    """Return the figures of predictions made ahead of time, such as ``Blend.oof_``.

    Columns: row, fold, day, group, y, perhaps prior, and one a member; ``main`` is the one to
    judge, ``scores`` are those that rank but are no probabilities. ``n`` resamples.
    """
    members = [name for name in predictions.columns if name not in COLUMNS]
    if main not in members:
        raise UsageError(f"evaluate: no predictions of '{main}'; there are {', '.join(members)}.")
    if PRIOR in predictions.columns:
        members.append(PRIOR)
    y, day, group = (predictions[name].to_numpy() for name in ("y", "day", "group"))
    by_name = {name: predictions[name].to_numpy(dtype=np.float64) for name in members}
    prior = by_name.get(PRIOR)
    figures = {
        name: metrics(y, p, day, capacity=capacity, prior=prior, is_probability=name not in scores)
        for name, p in by_name.items()
    }
    names = [(name, told) for name in members for told in TOLD]
    drawn = redraw(
        [prepare(told, y, by_name[name], group, day) for name, told in names], group, n, seed
    )
    draws = dict(zip(names, drawn.T, strict=True))
    intervals = {name: {told: interval_of(draws[name, told]) for told in TOLD} for name in members}
    against = {
        name: {told: difference_of(draws[main, told], draws[name, told]) for told in TOLD}
        for name in members
        if name != main
    }
    chance = permutation_p(y, by_name[main], group, day, n=n, seed=seed)
    escalated = int(np.unique(group[y == 1]).size)
    verdict = _verdict(intervals[main]["auroc"], figures[main], chance, escalated)
    return Evaluation(main, predictions, figures, intervals, against, verdict)


def forward_evaluation(
    make_members: Callable[[], Mapping[str, Any]],
    X: pd.DataFrame,
    y: ArrayLike,
    days: ArrayLike,
    groups: ArrayLike,
    folds: ForwardFolds,
    *,
    main: str = "blend",
    baselines: Sequence[str] = (),
    capacity: int | None = None,
    n: int = 500,
    seed: int = 0,
    told: Callable[[int, int], None] | None = None,
    settled: ArrayLike | None = None,
) -> Evaluation:
    """Fit and predict forward in time, then judge ``main`` beside members, prior and baselines.

    See ``predict_ahead`` and ``judge``.
    """
    ahead = predict_ahead(make_members, X, y, days, groups, folds, baselines, told, settled, main)
    done = judge(ahead, main, scores=baselines, capacity=capacity, n=n, seed=seed)
    skipped = folds.n_folds - ahead["fold"].nunique()
    if skipped:
        done.notes.append(f"{skipped} of {folds.n_folds} folds had one class only to train on")
    done.notes.extend(unmeasured(X, baselines, done.predictions))
    return done


def unmeasured(X: pd.DataFrame, baselines: Sequence[str], ahead: pd.DataFrame) -> list[str]:
    """Return a note on each baseline that was measured for nobody on some of the days judged.

    There it ranks nobody, which is no fair rival.
    """
    notes, days = [], ahead["day"]
    for name in baselines:
        measured = X[name].iloc[ahead["row"]].notna().groupby(days.to_numpy()).any()
        if not measured.all():
            notes.append(
                f"{name} was not measured on {(~measured).mean():.0%} of the days judged: there it "
                "ranks nobody, and is no fair rival"
            )
    return notes


def _all_fitted(members: Mapping[str, Any], known: tuple[Any, ...]) -> dict[str, Any]:
    """Fit all members on the same rows; one that a blend among them holds is not fitted again."""
    models: dict[str, Any] = {
        name: _fit(member, *known) for name, member in members.items() if isinstance(member, Blend)
    }
    within = {
        (name, _settings_of(part)): part
        for model in models.values()
        for name, part in model.members_
    }
    for name, member in members.items():
        if name not in models:
            part = within.get((name, _settings_of(member)))
            models[name] = _fit(member, *known) if part is None else part
    return {name: models[name] for name in members}


def _settings_of(member: Any) -> str:
    """Return what a member is and how it is set, fitted or not, as a fingerprint."""
    return str(joblib.hash((type(member).__qualname__, member.get_params(deep=False))))


def _fit(
    member: Any,
    X: pd.DataFrame,
    y: NDArray[Any],
    days: NDArray[Any],
    groups: NDArray[Any],
    settled: NDArray[Any] | None,
) -> Any:
    """Fit with days, groups and when labels are known, where the member asks for them."""
    asked = inspect.signature(member.fit).parameters
    offered = {"days": days, "groups": groups, "settled": settled}
    return member.fit(X, y, **{name: value for name, value in offered.items() if name in asked})


def _verdict(auroc: Interval, figures: dict[str, float], chance: float, escalated: int) -> Verdict:
    """Believe in a signal only when resampling, ranking at the top and reassignment all do.

    ``escalated`` accounts had an escalation: what one of them does often is no signal.
    """
    checks = {
        "auroc_above_half": bool(auroc.low > 0.5),
        "precision_above_prevalence": figures["average_precision"] > figures["prevalence"],
        "labels_not_exchangeable": chance <= CHANCE_P,
        "enough_accounts": escalated >= ENOUGH_ACCOUNTS,
    }
    found, told = all(checks.values()), f"AUROC {auroc.told()}"
    if found:
        reason = f"signal: {told}, labels at random do as well with p = {chance:.3f}"
        return Verdict(found, checks, chance, reason)
    failed = ", ".join(name.replace("_", " ") for name, passed in checks.items() if not passed)
    if escalated < ENOUGH_ACCOUNTS:
        failed += f" (all escalations are of {escalated}, {ENOUGH_ACCOUNTS} are wanted)"
    reason = f"no signal beyond chance: {told}, p = {chance:.3f}; not met: {failed}"
    return Verdict(found, checks, chance, reason)


def _plain(table: Mapping[str, Mapping[str, Interval]]) -> dict[str, Any]:
    return {
        name: {told: interval.to_dict() for told, interval in row.items()}
        for name, row in table.items()
    }


def without_nan(value: Any) -> Any:
    """Return plain values with None for every number that is not finite, for JSON."""
    if isinstance(value, dict):
        return {key: without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(inner) for inner in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
