"""What late rows changed: last month's features as they were known then, and as known today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model.catalogue import Catalogue
from risk_model.catalogue.spec import SAID, STINTS_OF
from risk_model.engines.duckdb import DuckDBEngine
from risk_model.features import features_at
from risk_model.features.snapshots import snapshots_on
from risk_model.features.sources import HEARD, OF_SIGNALS
from risk_model.pipelines.line import Line
from risk_model.tables.late import hindsight, late_tables, lateness
from risk_model.text import SIGNALS

Values = NDArray[np.float64]
LAST_MONTH = (28, 21, 14, 7)
"""Days before the day stood on: four weekly lists."""
MOST_ACCOUNTS = 5_000
_NAMED = 3
# Columns that say something only once texts were read, which a check does not.
_HEARD = frozenset({*SIGNALS, *OF_SIGNALS, "matter"})
# A difference smaller than this is the order of a sum, no change.
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Changed:
    """How many feature values of last month's snapshots late rows have changed since.

    ``values`` were compared, ``changed`` of them differ; ``shares`` leads each feature that
    changed to the share of its values that did, largest first. ``accounts`` were looked at.
    ``unheard`` features read late tables, too, but hang on what texts say: none is compared.
    """

    accounts: int
    values: int
    changed: int
    shares: Mapping[str, float]
    unheard: int = 0


def late_sentences(line: Line, as_of: int) -> list[str]:
    """Say how late rows arrive and what that changed; nothing where no table is late."""
    said = [
        f"{late.table}: {late.late:,} of {late.rows:,} rows of the last 26 weeks were recorded "
        f"late; half of all rows were there {_after(late.median_days)}, nine in ten "
        f"{_after(late.ninety_days)}"
        for late in lateness(line.tables, as_of)
    ]
    changed = changed_since(line, as_of)
    if changed is not None:
        said.append(_told(changed))
    return said


def changed_since(line: Line, as_of: int) -> Changed | None:
    """Compare the features of the last four weekly lists before ``as_of`` with hindsight.

    As known then: what every list was made of. With hindsight: all that is known at ``as_of``
    about the time before the list. Only features that read a late table are compared, none that is
    heard in texts; beyond 5,000 accounts, those are drawn by their ids. None where nothing is late.
    """
    catalogue, unheard = _touched(line.settings.catalogue, set(late_tables(line.tables)))
    if not catalogue.features:
        return None
    tables = line.tables
    snapshots = snapshots_on(line.engine, tables.present, [as_of - days for days in LAST_MONTH])
    snapshots = _some(snapshots[snapshots["is_customer"]])
    if snapshots.empty:
        return None
    then = features_at(line.engine, tables.present, snapshots, catalogue)
    line.engine.close()
    with hindsight(tables, as_of) as seen:
        engine = DuckDBEngine(seen.connection)
        today = features_at(engine, seen.present, snapshots, catalogue)
        engine.close()
    differ = _differ(then[catalogue.names].to_numpy(float), today[catalogue.names].to_numpy(float))
    shares = pd.Series(differ.mean(axis=0), index=catalogue.names)
    shares = shares[shares > 0].sort_values(ascending=False, kind="stable")
    accounts = int(snapshots["account_id"].nunique())
    return Changed(
        accounts,
        differ.size,
        int(differ.sum()),
        {str(name): float(share) for name, share in shares.items()},
        unheard,
    )


def _touched(catalogue: Catalogue, late: set[str]) -> tuple[Catalogue, int]:
    """Return the features that read a late table, directly or through others, and no text.

    Beside them how many there are that read a late table and a text.
    """
    # a late meeting says later that a message was talked about
    talked = {"answered_at"} if "meetings" in late else set()
    if late & {"tickets", "ticket_events"}:
        late = late | {"tickets", "ticket_events", *STINTS_OF}
    if late & set(HEARD):
        late = late | {SAID}
    touched: set[str] = set()
    heard: set[str] = set()
    for feature in catalogue.in_order_of_making():
        parts = set(feature.parts)
        if feature.source == SAID or feature.columns & _HEARD or parts & heard:
            heard.add(feature.name)
        if feature.source in late or feature.columns & talked or parts & touched:
            touched.add(feature.name)
    return catalogue.only(touched - heard), len(touched & heard)


def _some(snapshots: pd.DataFrame) -> pd.DataFrame:
    accounts = snapshots["account_id"].drop_duplicates()
    if len(accounts) > MOST_ACCOUNTS:
        drawn = pd.util.hash_array(accounts.to_numpy(object)).argsort(kind="stable")
        accounts = accounts.iloc[drawn[:MOST_ACCOUNTS]]
    return snapshots[snapshots["account_id"].isin(accounts)].reset_index(drop=True)


def _differ(then: Values, today: Values) -> NDArray[np.bool_]:
    return ~np.isclose(then, today, rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=True)


def _after(days: float) -> str:
    """Return a delay for people."""
    if days < 1 / 24:
        return "at once"
    return f"after {days * 24:.0f} hours" if days < 2 else f"after {days:.1f} days"


def _told(changed: Changed) -> str:
    share = changed.changed / changed.values
    most = [f"{name} {part:.0%}" for name, part in list(changed.shares.items())[:_NAMED]]
    named = f": most of all {', '.join(most)}" if most else ""
    left_out = f"; {changed.unheard} features that hang on texts are not compared"
    return (
        f"late rows changed {changed.changed:,} of {changed.values:,} feature values ({share:.1%}) "
        f"of the last 4 weekly snapshots since, in {len(changed.shares)} features{named}"
        f"{left_out if changed.unheard else ''}"
    )
