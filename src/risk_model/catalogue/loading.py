"""Reading a folder of YAML as one catalogue, with every mistake told at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import model_validator

from risk_model.catalogue.figures import of_figures
from risk_model.catalogue.sentences import mistakes_in
from risk_model.catalogue.spec import DERIVED_VERBS, Catalogue, Feature
from risk_model.documents import Strict, check_document, did_you_mean, read_document
from risk_model.errors import ConfigError


class CatalogueFile(Strict):
    """One file of the catalogue: a family of features, most of them over one source."""

    family: str
    source: str = ""
    features: tuple[Feature, ...]

    @model_validator(mode="before")
    @classmethod
    def _hand_down(cls, value: object) -> object:
        """Give every feature the file's family and, where it has rows, its source."""
        if not isinstance(value, dict) or not isinstance(value.get("features"), list):
            return value
        features = []
        for item in value["features"]:
            if isinstance(item, dict):
                derived = any(verb in item for verb in DERIVED_VERBS)
                source = "" if derived else value.get("source", "")
                features.append({"family": value.get("family", ""), "source": source, **item})
            else:
                features.append(item)
        return {**value, "features": features}


SourceColumns = Mapping[str, frozenset[str]]
LateColumns = Mapping[str, Mapping[str, str]]
NONE: LateColumns = {}


def load_catalogue(folder: Path, sources: SourceColumns, late: LateColumns = NONE) -> Catalogue:
    """Read every ``*.yaml`` of a folder as one catalogue.

    ``sources`` are the sources that exist, with their columns; ``late`` leads those of them that
    become known after their row to the time from which they are known. Raises ConfigError with all
    mistakes of all files, each with its file and line.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ConfigError(f"{folder.name}/: no catalogue here (expected *.yaml with features).")
    mistakes: list[str] = []
    features: list[Feature] = []
    places: dict[str, str] = {}
    for file in files:
        try:
            document = read_document(file)
            checked = check_document(document, CatalogueFile)
        except ConfigError as error:
            mistakes += error.mistakes
            continue
        for position, feature in enumerate(checked.features):
            place = document.where(("features", position))
            if feature.name in places:
                mistakes.append(
                    f"{place}: '{feature.name}' stands already at {places[feature.name]}."
                )
            places[feature.name] = place
            features.append(feature)
    if not mistakes:
        mistakes = list(_meaningless(features, places, sources, late))
    if mistakes:
        raise ConfigError(mistakes)
    catalogue = Catalogue(features=tuple(features))
    catalogue.in_order_of_making()
    return catalogue


def written_names(folder: Path) -> frozenset[str] | None:
    """Return the features' names as they are written, mistakes or not; None if not all are legible.

    With them what reads the catalogue can be checked before the catalogue is mended.
    """
    names: set[str] = set()
    for file in folder.glob("*.yaml"):
        try:
            content = read_document(file).data
        except ConfigError:
            return None
        features = content.get("features") if isinstance(content, dict) else None
        if not isinstance(features, list):
            return None
        names |= {str(item.get("name")) for item in features if isinstance(item, dict)}
    return frozenset(names)


def _meaningless(
    features: list[Feature],
    places: Mapping[str, str],
    sources: SourceColumns,
    late: LateColumns,
) -> Iterator[str]:
    """Yield what is well-formed but points to nothing: sources, columns, parts, words."""
    names = {feature.name for feature in features}
    for feature in features:
        place = places[feature.name]
        for part in feature.parts:
            if part not in names:
                yield f"{place}: unknown feature '{part}'.{did_you_mean(part, names)}"
        known = {one.name: one for one in features} | {"value": feature}
        for mistake in mistakes_in(feature.says or "", known, sources):
            yield f"{place}: {mistake}"
        try:
            of_figures(feature.notable) if feature.notable else None
        except ValueError as mistake:
            yield f"{place}: notable: {mistake}"
        if feature.is_derived:
            continue
        if feature.source not in sources:
            near = did_you_mean(feature.source, sources)
            yield f"{place}: unknown source '{feature.source}'.{near}"
            continue
        columns = sources[feature.source]
        for column in sorted(feature.columns - columns):
            near = did_you_mean(column, columns)
            yield f"{place}: '{feature.source}' has no column '{column}'.{near}"
        for column, condition in feature.where.items():
            since = late.get(feature.source, {}).get(column)
            if since and condition.known is False:
                yield (
                    f"{place}: '{column}' is known from '{since}' on, and a row waits for what it "
                    f"is asked about, so 'known: false' never holds. Count what is open: `open` "
                    f"with an interval until '{since}'."
                )
