"""The catalogue: what is measured, as frozen specs read from ``features/*.yaml``."""

from risk_model.catalogue.loading import load_catalogue, written_names
from risk_model.catalogue.spec import (
    DERIVED_VERBS,
    LATEST_VERBS,
    OPEN_VERBS,
    VERBS,
    WINDOW_VERBS,
    Catalogue,
    Condition,
    Feature,
    Interval,
    Pair,
)

__all__ = [
    "DERIVED_VERBS",
    "LATEST_VERBS",
    "OPEN_VERBS",
    "VERBS",
    "WINDOW_VERBS",
    "Catalogue",
    "Condition",
    "Feature",
    "Interval",
    "Pair",
    "load_catalogue",
    "written_names",
]
