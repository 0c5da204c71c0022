"""One raw cell as SQL: its typed value, and the reason why it is refused if it is.

Every expression takes the text of the cell (or, where the engine's type already fits, the typed
cell) and has no state, so that tens of millions of rows stream through one SELECT.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from risk_model.tables import reasons
from risk_model.tables.amounts import amount_doubt, amount_sql
from risk_model.tables.contract import Column
from risk_model.tables.moments import (
    Moment,
    date_sql,
    day_from_typed,
    differing_days,
    time_from_typed,
    time_sql,
)
from risk_model.tables.quoting import identifier, literal

MISSING_TOKENS = ("", "null", "nan", "n/a", "na", "none", "-", "nat", "<na>", "#n/a")
# Of a name: not NA, which is one, and North America.
NAMELESS = ("", "null", "nan", "n/a", "none", "-", "<na>", "#n/a")
YES = ("true", "yes", "1", "t", "y", "1.0")
NO = ("false", "no", "0", "f", "n", "0.0")

_FLOATS = ("FLOAT", "DOUBLE")
_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}
_WHOLE |= {f"U{name}" for name in _WHOLE}
_TEXTS = ("VARCHAR", "ENUM", "JSON", "UUID")
_MOMENTS = ("DATE", "TIMESTAMP")


@dataclass(frozen=True)
class RawColumn:
    """A column as it came: ``name`` in the relation, ``label`` for people, the engine's type.

    ``constant`` is what a mapping says that every row holds, where the relation has no such column.
    """

    name: str
    label: str
    type: str = "VARCHAR"
    constant: str | None = None

    @property
    def family(self) -> str:
        """text, number, flag, moment, or other for what no table can hold."""
        if self.type.endswith("]"):
            return "other"
        if self.type in _WHOLE or self.type in _FLOATS or self.type.startswith("DECIMAL"):
            return "number"
        if self.type == "BOOLEAN":
            return "flag"
        if self.type.startswith(_MOMENTS):
            return "moment"
        return "text" if self.type.startswith(_TEXTS) or self.type == '"NULL"' else "other"


@dataclass(frozen=True)
class Rules:
    """How to read the cells of one table: zone and formats of its times, renamed values.

    ``decimal`` is the sign before the decimals of its numbers, None where nobody has said it.
    """

    timezone: str = "UTC"
    formats: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    decimal: str | None = None
    values: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """SQL of one cell: ``value`` (typed, NULL if missing or bad), ``text`` as it came, ``reason``.

    ``reason`` is NULL for a cell that is fine. It may use the placeholder alias of the value,
    so ``value`` is computed once, in an inner SELECT. ``doubt`` is a word on a cell that is fine
    and may yet mean something else, NULL for most; the doubts of a column are told of together.
    """

    value: str
    text: str
    reason: str | None
    doubt: str | None = None


def text_of(column: RawColumn) -> str:
    """Return SQL for the cell as text; whole floats lose their ``.0`` so that keys still match."""
    ref = identifier(column.name)
    if column.type in _FLOATS:
        whole = f"CAST(CAST({ref} AS HUGEINT) AS VARCHAR)"
        safe = f"isfinite({ref}) AND {ref} = trunc({ref}) AND abs({ref}) < 1e15"
        return f"CASE WHEN {safe} THEN {whole} ELSE CAST({ref} AS VARCHAR) END"
    return ref if column.type == "VARCHAR" else f"CAST({ref} AS VARCHAR)"


def _is_missing(text: str, rules: Rules, tokens: tuple[str, ...] = MISSING_TOKENS) -> str:
    everything = dict.fromkeys([*tokens, *(token.strip().lower() for token in rules.missing)])
    return _among(f"lower(trim({text}))", everything)


def _among(text: str, words: Iterable[str]) -> str:
    """Return a test that stays lazy inside of CASE: IN would be planned as a join over all rows."""
    whens = " ".join(f"WHEN {literal(word)} THEN TRUE" for word in words)
    return f"CASE {text} {whens} ELSE FALSE END"


def _renamed(text: str, renamed: Mapping[str, str | None]) -> str:
    if not renamed:
        return text
    whens = " ".join(
        f"WHEN {literal(theirs.strip())} THEN {literal(ours)}" for theirs, ours in renamed.items()
    )
    return f"CASE trim({text}) {whens} ELSE {text} END"


def cell(column: Column, raw: RawColumn, rules: Rules, value: str) -> Cell:
    """Return the SQL of a contract column read from ``raw``; ``value`` is its alias."""
    if column.kind in ("time", "date"):
        return _moment(column, raw, rules, value)
    if column.kind in ("number", "integer"):
        return _number(column, raw, rules, value)
    text = _renamed(text_of(raw), rules.values.get(column.name, {}))
    if column.kind == "flag" or column.values:
        text = _but_missing(text, rules)
    if column.kind == "flag":
        return _flag(column, raw, text, rules, value)
    if column.values:
        return _category(column, raw, text, rules, value)
    tokens: tuple[str, ...] = MISSING_TOKENS if column.kind == "key" else ("",)
    if column.kind == "text" and raw.type in _FLOATS:
        tokens = ("", "nan")
    if column.is_name:
        tokens = NAMELESS
    missing = f"CASE WHEN {_is_missing(text, rules, tokens)} THEN NULL ELSE {text} END"
    # hardly a cell is short enough to be such a word: look at its length first
    longest = max(len(token) for token in (*tokens, *(t.strip() for t in rules.missing)))
    given = f"CASE WHEN strlen({text}) > {longest} AND {text} > '!' THEN {text} ELSE {missing} END"
    if column.kind == "text":
        # nobody sees a zero byte, and databases choke on it
        given = (
            f"CASE WHEN contains({text}, chr(0)) THEN replace({text}, chr(0), '') ELSE {given} END"
        )
    return Cell(given, text, _needed(column, value))


def _needed(column: Column, value: str) -> str | None:
    if not column.required:
        return None
    missing = f"WHEN {value} IS NULL THEN {literal(reasons.VALUE_MISSING)}"
    if column.kind == "key":
        missing = f"WHEN {value} IS NULL THEN {literal(reasons.KEY_MISSING)}"
        missing += f" WHEN contains({value}, chr(0)) THEN {literal(reasons.ZERO_BYTE)}"
    return f"CASE {missing} END"


def _judged(
    column: Column,
    raw: RawColumn,
    value: str,
    text: str,
    rules: Rules,
    *cases: tuple[str, str],
    absent: str | None = None,
) -> str:
    """Return the reason's SQL: no value though there is text, then ``cases`` on the value."""
    missing = literal(reasons.VALUE_MISSING) if column.required else "NULL"
    (otherwise, unreadable), *others = cases
    formula = (
        f"WHEN trim({text}) SIMILAR TO '#[A-Z0-9/]+[!?]' THEN {literal(reasons.SPREADSHEET_ERROR)}"
    )
    bad = (
        f"CASE WHEN {text} IS NULL OR {_is_missing(text, rules)} THEN {missing} "
        f"{formula} {otherwise} ELSE {literal(unreadable)} END"
    )
    whens = " ".join(f"WHEN {test} THEN {literal(reason)}" for test, reason in others)
    # asked of the cell as it came: writing every number out as text would take the longest of all
    empty = "" if column.required else f"WHEN {identifier(raw.name)} IS NULL THEN NULL "
    return f"CASE {empty}WHEN {absent or f'{value} IS NULL'} THEN {bad} {whens} END"


