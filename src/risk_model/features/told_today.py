"""What of the accounts is told as of today only: no feature of the past may be learnt from it.

Where accounts are one row each, as a CRM holds them, the end of the contract of somebody who has
left stands there since ever, and that of somebody who has stayed has moved on.
"""

from __future__ import annotations

from collections.abc import Mapping

import narwhals as nw

from risk_model.catalogue import Catalogue
from risk_model.engines import Engine

# When a contract began is written once.
FIXED = frozenset({"contract_start"})


def told_today(
    engine: Engine, present: Mapping[str, frozenset[str]], catalogue: Catalogue
) -> tuple[str, ...]:
    """Return the features made of what accounts have today, where no account has a history.

    A history is a second version of some account (``valid_from``).
    """
    if "accounts" not in present or _has_history(engine, present["accounts"]):
        return ()
    there = present["accounts"] - FIXED
    made = {
        feature.name
        for feature in catalogue.features
        if feature.source == "accounts" and feature.column in there
    }
    for feature in catalogue.in_order_of_making():
        if feature.is_derived and made & set(feature.parts):
            made.add(feature.name)
    return tuple(name for name in catalogue.names if name in made)


def _has_history(engine: Engine, columns: frozenset[str]) -> bool:
    if "valid_from" not in columns:
        return False
    versions = engine.table("accounts").group_by("account_id").agg(n=nw.len())
    most = engine.pandas(versions.select(nw.col("n").max()))["n"].iloc[0]
    return bool(most > 1)
