"""Texts of the tables, heard once each and handed back by the key of their row."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd

from risk_model.catalogue import Catalogue, Feature
from risk_model.catalogue.spec import EVENT_TIME, SAID
from risk_model.engines import Engine
from risk_model.features.matters import matters_of
from risk_model.features.sources import HEARD, OF_SIGNALS
from risk_model.features.spans import farthest_of
from risk_model.tables.contract import CONTRACT
from risk_model.text import SIGNALS, Lexicons, hear_all
from risk_model.text.cache import read_ahead
from risk_model.timeline import DAY

Frame = nw.LazyFrame[Any]
log = logging.getLogger(__name__)
TEXT, NOTE = "text", "is_note"
CALL = "call"
"""The channel of what our own people noted of a call: it tells of the customer."""
PIECE = 20_000
"""Texts that are here at once: enough to keep every core reading."""
TOGETHER = 5
"""From more pieces on each goes to a process of its own, to be looked up there, too."""


def hear_texts(
    engine: Engine,
    present: Mapping[str, frozenset[str]],
    catalogue: Catalogue,
    lexicons: Lexicons,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    days: Sequence[int] = (),
) -> dict[str, Frame]:
    """Return for each table whose texts the catalogue asks for: its key, then the signals.

    Beside them, as ``TABLE.matter``, what its rows are about. Of texts that no feature looks at
    on any of the ``days`` nothing is heard; without days, all are.

    Of messages only what customers wrote is heard: our own words are not theirs. What the cache
    knows is not read again; it holds no text.
    """
    # What they wrote afterwards may have ended their waiting.
    signals = {*SIGNALS, *OF_SIGNALS, "answered_at"}
    heard = matters_of(engine, present, catalogue)
    for name, columns in HEARD.items():
        readers = [
            feature
            for feature in catalogue.features
            if feature.source == SAID or (feature.source == name and feature.columns & signals)
        ]
        there = [column for column in columns if column in present.get(name, ())]
        if not readers or not there:
            continue
        texts = _looked_at(engine.table(name), readers, days, EVENT_TIME[name])
        note = nw.lit(value=False)
        if name == "messages":
            texts = texts.filter(nw.col("direction") == "inbound")
            note = (nw.col("channel") == CALL).fill_null(value=False)
        key = CONTRACT[name].key[0]
        texts = _as_one(texts.with_columns(note.alias(NOTE)), key, there)
        pieces = _heard_by_piece(engine, texts, key, TEXT, lexicons, cache, progress)
        heard[name] = engine.gathered(pieces)
    return heard


def _as_one(rows: Frame, key: str, columns: Sequence[str]) -> Frame:
    """Return (key, NOTE, TEXT) of the rows with a text: a subject is a sentence before the rest."""
    rows = rows.filter(
        nw.any_horizontal(*(~nw.col(c).is_null() for c in columns), ignore_nulls=True)
    )
    if len(columns) == 1:
        return rows.select(key, NOTE, nw.col(columns[0]).alias(TEXT))
    parts = (nw.col(column).cast(nw.String) for column in columns)
    whole = nw.concat_str(*parts, separator="\n\n", ignore_nulls=True)
    return rows.select(key, NOTE, whole.alias(TEXT))


def _looked_at(rows: Frame, readers: Iterable[Feature], days: Sequence[int], happens: str) -> Frame:
    """Return the rows that one of the features can see on one of the days, and maybe others.

    ``happens`` is the moment of a row of the table: what it says was said then.
    """
    if not days:
        return rows
    rows = rows.filter(nw.col("row_known") < max(days) * DAY)
    now, seen = min(days) * DAY, []
    for farthest in dict.fromkeys(farthest_of(feature) for feature in readers):
        if farthest is None:
            return rows
        moment, seconds = farthest
        moment = happens if moment == EVENT_TIME[SAID] else moment
        seen.append(nw.col(moment) >= now - seconds)
    return rows.filter(nw.any_horizontal(*seen, ignore_nulls=True))


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
    nothing = pd.DataFrame({name: pd.Series(dtype="str") for name in (key, column, NOTE)})
    pieces = chain(engine.batches(texts, PIECE), [] if every else [nothing])
    if every > TOGETHER * PIECE:
        yield from _by_all_cores(pieces, key, column, lexicons, cache, progress, every)
        return
    read = 0
    for piece in pieces:
        told = partial(_told, progress, read, every) if progress else None
        read += len(piece)
        yield _heard(piece, key, column, lexicons, cache, -1, told)


def _by_all_cores(
    pieces: Iterable[pd.DataFrame],
    key: str,
    column: str,
    lexicons: Lexicons,
    cache: Path | None,
    progress: Callable[[int, int], None] | None,
    every: int,
) -> Iterator[pd.DataFrame]:
    """Yield the same of many pieces, each looked up and heard by one of several processes."""
    from joblib import Parallel, delayed

    # Worked out once, here, it goes along with the lexicons to every process.
    log.debug("lexicons %s", lexicons.version)
    if cache:
        read_ahead(cache, every)
    asked = (delayed(_heard)(piece, key, column, lexicons, cache, 1) for piece in pieces)
    read = 0
    for heard in Parallel(n_jobs=-1, return_as="generator")(asked):
        read += len(heard)
        if progress:
            progress(read, every)
        yield heard


def _heard(
    piece: pd.DataFrame,
    key: str,
    column: str,
    lexicons: Lexicons,
    cache: Path | None,
    jobs: int,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    notes = piece[NOTE].to_numpy(dtype=bool)
    signals = hear_all(
        piece[column], lexicons, cache=cache, jobs=jobs, progress=progress, notes=notes
    )
    return signals.assign(**{key: piece[key]})


def _told(
    progress: Callable[[int, int], None], before: int, every: int, done: int, of: int
) -> None:
    """Pass on the progress within a piece as that within all texts."""
    progress(before + done, every)
