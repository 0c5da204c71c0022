"""Times and dates as SQL: epoch seconds (UTC, floored) and day numbers since 1970-01-01.

A date written without a time of day stays on its day (00:00 UTC) whatever the time zone: it is no
moment that could be moved across midnight. Where a day is asked for, so does one written as
midnight, while another moment with an offset belongs to the zone's day: 22:00 UTC is the next one
in Berlin, where it is midnight in summer. A local time that occurs twice (the clocks went back)
is read as the later of the two, so that nothing is known too early; one that never occurred (the
clocks went forward) has no value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from risk_model.tables.quoting import identifier, literal

ISO = "ISO"
# Numbers that stand for moments: seconds and milliseconds since 1970, a spreadsheet's days.
EPOCH, EPOCH_MS, EXCEL = "EPOCH", "EPOCH_MS", "EXCEL"
# What is outside of these (9999 at the latest) is no such number.
_PLAUSIBLE = {
    EPOCH: (0, 253_402_300_799),
    EPOCH_MS: (0, 253_402_300_799_999),
    EXCEL: (1, 2_958_465),
}
_EXCEL_1970 = 25_569
_DAY = r"\d{4}-\d{2}-\d{2}"
_PATTERN = (
    rf"\s*({_DAY})[ Tt](\d{{2}}:\d{{2}}(?::\d{{2}})?)(?:[.,]\d+)?"
    r"\s*([Zz]|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?\s*"
)
_BARE_DAY = rf"\s*{_DAY}\s*"
_EPOCH = "DATE '1970-01-01'"
_MIDNIGHT = "00:00(:00)?"
_CLOCK_CODES = ("%H", "%I", "%-H", "%-I", "%c", "%X", "%T")


class _Typed(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def type(self) -> str: ...


@dataclass(frozen=True)
class Moment:
    """SQL of a value, and of the test that it is a local time that never occurred."""

    value: str
    in_gap: str | None


def _seconds(timestamp: str) -> str:
    return f"(epoch_us({timestamp}) // 1000000)"


def _local(naive: str, timezone: str) -> Moment:
    """Return the epoch seconds of a timestamp without offset, read in ``timezone``."""
    if timezone == "UTC":
        return Moment(_seconds(naive), None)
    zone = literal(timezone)
    moved = f"timezone({zone}, timezone({zone}, {naive})) <> {naive}"
    return Moment(f"CASE WHEN NOT {moved} THEN {_seconds(f'timezone({zone}, {naive})')} END", moved)


def _part(text: str, group: int) -> str:
    return f"regexp_extract({text}, {literal(_PATTERN)}, {group})"


def _iso_with_offset(text: str) -> str:
    """Return the epoch seconds of an ISO time that ends in Z or an offset."""
    naive, zone = _iso_naive(text), _part(text, 3)
    sign = f"(CASE WHEN {zone} LIKE '-%' THEN -1 ELSE 1 END)"
    digits = f"replace({zone}, ':', '')"
    hours, minutes = f"substr({digits}, 2, 2)", f"substr({digits}, 4, 2)"
    offset = (
        f"{sign} * (TRY_CAST({hours} AS INTEGER) * 3600 "
        f"+ coalesce(TRY_CAST({minutes} AS INTEGER), 0) * 60)"
    )
    return (
        f"(CASE WHEN upper({zone}) = 'Z' THEN {_seconds(naive)} "
        f"ELSE {_seconds(naive)} - {offset} END)"
    )


def _iso_naive(text: str) -> str:
    return f"TRY_CAST({_part(text, 1)} || ' ' || {_part(text, 2)} AS TIMESTAMP)"


def _iso_time(text: str, timezone: str) -> Moment:
    zone = _part(text, 3)
    local = _local(_iso_naive(text), timezone)
    # the commonest spellings first: no pattern has to be matched for them
    value = (
        f"CASE WHEN {text} LIKE '____-__-__' THEN {_days(f'TRY_CAST({text} AS DATE)')} * 86400 "
        f"WHEN {text} LIKE '____-__-__T__:__:__Z' "
        f"THEN {_seconds(f'TRY_CAST(left({text}, 19) AS TIMESTAMP)')} "
        f"WHEN regexp_full_match({text}, {literal(_BARE_DAY)}) "
        f"THEN {_days(f'TRY_CAST(trim({text}) AS DATE)')} * 86400 "
        f"WHEN NOT regexp_full_match({text}, {literal(_PATTERN)}) THEN NULL "
        f"WHEN {zone} = '' THEN {local.value} "
        f"ELSE {_iso_with_offset(text)} END"
    )
    in_gap = local.in_gap and f"({zone} = '' AND coalesce({local.in_gap}, FALSE))"
    return Moment(value, in_gap)


def _days(date: str) -> str:
    return f"CAST({date} - {_EPOCH} AS BIGINT)"


def _day_of(seconds: str, timezone: str) -> str:
    """Return the day of a moment in ``timezone``; midnight UTC is a date that was given a time."""
    if timezone == "UTC":
        return f"({seconds} // 86400)"
    moment = f"timezone('UTC', make_timestamp({seconds} * 1000000))"
    local = _days(f"CAST(timezone({literal(timezone)}, {moment}) AS DATE)")
    return f"CASE WHEN {seconds} % 86400 = 0 THEN {seconds} // 86400 ELSE {local} END"


def _says_zone(spelling: str) -> bool:
    """Say whether a strptime format reads an offset, or stands for UTC by a word of its own."""
    words = re.sub("%-?.", " ", spelling)
    return bool(re.search("%[zZ]", spelling) or re.search(r"(?i)\b(z|utc|gmt)\b|[+-]00:?00", words))


def has_clock(spelling: str) -> bool:
    """Say whether a strptime format has a time of day."""
    return any(code in spelling for code in _CLOCK_CODES)


def _numbered(text: str, spelling: str, timezone: str) -> Moment:
    """Return the moment that a number stands for; a spreadsheet's whole day stays on its day."""
    low, high = _PLAUSIBLE[spelling]
    number = f"TRY_CAST(trim({text}) AS DOUBLE)"
    number = f"(CASE WHEN {number} BETWEEN {low} AND {high} THEN {number} END)"
    if spelling != EXCEL:
        per_second = 1000 if spelling == EPOCH_MS else 1
        return Moment(f"CAST(floor({number} / {per_second}) AS BIGINT)", None)
    seconds = f"CAST(round(({number} - {_EXCEL_1970}) * 86400) AS BIGINT)"
    local = _local(f"make_timestamp({seconds} * 1000000)", timezone)
    value = f"CASE WHEN {number} % 1 = 0 THEN {seconds} ELSE {local.value} END"
    return Moment(value, local.in_gap and f"({number} % 1 <> 0 AND {local.in_gap})")


