"""Why a probability moved between two days: an exact split of the change into its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy.special import expit

from risk_model.blend import Blend
from risk_model.rules import Rulebook

THE_RULES = "the rules"
# Where the logit as a whole hardly moved, its parts are turned into probability by the slope.
STILL = 1e-9


class Scorer(Protocol):
    """What says a probability and what it is made of."""

    def probability(self, row: pd.DataFrame) -> float:
        """Return the probability of a table of one row."""

    def parts(self, row: pd.DataFrame) -> pd.Series[float]:
        """Return what adds up to its logit, less a constant: by feature, and the rules."""


@dataclass(frozen=True)
class ByBlend:
    """A trained blend: features by their exact contributions, the rules as one part."""

    model: Blend

    def _own(self, row: pd.DataFrame) -> pd.DataFrame:
        return row[[str(name) for name in self.model.feature_names_in_]]

    def probability(self, row: pd.DataFrame) -> float:
        """Return the probability of a table of one row."""
        return float(self.model.predict_proba(self._own(row))[0, 1])

    def parts(self, row: pd.DataFrame) -> pd.Series[float]:
        """Return what adds up to its logit, less a constant."""
        parts, rules, _ = self.model.contributions(self._own(row))
        told = {str(name): float(value) for name, value in parts.iloc[0].items()}
        return pd.Series({**told, THE_RULES: float(rules.iloc[0])})


@dataclass(frozen=True)
class ByRules:
    """The rules alone: a part a rule."""

    rulebook: Rulebook

    def probability(self, row: pd.DataFrame) -> float:
        """Return the score of a table of one row."""
        logit = self.rulebook.intercept_ + self.rulebook.slope_ * self.rulebook.points(row)[0]
        return float(expit(logit))

    def parts(self, row: pd.DataFrame) -> pd.Series[float]:
        """Return each rule's points in the logit."""
        points: pd.Series[float] = self.rulebook.points_by_rule(row).iloc[0]
        return points * self.rulebook.slope_


@dataclass(frozen=True)
class Movement:
    """A change of probability from ``before`` to ``after``, and what adds up to it exactly.

    ``parts`` is in probability: a feature each, ``the rules``; ``model_version`` is what another
    model says of the same day, ``late_data`` what became known later about it.
    """

    before: float
    after: float
    model_version: float
    late_data: float
    parts: pd.Series[float]

    @property
    def total(self) -> float:
        """Return the sum of all parts: ``after - before``."""
        return self.model_version + self.late_data + float(self.parts.sum())


def movement(
    then: Scorer, now: Scorer, before: pd.DataFrame, hindsight: pd.DataFrame, after: pd.DataFrame
) -> Movement:
    """Split the change of one account's probability.

    ``before`` is its row of features as known then, ``hindsight`` the same day as known today,
    ``after`` that of the later day. In this order: another model on the same facts, late data under
    the new model, then the facts, where each part gets its share of the change of the logit.
    """
    p_then, p_now = then.probability(before), now.probability(before)
    p_late, p_after = now.probability(hindsight), now.probability(after)
    moved = (now.parts(after) - now.parts(hindsight)).fillna(0.0)
    change = float(moved.sum())
    if abs(change) > STILL:
        moved = moved * ((p_after - p_late) / change)
    else:
        moved = moved * p_late * (1 - p_late)
        moved.iloc[-1] += (p_after - p_late) - float(moved.sum())
    return Movement(p_then, p_after, p_now - p_then, p_late - p_now, moved)


def largest(parts: pd.Series[float], most: int) -> tuple[pd.Series[float], float]:
    """Return the parts that moved most, the largest first, and the sum of the rest.

    The rules are among them however little they moved: who reads it looks for them.
    """
    order: Any = np.argsort(-parts.abs().to_numpy(), kind="stable")
    top, rest = parts.iloc[order[:most]], parts.iloc[order[most:]]
    top = top[top != 0]
    if THE_RULES in parts.index and THE_RULES not in top.index:
        top = pd.concat([top, parts[[THE_RULES]]])
        rest = rest.drop(THE_RULES, errors="ignore")
    return top, float(rest.sum())
