"""The line that everything walks: tables, snapshots, features."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType

import duckdb
import pandas as pd

from risk_model.catalogue import Catalogue
from risk_model.engines import Engine, MakeEngine, RowFunction
from risk_model.engines.duckdb import DuckDBEngine
from risk_model.errors import DataRefused, UsageError
from risk_model.features import answers_at, features_at, pieces_at
from risk_model.features.build import Heard
from risk_model.features.covered import covered
from risk_model.features.following import next_escalation
from risk_model.features.heard import hear_texts
from risk_model.features.snapshots import (
    labels_of,
    newest_day,
    of_the_day,
    settled_on,
    snapshots_on,
    yet_to_come,
)
from risk_model.features.told_today import told_today
from risk_model.settings import PastDays, Settings
from risk_model.tables import Tables, open_tables
from risk_model.tables.amiss import feeds_amiss
from risk_model.tables.resources import used
from risk_model.timeline import DAY, date_of, day_number, today

Progress = Callable[[str, int, int], None]
STALE_AFTER_DAYS = 7
FARTHEST_DAYS = 36_525
"""A day that many days ahead is a slip of the hand; calendars end at some time."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Labelled:
    """Past snapshots with features and labels: one row each, aligned.

    ``settled`` is the day number from which a label could be known; None: from its horizon's end.
    ``escalated`` is the day number of the first escalation at or after the snapshot, else NaN.
    ``told_today`` names features that no learner may see: of the past they tell what is so today.
    """

    snapshots: pd.DataFrame
    features: pd.DataFrame
    labels: pd.Series
    settled: pd.Series | None = None
    escalated: pd.Series | None = None
    told_today: tuple[str, ...] = ()

    @property
    def escalations(self) -> int:
        """Snapshots that an escalation followed within the horizon."""
        return int(self.labels.sum())


