"""The package as a small library for notebooks: open tables, measure, train, judge, score.

    import risk_model as rm

    company = rm.open_tables("data/sample")
    rm.features_at(company, "2026-06-29")
    rm.backtest(company)
    rm.score(company).ranked

Every function takes and gives pandas frames or objects that a notebook shows as tables. Days are
dates, ISO texts, or the midnights of pandas and NumPy; without one it is the day after the newest
event.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risk_model.brief.plan import Kind
from risk_model.catalogue import Catalogue
from risk_model.documents import did_you_mean
from risk_model.engines.duckdb import DuckDBEngine
from risk_model.errors import UsageError
from risk_model.features.snapshots import newest_day
from risk_model.pipelines.ablation import ablation
from risk_model.pipelines.against import explain_change
from risk_model.pipelines.backtest import Backtest, Trial
from risk_model.pipelines.backtest import backtest as run_backtest
from risk_model.pipelines.brief import RENDERERS
from risk_model.pipelines.brief import brief as run_brief
from risk_model.pipelines.history import History, history_of
from risk_model.pipelines.judges import working_catalogue
from risk_model.pipelines.line import Labelled, Line, as_date
from risk_model.pipelines.present import as_html, as_text
from risk_model.pipelines.present import shown as list_shown
from risk_model.pipelines.report import shown as report_shown
from risk_model.pipelines.score import score as run_scoring
from risk_model.pipelines.train import Trained
from risk_model.pipelines.train import train as run_training
from risk_model.rules import Rulebook
from risk_model.settings import PastDays, Settings, load_settings
from risk_model.tables import check_lines, check_table
from risk_model.timeline import DEFAULT_HORIZON, date_of, day_number
from risk_model.waiting import Bar
from risk_model.watchlist import Watchlist

if TYPE_CHECKING:
    from rich.console import RenderableType

Day = date | str | np.datetime64 | None
# Characters a line: what a notebook's column holds at the size that as_html asks for.
WIDTH = 120


class Shown:
    """Something that a notebook shows as the terminal would: a table with its sentences."""

    def __init__(self, what: Any, renderable: RenderableType) -> None:
        self._what, self._renderable = what, renderable

    def __getattr__(self, name: str) -> Any:
        return getattr(self._what, name)

    def __dir__(self) -> list[str]:
        return sorted({*dir(type(self)), *dir(self._what)})

    def __repr__(self) -> str:
        return as_text(self._renderable, WIDTH)

    def _repr_html_(self) -> str:
        return as_html(self._renderable, WIDTH)


class Company:
    """A company's tables, open, under the decisions of a folder; shown as ``check`` shows them.

    ``features`` completes to the names of the catalogue: ``company.features.tickets_28d`` is the
    feature with its meaning. Close it, or use it in a ``with`` block.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        self.features = SimpleNamespace(**self.catalogue.by_name)

    @property
    def settings(self) -> Settings:
        """The decisions: catalogue, lexicons, rules, response, recipe."""
        return self.line.settings

    @property
    def catalogue(self) -> Catalogue:
        """What is measured."""
        return self.line.settings.catalogue

    @property
    def rulebook(self) -> Rulebook:
        """The rules as an estimator, ready to say what fires."""
        return Rulebook.of(self.settings.rules).as_default(self.settings.rules.features)

    @property
    def today(self) -> date:
        """The day after the newest event."""
        return date_of(self._newest())

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the contract as it was understood; times are epoch seconds.

        Raises UsageError where the company has no such table.
        """
        has = self.line.tables.present
        if name not in has:
            raise UsageError(
                f"table '{name}': this company has none.{did_you_mean(name, has)} "
                f"It has {', '.join(sorted(has))}."
            )
        return self.line.tables.frame(name)

    def close(self) -> None:
        """Close the tables."""
        self.line.__exit__(None, None, None)

    def __enter__(self) -> Company:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _repr_html_(self) -> str:
        return as_html(check_table(check_lines(self.line.tables, self._newest())), WIDTH)

    def _newest(self) -> int:
        # Looking is no run: the warning that data are old belongs to runs.
        tables = self.line.tables
        return newest_day(DuckDBEngine(tables.connection), tables.present)


def open_tables(
    data: str | Path,
    *,
    sources: str | Path | None = None,
    config: str | Path | None = None,
    cache: str | Path | None = None,
    progress: bool = True,
) -> Company:
    """Open the tables of a folder or database; ``sources`` maps other exports onto them.

    ``config`` is a folder of decisions, by default those of the working folder or the product's.
    ``cache`` is a file in which heard texts are remembered; ``progress`` shows a bar where work
    takes seconds and somebody looks. Raises DataRefused where going on would mislead.
    """
    settings = load_settings(_path(config))
    bar = Bar() if progress else None
    return Company(Line.open(data, settings, _path(sources), _path(cache), bar))


def features_at(company: Company, days: Day | Iterable[Day] = None) -> pd.DataFrame:
    """Return every feature of every customer on one day or several, indexed by account and day."""
    asked = days if isinstance(days, Iterable) and not isinstance(days, str) else [days]
    snapshots = company.line.snapshots([_day(company, day) for day in asked])
    customers = snapshots[snapshots["is_customer"]].reset_index(drop=True)
    features = company.line.measure(customers, company.catalogue)
    features.index = _index(customers)
    return features


def past(company: Company, as_of: Day = None, horizon: int = DEFAULT_HORIZON) -> Labelled:
    """Return the labelled past: ``snapshots``, ``features`` and ``labels``, a row each."""
    plan = PastDays.model_validate(
        company.settings.train.model_dump(include=set(PastDays.model_fields))
    )
    return company.line.past(_day(company, as_of), horizon, plan)


def rules_fired(company: Company, as_of: Day = None) -> pd.DataFrame:
    """Return a column a rule: 1 fired, 0 quiet, NaN not measured; a row a customer."""
    snapshots = company.line.snapshots([_day(company, as_of)])
    customers = snapshots[snapshots["is_customer"]].reset_index(drop=True)
    features = company.line.measure(customers, working_catalogue(company.settings))
    fired = company.rulebook.fired(features)
    fired.index = pd.Index(customers["account_id"], name="account_id")
    return fired


def train(
    company: Company, as_of: Day = None, horizon: int = DEFAULT_HORIZON, *, force: str = ""
) -> Trained:
    """Train on the past, record the run and the model in MLflow, and decide who is champion."""
    return run_training(company.line, _date(as_of), horizon, force=force)


def backtest(
    company: Company,
    as_of: Day = None,
    horizon: int = DEFAULT_HORIZON,
    gap: int = 0,
    *,
    families: bool = False,
) -> Backtest:
    """Compare blend, learners, rules and simple baselines forward in time; shown as a report."""
    done = run_backtest(company.line, _date(as_of), horizon, gap, families=families)
    told: Any = Shown(done, report_shown(done))
    return told  # type: ignore[no-any-return]


def score(company: Company, as_of: Day = None, *, top: int | None = None, **how: Any) -> Watchlist:
    """Return the ranked watchlist of a day, of which a notebook shows the first ``top`` rows.

    ``how`` as for the command: model, previous, policy.
    """
    done = run_scoring(company.line, _date(as_of), **how)
    told: Any = Shown(done, list_shown(done, top or company.settings.score.top))
    return told  # type: ignore[no-any-return]


def cut_check(company: Company, as_of: Day = None) -> pd.DataFrame:
    """Measure a day twice: on the tables as they are, and with everything later cut away.

    Returns a row a feature: ``differs`` counts the accounts where the two disagree. Anything but 0
    is a leak from the future.
    """
    day = _day(company, as_of)
    whole = features_at(company, date_of(day))
    cut = Company(company.line.cut(day))
    try:
        honest = features_at(cut, date_of(day))
    finally:
        cut.close()
    same = np.isclose(whole, honest.reindex(whole.index), rtol=1e-9, atol=1e-9, equal_nan=True)
    return pd.DataFrame({"differs": (~same).sum(axis=0)}, index=whole.columns)


def families(company: Company, as_of: Day = None, horizon: int = DEFAULT_HORIZON) -> pd.DataFrame:
    """Return what each family of features adds to the logistic regression, forward in time."""
    told = past(company, as_of, horizon)
    trial = Trial.of(company.settings, told, horizon)
    rows = ablation(
        lambda: trial.recipe.learner("logistic"),
        company.catalogue,
        trial.table,
        told,
        trial.folds(),
        company.settings.backtest.resamples,
    )
    return pd.DataFrame(rows).set_index("family")


def history(
    company: Company, account: str, as_of: Day = None, weeks: int = 13, model: str = "champion"
) -> History:
    """Return one account's last weeks: what was said, which rules fired, what it did."""
    return history_of(company.line, account, _day(company, as_of), weeks, model)


