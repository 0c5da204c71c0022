"""Who the customers are: what an export shows of them, and what it does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from risk_model.sample.stamps import Floats, Ints, Period

SEGMENTS = ("Enterprise", "Mid-Market", "SMB")
KINDS = ("product", "support", "expectations", "contract", "experience")
_ARR_MEDIAN = np.array([140_000.0, 38_000.0, 9_000.0])
_ARR_SPREAD = np.array([0.7, 0.5, 0.6])


@dataclass(frozen=True)
class Traits:
    """One entry an account, in arrays of shape (accounts,) unless said."""

    segment: Ints
    arr: Floats
    seats: Ints
    start_day: Ints
    term_days: Ints
    region: Ints
    csm: Ints
    csm_care: Floats
    frailty: Floats
    leaning: Floats  # (accounts, kinds): which troubles it meets more often than others
    threshold: Floats  # how much it bears before it escalates
    voice: Floats  # 0…1: how much of a trouble it speaks of
    temper: Floats  # 0…1: how sharply it words things, whatever the danger
    silent: Ints  # 1: leaves without a word
    loud: Ints  # 1: complains all the time and bears everything
    usage_echo: Floats  # how far its usage follows its troubles; 0 for those where it never does
    season: Floats  # (accounts, 2): amplitude and phase of a seasonal business
    lag: Ints  # (accounts, signs): days until usage, tickets, messages, surveys follow


def _people(accounts: int, rng: np.random.Generator) -> tuple[Ints, Floats]:
    teams = max(3, accounts // 26)
    csm = rng.integers(0, teams, accounts)
    # Spread evenly, so that the company's rates don't hang on a few lucky draws.
    return csm, np.exp(rng.permutation(np.linspace(-0.35, 0.35, teams)))


def _temper_and_voice(
    accounts: int, rng: np.random.Generator
) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    """Draw temper, voice and threshold; the loud and the silent are the look-alikes."""
    group = rng.permutation(accounts) / accounts
    silent = (group < 0.12).astype(np.int64)
    loud = ((group >= 0.12) & (group < 0.2)).astype(np.int64)
    temper = rng.beta(1.1, 1.6, accounts)
    voice = 0.55 + 0.45 * rng.beta(2.2, 1.8, accounts)
    threshold = rng.normal(0, 0.6, accounts)
    voice = np.where(silent == 1, 0.02 + 0.1 * rng.random(accounts), voice)
    voice = np.where(loud == 1, 0.9 + 0.1 * rng.random(accounts), voice)
    temper = np.where(loud == 1, 0.55 + 0.45 * temper, temper)
    threshold = np.where(loud == 1, threshold + 4.0, threshold)
    # The loud are sharp and harmless; a few sharp ones with a short fuse keep temper from
    # speaking of safety instead.
    short_fuse = (group >= 0.2) & (group < 0.29)
    temper = np.where(short_fuse, 0.45 + 0.55 * temper, temper)
    threshold = np.where(short_fuse, threshold - 0.6, threshold)
    return silent, loud, temper, voice, threshold


def draw_traits(accounts: int, period: Period, rng: np.random.Generator) -> Traits:
    """Draw the customers of a company; about one in six joins during the period."""
    segment = rng.choice(3, accounts, p=[0.2, 0.35, 0.45])
    arr: Floats = np.exp(rng.normal(np.log(_ARR_MEDIAN[segment]), _ARR_SPREAD[segment]))
    seats = np.maximum(3, np.round((arr / 420.0) ** 0.86 * np.exp(rng.normal(0, 0.35, accounts))))
    joins = rng.random(accounts) < 0.16
    before = period.first - rng.integers(60, 2000, accounts)
    during = period.first + rng.integers(3, max(4, int(period.days * 0.85)), accounts)
    csm, care = _people(accounts, rng)
    silent, loud, temper, voice, threshold = _temper_and_voice(accounts, rng)
    seasonal = rng.random(accounts) < 0.2
    return Traits(
        segment=segment,
        arr=100 * np.round(arr / 100),
        seats=seats.astype(np.int64),
        start_day=np.where(joins, during, before),
        term_days=np.where((segment == 0) & (rng.random(accounts) < 0.4), 730, 365),
        region=rng.choice(4, accounts, p=[0.42, 0.33, 0.16, 0.09]),
        csm=csm,
        csm_care=care,
        frailty=rng.gamma(2.2, 1 / 2.2, accounts),
        leaning=np.exp(rng.normal(-0.12, 0.5, (accounts, 5))),
        threshold=threshold,
        voice=voice,
        temper=temper,
        silent=silent,
        loud=loud,
        usage_echo=np.where(rng.random(accounts) < 0.2, 0.0, rng.gamma(6, 1 / 6, accounts)),
        season=np.column_stack(
            [
                np.where(seasonal, rng.uniform(0.2, 0.5, accounts), 0.04),
                rng.uniform(0, 2 * np.pi, accounts),
            ]
        ),
        lag=rng.integers([1, 0, 0, 3], [11, 7, 8, 22], (accounts, 4)),
    )
