"""Why an account stands where it stands: exact contributions, turned into plain sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from risk_model.catalogue import Catalogue, Feature
from risk_model.catalogue.sentences import AHEAD, MOMENTS, PAST, behind
from risk_model.row_values import rows_of
from risk_model.rules import Grade, Rule, RuleSet
from risk_model.timeline import DAY, date_of

Values = Mapping[str, Any]
QUIET = "Nothing stands out in what was measured"


def told(value: float, unit: str) -> str:
    """Return a value as a person reads it: ``46%``, ``down 46%``, ``12 days``, ``7``."""
    if np.isnan(value):
        return "unknown"
    if unit in ("days", "hours"):
        return _counted(value, unit)
    return {
        "change": f"{'down' if value < 0 else 'up'} {abs(value):.0%}",
        "share": f"{value:.0%}",
        "money": f"{value:,.0f}",
        "count": f"{value:,.0f}",
        "flag": f"{value:,.0f}",
    }.get(unit, f"{value:.1f}".removesuffix(".0"))


def _counted(value: float, unit: str) -> str:
    number = round(value) if abs(value) >= 1 else 1
    return f"{number:,} {unit.removesuffix('s') if abs(number) == 1 else unit}"


def sentence(pattern: str, values: Values, catalogue: Catalogue, own: Feature | None = None) -> str:
    """Fill a sentence's ``{value}`` and ``{feature}`` with the account's figures.

    ``(ticket|tickets)`` takes the first form after a figure of 1, else the second. Dates need the
    day among the values, as ``as_of``; see the catalogue's ``sentences`` for the forms of figures.
    """
    text, last = "", 0.0
    for part in _parts_of(pattern):
        if part.startswith("{"):
            name, _, form = part[1:-1].partition(":")
            feature = own if name == "value" else catalogue.by_name.get(name)
            read = _read_for(feature, form, catalogue) if feature else None
            value = float(values.get(read.name, np.nan)) if read else np.nan
            if form:
                text += _formed(value, form, read, values)
                continue
            # "fell by 0.4": where the words give the sign, the figure does not.
            last = abs(value) if text.endswith("fell by ") else value
            text += told(last, feature.unit) if feature else "unknown"
        elif part.startswith("(") and "|" in part:
            text += part[1:-1].split("|")[0 if last == 1 else 1]
        else:
            text += part
    return text


def _read_for(feature: Feature, form: str, catalogue: Catalogue) -> Feature | None:
    """Return what a form of a feature's figure is read from, looked up once."""
    key = (feature.name, form)
    if key not in catalogue.read_for:
        catalogue.read_for[key] = behind(feature, form)
    return catalogue.read_for[key]


@lru_cache(maxsize=2_000)
def _parts_of(pattern: str) -> list[str]:
    return re.split(r"({\w+(?::\w+)?}|\([^()|]*\|[^()|]*\))", pattern)


def _formed(value: float, form: str, read: Feature | None, values: Values) -> str:
    """Return a figure in another form: the date, the hours since, a column's value."""
    as_of = float(values.get("as_of", np.nan))
    if read is None or np.isnan(value) or np.isnan(as_of):
        return "unknown"
    if form not in MOMENTS:
        return told(value, read.unit)
    if read.verb in (*PAST, *AHEAD):
        moment = as_of - read.lag + (value if read.verb in AHEAD else -value)
    else:
        moment = value / DAY
    # A second is 1e-5 days: what fell on a midnight stays on its day.
    if form == "date":
        return str(date_of(int(np.floor(moment + 1e-6))))
    return _counted(np.floor((as_of - moment) * 24 + 1e-6), "hours")


def is_notable(feature: Feature, value: float) -> bool:
    """Whether a value is worth a sentence: by the feature's own word, else by its direction."""
    if feature.says is None or np.isnan(value):
        return False
    if feature.notable is not None:
        return feature.notable.holds(float(value))
    return feature.worse == "higher" and bool(value > 0)


