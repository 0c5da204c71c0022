"""The honesty report in the terminal: what lists were worth, in the units of work."""

from __future__ import annotations

from math import isnan
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from risk_model.pipelines.backtest import Backtest
from risk_model.pipelines.calibrated import calibration_shown
from risk_model.pipelines.judge import CALLED
from risk_model.pipelines.present_judged import shown as judged_shown
from risk_model.splits import WAYS


def shown(done: Backtest) -> Group:
    """Return the report as tables: figures, the week's work, the planner, the ways of splitting."""
    parts: list[RenderableType] = [judged_shown(done.judged)]
    if not done.sections:
        return Group(*parts)
    told = done.sections
    parts += [_work(told), Text(), _plan(told), Text(), _ways(told)]
    if "next_period" in told:
        parts += [Text(), calibration_shown(told["next_period"])]
    if "families" in told:
        parts += [Text(), _families(told["families"])]
    parts += [Text(line, style="dim") for line in _sentences(told)]
    return Group(*parts)


def _work(told: Any) -> Table:
    size = int(told["capacity"]["blend"]["capacity"])
    table = _table(f"A team that works {size} accounts a week")
    some_averted = any(row["averted"] for row in told["capacity"].values())
    heads = ["", "precision", "escalations caught", "last list", "false alarms a week"]
    heads += ["averted"] if some_averted else []
    for name in (*heads, "new on the list"):
        table.add_column(name, justify="right" if name else "left")
    for name, row in told["capacity"].items():
        caught = f"{row['caught']:.0f} of {row['escalations']:.0f} ({row['caught_share']:.0%})"
        table.add_row(CALLED.get(name, name), *_worked(row, caught, some_averted))
    drawn = told["capacity_by_lot"]
    caught = f"{drawn['caught']:.1f} ({drawn['caught_share']:.0%})"
    table.add_row("drawn by lot", *_worked(drawn, caught, some_averted), style="dim")
    table.caption = (
        "caught: on any list of the weeks before it. A list that changes more catches more, good "
        "or bad: see lists drawn by lot anew each week, and last list, the newest one before it"
    )
    table.caption_justify = "left"
    return table


def _worked(row: Any, caught: str, some_averted: bool) -> list[str]:
    precision = f"{row['precision']:.1%}"
    if row["averted"]:
        precision += f" to {row['precision_if_averted']:.1%}"
    return [
        precision,
        caught,
        f"{row['on_last_list_share']:.0%}",
        f"{row['false_alarms_a_week']:.1f}",
        *([f"{row['averted']:.0f}"] if some_averted else []),
        f"{row['new_share_a_week']:.0%}",
    ]


def _plan(told: Any) -> Table:
    table = _table("How many to work: a week, by the blend, with 95% intervals")
    heads = ("accounts", "caught", "share caught", "by lot", "false")
    for name in (*heads, "value if a catch is worth 20"):
        table.add_column(name, justify="right")
    for row in told["planner"]:
        table.add_row(
            f"{row['capacity']}",
            f"{row['caught']:.2f} [{row['caught_low']:.2f}, {row['caught_high']:.2f}]",
            f"{row['caught_share']:.0%}",
            f"{row['caught_share_by_lot']:.0%}",
            f"{row['false']:.1f} [{row['false_low']:.1f}, {row['false_high']:.1f}]",
            f"{row['value_20']:+.1f} [{row['value_20_low']:+.1f}, {row['value_20_high']:+.1f}]",
        )
    return table


def _ways(told: Any) -> Table:
    splits = told["splits"]
    names = list(splits[WAYS[0]])
    table = _table("The same learners by other splits: only the last is what Monday brings")
    table.add_column("")
    for name in names:
        table.add_column(f"{name} AUROC", justify="right")
        table.add_column("AP", justify="right")
    for way in WAYS:
        cells = []
        for name in names:
            figures = splits[way][name]
            cells += [f"{figures['auroc']:.3f}", f"{figures['average_precision']:.3f}"]
        table.add_row(way, *cells)
    return table


