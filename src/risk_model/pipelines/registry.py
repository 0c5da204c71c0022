"""Versions of the model as people compare them: a list, and two side by side."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from risk_model.documents import did_you_mean
from risk_model.errors import UsageError
from risk_model.pipelines.judge import ORDER
from risk_model.tracking import Version, versions

COMPARED = ("auroc", "average_precision", "brier", "calibration_error", "top_tenth_recall")
OWN_DAYS = "each on its own days: the figures compare models only where the days are the same"


def listed(found: list[Version]) -> Table:
    """Return the versions as a table, the newest first, with why each is or is not champion."""
    table = Table(
        title="Versions of the model",
        title_justify="left",
        header_style="bold",
        caption=OWN_DAYS,
        caption_justify="left",
    )
    for name in ("version", "", "as of", "AUROC", "AP", "verdict", "asked by", "why"):
        table.add_column(name, justify="right" if name in ("version", "AUROC", "AP") else "left")
    for one in found:
        told = one.tags.get("promoted_because") or one.tags.get("decision", "")
        if "rolled_back_because" in one.tags and not one.is_champion:
            told = f"rolled back: {one.tags['rolled_back_because']}"
        role = ["champion"] if one.is_champion else []
        role += ["by force"] if one.tags.get("promoted_by_force") == "true" else []
        table.add_row(
            one.number,
            " ".join(role),
            one.params.get("as_of", ""),
            *(_figure(one, f"blend.{name}") for name in ("auroc", "average_precision")),
            one.tags.get("verdict", ""),
            Text(one.tags.get("promoted_by", "")),
            Text(told),
        )
    return table


def side_by_side(name: str, first: str, second: str) -> Table:
    """Return two versions (or runs) beside each other: what differs in how, and every figure.

    Raises UsageError for a version or run that is not there.
    """
    found = versions(name)
    a, b = _find(found, first), _find(found, second)
    table = Table(
        title=f"version {a.number} beside version {b.number}",
        title_justify="left",
        header_style="bold",
        caption=OWN_DAYS,
        caption_justify="left",
    )
    for head in ("", f"version {a.number}", f"version {b.number}", "second less first"):
        table.add_column(head, justify="right" if head else "left")
    for key in sorted(set(a.params) | set(b.params)):
        ours, theirs = a.params.get(key, ""), b.params.get(key, "")
        if ours != theirs:
            table.add_row(key.replace("_", " "), Text(ours[:60]), Text(theirs[:60]), "")
    table.add_section()
    for member in ORDER:
        for figure in COMPARED:
            key = f"{member}.{figure}"
            if key in a.metrics and key in b.metrics:
                gain = b.metrics[key] - a.metrics[key]
                said = f"{member} {figure.replace('_', ' ')}"
                table.add_row(said, _figure(a, key), _figure(b, key), f"{gain:+.4f}")
    return table


def _find(found: list[Version], asked: str) -> Version:
    for one in found:
        if asked in (one.number, one.run_id):
            return one
    known = [one.number for one in found]
    raise UsageError(
        f"no version or run '{asked}'; there are versions {', '.join(known) or 'none'}."
        f"{did_you_mean(asked, known)} See risk-model models."
    )


def _figure(one: Version, key: str) -> str:
    return f"{one.metrics[key]:.4f}" if key in one.metrics else ""
