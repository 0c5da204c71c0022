"""Reading the rules, with a company's changes: all mistakes at once, with line and remedy."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from risk_model.catalogue import Catalogue
from risk_model.catalogue.kinds import kind_of
from risk_model.catalogue.sentences import mistakes_in as mistakes_in_sentence
from risk_model.documents import Document, Place, check_document, did_you_mean, read_document
from risk_model.errors import ConfigError
from risk_model.features.sources import source_columns
from risk_model.rules.changes import RuleChanges, changed, mistakes_in
from risk_model.rules.spec import Rule, RuleSet


def load_rules(
    file: Path, known: Catalogue | Collection[str] | None, company: Document | None = None
) -> RuleSet:
    """Read the rules, and what a company changed of them (the part ``rules`` of its document).

    ``known`` is the catalogue; while that has mistakes the names of its features, or None, and the
    rules are read for their own mistakes only. Raises ConfigError with every mistake, each with its
    line and a remedy.
    """
    document = read_document(file)
    rules = check_document(document, RuleSet)
    catalogue = known if isinstance(known, Catalogue) else None
    names: Any = catalogue.names if catalogue else known
    mistakes = list(_meaningless(rules, document, names, catalogue))
    own = RuleChanges()
    if company is not None:
        own = check_document(company.parts(*RuleChanges.model_fields), RuleChanges)
        mistakes += mistakes_in(rules, own, company)
        mistakes += _meaningless_words(own, company, catalogue) if catalogue else []
    if mistakes:
        raise ConfigError(mistakes)
    if catalogue is None:
        return rules
    kinds = {feature.name: kind_of(feature, catalogue) for feature in catalogue.features}
    read = {name: kinds[name] for name in rules.features} | dict(rules.kind_of)
    named = RuleSet(points=rules.points, flags=rules.flags, kind_of=read, rules=rules.rules)
    return changed(named, own)


def _meaningless(
    rules: RuleSet,
    document: Document,
    names: Collection[str] | None,
    catalogue: Catalogue | None,
) -> Iterator[str]:
    """Yield what is well-formed but points to nothing: ids twice, features that are not there."""
    seen: dict[str, str] = {}
    for position, rule in enumerate(rules.rules):
        place = document.where(("rules", position))
        if rule.id in seen:
            yield f"{place}: rule '{rule.id}' stands already at {seen[rule.id]}."
        seen[rule.id] = place
        for name, at in _read_at(rule, ("rules", position)):
            if names is not None and name not in names:
                near = did_you_mean(name, names)
                yield f"{document.where(at)}: unknown feature '{name}' in rule '{rule.id}'.{near}"
        if catalogue is None:
            continue
        for said, at in _said_at(rule, ("rules", position)):
            for mistake in _said_wrongly(said, catalogue):
                yield f"{document.where(at)}: rule '{rule.id}': {mistake}"


def _meaningless_words(
    changes: RuleChanges, company: Document, catalogue: Catalogue
) -> Iterator[str]:
    for name, change in changes.rules.items():
        for mistake in _said_wrongly(change.says or "", catalogue):
            yield f"{company.where(('rules', name, 'says'))}: rule '{name}': {mistake}"


def _said_wrongly(says: str, catalogue: Catalogue) -> Iterator[str]:
    return mistakes_in_sentence(says, catalogue.by_name, source_columns())


def _read_at(rule: Rule, place: Place) -> list[tuple[str, Place]]:
    """Return each feature that a rule reads, with its place in the file."""
    at: dict[str, Place] = {name: (*place, "when", name) for name in rule.when}
    for number, case in enumerate(rule.any_of):
        inside: Place = (*place, "any_of", number)
        at |= {name: (*inside, name) for name in case.when}
    return list(at.items())


def _said_at(rule: Rule, place: Place) -> list[tuple[str, Place]]:
    """Return each sentence of a rule, with its place in the file."""
    cases = enumerate(rule.any_of)
    said = [(case.says or "", (*place, "any_of", number, "says")) for number, case in cases]
    return [(rule.says, (*place, "says")), *said]
