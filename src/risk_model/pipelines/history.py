"""One account over its last weeks: what was said of it, which rules fired, what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from risk_model.errors import UsageError
from risk_model.pipelines.judges import choose_judge, working_catalogue
from risk_model.pipelines.line import Line
from risk_model.timeline import DAY, date_of
from risk_model.weekly import weekly_series


@dataclass(frozen=True)
class History:
    """An account's weeks. ``weeks`` has a row a day on which it was a customer.

    ``weeks`` is indexed by day: ``probability`` as it would have been said then, ``rules`` (ids).
    ``fired`` has the rules that fired at least once, 0/1 a week. ``series`` leads a name (usage,
    tickets, messages, health) to its weekly figures, ``escalated`` are days in between.
    """

    account: str
    weeks: pd.DataFrame
    fired: pd.DataFrame
    series: Mapping[str, pd.Series[float]]
    escalated: tuple[pd.Timestamp, ...]


def history_of(
    line: Line, account: str, as_of: int, weeks: int = 13, model: str = "champion"
) -> History:
    """Return an account's last weeks, each with what was known then only.

    ``as_of`` is a day number. Today's model is asked about each week. Raises UsageError where the
    account was no customer in any of them.
    """
    days = [as_of - 7 * back for back in range(weeks - 1, -1, -1)]
    snapshots = line.snapshots(days)
    is_shown = snapshots["is_customer"] & (snapshots["account_id"] == account)
    customers = snapshots[is_shown].reset_index(drop=True)
    if customers.empty:
        raise UsageError(
            f"{account} was not a customer in the {weeks} weeks before {date_of(as_of)}."
        )
    # What compares accounts looks at all of them, whoever is asked about.
    features = line.measure(customers, working_catalogue(line.settings)).reset_index(drop=True)
    judge = choose_judge(line.settings, model, None)
    if judge.champion is None:
        said = judge.rulebook.predict_proba(features[list(judge.rulebook.feature_names_in_)])[:, 1]
    else:
        names = [str(name) for name in judge.champion.model.feature_names_in_]
        said = judge.champion.model.predict_proba(features[names])[:, 1]
    index = pd.to_datetime([date_of(int(day)) for day in customers["as_of"]])
    fired = judge.rulebook.fired(features).set_axis(index).fillna(0.0)
    fired = fired.loc[:, (fired == 1).any()].astype(int)
    rules = ["; ".join(row.index[row == 1]) for _, row in fired.iterrows()]
    told = pd.DataFrame({"probability": said, "rules": rules}, index=index)
    return History(
        account, told, fired, _series(line, account, as_of, weeks), _came(line, account, days)
    )


def _series(line: Line, account: str, as_of: int, weeks: int) -> dict[str, pd.Series[float]]:
    tables = weekly_series(line.engine, line.tables.present, [account], as_of, weeks)
    ends = pd.to_datetime([date_of(as_of - 7 * back) for back in range(weeks - 1, -1, -1)])
    return {
        name: pd.Series(t.loc[account].to_numpy(float), index=ends) for name, t in tables.items()
    }


def _came(line: Line, account: str, days: list[int]) -> tuple[pd.Timestamp, ...]:
    if "escalations" not in line.tables.present:
        return ()
    cases = line.tables.frame("escalations")
    cases = cases[cases["row_known"] < days[-1] * DAY]
    opened = cases.loc[cases["account_id"] == account, "opened_at"].to_numpy(float) // DAY
    inside = np.sort(opened[(opened >= days[0]) & (opened < days[-1])])
    return tuple(pd.Timestamp(date_of(int(day))) for day in inside)
