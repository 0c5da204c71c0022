"""The rows so far: how many there were, and when the last one was, at each of many snapshots.

Rows are summed up for the snapshot that first sees them and added up from there on, so the cost
is events + accounts x snapshots, however long ago a row was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from risk_model.catalogue import Feature
from risk_model.engines import Engine
from risk_model.features.answers import NEVER
from risk_model.features.calendar import Calendar
from risk_model.features.conditions import matches
from risk_model.features.days import days_of
from risk_model.features.extremes import greatest
from risk_model.features.figures import figure_of
from risk_model.features.sources import Source
from risk_model.features.spans import KEYS, span_of
from risk_model.timeline import DAY

Frame = nw.LazyFrame[Any]


def so_far_features(
    engine: Engine, source: Source, features: Sequence[Feature], calendar: Calendar
) -> Frame:
    """Return (account_id, position, one column a feature) for ``ever`` and ``since``.

    All features share lag and moments; ``since`` is the epoch second: see ``as_days``.
    """
    before = sorted(span_of(features[0], source).before)
    moments = [nw.col(name) for name, _ in before]
    known = greatest(*moments)
    at = features[0].at or source.event_time
    read = sorted({at, *(name for f in features for name in f.where)})
    rows = source.frame.filter(*(~moment.is_null() for moment in moments))
    rows = rows.select("account_id", *read, open_day=days_of(known + before[0][1]))
    firsts = calendar.opened(rows).group_by("account_id", "opens")
    here = firsts.agg(*(figure_of(f, matches(f.where), at, 0) for f in features))
    after = nw.col("opens").shift(-1).over("account_id", order_by="opens")
    here = here.select(
        "account_id",
        "opens",
        *(_up_to_now(feature) for feature in features),
        closes=after.fill_null(len(calendar.grid.days)) - 1,
    )
    spread = calendar.steps(here)
    return spread.select(*KEYS, *(_value(feature) for feature in features))


def _up_to_now(feature: Feature) -> nw.Expr:
    value = nw.col(feature.name)
    # A running maximum gives nothing where nothing new came, so what is nothing is long ago.
    running = value.cum_sum() if feature.verb == "ever" else value.fill_null(-NEVER).cum_max()
    return running.over("account_id", order_by="opens").alias(feature.name)


def _value(feature: Feature) -> nw.Expr:
    value = nw.col(feature.name)
    if feature.verb == "ever":
        return value
    earliest = nw.lit(1 - NEVER)
    if feature.within is not None:
        earliest = nw.col("now") - (feature.lag + feature.within) * DAY
    return nw.when(value >= earliest).then(value).alias(feature.name)
