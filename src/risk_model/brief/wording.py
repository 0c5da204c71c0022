"""Figures, times and other people's words as a document shows them."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

from risk_model.timeline import DAY, date_of

EXCERPT = 240
_EMAIL = re.compile(r"[^\s@＠<>()\[\],;:\"']+[@＠][^\s@＠<>()\[\],;\"']+")
# Seven digits or more with the separators of telephone numbers between them; dates are let be.
_PHONE = re.compile(r"(?<![\w.,])(?:\+|\(\+?)?\d(?:[ ./()\u2010-\u2015\u00a0-]{0,3}\d){6,}(?!\w)")
_DATE = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{4}")


def one_line(text: object) -> str:
    """Return a text on one line, without control characters and marks that turn the direction."""
    kept = (
        c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else " "
        for c in f"{text}"
    )
    return " ".join("".join(kept).split())


def inner_line(text: str) -> str:
    """Return a piece of a line, with the space at its ends that parts it from the next."""
    line = one_line(text)
    if not line:
        return " " if text else ""
    return " " * text[:1].isspace() + line + " " * text[-1:].isspace()


def masked(text: object) -> str:
    """Return a text on one line with e-mail addresses and telephone numbers taken out."""
    line = _EMAIL.sub("[e-mail address]", one_line(text))
    return _PHONE.sub(lambda m: m[0] if _DATE.fullmatch(m[0]) else "[telephone number]", line)


def excerpt(text: object, most: int = EXCERPT) -> str:
    """Return the beginning of a text, masked; an ellipsis says that it goes on."""
    line = masked(text)
    return line if len(line) <= most else line[:most].rsplit(" ", 1)[0] + " …"


def day_text(day: int | None) -> str:
    """Return a day number as ``YYYY-MM-DD``."""
    return "" if day is None else str(date_of(day))


def date_text(seconds: float) -> str:
    """Return the day of an epoch second (UTC)."""
    return str(date_of(int(seconds) // DAY))


def time_text(seconds: float) -> str:
    """Return an epoch second as ``YYYY-MM-DD HH:MM UTC``."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%d %H:%M UTC")


def lasting(seconds: float) -> str:
    """Return a length of time in the unit that a person would choose."""
    for unit, size in (("day", DAY), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * size or (seconds >= size and unit != "day"):
            return counted(int(seconds // size), unit)
    return counted(int(seconds // 3600), "hour") if seconds >= 3600 else "less than a minute"


def counted(number: float, one: str, many: str | None = None) -> str:
    """Return a number with its noun: ``1 ticket``, ``3 tickets``."""
    return f"{number:,.0f} {one if number == 1 else many or one + 's'}"


def listed(words: list[str]) -> str:
    """Return words as a sentence lists them: ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