def _but_missing(text: str, rules: Rules) -> str:
    """Return the text, and none where a mapping says that it stands for a missing value.

    999999 and 9999-12-31 can be read, so they would be a number and a day.
    """
    if not rules.missing:
        return text
    told = _among(f"lower(trim({text}))", [token.strip().lower() for token in rules.missing])
    return f"CASE WHEN {told} THEN NULL ELSE {text} END"


def _where_told(typed: str, text: str, rules: Rules) -> str:
    """Return a typed value, and none where its text is one that stands for a missing value."""
    return f"CASE WHEN {text} IS NOT NULL THEN {typed} END" if rules.missing else typed


def _number(column: Column, raw: RawColumn, rules: Rules, value: str) -> Cell:
    text = _but_missing(_renamed(text_of(raw), rules.values.get(column.name, {})), rules)
    doubt = None
    if raw.family == "number" and column.name not in rules.values:
        number = _where_told(f"CAST({identifier(raw.name)} AS DOUBLE)", text, rules)
    else:
        number = amount_sql(text, rules.decimal)
        # counts, of which there may be hundreds of millions, are hardly ever written so
        doubt = amount_doubt(text, rules.decimal) if column.is_money else None
    outside = reasons.out_of_range(column.low, column.high)
    cases = [("", reasons.not_a_number(rules.decimal))]
    if column.low is not None:
        cases.append((f"{value} < {column.low}", outside))
    if column.high is not None:
        cases.append((f"{value} > {column.high}", outside))
    else:
        # nothing that is counted or paid; a few of them would be more than a number holds
        cases.append((f"abs({value}) > {reasons.LARGEST}", reasons.TOO_LARGE))
    if column.kind == "integer":
        cases.append((f"{value} <> trunc({value})", reasons.NOT_WHOLE))
    # nan and infinity cast well; they are judged here and left out where the value is taken over
    judged = _judged(
        column, raw, value, text, rules, *cases, absent=f"NOT coalesce(isfinite({value}), FALSE)"
    )
    return Cell(number, text, judged, doubt)


