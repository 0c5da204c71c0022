"""Champion and challenger: who scores from now on is decided on the same days, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from risk_model.blend import Blend
from risk_model.errors import CannotScore, RiskModelError
from risk_model.evaluate import ENOUGH_ACCOUNTS, paired_bootstrap
from risk_model.out_of_fold import WEIGH_FROM
from risk_model.pipelines.judge import Judged
from risk_model.pipelines.judges import same_definitions
from risk_model.pipelines.line import Labelled
from risk_model.settings import Settings
from risk_model.stack import count_escalations
from risk_model.timeline import day_number
from risk_model.tracking import Champion, champion_version, load_champion


@dataclass(frozen=True)
class Decision:
    """Whether a model becomes champion, why, and the figures that say so."""

    promote: bool
    reason: str
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """Who is champion today: its version, the model if it can still score, and if not, why.

    ``unread`` says why the registry did not hand it over, which tells nothing about the model.
    """

    version: str | None = None
    champion: Champion | None = None
    misfit: str = ""
    unread: str = ""
    other_horizon: int | None = None


def standing_of(settings: Settings, horizon: int) -> Standing:
    """Return the present champion, and whether it can be compared with a model of this horizon."""
    version = champion_version(settings.train.model)
    if version is None:
        return Standing()
    try:
        champion = load_champion(settings.train.model, version)
        if champion is None:
            return Standing()
        same_definitions(champion, settings)
    except CannotScore as error:
        return Standing(version, None, str(error).split(". ")[0])
    except RiskModelError as error:
        return Standing(version, None, unread=str(error))
    speaks_of = int(champion.facts.get("horizon", horizon))
    return Standing(version, champion, other_horizon=speaks_of if speaks_of != horizon else None)


def decide(
    model: Blend,
    verdict: Judged,
    past: Labelled,
    standing: Standing,
    horizon: int,
    resamples: int,
) -> Decision:
    """Decide about a new model beside the present champion.

    Without signal nothing is promoted. The first with signal is, and so is one after a champion
    that can score no more. One that speaks of another horizon is not, nor one after a champion that
    could not be read just now. Else see ``compared``.
    """
    version = standing.version
    if not verdict.has_signal:
        return Decision(False, "no usable signal: this model is kept, and does not become champion")
    if version is None:
        return Decision(True, "the first model with signal")
    if standing.unread:
        told = f"version {version} stays champion: it could not be read to compare with"
        return Decision(False, f"{told} ({standing.unread})")
    if standing.champion is None:
        return Decision(True, f"version {version} can score no more: {standing.misfit}")
    if standing.other_horizon is not None:
        told = f"version {version} stays champion: it speaks of {standing.other_horizon} days"
        return Decision(False, f"{told}, this one of {horizon}")
    return compared(model, past, standing.champion, horizon, resamples)


def compared(
    model: Blend, past: Labelled, champion: Champion, horizon: int, resamples: int
) -> Decision:
    """Compare on the replayed days from the champion's training on, which neither has seen.

    The paired bootstrap over accounts of the average precision must have its lower bound above 0.
    """
    rows = model.oof_.loc[_unseen_by_both(model, champion)]
    stays = f"{_named(champion)} stays champion"
    y, day, group = (rows[name].to_numpy() for name in ("y", "day", "group"))
    came = count_escalations(y, day, group, horizon)
    if came < WEIGH_FROM or np.unique(y).size < 2:
        few = f"{came} escalations since it was trained, {WEIGH_FROM} wanted to compare"
        return Decision(False, f"{stays}: {few}")
    of = np.unique(group[y == 1]).size
    if of < ENOUGH_ACCOUNTS:
        few = f"all escalations since it was trained are of {of} accounts, {ENOUGH_ACCOUNTS} wanted"
        return Decision(False, f"{stays}: {few}")
    names = [str(name) for name in champion.model.feature_names_in_]
    theirs = champion.model.predict_proba(past.features.iloc[rows["row"].to_numpy()][names])[:, 1]
    ahead = paired_bootstrap(
        y, rows["blend"].to_numpy(), theirs, group, "average_precision", days=day, n=resamples
    )
    told = f"AP {ahead.told('+.3f')} on {len(y)} snapshots"
    figures = {"ap_gain": ahead.estimate, "ap_gain_low": ahead.low, "ap_gain_high": ahead.high}
    if ahead.low > 0:
        return Decision(True, f"better than {_named(champion)}: {told}", figures)
    return Decision(False, f"{stays}: the new one is not clearly better, {told}", figures)


def _named(champion: Champion) -> str:
    return f"version {champion.version.rpartition('/')[2]}"


def _unseen_by_both(model: Blend, champion: Champion) -> NDArray[np.bool_]:
    """Return a mask of out-of-fold rows on or after the day on which the champion was trained."""
    trained = champion.facts.get("as_of", "9999-12-31")
    return np.asarray(model.oof_["day"] >= day_number(date.fromisoformat(str(trained))))
