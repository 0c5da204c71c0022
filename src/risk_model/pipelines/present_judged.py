"""How a model did, in the terminal: the comparison as a table, and the verdicts."""

from __future__ import annotations

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from risk_model.evaluate import PRIOR, Evaluation
from risk_model.pipelines.judge import CALLED, ORDER, Judged
from risk_model.pipelines.present_severity import severity_shown


def shown(judged: Judged) -> Group:
    """Return the comparison as a table, best first in the order of trust, and the verdicts."""
    severity = [severity_shown(judged.severity)] if judged.severity else []
    return Group(_ranking_shown(judged), *severity)


def _ranking_shown(judged: Judged) -> Group:
    evaluation = judged.evaluation
    style = "green" if judged.has_signal else "yellow"
    verdict = Text(f"Verdict: {judged.reason}", style=style)
    if evaluation is None:
        return Group(verdict)
    predictions = evaluation.predictions
    table = Table(
        title=(
            f"Forward in time: {len(predictions):,} snapshots, "
            f"{predictions['group'].nunique():,} accounts, "
            f"{predictions['y'].mean():.1%} {_followed_by(judged)}"
        ),
        title_justify="left",
        header_style="bold",
    )
    table.add_column("")
    for name in ("AUROC [95%]", "AP [95%]", "Brier", "precision", "recall"):
        table.add_column(name, justify="right")
    for member in [name for name in ORDER if name in evaluation.figures]:
        table.add_row(CALLED.get(member, member), *_cells(evaluation, member))
    notes = ["precision and recall in the first tenth of each day's list", *_ahead(evaluation)]
    dim = [Text(note, style="dim") for note in (*notes, *evaluation.notes)]
    return Group(table, *dim, verdict)


def _followed_by(judged: Judged) -> str:
    came, of = (judged.facts.get(n) for n in ("escalations_judged", "accounts_escalated"))
    if came is None:
        return "followed by an escalation"
    return f"before one of {came:,} escalations of {of:,} account{'' if of == 1 else 's'}"


def _ahead(evaluation: Evaluation) -> list[str]:
    """Return what the blend's average precision has over that of each other, on the same draws."""
    against = evaluation.against
    told = [
        f"{CALLED.get(name, name)} {against[name]['average_precision'].told('+.3f')}"
        for name in ORDER
        if name in against and name != PRIOR
    ]
    return [f"AP of the {evaluation.main} less that of {', '.join(told)}"] if told else []


def _cells(evaluation: Evaluation, member: str) -> list[str]:
    figures, intervals = evaluation.figures[member], evaluation.intervals[member]
    cells = [intervals[name].told() for name in ("auroc", "average_precision")]
    brier = figures.get("brier")
    cells.append("" if brier is None or np.isnan(brier) else f"{brier:.4f}")
    cells += [f"{figures[name]:.1%}" for name in ("top_tenth_precision", "top_tenth_recall")]
    return cells
