"""The catalogue in words: what each feature means, how it is made, and over which days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from risk_model.catalogue.spec import OPEN_VERBS, WINDOW_VERBS, Catalogue, Condition, Feature

# A verb in words; ``{}`` is the column or the features that it reads.
_WORDS = {
    "count": "rows",
    "sum": "sum of {}",
    "mean": "mean of {}",
    "minimum": "least {}",
    "maximum": "largest {}",
    "slope": "weekly trend of {}, over its mean",
    "distinct": "different values of {}",
    "most_common": "rows of the commonest {}",
    "open": "rows open",
    "oldest": "days since the first of the open rows began",
    "soonest": "days to the next {} of the open rows",
    "total": "sum of {} over the open rows",
    "latest": "{} of the last row",
    "since": "days since the last row",
    "ever": "rows so far",
    "age_of": "days since {}",
    "time_to": "days to {}",
    "ratio": "{} over {}",
    "change": "{} against {}, as a share of it",
    "difference": "{} less {}",
    "streak": "falls in a row, newest first: {}",
    "first_of": "the first that is measured: {}",
    "add": "sum of {}",
    "least": "the smallest that is known: {}",
}
_WORSE = {"higher": "higher", "lower": "lower", "none": ""}
Span = tuple[int, int | None]


@dataclass(frozen=True)
class Description:
    """One feature for people: ``window`` is which days before ``as_of`` its rows come from.

    ``sources`` and ``window`` of a feature that is made of others are those of its parts;
    ``worse`` is empty where no direction is forced.
    """

    name: str
    family: str
    means: str
    made: str
    sources: tuple[str, ...]
    window: str
    unit: str
    worse: str


def described(catalogue: Catalogue) -> list[Description]:
    """Return every feature of the catalogue in words, in its order."""
    sources: dict[str, tuple[str, ...]] = {}
    spans: dict[str, Span] = {}
    for feature in catalogue.in_order_of_making():
        parts = feature.parts
        own = (feature.source,) if feature.source else ()
        from_parts = [name for part in parts for name in sources[part]]
        sources[feature.name] = tuple(dict.fromkeys([*own, *from_parts]))
        spans[feature.name] = _around([spans[part] for part in parts]) if parts else _span(feature)
    return [_described(feature, sources, spans) for feature in catalogue.features]


def _described(
    feature: Feature, sources: Mapping[str, tuple[str, ...]], spans: Mapping[str, Span]
) -> Description:
    return Description(
        name=feature.name,
        family=feature.family,
        means=feature.means,
        made=_made(feature),
        sources=sources[feature.name],
        window=_window(feature, spans[feature.name]),
        unit=feature.unit,
        worse=_WORSE[feature.worse],
    )


def _made(feature: Feature) -> str:
    """Return how it is made: the verb, what it reads, and which rows count."""
    words = _WORDS.get(feature.verb, f"{feature.verb} of {{}}")
    if feature.is_derived:
        pair = words.count("{}") == 2
        made = words.format(*feature.parts) if pair else words.format(", ".join(feature.parts))
    else:
        made = words.format(_spelt(feature.column or ""))
    if feature.interval:
        until = " or ".join(_spelt(name) for name in feature.interval.until)
        made += f" (from {_spelt(feature.interval.start)}{_shift(feature.interval.after)}"
        made += f" until {until})" if until else ")"
    if feature.at:
        made += f", dated by {_spelt(feature.at)}"
    tests = [f"{_spelt(name)} {_tested(test)}" for name, test in feature.where.items()]
    return made + (f", where {' and '.join(tests)}" if tests else "")


def _spelt(column: str) -> str:
    """Return a column's name for people; the moment at which a row is known has one in words."""
    return {"row_known": "known", "rows": "all rows"}.get(column, column)


def _shift(hours: int) -> str:
    """Return what is added to a moment, or nothing."""
    if not hours:
        return ""
    size = abs(hours)
    days = size >= 48 and size % 24 == 0
    return f" {'+' if hours > 0 else '-'} {f'{size // 24} days' if days else f'{size} hours'}"


def _tested(test: Condition) -> str:
    """Return a condition in words."""
    if test.known is not None and test.model_dump(exclude_none=True).keys() == {"known"}:
        return "is known" if test.known else "is not known"
    said = []
    if test.at_least is not None and test.at_least == test.at_most:
        said.append(f"is {test.at_least:g}")
    else:
        bounds = {"at least": test.at_least, "above": test.above}
        bounds |= {"at most": test.at_most, "below": test.below}
        said += [f"{word} {value:g}" for word, value in bounds.items() if value is not None]
    if test.one_of is not None:
        said.insert(0, f"is {' or '.join(test.one_of)}")
    if test.known is False:
        said.append("or is not known")
    return " and ".join(said).replace("and or", "or")


def _span(feature: Feature) -> Span:
    """Return (lag, reach): rows of ``[as_of - reach, as_of - lag)``; no reach is since ever."""
    length = feature.window if feature.verb in WINDOW_VERBS else feature.within
    return feature.lag, None if length is None else feature.lag + length


def _around(spans: list[Span]) -> Span:
    """Return the shortest span that holds all of them."""
    reaches = [reach for _, reach in spans]
    open_ended = any(reach is None for reach in reaches)
    reach = None if open_ended else max(reach for reach in reaches if reach is not None)
    return min(lag for lag, _ in spans), reach


def _window(feature: Feature, span: Span) -> str:
    lag, reach = span
    if feature.verb in OPEN_VERBS:
        when = f"open {lag} days before" if lag else "open at the time"
        return when if reach is None else f"{when}, for at most {reach - lag} days"
    if reach is None:
        return f"until {lag} days before" if lag else "all time"
    return f"days {lag + 1} to {reach} before" if lag else f"{reach} days before"
