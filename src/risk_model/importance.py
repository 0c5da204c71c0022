"""What the model's scores hang on: each feature's and each family's share of what moves them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from risk_model.blend import RULES, Blend
from risk_model.catalogue import Catalogue


def importance(model: Blend, table: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Return a row a feature, and one for the rules: how much it moves the logit on average.

    ``table`` has the model's features, a row a snapshot. Columns: ``feature``, ``family``,
    ``means``, ``moves`` (mean of the absolute exact contribution), ``share`` (of the sum), largest
    first. A measure of use, not of cause: of two features that tell the same, either may carry
    both.
    """
    names = [str(name) for name in model.feature_names_in_]
    parts, rules, _ = model.contributions(table[names])
    rows = [
        {
            "feature": name,
            "family": catalogue.by_name[name].family,
            "means": catalogue.by_name[name].means,
            "moves": float(np.abs(parts[name]).mean()),
        }
        for name in names
    ]
    spread = float((rules - rules.mean()).abs().mean())
    rows.append({"feature": RULES, "family": RULES, "means": "the rulebook", "moves": spread})
    told = pd.DataFrame(rows).sort_values(["moves", "feature"], ascending=[False, True])
    return told.assign(share=told["moves"] / max(told["moves"].sum(), 1e-300)).reset_index(
        drop=True
    )


def by_family(told: pd.DataFrame) -> pd.Series[float]:
    """Return each family's share of what moves the scores, largest first."""
    return told.groupby("family")["share"].sum().sort_values(ascending=False)
