"""Texts of the tables, heard once each and handed back by the key of their row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import narwhals as nw

from risk_model.catalogue import Catalogue
from risk_model.engines import Engine
from risk_model.features.matters import matters_of
from risk_model.features.sources import HEARD, OF_SIGNALS
from risk_model.tables.contract import CONTRACT
from risk_model.text import SIGNALS, Lexicons, hear_all

Frame = nw.LazyFrame[Any]


def hear_texts(
    engine: Engine,
    present: Mapping[str, frozenset[str]],
    catalogue: Catalogue,
    lexicons: Lexicons,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Frame]:
    """Return for each table whose texts the catalogue asks for: its key, then the signals.

    Beside them, as ``TABLE.matter``, what its rows are about.

    Of messages only what customers wrote is heard: our own words are not theirs. What the cache
    knows is not read again; it holds no text.
    """
    signals = {*SIGNALS, *OF_SIGNALS}
    heard = matters_of(engine, present, catalogue)
    for name, (column, _) in HEARD.items():
        wanted = any(f.source == name and f.columns & signals for f in catalogue.features)
        if not wanted or column not in present.get(name, ()):
            continue
        key = CONTRACT[name].key[0]
        texts = engine.table(name)
        if name == "messages":
            texts = texts.filter(nw.col("direction") == "inbound")
        frame = engine.pandas(texts.filter(~nw.col(column).is_null()).select(key, column))
        said = hear_all(frame[column], lexicons, cache=cache, progress=progress)
        heard[name] = engine.small(said.assign(**{key: frame[key]}))
    return heard
