"""Numbers as exports spell them: which sign stands before the decimals, which before thousands.

Told nothing, a dot is the decimal sign and nothing else is read. ``22.600`` may then be a thousand
times too small, so a column in which every dot could be one of thousands is told of.
"""

from __future__ import annotations

from risk_model.tables.quoting import literal

CURRENCY = "[A-Z]{3}|[€$£¥]"
# Between thousands: the other of the two signs, an apostrophe, spaces (plain, no-break, narrow).
_SPACES = " \u00a0\u202f"
_THOUSANDS = r"-?[1-9]\d{0,2}\.\d{3}"


def amount_sql(text: str, decimal: str | None) -> str:
    """Return the SQL of a text as a number, NULL where it is none by the decimal sign said."""
    if decimal is None:
        # the engine takes 1_000 for a thousand; a company that writes so means something else
        return f"CASE WHEN NOT contains({text}, '_') THEN TRY_CAST({text} AS DOUBLE) END"
    between = f"[{'.' if decimal == ',' else ','}'{_SPACES}]"
    whole = rf"\d{{1,3}}(?:{between}\d{{3}})+|\d+"
    number = rf"([+-]?(?:{whole})(?:\{decimal}\d+)?(?:[eE][+-]?\d+)?)"
    space = f"[{_SPACES}]*"
    pattern = f"{space}(?:{CURRENCY})?{space}{number}{space}(?:{CURRENCY})?{space}"
    found = f"regexp_extract({text}, {literal(f'^{pattern}$')}, 1)"
    bare = f"regexp_replace({found}, {literal(between)}, '', 'g')"
    return f"TRY_CAST(replace({bare}, {literal(decimal)}, '.') AS DOUBLE)"


def amount_doubt(text: str, decimal: str | None) -> str:
    """Return the SQL of what makes a number doubtful: its kind of dot, or its currency."""
    if decimal is not None:
        return f"nullif(regexp_extract({text}, {literal(CURRENCY)}), '')"
    kind = f"CASE WHEN regexp_full_match(trim({text}), {literal(_THOUSANDS)}) THEN 'thousands' "
    return f"CASE WHEN contains({text}, '.') THEN {kind} ELSE 'decimals' END END"
