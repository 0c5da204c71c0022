"""The word lists as models, and loading them from YAML with all mistakes at once."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from risk_model.documents import read_yaml
from risk_model.errors import ConfigError
from risk_model.text.learned import FILE, Learned, load_learned
from risk_model.text.phrases import Groups, PhraseError, read_phrase

# Raise it whenever the same lexicons would hear something else than before.
ALGORITHM = 12

_GROUP = re.compile(r"<([^<>]+)>")

CATEGORIES: tuple[str, ...] = (
    "urgency",
    "threat",
    "competitor",
    "legal",
    "breach",
    "data_loss",
    "public",
    "hesitancy",
    "complaint",
    "frustration",
    "no_progress",
    "expectation_gap",
    "billing",
    "passed_around",
    "executive",
    "asks_for_higher",
    "outage",
    "question",
    "thanks",
)
# Heard by their lists alone: no labelled messages tell of them.
LISTED: tuple[str, ...] = ("impaired", "legal_step", "legal_talk", "stopped")
HEARD = (*CATEGORIES, *LISTED)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Category(_Frozen):
    """The words of one category.

    ``but_not`` voids a phrase that it overlaps, ``not_beside`` every phrase of its sentence.
    ``frames`` names those lists of ``context.yaml`` that void it in the same way. ``negatable``:
    "no plans to cancel" is no threat. ``nameable``: "the cancel button" is none either.
    """

    means: str = Field(min_length=1)
    phrases: tuple[str, ...] = Field(min_length=1)
    but_not: tuple[str, ...] = ()
    not_beside: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    negatable: bool = True
    nameable: bool = False

    def lists(self) -> dict[str, tuple[str, ...]]:
        """Return the three lists of phrases by their names."""
        return {
            "phrases": self.phrases,
            "but_not": self.but_not,
            "not_beside": self.not_beside,
        }


class Context(_Frozen):
    """What turns the words around it: negations and their limits, and frames of what is said.

    A frame is talk of what is not so, or not theirs: what would be, what another vendor did.
    ``names`` are words for the parts of a product: the *cancel button*, the *legal name field*.
    ``new_thing`` are words over which ``..`` does not reach: something else begins with them.
    ``misspelt`` gives the right word for common misspellings.
    """

    negations: tuple[str, ...] = Field(min_length=1)
    no_negation: tuple[str, ...] = ()
    ends_negation: tuple[str, ...] = ()
    reach: int = Field(default=6, ge=1, le=20)
    frames: dict[str, tuple[str, ...]] = {}
    names: tuple[str, ...] = ()
    new_thing: tuple[str, ...] = ()
    misspelt: dict[str, str] = {}

    def lists(self) -> dict[str, tuple[str, ...]]:
        """Return the lists of phrases by their names."""
        return {
            "negations": self.negations,
            "no_negation": self.no_negation,
            "ends_negation": self.ends_negation,
        }


class Sentiment(_Frozen):
    """Corrections to VADER's word list: valence -4…4, 0 takes a word out; and phrases to skip."""

    valences: dict[str, float] = {}
    skip: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _within_scale(self) -> Sentiment:
        beyond = [word for word, valence in self.valences.items() if not -4 <= valence <= 4]
        if beyond:
            raise ValueError(f"a valence lies between -4 and 4: {', '.join(beyond)}")
        spaced = [word for word in self.valences if " " in word or word != word.lower()]
        if spaced:
            raise ValueError(f"single words in lower case only: {', '.join(spaced)}")
        return self


class Lexicons(_Frozen):
    """All word lists, and what was learned beside them; None: the lists hear alone.

    The same content has the same ``version``, wherever it was loaded from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    categories: dict[str, Category]
    groups: dict[str, tuple[str, ...]]
    context: Context
    sentiment: Sentiment
    learned: Learned | None = Field(default=None, exclude=True, repr=False)

    @cached_property
    def version(self) -> str:
        """16 hexadecimal digits over the content and the way of hearing."""
        learned = self.learned.version if self.learned else ""
        return _digest(f"{ALGORITHM}\n{learned}\n{self.model_dump_json()}")

    def list_version(self, name: str) -> str:
        """Return 16 hexadecimal digits over all that the list of a category hears by."""
        category = self.categories[name].model_dump_json()
        used = {group: self.groups[group] for group in _groups_in(category, self.groups)}
        return _digest(f"{ALGORITHM}\n{category}\n{used}\n{self.context.model_dump_json()}")

    def learned_beside(self) -> tuple[str, ...]:
        """Return the categories whose list is still the one that the weights were learned beside.

        A list that somebody has changed is obeyed: what was learned beside another one is silent.
        """
        lists = self.learned.lists if self.learned else {}
        return tuple(name for name in CATEGORIES if lists.get(name) == self.list_version(name))

    def model_copy(
        self, *, update: Mapping[str, Any] | None = None, deep: bool = False
    ) -> Lexicons:
        """Return a copy, with its own version."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("version", None)
        return copied

    @model_validator(mode="after")
    def _complete_and_readable(self) -> Lexicons:
        missing = [name for name in HEARD if name not in self.categories]
        mistakes = [f"{name}.yaml: missing; every category needs its file" for name in missing]
        groups = Groups(self.groups)
        # A broken group would be told again at each phrase that uses it.
        mistakes += _unreadable(
            _entries({"groups.yaml": self.groups}), groups.entry
        ) or _unreadable(self._phrases(), lambda phrase: read_phrase(phrase, groups))
        mistakes += [
            f"{name}.yaml: frames, entry {at}: no frame '{frame}' in context.yaml; there are: "
            f"{', '.join(self.context.frames)}"
            for name, category in self.categories.items()
            for at, frame in enumerate(category.frames, start=1)
            if frame not in self.context.frames
        ]
        if mistakes:
            raise ConfigError(mistakes)
        return self

    def _phrases(self) -> list[tuple[str, str]]:
        """Return every phrase with the place where it is written."""
        files: dict[str, dict[str, tuple[str, ...]]] = {
            f"{name}.yaml": category.lists() for name, category in self.categories.items()
        }
        files["context.yaml"] = self.context.lists() | {
            f"frames, {name}": phrases for name, phrases in self.context.frames.items()
        }
        return _entries(files)


