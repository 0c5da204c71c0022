"""Why a row is refused, in the words of whoever looks after the export."""

from __future__ import annotations

KEY_MISSING = "key missing"
VALUE_MISSING = "required value missing"
NOT_A_NUMBER = (
    "not a number (write 1234.5, without thousands separators or currency, or say `decimal:` in "
    "sources.yaml)"
)
SPREADSHEET_ERROR = "an error of a spreadsheet's formula (mend it there and export again)"
SPREADSHEET_DAY = (
    "a spreadsheet's day number (write 2026-03-31, or say dates: excel in sources.yaml)"
)
EPOCH_NUMBER = (
    "a number of seconds or milliseconds (write 2026-03-31T12:00:00Z, or say dates: epoch or "
    "dates: epoch_ms in sources.yaml)"
)
ZERO_BYTE = "zero byte in a key (the file is damaged; export it again)"
NOT_WHOLE = "not a whole number"
LARGEST = 1e15
TOO_LARGE = "implausibly large (over 1e15)"
NEGATIVE = "negative"
NOT_YES_OR_NO = "not yes or no (write true or false)"
NOT_A_TIME = "not a date or time (write 2026-03-31, or say its format in sources.yaml)"
IMPLAUSIBLE_YEAR = "implausible year (before 1990 or after 2100)"
NO_SUCH_LOCAL_TIME = "no such local time (the clocks went forward; is the time zone right?)"
NO_TIME = "no time that says from when the row is known"
UNKNOWN_ACCOUNT = "unknown account (not in accounts, or refused there)"
UNKNOWN_TICKET = "unknown ticket (not in tickets, or refused there)"
CONTRADICTION = "contradicts another row with the same key"
ENDS_BEFORE = "ends before it begins"
TOO_FEW_COLUMNS = "fewer columns than the header (is the line cut off?)"
TOO_MANY_COLUMNS = "more columns than the header (is a comma left unquoted?)"
BROKEN_QUOTES = "text after a closing quote (write a quote inside a value twice)"
NOT_UTF8 = (
    "not UTF-8 (save the file as CSV UTF-8, or say its `encoding:` in sources.yaml; windows-1252 "
    "is what Excel and Outlook call ANSI)"
)
LINE_TOO_LONG = "longer than 2 million bytes"
UNREADABLE = "not readable as CSV"

REJECTS = {
    "MISSING COLUMNS": TOO_FEW_COLUMNS,
    "TOO MANY COLUMNS": TOO_MANY_COLUMNS,
    "UNQUOTED VALUE": BROKEN_QUOTES,
    "INVALID ENCODING": NOT_UTF8,
    "LINE SIZE OVER MAXIMUM": LINE_TOO_LONG,
}


def not_a_number(decimal: str | None) -> str:
    """Return the reason for what is no number where ``decimal`` was said to be its sign."""
    if decimal is None:
        return NOT_A_NUMBER
    return f"not a number that is written with `decimal: '{decimal}'` (as sources.yaml says)"


def out_of_range(low: float | None, high: float | None) -> str:
    """Return the reason for a number below ``low`` or above ``high``."""
    if high is None:
        return NEGATIVE if low == 0 else f"below {low:g}"
    return f"out of range ({low or 0:g}…{high:g})"


def not_one_of(values: tuple[str, ...]) -> str:
    """Return the reason for a category's value that the contract does not have."""
    return f"unknown value (one of: {', '.join(values)})"
