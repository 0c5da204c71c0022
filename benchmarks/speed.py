"""What the README says of speed, from the figures of three benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bars import of_features, of_hearing, of_scoring, straightness, table_of
from features.by_hand import NAMES


def told_of_features(told: dict[str, Any]) -> Iterator[str]:
    """Yield the lines about features beside SQL by hand, joins and other libraries."""
    took, weeks = told["took"], told["weeks"]
    many = len(NAMES)
    yield (
        f"**How fast are the features?** {told['accounts']:,} accounts with "
        f"{250 * told['accounts']:,} rows of usage, {20 * told['accounts']:,} tickets and "
        f"{10 * told['accounts']:,} messages on two cores (`python benchmarks/features.py`); "
        f"values equal to those of the others. By hand are {many} features of usage, tickets and "
        "messages (windows, open rows, last rows), a third of the catalogue; waits, silences, "
        "matters and other tables are not among them:\n"
    )
    yield "| features | ours | others |"
    yield "|---|---|---|"
    rows = [
        (f"these {many}, one day", "ours 1", {"SQL by hand": "by_hand 1"}),
        (
            f"the same on {weeks} weekly days",
            f"ours {weeks}",
            {"SQL by hand": f"by_hand {weeks}", "a query per day": f"join {weeks}"},
        ),
        (f"the same on {2 * weeks} weekly days", f"ours {2 * weeks}", {}),
        *(
            (f"all {took[name]['features']} that these tables tell, {days}", name, {})
            for name, days in (
                ("catalogue 1", "one day"),
                (f"catalogue {weeks}", f"{weeks} days, a tenth of the accounts"),
            )
            if name in took
        ),
        (
            f"eight of usage, {weeks} days",
            "ours with_polars",
            {"one join for all days": f"range_join {weeks}", "Polars": "with_polars"},
        ),
        ("the same, a tenth of the accounts", "ours with_pandas", {"pandas": "with_pandas"}),
        (
            "half of them, a hundredth of the accounts",
            "ours with_featuretools",
            {"Featuretools": "with_featuretools"},
        ),
    ]
    for name, ours, others in rows:
        beside = ", ".join(
            f"{who} {took[what]['seconds']:.1f} s"
            for who, what in others.items()
            if "seconds" in took[what]
        )
        yield f"| {name} | {took[ours]['seconds']:.1f} s | {beside} |"
    most = max(t["gigabytes"] for name, t in took.items() if name.startswith("ours "))
    yield (
        f"\nReading the same Parquet files once takes {took['scan']['seconds']:.1f} s. Of one day "
        f"about half a second is planning, whatever the size; of {weeks} days a third is joining "
        f"and writing {told['accounts'] * weeks:,} rows of results, "
        "which is why neither we nor SQL by hand are many times faster than a query per day. "
        f"Memory: {most:.1f} GB at most."
    )


def told_of_scoring(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines about scoring from exports to the list, at growing size."""
    held = rows[-1].get("memory")
    command = "python benchmarks/scoring.py" + (f" --memory {held}" if held else "")
    yield (
        "**How long does a run take?** From Parquet exports to the written list, by a champion, "
        f"texts heard the week before, two cores (`{command}`):\n"
    )
    yield "| accounts | seconds | of processor | GB |"
    yield "|---|---|---|---|"
    for row in rows:
        yield (
            f"| {row['accounts']:,} | {row['seconds']:.0f} | {row['cpu']:.0f} | "
            f"{row['gigabytes']:.1f} |"
        )
    straight, power = straightness(rows)
    yield (
        f"\nTime is a straight line (R² {straight:.4f}; the last step grows by the power "
        f"{power:.2f} of the accounts). Memory is none: it is the engine's and that of the two "
        "processes that judge, and grows ever slower where tables go to files; "
        + (f"the engine was held to {held}" if held else "`--memory` holds the engine to less")
        + ". [As a picture](docs/pictures/scoring.png)."
    )


def told_of_hearing(told: dict[str, Any]) -> Iterator[str]:
    """Yield the lines about texts, beside nltk alone and on several cores."""
    each, seconds = told["a_second"], list(told["seconds"].values())
    yield (
        "**How fast are texts heard?** On one core "
        f"{each['lists and learned']:,.0f} a second, with every category and the tone; nltk's "
        f"VADER, for the tone alone, {each['VADER']:,.0f}; VADER, nltk's tokens and a stem of each "
        f"to look for five words, {each['nltk by hand']:,.0f}. On {told['cores']} cores "
        f"{told['texts']:,} new texts take {seconds[-1]:.0f} s, on one {seconds[0]:.0f} s: "
        f"{seconds[0] / seconds[-1]:.2f} times as fast (`python benchmarks/hearing.py`). A text "
        "that was heard before is not heard again."
    )


def told_of_bars(
    features: dict[str, Any], hearing: dict[str, Any], scoring: list[dict[str, Any]]
) -> Iterator[str]:
    """Yield what was set out to be reached, and what was, from the figures of all three."""
    yield "**What was set out to be reached**, from the figures of these three:\n"
    yield from table_of(
        [
            *of_features(features["took"], features["weeks"]),
            *of_hearing(hearing),
            *of_scoring(scoring),
        ]
    )
    yield (
        "\nWhy features of many days cannot be many times faster than a query per day is told in "
        "decision 66."
    )
