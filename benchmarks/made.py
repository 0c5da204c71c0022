"""Figures with what they were made with: the definitions, the package's version, the day."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from risk_model import __version__
from risk_model.settings import load_settings

ROOT = Path(__file__).parents[1]
NEVER = {"on": "an unknown day", "risk_model": None, "definitions": None}


def keep(out: Path, figures: Any) -> None:
    """Write figures as JSON, with what they were made with."""
    made = {
        "on": f"{datetime.now(UTC):%Y-%m-%d}",
        "risk_model": __version__,
        "definitions": definitions(),
    }
    told = {"made": made, "figures": figures}
    out.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def kept(file: Path) -> tuple[Any, dict[str, Any]]:
    """Return the figures of a file, and what they were made with, as far as it says so."""
    told = json.loads(file.read_text(encoding="utf-8"))
    if isinstance(told, dict) and "made" in told:
        return told["figures"], told["made"]
    return told, NEVER


def definitions() -> dict[str, str]:
    """Return the fingerprints of what decides every figure: features, word lists, rules."""
    settings = load_settings(ROOT)
    return {
        "catalogue": settings.catalogue.version,
        "lexicons": settings.lexicons.version,
        "rules": settings.rules.version,
    }
