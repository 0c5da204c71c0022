"""Features as a product: every customer on one or more days, as one Parquet file."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from risk_model.pipelines.line import Line
from risk_model.whole_files import whole


def write_features(line: Line, days: list[int], out: Path) -> tuple[int, int]:
    """Write ``account_id``, ``as_of`` (date), then the catalogue's features in its order.

    Returns the numbers of snapshots and features. They are written as they come, some thousand
    snapshots at a time. The file appears whole or not at all.
    """
    catalogue = line.settings.catalogue
    snapshots = line.snapshots(days)
    snapshots = snapshots.loc[snapshots["is_customer"], ["account_id", "as_of"]]
    pieces = map(_dated, line.pieces(snapshots.reset_index(drop=True), catalogue))
    first = next(pieces)
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole(out) as (place,), pq.ParquetWriter(place, first.schema) as file:
        for piece in chain([first], pieces):
            file.write_table(piece)
    return len(snapshots), len(catalogue.names)


def _dated(piece: pd.DataFrame) -> pa.Table:
    """Return a piece as Arrow, with the day number as a date."""
    table = pa.Table.from_pandas(piece, preserve_index=False).replace_schema_metadata()
    at = table.schema.get_field_index("as_of")
    days = table.column(at).cast(pa.int32()).cast(pa.date32())
    return table.set_column(at, "as_of", days)