def _families(rows: Any) -> Table:
    table = _table("What each family of features adds (AP): to the logistic regression, the blend")
    heads = ("family", "features", "alone", "left out", "adds [95%]")
    for name in (*heads, "blend without", "adds to the blend [95%]"):
        table.add_column(name, justify="left" if name == "family" else "right")
    for row in rows:
        table.add_row(
            row["family"],
            f"{row['features']}",
            f"{row['ap_alone']:.3f}",
            f"{row['ap_without']:.3f}",
            _span(row, "adds"),
            f"{row['blend_ap_without']:.3f}",
            _span(row, "blend_adds"),
        )
    table.caption = (
        f"all together {rows[0]['ap_all']:.3f}, the blend {rows[0]['blend_ap_all']:.3f}, whose "
        "rules do without the family, too; what families share, none of them adds"
    )
    table.caption_justify = "left"
    return table


def _span(row: Any, name: str) -> str:
    return f"{row[name]:+.3f} [{row[f'{name}_low']:+.3f}, {row[f'{name}_high']:+.3f}]"


def _sentences(told: Any) -> list[str]:
    hidden, a_csm, drawn = (
        told[name] for name in ("unsuspected", "capacity_a_csm", "capacity_a_csm_by_lot")
    )
    lines = [
        f"{a_csm['capacity']:.0f} accounts a CSM and week: precision {a_csm['precision']:.1%}, "
        f"{a_csm['caught_share']:.0%} caught (by lot {drawn['caught_share']:.0%}), "
        f"{a_csm['false_alarms_a_csm_and_week']:.1f} false alarms a CSM and week.",
    ]
    if told["calm_means"]:
        lines.append(
            f"Where nobody would have known ({', '.join(told['calm_means'])}): "
            f"{hidden['caught']:.0f} of {hidden['escalations']:.0f} escalations caught, by lot "
            f"{hidden['caught_by_lot']:.1f}."
        )
    lines += _lead(told["lead_days"], told["lead_days_by_lot"])
    lines += [
        f"{row['recall']:.0%} of the escalations: the first {row['capacity']:.0f} accounts of a "
        f"week, {row['share']:.0%} of all; drawn by lot {row['by_lot']:.0f}, "
        f"{row['share_by_lot']:.0%} of all."
        for row in told["workload"]
        if not isnan(row["capacity"])
    ]
    lines += _said(told["said_on_lists"], told["capacity"]["blend"])
    lines += _averted(told["capacity"])
    if told["gap_days"]:
        lines.append(
            f"With a gap: only escalations {told['gap_days']} days or more after a list count, "
            f"up to {told['gap_days'] + told['horizon_days']}. Who escalates sooner stands on no "
            "list, and leaves the place to the next."
        )
    return lines


def _said(said: float | None, blend: Any) -> list[str]:
    """Compare what the blend says of those who are listed, which a mean gap of all rows hides."""
    if said is None:
        return []
    return [
        f"Of the accounts on the lists the blend said {said:.1%} on average, and "
        f"{blend['precision']:.1%} of them escalated."
    ]


def _lead(leads: Any, by_lot: Any) -> list[str]:
    if not leads["caught"]:
        return []
    return [
        f"Lead: half of the {leads['caught']:.0f} caught were listed {leads['p50']:.0f} days "
        f"ahead or more, a tenth less than {leads['p10']:.0f}; by lot {by_lot['p50']:.0f} and "
        f"{by_lot['p10']:.0f}."
    ]


def _averted(capacity: Any) -> list[str]:
    averted = [
        f"{CALLED.get(name, name)} {row['averted']:.0f}"
        for name, row in capacity.items()
        if row["averted"]
    ]
    if not averted:
        return []
    return [
        "Averted, as people say who acted on them (listings, each an account in a week): "
        f"{', '.join(averted)}. They are no false alarms. Precision is told with nothing left "
        "out, which is what to compare by, and as if every one had been a hit."
    ]


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", header_style="bold")