def _flag(column: Column, raw: RawColumn, text: str, rules: Rules, value: str) -> Cell:
    lowered = f"lower(trim({text}))"
    flag = f"CASE WHEN {_among(lowered, YES)} THEN TRUE WHEN {_among(lowered, NO)} THEN FALSE END"
    return Cell(flag, text, _judged(column, raw, value, text, rules, ("", reasons.NOT_YES_OR_NO)))


def _category(column: Column, raw: RawColumn, text: str, rules: Rules, value: str) -> Cell:
    whens = " ".join(f"WHEN {literal(v.lower())} THEN {literal(v)}" for v in column.values)
    unknown = reasons.not_one_of(column.values)
    found = f"CASE lower(trim({text})) {whens} END"
    return Cell(found, text, _judged(column, raw, value, text, rules, ("", unknown)))


def _moment(column: Column, raw: RawColumn, rules: Rules, value: str) -> Cell:
    text = _but_missing(text_of(raw), rules)
    typed = raw.family == "moment"
    if column.kind == "date":
        day = (
            day_from_typed(raw, rules.timezone)
            if typed
            else date_sql(text, rules.timezone, rules.formats)
        )
        moment = Moment(_where_told(day, text, rules) if typed else day, None)
    elif typed:
        moment = time_from_typed(raw, rules.timezone)
        moment = Moment(_where_told(moment.value, text, rules), moment.in_gap)
    else:
        moment = time_sql(text, rules.timezone, rules.formats)
    low, high = (7305, 47847) if column.kind == "date" else (7305 * 86400, 47847 * 86400)
    otherwise = "" if typed else _numbers_for_times(text)
    if moment.in_gap:
        otherwise += f" WHEN {moment.in_gap} THEN {literal(reasons.NO_SUCH_LOCAL_TIME)}"
    cases = [
        (otherwise, reasons.NOT_A_TIME),
        (f"{value} < {low} OR {value} >= {high}", reasons.IMPLAUSIBLE_YEAR),
    ]
    doubt = None if typed else differing_days(text, rules.formats)
    return Cell(moment.value, text, _judged(column, raw, value, text, rules, *cases), doubt)


def _numbers_for_times(text: str) -> str:
    """Return cases for what spreadsheets and programs write instead of a time: plain numbers."""
    day, clock = literal(r"\d{5}(\.\d+)?"), literal(r"\d{10}(\d{3})?(\.\d+)?")
    return (
        f"WHEN regexp_full_match(trim({text}), {day}) THEN {literal(reasons.SPREADSHEET_DAY)} "
        f"WHEN regexp_full_match(trim({text}), {clock}) THEN {literal(reasons.EPOCH_NUMBER)}"
    )
