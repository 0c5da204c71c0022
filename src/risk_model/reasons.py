"""The reasons on the list: of all that speaks for an account's risk the few that weigh most."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model.catalogue import Catalogue, Feature
from risk_model.catalogue.holding import holds_each
from risk_model.explain import QUIET, Values, notable_each, sentence, stem_of
from risk_model.row_values import rows_of
from risk_model.rules import Rule, RuleSet

Floats = NDArray[np.float64]
LEAD = 1_000.0
# Families and sources whose signs are told by rules and by the state alone.
TOLD_APART = {"messages", "escalations"}
# What it weighs, what it is about, and the feature (else a rule) whose sentence it is.
Candidate = tuple[float, frozenset[str], str, str]
# A rule as its case that holds has it, and what the conditions that hold are about.
Fired = tuple[Rule, frozenset[str]]


def reasons(
    features: pd.DataFrame,
    fired: pd.DataFrame,
    signs: pd.DataFrame,
    rules_part: pd.Series[float],
    catalogue: Catalogue,
    rules: RuleSet,
    most: int = 3,
) -> list[list[str]]:
    """Return up to ``most`` sentences an account: the strongest rule's, then the weightiest.

    ``signs`` are the learner's ``notable_parts``, ``rules_part`` is the contribution of the rules,
    shared out over the fired ones by their points. A sign that a rule already tells is not
    told again, and of features that tell the same story only the weightiest is.
    """
    fires, of_rules = _fires(features, fired, rules), rules_part.to_numpy(float).tolist()
    return [
        _weightiest(_of_rules(own, rules, part), of_features, values, catalogue, most)
        for own, part, of_features, values in zip(
            fires, of_rules, _heaviest_first(signs, catalogue), rows_of(features), strict=True
        )
    ]


def standing_out(signs: pd.DataFrame, catalogue: Catalogue) -> list[str]:
    """Return for each account the family of the sign that weighs most, or nothing.

    ``signs`` are ``notable_parts``.
    """
    weights = signs.to_numpy()
    if not weights.size:
        return [""] * len(weights)
    known = [catalogue.by_name.get(str(name)) for name in signs.columns]
    families = [feature.family if feature else "" for feature in known]
    best = weights.argmax(axis=1)
    weighs = weights[np.arange(len(weights)), best] > 0
    return [families[place] if told else "" for place, told in zip(best, weighs, strict=True)]


def with_signs(
    reasons: Sequence[Sequence[str]],
    families: Sequence[str],
    features: pd.DataFrame,
    catalogue: Catalogue,
    most: int = 3,
) -> tuple[list[list[str]], list[str]]:
    """Return reasons and families, where nothing stands out with the notable signs instead.

    For where no learner weighs them: what the catalogue calls ``notable``, a bad direction first,
    then in its order; of those that tell the same story only the first is told. Messages are left
    out, since what they say is heard, and what of it counts is a rule; so are past escalations,
    which an account in recovery is told with anyway.
    """
    told, of_family = [list(said) for said in reasons], list(families)
    quiet = np.flatnonzero([said == [QUIET] for said in told])
    rows = rows_of(features)
    for row, signs in zip(quiet.tolist(), _notable(features.iloc[quiet], catalogue), strict=True):
        if signs:
            of_family[row] = signs[0].family
            values = rows[row]
            told[row] = [sentence(s.says or "", values, catalogue, s) for s in signs[:most]]
    return told, of_family


def _notable(features: pd.DataFrame, catalogue: Catalogue) -> list[list[Feature]]:
    """Return for each account its notable features, one a story, a bad direction first."""
    found: list[dict[str, Feature]] = [{} for _ in range(len(features))]
    notable = [feature for feature in catalogue.features if feature.notable is not None]
    known = [feature for feature in notable if not {feature.family, feature.source} & TOLD_APART]
    for feature in sorted(known, key=lambda feature: feature.worse == "none"):
        holds = notable_each(feature, features[feature.name].to_numpy(dtype=float))
        for row in np.flatnonzero(holds).tolist():
            found[row].setdefault(stem_of(feature.name), feature)
    return [list(signs.values()) for signs in found]


def notable_parts(
    parts: pd.DataFrame, features: pd.DataFrame, catalogue: Catalogue
) -> pd.DataFrame:
    """Return contributions to the logit above 0 of features worth a sentence, else 0."""
    weights = np.zeros(parts.shape, order="F")
    for place, name in enumerate(parts.columns):
        feature = catalogue.by_name.get(str(name))
        if feature is not None and name in features:
            notable = notable_each(feature, features[name].to_numpy(dtype=float))
            weights[:, place] = np.where(notable, parts[name].to_numpy(dtype=float), 0.0)
    above = np.fmax(weights, 0.0, out=weights)
    return pd.DataFrame(above, index=parts.index, columns=parts.columns, copy=False)


def _heaviest_first(signs: pd.DataFrame, catalogue: Catalogue) -> Iterator[Iterator[Candidate]]:
    """Yield for each account its signs, the heaviest first; made as they are asked for."""
    weights, names = signs.to_numpy(), [str(name) for name in signs.columns]
    about = [frozenset({stem_of(name)}) for name in names]
    says = [getattr(catalogue.by_name.get(name), "says", None) or "" for name in names]
    rows, places = np.nonzero(weights)
    heaviest = np.lexsort((places, -weights[rows, places], rows))
    ends = np.cumsum(np.bincount(rows, minlength=len(weights))).tolist()
    sorted_places = places[heaviest].tolist()
    sorted_weights = weights[rows, places][heaviest].tolist()
    begin = 0
    for end in ends:
        own = zip(sorted_weights[begin:end], sorted_places[begin:end], strict=True)
        yield ((weight, about[place], says[place], names[place]) for weight, place in own)
        begin = end


def _fires(features: pd.DataFrame, fired: pd.DataFrame, rules: RuleSet) -> list[list[Fired]]:
    """Return for each account the rules that fire, each as its first case that holds has it."""
    fires: list[list[Fired]] = [[] for _ in range(len(features))]
    for name in fired.columns:
        rule = rules.by_id[str(name)]
        held = np.column_stack([*_held(rule, features), np.zeros(len(features), dtype=bool)])
        rows = np.flatnonzero(fired[name].to_numpy() == 1)
        known: dict[bytes, Fired] = {}
        for row, truth in zip(rows.tolist(), held[rows], strict=True):
            key = truth.tobytes()
            if key not in known:
                known[key] = _as_held(rule, truth.tolist())
            fires[row].append(known[key])
    return fires


def _held(rule: Rule, features: pd.DataFrame) -> Iterator[NDArray[np.bool_]]:
    """Yield where each group of a rule's conditions holds throughout."""
    for group in rule.groups:
        holds = np.ones(len(features), dtype=bool)
        for name, test in group.items():
            values = features[name] if name in features else pd.Series(np.nan, features.index)
            holds &= holds_each(test, np.asarray(values, dtype=np.float64))
        yield holds


