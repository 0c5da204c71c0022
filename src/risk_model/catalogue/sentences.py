"""Figures in the sentences of features and rules, and the features that they are read from.

====================  =========================================================================
``{tickets_7d}``      the feature's value
``{tickets_7d:date}`` its date: of the last row that it counts, of the start of what has been open
                      longest, of the value that stands, or the day that it tells of
``{waiting:hours}``   the hours since that moment, from two weeks on the days, too
``{answers:score}``   a column of the last row that it counts
====================  =========================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from risk_model.catalogue.spec import EVENT_TIME, OPEN_VERBS, WINDOW_VERBS, Catalogue, Feature
from risk_model.documents import did_you_mean

FIGURE = re.compile(r"{(\w*)(?::(\w+))?}")
MOMENTS = ("date", "hours")
# Verbs whose value is itself a number of days before the snapshot, or after it.
# (``least`` is one where it is told as a date.)
PAST, AHEAD = ("oldest", "since", "age_of", "least"), ("soonest", "time_to")


def figures_in(pattern: str) -> list[tuple[str, str]]:
    """Return (feature, form) of each figure of a sentence; the form is empty for the value."""
    return [(name, form or "") for name, form in FIGURE.findall(pattern)]


def behind(feature: Feature, form: str) -> Feature | None:
    """Return the feature that a form of a figure is read from; None where there is no such form.

    It looks at the very rows that the feature looks at.
    """
    if not form or (form in MOMENTS and feature.verb in (*PAST, *AHEAD)):
        return feature
    verb: dict[str, object] = {"since": True} if form in MOMENTS else {"latest": form}
    if feature.verb in OPEN_VERBS and form in MOMENTS:
        verb = {"oldest": True, "interval": feature.interval, "within": feature.within}
    elif feature.verb in WINDOW_VERBS and form in MOMENTS:
        # The same window over the same rows, so that it costs no pass of its own.
        verb = {"maximum": feature.at or EVENT_TIME[feature.source], "window": feature.window}
    elif feature.verb in WINDOW_VERBS:
        verb["within"] = feature.window
    elif feature.verb == "latest":
        verb["within"] = feature.within
    else:
        return None
    rows = {"source": feature.source, "at": feature.at, "where": feature.where, "lag": feature.lag}
    return Feature.model_validate(
        {
            "name": f"{feature.name}_{'date' if form in MOMENTS else form}",
            "means": f"{form} of: {feature.means}",
            "unit": "days" if form in MOMENTS and "maximum" not in verb else "number",
            **rows,
            **verb,
        }
    )


def features_behind(patterns: Iterable[str], catalogue: Catalogue) -> list[Feature]:
    """Return the features that sentences need besides those of the catalogue, each once.

    ``patterns`` come on top of what the catalogue's own features say.
    """
    found: dict[str, Feature] = {}
    known: dict[str, Feature] = catalogue.by_name
    told = [(name, form, known) for said in patterns for name, form in figures_in(said)]
    for own in catalogue.features:
        with_own = {**known, "value": own} if own.says and "{value:" in own.says else known
        told += [(name, form, with_own) for name, form in figures_in(own.says or "")]
    for name, form, features in told:
        if form and name in features:
            feature = behind(features[name], form)
            if feature is not None and feature.name not in known:
                found[feature.name] = feature
    return list(found.values())


def mistakes_in(
    pattern: str, known: Mapping[str, Feature], columns: Mapping[str, frozenset[str]] | None = None
) -> Iterator[str]:
    """Yield what is wrong with a sentence's figures: features and forms that do not exist."""
    for name, form in figures_in(pattern):
        if name not in known:
            yield f"unknown feature '{name}' in says.{did_you_mean(name, known)}"
            continue
        feature = known[name]
        source = (columns or {}).get(feature.source, frozenset({form}))
        if behind(feature, form) is None:
            yield f"'{name}' has no '{form}' to tell in says: it is no count and no date."
        elif form and form not in MOMENTS and form not in source:
            near = did_you_mean(form, {*source, *MOMENTS})
            yield f"'{feature.source}' has no column '{form}' to tell in says.{near}"
