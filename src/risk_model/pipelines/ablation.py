"""What each family of features adds: to a learner with all, without it, alone; to the blend."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin

from risk_model.catalogue import Catalogue
from risk_model.evaluate import predict_ahead
from risk_model.folds import ForwardFolds
from risk_model.learner import LogisticLearner
from risk_model.pipelines.line import Labelled
from risk_model.resample import difference_of, prepare, redraw

ALL, BLEND = "all", "blend"


class Unmeasured(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier for which some features are measured for nobody: rules and learners alike."""

    def __init__(self, inner: Any = None, columns: Sequence[str] = ()) -> None:
        self.inner = inner
        self.columns = columns

    def fit(
        self, X: pd.DataFrame, y: Any, days: Any = None, groups: Any = None, settled: Any = None
    ) -> Self:
        """Fit the inner one on a table without what the columns hold."""
        self.inner.fit(self._seen(X), y, days=days, groups=groups, settled=settled)
        self.classes_ = self.inner.classes_
        return self

    def predict_proba(self, X: pd.DataFrame) -> Any:
        """Return what the inner one says without the columns, shape (n, 2)."""
        return self.inner.predict_proba(self._seen(X))

    def _seen(self, X: pd.DataFrame) -> pd.DataFrame:
        return X.assign(**dict.fromkeys(self.columns, np.nan))


def ablation(
    make: Any,
    catalogue: Catalogue,
    table: pd.DataFrame,
    past: Labelled,
    folds: ForwardFolds,
    n: int,
    blend: Callable[[], Any] | None = None,
) -> list[dict[str, Any]]:
    """Return a row a family: average precision alone, and what leaving it out takes away.

    ``make`` returns an unfitted logistic regression. ``adds`` is AP with all families less AP
    without this one, on the same days forward in time, with its interval over ``n`` resamples of
    accounts: an interval that holds 0 says that the others tell the same. With ``blend``, which
    returns an unfitted one, there is also what its rules and learners together lose without the
    family (``blend_ap_all``, ``blend_ap_without``, ``blend_adds``).
    """
    families = {str(name): catalogue.by_name[str(name)].family for name in table.columns}
    named = list(dict.fromkeys(families.values()))

    def members() -> Mapping[str, Any]:
        fresh: dict[str, Any] = {ALL: _seeing(make(), ())}
        for family in named:
            own = [name for name, of in families.items() if of == family]
            rest = [name for name in families if name not in set(own)]
            fresh[f"without {family}"] = _seeing(make(), own)
            fresh[f"only {family}"] = _seeing(make(), rest)
            if blend is not None:
                fresh[f"{BLEND} without {family}"] = Unmeasured(blend(), own)
        return fresh if blend is None else fresh | {BLEND: blend()}

    days, groups = past.snapshots["as_of"], past.snapshots["account_id"]
    ahead = predict_ahead(members, table, past.labels, days, groups, folds, settled=past.settled)
    y, day, group = (ahead[name].to_numpy() for name in ("y", "day", "group"))
    scored = [name for name in members() if name in ahead.columns]
    figures = [prepare("average_precision", y, ahead[name], group, day) for name in scored]
    drawn = dict(zip(scored, redraw(figures, group, n, 0).T, strict=True))
    rows = []
    for family in named:
        row = {
            "family": family,
            "features": sum(of == family for of in families.values()),
            "ap_alone": float(drawn[f"only {family}"][0]),
            "ap_without": float(drawn[f"without {family}"][0]),
            "ap_all": float(drawn[ALL][0]),
            **_adds("adds", drawn[ALL], drawn[f"without {family}"]),
        }
        if blend is not None:
            without = drawn[f"{BLEND} without {family}"]
            row |= {
                "blend_ap_without": float(without[0]),
                "blend_ap_all": float(drawn[BLEND][0]),
                **_adds("blend_adds", drawn[BLEND], without),
            }
        rows.append(row)
    return sorted(rows, key=lambda row: -row["adds"])


def _adds(name: str, whole: Any, without: Any) -> dict[str, float]:
    adds = difference_of(whole, without)
    return {name: adds.estimate, f"{name}_low": adds.low, f"{name}_high": adds.high}


def _seeing(learner: LogisticLearner, off: Any) -> LogisticLearner:
    """Leave more features out, beside those that are no learner's in any case."""
    learner.set_params(without=(*(learner.without or ()), *off) or None)
    return learner
