"""A company's decisions: what is measured, how it is judged, what runs. One folder, all YAML."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from risk_model.brief.plan import DocumentPlans, load_documents
from risk_model.catalogue import Catalogue, load_catalogue, written_names
from risk_model.documents import (
    Document,
    Strict,
    check_document,
    did_you_mean,
    hash_of,
    read_changed,
    read_document,
)
from risk_model.errors import ConfigError, UsageError
from risk_model.features.sources import late_columns, source_columns
from risk_model.importers import Importers
from risk_model.patterns.plan import PatternsPlan
from risk_model.respond.severity import SeverityPlan, load_severity
from risk_model.respond.spec import Response, load_response
from risk_model.rules import RuleSet, load_rules
from risk_model.tables.resources import ALL_THERE_IS, Resources
from risk_model.text import Lexicons, load_lexicons

PARTS = ("features", "models", "pipelines")
# Files of these kinds are decisions: laid down, and kept with each run.
DECISIONS = (".yaml", ".csv", ".txt", ".md")
# Folders laid down earlier lack these; then the product's are read.
OFTEN_MISSING = (
    "models/documents.yaml",
    *("pipelines/patterns.yaml", "pipelines/importers.yaml", "pipelines/resources.yaml"),
)
# A company's own changes, and the parts of it: the rules, and the files that it may change.
COMPANY = "company.yaml"
CHANGEABLE = (
    *("rules", "points", "flags"),
    *("response", "severity", "escalation", "train", "backtest", "score"),
    *("documents", "patterns", "importers", "resources"),
)


# What can be set of a learner and of the blend: their keyword arguments, but for those that the
# recipe gives itself. Written here, for importing the learners takes a second.
WORDS: Mapping[str, tuple[str, ...]] = {
    "logistic": ("C", "clip", "negatives_per_positive", "max_iter", "random_state"),
    "boosting": (
        *("max_iter", "learning_rate", "max_leaf_nodes", "min_samples_leaf", "l2_regularization"),
        *("negatives_per_positive", "random_state"),
    ),
    "extra_trees": (
        *("n_estimators", "max_features", "min_samples_leaf"),
        *("negatives_per_positive", "random_state"),
    ),
    "blend": ("n_folds", "min_positives", "shrink"),
}


def _refuse_unknown(words: Iterable[str], whose: str) -> None:
    for word in words:
        if word not in WORDS[whose]:
            near = did_you_mean(word, WORDS[whose]) or f" There are {', '.join(WORDS[whose])}."
            raise ValueError(f"'{whose}' has no '{word}'.{near}")


class Recipe(Strict):
    """``models/escalation.yaml``: keyword arguments of the learners and of the blend.

    ``without`` names families of features that the learners do not see; the rules still do.
    ``extra_trees`` is a third learner, there only where it is written, if with nothing to set.
    """

    logistic: Mapping[str, Any] = Field(default_factory=dict)
    boosting: Mapping[str, Any] = Field(default_factory=dict)
    extra_trees: Mapping[str, Any] | None = None
    blend: Mapping[str, Any] = Field(default_factory=dict)
    choose: Mapping[
        Literal["logistic", "boosting", "extra_trees"], Mapping[str, tuple[Any, ...]]
    ] = Field(default_factory=dict)
    without: tuple[str, ...] = ()

    @field_validator("logistic", "boosting", "extra_trees", "blend")
    @classmethod
    def _known_words(
        cls, words: Mapping[str, Any] | None, info: ValidationInfo
    ) -> Mapping[str, Any] | None:
        _refuse_unknown(words or {}, str(info.field_name))
        return words

    @field_validator("choose")
    @classmethod
    def _known_choices(
        cls, choices: Mapping[str, Mapping[str, Any]]
    ) -> Mapping[str, Mapping[str, Any]]:
        for learner, words in choices.items():
            _refuse_unknown(words, learner)
        return choices


class PastDays(Strict):
    """Which past days are looked at: every so many, at most so far back, after a warm-up."""

    every_days: int = Field(7, gt=0)
    at_most_days: int = Field(730, gt=0)
    warm_up_days: int = Field(28, ge=0)


class TrainPlan(PastDays):
    """``pipelines/train.yaml``."""

    experiment: str = "risk-model"
    model: str = "risk-model-escalation"


class BacktestPlan(PastDays):
    """``pipelines/backtest.yaml``: folds in equal parts, or a new model every so many days."""

    folds: int = Field(4, ge=2, le=20)
    retrain_every_days: int | None = Field(None, gt=0)
    rolling_days: int | None = Field(None, gt=0)
    resamples: int = Field(500, ge=50)


class ScorePlan(Strict):
    """``pipelines/score.yaml``."""

    policy: Literal["probability", "arr-at-risk"] = "probability"
    top: int = Field(15, ge=0)


@dataclass(frozen=True)
class Settings:
    """Everything that a company decides, loaded and checked.

    ``files`` are those that it was read from, by their names in a folder of decisions; those of the
    product's that a company's own stand before are below ``defaults/``.
    """

    folder: Path
    catalogue: Catalogue
    lexicons: Lexicons
    rules: RuleSet
    response: Response
    severity: SeverityPlan
    recipe: Recipe
    train: TrainPlan
    backtest: BacktestPlan
    score: ScorePlan
    documents: DocumentPlans
    patterns: PatternsPlan
    importers: Importers
    resources: Resources = ALL_THERE_IS
    files: Mapping[str, Path] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Fingerprint of what is computed: features, words and rules."""
        return hash_of(self.catalogue.version, self.lexicons.version, self.rules.version)


