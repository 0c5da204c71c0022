"""What each family of features adds: a learner with all, without it, and with it alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from risk_model.catalogue import Catalogue
from risk_model.evaluate import predict_ahead
from risk_model.folds import ForwardFolds
from risk_model.learner import LogisticLearner
from risk_model.pipelines.line import Labelled
from risk_model.resample import difference_of, prepare, redraw

ALL = "all"


def ablation(
    make: Any,
    catalogue: Catalogue,
    table: pd.DataFrame,
    past: Labelled,
    folds: ForwardFolds,
    n: int,
) -> list[dict[str, Any]]:
    """Return a row a family: average precision alone, and what leaving it out takes away.

    ``make`` returns an unfitted logistic regression. ``adds`` is AP with all families less AP
    without this one, on the same days forward in time, with its interval over ``n`` resamples of
    accounts: an interval that holds 0 says that the others tell the same.
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
        return fresh

    days, groups = past.snapshots["as_of"], past.snapshots["account_id"]
    ahead = predict_ahead(members, table, past.labels, days, groups, folds, settled=past.settled)
    y, day, group = (ahead[name].to_numpy() for name in ("y", "day", "group"))
    scored = [name for name in members() if name in ahead.columns]
    figures = [prepare("average_precision", y, ahead[name], group, day) for name in scored]
    drawn = dict(zip(scored, redraw(figures, group, n, 0).T, strict=True))
    rows = []
    for family in named:
        adds = difference_of(drawn[ALL], drawn[f"without {family}"])
        rows.append(
            {
                "family": family,
                "features": sum(of == family for of in families.values()),
                "ap_alone": float(drawn[f"only {family}"][0]),
                "ap_without": float(drawn[f"without {family}"][0]),
                "ap_all": float(drawn[ALL][0]),
                "adds": adds.estimate,
                "adds_low": adds.low,
                "adds_high": adds.high,
            }
        )
    return sorted(rows, key=lambda row: -row["adds"])


def _seeing(learner: LogisticLearner, off: Any) -> LogisticLearner:
    """Leave more features out, beside those that are no learner's in any case."""
    learner.set_params(without=(*(learner.without or ()), *off) or None)
    return learner
