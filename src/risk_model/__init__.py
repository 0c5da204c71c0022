"""risk-model: which accounts are about to escalate, how bad it would be, why, and what first."""

__version__ = "0.1.0"