def _digest(content: str) -> str:
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


def _groups_in(written: str, groups: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the groups that are named in what is written, and in those groups, by their names."""
    found: set[str] = set()
    unread = [written]
    while unread:
        new = set(_GROUP.findall(unread.pop())) & groups.keys() - found
        found |= new
        unread += [" ".join(groups[name]) for name in new]
    return sorted(found)


def _entries(files: Mapping[str, Mapping[str, tuple[str, ...]]]) -> list[tuple[str, str]]:
    return [
        (f"{file}: {name}, entry {at}", entry)
        for file, lists in files.items()
        for name, entries in lists.items()
        for at, entry in enumerate(entries, start=1)
    ]


def _unreadable(entries: list[tuple[str, str]], read: Callable[[str], object]) -> list[str]:
    """Return what is wrong with those entries that ``read`` refuses."""
    mistakes = []
    for place, entry in entries:
        try:
            read(entry)
        except PhraseError as error:
            mistakes.append(f"{place}: '{entry}': {error}")
    return mistakes


class _Groups(_Frozen):
    groups: dict[str, tuple[str, ...]]


_SHARED: dict[str, type[_Frozen]] = {
    "context": Context,
    "groups": _Groups,
    "sentiment": Sentiment,
}


def load_lexicons(folder: Path) -> Lexicons:
    """Load every word list of a folder, and what was learned beside them (FILE) if it is there.

    Raises ConfigError with all mistakes, each with its file and entry.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; it should hold the word lists (*.yaml)")
    return _load_once(
        folder,
        tuple((file, _bytes_of(file)) for file in sorted(folder.glob("*.yaml"))),
        _bytes_of(folder / FILE),
    )


def _bytes_of(file: Path) -> bytes:
    """Return what stands in a file; nothing where it cannot be read, which is told later."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


@lru_cache(maxsize=4)
def _load_once(folder: Path, written: tuple[tuple[Path, bytes], ...], taught: bytes) -> Lexicons:
    """Load what is written and ``taught``; the same again is what was loaded before (frozen)."""
    mistakes: list[str] = []
    models: dict[str, Any] = {}
    for path, _ in written:
        if model := _load(path, mistakes):
            models[path.stem] = model
    absent = [name for name in (*_SHARED, *HEARD) if not (folder / f"{name}.yaml").exists()]
    mistakes += [
        f"{folder / name}.yaml: missing; lay the default one down again" for name in absent
    ]
    learned = _learned_in(folder, mistakes)
    if mistakes:
        raise ConfigError(mistakes)
    try:
        return Lexicons(
            categories={name: models[name] for name in HEARD},
            groups=models["groups"].groups,
            context=models["context"],
            sentiment=models["sentiment"],
            learned=learned,
        )
    except ConfigError as error:
        raise ConfigError([f"{folder}/{mistake}" for mistake in error.mistakes]) from None


def _learned_in(folder: Path, mistakes: list[str]) -> Learned | None:
    try:
        return load_learned(folder / FILE, CATEGORIES)
    except ConfigError as error:
        mistakes += error.mistakes
        return None


def _load(path: Path, mistakes: list[str]) -> _Frozen | None:
    """Return the model of one file, or None with its mistakes noted."""
    known = (*_SHARED, *HEARD)
    if path.stem not in known:
        close = difflib.get_close_matches(path.stem, known, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else f"; there are: {', '.join(known)}"
        mistakes.append(f"{path}: unknown category '{path.stem}'{hint}")
        return None
    try:
        _, content = read_yaml(path.read_text(encoding="utf-8"))
        return _SHARED.get(path.stem, Category).model_validate(content)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        mistakes.append(f"{path}{line}: no valid YAML: {error.problem}")
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        mistakes.append(f"{path}: cannot be read as YAML: {error}")
    except ValidationError as error:
        mistakes.extend(_told(path, error))
    return None


def _told(path: Path, error: ValidationError) -> list[str]:
    """Return the mistakes of one file in the reader's words, entries counted from 1."""
    told = []
    for mistake in error.errors():
        place = ", ".join(
            f"entry {part + 1}" if type(part) is int else str(part) for part in mistake["loc"]
        )
        given = f" (is {mistake['input']!r})" if isinstance(mistake["input"], str | bool) else ""
        hint = "; put it in quotes" if isinstance(mistake["input"], bool) else ""
        told.append(f"{path}: {place or 'the file'}: {mistake['msg']}{given}{hint}")
    return told
