"""From content to one HTML file: the rows as a table, everything else as data for the script.

Nothing of the data is ever markup: what stands in the table is escaped, what the script shows it
sets as text. The page's own rules let it load nothing and run only its own script.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape
from importlib.resources import files
from typing import Any

from risk_model.page.content import Content
from risk_model.page.summary import freshness_rows, load_rows, standing_out, tiles
from risk_model.percent import percent

CHANGES = {"new": "new", "up": "up", "down": "down", "same": "same"}


def render(content: Content, title: str = "Watchlist") -> str:
    """Return the page as a text; the same content gives the same text."""
    style, script = _asset("page.css"), _asset("page.js")
    rows, run = content.rows(), content.run
    data = {
        "rows": rows,
        "weeks": max((table.shape[1] for table in content.series.values()), default=0),
        "calibrated": bool(run.get("calibrated")),
        "horizon": run.get("horizon_days"),
    }
    parts = {
        "title": escape(f"{title} as of {run.get('as_of', '')}"),
        "policy": escape(_policy(style, script), quote=True),
        "style": style,
        "script": script,
        "data": _as_data(data),
        "as_of": escape(str(run.get("as_of", ""))),
        "horizon": escape(str(run.get("horizon_days", ""))),
        "said": escape("probability" if run.get("calibrated") else "score"),
        "Said": "Probability" if run.get("calibrated") else "Score",
        "tiles": "".join(_tile(*one) for one in tiles(content)),
        "filters": _filters(rows),
        "rows": "".join(_row(row) for row in rows),
        "escalated": _escalated(content),
        "load": _bars(load_rows(content)),
        "themes": _themes(content),
        "freshness": _freshness(content),
        "notes": "".join(f"<li>{escape(str(note))}</li>" for note in _notes(content)),
        "made": escape(f"Made {run.get('made_at', '')} by {run.get('scored_by', '')}"),
    }
    # In one go over the template, so that nothing in the data can stand for a place of it.
    pieces = re.split(r"{{(\w+)}}", _asset("page.html"))
    return "".join(parts[piece] if n % 2 else piece for n, piece in enumerate(pieces))


def _notes(content: Content) -> list[str]:
    left = content.left_out
    said = [f"{left:,} accounts further down stand in the CSV only"] if left else []
    return [*content.run.get("notes", ()), *said]


def _asset(name: str) -> str:
    return files("risk_model.page").joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    def of(text: str) -> str:
        digest = hashlib.sha256(text.encode("utf-8")).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"

    return (
        f"default-src 'none'; style-src {of(style)}; script-src {of(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _as_data(data: Any) -> str:
    """Return JSON that cannot end the script element that it stands in."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _tile(label: str, figure: str, note: str) -> str:
    return (
        f'<div class="tile"><dt>{escape(label)}</dt><dd>{escape(figure)}'
        f"<small>{escape(note)}</small></dd></div>"
    )


def _filters(rows: list[dict[str, Any]]) -> str:
    asked = (
        ("risk_level", "Risk", ("High", "Medium", "Low")),
        ("csm", "CSM", None),
        ("segment", "Segment", None),
        ("suggested_severity", "Severity", None),
        ("likely_cause", "Cause", None),
        ("state", "State", None),
        ("change", "Change", None),
    )
    return "".join(_select(name, label, rows, fixed) for name, label, fixed in asked)


def _select(
    name: str, label: str, rows: list[dict[str, Any]], fixed: tuple[str, ...] | None
) -> str:
    there = {str(row[name]) for row in rows if row.get(name) is not None}
    values = [value for value in fixed or sorted(there) if value in there]
    if len(values) < 2:
        return ""
    options = "".join(
        f'<option value="{escape(v, quote=True)}">{escape(v)}</option>' for v in values
    )
    return (
        f'<label>{escape(label)} <select data-filter="{name}">'
        f'<option value="">all</option>{options}</select></label>'
    )


def _row(row: dict[str, Any]) -> str:
    name = row["account_name"] or row["account_id"]
    change = CHANGES.get(str(row["change"]), "")
    level = str(row["risk_level"])
    cells = [
        f'<td class="num">{row["rank"]}</td>',
        f'<td><span class="change {change}">{change}</span></td>',
        f'<th scope="row"><button type="button" class="open" aria-expanded="false">'
        f"{escape(str(name))}</button><small>{escape(_who(row))}</small></th>",
        f'<td class="num">{_money(row["arr"])}</td>',
        f'<td class="num p">{_percent(row["escalation_probability"])}</td>',
        f'<td><span class="level {level.lower()}">{escape(level)}</span></td>',
        f"<td>{escape(str(row['suggested_severity']))}"
        f"<small>tier {row['escalation_tier']}</small></td>",
        f"<td>{escape(str(row['reason_1'] or ''))}</td>",
        f"<td>{escape(str(row['recommended_action'] or ''))}</td>",
    ]
    return f'<tr data-row="{int(row["rank"]) - 1}">{"".join(cells)}</tr>\n'


def _who(row: dict[str, Any]) -> str:
    """Return the account's id and its CSM: a name may be that of several accounts."""
    return f"{row['account_id']}, {row['csm'] or 'no CSM'}"


def _escalated(content: Content) -> str:
    rows = content.escalated_rows()
    if not rows:
        told = "No account is escalated."
        if not content.records("escalations"):
            told = "Escalations are not recorded, so who is escalated is not known."
        return f"<p>{told}</p>"
    body = "".join(
        "<tr>"
        f'<th scope="row">{escape(str(row["account_name"] or row["account_id"]))}'
        f"<small>{escape(str(row['account_id']))}, {escape(str(row['escalation_id']))}</small></th>"
        f"<td>{escape(str(row['csm'] or ''))}</td>"
        f"<td>{escape(str(row['suggested_severity']))}</td>"
        f'<td class="num">{row["days_open"]}</td>'
        f"<td>{_yes(row['acknowledge_overdue'], 'not acknowledged in time')}</td>"
        f"<td>{escape(str(row['next_update_due'] or ''))}</td>"
        f"<td>{escape(str(row['sponsor_due'] or ''))}</td>"
        f"<td>{_yes(row['overdue'], 'overdue')}</td></tr>"
        for row in rows
    )
    heads = (
        "account",
        "CSM",
        "severity",
        "days open",
        "acknowledged",
        "next update",
        "sponsor",
        "",
    )
    head = "".join(f'<th scope="col">{h}</th>' for h in heads)
    return f'<table class="plain"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _yes(value: Any, said: str) -> str:
    return f'<span class="level high">{said}</span>' if str(value) == "True" else ""


def _bars(rows: list[tuple[str, int, str]]) -> str:
    most = max((figure for _, figure, _ in rows), default=1)
    return "".join(
        f'<li><span class="who">{escape(name)}</span>'
        f'<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{100 * figure / most:.1f}" height="8"/></svg>'
        f'<span class="figure">{escape(said)}</span></li>'
        for name, figure, said in rows
    )


def _themes(content: Content) -> str:
    return "".join(f"<li>{escape(line)}</li>" for line in standing_out(content))


def _freshness(content: Content) -> str:
    return "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="num">{kept:,}</td>'
        f'<td class="num">{refused:,}</td><td>{escape(last)}</td><td>{escape(said)}</td></tr>'
        for name, kept, refused, last, said in freshness_rows(content)
    )


def _money(value: Any) -> str:
    return "" if value is None else f"{float(value):,.0f}"


def _percent(value: Any) -> str:
    return "" if value is None else percent(float(value))
