"""The recipe: which rulebook and learners there are, and how they are fitted as a blend."""

from __future__ import annotations

from typing import Any

import pandas as pd

from risk_model.blend import Blend
from risk_model.learner import BoostingLearner, LogisticLearner
from risk_model.pipelines.line import Labelled
from risk_model.rules import Rulebook
from risk_model.settings import Settings


def members(settings: Settings, names: list[str]) -> dict[str, Any]:
    """Return the unfitted rulebook and learners by name, with directions for known features."""
    directions = {name: settings.catalogue.directions.get(name, 0) for name in names}
    recipe = settings.recipe
    return {
        "rules": Rulebook.of(settings.rules),
        "logistic": LogisticLearner(directions=directions, **recipe.logistic),
        "boosting": BoostingLearner(directions=directions, **recipe.boosting),
    }


def fit(settings: Settings, past: Labelled, horizon: int) -> Blend:
    """Fit the blend on a labelled past."""
    table = past.features.loc[:, measured_columns(past.features, settings)]
    parts = members(settings, list(table.columns))
    learners = [(name, part) for name, part in parts.items() if name != "rules"]
    blend = Blend(parts["rules"], learners, horizon=horizon, **settings.recipe.blend)
    return blend.fit(
        table, past.labels, days=past.snapshots["as_of"], groups=past.snapshots["account_id"]
    )


def measured_columns(features: pd.DataFrame, settings: Settings) -> list[str]:
    """Return the features that were measured at all in the past, and those that rules read."""
    rules = set(settings.rules.features)
    known = features.notna().any()
    return [name for name in features.columns if bool(known[name]) or name in rules]
