"""The likely cause: one of five, each with what speaks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from risk_model.catalogue import Catalogue
from risk_model.explain import is_notable, notable_each, sentence, stem_of
from risk_model.respond.facts import Values
from risk_model.respond.spec import CAUSES, Response
from risk_model.rules import Cause, Grade, Rule, RuleSet

# Where no rule points to a cause, so many notable signs of one do.
SIGNS_ENOUGH = 2


def causes(
    fired: Sequence[Sequence[Rule]],
    rules: RuleSet,
    signs: pd.DataFrame | None = None,
) -> list[str]:
    """Return the likely cause: the one that most points speak for; empty where none does.

    ``signs`` counts the notable signs of each cause (see ``count_signs``). They decide between
    causes with the same points, and alone where no rule points anywhere. Rules that tell how it is
    said, or by whom, speak for their fallback only where nothing says what it is about; where one
    says SEV-1, that is what it is about.
    """
    counted = None if signs is None else signs[list(CAUSES)].to_numpy().tolist()
    result = []
    for place, hits in enumerate(fired):
        seen = dict(zip(CAUSES, counted[place], strict=True)) if counted is not None else {}
        votes = (
            _votes([(rule.cause, rule.grade) for rule in hits if rule.severity == 1], rules)
            or _votes([(rule.cause, rule.grade) for rule in hits], rules)
            or {cause: 0.0 for cause, n in seen.items() if n >= SIGNS_ENOUGH}
            or _votes([(rule.fallback_cause, rule.grade) for rule in hits], rules)
        )
        best = max(votes, key=lambda cause: (votes[cause], seen.get(cause, 0)), default="")
        result.append(str(best))
    return result


def _votes(named: Sequence[tuple[Cause | None, Grade]], rules: RuleSet) -> dict[str, float]:
    """Return the points that speak for each cause."""
    votes: dict[str, float] = {}
    for cause, grade in named:
        if cause:
            votes[cause] = votes.get(cause, 0.0) + rules.points[grade]
    return votes


def count_signs(features: pd.DataFrame, catalogue: Catalogue, how: Response) -> pd.DataFrame:
    """Return for each account how many signs of each cause are notable, one column a cause."""
    counts = {}
    for cause, plan in how.causes.items():
        total = np.zeros(len(features), dtype=np.int64)
        for name in plan.signs:
            feature = catalogue.by_name[name]
            total += notable_each(feature, features[name].to_numpy(dtype=float))
        counts[cause] = total
    return pd.DataFrame(counts, index=features.index)


def evidence(
    hits: Sequence[Rule], values: Values, catalogue: Catalogue, how: Response
) -> Mapping[str, tuple[str, ...]]:
    """Return for each cause that anything speaks for what does, in plain words with figures.

    First what the rules say, strongest first, then notable signs of what no such rule has told,
    each once however many windows it shows in.
    """
    found: dict[str, tuple[str, ...]] = {}
    for cause, plan in how.causes.items():
        rules = [rule for rule in hits if cause in (rule.cause, rule.fallback_cause)]
        said = [sentence(rule.says, values, catalogue) for rule in rules]
        told = {stem_of(name) for rule in rules for name in rule.features}
        for name in plan.signs:
            feature = catalogue.by_name[name]
            value = float(values.get(name, np.nan))
            if stem_of(name) not in told and is_notable(feature, value):
                told.add(stem_of(name))
                said.append(sentence(feature.says or "", values, catalogue, feature))
        if said:
            found[cause] = tuple(dict.fromkeys(said))
    return found
