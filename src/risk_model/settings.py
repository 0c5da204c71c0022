"""A company's decisions: what is measured, how it is judged, what runs. One folder, all YAML."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from risk_model.catalogue import Catalogue, load_catalogue
from risk_model.documents import Strict, check_document, hash_of, read_document
from risk_model.errors import ConfigError, UsageError
from risk_model.features.sources import source_columns
from risk_model.rules import RuleSet, load_rules
from risk_model.tables.resources import ALL_THERE_IS, Resources
from risk_model.text import Lexicons, load_lexicons

Severity = Literal["SEV-1", "SEV-2", "SEV-3", "SEV-4"]
PARTS = ("features", "models", "pipelines")


class SeverityResponse(Strict):
    """What a severity calls for."""

    acknowledge_minutes: int = Field(gt=0)
    update_hours: int = Field(gt=0)
    owner: str


class FirstSteps(Strict):
    """One sentence for the sign that stands out when no rule fires."""

    usage: str
    tickets: str
    surveys: str
    messages: str
    relationship: str
    recovery: str
    silent: str
    nothing: str


class Response(Strict):
    """``models/response.yaml``: clocks, owners, thresholds, first steps."""

    severities: Mapping[Severity, SeverityResponse]
    large_arr: float = Field(ge=0)
    share_of_arr: float = Field(gt=0, le=1)
    largest_accounts: int = Field(ge=0)
    capacity: int = Field(ge=0)
    stale_after_days: int = Field(gt=0)
    recovery_days: int = Field(gt=0)
    first_step: FirstSteps


class Recipe(Strict):
    """``models/escalation.yaml``: keyword arguments of the learners and of the blend.

    ``without`` names families of features that the learners do not see; the rules still do.
    """

    logistic: Mapping[str, Any] = Field(default_factory=dict)
    boosting: Mapping[str, Any] = Field(default_factory=dict)
    blend: Mapping[str, Any] = Field(default_factory=dict)
    choose: Mapping[Literal["logistic", "boosting"], Mapping[str, tuple[Any, ...]]] = Field(
        default_factory=dict
    )
    without: tuple[str, ...] = ()


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
    """Everything that a company decides, loaded and checked."""

    folder: Path
    catalogue: Catalogue
    lexicons: Lexicons
    rules: RuleSet
    response: Response
    recipe: Recipe
    train: TrainPlan
    backtest: BacktestPlan
    score: ScorePlan
    resources: Resources = ALL_THERE_IS

    @property
    def version(self) -> str:
        """Fingerprint of what is computed: features, words and rules."""
        return hash_of(self.catalogue.version, self.lexicons.version, self.rules.version)


def default_folder() -> Path:
    """Return the folder of the decisions that come with the product."""
    packaged = Path(__file__).parent / "defaults"
    return packaged if packaged.is_dir() else Path(__file__).parents[2]


def settings_folder(asked: Path | None) -> Path:
    """Return the folder to use: the one asked for, else the working folder if it has one."""
    if asked is not None:
        return asked
    here = Path.cwd()
    return here if all((here / part).is_dir() for part in PARTS) else default_folder()


def load_settings(folder: Path | None = None) -> Settings:
    """Load a folder of decisions. Raises ConfigError with the mistakes of all files at once."""
    root = settings_folder(folder)
    absent = [f"{root.name}/{part}/: missing" for part in PARTS if not (root / part).is_dir()]
    if absent:
        raise ConfigError([*absent, "lay the defaults down with: risk-model init DIR"])
    mistakes: list[str] = []

    def attempt(load: Any, *arguments: Any) -> Any:
        try:
            return load(*arguments)
        except ConfigError as error:
            mistakes.extend(error.mistakes)
            return None

    catalogue = attempt(load_catalogue, root / "features", source_columns())
    lexicons = attempt(load_lexicons, root / "features" / "lexicons")
    rules: Any = (
        attempt(load_rules, root / "models" / "rules.yaml", catalogue) if catalogue else None
    )
    files = {
        "response": (root / "models" / "response.yaml", Response),
        "recipe": (root / "models" / "escalation.yaml", Recipe),
        "train": (root / "pipelines" / "train.yaml", TrainPlan),
        "backtest": (root / "pipelines" / "backtest.yaml", BacktestPlan),
        "score": (root / "pipelines" / "score.yaml", ScorePlan),
    }
    rest = {name: attempt(_read, file, model) for name, (file, model) in files.items()}
    bounds = root / "pipelines" / "resources.yaml"
    if bounds.is_file():
        rest["resources"] = attempt(_read, bounds, Resources)
    if mistakes:
        raise ConfigError(mistakes)
    return Settings(root, catalogue, lexicons, rules, **rest)


def lay_down(folder: Path) -> list[Path]:
    """Copy the default decisions into a folder; never over a file that is there already.

    Raises UsageError where one of them is.
    """
    source = default_folder()
    files = [
        path
        for part in PARTS
        for path in sorted((source / part).rglob("*"))
        if path.is_file() and path.suffix in (".yaml", ".txt", ".md")
    ]
    targets = [folder / path.relative_to(source) for path in files]
    there = [str(target) for target in targets if target.exists()]
    if there:
        raise UsageError(f"{folder} has decisions already ({there[0]} …). Choose another folder.")
    for path, target in zip(files, targets, strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return targets


def _read(file: Path, model: type[Strict]) -> Strict:
    return check_document(read_document(file), model)
