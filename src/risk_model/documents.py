"""YAML documents: safe-loaded, checked by a model, every mistake with its file and line."""

from __future__ import annotations

import difflib
import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from risk_model.errors import ConfigError

Place = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)
_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# More than anybody writes: aliases of aliases make a short file as large as they like.
MOST_PARTS = 200_000
DEEPEST = 100
_KINDS = {"timestamp": "date", "int": "whole number", "float": "number", "bool": "yes or no"}


class Strict(BaseModel):
    """A frozen model that refuses unknown keys: the base of everything written in YAML."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Document:
    """One YAML file: its data, and the line on which every part of it stands."""

    def __init__(
        self,
        file: Path,
        data: Any,
        lines: Mapping[Place, int],
        elsewhere: Mapping[Place, str] | None = None,
    ) -> None:
        self.file = file
        self.data = data
        self._lines = lines
        self._elsewhere = elsewhere or {}

    def where(self, place: Place = ()) -> str:
        """Return ``file:line`` of a part, or of the nearest part around it that is written."""
        while place and place not in self._lines and place not in self._elsewhere:
            place = place[:-1]
        own = f"{_short(self.file)}:{self._lines.get(place, 1)}"
        return self._elsewhere.get(place, own)

    def parts(self, *names: str) -> Document:
        """Return the document with only some of its parts."""
        data = {name: self.data[name] for name in names if name in self.data}
        return Document(self.file, data, self._lines, self._elsewhere)

    def changed_by(self, other: Document, part: str) -> Document:
        """Return this document with what ``part`` of another one writes in place of its own.

        Mappings are merged key by key, everything else is replaced. What was replaced is at home
        in the other file, and a mistake in it is told there.
        """
        changes = other.data.get(part) if isinstance(other.data, dict) else None
        if changes is None:
            return self
        places = {place[1:]: other.where(place) for place in other._lines if place[:1] == (part,)}
        return Document(self.file, _merged(self.data, changes), self._lines, places)


def read_document(file: Path) -> Document:
    """Read a YAML file safely. Raise ConfigError where it can't be read as YAML."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{_short(file)}: can't be read: {error}") from None
    try:
        node, data = read_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise ConfigError(f"{_short(file)}:{line}: {problem}") from None
    lines: dict[Place, int] = {}
    mistakes: list[str] = []
    if node is not None:
        _note_lines(node, (), lines, mistakes, file)
    if mistakes:
        raise ConfigError(mistakes)
    return Document(file, {} if data is None else data, lines)


def read_yaml(text: str) -> tuple[yaml.Node | None, Any]:
    """Read YAML safely: its nodes, and its data. Raises yaml.YAMLError, for values that it can't
    make (30 February) and for documents without end, too.

    By libyaml where PyYAML has it, which takes a tenth of the time; what is wrong is told in
    PyYAML's own words, the same everywhere.
    """
    try:
        return _read_by(_FAST, text)
    except yaml.YAMLError:
        return _read_by(yaml.SafeLoader, text)


def _read_by(make_loader: Any, text: str) -> tuple[yaml.Node | None, Any]:
    loader = make_loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, None
        _refuse_endless(node)
        return node, _made(loader, node)
    except RecursionError:
        raise yaml.MarkedYAMLError(problem="nested too deeply. Write it flatter.") from None
    finally:
        loader.dispose()


def _refuse_endless(node: yaml.Node) -> None:
    """Raise YAMLError where aliases lead back to themselves, or make too much of a document."""
    waiting, parts = [(node, 0)], 0
    while waiting:
        part, depth = waiting.pop()
        parts += 1
        if depth > DEEPEST or parts > MOST_PARTS:
            problem = "nested too deeply, or aliases (*) without end. Write it out."
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=part.start_mark)
        if isinstance(part, yaml.MappingNode):
            waiting += [(inner, depth + 1) for pair in part.value for inner in pair]
        elif isinstance(part, yaml.SequenceNode):
            waiting += [(inner, depth + 1) for inner in part.value]