def _spelt(text: str, spelling: str, timezone: str) -> Moment:
    if spelling in _PLAUSIBLE:
        return _numbered(text, spelling, timezone)
    parsed = f"try_strptime(trim({text}), {literal(spelling)})"
    if _says_zone(spelling) or not has_clock(spelling):
        return Moment(_seconds(parsed), None)
    return _local(parsed, timezone)


def time_sql(text: str, timezone: str, formats: tuple[str, ...]) -> Moment:
    """Return the SQL of a text as epoch seconds: the first format that fits, ISO without any."""
    moments = [
        _iso_time(text, timezone) if spelling == ISO else _spelt(text, spelling, timezone)
        for spelling in formats or (ISO,)
    ]
    if len(moments) == 1:
        return moments[0]
    gaps = [f"coalesce({m.in_gap}, FALSE)" for m in moments if m.in_gap]
    value = f"coalesce({', '.join(m.value for m in moments)})"
    return Moment(value, f"({' OR '.join(gaps)})" if gaps else None)


def differing_days(text: str, formats: tuple[str, ...]) -> str | None:
    """Return SQL of the text where two of the formats fit and tell different days; else NULL."""
    spelt = [spelling for spelling in formats if spelling != ISO and spelling not in _PLAUSIBLE]
    if len(spelt) < 2:
        return None
    days = ", ".join(f"try_strptime(trim({text}), {literal(f)})::DATE" for f in spelt)
    return f"CASE WHEN least({days}) <> greatest({days}) THEN left({text}, 40) END"


def exchanged(spelling: str) -> str | None:
    """Return a format with day and month the other way round; None where it has not both."""
    if not (re.search("%-?d", spelling) and re.search("%-?m", spelling)):
        return None
    other = {"d": "m", "m": "d"}
    return re.sub("%(-?)([dm])", lambda found: f"%{found[1]}{other[found[2]]}", spelling)


def date_sql(text: str, timezone: str, formats: tuple[str, ...]) -> str:
    """Return the SQL of a text as a day number: the day written, or that of a moment's zone."""
    days = [_day(text, spelling, timezone) for spelling in formats or (ISO,)]
    return days[0] if len(days) == 1 else f"coalesce({', '.join(days)})"


def _day(text: str, spelling: str, timezone: str) -> str:
    if spelling == ISO:
        return _iso_day(text, timezone)
    if spelling == EXCEL:
        return f"({_numbered(text, EXCEL, 'UTC').value} // 86400)"
    if spelling in _PLAUSIBLE or _says_zone(spelling):
        return _day_of(_spelt(text, spelling, timezone).value, timezone)
    return _days(f"CAST(try_strptime(trim({text}), {literal(spelling)}) AS DATE)")


def _iso_day(text: str, timezone: str) -> str:
    written = f"{_part(text, 3)} = '' OR regexp_full_match({_part(text, 2)}, {literal(_MIDNIGHT)})"
    return (
        f"CASE WHEN {text} LIKE '____-__-__' THEN {_days(f'TRY_CAST({text} AS DATE)')} "
        f"WHEN regexp_full_match({text}, {literal(_BARE_DAY)}) "
        f"THEN {_days(f'TRY_CAST(trim({text}) AS DATE)')} "
        f"WHEN NOT regexp_full_match({text}, {literal(_PATTERN)}) THEN NULL "
        f"WHEN {written} THEN {_days(f'TRY_CAST({_part(text, 1)} AS DATE)')} "
        f"ELSE {_day_of(_iso_with_offset(text), timezone)} END"
    )


def time_from_typed(column: _Typed, timezone: str) -> Moment:
    """Return the SQL of a DATE or TIMESTAMP column as epoch seconds."""
    ref = identifier(column.name)
    finite = f"CASE WHEN isfinite({ref}) THEN {ref} END"
    if column.type == "DATE":
        return Moment(f"{_days(finite)} * 86400", None)
    if column.type.endswith("WITH TIME ZONE"):
        return Moment(_seconds(finite), None)
    return _local(f"CAST({finite} AS TIMESTAMP)", timezone)


def day_from_typed(column: _Typed, timezone: str) -> str:
    """Return the SQL of a DATE or TIMESTAMP column as a day number (with a zone: the local day)."""
    ref = identifier(column.name)
    finite = f"CASE WHEN isfinite({ref}) THEN {ref} END"
    if column.type.endswith("WITH TIME ZONE"):
        return _day_of(_seconds(finite), timezone)
    return _days(f"CAST({finite} AS DATE)")
