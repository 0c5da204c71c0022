"""Legal steps that were taken, and business that stands still: heard by lists alone.

Each message of ``messages_listed.csv`` is asked one thing. Those of the first wave were there when
the lists grew. Those of the second were written by somebody who knew neither the lists nor the
first; as first measured, legal steps were heard in them with a precision of 0.89 and a recall of
0.60, business that stands still with 0.75 and 0.15. A few phrases were added after that.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from risk_model.text import hear, load_lexicons

ROOT = Path(__file__).parents[1]
LEXICONS = load_lexicons(ROOT / "features" / "lexicons")
ASKED = pd.read_csv(ROOT / "tests" / "messages_listed.csv")


def tells(text: str, asked: str) -> bool:
    """Say whether the rules take a text for one, as ``messages.yaml`` counts them."""
    heard = hear(text, LEXICONS)
    if asked == "stopped":
        return bool(heard["outage"] and heard["stopped"])
    return bool(heard["legal_step"] or (heard["legal"] and not heard["legal_talk"]))


@pytest.mark.parametrize(
    ("asked", "wave", "least_precision", "least_recall"),
    [
        ("legal_step", "first", 0.9, 0.85),
        ("legal_step", "second", 0.9, 0.7),
        ("stopped", "first", 0.9, 0.75),
        # Whoever writes so has said that something is down: that alone is SEV-2.
        ("stopped", "second", 0.85, 0.2),
    ],
)
def test_a_hit_is_nearly_always_one(
    asked: str, wave: str, least_precision: float, least_recall: float
) -> None:
    rows = ASKED[(ASKED["asked"] == asked) & (ASKED["wave"] == wave)]
    heard = rows["text"].map(lambda text: tells(text, asked))
    hits = int((heard & (rows["is_one"] == 1)).sum())
    precision, recall = hits / heard.sum(), hits / rows["is_one"].sum()
    print(f"{asked}, {wave}: precision {precision:.2f}, recall {recall:.2f}, {len(rows)} messages")
    assert precision >= least_precision
    assert recall >= least_recall


@pytest.mark.parametrize(
    "text",
    [
        "If this goes on we will instruct our lawyers.",
        "We will take legal action.",
        "You are in breach of contract.",
        "Our legal team is reviewing the renewal contract.",
        "Do not make us hand this over to our lawyers.",
        "We have not instructed lawyers.",
        "Under clause 7 you are liable for damages.",
        "We hired a new general counsel.",
        "Our previous vendor was sued for this.",
        "Unless this is fixed by Friday, the matter will be handed to our lawyers.",
    ],
)
def test_who_speaks_of_lawyers_has_not_sent_them(text: str) -> None:
    assert not tells(text, "legal_step")


@pytest.mark.parametrize(
    "text",
    [
        "The sync is fourteen hours late.",
        "The sync is delayed by 15 hours.",
        "The integration is broken.",
        "Our integration with SAP is broken.",
        "The feed has been delayed for over 24 hours.",
    ],
)
def test_a_sync_of_half_a_day_and_a_broken_integration_are_something_down(text: str) -> None:
    assert hear(text, LEXICONS)["outage"]


@pytest.mark.parametrize(
    "text",
    ["The sync is 2 hours late.", "The sync was 14 hours late, it is fixed now, thank you."],
)
def test_a_short_delay_or_one_that_is_over_is_nothing_down(text: str) -> None:
    assert not hear(text, LEXICONS)["outage"]