def _made(loader: Any, node: yaml.Node) -> Any:
    """Return the data of a document; raise YAMLError with the place of a value that is none."""
    try:
        return loader.construct_document(node)
    except (ValueError, OverflowError, AttributeError, LookupError):
        for scalar in _scalars(node):
            loader.recursive_objects = {}  # what was being made when it failed
            try:
                loader.construct_object(scalar)
            except (ValueError, OverflowError, AttributeError, LookupError):
                kind = _KINDS.get(scalar.tag.rsplit(":")[-1], "such value")
                problem = f"'{scalar.value[:40]}' is no {kind}. Mend it, or put it in quotes."
                raise yaml.MarkedYAMLError(
                    problem=problem, problem_mark=scalar.start_mark
                ) from None
        raise


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from (scalar for part in pair for scalar in _scalars(part))
    elif isinstance(node, yaml.SequenceNode):
        for part in node.value:
            yield from _scalars(part)


def read_changed(file: Path, company: Document | None) -> Document:
    """Read a YAML file with what a company's own file writes under its name in place of it."""
    document = read_document(file)
    return document if company is None else document.changed_by(company, file.stem)


def check_document(document: Document, model: type[Model]) -> Model:
    """Return the document as a model. Raise ConfigError with all of its mistakes."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        told = [item for item in mistakes if not _follows(item, mistakes)]
        raise ConfigError([_told(document, item, model) for item in told]) from None


def _follows(mistake: Any, mistakes: Iterable[Any]) -> bool:
    """Say whether a list is too short only because its entries have mistakes of their own."""
    place = mistake["loc"]
    return mistake["type"] == "too_short" and any(
        other["loc"][: len(place)] == place and len(other["loc"]) > len(place) for other in mistakes
    )


def _merged(data: Any, changes: Any) -> Any:
    if not isinstance(data, dict) or not isinstance(changes, dict):
        return changes
    return {**data, **{name: _merged(data.get(name), value) for name, value in changes.items()}}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the nearest known word, or nothing."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""


def hash_of(*texts: str) -> str:
    """Return a short, stable fingerprint of texts (16 hex digits of SHA-256)."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:16]


def _told(document: Document, item: Any, model: type[BaseModel]) -> str:
    place = tuple(part for part in item["loc"])
    problem = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        word = str(place[-1])
        problem = f"unknown key '{word}'.{did_you_mean(word, _keys_near(model, place[:-1]))}"
    elif item["type"] == "missing":
        problem = f"'{place[-1]}' is missing."
    elif re.fullmatch(r"[+-]?\d+,\d+", written := str(item.get("input"))):
        problem = f"'{written}' is no number; write {written.replace(',', '.')}."
    return f"{document.where(place)}: {problem}"


def _keys_near(model: type[BaseModel], place: Place) -> list[str]:
    """Return the keys that the model at ``place`` would take (aliases first)."""
    at: Any = model
    for part in place:
        if isinstance(part, int):
            continue
        known = getattr(at, "model_fields", {}).get(part)
        at = _model_inside(known.annotation) if known else at
    fields = getattr(at, "model_fields", {})
    return [info.alias or name for name, info in fields.items()]


def _model_inside(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_inside(inner)
        if found is not None:
            return found
    return None


def _note_lines(
    node: yaml.Node, place: Place, lines: dict[Place, int], mistakes: list[str], file: Path
) -> None:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        mistakes += [f"{_short(file)}:{line}: {told}" for line, told in _cut_by_commas(node)]
        for key_node, value_node in node.value:
            inner = (*place, key_node.value)
            line = key_node.start_mark.line + 1
            if inner in lines:
                mistakes.append(f"{_short(file)}:{line}: '{key_node.value}' is written twice.")
            lines[inner] = line
            _note_lines(value_node, inner, lines, mistakes, file)
    elif isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            _note_lines(item, (*place, position), lines, mistakes, file)


def _cut_by_commas(node: yaml.MappingNode) -> Iterator[tuple[int, str]]:
    """Yield line and remedy of numbers with a decimal comma: {below: -0,4} has an entry named 4."""
    for (_, number), (key, nothing) in itertools.pairwise(node.value):
        whole, rest = str(number.value), str(key.value)
        is_bare = nothing.start_mark.index == nothing.end_mark.index
        follows = number.end_mark.index + 1 == key.start_mark.index
        if is_bare and follows and rest.isdecimal() and re.fullmatch(r"[+-]?\d+", whole):
            told = (
                f"'{whole},{rest}' is no number: a comma parts two entries. Write {whole}.{rest}."
            )
            yield key.start_mark.line + 1, told


def _short(file: Path) -> str:
    """Return the path as a person knows it: folder and name."""
    return f"{file.parent.name}/{file.name}" if file.parent.name else file.name
