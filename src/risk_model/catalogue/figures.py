"""Conditions on features: a feature is a figure, and words say nothing of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from risk_model.catalogue.spec import Condition


def of_figures(condition: Condition) -> Condition:
    """Raise ValueError where a feature, which is a figure, is compared with words."""
    for word in condition.one_of or ():
        try:
            float(word)
        except ValueError:
            raise ValueError(
                f"a feature is a figure and never '{word}'. Write above, below, at_least, at_most, "
                "known, or in: with numbers."
            ) from None
    return condition


OfFigures = Annotated[Condition, AfterValidator(of_figures)]
"""A condition on a feature, which is a number."""
