"""One day of a company, measured and judged: where explanations, documents and patterns begin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import pandas as pd

from risk_model.catalogue import Catalogue
from risk_model.documents import did_you_mean
from risk_model.errors import UsageError
from risk_model.pipelines.customers import customers_of
from risk_model.pipelines.escalated import escalated_list
from risk_model.pipelines.judges import Judge, choose_judge, working_catalogue
from risk_model.pipelines.line import Line
from risk_model.pipelines.score import score_rows
from risk_model.respond import fired_rules
from risk_model.timeline import DAY, date_of


@dataclass(frozen=True)
class JudgedDay:
    """Every customer of a day with its features and its row of the list, escalated ones too.

    ``customers``, ``features`` and ``rows`` have the same index.
    """

    line: Line
    day: int
    judge: Judge
    catalogue: Catalogue
    snapshots: pd.DataFrame
    customers: pd.DataFrame
    features: pd.DataFrame
    rows: pd.DataFrame

    @cached_property
    def escalated(self) -> pd.DataFrame:
        """The escalations that are open on the day, one row each, as in ``X.escalated.csv``."""
        burning = self.is_escalated
        fired = self.judge.rulebook.cases(self.features[burning])
        hits = fired_rules(fired, self.line.settings.rules)
        return escalated_list(
            self.line, self.rows[burning], self.customers[burning], hits, self.day
        )

    @property
    def is_escalated(self) -> pd.Series[bool]:
        """Whether each customer has an escalation open."""
        return self.customers["is_escalated"].astype(bool)

    def place(self, account: str) -> int:
        """Return the index of an account. Raises UsageError where it is no customer that day."""
        return place_of(self.line, self.snapshots, account, self.day)


def place_of(line: Line, snapshots: pd.DataFrame, account: str, day: int) -> int:
    """Return the index of a customer among a day's snapshots; UsageError where it is none."""
    found = snapshots.index[(snapshots["account_id"] == account) & snapshots["is_customer"]]
    if len(found):
        return int(found[0])
    known = set(line.tables.frame("accounts", "account_id")["account_id"])
    if account not in known:
        raise UsageError(f"no account '{account}'.{did_you_mean(account, known)}")
    raise UsageError(f"{account} {_no_customer(snapshots, account, day)}")


def _no_customer(snapshots: pd.DataFrame, account: str, at: int) -> str:
    """Say whether an account is no customer yet or no more, and by what."""
    day = date_of(at)
    found = snapshots[snapshots["account_id"] == account].to_dict("records")
    if not found:
        why = f"is not a customer yet on {day}: nothing is known of it by then"
    elif found[0]["contract_end"] <= at * DAY:
        end = date_of(int(found[0]["contract_end"]) // DAY)
        why = f"is not a customer any more on {day}: its contract ended on {end}"
    elif found[0]["contract_start"] > at * DAY:
        begin = date_of(int(found[0]["contract_start"]) // DAY)
        why = f"is not a customer yet on {day}: its contract begins on {begin}"
    else:
        why = f"is not a customer yet on {day}: it has no row of any date before"
    return f"{why}. Give another day with --as-of."


def judged_day(line: Line, as_of: date | None = None, *, model: str = "champion") -> JudgedDay:
    """Measure and judge every customer of a day.

    Tiers and capacity compare accounts, so the whole company is measured, as when scoring. Raises
    DataRefused where nobody is a customer on the day.
    """
    day = line.day_of(as_of)
    judge = choose_judge(line.settings, model, None)
    snapshots = line.snapshots([day])
    customers = customers_of(line, snapshots, day)
    catalogue = working_catalogue(line.settings)
    features = line.measure(customers, catalogue)
    features.index = customers.index
    rows = score_rows(line, customers, features, catalogue, judge, day)
    return JudgedDay(line, day, judge, catalogue, snapshots, customers, features, rows)
