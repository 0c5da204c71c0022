"""Who judges a day: a champion or the rules alone, and by which features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from risk_model import respond
from risk_model.catalogue import Catalogue
from risk_model.catalogue.sentences import features_behind
from risk_model.errors import CannotScore, UsageError
from risk_model.rules import Rulebook
from risk_model.settings import Settings, with_defaults
from risk_model.timeline import DEFAULT_HORIZON
from risk_model.tracking import NO_SIGNAL, Champion, load_champion


@dataclass(frozen=True)
class Judge:
    """Who judges: a champion or the rules alone, and what has to be said about it."""

    champion: Champion | None
    rulebook: Rulebook
    horizon: int
    notes: tuple[str, ...] = field(default=())

    @property
    def calibrated(self) -> bool:
        """Whether what it says is a probability, and not a score: never without signal."""
        if self.champion is None or not has_signal(self.champion):
            return False
        return bool(self.champion.model.calibrated_)


def choose_judge(settings: Settings, model: str, horizon: int | None) -> Judge:
    """Return the champion, or the rules alone where that is asked for or nothing else is there.

    Raises UsageError for a version that does not exist, RiskModelError for a model that was
    trained on other definitions than those of today.
    """
    rulebook = Rulebook.of(settings.rules).as_default(settings.rules.features)
    alone = horizon or DEFAULT_HORIZON
    if model == "rules":
        return Judge(None, rulebook, alone, ("scored by the rules alone, as asked",))
    version = None if model == "champion" else model
    champion = load_champion(settings.train.model, version)
    if champion is None:
        note = (
            "no champion is registered: scored by the rules alone; train one with risk-model train"
        )
        return Judge(None, rulebook, alone, (note,))
    same_definitions(champion, settings)
    trained_for = int(champion.facts.get("horizon", DEFAULT_HORIZON))
    if horizon is not None and horizon != trained_for:
        raise UsageError(
            f"--horizon {horizon}: model {champion.version} speaks of {trained_for} days. "
            f"Train one with --horizon {horizon}, or leave the option out."
        )
    notes = (*_no_signal(champion), *_other_rules(champion, settings))
    return Judge(champion, rulebook, trained_for, notes)


def working_catalogue(settings: Settings) -> Catalogue:
    """Return the catalogue and, where it lacks a fact that the list needs, the default's."""
    catalogue = settings.catalogue
    read = {*respond.FACTS, *settings.response.features, *settings.severity.features}
    missing = read - set(catalogue.names)
    if missing:
        catalogue = with_defaults(catalogue, missing)
    # What the sentences of rules and features are filled in with besides the features.
    behind = features_behind(settings.rules.sentences, catalogue)
    return Catalogue(features=(*catalogue.features, *behind))


def same_definitions(champion: Champion, settings: Settings) -> None:
    """Raise CannotScore where a model was trained on other features or words than today's."""
    trained: Mapping[str, str] = champion.facts.get("features", {})
    today = settings.catalogue.by_name
    changed = [
        n for n, print_ in trained.items() if n not in today or today[n].fingerprint != print_
    ]
    heard = champion.facts.get("lexicons") not in (None, settings.lexicons.version)
    if changed or heard:
        what = f"features {', '.join(changed[:5])}" if changed else "the lexicons"
        raise CannotScore(
            f"model {champion.version} was trained on another definition of {what}. "
            "Train again with risk-model train, or score with --model rules."
        )


def has_signal(champion: Champion) -> bool:
    """Say whether a model had signal when it was trained, as far as its record tells."""
    return champion.facts.get("verdict") != NO_SIGNAL


def _no_signal(champion: Champion) -> tuple[str, ...]:
    """Say where a model scores that somebody made champion, or asked for, though it has none."""
    if has_signal(champion):
        return ()
    return (
        f"model {champion.version} has shown no usable signal on days that it had not seen: its "
        "figures are scores and no probabilities; who made it champion is in risk-model models, "
        "and --model rules scores without it",
    )


def _other_rules(champion: Champion, settings: Settings) -> tuple[str, ...]:
    """Say where today's rules are not those that the model weighs: the list shows both."""
    if champion.facts.get("rules") in (None, settings.rules.version):
        return ()
    return (
        f"model {champion.version} was trained with other rules: levels, reasons and steps follow "
        "today's, probabilities those of its training; train again with risk-model train",
    )
