"""One account's story: the row it gets, the rules, and what moves its logit, with the figures.

An account that is escalated is not at risk: it gets its rows of the list of those instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Group
from rich.table import Table
from rich.text import Text

from risk_model import respond
from risk_model.brief.wording import counted
from risk_model.catalogue import Catalogue
from risk_model.errors import UsageError
from risk_model.explain import sentence, told_of
from risk_model.percent import percent
from risk_model.pipelines.escalated import as_case
from risk_model.pipelines.judged_day import JudgedDay, judged_day
from risk_model.pipelines.judges import Judge
from risk_model.pipelines.line import Line
from risk_model.pipelines.present import acknowledged

MOST = 12


def explain_account(
    line: Line, account: str, as_of: date | None = None, *, model: str = "champion"
) -> Group:
    """Return what is to be said of one account. Raises UsageError where it is not a customer."""
    return explained(judged_day(line, as_of, model=model), account)


def explained(judged: JudgedDay, account: str) -> Group:
    """Return the same from a day that is judged already."""
    place, line = judged.place(account), judged.line
    judge, catalogue = judged.judge, judged.catalogue
    values = judged.features.loc[[place]]
    row = {str(name): cell for name, cell in judged.rows.loc[place].items()}
    is_escalated = bool(judged.is_escalated[place])
    cases = _open_cases(judged, account) if is_escalated else []
    if cases:
        worst = min(cases, key=lambda case: str(case["suggested_severity"]))
        row = as_case(row, worst, line.settings.response)
    day = pd.DataFrame({"as_of": float(judged.day)}, index=values.index)
    facts = pd.concat([values, day], axis=1)
    parts: list[Text | Table] = [
        _escalated_heading(row, cases) if is_escalated else _heading(row, judge),
        _advice(row, facts, judge, line, catalogue, cases),
        _rules(facts, judge, line, catalogue),
    ]
    # What a model says is the chance that an escalation begins; it has learnt from nobody who is
    # escalated.
    if judge.champion is not None and not is_escalated:
        parts.append(_contributions(values, judge, catalogue))
    return Group(*parts)


def _heading(row: Mapping[str, Any], judge: Judge) -> Text:
    what = "probability" if judge.calibrated else "score"
    lines = [
        f"{_called(row)} as of {row['as_of']}",
        f"{what} {percent(row['escalation_probability'])} within {row['horizon_days']} days, risk "
        f"{row['risk_level']}, {row['suggested_severity']}, tier {row['escalation_tier']}, "
        f"state {row['state']}, waiting on {row['waiting_on']}",
        *_signs(row),
    ]
    return Text("\n".join([*lines, ""]))


def _escalated_heading(row: Mapping[str, Any], cases: list[dict[str, Any]]) -> Text:
    since = f" since {cases[0]['opened_at'][:10]}" if cases else ""
    lines = [
        f"{_called(row)} as of {row['as_of']}: escalated{since}, so no longer at risk of it",
        *(_case(case) for case in cases),
        f"tier {row['escalation_tier']}, waiting on {row['waiting_on']}",
        *_signs(row),
    ]
    return Text("\n".join([*lines, ""]))


def _open_cases(judged: JudgedDay, account: str) -> list[dict[str, Any]]:
    """Return the account's rows of the list of those escalated already, the oldest first."""
    rows = judged.escalated
    own = rows[rows["account_id"] == account].sort_values(["opened_at", "escalation_id"])
    return own.to_dict("records")  # type: ignore[return-value]


def _case(case: dict[str, Any]) -> str:
    late = ", past its limit" if case["overdue"] else ""
    return (
        f"{case['escalation_id']}: {case['suggested_severity']}, open since {case['opened_at']}, "
        f"{counted(case['days_open'], 'day')}{late}; acknowledgement: {acknowledged(case)}; next "
        f"update due {case['next_update_due']}; sponsor due {case['sponsor_due']}"
    )


def _called(row: Mapping[str, Any]) -> str:
    """Return an account's name with its id, or the id alone."""
    name = row["account_name"]
    return f"{name} ({row['account_id']})" if pd.notna(name) and name else str(row["account_id"])


def _signs(row: Mapping[str, Any]) -> list[str]:
    because = [f"because: {row[f'reason_{n}']}" for n in (1, 2, 3) if row[f"reason_{n}"]]
    return [f"first step: {row['recommended_action']}", *because]


def _advice(
    row: Mapping[str, Any],
    values: pd.DataFrame,
    judge: Judge,
    line: Line,
    catalogue: Catalogue,
    cases: list[dict[str, Any]],
) -> Text:
    """Return what to take into the talk: cause with evidence, who to bring in, levers, clocks.

    ``cases`` are the account's open escalations; its row is that of the worst one.
    """
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
        *([] if cases else [f"{row['risk_level']} risk: {', '.join(helps.protocol)}"]),
        *causes,
        *([f"bring in: {', '.join(helps.bring_in)}"] if helps.bring_in else []),
        *(f"lever {number}: {lever}" for number, lever in enumerate(levers, start=1)),
        *([helps.weigh] if helps.weigh else []),
        *([f"leadership: {'; '.join(helps.leadership)}"] if helps.leadership else []),
        _held(row, helps.holders, line) if cases else _would_be_held(row, helps.holders),
    ]
    return Text("\n".join([*lines, ""]))


def _held(row: Mapping[str, Any], holders: str, line: Line) -> str:
    how, severity = line.settings.response, row["suggested_severity"]
    answer = respond.answer_to(severity, how)
    owner = respond.owner_of(answer.owner, severity, row["likely_cause"], how)
    return f"held by: {holders}; owner {owner}; updates every {answer.update_hours} hours"


def _would_be_held(row: Mapping[str, Any], holders: str) -> str:
    return (
        f"if it escalated: {holders}; owner {row['owner_role']}; acknowledge by "
        f"{row['acknowledge_by']}, update every {row['update_every_hours']} hours; sponsor "
        f"{row['executive_sponsor']}"
    )


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
