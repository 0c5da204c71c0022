"""What can go wrong, in the user's words: every error says where and what to do."""

from __future__ import annotations

from collections.abc import Sequence


class RiskModelError(Exception):
    """A failure that the user can act on; the command line shows its text, never a traceback.

    ``exit_code`` is what the process ends with: 1 failed, 2 wrong usage, 3 data refused.
    """

    exit_code = 1


class UsageError(RiskModelError):
    """The call itself is wrong: an option, an account, a date."""

    exit_code = 2


class ConfigError(RiskModelError):
    """One or more mistakes in the YAML files, all of them at once, each with place and remedy."""

    exit_code = 2

    def __init__(self, mistakes: str | Sequence[str]) -> None:
        self.mistakes = [mistakes] if isinstance(mistakes, str) else list(mistakes)
        super().__init__("\n".join(self.mistakes))


class CannotScore(RiskModelError):
    """A stored model that can score no more: made for other definitions, or not to be read."""


class DataRefused(RiskModelError):
    """Going on with this data would mislead, so the whole run is refused."""

    exit_code = 3

    def __init__(self, reasons: str | Sequence[str]) -> None:
        self.reasons = [reasons] if isinstance(reasons, str) else list(reasons)
        super().__init__("\n".join(self.reasons))