def _as_held(rule: Rule, held: Sequence[bool]) -> Fired:
    groups = [group for group, holds in zip(rule.groups, held, strict=False) if holds]
    cases = [case for case, holds in zip(rule.as_cases, held, strict=False) if holds]
    about = frozenset(stem_of(name) for group in groups for name in group)
    return (cases[0] if cases and rule.groups else rule), about


def _of_rules(fires: Sequence[Fired], rules: RuleSet, part: float) -> list[Candidate]:
    """Return the rules that fire and count no others, the heaviest first."""
    points = rules.points
    total = sum(points[rule.grade] for rule, _ in fires) or 1.0
    single = [(rule, about) for rule, about in fires if rule.kinds is None]
    # The first step answers the strongest rule, the first in the file among equals: it leads.
    lead = max(single, key=lambda fire: rules.strength(fire[0]), default=None)
    candidates: list[Candidate] = []
    for fire in single:
        rule, about = fire
        # Even where the learner outweighs the rules, a rule that fired is worth its grade.
        weight = max(part * points[rule.grade] / total, 0.1 * points[rule.grade])
        weight += LEAD if fire is lead else 0.0
        candidates.append((weight, about, rule.says, ""))
    return sorted(candidates, key=itemgetter(0), reverse=True)


def _weightiest(
    of_rules: Sequence[Candidate],
    signs: Iterable[Candidate],
    values: Values,
    catalogue: Catalogue,
    most: int,
) -> list[str]:
    def told(candidate: Candidate) -> str:
        own = catalogue.by_name.get(candidate[3]) if candidate[3] else None
        return sentence(candidate[2], values, catalogue, own)

    chosen: list[str] = []
    about: set[str] = set()
    heaviest = sorted((*of_rules, *signs), key=itemgetter(0), reverse=True)
    candidates: Iterable[Candidate] = heaviest
    if len({weight for weight, *_ in heaviest}) < len(heaviest):
        # Equal ones come by their words.
        equals = (list(own) for _, own in groupby(heaviest, key=itemgetter(0)))
        candidates = (one for own in equals for one in (sorted(own, key=told) if own[1:] else own))
    for candidate in candidates:
        if candidate[1].isdisjoint(about):
            text = told(candidate)
            if text not in chosen:
                chosen.append(text)
                about |= candidate[1]
                if len(chosen) == most:
                    return chosen
    return chosen or [QUIET]
