"""A small phrase grammar: sentences with slots and choices, drawn by chance into texts."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict

_PART = re.compile(r"\{(\w+)\}|\(([^()]*\|[^()]*)\)")
_BLOCK = 1 << 15

Compiled = tuple[str | tuple[str, ...], ...]
Lines = tuple[Compiled, ...]


class Dice:
    """Single draws at Python speed, taken from a generator in blocks."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._left: list[float] = []

    def roll(self) -> float:
        """Return a number in [0, 1)."""
        if not self._left:
            self._left = self._rng.random(_BLOCK).tolist()
        return self._left.pop()

    def chance(self, share: float) -> bool:
        """Return True in ``share`` of the cases."""
        return self.roll() < share

    def below(self, count: int) -> int:
        """Return a whole number from 0 up to ``count`` (excluded)."""
        return int(self.roll() * count)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Levels(_Frozen):
    mild: tuple[str, ...]
    clear: tuple[str, ...]
    hard: tuple[str, ...]


class _Tones(_Frozen):
    sharp: tuple[str, ...]
    calm: tuple[str, ...]


class _Messages(_Frozen):
    greetings: tuple[str, ...]
    closings: tuple[str, ...]
    titles: tuple[str, ...]
    openers: _Tones
    routine: tuple[str, ...]
    praise: tuple[str, ...]
    trouble: dict[str, _Levels]
    context: tuple[str, ...]
    threats: tuple[str, ...]
    sharp_tails: tuple[str, ...]
    calm_tails: tuple[str, ...]
    disclaimers: tuple[str, ...]
    calls: tuple[str, ...]
    call_reports: tuple[str, ...]


class _Comments(_Frozen):
    good: tuple[str, ...]
    fair: tuple[str, ...]
    bad: dict[str, tuple[str, ...]]


class _Ours(_Frozen):
    checkins: tuple[str, ...]
    answers: tuple[str, ...]
    hints: tuple[str, ...]
    actions: tuple[str, ...]
    notes: tuple[str, ...]
    issues: dict[str, tuple[str, ...]]
    comments: _Comments


class _Category(_Frozen):
    subjects: tuple[str, ...]
    quiet: tuple[str, ...]
    trouble_subjects: tuple[str, ...]
    trouble: tuple[str, ...]


class _Tickets(_Frozen):
    details: tuple[str, ...]
    categories: dict[str, _Category]


def _read(name: str) -> object:
    return yaml.safe_load((files(__package__) / "phrases" / name).read_text(encoding="utf-8"))


class Phrases:
    """The phrases of the four files, compiled; a group is named by its path, ``openers.sharp``."""

    def __init__(self) -> None:
        slots = _read("slots.yaml")
        assert isinstance(slots, dict)
        self._slots = {
            name: tuple(str(value) for value in values) for name, values in slots.items()
        }
        self._groups: dict[str, Lines] = {}
        self._add("", _Messages.model_validate(_read("messages.yaml")).model_dump())
        self._add("", _Ours.model_validate(_read("ours.yaml")).model_dump())
        self._add("", _Tickets.model_validate(_read("tickets.yaml")).model_dump())

    @staticmethod
    @cache
    def load() -> Phrases:
        """Return the phrases, read once."""
        return Phrases()

    def _add(self, path: str, node: object) -> None:
        if isinstance(node, dict):
            for name, child in node.items():
                self._add(f"{path}.{name}" if path else name, child)
        elif isinstance(node, list | tuple):
            self._groups[path] = tuple(self._compile(str(line)) for line in node)

    def _compile(self, line: str) -> Compiled:
        parts: list[str | tuple[str, ...]] = []
        at = 0
        for found in _PART.finditer(line):
            parts.append(line[at : found.start()])
            slot, choices = found.groups()
            parts.append(self._slots[slot] if slot else tuple(choices.split("|")))
            at = found.end()
        return (*parts, line[at:])

    def say(self, group: str, dice: Dice) -> str:
        """Return one sentence of a group, its slots filled and its first letter a capital."""
        lines = self._groups[group]
        parts = lines[dice.below(len(lines))]
        text = "".join(
            part if isinstance(part, str) else part[dice.below(len(part))] for part in parts
        )
        return text[:1].upper() + text[1:]

    def issue(self, kind: str, dice: Dice) -> str:
        """Return the issue of an escalation."""
        return self.say(f"issues.{kind}", dice)

    def action(self, dice: Dice) -> str:
        """Return what was done with a listed account."""
        return self.say("actions", dice)

    def note(self, dice: Dice) -> str:
        """Return a remark on it."""
        return self.say("notes", dice)

    def ticket(self, category: str, troubled: bool, dice: Dice) -> tuple[str, str]:
        """Return subject and description; one in six sounds other than it is."""
        sounds = troubled != dice.chance(0.17)
        head, body = ("trouble_subjects", "trouble") if sounds else ("subjects", "quiet")
        lines = [self.say(f"categories.{category}.{body}", dice)]
        lines += [self.say("details", dice) for _ in range(1 + dice.below(2))]
        return self.say(f"categories.{category}.{head}", dice), " ".join(lines)

    def comment(self, kind: str, mood: float, dice: Dice) -> str:
        """Return a survey comment for a mood: up to 1 content, up to 2.4 fair, above it not."""
        group = "good" if mood < 1.0 else "fair" if mood < 2.4 else f"bad.{kind}"
        said = self.say(f"comments.{group}", dice)
        return f"{said} {self.say('comments.fair', dice)}" if dice.chance(0.3) else said
