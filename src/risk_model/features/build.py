"""The one function that turns tables and snapshots into features."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from risk_model.catalogue import OPEN_VERBS, WINDOW_VERBS, Catalogue, Feature
from risk_model.catalogue.spec import COMPANY_VERBS, STINTS_OF
from risk_model.engines import Engine
from risk_model.features.calendar import Calendar
from risk_model.features.combine import combined
from risk_model.features.grid import Grid
from risk_model.features.measured import (
    can_be_measured,
    flag_name,
    is_zero_when_absent,
    measured_flags,
    reach_of,
)
from risk_model.features.sources import Source, open_source
from risk_model.features.spans import as_days, ever_features, latest_features, open_features
from risk_model.features.standing import standing_features
from risk_model.features.windows import window_features

Frame = nw.LazyFrame[Any]
Present = Mapping[str, frozenset[str]]
Heard = Mapping[str, Frame]
Progress = Callable[[int, int], None]
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
        empty = {name: pd.Series(dtype="float64") for name in catalogue.names}
        return snapshots[["account_id", "as_of"]].assign(**empty)
    frame = engine.pandas(feature_frame(engine, present, snapshots, catalogue, heard, progress))
    frame = frame.sort_values("row").reset_index(drop=True)
    return frame[["account_id", "as_of", *catalogue.names]]


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
    sources = _open_sources(engine, present, catalogue, heard or {})
    asked = snapshots[["account_id", "as_of"]].reset_index(drop=True)
    positions = {day: position for position, day in enumerate(grid.days)}
    asked = asked.assign(row=range(len(asked)), position=asked["as_of"].map(positions))
    joined = engine.small(asked)
    own = [f for f in catalogue.features if not f.is_derived]
    able = [f for f in own if can_be_measured(f, sources.get(f.source))]
    groups = _groups(able, sources)
    results = []
    for done, (key, features) in enumerate(groups.items()):
        if progress:
            progress(done, len(groups))
        results += _compute(engine, sources[features[0].source], key, features, calendar)
    joined = engine.beside(joined, results, ["account_id", "position"])
    reaches = {f.name: reach_of(f, sources[f.source]) for f in able}
    tables = {s.table: s for s in sources.values() if s.name == s.table}
    if able:
        flags = measured_flags(engine, tables, list(reaches.values()), grid)
        joined = joined.join(flags, on="position", how="left")
    joined = joined.with_columns(
        *(_value(f, flag_name(reaches[f.name])) for f in able),
        *(nw.lit(None, dtype=nw.Float64).alias(f.name) for f in own if f not in able),
    )
    for made in _in_layers(catalogue):
        joined = engine.named(joined).with_columns(
            *(combined(feature).cast(nw.Float64).alias(feature.name) for feature in made)
        )
    log.info("features: %d over %d snapshots, %d passes", len(own), len(asked), len(groups))
    return joined.select("row", "account_id", "as_of", *catalogue.names)


def _open_sources(
    engine: Engine, present: Present, catalogue: Catalogue, heard: Heard
) -> dict[str, Source]:
    names = {feature.source for feature in catalogue.features if not feature.is_derived}
    names |= {"tickets"} if names & set(STINTS_OF) else set()
    names |= {"ticket_events"} if "silences" in names else set()
    opened = {name: open_source(engine, name, present, heard) for name in sorted(names)}
    return {name: source for name, source in opened.items() if source is not None}


def _in_layers(catalogue: Catalogue) -> list[list[Feature]]:
    """Return the derived features so that a layer is made of the layers before it only."""
    depth: dict[str, int] = {}
    layers: dict[int, list[Feature]] = defaultdict(list)
    for feature in catalogue.in_order_of_making():
        depth[feature.name] = 1 + max((depth[part] for part in feature.parts), default=-1)
        if feature.is_derived:
            layers[depth[feature.name]].append(feature)
    return [layers[level] for level in sorted(layers)]


def _groups(
    features: Sequence[Feature], sources: Mapping[str, Source]
) -> dict[tuple[Any, ...], list[Feature]]:
    """Put together what one pass over a source can compute."""
    groups: dict[tuple[Any, ...], list[Feature]] = defaultdict(list)
    for feature in features:
        source = sources[feature.source]
        at = feature.at or source.event_time
        known = source.known_columns(feature.needed, at)
        if feature.verb in WINDOW_VERBS:
            key: tuple[Any, ...] = ("window", feature.source, at, known)
        elif feature.verb in OPEN_VERBS:
            interval = feature.interval.model_dump_json() if feature.interval else ""
            known = source.known_columns(feature.needed, "")
            key = ("open", feature.source, interval, feature.within, feature.lag, known)
        elif feature.verb in COMPANY_VERBS:
            key = ("company", feature.source, at)
        else:
            where = str({k: c.model_dump() for k, c in sorted(feature.where.items())})
            kind = "ever" if feature.verb == "ever" else "latest"
            key = (kind, feature.source, at, where, feature.within, feature.lag, known)
        groups[key].append(feature)
    return groups


def _compute(
    engine: Engine,
    source: Source,
    key: tuple[Any, ...],
    features: Sequence[Feature],
    calendar: Calendar,
) -> list[Frame]:
    if key[0] == "window":
        return window_features(engine, source, features, calendar, at=key[2])
    if key[0] == "open":
        return [open_features(engine, source, features, calendar)]
    if key[0] == "company":
        return standing_features(engine, source, features, calendar)
    compute = ever_features if key[0] == "ever" else latest_features
    return [compute(engine, source, features, calendar, at=key[2])]


def _value(feature: Feature, flag: str) -> nw.Expr:
    value = as_days(feature, nw.col(feature.name).cast(nw.Float64))
    if is_zero_when_absent(feature):
        value = value.fill_null(0.0)
        value = nw.when(~value.is_nan()).then(value)
    return nw.when(nw.col(flag) == 1).then(value).alias(feature.name)
