"""Features as a product: every customer on one or more days, as one Parquet file."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from risk_model.pipelines.line import Line
from risk_model.timeline import EPOCH


def write_features(line: Line, days: list[int], out: Path) -> tuple[int, int]:
    """Write ``account_id``, ``as_of`` (date), then the catalogue's features in its order.

    Returns the numbers of snapshots and features. The file appears whole or not at all.
    """
    snapshots = line.snapshots(days)
    snapshots = snapshots[snapshots["is_customer"]].reset_index(drop=True)
    features = line.measure(snapshots, line.settings.catalogue)
    as_of = pd.to_datetime(EPOCH) + pd.to_timedelta(snapshots["as_of"], unit="D")
    table = pd.concat([snapshots[["account_id"]], as_of.dt.date.rename("as_of"), features], axis=1)
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        table.to_parquet(temporary, index=False)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return len(table), features.shape[1]
