"""One account's story: the row it gets, the rules, and what moves its logit, with the figures."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Group
from rich.table import Table
from rich.text import Text

from risk_model import respond
from risk_model.catalogue import Catalogue
from risk_model.errors import UsageError
from risk_model.explain import sentence, told_of
from risk_model.pipelines.judged_day import judged_day
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import Judge

MOST = 12


def explain_account(
    line: Line, account: str, as_of: date | None = None, *, model: str = "champion"
) -> Group:
    """Return what is to be said of one account. Raises UsageError where it is not a customer."""
    judged = judged_day(line, as_of, model=model)
    place = judged.place(account)
    judge, catalogue = judged.judge, judged.catalogue
    row, values = judged.rows.loc[[place]].iloc[0], judged.features.loc[[place]]
    day = pd.DataFrame({"as_of": float(judged.day)}, index=values.index)
    told_of = pd.concat([values, day], axis=1)
    parts: list[Text | Table] = [
        _heading(row, judge),
        _advice(row, told_of, judge, line, catalogue),
        _rules(told_of, judge, line, catalogue),
    ]
    if judge.champion is not None:
        parts.append(_contributions(values, judge, catalogue))
    return Group(*parts)


def _heading(row: pd.Series[Any], judge: Judge) -> Text:
    what = "probability" if judge.calibrated else "score"
    lines = [
        f"{row['account_name'] or row['account_id']} ({row['account_id']}) as of {row['as_of']}",
        f"{what} {row['escalation_probability']:.1%} within {row['horizon_days']} days, risk "
        f"{row['risk_level']}, {row['suggested_severity']}, tier {row['escalation_tier']}, "
        f"state {row['state']}, waiting on {row['waiting_on']}",
        f"first step: {row['recommended_action']}",
        *(f"because: {row[f'reason_{n}']}" for n in (1, 2, 3) if row[f"reason_{n}"]),
    ]
    return Text("\n".join([*lines, ""]))


def _advice(
    row: pd.Series[Any], values: pd.DataFrame, judge: Judge, line: Line, catalogue: Catalogue
) -> Text:
    """Return what to take into the talk: cause with evidence, who to bring in, levers, clocks."""
    settings = line.settings
    hits = respond.fired_rules(judge.rulebook.cases(values), settings.rules)[0]
    record = {str(name): value for name, value in values.iloc[0].items()}
    helps = respond.advice(
        hits,
        record,
        catalogue,
        settings.response,
        cause=row["likely_cause"],
        severity=row["suggested_severity"],
        tier=row["escalation_tier"],
        level=row["risk_level"],
    )
    causes = [
        f"{'likely cause' if cause == helps.cause else 'also'}: {cause} ({'; '.join(said)})"
        for cause, said in sorted(helps.by_cause.items(), key=lambda item: item[0] != helps.cause)
    ]
    levers = [f"{offer.what} ({offer.why})" for offer in helps.levers]
    lines = [
        f"{row['risk_level']} risk: {', '.join(helps.protocol)}",
        *causes,
        *([f"bring in: {', '.join(helps.bring_in)}"] if helps.bring_in else []),
        *(f"lever {number}: {lever}" for number, lever in enumerate(levers, start=1)),
        *([helps.weigh] if helps.weigh else []),
        *([f"leadership: {'; '.join(helps.leadership)}"] if helps.leadership else []),
        f"if it escalated: {helps.holders}; owner {row['owner_role']}; acknowledge by "
        f"{row['acknowledge_by']}, update every {row['update_every_hours']} hours; sponsor "
        f"{row['executive_sponsor']}",
    ]
    return Text("\n".join([*lines, ""]))


def _rules(values: pd.DataFrame, judge: Judge, line: Line, catalogue: Catalogue) -> Table:
    fired = judge.rulebook.fired(values).iloc[0]
    record = {str(name): value for name, value in values.iloc[0].items()}
    table = Table(title="Rules", title_justify="left", header_style="bold")
    for name in ("rule", "", "grade", "says"):
        table.add_column(name)
    for rule in line.settings.rules.rules:
        state = {1.0: "fired", 0.0: "quiet"}.get(float(fired[rule.id]), "not measured")
        if state != "quiet":
            says = rule.as_fired(record).says
            said = sentence(says, record, catalogue) if state == "fired" else ""
            table.add_row(rule.id, state, rule.grade, Text(said))
    quiet = int((fired == 0).sum())
    table.caption = f"{quiet} more rules are quiet"
    return table


def _contributions(values: pd.DataFrame, judge: Judge, catalogue: Catalogue) -> Table:
    """Return the exact split of the logit: base, rules, then features by weight, and the rest."""
    if judge.champion is None:
        raise UsageError("the rules alone have no contributions by feature")
    model = judge.champion.model
    names = [str(name) for name in model.feature_names_in_]
    parts, rules_part, base = model.contributions(values[names])
    weights = parts.iloc[0]
    order = weights.abs().sort_values(ascending=False).index
    table = Table(
        title="What makes up the score (logit, before calibration)",
        title_justify="left",
        header_style="bold",
    )
    for name in ("part", "figure", "adds"):
        table.add_column(name, justify="left" if name == "part" else "right")
    table.add_row("the usual account", "", f"{base:+.2f}")
    table.add_row("the rules", "", f"{float(rules_part.iloc[0]):+.2f}")
    for name in order[:MOST]:
        feature = catalogue.by_name[str(name)]
        figure = told_of(feature, float(values.iloc[0][name]))
        table.add_row(Text(feature.means), figure, f"{weights[name]:+.2f}")
    rest = float(weights[order[MOST:]].sum())
    table.add_row(f"{max(len(order) - MOST, 0)} other features", "", f"{rest:+.2f}")
    total = base + float(rules_part.iloc[0]) + float(weights.sum())
    table.add_row("sum", "", f"{total:+.2f} = {1 / (1 + np.exp(-total)):.1%}")
    return table