class Line:
    """A company's tables, open, with the settings under which they are measured.

    A context manager: it holds an engine and its temporary tables. ``cache`` is where heard texts
    are remembered (no text is stored), ``progress`` is told (stage, done, of).
    """

    def __init__(
        self,
        tables: Tables,
        settings: Settings,
        cache: Path | None = None,
        progress: Progress | None = None,
        make_engine: MakeEngine = DuckDBEngine,
    ) -> None:
        self.tables = tables
        self.settings = settings
        self.progress = progress
        self.notices: list[str] = []
        self.read_from: dict[str, str] = {}
        self.engine: Engine = make_engine(tables.connection)
        self._make_engine = make_engine
        self.cache = cache
        self._cuts: list[Line] = []

    @classmethod
    def open(
        cls,
        data: Path | str,
        settings: Settings,
        sources: Path | None = None,
        cache: Path | None = None,
        progress: Progress | None = None,
        make_engine: MakeEngine = DuckDBEngine,
    ) -> Line:
        """Read and check the tables of a folder, a DuckDB file or a database."""
        tables = open_tables(data, sources, resources=settings.resources)
        line = cls(tables, settings, cache, progress, make_engine)
        line.read_from = {"data": str(data), "sources": str(sources) if sources else ""}
        log.info(
            "tables: %(engine_memory_limit)s of memory and %(engine_threads)d threads for the "
            "engine, %(engine_spilled_mb)d MB spilled, %(process_peak_mb)d MB at most so far",
            line.resources_used(),
        )
        return line

    def resources_used(self) -> dict[str, str | int]:
        """Return the engine's bounds, and what was used so far."""
        return used(self.tables.connection, self.tables.spill)

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for earlier in self._cuts:
            earlier.__exit__(kind, error, trace)
        self.engine.close()
        self.tables.close()
        if isinstance(error, duckdb.Error):
            # A file that went away under the engine is no fault of the engine's.
            self.tables.ensure_unchanged()

    def cut(self, as_of: int) -> Line:
        """Return the line over the tables as they stood at ``as_of``; it closes with this one."""
        tables, make_engine = self.tables.cut(as_of), self._make_engine
        earlier = Line(tables, self.settings, self.cache, self.progress, make_engine)
        self._cuts.append(earlier)
        return earlier

    def day_of(self, asked: date | None) -> int:
        """Return the day to stand on: the one asked for, else the day after the newest event.

        That is today at the latest: a day counts when it is over.
        What lies after today has not happened, and is named. Raises DataRefused where nothing at
        all is known before that day.
        """
        # A question to the tables as they were read, whatever measures them.
        asking = DuckDBEngine(self.tables.connection)
        with self.tables.unmoved():
            newest = newest_day(asking, self.tables.present)
        as_of = newest if asked is None else day_number(asked)
        if as_of > today() + FARTHEST_DAYS:
            raise UsageError(f"--as-of {asked}: is a century ahead. Give a day of your data.")
        days = [t.first_day for t in self.tables.report.tables.values() if t.first_day]
        if not days:
            raise DataRefused(
                "not a single dated row is left in any table, so there is no day to stand on. "
                "See what was refused, and why, with: risk-model check"
            )
        if day_number(min(days)) >= as_of:
            raise DataRefused(
                f"nothing is known before {date_of(as_of)}: every row is of that day or later. "
                "Give --as-of a later day, or look at the dates with: risk-model check"
            )
        behind = today() - as_of
        if asked is None and behind > STALE_AFTER_DAYS:
            self._note(f"the newest event is {behind} days old: this is as of {date_of(as_of)}")
        if asked is None and behind == 0:
            self._tell_of_today(asking, as_of)
        ahead = yet_to_come(asking, self.tables.present) if asked is None else {}
        if ahead:
            rows = ", ".join(f"{name} {count:,}" for name, count in ahead.items())
            self._note(f"rows of a time after today, not counted before it comes: {rows}")
        for said in feeds_amiss(self.tables.report, as_of):
            log.warning(said)
        return as_of

    def _tell_of_today(self, asking: Engine, day: int) -> None:
        """Note rows of a day that is not over; whoever scores every morning has some each time."""
        rows = of_the_day(asking, self.tables.present, day)
        if rows:
            told = ", ".join(f"{name} {count:,}" for name, count in rows.items())
            said = f"rows of today ({date_of(day)}, UTC), which count from tomorrow on: {told}"
            log.info(said)
            self.notices.append(said)

    def _note(self, said: str) -> None:
        log.warning(said)
        self.notices.append(said)

    def snapshots(self, days: Iterable[int]) -> pd.DataFrame:
        """Return accounts on days, with who they are then."""
        with self.tables.unmoved():
            return snapshots_on(self.engine, self.tables.present, days)

    def measure(self, snapshots: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
        """Return the features of snapshots, one row each, by name only."""
        heard, told = self._hear(catalogue, snapshots), self.telling("measuring")
        with self.tables.unmoved():
            features = features_at(
                self.engine, self.tables.present, snapshots, catalogue, heard, told
            )
        self.engine.close()
        return features[catalogue.names]

    def pieces(self, snapshots: pd.DataFrame, catalogue: Catalogue) -> Iterator[pd.DataFrame]:
        """Yield ``account_id``, ``as_of`` and the features of snapshots, in order, piece by piece.

        The line is asked nothing else meanwhile.
        """
        heard, told = self._hear(catalogue, snapshots), self.telling("measuring")
        with self.tables.unmoved():
            yield from pieces_at(
                self.engine, self.tables.present, snapshots, catalogue, heard, told
            )
        self.engine.close()

    def apply(
        self, snapshots: pd.DataFrame, catalogue: Catalogue, function: RowFunction
    ) -> pd.DataFrame:
        """Return what a function says of the features of snapshots, aligned with them.

        It is asked where the features are, some rows at a time, and only its answers come here.
        """
        heard, told = self._hear(catalogue, snapshots), self.telling("measuring")
        with self.tables.unmoved():
            said = answers_at(
                self.engine, self.tables.present, snapshots, catalogue, function, heard, told
            )
        self.engine.close()
        return said.set_axis(snapshots.index)

    def _hear(self, catalogue: Catalogue, snapshots: pd.DataFrame) -> Heard:
        return hear_texts(
            self.engine,
            self.tables.present,
            catalogue,
            self.settings.lexicons,
            self.cache,
            self.telling("reading texts"),
            [int(day) for day in snapshots["as_of"].unique()],
        )

    def past(self, as_of: int, horizon: int, plan: PastDays, gap: int = 0) -> Labelled:
        """Return the labelled past before ``as_of``: customers that were not escalated then.

        Its days lie whole steps of the plan before ``as_of``, so a weekly list of a Monday learns
        from Mondays and is judged by them. The last is ``as_of - horizon - gap`` or before it: a
        horizon that runs past what is known has no label. It begins ``gap`` days after the
        snapshot. Days of which no escalations are on record are left out (see ``covered``). Raises
        DataRefused where there are no escalations to learn from.
        """
        if "escalations" not in self.tables.present:
            raise DataRefused(
                "there is no escalations table, so there is nothing to learn from. "
                "Give escalations.csv, or score by the rules alone with --model rules."
            )
        days = self._past_days(as_of, horizon + gap, plan)
        closed = ["closed_at"] if "closed_at" in self.tables.present["escalations"] else []
        escalations = self.tables.frame(
            "escalations", "account_id", "opened_at", "row_known", *closed
        )
        escalations = escalations[escalations["row_known"] < as_of * DAY]
        log_of = covered((escalations["opened_at"] // DAY).astype(int).tolist(), days[0], as_of)
        for said in log_of.said:
            self._note(said)
        snapshots = self.snapshots([day for day in days if day >= log_of.first] or days[-1:])
        snapshots = snapshots[snapshots["is_customer"]].reset_index(drop=True)
        labels = labels_of(snapshots, escalations, horizon, log_of.until, gap)
        snapshots = snapshots[labels.notna()].reset_index(drop=True)
        settled = settled_on(snapshots, escalations, horizon, gap)
        known = labels.dropna().reset_index(drop=True).astype(int)
        log.info(
            "%d snapshots of %d accounts on %d days, %d followed by an escalation",
            len(snapshots),
            snapshots["account_id"].nunique(),
            snapshots["as_of"].nunique(),
            int(known.sum()),
        )
        features = self.measure(snapshots, self.settings.catalogue)
        came = next_escalation(snapshots, escalations)
        return Labelled(snapshots, features, known, settled, came, self._told_today())

    def _told_today(self) -> tuple[str, ...]:
        """Return the features that nobody may learn from, and say so (see ``told_today``)."""
        asking = DuckDBEngine(self.tables.connection)
        found = told_today(asking, self.tables.present, self.settings.catalogue)
        if found:
            self._note(
                "no account has a history (valid_from), so what is told of them is of today, and "
                f"nothing is learnt from {', '.join(found)}: it would give away who left"
            )
        return found

    def _past_days(self, as_of: int, horizon: int, plan: PastDays) -> list[int]:
        begun = [
            day_number(table.first_day)
            for table in self.tables.report.tables.values()
            if table.first_day and table.name not in ("accounts", "renewals", "outcomes")
        ]
        # Rounded up to whole steps: after a weekend silences and waits are others than before it.
        last = as_of - -(-horizon // plan.every_days) * plan.every_days
        first = max(min(begun, default=last) + plan.warm_up_days, last - plan.at_most_days)
        days = list(range(last, first - 1, -plan.every_days))[::-1]
        if not days:
            raise DataRefused(
                f"the history is too short: {plan.warm_up_days} days of warm-up and a horizon of "
                f"{horizon} days leave no day to learn from before {date_of(as_of)}."
            )
        return days

    def telling(self, stage: str) -> Callable[[int, int], None] | None:
        """Return what hears how far a stage is: its part done (from 0), of how many."""
        if self.progress is None:
            return None
        progress = self.progress
        return lambda done, of: progress(stage, done, of)


def as_date(text: str | None, option: str) -> date | None:
    """Return a date given as text. Raises UsageError where it is not ``YYYY-MM-DD``."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text}: not a date. Write it as YYYY-MM-DD.") from None