def default_folder() -> Path:
    """Return the folder of the decisions that come with the product."""
    packaged = Path(__file__).parent / "defaults"
    return packaged if packaged.is_dir() else Path(__file__).parents[2]


def settings_folder(asked: Path | None) -> Path:
    """Return the folder to use: the one asked for, else the working folder if it has decisions.

    A company's file alone is enough, as it is in a folder that is asked for.
    """
    if asked is not None:
        return asked
    here = Path.cwd()
    decides = (here / COMPANY).is_file() or all((here / part).is_dir() for part in PARTS)
    return here if decides else default_folder()


def load_settings(folder: Path | None = None) -> Settings:
    """Load a folder of decisions. Raises ConfigError with the mistakes of all files at once."""
    asked = settings_folder(folder)
    company = read_document(asked / COMPANY) if (asked / COMPANY).is_file() else None
    root = _decisions(asked, company)
    mistakes: list[str] = _unknown_parts(company) if company else []

    def attempt(load: Any, *arguments: Any) -> Any:
        try:
            return load(*arguments)
        except ConfigError as error:
            mistakes.extend(error.mistakes)
            return None

    catalogue = attempt(load_catalogue, root / "features", source_columns(), late_columns())
    lexicons = attempt(load_lexicons, root / "features" / "lexicons")
    # Rules are checked before the catalogue is mended, too: every mistake at once.
    known = catalogue or written_names(root / "features")
    rules: Any = attempt(load_rules, root / "models" / "rules.yaml", known, company)
    written = {name: _own_or_default(root, name) for name in OFTEN_MISSING}
    documents = attempt(load_documents, written["models/documents.yaml"], company)
    every: Any = with_defaults(catalogue) if catalogue and root != default_folder() else catalogue
    answers = {"response": load_response, "severity": load_severity}
    rest: dict[str, Any] = {
        name: attempt(load, root / "models" / f"{name}.yaml", every, company)
        for name, load in answers.items()
    }
    files = {
        "recipe": (root / "models" / "escalation.yaml", Recipe),
        "train": (root / "pipelines" / "train.yaml", TrainPlan),
        "backtest": (root / "pipelines" / "backtest.yaml", BacktestPlan),
        "score": (root / "pipelines" / "score.yaml", ScorePlan),
        "patterns": (written["pipelines/patterns.yaml"], PatternsPlan),
        "importers": (written["pipelines/importers.yaml"], Importers),
        "resources": (written["pipelines/resources.yaml"], Resources),
    }
    rest |= {name: attempt(_read, file, model, company) for name, (file, model) in files.items()}
    if mistakes:
        raise ConfigError(mistakes)
    read = _files_of(asked, root)
    return Settings(asked, catalogue, lexicons, rules, documents=documents, files=read, **rest)


def _files_of(asked: Path, root: Path) -> dict[str, Path]:
    """Return the files that decisions are read from, by name."""
    default = default_folder()
    files = {name: path for part in PARTS for name, path in _within(root, part).items()}
    if root != default:
        features = _within(default, "features")
        files |= {f"defaults/{name}": path for name, path in features.items()}
        files |= {name: default / name for name in OFTEN_MISSING if name not in files}
    if (asked / COMPANY).is_file():
        files[COMPANY] = asked / COMPANY
    return files


def _within(root: Path, part: str) -> dict[str, Path]:
    return {
        path.relative_to(root).as_posix(): path
        for path in sorted((root / part).rglob("*"))
        if path.is_file() and path.suffix in DECISIONS
    }


def _decisions(asked: Path, company: Document | None) -> Path:
    """Return the folder of the decisions: the default's where only a company's file is there.

    Raises ConfigError where some parts are there and others are not.
    """
    absent = [f"{asked.name}/{part}/: missing" for part in PARTS if not (asked / part).is_dir()]
    if company is not None and len(absent) == len(PARTS):
        return default_folder()
    if absent:
        raise ConfigError([*absent, "lay the defaults down with: risk-model init DIR"])
    return asked


def _unknown_parts(company: Document) -> list[str]:
    """Return what a company's file writes that is no file of the decisions."""
    if not isinstance(company.data, dict):
        return [f"{company.where()}: not a mapping. Write it as in the file that init lays down."]
    return [
        f"{company.where((name,))}: unknown part '{name}'.{did_you_mean(str(name), CHANGEABLE)}"
        for name in company.data
        if name not in CHANGEABLE
    ]


def with_defaults(catalogue: Catalogue, wanted: set[str] | None = None) -> Catalogue:
    """Return the catalogue and, after it, what only the default has: all of it, or ``wanted``."""
    default = load_catalogue(default_folder() / "features", source_columns())
    if wanted is not None:
        default = default.only(wanted)
    extra = [f for f in default.features if f.name not in catalogue.by_name]
    return Catalogue(features=(*catalogue.features, *extra))


def lay_down(folder: Path) -> list[Path]:
    """Copy the default decisions into a folder; never over a file that is there already.

    Raises UsageError where one of them is.
    """
    source = default_folder()
    files = [path for part in PARTS for path in _within(source, part).values()]
    files.append(source / COMPANY)
    targets = [folder / path.relative_to(source) for path in files]
    there = [str(target) for target in targets if target.exists()]
    if there:
        raise UsageError(f"{folder} has decisions already ({there[0]} …). Choose another folder.")
    for path, target in zip(files, targets, strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return targets


def _read(file: Path, model: type[Strict], company: Document | None) -> Strict:
    return check_document(read_changed(file, company), model)


def _own_or_default(root: Path, file: str) -> Path:
    """Return a company's own file, else the product's."""
    own = root / file
    return own if own.exists() else default_folder() / file