def reasons(
    features: pd.DataFrame,
    fired: pd.DataFrame,
    parts: pd.DataFrame,
    rules_part: pd.Series[float],
    catalogue: Catalogue,
    rules: RuleSet,
    most: int = 3,
) -> list[list[str]]:
    """Return up to ``most`` sentences an account: the strongest rule's, then the weightiest.

    ``parts`` are the learner's contributions to the logit by feature, ``rules_part`` that of the
    rules, shared out over the fired ones by their points. A sign that a rule already tells is not
    told again, and of features that tell the same story only the weightiest is.
    """
    hits, weights = fired.to_numpy() == 1, parts.to_numpy(float)
    ids, names = [str(name) for name in fired.columns], [str(name) for name in parts.columns]
    told_of: list[list[str]] = []
    of_rules = rules_part.to_numpy(float)
    for row, values in enumerate(rows_of(features)):
        fires = [rules.by_id[ids[place]].as_fired(values) for place in np.flatnonzero(hits[row])]
        candidates = _of_rules(fires, rules.points, float(of_rules[row]), values, catalogue)
        candidates += _of_features(names, weights[row], values, catalogue)
        told_of.append(_weightiest(candidates, most))
    return told_of


LEAD = 1_000.0
# What it weighs, what it is about, and what makes its sentence.
Candidate = tuple[float, frozenset[str], Callable[[], str]]


def _of_rules(
    fires: Sequence[Rule],
    points: Mapping[Grade, float],
    part: float,
    values: Values,
    catalogue: Catalogue,
) -> list[Candidate]:
    """Return the rules that fire, each as its case that holds has it."""
    total = sum(points[rule.grade] for rule in fires) or 1.0
    single = [rule for rule in fires if rule.kinds is None]
    # The first step answers the strongest rule, the first in the file among equals: it leads.
    lead = max(single, key=lambda rule: points[rule.grade], default=None)
    candidates: list[Candidate] = []
    for rule in single:
        # Even where the learner outweighs the rules, a rule that fired is worth its grade.
        weight = max(part * points[rule.grade] / total, 0.1 * points[rule.grade])
        weight += LEAD if rule is lead else 0.0
        held = [g for g in rule.groups if all(c.holds(values.get(n)) for n, c in g.items())]
        reads = frozenset(stem_of(n) for group in held for n in group)
        candidates.append((weight, reads, partial(sentence, rule.says, values, catalogue)))
    return candidates


def _of_features(
    names: Sequence[str], weights: Any, values: Values, catalogue: Catalogue
) -> list[Candidate]:
    candidates: list[Candidate] = []
    for place in np.flatnonzero(weights > 0).tolist():
        name = names[place]
        feature = catalogue.by_name.get(name)
        if feature and is_notable(feature, float(values.get(name, np.nan))):
            text = partial(sentence, feature.says or "", values, catalogue, feature)
            candidates.append((float(weights[place]), frozenset({stem_of(name)}), text))
    return candidates


def standing_out(parts: pd.DataFrame, features: pd.DataFrame, catalogue: Catalogue) -> list[str]:
    """Return for each account the family of the sign that weighs most, or nothing."""
    weights = parts.to_numpy(float)
    known = [catalogue.by_name.get(str(name)) for name in parts.columns]
    values = features.reindex(columns=parts.columns).to_numpy(float)
    families = []
    for row in range(len(features)):
        best, family = 0.0, ""
        for place, feature in enumerate(known):
            weight = weights[row, place]
            if feature and weight > best and is_notable(feature, values[row, place]):
                best, family = weight, feature.family
        families.append(family)
    return families


@lru_cache(maxsize=2_000)
def stem_of(name: str) -> str:
    """Return what a feature is about, without its window: ``tickets_28d`` tells of tickets."""
    return re.sub(r"_(\d+[dh]|change|more|before|ever|trend|\d)(?=_|$)", "", name)


def _weightiest(candidates: Sequence[Candidate], most: int) -> list[str]:
    chosen: list[str] = []
    about: set[str] = set()
    for reads, text in _heaviest_first(candidates):
        if not (reads & about) and text not in chosen:
            chosen.append(text)
            about |= reads
        if len(chosen) == most:
            break
    return chosen or [QUIET]


def _heaviest_first(candidates: Sequence[Candidate]) -> Iterator[tuple[frozenset[str], str]]:
    """Yield what each is about and its sentence, equal ones by their words; made as asked for."""
    heaviest = sorted(candidates, key=lambda item: -item[0])
    for _, equals in groupby(heaviest, key=lambda item: item[0]):
        yield from sorted(((reads, text()) for _, reads, text in equals), key=lambda item: item[1])
