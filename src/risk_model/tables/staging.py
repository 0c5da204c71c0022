"""The one SELECT that casts and judges every cell of a table, and says when each row is known."""

# ruff: noqa: S608 - names and values are written into SQL by quoting.py only

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from risk_model.tables import reasons
from risk_model.tables.casting import Cell, RawColumn, cell
from risk_model.tables.contract import SURVEY_RANGES, Column, Kind, Table
from risk_model.tables.quoting import identifier, literal
from risk_model.tables.raw import RECORDED, ROW, RawTable
from risk_model.timeline import DAY

SINCE_EVER = -4_000_000_000
"""Epoch second from which a row without a time is known: long before everything."""
KNOWN = "known__"
DOUBT = "doubt__"
"""Before the name of a column: words on its cells that may mean something else than was read."""
OF_ROW = (ROW, RECORDED)
"""What tells of a whole row from when it is known."""

SQL_TYPES: dict[Kind, str] = {
    "key": "VARCHAR",
    "text": "VARCHAR",
    "category": "VARCHAR",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "flag": "BOOLEAN",
    "time": "BIGINT",
    "date": "INTEGER",
}


@dataclass(frozen=True)
class _Judged:
    """A cell in the SELECT: its alias, its contract column, how it is called over there."""

    alias: str
    column: Column
    raw: RawColumn
    cell: Cell

    @property
    def problem(self) -> str | None:
        if self.cell.reason is None:
            return None
        # never a message's text, only what can be put right
        text = "NULL" if self.column.kind == "text" else self.cell.text
        return _problem(self.cell.reason, self.raw.label, text)


def _problem(reason: str, label: str, text: str) -> str:
    shown = f"left({text}, 60)" if text != "NULL" else "CAST(NULL AS VARCHAR)"
    return f"{{'reason': {reason}, 'label': {literal(label)}, 'value': {shown}}}"


def staging_select(raw: RawTable, relation: str) -> str:
    """Return the SELECT of all contract columns, ``row_known``, ``known__…`` and ``problems``.

    ``problems`` is NULL for a row that is fine, else a list of (reason, label, value). Beside it
    stands a column ``doubt__…`` for each that ``doubtful`` names.
    """
    judged = _cells(raw)
    outputs = [*_outputs(raw, judged), f"{_problems(raw, judged)} AS problems"]
    outputs += [
        f"{j.cell.doubt} AS {identifier(DOUBT + j.column.name)}" for j in judged if j.cell.doubt
    ]
    return f"SELECT {', '.join(outputs)} FROM ({_understood(raw, judged, relation)})"


def doubtful(raw: RawTable) -> dict[str, RawColumn]:
    """Return the columns whose cells may mean something else than was read, as they came."""
    return {j.column.name: j.raw for j in _cells(raw) if j.cell.doubt}


def typed_select(raw: RawTable, relation: str) -> str:
    """Return the same SELECT without ``problems``, for a relation in which there are none."""
    judged = _cells(raw)
    outputs = ", ".join(_outputs(raw, judged))
    return f"SELECT {outputs} FROM ({_understood(raw, judged, relation)})"


def _understood(raw: RawTable, judged: Sequence[_Judged], relation: str) -> str:
    """Return the SELECT of the cells as they came, and as they are understood."""
    given = ", ".join(f"{_taken(column)} AS r{i}" for i, column in enumerate(_raw_columns(raw)))
    values = ", ".join(f"{j.cell.value} AS {j.alias}" for j in judged)
    return f"SELECT *, {values} FROM (SELECT {given} FROM {relation})"


def _taken(column: RawColumn) -> str:
    return identifier(column.name) if column.constant is None else literal(column.constant)


def _outputs(raw: RawTable, judged: Sequence[_Judged]) -> list[str]:
    alias = {j.column.name: j.alias for j in judged}
    outputs = [_typed(column, alias.get(column.name)) for column in raw.table.columns]
    outputs.append(f"{_row_known(raw.table, alias)} AS row_known")
    return outputs + [
        f"CAST({alias[KNOWN + name]} AS BIGINT) AS {identifier(KNOWN + name)}"
        for name in raw.known_at
        if name not in OF_ROW
    ]


