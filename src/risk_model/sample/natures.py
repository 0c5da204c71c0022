"""Companies of different natures: which troubles come, how fast, and what tips an account over."""

from __future__ import annotations

from dataclasses import dataclass

from risk_model.errors import UsageError


@dataclass(frozen=True)
class Nature:
    """What differs from one simulated company to another; the defaults are the mixed one.

    ``arrivals`` multiplies how often each kind of trouble comes (product, support, expectations,
    contract, experience), ``growth`` and ``healing`` how fast troubles grow and heal, ``together``
    how much two weigh over their sum, ``midpoint`` shifts the load at which accounts tip over,
    ``steepness`` how suddenly, ``fading`` how much disengagement counts, ``fades`` how often it
    begins.
    """

    arrivals: tuple[float, float, float, float, float] = (1.0, 1.0, 1.0, 1.0, 1.0)
    growth: float = 1.0
    healing: float = 1.0
    together: float = 1.0
    midpoint: float = 0.0
    steepness: float = 1.0
    fading: float = 1.0
    fades: float = 1.0


NATURES: dict[str, Nature] = {
    "mixed": Nature(),
    "product": Nature(arrivals=(2.4, 1.2, 0.4, 0.4, 0.4), midpoint=-0.6),
    "contract": Nature(arrivals=(0.4, 0.5, 1.5, 3.2, 0.6), midpoint=-1.2),
    "sudden": Nature(growth=1.8, healing=1.9, steepness=0.6, midpoint=-0.2),
    "slow": Nature(growth=0.6, healing=0.5, steepness=2.0, midpoint=0.6),
    "fading": Nature(arrivals=(0.7, 0.7, 0.7, 0.7, 0.7), fades=3.0, fading=3.5, midpoint=-0.6),
    "lone": Nature(together=0.0, midpoint=-2.6),
}


def nature_of(name: str) -> Nature:
    """Return a nature by its name. Raises UsageError for one that there is not."""
    if name not in NATURES:
        raise UsageError(f"--nature {name}: there are {', '.join(NATURES)}.")
    return NATURES[name]
