"""Why did this account move? Two days side by side, and the exact split of the change."""

from __future__ import annotations

from datetime import date

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from risk_model.catalogue import Catalogue
from risk_model.errors import UsageError
from risk_model.explain import told_of
from risk_model.movement import THE_RULES, ByBlend, ByRules, Movement, Scorer, largest, movement
from risk_model.pipelines.judged_day import place_of
from risk_model.pipelines.judges import Judge, choose_judge, working_catalogue
from risk_model.pipelines.line import Line
from risk_model.tables.late import hindsight, late_tables
from risk_model.timeline import date_of, day_number

MOST = 10
ESCALATED = (
    "{account} is escalated on {day}, so no longer at risk of it: what follows is how its figures "
    "would be judged if it were not."
)


def explain_change(
    line: Line,
    account: str,
    against: date,
    as_of: date | None = None,
    *,
    model: str = "champion",
    model_then: str | None = None,
) -> Group:
    """Return why an account's probability moved from ``against`` to ``as_of``.

    ``model_then`` is the model that scored the earlier day, by default the same. Raises UsageError
    where the account is not a customer on both days, or the days are the wrong way round.
    """
    day, earlier = line.day_of(as_of), day_number(against)
    if earlier >= day:
        raise UsageError(f"--against {against}: give a day before {date_of(day)}.")
    before, then, _ = _row(line, account, earlier, model_then or model)
    after, now, is_escalated = _row(line, account, day, model)
    catalogue = working_catalogue(line.settings)
    looked_back = _with_hindsight(line, account, earlier, day, before)
    moved = movement(_scorer(then), _scorer(now), before, looked_back, after)
    return Group(
        *([Text(ESCALATED.format(account=account, day=date_of(day)))] if is_escalated else []),
        *_heading(account, earlier, day, moved, now),
        _split(moved, before, after, catalogue),
        _rules(before, after, now),
    )


def _row(line: Line, account: str, day: int, model: str) -> tuple[pd.DataFrame, Judge, bool]:
    """Return the account's features on a day, who judges, and whether it is escalated then.

    Raises UsageError where it is no customer.
    """
    judge = choose_judge(line.settings, model, None)
    snapshots = line.snapshots([day])
    own = snapshots.loc[[place_of(line, snapshots, account, day)]]
    # What compares accounts looks at all of them, whoever is asked about.
    features = line.measure(own, working_catalogue(line.settings)).reset_index(drop=True)
    return features, judge, bool(own["is_escalated"].iloc[0])


def _with_hindsight(
    line: Line, account: str, earlier: int, day: int, before: pd.DataFrame
) -> pd.DataFrame:
    """Return the earlier day's features from all that is known at ``day`` about the time before it.

    Where no table is late, and where the account was no customer by what was known later, that is
    what was known then.
    """
    if not late_tables(line.tables):
        return before
    with hindsight(line.tables, day) as seen:
        again = Line(seen, line.settings, line.cache)
        try:
            snapshots = again.snapshots([earlier])
            own = snapshots[(snapshots["account_id"] == account) & snapshots["is_customer"]]
            found = again.measure(own, working_catalogue(line.settings))
        finally:
            again.engine.close()
    return before if found.empty else found.reset_index(drop=True)[before.columns]


def _scorer(judge: Judge) -> Scorer:
    return ByRules(judge.rulebook) if judge.champion is None else ByBlend(judge.champion.model)


def _heading(
    account: str, earlier: int, day: int, moved: Movement, judge: Judge
) -> list[RenderableType]:
    what = "probability" if judge.calibrated else "score"
    return [
        Text(
            f"{account}: {what} {moved.before:.1%} on {date_of(earlier)}, "
            f"{moved.after:.1%} on {date_of(day)}, {100 * (moved.after - moved.before):+.1f} points"
        ),
        Text(),
    ]


def _split(
    moved: Movement, before: pd.DataFrame, after: pd.DataFrame, catalogue: Catalogue
) -> Table:
    table = Table(
        title="What moved it, in points of probability", title_justify="left", header_style="bold"
    )
    for name in ("part", "then", "now", "adds"):
        table.add_column(name, justify="left" if name == "part" else "right")
    table.add_row("another version of the model", "", "", f"{moved.model_version:+.2%}")
    table.add_row("facts that came in late", "", "", f"{moved.late_data:+.2%}")
    top, rest = largest(moved.parts, MOST)
    for part, adds in ((str(name), float(value)) for name, value in top.items()):
        feature = catalogue.by_name.get(part)
        figures = [""] * 2
        if feature is not None:
            figures = [told_of(feature, float(row.iloc[0][part])) for row in (before, after)]
        said = feature.means if feature is not None else _rule_said(part)
        table.add_row(Text(said), *figures, f"{adds:+.2%}")
    table.add_row(f"{len(moved.parts) - len(top)} other parts", "", "", f"{rest:+.2%}")
    table.add_row("sum", "", "", f"{moved.total:+.2%}")
    return table


def _rule_said(name: str) -> str:
    return name if name == THE_RULES else f"rule {name}"


def _rules(before: pd.DataFrame, after: pd.DataFrame, judge: Judge) -> Text:
    then, now = (judge.rulebook.fired(row).iloc[0] for row in (before, after))
    begun = [str(name) for name in now.index if now[name] == 1 and then[name] != 1]
    ended = [str(name) for name in now.index if then[name] == 1 and now[name] != 1]
    return Text(
        f"rules that began to fire: {', '.join(begun) or 'none'}\n"
        f"rules that fire no more: {', '.join(ended) or 'none'}"
    )
