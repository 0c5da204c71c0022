"""What commands and notebooks work out alike, made once a session for all of them.

The README, five notebooks and dozens of tests measure, train on and backtest the same company on
the same days, each in a process of its own. Whoever comes first makes it, and the others read it:
the same tables, decisions and question have the same answer. Nothing outlives the session, so
nobody reads what other source code made.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable, Iterable
from functools import lru_cache, partial, wraps
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

FOLDER = "RISK_MODEL_TESTS_REMEMBER"
TEXTS = "texts.sqlite"
# From so many cells on, measured or learnt from: what is smaller is made as fast as it is read.
WORTH_IT = 30_000
# So many features take seconds to plan, of however few snapshots.
MANY_FEATURES = 40
ALL_ROWS = "SELECT count(*), bit_xor(hash(t)), sum(hash(t))"


def remember() -> None:
    """Do so from now on in this process, in the folder that FOLDER names; without it, do not."""
    if FOLDER not in os.environ:
        return
    from risk_model.learner import Learner
    from risk_model.pipelines import backtest as backtests
    from risk_model.pipelines import line

    folder = Path(os.environ[FOLDER])
    backtests.backtest = _backtest(backtests.backtest, folder)
    line.features_at = _features_at(line.features_at, folder)
    line.answers_at = _answers_at(line.answers_at, line.features_at)
    line.hear_texts = _hear_texts(line.hear_texts, folder / TEXTS)
    Learner.fit = _fit(Learner.fit, folder)  # type: ignore[method-assign]


def remember_documents() -> None:
    """Parse what YAML files say once in this process; what comes of it is made and checked anew."""
    from risk_model import documents

    if not hasattr(documents._read_by, "cache_info"):
        documents._read_by = lru_cache(maxsize=256)(documents._read_by)


def _kept(folder: Path, asked: Iterable[object], make: Callable[[], Any]) -> Any:
    """Return what is remembered under what was asked; make it if nothing is."""
    kept = folder / _key_of(asked)
    if not kept.exists():
        own = kept.with_suffix(f".{os.getpid()}")
        own.write_bytes(pickle.dumps(make(), protocol=pickle.HIGHEST_PROTOCOL))
        own.replace(kept)
    return pickle.loads(kept.read_bytes())


def _key_of(asked: Iterable[object]) -> str:
    told = hashlib.sha256()
    for part in asked:
        told.update(_bytes_of(part))
    return told.hexdigest()


def _bytes_of(part: object) -> bytes:
    if isinstance(part, pd.DataFrame):
        columns = [_bytes_of(part[name].to_numpy()) for name in part.columns]
        return repr(list(part.columns)).encode() + b"".join(columns)
    if isinstance(part, np.ndarray) and part.dtype != object:
        return repr((part.shape, part.dtype)).encode() + part.tobytes()
    return repr(part.tolist() if isinstance(part, np.ndarray) else part).encode()


def _decisions(settings: Any) -> list[object]:
    return sorted((name, path.read_bytes()) for name, path in settings.files.items())


def _backtest(make: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    from risk_model.engines.duckdb import DuckDBEngine
    from risk_model.features.snapshots import newest_day
    from risk_model.timeline import DEFAULT_HORIZON, day_number

    @wraps(make)
    def answer(
        line: Any, as_of: Any = None, horizon: int = DEFAULT_HORIZON, gap: int = 0, **how: Any
    ) -> Any:
        tables = line.tables
        newest = newest_day(DuckDBEngine(tables.connection), tables.present)
        day = newest if as_of is None else day_number(as_of)
        asked = (_decisions(line.settings), day, horizon, gap, sorted(how.items()))
        asked = ("backtest", tables.fingerprint, *asked)
        return _kept(folder, asked, partial(make, line, as_of, horizon, gap, **how))

    return answer


def _features_at(make: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    """Remember features by all rows of all tables: a copy as of its newest day is the same.

    Each feature is remembered by itself, so whoever asks for some of them, or for one of his own
    beside those of all, has the others measured once.
    """
    from risk_model.engines.duckdb import DuckDBEngine

    @wraps(make)
    def answer(
        engine: Any, present: Any, snapshots: Any, catalogue: Any, heard: Any, *told: Any
    ) -> Any:
        def measured(features: Any) -> Any:
            return make(engine, present, snapshots, features, heard, *told)

        names = catalogue.names
        worth_it = len(snapshots) * len(names) >= WORTH_IT or len(names) >= MANY_FEATURES
        if snapshots.empty or not worth_it or not isinstance(engine, DuckDBEngine):
            return measured(catalogue)
        read = {name: f'"{name}"' for name in present}
        read |= {f"heard {n}": f"({f.to_native().sql_query()})" for n, f in (heard or {}).items()}
        rows = [
            (name, engine.connection.execute(f"{ALL_ROWS} FROM {of} AS t").fetchall())
            for name, of in sorted(read.items())
        ]
        columns = sorted((name, sorted(there)) for name, there in present.items())
        asked = ("features", rows, columns, snapshots[["account_id", "as_of"]])
        return _columns_kept(folder / _key_of(asked), catalogue, measured)

    return answer


def _columns_kept(folder: Path, catalogue: Any, measured: Callable[[Any], Any]) -> Any:
    """Return the features of a catalogue, of which those are measured that nobody has yet."""
    keys: dict[str, str] = {}
    for feature in catalogue.in_order_of_making():
        parts = [keys[part] for part in feature.parts]
        keys[feature.name] = _key_of((feature.model_dump_json(), *parts))
    folder.mkdir(exist_ok=True)
    known: dict[str, Any] = {}
    for file in sorted(folder.glob("*.kept")):
        if not set(keys.values()) <= set(known):
            known = {**pickle.loads(file.read_bytes()), **known}
    missing = {name for name, key in keys.items() if key not in known}
    if missing:
        made = measured(catalogue.only(missing))
        new = {name: made[name] for name in ("account_id", "as_of")}
        new |= {keys[name]: made[name] for name in missing}
        kept = folder / f"{_key_of(sorted(new))}.kept"
        own = kept.with_suffix(f".{os.getpid()}")
        own.write_bytes(pickle.dumps(new, protocol=pickle.HIGHEST_PROTOCOL))
        own.replace(kept)
        known = {**new, **known}
    wanted = {name: known[name] for name in ("account_id", "as_of")}
    return pd.DataFrame({**wanted, **{name: known[keys[name]] for name in catalogue.names}})


def _answers_at(make: Callable[..., Any], features_at: Callable[..., Any]) -> Callable[..., Any]:
    """Ask a function of remembered features."""

    @wraps(make)
    def answer(
        engine: Any, present: Any, snapshots: Any, catalogue: Any, function: Any, *more: Any
    ) -> Any:
        features = features_at(engine, present, snapshots, catalogue, *more)
        return function(features)[[*function.columns]].reset_index(drop=True)

    return answer


def _hear_texts(make: Callable[..., Any], texts: Path) -> Callable[..., Any]:
    """Let whoever names no cache of heard texts have the session's."""

    @wraps(make)
    def answer(
        engine: Any, present: Any, catalogue: Any, lexicons: Any, cache: Any, *more: Any
    ) -> Any:
        return make(engine, present, catalogue, lexicons, cache or texts, *more)

    return answer


def _fit(make: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    """Remember what learners learnt from a table, its labels and its weights."""

    @wraps(make)
    def answer(self: Any, X: Any, y: Any, sample_weight: Any = None) -> Any:
        if not isinstance(X, pd.DataFrame) or X.size < WORTH_IT:
            return make(self, X, y, sample_weight)
        how = pickle.dumps((type(self).__name__, self.get_params()))
        weight = None if sample_weight is None else np.asarray(sample_weight)
        asked = ("fit", how, X, np.asarray(y), weight)
        learnt = _kept(folder, asked, lambda: vars(make(self, X, y, sample_weight)))
        vars(self).update(learnt)
        return self

    return answer
