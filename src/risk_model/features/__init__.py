"""Features at a point in time: the catalogue compiled over snapshots, for any engine."""

from risk_model.features.build import features_at

__all__ = ["features_at"]
