"""How severities were said in the past, forward in time, and what a wrong one costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Grades = NDArray[np.int64]
ALWAYS, FACTS, LEARNED = "always SEV-3", "facts alone", "facts and past escalations"


@dataclass(frozen=True)
class SeverityReport:
    """What each way of saying a severity would have said, forward in time, and what it cost."""

    labelled: int
    true: Grades
    said: Mapping[str, Grades]
    accounts: NDArray[Any]
    costs: NDArray[np.float64]
    used: bool
    reason: str
    resamples: int = 500

    def cost(self, way: str) -> float:
        """Return the mean cost of an escalation."""
        return float(self.each(way).mean()) if len(self.true) else float("nan")

    def each(self, way: str) -> NDArray[np.float64]:
        """Return the cost of each escalation, shape (n,)."""
        return np.asarray(self.costs[self.true - 1, self.said[way] - 1])

    def interval(self, way: str, less: str | None = None) -> tuple[float, float]:
        """Return the 95% interval of a mean cost, or of its difference, over accounts."""
        each = self.each(way) - (self.each(less) if less else 0.0)
        if len(each) == 0:
            return float("nan"), float("nan")
        _, account = np.unique(self.accounts, return_inverse=True)
        sums, counts = np.bincount(account, each), np.bincount(account)
        draws = np.random.default_rng(0).integers(0, len(sums), (self.resamples, len(sums)))
        means = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
        low, high = np.quantile(means, [0.025, 0.975])
        return float(low), float(high)

    def confusion(self, way: str) -> list[list[int]]:
        """Return how often each severity came (row) and was said (column), SEV-1 … SEV-4."""
        table = np.zeros((4, 4), dtype=int)
        np.add.at(table, (self.true - 1, self.said[way] - 1), 1)
        return [[int(cell) for cell in row] for row in table]

    def figures(self) -> dict[str, float]:
        """Return costs and shares right as flat figures."""
        named = {ALWAYS: "always_sev_3", FACTS: "facts", LEARNED: "learned"}
        figures = {"severity.labelled": float(self.labelled), "severity.used": float(self.used)}
        for way, grades in self.said.items():
            if len(self.true):
                figures[f"severity.{named[way]}.cost"] = self.cost(way)
                figures[f"severity.{named[way]}.right"] = float((grades == self.true).mean())
        return figures

    def to_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        ways = {
            way: {
                "cost": self.cost(way),
                "interval": self.interval(way),
                "right": float((grades == self.true).mean()),
                "within_one": float((np.abs(grades - self.true) <= 1).mean()),
                "confusion": self.confusion(way),
            }
            for way, grades in self.said.items()
            if len(self.true)
        }
        report: dict[str, Any] = {
            "labelled_escalations": self.labelled,
            "judged_forward": len(self.true),
            "costs": self.costs.tolist(),
            "used": self.used,
            "reason": self.reason,
            "ways": ways,
        }
        if LEARNED in ways:
            report["learned_less_facts"] = {
                "cost": self.cost(LEARNED) - self.cost(FACTS),
                "interval": self.interval(LEARNED, FACTS),
            }
        return report
