"""risk-model: which accounts are about to escalate, how bad it would be, why, and what first."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# What a notebook needs, opened on first use so that the command line starts at once.
_FUNCTIONS = (
    *("open_tables", "features_at", "cut_check", "past", "rules_fired", "families"),
    *("train", "backtest", "score", "history", "why_moved", "brief_of"),
)
_LIBRARY = {
    **dict.fromkeys(("Company", *_FUNCTIONS), "risk_model.library"),
    "Rulebook": "risk_model.rules",
    "plots": "risk_model.plots",
    "trajectories": "risk_model.trajectories",
}


def __getattr__(name: str) -> Any:
    if name not in _LIBRARY:
        raise AttributeError(f"risk_model has no '{name}'; it has {', '.join(_LIBRARY)}")
    module = import_module(_LIBRARY[name])
    return module if module.__name__ == f"risk_model.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return ["__version__", *_LIBRARY]
