"""Hearing many texts: each different text once, what is known from the cache, the rest in parallel.

The answer depends on the texts and the lexicons only: not on the order, on duplicates, on the
number of jobs, or on what a cache holds.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from risk_model.text.cache import SignalCache, digest_of
from risk_model.text.hearing import SIGNALS, ear_for
from risk_model.text.lexicon import HEARD, Lexicons
from risk_model.text.notes import as_told

# Below this, starting processes (about 2 s: each imports nltk) costs more than it saves.
PARALLEL_FROM = 3_000
_CHUNK = 500

Progress = Callable[[int, int], None]
Rows = npt.NDArray[np.float64]


def hear_all(
    texts: Sequence[str | None] | pd.Series[Any],
    lexicons: Lexicons,
    *,
    cache: Path | None = None,
    jobs: int = -1,
    progress: Progress | None = None,
    notes: npt.NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Return SIGNALS (float64) of every text, aligned with the input (and its index, if a Series).

    ``progress`` is told (texts read, texts to read) of those that the cache does not know.
    ``notes`` says of each text whether it is our own note of what they said: it is heard as it
    stands, for it may quote them, and as the customer would say it. Missing texts (None, NaN) give
    NaN throughout.
    """
    heard = _heard(texts, lexicons, cache, jobs, progress)
    if notes is None or not notes.any():
        return heard
    told = [
        as_told(text) if note and isinstance(text, str) else None
        for text, note in zip(texts, notes, strict=True)
    ]
    flags = list(HEARD)
    also = _heard(told, lexicons, cache, jobs, None)[flags].to_numpy()
    return heard.assign(**dict(zip(flags, np.fmax(heard[flags].to_numpy(), also).T, strict=True)))


def _heard(
    texts: Sequence[str | None] | pd.Series[Any],
    lexicons: Lexicons,
    cache: Path | None,
    jobs: int,
    progress: Progress | None,
) -> pd.DataFrame:
    index = texts.index if isinstance(texts, pd.Series) else pd.RangeIndex(len(texts))
    places = np.full(len(index), -1, dtype=np.int64)
    different: dict[str, int] = {}
    for at, text in enumerate(texts):
        if isinstance(text, str):
            places[at] = different.setdefault(text, len(different))
    rows = _rows_of(list(different), lexicons, cache_at(cache, lexicons), jobs, progress)
    unknown = np.full((1, len(SIGNALS)), np.nan)
    # Place -1, a missing text, is the last row.
    return pd.DataFrame(np.vstack([rows, unknown])[places], index=index, columns=list(SIGNALS))


def cache_at(path: Path | None, lexicons: Lexicons) -> SignalCache | None:
    """Return the cache; its version also names the packages whose change changes the sentiment."""
    if path is None:
        return None
    packages = "+".join(f"{name}-{metadata.version(name)}" for name in ("nltk", "vaderSentiment"))
    return SignalCache(path, f"{lexicons.version}+{packages}", len(SIGNALS))


def _rows_of(
    texts: list[str],
    lexicons: Lexicons,
    cache: SignalCache | None,
    jobs: int,
    progress: Progress | None,
) -> Rows:
    """Return one row a text, (texts, signals), asking the cache first and telling it after."""
    rows = np.zeros((len(texts), len(SIGNALS)))
    digests = [digest_of(text) for text in texts] if cache else []
    new = list(range(len(texts)))
    if cache:
        places, known = cache.find(digests)
        rows[places >= 0] = known[places[places >= 0]]
        new = np.flatnonzero(places < 0).tolist()
    read = 0
    for heard in _read([texts[at] for at in new], lexicons, jobs):
        part = new[read : read + len(heard)]
        rows[part] = heard
        if cache:
            cache.keep({digests[at]: rows[at] for at in part})
        read += len(heard)
        if progress:
            progress(read, len(new))
    return rows


def _read(texts: list[str], lexicons: Lexicons, jobs: int) -> Iterator[Rows]:
    """Yield the rows of the texts, chunk by chunk and in their order."""
    chunks = [texts[at : at + _CHUNK] for at in range(0, len(texts), _CHUNK)]
    if jobs == 1 or len(texts) < PARALLEL_FROM:
        yield from (_hear_chunk(chunk, lexicons) for chunk in chunks)
        return
    from joblib import Parallel, delayed

    version, packed = _packed(lexicons)
    parallel = Parallel(n_jobs=jobs, return_as="generator")
    yield from parallel(delayed(_hear_sent)(chunk, version, packed) for chunk in chunks)


def _packed(lexicons: Lexicons) -> tuple[str, npt.NDArray[np.uint8]]:
    """Return the version of lexicons, worked out once and here, and what other processes unpack.

    They are millions of bytes: as an array they are laid down once for all processes, and each
    unpacks them once, and not with every chunk.
    """
    version = lexicons.version
    return version, np.frombuffer(pickle.dumps(lexicons), dtype=np.uint8)


def _hear_sent(texts: Iterable[str], version: str, packed: npt.NDArray[np.uint8]) -> Rows:
    return _hear_chunk(texts, _unpacked(version, packed))


_sent: dict[str, Lexicons] = {}


def _unpacked(version: str, packed: npt.NDArray[np.uint8]) -> Lexicons:
    if version not in _sent:
        _sent.clear()
        _sent[version] = pickle.loads(packed.tobytes())  # noqa: S301 - packed by ourselves
    return _sent[version]


def _hear_chunk(texts: Iterable[str], lexicons: Lexicons) -> Rows:
    heard = ear_for(lexicons).hear_each(texts)
    return np.array([list(signals.values()) for signals in heard], dtype=np.float64)


def explain_all(texts: Sequence[str | None], lexicons: Lexicons, *, jobs: int = -1) -> pd.DataFrame:
    """Return SIGNALS of every text and, in ``why``, the words that raised each flag.

    ``why`` reads ``threat: cancel our contract; urgency: today, at once``. Missing texts give
    NaN and an empty ``why``.
    """
    chunks = [list(texts[at : at + _CHUNK]) for at in range(0, len(texts), _CHUNK)]
    if jobs == 1 or len(texts) < PARALLEL_FROM:
        parts = [_explain_chunk(chunk, lexicons) for chunk in chunks]
    else:
        from joblib import Parallel, delayed

        version, packed = _packed(lexicons)
        parts = Parallel(n_jobs=jobs)(
            delayed(_explain_sent)(chunk, version, packed) for chunk in chunks
        )
    rows = [row for part in parts for row in part]
    return pd.DataFrame(rows, columns=[*SIGNALS, "why"])


def _explain_sent(
    texts: Iterable[str | None], version: str, packed: npt.NDArray[np.uint8]
) -> list[list[float | str]]:
    return _explain_chunk(texts, _unpacked(version, packed))


def _explain_chunk(texts: Iterable[str | None], lexicons: Lexicons) -> list[list[float | str]]:
    ear = ear_for(lexicons)
    texts = list(texts)
    there = iter(ear.hear_each(text for text in texts if isinstance(text, str)))
    rows: list[list[float | str]] = []
    for text in texts:
        if not isinstance(text, str):
            rows.append([*([math.nan] * len(SIGNALS)), ""])
            continue
        heard = next(there)
        # What is not understood is neither up nor down.
        flags = {name for name in HEARD if heard[name] > 0}
        said = ear.why(text, flags) if flags else {}
        why = "; ".join(f"{name}: {', '.join(said[name])}" for name in HEARD if name in said)
        rows.append([*heard.values(), why])
    return rows
