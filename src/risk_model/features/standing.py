"""Where an account stands among all customers of the day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from risk_model.catalogue import Feature
from risk_model.engines import Engine
from risk_model.features.calendar import Calendar
from risk_model.features.latest import latest_features
from risk_model.features.sources import Source
from risk_model.features.spans import KEYS
from risk_model.timeline import DAY

Frame = nw.LazyFrame[Any]


def standing_features(
    engine: Engine, source: Source, features: Sequence[Feature], calendar: Calendar
) -> Frame:
    """Return (account_id, position, a share): 0.1 where a tenth stands as high or higher.

    All accounts of the day count whose contract runs and whose value is known, whether their own
    features were asked for or not. ``features`` is one.
    """
    (feature,) = features
    columns = {"value": feature.column, "starts": "contract_start", "ends": "contract_end"}
    latest = []
    for name, column in columns.items():
        if column in source.missing:
            continue
        like = Feature(name=name, means=name, source=source.name, latest=column)
        latest.append(latest_features(engine, source, [like], calendar))
    days = calendar.positions().with_columns(now=nw.col("as_of") * DAY)
    frame = latest[0].join(days, on="position", how="inner")
    for other in latest[1:]:
        frame = frame.join(other, on=list(KEYS), how="left")
    if "contract_start" not in source.missing:
        frame = frame.filter(nw.col("starts").is_null() | (nw.col("starts") <= nw.col("now")))
    if "contract_end" not in source.missing:
        frame = frame.filter(nw.col("ends").is_null() | (nw.col("ends") > nw.col("now")))
    frame = engine.keep(frame.filter(~nw.col("value").is_null()).select(*KEYS, "value"))
    often = frame.group_by("position", "value").agg(here=nw.len())
    order = "value"
    often = often.with_columns(
        up_to=nw.col("here").cum_sum().over("position", order_by=order),
        of=nw.col("here").sum().over("position"),
    )
    # Of several with the same value none stands higher than the others.
    as_high = nw.col("of") - nw.col("up_to") + nw.col("here")
    share = as_high.cast(nw.Float64) / nw.col("of")
    shares = often.select("position", "value", share.alias(feature.name))
    joined = frame.join(shares, on=["position", "value"], how="inner")
    return engine.keep(joined.select(*KEYS, feature.name))
