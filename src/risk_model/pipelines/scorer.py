"""What is said of an account by its own features alone: it goes to wherever these are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model import respond
from risk_model.catalogue import Catalogue
from risk_model.explain import QUIET
from risk_model.pipelines.judges import Judge
from risk_model.pipelines.severity import suggested
from risk_model.reasons import notable_parts, reasons, standing_out, with_signs
from risk_model.rules import Rule, RuleSet
from risk_model.settings import Settings

REASONS = ("reason_1", "reason_2", "reason_3")
TEXTS = (
    "suggested_severity",
    "likely_cause",
    *REASONS,
    "recommended_action",
    "state",
    "waiting_on",
    "recovery_stage",
)
UNREAD = "texts_not_understood"
FIGURES = ("escalation_probability", "data_coverage", UNREAD)
HELD = "rules_held"


@dataclass(frozen=True)
class Scorer:
    """Judges accounts one by one, in any number at a time: no row looks at another one.

    It can be sent to other processes: models go as skops. What compares accounts, and what hangs
    on who they are, is not its business.
    """

    settings: Settings
    catalogue: Catalogue
    judge: Judge
    day: int

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of its answer: ``double`` or ``string``."""
        return dict.fromkeys([*TEXTS, HELD], "string") | dict.fromkeys(FIGURES, "double")

    def __call__(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return one row an account, aligned with its features: see ``columns``."""
        settings, how = self.settings, self.settings.response
        features = features.copy().assign(as_of=float(self.day))
        cases = self.judge.rulebook.cases(features)
        fired = (cases >= 0).astype(float)
        p, parts, rules_part = _judged(self.judge, features)
        hits = respond.fired_rules(cases, settings.rules)
        likely = respond.causes(
            hits, settings.rules, respond.count_signs(features, self.catalogue, how)
        )
        silence = respond.silent_hours(features, how)
        grades = suggested(features, self.catalogue, settings, self.judge.champion)
        signs = notable_parts(parts, features, self.catalogue)
        why = reasons(features, fired, signs, rules_part, self.catalogue, settings.rules)
        families = standing_out(signs, self.catalogue)
        why, families = self._with_facts(why, families, features, grades)
        why = respond.with_silence(why, silence, hits, features, self.catalogue, how)
        why = respond.with_unread(why, texts := respond.unread(features))
        care = respond.in_care(features)
        why = respond.with_relapse(why, care, p, "risk" if self.judge.calibrated else "score", how)
        state, stages = respond.states(care, how), respond.recovery_stages(care, how)
        steps = respond.first_steps(hits, families, state, how, stages, likely, silence)
        said: dict[str, Any] = {
            "suggested_severity": respond.named(grades),
            "likely_cause": likely,
            "recommended_action": respond.step_of_unread(steps, texts, how),
            "state": state,
            "waiting_on": respond.waiting_on(features, how),
            "recovery_stage": stages,
            "escalation_probability": p,
            "data_coverage": coverage(features, settings.catalogue),
            UNREAD: texts,
        }
        for place, name in enumerate(REASONS):
            said[name] = [told[place] if place < len(told) else "" for told in why]
        said[HELD] = _named(hits, settings.rules)
        return pd.DataFrame(said, index=features.index)[list(self.columns)]

    def _with_facts(
        self,
        why: list[list[str]],
        families: list[str],
        features: pd.DataFrame,
        grades: NDArray[np.int64],
    ) -> tuple[list[list[str]], list[str]]:
        """Return reasons and families with the fact behind a severity that nothing else tells.

        The rules alone weigh no signs: where they are quiet, what is notable is told instead.
        """
        plan, known = self.settings.severity, self.catalogue.by_name
        facts = [
            fact if grade < plan.nothing and said == [QUIET] else ""
            for fact, grade, said in zip(
                respond.facts_behind(features, plan), grades, why, strict=True
            )
        ]
        families = [
            known[fact].family if fact else own for own, fact in zip(families, facts, strict=True)
        ]
        why = respond.with_fact(why, facts, features, self.catalogue)
        if self.judge.champion is None:
            return with_signs(why, families, features, self.catalogue)
        return why, families


def _named(hits: Sequence[Sequence[Rule]], rules: RuleSet) -> list[str]:
    """Return the rules that fired as one text, each with the number of its case that holds."""
    names = {id(case): f"{rule.id}:{at}" for rule in rules.rules for at, case in _cases(rule)}
    return [" ".join([names[id(rule)] for rule in own]) for own in hits]


def hits_of(said: pd.DataFrame, rules: RuleSet) -> list[list[Rule]]:
    """Return for each account the rules that fired, strongest first, from a scorer's answer."""
    named = {f"{rule.id}:{at}": case for rule in rules.rules for at, case in _cases(rule)}
    codes, held = pd.factorize(said[HELD])
    # Accounts with the same rules share one list: a million accounts have a few thousand.
    hits = [[named[name] for name in text.split()] for text in held]
    return [hits[code] for code in codes]


def fired_texts(hits: Sequence[Sequence[Rule]]) -> list[str]:
    """Return for each account the ids of its rules as one text; lists that are shared only once."""
    texts = {id(own): own for own in hits}
    told = {key: ";".join([rule.id for rule in own]) for key, own in texts.items()}
    return [told[id(own)] for own in hits]


def _cases(rule: Rule) -> Iterator[tuple[int, Rule]]:
    yield from enumerate(rule.as_cases)


def coverage(features: pd.DataFrame, catalogue: Catalogue) -> pd.Series[float]:
    """Return the share of features that could be measured.

    Features that are empty because there is nothing (no open ticket has no age) are left out.
    """
    empty_is_fine = ("oldest", "soonest", "since")
    names = [f.name for f in catalogue.features if f.verb not in empty_is_fine]
    return features[names].notna().mean(axis=1).round(4)


def _judged(judge: Judge, features: pd.DataFrame) -> tuple[Any, pd.DataFrame, pd.Series[float]]:
    """Return probability, the learner's contributions by feature and that of the rules."""
    if judge.champion is None:
        p = judge.rulebook.predict_proba(features[judge.rulebook.feature_names_in_])[:, 1]
        points = judge.rulebook.points(features) * judge.rulebook.slope_
        nothing = pd.DataFrame(index=features.index)
        return p, nothing, pd.Series(points, index=features.index)
    model = judge.champion.model
    table = features[[str(name) for name in model.feature_names_in_]]
    p, parts, rules_part, _ = model.explained(table)
    return p, parts, rules_part
