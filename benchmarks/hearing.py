"""How fast texts are heard: by the lists alone, with the learned ear, and by VADER alone.

    python benchmarks/hearing.py [MESSAGES.csv]

Hears the labelled messages (or the column ``text`` of a table), three to a mail, on one core, in
rounds of all three ways, and prints the best round of each.
"""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path

import nltk
from nltk.sentiment.vader import SentimentIntensityAnalyzer

from risk_model.settings import default_folder
from risk_model.text import load_lexicons
from risk_model.text.hearing import Ear
from risk_model.text.sentiment import vader_folder

ROUNDS = 5
MESSAGES = Path(__file__).parents[1] / "tests" / "messages.csv"


def main(messages: Path = MESSAGES) -> None:
    with messages.open(encoding="utf-8", newline="") as lines:
        said = [row["text"] for row in csv.DictReader(lines)]
    mails = ["\n".join(said[at : at + 3]) for at in range(0, len(said), 3)]
    lexicons = load_lexicons(default_folder() / "features" / "lexicons")
    nltk.data.path.append(str(vader_folder()))
    vader = SentimentIntensityAnalyzer(lexicon_file="vader_lexicon.txt")
    ways = {
        "lists": Ear(lexicons.model_copy(update={"learned": None})).hear_each,
        "lists and learned": Ear(lexicons).hear_each,
        "VADER alone": lambda texts: [vader.polarity_scores(text) for text in texts],
    }
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, hear in ways.items():
            started = time.perf_counter()
            hear(mails)
            best[name] = min(best[name], time.perf_counter() - started)
    for name, seconds in best.items():
        ratio = seconds / best["lists"]
        print(
            f"{name:18} {len(mails) / seconds:8,.0f} texts/s, {ratio:.2f} of the time of the lists"
        )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
