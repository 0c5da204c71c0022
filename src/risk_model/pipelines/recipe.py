"""The recipe: which rulebook and learners there are, and how they are fitted as a blend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from risk_model.blend import Blend
from risk_model.choice import Choice, choose
from risk_model.errors import ConfigError, DataRefused
from risk_model.extra_trees import ExtraTreesLearner
from risk_model.folds import ForwardFolds
from risk_model.learner import BoostingLearner, LogisticLearner
from risk_model.out_of_fold import Snapshots
from risk_model.pipelines.line import Labelled
from risk_model.rules import Rulebook
from risk_model.settings import Settings

# The share of past days on which a feature has to be measured for somebody.
MEASURED_DAYS = 0.5
LEARNERS = {
    "logistic": LogisticLearner,
    "boosting": BoostingLearner,
    "extra_trees": ExtraTreesLearner,
}


@dataclass(frozen=True)
class Recipe:
    """Settings of the learners, chosen or as written, for a table with these columns."""

    settings: Settings
    names: tuple[str, ...]
    choices: Mapping[str, Choice] = field(default_factory=dict)
    told_today: tuple[str, ...] = ()

    @classmethod
    def chosen(
        cls, settings: Settings, table: pd.DataFrame, past: Labelled, horizon: int, gap: int = 0
    ) -> Recipe:
        """Choose the settings that ``models/escalation.yaml`` leaves open, on the earliest days.

        These are the days whose outcomes were known before the first one that is reported on.
        """
        names = tuple(str(name) for name in table.columns)
        recipe = cls(settings, names, told_today=past.told_today)
        grids = settings.recipe.choose
        if not any(grids.values()):
            return recipe
        rows, reported = _before_reported(past, horizon, gap)
        early = Snapshots(
            table.iloc[rows],
            past.labels.to_numpy(dtype=np.int64)[rows],
            past.snapshots["as_of"].to_numpy(dtype=np.int64)[rows],
            past.snapshots["account_id"].to_numpy()[rows],
            settled=None if past.settled is None else past.settled.to_numpy()[rows],
        )
        if reported is not None:
            early = early.as_told(reported)
        least = int(settings.recipe.blend.get("min_positives", 30))
        choices: dict[str, Choice] = {
            str(name): choose(
                lambda setting, name=name: recipe.learner(name, setting),  # type: ignore[misc]
                grid,
                early,
                horizon,
                gap=gap,
                min_escalations=least,
            )
            for name, grid in grids.items()
            if grid and name in recipe.learners
        }
        return replace(recipe, choices=choices)

    @property
    def learners(self) -> list[str]:
        """The names of the learners that the settings ask for."""
        return [name for name in LEARNERS if getattr(self.settings.recipe, name) is not None]

    def learner(self, name: str, setting: Mapping[str, Any] | None = None) -> Any:
        """Return an unfitted learner with directions; it does not see the families switched off."""
        chosen = self.choices[name].settings if name in self.choices else {}
        written = getattr(self.settings.recipe, name)
        directions = {n: self.settings.catalogue.directions.get(n, 0) for n in self.names}
        off = without(self.settings, self.names, self.told_today)
        return LEARNERS[name](
            directions=directions, without=off or None, **{**written, **chosen, **(setting or {})}
        )

    def members(self) -> dict[str, Any]:
        """Return the unfitted rulebook and learners by name."""
        learners = {name: self.learner(name) for name in self.learners}
        return {"rules": Rulebook.of(self.settings.rules), **learners}

    def blend(self, horizon: int, gap: int = 0) -> Blend:
        """Return the unfitted blend of them all."""
        parts = self.members()
        learners = [(name, parts[name]) for name in self.learners]
        how = self.settings.recipe.blend
        return Blend(parts["rules"], learners, horizon=horizon, gap=gap, **how)

    def told(self) -> dict[str, str]:
        """Return what was chosen and why, by learner, as texts."""
        return {name: f"{c.settings}: {c.reason}" for name, c in self.choices.items()}


def without(
    settings: Settings, names: tuple[str, ...], told_today: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return the features that learners do not look at.

    Not for them, of a family switched off, or of the past as it is told today.
    Raises ConfigError for a family that the catalogue does not have.
    """
    off = set(settings.recipe.without)
    families = {feature.family for feature in settings.catalogue.features}
    unknown = sorted(off - families)
    if unknown:
        raise ConfigError(
            [
                f"models/escalation.yaml: 'without' names no family: {', '.join(unknown)}. "
                f"There are {', '.join(sorted(families))}."
            ]
        )
    known = settings.catalogue.by_name
    return tuple(
        n for n in names if known[n].family in off or not known[n].learned or n in told_today
    )


def fit(settings: Settings, past: Labelled, horizon: int) -> Blend:
    """Fit the blend on a labelled past."""
    table = past.features.loc[:, measured_columns(past, settings)]
    return fit_with(Recipe.chosen(settings, table, past, horizon), table, past, horizon)


def fit_with(recipe: Recipe, table: pd.DataFrame, past: Labelled, horizon: int) -> Blend:
    """Fit the blend of a recipe on a labelled past, by the features of ``table``."""
    return recipe.blend(horizon).fit(
        table,
        past.labels,
        days=past.snapshots["as_of"],
        groups=past.snapshots["account_id"],
        settled=past.settled,
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


def _before_reported(
    past: Labelled, horizon: int, gap: int
) -> tuple[np.ndarray[Any, Any], int | None]:
    """Return the rows whose outcomes were known before the first day reported on, and that day."""
    days = past.snapshots["as_of"].to_numpy(dtype=np.int64)
    try:
        reported = int(ForwardFolds(1, horizon, gap=gap).blocks(days)[0][0])
    except DataRefused:
        return np.empty(0, dtype=np.intp), None
    return np.flatnonzero(days + horizon + gap <= reported), reported
