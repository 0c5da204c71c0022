"""Figures, times and other people's words as a document shows them."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

from risk_model.timeline import DAY, date_of

EXCERPT = 240
_OF_ADDRESS = r"[^\s@＠<>()\[\],;:\"']"
# Looked for from where a word begins: a pasted log of one long word would take minutes.
_EMAIL = re.compile(rf"(?<!{_OF_ADDRESS}){_OF_ADDRESS}+[@＠][^\s@＠<>()\[\],;\"']+")
# What stands between two digits of one telephone number.
_BETWEEN = r"[ ./()_·•\u2010-\u2015\u00a0-]{0,3}"
_BEGIN, _END = r"(?<!\d)(?<!\d[.,])", rf"(?!{_BETWEEN}\d)"
# Seven digits or more, with an extension; whatever letters stand before or after them.
_PHONE = (
    rf"{_BEGIN}(?:[+＋]|\([+＋]?)?\d(?:{_BETWEEN}\d){{6,}}"
    r"(?:[ ,;]{0,2}(?:x|ext(?:ension)?|durchwahl)\.?[ :]?\d{1,6})?"
)
# Numbers with as many digits that are none: a date with or without a time, an amount, and what is
# called an invoice's or another thing's number. In doubt it is a telephone number.
_TIME = r"(?:T|,? )\d{1,2}:\d{2}(?::\d{2})?"
_DAY = r"(?:(?:19|20)\d{2}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d{2})"
_DATE = rf"(?:{_DAY}(?:{_TIME})?|\d{{1,2}}[-./]\d{{1,2}}[-./]\d{{2}}{_TIME})"
_MONEY = r"(?:EUR|USD|GBP|CHF|[€$£])"
_AMOUNT = r"(?:\d{1,3}(?:[., '’\u00a0]\d{3})*|\d+)(?:[.,]\d{1,2})?"
_NO_PHONES = (
    rf"{_DATE}(?:[ ,/\u2013-]{{1,3}}{_DATE})*",
    rf"{_MONEY} ?{_AMOUNT}",
    rf"{_AMOUNT} ?{_MONEY}(?![A-Za-z])",
    r"[1-9]\d?(?:\.\d{3}){2,}(?:,\d{1,2})?",
    r"(?:order|invoice|ticket|case|contract|customer) (?:no\.?|nr\.?|number|id)[ :]{0,2}\d+",
)
_NUMBERS = re.compile(rf"(?P<kept>{_BEGIN}(?:{'|'.join(_NO_PHONES)}){_END})|{_PHONE}", re.I)


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
    return _NUMBERS.sub(lambda m: m["kept"] or "[telephone number]", line)


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


def is_known(value: object) -> bool:
    """Say whether a figure is there, and not None, NaN or an empty cell."""
    return value is not None and value == value and value != ""  # noqa: PLR0124  (NaN)


def lasting(seconds: float) -> str:
    """Return a length of time in the unit that a person would choose."""
    for unit, size in (("day", DAY), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * size or (seconds >= size and unit != "day"):
            return counted(int(seconds // size), unit)
    return "less than a minute"


def counted(number: float, one: str, many: str | None = None) -> str:
    """Return a number with its noun: ``1 ticket``, ``3 tickets``."""
    return f"{number:,.0f} {one if number == 1 else many or one + 's'}"


def listed(words: list[str]) -> str:
    """Return words as a sentence lists them: ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