def _raw_columns(raw: RawTable) -> list[RawColumn]:
    return [*raw.columns.values(), *raw.known_at.values()]


def _cells(raw: RawTable) -> list[_Judged]:
    wanted = [raw.table.by_name[name] for name in raw.columns]
    wanted += [Column(KNOWN + name, "time", required=name == ROW) for name in raw.known_at]
    return [
        _Judged(
            f"v{i}", column, given, cell(column, replace(given, name=f"r{i}"), raw.rules, f"v{i}")
        )
        for i, (column, given) in enumerate(zip(wanted, _raw_columns(raw), strict=True))
    ]


def _typed(column: Column, alias: str | None) -> str:
    kind = SQL_TYPES[column.kind]
    if alias and kind in ("DOUBLE", "BIGINT") and column.kind != "time":
        alias = f"CASE WHEN isfinite({alias}) THEN {alias} END"
    return f"TRY_CAST({alias or 'NULL'} AS {kind}) AS {identifier(column.name)}"


def natural_time(table: Table) -> str:
    """Return SQL over the typed table: the epoch second of a row's own time."""
    return _own_time(table, {column: identifier(column) for column in table.row_known_at})


def _own_time(table: Table, alias: dict[str, str]) -> str:
    terms = []
    for name in table.row_known_at:
        if name not in alias:
            continue
        if table.by_name[name].kind == "date":
            end = DAY - 1 if table.whole_day else 0
            terms.append(f"(CAST({alias[name]} AS BIGINT) * {DAY} + {end})")
        else:
            terms.append(alias[name])
    return f"CAST(coalesce({', '.join([*terms, str(SINCE_EVER)])}) AS BIGINT)"


def _row_known(table: Table, alias: dict[str, str]) -> str:
    own = _own_time(table, alias)
    later = [alias[KNOWN + name] for name in OF_ROW if KNOWN + name in alias]
    times = ", ".join(f"coalesce({time}, {SINCE_EVER})" for time in later)
    return f"CAST(greatest({own}, {times}) AS BIGINT)" if later else own


def _problems(raw: RawTable, judged: Sequence[_Judged]) -> str:
    tests = [j.cell.reason for j in judged if j.cell.reason]
    entries = [j.problem for j in judged if j.problem]
    by_name = {j.column.name: j for j in judged}
    for test, reason, blamed in _row_rules(raw.table, by_name):
        case = f"CASE WHEN {test} THEN {literal(reason)} END"
        tests.append(case)
        label, text = (blamed.raw.label, blamed.cell.text) if blamed else ("", "NULL")
        entries.append(_problem(case, label, text))
    wrong = " OR ".join(f"({test}) IS NOT NULL" for test in tests)
    listed = f"list_filter([{', '.join(entries)}], lambda x: x.reason IS NOT NULL)"
    return f"CASE WHEN {wrong} THEN {listed} END"


def _row_rules(table: Table, by_name: dict[str, _Judged]) -> list[tuple[str, str, _Judged | None]]:
    """Return (test, reason, the cell to blame) for what only several cells together can tell."""
    rules: list[tuple[str, str, _Judged | None]] = []
    for begin, end in table.orders:
        if begin in by_name and end in by_name:
            test = f"{by_name[end].alias} < {by_name[begin].alias}"
            rules.append((test, reasons.ENDS_BEFORE, by_name[end]))
    if table.name == "surveys" and "score" in by_name:
        kind, score = by_name["kind"].alias, by_name["score"]
        for name, (low, high) in SURVEY_RANGES.items():
            outside = f"{score.alias} NOT BETWEEN {low} AND {high}"
            # a score that no kind can have is already refused by its own range
            inside = f"{score.alias} BETWEEN {score.column.low} AND {score.column.high}"
            test = f"{kind} = {literal(name)} AND {outside} AND {inside}"
            rules.append((test, reasons.out_of_range(low, high), score))
    if not table.known_since_ever and not any(
        table.by_name[n].required for n in table.row_known_at
    ):
        times = [by_name[name].alias for name in table.row_known_at if name in by_name]
        empty = " AND ".join(f"{time} IS NULL" for time in times) or "TRUE"
        rules.append((empty, reasons.NO_TIME, None))
    return rules
