"""The one function that turns tables and snapshots into features."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from risk_model.catalogue import Catalogue, Feature
from risk_model.catalogue.spec import COMPANY_VERBS, SAID, STINTS_OF
from risk_model.engines import Engine, RowFunction
from risk_model.features.calendar import Calendar
from risk_model.features.combine import combined
from risk_model.features.grid import Grid, by_position
from risk_model.features.measured import (
    Reach,
    can_be_measured,
    flag_name,
    is_zero_when_absent,
    measured_flags,
    reach_of,
)
from risk_model.features.passes import passes_for
from risk_model.features.sources import HEARD, Source, open_source
from risk_model.features.spans import as_days
from risk_model.features.understood import UNDERSTOOD, counts_in, hears, understood_of
from risk_model.features.urgency import from_the_first

Frame = nw.LazyFrame[Any]
Present = Mapping[str, frozenset[str]]
Heard = Mapping[str, Frame]
Progress = Callable[[int, int], None]
PIECE = 10_000
"""Snapshots whose features are here at once, where they are asked for piece by piece."""
log = logging.getLogger(__name__)


def features_at(
    engine: Engine,
    present: Present,
    snapshots: pd.DataFrame,
    catalogue: Catalogue,
    heard: Heard | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Return the features of snapshots.

    ``snapshots`` has ``account_id`` and ``as_of`` (day number), one row a snapshot, any number
    of days. ``present`` says which columns of which tables were given, ``heard`` what their
    texts were heard to say (see ``hear_texts``). Returns one row a
    snapshot in the order given: ``account_id``, ``as_of``, then one float column a feature in
    the catalogue's order, NaN where it is not measured.
    """
    if snapshots.empty:
        nothing = pd.DataFrame(columns=catalogue.names, index=snapshots.index, dtype="float64")
        return pd.concat([snapshots[["account_id", "as_of"]], nothing], axis=1)
    made = feature_frame(engine, present, snapshots, catalogue, heard, progress)
    if len(snapshots) > PIECE:
        return _filled(engine, made, snapshots, catalogue.names)
    frame = engine.pandas(made)
    if not frame["row"].is_monotonic_increasing:
        frame = frame.sort_values("row", ignore_index=True)
    return frame.drop(columns="row")


def _filled(
    engine: Engine, frame: Frame, snapshots: pd.DataFrame, names: Sequence[str]
) -> pd.DataFrame:
    """Bring many features here once: each piece goes to its rows, and none is held beside them."""
    values = {name: np.empty(len(snapshots)) for name in names}
    for piece in engine.batches(frame, PIECE):
        rows = piece["row"].to_numpy()
        for name in names:
            values[name][rows] = piece[name].to_numpy(dtype=np.float64)
    keys = {name: snapshots[name].array for name in ("account_id", "as_of")}
    return pd.DataFrame({**keys, **values}, copy=False)


def pieces_at(
    engine: Engine,
    present: Present,
    snapshots: pd.DataFrame,
    catalogue: Catalogue,
    heard: Heard | None = None,
    progress: Progress | None = None,
) -> Iterator[pd.DataFrame]:
    """Yield what ``features_at`` returns, in its order, some thousand snapshots at a time.

    Of no snapshots comes one empty piece. The engine is asked nothing else meanwhile.
    """
    if snapshots.empty:
        yield features_at(engine, present, snapshots, catalogue)
        return
    frame = feature_frame(engine, present, snapshots, catalogue, heard, progress)
    yield from _in_order(engine.batches(frame, PIECE))


