"""What customers said, wherever they said it: messages, tickets and survey comments as one source.

A row is a text of theirs that raises a matter (a threat, a breach, a call for somebody higher, …);
texts that raise none are no rows, so there are few. It counts from when all that decides on it is
known.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any

import narwhals as nw

from risk_model.catalogue.spec import SAID
from risk_model.engines import Engine
from risk_model.features.extremes import greatest
from risk_model.features.sources import MATTERS_RAISED, TOLD, Source
from risk_model.tables.contract import CONTRACT

Frame = nw.LazyFrame[Any]


def said_of(
    engine: Engine, plain: Mapping[str, Source], heard: Mapping[str, Frame]
) -> Source | None:
    """Return a source of (said_at, TOLD) over those tables whose texts were heard.

    It is measured where messages or tickets are; surveys, which come seldom, stand for it only
    where there is nothing else.
    """
    parts = {
        name: source
        for name, source in plain.items()
        if name in heard and not source.missing & {"direction", source.event_time, *TOLD}
    }
    if not parts:
        return None
    rows = [_told(source, heard[name]) for name, source in parts.items()]
    frame = nw.concat(rows, how="vertical") if len(rows) > 1 else rows[0]
    tables = tuple(name for name in parts if name != "surveys") or ("surveys",)
    return Source(SAID, tables[0], engine.keep(frame), "said_at", measured_by=tables)


def _told(source: Source, heard: Frame) -> Frame:
    """Return (account_id, row_key, said_at, row_known, what was raised) of one table's texts."""
    key, at = CONTRACT[source.table].key[0], source.event_time
    raising = reduce(or_, (nw.col(name) > 0 for name in MATTERS_RAISED))
    hits = heard.filter(raising).select(key, *TOLD)
    asked = frozenset({*TOLD, *({"direction"} & set(source.known))})
    moments = sorted({at, "row_known", *source.known_columns(asked, at)})
    told = source.frame.filter(*(~nw.col(name).is_null() for name in moments))
    return told.join(hits, on=key, how="inner").select(
        "account_id",
        *TOLD,
        row_key=nw.concat_str(nw.lit(source.table), nw.col("row_key"), separator="|"),
        said_at=nw.col(at),
        row_known=greatest(*moments),
    )
