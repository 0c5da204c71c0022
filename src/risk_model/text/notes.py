"""Notes of calls, which our own people write of the customer, told as the customer would say it.

"They threatened to cancel and want to talk to our VP" is what a CSM writes down of "we will cancel,
and want to talk to your VP". All that hears was made with words of customers, to whom "their
contract" is that of somebody else.
"""

from __future__ import annotations

import re

_WHO = r"(?:customer|client|cust|account|champion|poc|admin|contact)"
_TOLD = {
    "we": "you",
    "we're": "you are",
    "we've": "you have",
    "we'll": "you will",
    "us": "you",
    "our": "your",
    "ours": "yours",
    "they": "we",
    "he": "we",
    "she": "we",
    "they're": "we are",
    "he's": "we are",
    "she's": "we are",
    "they've": "we have",
    "they'd": "we would",
    "he'd": "we would",
    "she'd": "we would",
    "they'll": "we will",
    "he'll": "we will",
    "she'll": "we will",
    "them": "us",
    "him": "us",
    "their": "our",
    "his": "our",
    "her": "our",
    "theirs": "ours",
    "themselves": "ourselves",
}
_PERSON = re.compile(
    # The customer: at the beginning of a sentence, or as the one that is meant.
    rf"(?P<who>(?:(?<=^)|(?<=[.!?;:\n-]\s))(?:the\s+|this\s+)?{_WHO}\b\.?|\b(?:the|this)\s+{_WHO}\b\.?)"
    rf"(?P<whose>'s)?|\b(?P<word>{'|'.join(sorted(_TOLD, key=len, reverse=True))})\b",
    re.IGNORECASE,
)
_APOSTROPHE = str.maketrans("’", "'")


def as_told(note: str) -> str:
    """Return a note as the customer would say it: they are we, and we are you."""
    return _PERSON.sub(_turned, note.translate(_APOSTROPHE))


def _turned(found: re.Match[str]) -> str:
    if found["who"]:
        return "our" if found["whose"] else "we"
    return _TOLD[found["word"].lower()]