def _in_order(pieces: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Yield pieces as their rows are numbered; what came before its turn is held until then.

    Many days come in order anyhow. Let the engine sort them and it needs several times the memory.
    """
    held: list[pd.DataFrame] = []
    due = 0
    for piece in pieces:
        held.append(piece)
        if piece["row"].min() == due:
            rows = pd.concat(held, ignore_index=True) if len(held) > 1 else piece
            if not rows["row"].is_monotonic_increasing:
                rows = rows.sort_values("row", ignore_index=True)
            skipped = rows["row"].to_numpy() - np.arange(len(rows))
            ready = int(np.searchsorted(skipped, due, side="right"))
            held, due = [rows.iloc[ready:]] if ready < len(rows) else [], due + ready
            yield rows.iloc[:ready].drop(columns="row")


def answers_at(
    engine: Engine,
    present: Present,
    snapshots: pd.DataFrame,
    catalogue: Catalogue,
    function: RowFunction,
    heard: Heard | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Return what a function says of the features of snapshots, in the order of these.

    The function is given features as ``features_at`` returns them, of some of the snapshots at a
    time, where the engine has them.
    """
    if snapshots.empty:
        return function(features_at(engine, present, snapshots, catalogue))
    frame = feature_frame(engine, present, snapshots, catalogue, heard, progress)
    said = engine.apply(frame, function, "row")
    return said.sort_values("row", ignore_index=True).drop(columns="row")


def feature_frame(
    engine: Engine,
    present: Present,
    snapshots: pd.DataFrame,
    catalogue: Catalogue,
    heard: Heard | None = None,
    progress: Progress | None = None,
) -> Frame:
    """Return the same as a frame of the engine, with ``row``: the position in ``snapshots``."""
    grid = Grid.of(snapshots["as_of"])
    calendar = Calendar(engine, grid)
    sources = _open_sources(engine, present, catalogue, heard or {}, calendar.single)
    own = [f for f in catalogue.features if not f.is_derived]
    able = [f for f in own if can_be_measured(f, sources.get(f.source))]
    able, sources = from_the_first(able, sources)
    understood = understood_of(able, sources)
    passes = passes_for([*able, *counts_in(understood.values())], sources, calendar)
    results = []
    for done, one in enumerate(passes):
        if progress:
            progress(done, len(passes))
        results += one.run(engine, calendar)
    log.info("features: %d over %d snapshots, %d passes", len(own), len(snapshots), len(passes))
    asked = engine.small(_numbered(snapshots, grid))
    joined = engine.beside(asked, results, ["account_id", "position"])
    reaches = {f.name: reach_of(f, sources[f.source]) for f in able}
    tables = {s.table: s for s in sources.values() if s.name == s.table}
    flags = measured_flags(engine, tables, list(reaches.values()), grid)
    mixed = {flag_name(reach): days for reach, days in flags.items() if len(set(days)) > 1}
    if mixed:
        told = engine.small(by_position(mixed, grid))
        joined = joined.join(told, on="position", how="left")
    values = {f.name: nw.lit(None, dtype=nw.Float64) for f in own}
    values |= {f.name: _value(f, reaches[f.name], flags[reaches[f.name]]) for f in able}
    for name, texts in understood.items():
        values[name] = nw.when((values[name] > 0) | ~texts.mostly_not()).then(values[name])
    for feature in catalogue.in_order_of_making():
        if feature.is_derived:
            values[feature.name] = combined(feature, values).cast(nw.Float64)
    columns = (values[name].alias(name) for name in catalogue.names)
    return joined.select("row", "account_id", "as_of", *columns)


def _numbered(snapshots: pd.DataFrame, grid: Grid) -> pd.DataFrame:
    """Return the snapshots with ``row``, where they stood, and ``position``, their day's number."""
    positions = {day: position for position, day in enumerate(grid.days)}
    asked = snapshots[["account_id", "as_of"]].reset_index(drop=True)
    return asked.assign(row=range(len(asked)), position=asked["as_of"].map(positions))


def _open_sources(
    engine: Engine, present: Present, catalogue: Catalogue, heard: Heard, is_read_once: bool
) -> dict[str, Source]:
    names = {feature.source for feature in catalogue.features if not feature.is_derived}
    names |= {"tickets"} if names & set(STINTS_OF) else set()
    names |= {"ticket_events"} if names & {"silences", "clocks"} else set()
    names |= set(HEARD) if SAID in names else set()
    read: dict[str, frozenset[str]] = dict.fromkeys(names, frozenset())
    for feature in catalogue.features:
        if not feature.is_derived:
            read[feature.source] |= feature.columns
            if hears(feature):
                for name in HEARD if feature.source == SAID else (feature.source,):
                    read[name] |= {UNDERSTOOD}
            # Where an account stands, it stands among those whose contract has not ended.
            read[feature.source] |= {"contract_end"} if feature.verb in COMPANY_VERBS else set()
    opened = {
        name: open_source(engine, name, present, heard, columns, is_read_once)
        for name, columns in sorted(read.items())
    }
    return {name: source for name, source in opened.items() if source is not None}


def _value(feature: Feature, reach: Reach, measured: Sequence[bool]) -> nw.Expr:
    if not any(measured):
        return nw.lit(None, dtype=nw.Float64)
    value = as_days(feature, nw.col(feature.name).cast(nw.Float64))
    if is_zero_when_absent(feature):
        value = value.fill_null(0.0)
    if feature.verb == "sum":
        # What was found but has no value is NaN until here.
        value = nw.when(~value.is_nan()).then(value)
    return value if all(measured) else nw.when(nw.col(flag_name(reach)) == 1).then(value)
