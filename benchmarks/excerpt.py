"""Put the top of a watchlist into the README, between its markers.

python benchmarks/excerpt.py out/watchlist.csv
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- excerpt:start -->", "<!-- excerpt:end -->"
HEADINGS = ("#", "account", "probability", "risk", "if it escalated", "because", "first step")


def excerpt(rows: pd.DataFrame, top: int = 5) -> str:
    """Return the first rows as a Markdown table."""
    lines = [f"| {' | '.join(HEADINGS)} |", f"|{'---|' * len(HEADINGS)}"]
    for row in rows.head(top).to_dict("records"):
        why = "; ".join(row[f"reason_{n}"] for n in (1, 2, 3) if row[f"reason_{n}"])
        cells = (
            row["rank"],
            row["account_name"],
            f"{float(row['escalation_probability']):.0%}",
            row["risk_level"],
            f"{row['suggested_severity']}, tier {row['escalation_tier']}",
            why,
            row["recommended_action"],
        )
        lines.append("| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines)


def main() -> int:
    rows = pd.read_csv(sys.argv[1], dtype=str, keep_default_na=False)
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(START)
    after = rest.split(END)[1]
    README.write_text(f"{before}{START}\n{excerpt(rows)}\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
