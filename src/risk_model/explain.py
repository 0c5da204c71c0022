"""What is measured of an account in plain sentences, and what of it is worth one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk_model.catalogue import Catalogue, Feature
from risk_model.catalogue.holding import holds_each
from risk_model.catalogue.sentences import AHEAD, MOMENTS, PAST, behind
from risk_model.timeline import DAY, date_of

Floats = NDArray[np.float64]
Values = Mapping[str, Any]
QUIET = "Nothing stands out in what was measured"
TODAY = "today"
FORMS = {"share": ".0%", "money": ",.0f", "count": ",.0f", "flag": ",.0f"}
# Nobody reads 2,673 hours without their days.
HOURS_TOLD = 14 * 24


def told(value: float, unit: str) -> str:
    """Return a value as a person reads it: ``46%``, ``down 46%``, ``12 days``, ``7``.

    Days are whole ones that have passed.
    """
    if math.isnan(value):
        return "unknown"
    if unit in ("days", "hours"):
        return _counted(value, unit)
    if unit == "change":
        return _changed(value)
    shown = format(value, FORMS.get(unit, ".1f"))
    shown = shown if unit in FORMS else shown.removesuffix(".0")
    return "0" if shown == "-0" else shown


def _changed(value: float) -> str:
    size = f"{abs(value):.0%}"
    return "unchanged" if size == "0%" else f"{'down' if value < 0 else 'up'} {size}"


def told_of(feature: Feature, value: float) -> str:
    """Return a feature's value as a person reads it; a day to come may be today."""
    if feature.unit == "days" and feature.verb in AHEAD and 0 <= value < 1:
        return TODAY
    return told(value, feature.unit)


def waited(hours: float) -> str:
    """Return how long something has waited: in whole hours, from two weeks on with their days."""
    whole = math.floor(hours + 1e-6) if hours >= 1 else hours
    told_in_hours = _counted(whole, "hours")
    if hours < HOURS_TOLD:
        return told_in_hours
    return f"{_counted(hours / 24, 'days')} ({told_in_hours})"


def _counted(value: float, unit: str) -> str:
    one = unit.removesuffix("s")
    # A second is 1e-5 days: 15 days are 15 however they were computed.
    size = abs(value) + 1e-6
    if value and size < 1:
        return f"less than {'an' if unit == 'hours' else 'a'} {one}"
    number = int(size) if unit == "days" else round(size)
    return f"{'-' if value < 0 else ''}{number:,} {one if number == 1 else unit}"


def sentence(pattern: str, values: Values, catalogue: Catalogue, own: Feature | None = None) -> str:
    """Fill a sentence's ``{value}`` and ``{feature}`` with the account's figures.

    ``(ticket|tickets)`` takes the first form after a figure of 1, else the second. Dates need the
    day among the values, as ``as_of``; see the catalogue's ``sentences`` for the forms of figures.
    """
    taken = _taken_apart(pattern, catalogue, own)
    return _filled(taken, _figures(taken, values))


@dataclass(frozen=True, eq=False)
class _Figure:
    """A figure of a sentence: where among what is read it stands, and how it is told."""

    feature: Feature | None
    form: str
    read: Feature | None
    place: int


@dataclass(frozen=True, eq=False)
class _Pattern:
    """A sentence taken apart, and the features that its figures are read from."""

    parts: tuple[str | _Figure, ...]
    reads: tuple[str, ...]
    own: Feature | None


def _taken_apart(pattern: str, catalogue: Catalogue, own: Feature | None) -> _Pattern:
    """Return a sentence taken apart, done once for each catalogue."""
    key = (pattern, own.name if own else "")
    known: _Pattern | None = catalogue.patterns.get(key)
    if known is not None and known.own is own:
        return known
    reads, parts = ["as_of"], list[str | _Figure]()
    for part in re.split(r"({\w+(?::\w+)?}|\([^()|]*\|[^()|]*\))", pattern):
        if not part.startswith("{"):
            parts.append(part)
            continue
        name, _, form = part[1:-1].partition(":")
        feature = own if name == "value" else catalogue.by_name.get(name)
        read = behind(feature, form) if feature else None
        if read and read.name not in reads:
            reads.append(read.name)
        parts.append(_Figure(feature, form, read, reads.index(read.name) if read else 0))
    if not any(isinstance(part, _Figure) and part.form for part in parts):
        reads[0] = ""
    catalogue.patterns[key] = taken = _Pattern(tuple(parts), tuple(reads), own)
    return taken


def _figures(pattern: _Pattern, values: Values) -> tuple[float, ...]:
    """Return what a sentence reads; 0.0 and -0.0, the same as a key, are made the same."""
    read = values.get
    return tuple([float(read(name, math.nan)) + 0.0 if name else 0.0 for name in pattern.reads])


@lru_cache(maxsize=100_000)
def _filled(pattern: _Pattern, figures: tuple[float, ...]) -> str:
    """Return a sentence with its figures; the first of them is the day."""
    text, last = "", 0.0
    for part in pattern.parts:
        if isinstance(part, _Figure):
            value = figures[part.place] if part.read else math.nan
            if part.form:
                text += _formed(value, part.form, part.read, figures[0])
                continue
            # "fell by 0.4": where the words give the sign, the figure does not.
            last = abs(value) if text.endswith("fell by ") else value
            said = told_of(part.feature, last) if part.feature else "unknown"
            # "in 3 days", and "today".
            text = (text.removesuffix("in ") if said == TODAY else text) + said
        elif part.startswith("(") and "|" in part:
            text += part[1:-1].split("|")[0 if last == 1 else 1]
        else:
            text += part
    return text


def _formed(value: float, form: str, read: Feature | None, as_of: float) -> str:
    """Return a figure in another form: the date, the hours since, a column's value."""
    if read is None or math.isnan(value) or math.isnan(as_of):
        return "unknown"
    if form not in MOMENTS:
        return told(value, read.unit)
    if read.verb in (*PAST, *AHEAD):
        moment = as_of - read.lag + (value if read.verb in AHEAD else -value)
    else:
        moment = value / DAY
    # A second is 1e-5 days: what fell on a midnight stays on its day.
    if form == "date":
        return str(date_of(math.floor(moment + 1e-6)))
    return waited((as_of - moment) * 24)


def is_notable(feature: Feature, value: float) -> bool:
    """Whether a value is worth a sentence: by the feature's own word, else by its direction."""
    return bool(notable_each(feature, np.array([value], dtype=np.float64))[0])


def is_ever_notable(feature: Feature) -> bool:
    """Say whether any value of a feature is worth a sentence."""
    return feature.says is not None and (feature.notable is not None or feature.worse == "higher")


def notable_each(feature: Feature, values: Floats) -> NDArray[np.bool_]:
    """Say of each value of a feature whether it is worth a sentence."""
    if not is_ever_notable(feature):
        return np.zeros(len(values), dtype=bool)
    if feature.notable is None:
        return values > 0
    return ~np.isnan(values) & holds_each(feature.notable, values)


@lru_cache(maxsize=2_000)
def stem_of(name: str) -> str:
    """Return what a feature is about, without its window: ``tickets_28d`` tells of tickets."""
    return re.sub(r"_(\d+[dh]|change|more|before|ever|trend|\d)(?=_|$)", "", name)
