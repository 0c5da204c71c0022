"""Texts of the tables, heard once each and handed back by the key of their row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd

from risk_model.catalogue import Catalogue
from risk_model.engines import Engine
from risk_model.features.matters import matters_of
from risk_model.features.sources import HEARD, OF_SIGNALS
from risk_model.tables.contract import CONTRACT
from risk_model.text import SIGNALS, Lexicons, hear_all

Frame = nw.LazyFrame[Any]
PIECE = 20_000
"""Texts that are here at once: enough to keep every core reading."""


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
        texts = texts.filter(~nw.col(column).is_null()).select(key, column)
        pieces = _heard_by_piece(engine, texts, key, column, lexicons, cache, progress)
        heard[name] = engine.gathered(pieces)
    return heard


def _heard_by_piece(
    engine: Engine,
    texts: Frame,
    key: str,
    column: str,
    lexicons: Lexicons,
    cache: Path | None,
    progress: Callable[[int, int], None] | None,
) -> Iterator[pd.DataFrame]:
    """Yield the key and the signals of each text; a table's texts are never here all at once."""
    every = int(engine.pandas(texts.select(every=nw.len()))["every"].iloc[0])
    nothing = pd.DataFrame({key: pd.Series(dtype="str"), column: pd.Series(dtype="str")})
    read = 0
    for piece in chain(engine.batches(texts, PIECE), [] if every else [nothing]):
        told = partial(_told, progress, read, every) if progress else None
        signals = hear_all(piece[column], lexicons, cache=cache, progress=told)
        read += len(piece)
        yield signals.assign(**{key: piece[key]})


def _told(
    progress: Callable[[int, int], None], before: int, every: int, done: int, of: int
) -> None:
    """Pass on the progress within a piece as that within all texts."""
    progress(before + done, every)