def why_moved(
    company: Company, account: str, against: Day, as_of: Day = None, model: str = "champion"
) -> Any:
    """Show what moved an account's probability since an earlier day, split exactly.

    ``plots.waterfall_figure`` draws it as steps, ``parts()`` is a table of every part.
    """
    earlier = _date(against)
    if earlier is None:
        raise UsageError("against: give the earlier day.")
    shown = explain_change(company.line, account, earlier, _date(as_of), model=model)
    return Shown(shown, shown)


def brief_of(
    company: Company, account: str, kind: Kind = "executive", as_of: Day = None, **how: Any
) -> Page:
    """Return a document about an account, shown as a page; ``print`` gives its Markdown."""
    document = run_brief(company.line, account, kind, _date(as_of), **how)
    return Page(RENDERERS["md"](document))


class Page(str):
    """Markdown that a notebook shows as a page."""

    def _repr_markdown_(self) -> str:
        return str(self)


def _index(customers: pd.DataFrame) -> pd.MultiIndex:
    days = pd.to_datetime([date_of(int(day)) for day in customers["as_of"]])
    return pd.MultiIndex.from_arrays([customers["account_id"], days], names=["account_id", "as_of"])


def _date(day: Day) -> date | None:
    """Return a day as a date. Raises UsageError where it is none, or a time of a day."""
    if isinstance(day, np.datetime64):
        day = pd.Timestamp(day)
    if day is None:
        return None
    if pd.isna(day) or not isinstance(day, date | str):
        raise UsageError(f"{day!r}: not a day. Give a date, or a text as YYYY-MM-DD.")
    if isinstance(day, str):
        return as_date(day, "day")
    if not isinstance(day, datetime):
        return day
    moment = day.astimezone(UTC) if day.tzinfo else day
    if moment.time() != time():
        raise UsageError(
            f"{day}: a time of a day. Days are meant, each from 00:00 UTC: give {moment.date()}."
        )
    return moment.date()


def _day(company: Company, day: Day) -> int:
    asked = _date(day)
    return company.line.day_of(None) if asked is None else day_number(asked)


def _path(asked: str | Path | None) -> Path | None:
    return None if asked is None else Path(asked)
