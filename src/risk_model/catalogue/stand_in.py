"""A stand-in for a catalogue with mistakes: what reads it is checked before it is mended."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from risk_model.catalogue.loading import handed_down
from risk_model.catalogue.spec import Catalogue, Feature
from risk_model.documents import read_document
from risk_model.errors import ConfigError


def stand_in(folder: Path, sources: Collection[str]) -> Catalogue | None:
    """Return every feature under its written name; None where a file is no YAML at all.

    What is wrong with a feature is said elsewhere: here a sound one takes its place, so that nobody
    calls its name unknown. Never compute with it.
    """
    written: dict[str, object] = {}
    for file in sorted(folder.glob("*.yaml")):
        try:
            content = handed_down(read_document(file).data)
        except ConfigError:
            return None
        items = content.get("features") if isinstance(content, dict) else None
        if not isinstance(items, list):
            return None
        written |= {str(item.get("name")): item for item in items if isinstance(item, dict)}
    features = [_sound(name, item, sources) for name, item in written.items()]
    whole = Catalogue(features=tuple(feature for feature in features if feature))
    return whole if _can_be_made(whole) else _without_parts(whole)


def _can_be_made(catalogue: Catalogue) -> bool:
    """Whether every part of a derived feature is there, and none is made of itself."""
    if any(part not in catalogue.by_name for f in catalogue.features for part in f.parts):
        return False
    try:
        catalogue.in_order_of_making()
    except ConfigError:
        return False
    return True


def _without_parts(catalogue: Catalogue) -> Catalogue:
    made = [
        _plain(feature.name) if feature.is_derived else feature for feature in catalogue.features
    ]
    return Catalogue(features=tuple(feature for feature in made if feature))


def _sound(name: str, item: object, sources: Collection[str]) -> Feature | None:
    """Return a feature as it was meant, as far as that can be told, else one that stands."""
    try:
        feature = Feature.model_validate(item)
    except ValidationError:
        feature = None
    if feature and (feature.is_derived or feature.source in sources):
        return feature
    if feature:
        near = get_close_matches(feature.source, list(sources), n=1)
        return feature.model_copy(update={"source": near[0] if near else "accounts"})
    return _plain(name)


def _plain(name: str) -> Feature | None:
    try:
        return Feature(name=name, means="to be mended", source="accounts", ever=True)
    except ValidationError:
        return None
