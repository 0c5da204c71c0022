"""A backtest that notebooks and a command of the README ask for alike, made once for all of them.

The README, and two notebooks, backtest the same company on the same day, each in a process of its
own. Whoever comes first makes it, and the others read it: the same tables, decisions and question
have the same answer.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = "RISK_MODEL_TESTS_REMEMBER"


def remember_backtests() -> None:
    """Do so from now on in this process, in the folder that FOLDER names; without it, do not."""
    from risk_model.pipelines import backtest as pipeline

    if FOLDER in os.environ:
        pipeline.backtest = remembering(pipeline.backtest, Path(os.environ[FOLDER]))


def remembering(make: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    """Return what answers as ``make`` does, a backtest, and keeps its answers in a folder."""
    from risk_model.engines.duckdb import DuckDBEngine
    from risk_model.features.snapshots import newest_day
    from risk_model.timeline import DEFAULT_HORIZON, day_number

    def answer(
        line: Any, as_of: Any = None, horizon: int = DEFAULT_HORIZON, gap: int = 0, **how: Any
    ) -> Any:
        tables = line.tables
        newest = newest_day(DuckDBEngine(tables.connection), tables.present)
        day = newest if as_of is None else day_number(as_of)
        decisions = sorted((name, path.read_bytes()) for name, path in line.settings.files.items())
        asked = (tables.fingerprint, decisions, day, horizon, gap, sorted(how.items()))
        kept = folder / hashlib.sha256(repr(asked).encode()).hexdigest()
        if not kept.exists():
            made = make(line, as_of, horizon, gap, **how)
            own = kept.with_suffix(f".{os.getpid()}")
            own.write_bytes(pickle.dumps(made))
            own.replace(kept)
        return pickle.loads(kept.read_bytes())

    return answer
