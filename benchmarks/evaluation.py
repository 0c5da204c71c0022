"""Put the figures of the other benchmarks into the README, between its markers.

Each benchmark writes its figures as JSON (``--out``); `make evaluate` runs them all and then this.
A benchmark whose data is not on this machine writes nothing, and its figures of before stay.

    python benchmarks/evaluation.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
README, FIGURES = ROOT / "README.md", ROOT / "benchmarks" / "figures"
sys.path[:0] = [str(Path(__file__).parent)]

from made import definitions, kept  # noqa: E402 - it lies beside this file
from noise import below  # noqa: E402 - it lies beside this file
from speed import (  # noqa: E402 - it lies beside this file
    told_of_bars,
    told_of_features,
    told_of_hearing,
    told_of_scoring,
)

START, END = "<!-- figures:start -->", "<!-- figures:end -->"
CALLED = {
    "blend": "blend",
    "logistic": "logistic regression",
    "boosting": "gradient boosting",
    "rules": "rules",
    "tickets_28d": "tickets in 4 weeks",
    "prior": "the same for everybody",
}
OF_THE_DESK = {
    "tickets in 30 days": "tickets in 30 days",
    "rules": "rules",
    "logistic": "logistic regression",
    "boosting": "gradient boosting",
    "blend": "blend",
}


def sections() -> str:
    """Return the Markdown of all figures that there are, and which are of earlier definitions."""
    there = {n: kept(FIGURES / f"{n}.json") for n in PARTS if (FIGURES / f"{n}.json").exists()}
    told = ["\n".join(PARTS[name](figures)) for name, (figures, _) in there.items()]
    if all(name in there for name in OF_SPEED):
        told.append("\n".join(told_of_bars(*(there[name][0] for name in OF_SPEED))))
    made = {name: made for name, (_, made) in there.items()}
    return "\n\n".join([*told, of_what_day(made, definitions())])


def of_what_day(made: dict[str, dict[str, Any]], today: dict[str, str]) -> str:
    """Return in a sentence which figures were made with the definitions of today, and which not.

    ``made`` is what each was made with, ``today`` the fingerprints of features, words and rules.
    """
    new = [name for name, by in made.items() if by["definitions"] == today]
    old: dict[str, list[str]] = {}
    for name, by in made.items():
        if name not in new:
            old.setdefault(by["on"], []).append(f"`{name}`")
    said = "Made with the features, words and rules of today: "
    said += f"{', '.join(f'`{name}`' for name in new) or 'none of these'}."
    if old:
        days = "; ".join(f"{', '.join(names)} on {on}" for on, names in sorted(old.items()))
        said += f" With earlier ones: {days}. Each file in `benchmarks/figures` says with which."
    return said


def with_figures(text: str) -> str:
    """Return the README's text with the figures as they are now."""
    before, rest = text.split(START)
    return f"{before}{START}\n{sections()}\n{END}{rest.split(END)[1]}"


def _sample_company(told: dict[str, Any]) -> Iterator[str]:
    figures, intervals = told["figures"], told["intervals"]
    facts = figures["blend"]
    yield (
        f"**A simulated company** of {told['accounts']:,} accounts and 78 weeks (`python "
        f"benchmarks/sample_company.py --seed 3`; {facts['rows']:,.0f} out-of-time snapshots, "
        f"{facts['prevalence']:.1%} followed by an escalation):\n"
    )
    heads = ("", "AUROC [95%]", "AP [95%]", "Brier", "precision, recall in the first tenth")
    yield from _head(*heads)
    for name, called in CALLED.items():
        row, near = figures[name], intervals[name]
        tenth = f"{row['top_tenth_precision']:.1%}, {row['top_tenth_recall']:.1%}"
        brier = f"{row['brier']:.4f}" if "brier" in row else ""
        ranked = [_near(near[what]) if name != "prior" else "" for what in RANKING]
        yield f"| {called} | {ranked[0]} | {ranked[1]} | {brier} | {tenth} |"
    halves = ("rules", "logistic", "boosting")
    best = max(halves, key=lambda name: figures[name]["average_precision"])
    yield (
        f"\nThe blend's AP less that of its better half ({CALLED[best]}, chosen in hindsight): "
        f"{_more(told['against'][best]['average_precision'])}, paired over accounts."
    )


def _learning_curves(points: list[dict[str, Any]]) -> Iterator[str]:
    sizes = sorted({point["asked"] for point in points})
    natures = list(dict.fromkeys(point["nature"] for point in points))
    at = {(point["nature"], point["asked"]): point for point in points}
    yield (
        f"**How many escalations does it take?** {len(natures)} simulated companies of different "
        "troubles (`python benchmarks/learning_curves.py`): the blend's AP on later months, and in "
        "brackets what it has over its better half, rules or learner, chosen in hindsight:\n"
    )
    yield from _head("escalations known", *(f"{size:,}" for size in sizes))
    for nature in natures:
        cells = [_point(at.get((nature, size))) for size in sizes]
        yield f"| {nature} | {' | '.join(cells)} |"
    differences = [point["less_better_half"] for point in points]
    worse = [points[place] for place in below(differences)]
    named = ", ".join(f"{point['nature']} at {point['escalations']}" for point in worse)
    named = f": {named}" if named else ""
    together = below(differences, looks=len(points))
    mean = sum(one["estimate"] for one in differences) / len(differences)
    yield (
        f"\nTaken one by one, {len(worse) or 'none'} of {len(points)} points lie below the better "
        f"half beyond paired noise (*; 95%, accounts redrawn){named}; where the blend is "
        f"exactly as good, {0.025 * len(points):.1f} would by chance. With the level held over all "
        f"{len(points)} looks together, {len(together) or 'none'} do. On average the blend has "
        f"{mean:+.4f} over its better half. The companies are others than those on which the "
        "weighing was decided (decision 64)."
    )


