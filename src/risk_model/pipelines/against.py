"""Why did this account move? Two days side by side, and the exact split of the change."""

from __future__ import annotations

from dataclasses import dataclass
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
ANOTHER_MODEL, CAME_LATE = "another version of the model", "facts that came in late"
ESCALATED = (
    "{account} is escalated on {day}, so no longer at risk of it: what follows is how its figures "
    "would be judged if it were not."
)


@dataclass(frozen=True)
class Change:
    """How an account's probability moved between two days, and what it is told by.

    ``before`` and ``after`` are its features on those days, a row each.
    """

    account: str
    earlier: date
    day: date
    moved: Movement
    before: pd.DataFrame
    after: pd.DataFrame
    judge: Judge
    catalogue: Catalogue
    is_escalated: bool

    @property
    def what(self) -> str:
        """Return what the figures are: a probability, or a score."""
        return "probability" if self.judge.calibrated else "score"

    def __rich__(self) -> Group:
        escalated = ESCALATED.format(account=self.account, day=self.day)
        return Group(
            *([Text(escalated)] if self.is_escalated else []),
            *_heading(self),
            _split(self),
            _rules(self.before, self.after, self.judge),
        )

    def parts(self) -> pd.DataFrame:
        """Return every part, a row each: ``adds`` sums to the change of the probability.

        Columns: ``part``, ``kind`` (model version, late data, rules, or the feature's family),
        ``means``, ``then``, ``now`` (the feature's values), ``adds``. The largest come first.
        """
        rows = [
            {"part": "model_version", "kind": "model version", "means": ANOTHER_MODEL},
            {"part": "late_data", "kind": "late data", "means": CAME_LATE},
        ]
        adds = [self.moved.model_version, self.moved.late_data]
        for name, value in self.moved.parts.sort_values(key=abs, ascending=False).items():
            feature = self.catalogue.by_name.get(str(name))
            kind, means = ("rules", said_of(str(name), self.catalogue))
            rows.append(
                {"part": str(name), "kind": feature.family if feature else kind, "means": means}
            )
            adds.append(float(value))
        table = pd.DataFrame(rows)
        for column, features in (("then", self.before), ("now", self.after)):
            table[column] = [
                float(features.iloc[0][name]) if name in self.catalogue.by_name else None
                for name in table["part"]
            ]
        return table.assign(adds=adds)


def explain_change(
    line: Line,
    account: str,
    against: date,
    as_of: date | None = None,
    *,
    model: str = "champion",
    model_then: str | None = None,
) -> Change:
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
    dates = (date_of(earlier), date_of(day))
    return Change(account, *dates, moved, before, after, now, catalogue, is_escalated)


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


def _heading(change: Change) -> list[RenderableType]:
    moved = change.moved
    return [
        Text(
            f"{change.account}: {change.what} {moved.before:.1%} on {change.earlier}, "
            f"{moved.after:.1%} on {change.day}, {100 * (moved.after - moved.before):+.1f} points"
        ),
        Text(),
    ]


def _split(change: Change) -> Table:
    moved = change.moved
    table = Table(
        title="What moved it, in points of probability", title_justify="left", header_style="bold"
    )
    for name in ("part", "then", "now", "adds"):
        table.add_column(name, justify="left" if name == "part" else "right")
    table.add_row(ANOTHER_MODEL, "", "", f"{moved.model_version:+.2%}")
    table.add_row(CAME_LATE, "", "", f"{moved.late_data:+.2%}")
    top, _ = largest(moved.parts, MOST)
    for part, adds in ((str(name), float(value)) for name, value in top.items()):
        said = said_of(part, change.catalogue)
        table.add_row(Text(said), *figures_of(part, change), f"{adds:+.2%}")
    for said, adds in others_of(change, top):
        table.add_row(said, "", "", f"{adds:+.2%}")
    table.add_row("sum", "", "", f"{moved.total:+.2%}")
    return table


def others_of(change: Change, top: pd.Series[float]) -> list[tuple[str, float]]:
    """Return what all parts beside ``top`` add, by the features' families, the largest first."""
    rest = change.moved.parts.drop(top.index)
    families = {name: one.family for name, one in change.catalogue.by_name.items()}
    by_family = rest.groupby([families.get(str(name), "") for name in rest.index]).agg(
        ["sum", "size"]
    )
    return [
        (f"{of['size']:.0f} other {f'features of {name}' if name else 'rules'}", float(of["sum"]))
        for name, of in by_family.sort_values("sum", key=abs, ascending=False).iterrows()
    ]


def said_of(part: str, catalogue: Catalogue) -> str:
    """Return what a part is called: a feature's meaning, a rule, or the rules."""
    feature = catalogue.by_name.get(part)
    if feature is not None:
        return feature.means
    return part if part == THE_RULES else f"rule {part}"


def figures_of(part: str, change: Change) -> tuple[str, str]:
    """Return a feature's value then and now as a person reads it; empty for another part."""
    feature = change.catalogue.by_name.get(part)
    if feature is None:
        return "", ""
    then, now = (float(row.iloc[0][part]) for row in (change.before, change.after))
    return told_of(feature, then), told_of(feature, now)


def _rules(before: pd.DataFrame, after: pd.DataFrame, judge: Judge) -> Text:
    then, now = (judge.rulebook.fired(row).iloc[0] for row in (before, after))
    begun = [str(name) for name in now.index if now[name] == 1 and then[name] != 1]
    ended = [str(name) for name in now.index if then[name] == 1 and now[name] != 1]
    return Text(
        f"rules that began to fire: {', '.join(begun) or 'none'}\n"
        f"rules that fire no more: {', '.join(ended) or 'none'}"
    )
