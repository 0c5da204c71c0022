"""Many looks: what is called worse beyond noise is seldom so by chance, and found where it is."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def noise(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import noise

    return noise


def differences(means: np.ndarray, seed: int) -> list[dict[str, float]]:
    seen = np.random.default_rng(seed).normal(means, 1.0)
    return [{"estimate": m, "low": m - 1.96, "high": m + 1.96} for m in seen]


def test_where_nothing_is_worse_seldom_anything_is_called_so(noise: ModuleType) -> None:
    nothing = [differences(np.zeros(29), seed) for seed in range(400)]
    assert np.mean([bool(noise.below(one)) for one in nothing]) > 0.4
    assert np.mean([bool(noise.below(one, looks=29)) for one in nothing]) < 0.05


def test_what_is_worse_is_named_by_its_place(noise: ModuleType) -> None:
    means = np.zeros(29)
    means[7] = -6.0
    assert all(7 in noise.below(differences(means, seed), looks=29) for seed in range(50))


def test_a_single_look_is_decided_by_its_interval(noise: ModuleType) -> None:
    told = [{"estimate": -1.0, "low": -1.9, "high": 0.1}, {"estimate": -1, "low": -3, "high": -0.1}]
    assert noise.below(told) == [1]
    assert noise.below(told, looks=1) == noise.below(told)
