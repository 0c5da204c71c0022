"""The recipe: which rulebook and learners there are, and how they are fitted as a blend."""

from __future__ import annotations

from typing import Any

from risk_model.blend import Blend
from risk_model.learner import BoostingLearner, LogisticLearner
from risk_model.pipelines.line import Labelled
from risk_model.rules import Rulebook
from risk_model.settings import Settings

# The share of past days on which a feature has to be measured for somebody.
MEASURED_DAYS = 0.5


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
    table = past.features.loc[:, measured_columns(past, settings)]
    parts = members(settings, list(table.columns))
    learners = [(name, part) for name, part in parts.items() if name != "rules"]
    blend = Blend(parts["rules"], learners, horizon=horizon, **settings.recipe.blend)
    return blend.fit(
        table, past.labels, days=past.snapshots["as_of"], groups=past.snapshots["account_id"]
    )


def measured_columns(past: Labelled, settings: Settings) -> list[str]:
    """Return the features measured on at least half of the past days, and those that rules read.

    A window that is longer than most of the history fills up just when the model is put to use:
    what little was learnt of it comes from other days than those it would speak of.
    """
    rules = set(settings.rules.features)
    on_day = past.features.notna().groupby(past.snapshots["as_of"].to_numpy()).any()
    covered = on_day.mean() >= MEASURED_DAYS
    return [name for name in past.features.columns if bool(covered[name]) or name in rules]
