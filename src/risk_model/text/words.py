"""From characters to word stems: the one tokenizer for messages and for lexicon phrases.

A message becomes a row of tokens: stems, ``,`` for a pause, ``?`` for a question mark and a line
feed for the end of a sentence; ``patterns`` makes a letter of each. Contractions are written out,
so that "won't" and "will not" are the same two words to a phrase.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

END = "\n"
PAUSE = ","
QUESTION = "?"

# A word with its apostrophes; the end of a sentence; a blank line or a list item; a pause.
_TOKEN = re.compile(
    r"[^\W_]+(?:'[^\W_]+)*"
    r"|[.!?;…]+(?=[\s\"')\]]|$)|\?+"
    r"|\n[ \t]*(?:\n|[-*•] |\d{1,2}[.)] )\s*"
    r"|[,:()]|(?<=\s)[-–—]+(?=\s)|—|%"
)


def word_set(words: str) -> frozenset[str]:
    """Return the words of a list written with spaces."""
    return frozenset(words.split())


_APOSTROPHES = str.maketrans("’‘ʼ`´", "'''''")

_WRITTEN_OUT: dict[str, tuple[str, ...]] = {
    "won't": ("will", "not"),
    "can't": ("can", "not"),
    "cannot": ("can", "not"),
    "shan't": ("will", "not"),
    "ain't": ("is", "not"),
    "let's": ("let", "us"),
    "gonna": ("going", "to"),
    "wanna": ("want", "to"),
    "gotta": ("got", "to"),
    "im": ("i", "am"),
    "ive": ("i", "have"),
    "weve": ("we", "have"),
    "youve": ("you", "have"),
    "wont": ("will", "not"),
    "cant": ("can", "not"),
    "%": ("percent",),
}
_WRITTEN_OUT |= {
    f"{verb}nt": (verb, "not")
    for verb in (
        *("do", "does", "did", "is", "are", "was", "were", "have", "has", "had"),
        *("would", "could", "should"),
    )
}
_ENDINGS = {"'m": "am", "'re": "are", "'ve": "have", "'ll": "will", "'d": "would"}
_IS_CONTRACTED = word_set("it that there here what who where how he she this everything")

# Irregular forms that no stemmer joins. "told" stays apart: "we were told" is not "we tell".
_IRREGULAR = {
    form: base
    for base, forms in {
        "be": "am is are was were been being",
        "have": "has had having",
        "do": "does did done doing",
        "go": "goes went gone",
        "get": "got gotten",
        "leave": "left leaving leaves",
        "lose": "lost losing loses",
        "pay": "paid",
        "break": "broke broken",
        "send": "sent",
        "find": "found",
        "feel": "felt",
        "keep": "kept",
        "make": "made making",
        "give": "gave given giving",
        "take": "took taken taking",
        "see": "saw seen",
        "say": "said",
        "come": "came coming",
        "hear": "heard",
        "sue": "suing sued sues",
        "freeze": "froze frozen",
        "steal": "stole stolen",
        "drop": "dropped dropping",
        "customer": "customers",
        "business": "businesses",
        "impression": "impressions",
        "manager": "managers",
        "application": "applications",
        "authority": "authorities",
        "responsibility": "responsibilities",
    }.items()
    for form in forms.split()
}


# The stemmer would join these with words of another meaning: important with import, pleased with
# please, hardly with hard, responsible with response, product with production.
_WHOLE = word_set("""
    accountable affection application authority business busy certificate competence competent
    content contents costly critic criticise criticism criticize custom customer hardly ignorant
    importance important impression indexation integrity lately likely lively management manager
    missing news personal personally pleased pleasing positive positively present production
    productivity promising publicity responsibility responsible responsive several severe shortly
    useful wonderful wonderfully
""")


@dataclass(frozen=True)
class Token:
    """One word as it was written: its place in the text, and the words it stands for."""

    start: int
    stop: int
    words: tuple[str, ...]


def normal(text: str) -> str:
    """Return the text in lower case with straight apostrophes; positions may move by case only."""
    return text.translate(_APOSTROPHES).lower()


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text that went through :func:`normal`."""
    return [
        Token(found.start(), found.end(), written_out(found.group()))
        for found in _TOKEN.finditer(text)
    ]


def raw_tokens(text: str) -> list[str]:
    """Return the tokens as written, without their places: the fast way."""
    return _TOKEN.findall(text)


def written_out(token: str) -> tuple[str, ...]:
    """Return the words that one written token stands for: ``don't`` is ``do not``."""
    if token in _WRITTEN_OUT:
        return _WRITTEN_OUT[token]
    if not token[0].isalnum():
        return _mark(token)
    if token.endswith("n't"):
        # Torn off by markup, as in "does<b>n't</b>", it stands alone.
        return (token[:-3], "not") if len(token) > len("n't") else ("not",)
    for ending, word in _ENDINGS.items():
        if token.endswith(ending):
            return (token[: -len(ending)], word)
    if token.endswith("'s"):
        owner = token[:-2]
        return (owner, "is") if owner in _IS_CONTRACTED else (owner,)
    return (token,)


def _mark(token: str) -> tuple[str, ...]:
    """Return what punctuation stands for: a question, the end of a sentence or a pause."""
    if "?" in token:
        return (QUESTION, END)
    if token[0] in ".!;…\n":
        return (END,)
    return (PAUSE,)


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Return the stem that all forms of an English word share (Snowball; irregular verbs by list).

    A mark (``,``, ``?``, line feed) is its own stem.
    """
    if not word[0].isalnum():
        return word
    base = _IRREGULAR.get(word, word)
    return base if base in _WHOLE else _stemmer().stem(base) or base


@lru_cache(maxsize=1)
def _stemmer():  # type: ignore[no-untyped-def]
    # nltk takes over a second to import: only once somebody listens.
    from nltk.stem.snowball import SnowballStemmer

    return SnowballStemmer("english")
