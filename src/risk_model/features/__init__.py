"""Features at a point in time: the catalogue compiled over snapshots, for any engine."""

from risk_model.features.build import answers_at, features_at, pieces_at

__all__ = ["answers_at", "features_at", "pieces_at"]
