"""Different values in a window, and the rows of the commonest one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from risk_model.catalogue import Feature
from risk_model.engines import Engine
from risk_model.features.calendar import Calendar
from risk_model.features.figures import figure_of
from risk_model.features.seen import by_snapshot, seen_rows
from risk_model.features.sources import Source
from risk_model.features.windows import inside, rows_name, rows_partial, tiles_of

Frame = nw.LazyFrame[Any]


def by_value_features(
    engine: Engine, source: Source, features: Sequence[Feature], calendar: Calendar
) -> Frame:
    """Return (account_id, position, one column a feature) for ``distinct`` and ``most_common``.

    All features share the column that they look at and the moments that date their rows. Rows
    are counted for each value first.
    """
    column = features[0].column or ""
    at = features[0].at or source.event_time
    if calendar.single:
        rows, tests, now = seen_rows(source, features, calendar)
        counts = [figure_of(f, tests[f.name], at, now) for f in features]
    else:
        partials = {rows_name(f): rows_partial(f) for f in features}
        rows = tiles_of(engine, source, features, calendar, partials, column)
        counts = [
            nw.when(inside(f)).then(nw.col(rows_name(f))).sum().alias(f.name) for f in features
        ]
    rows = rows.filter(~nw.col(column).is_null())
    counted = rows.group_by("account_id", *by_snapshot(calendar), column).agg(*counts)
    figures = (_figure(f).alias(f.name) for f in features)
    made = counted.group_by("account_id", *by_snapshot(calendar)).agg(*figures)
    return made.with_columns(position=nw.lit(0)) if calendar.single else made


def _figure(feature: Feature) -> nw.Expr:
    rows = nw.col(feature.name)
    return nw.when(rows > 0).then(1).count() if feature.verb == "distinct" else rows.max()
