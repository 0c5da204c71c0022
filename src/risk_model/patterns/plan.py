"""``pipelines/patterns.yaml``: from when on a pattern is one, and what an account takes."""

from __future__ import annotations

from pydantic import Field

from risk_model.documents import Strict


class Hours(Strict):
    """Hours a week that an account takes: escalated by its severity, else by its risk level."""

    sev_1: float = Field(20, ge=0, alias="SEV-1")
    sev_2: float = Field(10, ge=0, alias="SEV-2")
    sev_3: float = Field(4, ge=0, alias="SEV-3")
    sev_4: float = Field(2, ge=0, alias="SEV-4")
    high: float = Field(3, ge=0, alias="High")
    medium: float = Field(1, ge=0, alias="Medium")
    low: float = Field(0.1, ge=0, alias="Low")

    def of(self, what: str) -> float:
        """Return the hours of a severity or a risk level by its name."""
        return float(getattr(self, what.lower().replace("-", "_")))


class PatternsPlan(Strict):
    """Thresholds of patterns, and bounds of the proposal to spread the load."""

    days: int = Field(30, gt=0)
    same_cause: int = Field(3, ge=2)
    theme_accounts: int = Field(5, ge=2)
    relapse_days: int = Field(90, gt=0)
    hours: Hours = Field(default_factory=lambda: Hours.model_validate({}))
    most_moves: int = Field(5, ge=0)
    within_team: bool = True
    close_enough: float = Field(4, ge=0)
