"""The model card, in plain words: what a model is, how it did, where not to trust it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from risk_model.importance import by_family
from risk_model.pipelines.judge import CALLED, ORDER, Judged

MOST = 10
BEFORE = (
    "Brier and the plot of calibration are of what the blend said before its calibration "
    "({calibration}), which was chosen by these same outcomes; risk-model backtest calibrates "
    "ahead of time."
)


def model_card(
    params: Mapping[str, Any], judged: Judged, told: pd.DataFrame, decision: str, calibrated: bool
) -> str:
    """Return the card as Markdown; ``told`` is the table of ``importance``."""
    parts = [
        f"# Escalation model, trained as of {params['as_of']}",
        _what(params, calibrated),
        _how_good(judged, str(params.get("calibration", "none"))),
        _hangs_on(told),
        _limits(params, judged, calibrated),
        f"## Its standing\n\n{decision}.",
        _made_of(params),
    ]
    return "\n\n".join(parts) + "\n"


def _what(params: Mapping[str, Any], calibrated: bool) -> str:
    by_map = params.get("calibration", "none") != "none"
    probability = "a calibrated probability" if by_map else "a probability"
    said = probability if calibrated else "a score, not yet a probability,"
    return (
        "## What it says\n\n"
        f"For each customer account it gives {said} that an escalation opens within "
        f"{params['horizon_days']} days. It learnt from {params['snapshots']:,} snapshots of "
        f"{params['accounts']:,} accounts on {params['days']} days, "
        f"{params['followed_by_escalation']:,} of them followed by an escalation. It is meant to "
        "put accounts in the order in which a customer-success team looks at them, each with its "
        "reasons. It is not meant to judge people, to set prices, or to decide anything about a "
        "customer without somebody looking."
    )


def _how_good(judged: Judged, calibration: str) -> str:
    evaluation = judged.evaluation
    if evaluation is None:
        return f"## How good it is\n\nNobody knows: {judged.why_not}."
    lines = [
        "## How good it is\n",
        "Measured forward in time, on days that it had not seen, mostly of accounts that it knew; "
        "intervals of 95% from resampling accounts.\n",
        "| | AUROC | average precision | Brier |",
        "|---|---|---|---|",
    ]
    for name in [name for name in ORDER if name in evaluation.figures]:
        figures, spans = evaluation.figures[name], evaluation.intervals[name]
        cells = [spans[key].told() for key in ("auroc", "average_precision")]
        brier = f"{figures['brier']:.4f}" if "brier" in figures else ""
        lines.append(f"| {CALLED.get(name, name)} | {cells[0]} | {cells[1]} | {brier} |")
    if calibration != "none":
        lines += ["", BEFORE.format(calibration=calibration)]
    return "\n".join([*lines, "", f"Verdict: {judged.reason}."])


def _hangs_on(told: pd.DataFrame) -> str:
    shares = ", ".join(f"{family} {share:.0%}" for family, share in by_family(told).items())
    rows = [
        f"| {row['means']} | {row['share']:.1%} |" for row in told.head(MOST).to_dict("records")
    ]
    return "\n".join(
        [
            "## What its scores hang on\n",
            f"By family: {shares}. A measure of use, not of cause.\n",
            "| feature | share of what moves the scores |",
            "|---|---|",
            *rows,
        ]
    )


def _limits(params: Mapping[str, Any], judged: Judged, calibrated: bool) -> str:
    few = params["followed_by_escalation"]
    limits = [
        f"It has seen {few:,} snapshots with an escalation to come; what it says of rare kinds "
        "rests on few cases.",
        "It knows only what the tables hold. A table that stops is not measured, and an account "
        "of which little is measured is judged by little (`data_coverage`).",
        "Escalations are what was written down as such. Where people write them down differently "
        "from now on, its probabilities are off until it is trained again.",
        "A list that is worked changes what happens: averted escalations look like false alarms "
        "unless `outcomes` says what was done.",
    ]
    if not calibrated:
        limits.insert(0, "Its figures order accounts; they are no probabilities.")
    if not judged.has_signal:
        limits.insert(0, "It has shown no usable signal: lean on the rules.")
    return "## Limits\n\n" + "\n".join(f"- {limit}" for limit in limits)


def _made_of(params: Mapping[str, Any]) -> str:
    names = (
        "risk_model_version",
        "features_used",
        "weights",
        "weights_because",
        "chosen",
        "calibration",
        "calibration_because",
        "catalogue_version",
        "lexicons_version",
        "rules_version",
        "data_fingerprint",
    )
    rows = [f"| {name.replace('_', ' ')} | {params[name]} |" for name in names if name in params]
    return "\n".join(["## Made of\n", "| | |", "|---|---|", *rows])
