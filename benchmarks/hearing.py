"""How fast are texts heard: by the lists, with the learned ear, by nltk alone, on all cores?

    python benchmarks/hearing.py [MESSAGES.csv] [--out benchmarks/figures/hearing.json]

Hears the labelled messages (or the column ``text`` of a table), three to a mail. On one core, in
rounds of all ways, the best round of each counts: our lists, these with the learned ear (what is
shipped), and two ways to do without us. *VADER* gives the tone and nothing else. *nltk by hand* is
what somebody would write to find words of a list: VADER, nltk's tokens, a stem of each, and one set
of words looked up. Then the same mails, many times over with a number in each so that none is
known, on one core and on all of them, processes started within.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nltk
from joblib import cpu_count
from nltk.sentiment.vader import SentimentIntensityAnalyzer
from nltk.stem import SnowballStemmer
from nltk.tokenize import NLTKWordTokenizer

from bars import of_hearing
from made import keep
from risk_model.settings import default_folder
from risk_model.text import hear_all, load_lexicons
from risk_model.text.hearing import Ear
from risk_model.text.sentiment import vader_folder

ROUNDS = 5
MANY = 100_000
MESSAGES = Path(__file__).parents[1] / "tests" / "messages.csv"
Way = Callable[[Sequence[str]], Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("messages", nargs="?", type=Path, default=MESSAGES)
    parser.add_argument("--many", type=int, default=MANY, help="texts to hear on all cores")
    parser.add_argument("--out", type=Path, help="JSON with every figure")
    arguments = parser.parse_args()
    with arguments.messages.open(encoding="utf-8", newline="") as lines:
        said = [row["text"] for row in csv.DictReader(lines)]
    mails = ["\n".join(said[at : at + 3]) for at in range(0, len(said), 3)]
    lexicons = load_lexicons(default_folder() / "features" / "lexicons")
    vader = _vader()
    ways: dict[str, Way] = {
        "lists": Ear(lexicons.model_copy(update={"learned": None})).hear_each,
        "lists and learned": Ear(lexicons).hear_each,
        "VADER": lambda texts: [vader.polarity_scores(text) for text in texts],
        "nltk by hand": _by_hand(vader),
    }
    a_second = {name: len(mails) / seconds for name, seconds in _best(ways, mails).items()}
    ours = a_second["lists and learned"]
    for name, many in a_second.items():
        print(f"{name:18} {many:8,.0f} texts/s, ours takes {many / ours:.2f} of its time")
    cores = cpu_count()
    took = {jobs: _seconds(mails, lexicons, arguments.many, jobs) for jobs in (1, cores)}
    gain = took[1] / took[cores]
    print(f"{arguments.many:,} new texts on {cores} cores: {gain:.2f} times as fast as on 1")
    told = {"a_second": a_second, "texts": arguments.many, "cores": cores, "seconds": took}
    for bar in of_hearing(told):
        print(f"{bar.name}: {' '.join(bar.told)}")
    if arguments.out:
        keep(arguments.out, told)
    return 0


def _best(ways: dict[str, Way], mails: list[str]) -> dict[str, float]:
    """Return the seconds of each way's best round; the rounds alternate."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, hear in ways.items():
            started = time.perf_counter()
            hear(mails)
            best[name] = min(best[name], time.perf_counter() - started)
    return best


def _vader() -> Any:
    nltk.data.path.append(str(vader_folder()))
    return SentimentIntensityAnalyzer(lexicon_file="vader_lexicon.txt")


def _by_hand(vader: Any) -> Way:
    tokens, stemmer = NLTKWordTokenizer(), SnowballStemmer("english")
    words = {stemmer.stem(word) for word in ("cancel", "terminate", "lawyer", "urgent", "refund")}

    def hear(texts: Sequence[str]) -> list[tuple[float, int]]:
        return [
            (
                vader.polarity_scores(text)["compound"],
                sum(stemmer.stem(word) in words for word in tokens.tokenize(text)),
            )
            for text in texts
        ]

    return hear


def _seconds(mails: list[str], lexicons: Any, many: int, jobs: int) -> float:
    texts = [f"{mails[at % len(mails)]}\nOur number is {jobs}-{at}." for at in range(many)]
    started = time.perf_counter()
    hear_all(texts, lexicons, jobs=jobs)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
