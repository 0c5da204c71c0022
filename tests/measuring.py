"""The shipped catalogue, a few features for the verbs that it leaves out, and measuring both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

from company_rows import FIRST_DAY
from random_company import hear, hear_all
from reference import Reference
from risk_model.catalogue import Catalogue, Feature, load_catalogue
from risk_model.engines import MakeEngine
from risk_model.engines.duckdb import DuckDBEngine
from risk_model.features import features_at
from risk_model.features.heard import hear_texts
from risk_model.features.sources import source_columns
from risk_model.tables import Tables

FOLDER = Path(__file__).parent.parent / "features"
SHIPPED = load_catalogue(FOLDER, source_columns())

ANSWERED = {"from": "sent_at", "until": "answered_at"}
CLOSED = {"from": "opened_at", "until": "closed_at"}
_OTHERS: list[dict[str, object]] = [
    {"source": "usage", "sum": "weekday_actions", "window": "14d"},
    {"source": "usage", "slope": "actions", "window": "28d", "lag": "7d"},
    {"source": "usage", "minimum": "logins", "window": "7d", "where": {"actions": {"above": 3}}},
    {"source": "usage", "distinct": "seats", "window": "28d", "lag": "1d"},
    {"source": "tickets", "count": True, "window": "28d", "where": {"category": {"known": False}}},
    {
        "source": "tickets",
        "count": True,
        "window": "28d",
        "where": {"resolved_at": {"known": True}},
    },
    {"source": "tickets", "count": True, "window": "56d", "where": {"reopens": {"at_least": 1}}},
    {"source": "tickets", "latest": "csat", "at": "rated_at", "within": "84d", "lag": "14d"},
    {"source": "tickets", "latest": "csat"},
    {"source": "tickets", "most_common": "priority", "window": "56d", "at": "resolved_at"},
    {"source": "ticket_events", "ever": True, "where": {"kind": ["assigned"]}, "lag": "7d"},
    {"source": "ticket_events", "distinct": "value", "window": "28d"},
    {"source": "messages", "distinct": "channel", "window": "28d", "where": {"question": True}},
    {
        "source": "messages",
        "total": "words",
        "interval": ANSWERED,
    },
    {"source": "surveys", "count": True, "at": "sent_at", "window": "84d"},
    {"source": "surveys", "count": True, "window": "84d", "where": {"score": 3}},
    {"source": "surveys", "count": True, "window": "84d", "where": {"score": [3, 4]}},
    {"source": "surveys", "maximum": "score", "window": "84d", "where": {"kind": {"in": ["CES"]}}},
    {
        "source": "tasks",
        "open": True,
        "interval": {"from": "due_at", "until": "done_at", "after": "-3d"},
        "lag": "7d",
        "within": "28d",
    },
    {"source": "incidents", "since": True, "at": "ended_at"},
    {"source": "incidents", "sum": "users_affected", "window": "28d"},
    {
        "source": "escalations",
        "open": True,
        "interval": CLOSED,
    },
    {"source": "renewals", "time_to": "renewal_date", "where": {"auto_renew": True}},
    {"source": "accounts", "latest": "arr", "lag": "28d"},
    {"source": "accounts", "ever": True},
    {
        "source": "health_scores",
        "slope": "rows",
        "window": "28d",
        "where": {"score": {"below": 60}},
    },
]
OTHERS = Catalogue(
    features=(
        *(
            Feature.model_validate({"name": f"other_{i}", "means": "a test", "family": "other"} | o)
            for i, o in enumerate(_OTHERS)
        ),
        Feature(name="other_add", means="a test", family="other", add=("other_0", "other_4")),
    )
)
EVERYTHING = Catalogue(features=(*SHIPPED.features, *OTHERS.features))
FAMILIES = tuple(dict.fromkeys(feature.family for feature in EVERYTHING.features))

# Days before a snapshot at which a window of the catalogue begins or ends.
OFFSETS = sorted({f.lag + (f.window or 0) for f in EVERYTHING.features} | {2, 30, 90, 92, 182})


# Another grid adds the same numbers up in another order; what leaks changes far more than that.
ROUNDING = 1e-12


def measure(
    tables: Tables,
    snapshots: pd.DataFrame,
    catalogue: Catalogue = EVERYTHING,
    make_engine: MakeEngine = DuckDBEngine,
    days: Sequence[int] | None = None,
) -> pd.DataFrame:
    """Return the features of snapshots, with texts heard as ``random_company`` writes them.

    Texts that features look at on ``days`` are heard, those of all tables without.
    """
    engine = make_engine(tables.connection)
    days = list(days or ())
    with patch("risk_model.features.heard.hear_all", hear_all):
        heard = hear_texts(engine, tables.present, catalogue, None, days=days)  # type: ignore[arg-type]
    features = features_at(engine, tables.present, snapshots, catalogue, heard)
    engine.close()
    return features


def look_up(
    tables: Tables, snapshots: pd.DataFrame, catalogue: Catalogue = EVERYTHING
) -> pd.DataFrame:
    """Return the same by definition, from the reference."""
    pairs = [(account, int(day)) for account, day in snapshots.itertuples(index=False)]
    values = pd.DataFrame(Reference(tables, hear).features(catalogue, pairs), dtype=float)
    return pd.concat([snapshots, values[catalogue.names]], axis=1)


def snapshots_of(accounts: Sequence[str], days: Iterable[int], seed: int = 0) -> pd.DataFrame:
    """Return every account on every day, and one account that nobody knows, in any order."""
    rows = [(account, day) for day in sorted(set(days)) for account in [*accounts, "nobody"]]
    frame = pd.DataFrame(rows, columns=["account_id", "as_of"])
    return frame.sample(frac=1, random_state=seed).reset_index(drop=True)


def awkward_days(days: int, seed: int) -> list[int]:
    """Return days to look from: inside of the history, at its ends and a little after it."""
    rng = np.random.default_rng(seed)
    inside = rng.integers(FIRST_DAY, FIRST_DAY + days, 5)
    return sorted({*map(int, inside), FIRST_DAY + 1, FIRST_DAY + days - 1, FIRST_DAY + days + 3})


def edges_of(days: Iterable[int]) -> list[int]:
    """Return the days on whose midnights a window of a snapshot begins or ends."""
    return sorted({day - offset for day in days for offset in OFFSETS})


def assert_same(left: pd.DataFrame, right: pd.DataFrame, tolerance: float = ROUNDING) -> None:
    """Fail with the features, snapshots and values that differ; NaN equals NaN only."""
    assert list(left.columns) == list(right.columns)
    assert len(left) == len(right)
    names = [name for name in left.columns if name not in ("account_id", "as_of")]
    here, there = left[names].to_numpy(float), right[names].to_numpy(float)
    same = np.isclose(here, there, rtol=tolerance, atol=tolerance, equal_nan=True)
    told = [
        f"{names[j]} of {left.account_id[i]} at {left.as_of[i]}: {here[i, j]} and {there[i, j]}"
        for i, j in np.argwhere(~same)[:20]
    ]
    assert not told, f"{(~same).sum()} values differ:\n" + "\n".join(told)


def assert_told(measured: pd.DataFrame, other_than_0: float, told_at_all: float = 1) -> None:
    """Fail unless such shares of the shipped features are measured, and other than 0, somewhere."""
    told = measured[SHIPPED.names].notna().any()
    assert told.mean() >= told_at_all, f"never measured: {list(told.index[~told])}"
    shows = measured[SHIPPED.names].fillna(0).ne(0).any()
    assert shows.mean() >= other_than_0, f"always 0: {list(shows.index[~shows])}"