def _point(point: dict[str, Any] | None) -> str:
    if point is None:
        return ""
    below = " *" if point["less_better_half"]["high"] < 0 else ""
    return f"{point['ap']['blend']:.3f} ({point['less_better_half']['estimate']:+.3f}){below}"


def _verdicts(rows: list[dict[str, Any]]) -> Iterator[str]:
    found, false = (
        sum(row[name]["verdict"] == "signal" for row in rows) for name in ("as it is", "by chance")
    )
    yield (
        f"**Is a signal found where there is one?** In {found} of {len(rows)} small simulated "
        f"companies, and in {false} of {len(rows)} of the same with their escalations given to "
        "other accounts at random (`python benchmarks/verdicts.py`)."
    )


def _peers(told: dict[str, Any]) -> Iterator[str]:
    yield (
        "**Others on the same features and folds** (`python benchmarks/peers.py`, with LightGBM "
        "and FLAML installed):\n"
    )
    heads = ("", "AP", "ours more", "precision at capacity", "ours more", "seconds to fit", "GB")
    yield from _head(*heads)
    for row in told["rows"]:
        ours = [_ours_more(row, what) for what in ("ap", "at")]
        ours = ["", ""] if row["name"] == "blend" else ours
        cells = (f"{row['ap']:.3f}", ours[0], f"{row['precision']:.1%}", ours[1])
        memory = f"{row['peak_gb']:.1f}" if "peak_gb" in row else "not measured"
        yield f"| {row['name']} | {' | '.join(cells)} | {row['seconds']:.0f} | {memory} |"


def _toolkits(told: dict[str, Any]) -> Iterator[str]:
    yield (
        "**Whole churn toolkits on the same company** (`python benchmarks/toolkits.py`): their own "
        f"features and models, the same raw events, days to learn from (every {told['every']} "
        f"weeks, trained {told['cuts']} times) and {told['snapshots']:,} later snapshots, of which "
        f"{told['prevalence']:.1%} were followed by an escalation:\n"
    )
    heads = ("", "AP", "ours more", "precision at capacity", "ours more", "CPU seconds", "GB")
    yield from _head(*heads)
    for row in told["rows"]:
        same = row["name"] == "blend"
        more = ["" if same else _ours_more(row, what) for what in ("ap", "at")]
        cells = (f"{row['ap']:.3f}", more[0], f"{row['precision']:.1%}", more[1])
        cost = f"{row['seconds']:.0f} | {row['peak_gb']:.1f}"
        yield f"| {row['name']} | {' | '.join(cells)} | {cost} |"
    for name, why in told["absent"].items():
        yield f"| {name} | {why.replace('|', ' ')} | | | | | |"


def _servicenow(told: dict[str, Any]) -> Iterator[str]:
    yield (
        "**A real service desk's log** (UCI, 24,918 incidents; `python benchmarks/servicenow.py`), "
        "an account being a caller, trained before May 2016 and tested after; 7 days ahead:\n"
    )
    yield from _head("AUROC [95%], AP", "A: opened at or raised to P1-P2", "C: raised only")
    for name, called in OF_THE_DESK.items():
        cells = [_desk(told[label]["members"][name]) for label in ("a", "c")]
        yield f"| {called} | {' | '.join(cells)} |"
    ahead = [_more(told[label]["blend_less_count"]["auroc"]) for label in ("a", "c")]
    yield f"| blend less tickets in 30 days | {' | '.join(ahead)} |"


def _desk(row: dict[str, Any]) -> str:
    low, high = row["auroc_interval"]
    return f"{row['auroc']:.3f} [{low:.3f}, {high:.3f}], {row['average_precision']:.4f}"


def _opslab(told: dict[str, Any]) -> Iterator[str]:
    yield (
        "**Escalations drawn at random** (a generated company; `python benchmarks/opslab.py`): "
        f"blend {_near(told['intervals']['blend']['auroc'])}, verdict `{told['verdict']}`, as it "
        "should be."
    )


def _head(*names: str) -> Iterator[str]:
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"


def _near(interval: dict[str, float]) -> str:
    return f"{interval['estimate']:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"


def _ours_more(row: dict[str, Any], what: str) -> str:
    low, high = row[f"ours_{what}_low"], row[f"ours_{what}_high"]
    return _more({"estimate": row[f"ours_{what}"], "low": low, "high": high})


def _more(interval: dict[str, float]) -> str:
    return f"{interval['estimate']:+.3f} [{interval['low']:+.3f}, {interval['high']:+.3f}]"


OF_SPEED = ("features", "hearing", "scoring")
RANKING = ("auroc", "average_precision")
PARTS = {
    "sample_company": _sample_company,
    "learning_curves": _learning_curves,
    "verdicts": _verdicts,
    "peers": _peers,
    "toolkits": _toolkits,
    "servicenow": _servicenow,
    "opslab": _opslab,
    "features": told_of_features,
    "hearing": told_of_hearing,
    "scoring": told_of_scoring,
}


def main() -> int:
    README.write_text(with_figures(README.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
