"""What the page says of the list as a whole: figures, load, what many share, how fresh it is."""

from __future__ import annotations

import pandas as pd

from risk_model.page.content import Content

MANY = 3


def tiles(content: Content) -> list[tuple[str, str, str]]:
    """Return (label, figure, note) for the figures at the top."""
    ranked, counts = content.ranked, content.run.get("counts", {})
    levels = ranked["risk_level"].value_counts()
    change = ranked["change"].value_counts()
    silent = int((ranked["state"] == "silent").sum())
    is_first = bool((ranked["change"] == "new").all())
    moved = ", ".join(str(change.get(name, 0)) for name in ("new", "up", "down"))
    expected = ranked["escalation_probability"].sum()
    calibrated = bool(content.run.get("calibrated"))
    return [
        ("At high risk", f"{levels.get('High', 0)}", f"of {len(ranked)} accounts on the list"),
        (
            "Expected escalations",
            f"{expected:.0f}" if calibrated else "unknown",
            f"in the next {content.run.get('horizon_days', '')} days"
            if calibrated
            else "scores by the rules are no probabilities",
        ),
        _arr_at_risk(ranked["arr_at_risk"], "probability" if calibrated else "score"),
        (
            "New, up, down",
            "first list" if is_first else moved,
            "none to compare with" if is_first else "since the last list",
        ),
        _silent(content, silent),
        ("Escalated already", f"{counts.get('escalated', len(content.escalated))}", "see below")
        if content.records("escalations")
        else ("Escalated already", "unknown", "escalations are not recorded"),
    ]


def _silent(content: Content, silent: int) -> tuple[str, str, str]:
    """Return the tile of silent leavers; who can't be heard is not known to be silent."""
    gone = [table for table in ("messages", "tickets") if not content.records(table)]
    if len(gone) == 2:
        return "Silent", "unknown", "neither messages nor tickets are recorded"
    told = f"; {gone[0]} are not recorded" if gone else ", never complaining"
    return "Silent", f"{silent}", f"disengaged{told}"


def _arr_at_risk(arr: pd.Series[float], said: str) -> tuple[str, str, str]:
    """Return the tile of ARR at risk; what nobody knows is unknown and not 0."""
    known = int(arr.notna().sum())
    if not known:
        return "ARR at risk", "unknown", "no ARR is known"
    of = (
        "all accounts"
        if known == len(arr)
        else f"{known} of {len(arr)} accounts, whose ARR is known"
    )
    return "ARR at risk", f"{arr.sum():,.0f}", f"{said} × ARR, {of}"


def load_rows(content: Content) -> list[tuple[str, int, str]]:
    """Return (CSM, accounts at high risk, sentence), the heaviest load first."""
    high = content.ranked[content.ranked["risk_level"] == "High"]
    by_csm = high.groupby(high["csm"].fillna("no CSM")).agg(
        accounts=("account_id", "size"), arr=("arr_at_risk", lambda arr: arr.sum(min_count=1))
    )
    by_csm = by_csm.sort_values(["accounts", "arr"], ascending=False)
    return [
        (
            str(name),
            int(row["accounts"]),
            f"{int(row['accounts'])} at high risk, {_money(row['arr'])} ARR at risk",
        )
        for name, row in by_csm.iterrows()
    ]


def _money(value: float) -> str:
    return "unknown" if pd.isna(value) else f"{value:,.0f}"


def standing_out(content: Content) -> list[str]:
    """Return sentences about what many accounts on the list share, the widest first."""
    told = [*_causes(content.ranked), *_rules(content.ranked)]
    return told or ["Nothing is shared by three accounts or more."]


def _causes(ranked: pd.DataFrame) -> list[str]:
    high = ranked[ranked["risk_level"] == "High"]
    count = high["likely_cause"].dropna().value_counts()
    return [
        f"{cause}: the likely cause at {n} of {len(high)} accounts at high risk"
        for cause, n in count.items()
        if n >= MANY
    ]


def _rules(ranked: pd.DataFrame) -> list[str]:
    # a column of which every cell is empty is read as one of figures
    fired = ranked["rules_fired"].dropna().astype("str").str.split(";").explode()
    count = fired[fired != ""].value_counts().head(6)
    return [f"{rule} fires at {n} accounts" for rule, n in count.items() if n >= MANY]


def freshness_rows(content: Content) -> list[tuple[str, int, int, str, str]]:
    """Return (table, rows kept, rows refused, last day, what that means)."""
    rows = []
    for name, told in content.run.get("tables", {}).items():
        age = told.get("age_days")
        said = "stopped: not measured" if told.get("stopped") else ""
        if not said and age is not None:
            said = "fresh" if age <= 2 else f"{age} days old"
        rows.append((name, told["kept"], told["refused"], str(told.get("last_day") or ""), said))
    return rows
