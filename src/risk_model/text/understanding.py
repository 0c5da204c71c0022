"""Whether a text is understood at all: most of its words are known, so it is in our language.

Everything here hears English. A mail in German raises no flag however angry it is, and VADER finds
its "die" terrible. So what was not understood is unknown, and not quiet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from risk_model.text.learned import Learned
from risk_model.text.terms import term
from risk_model.text.words import written_out

# Ordinary English by authors who taught nothing has 0.85 of its words known at the least, 67
# sentences in 27 other languages 0.6 at the most (tests/test_understanding.py).
UNDERSTOOD_FROM = 2 / 3
# Fewer words tell nothing: "SAML SSO Okta" is no other language, and "OK, super" may be any.
LEAST_WORDS = 4
# Letters of Latin script end here; from there on each word is of another script, and some scripts
# write whole sentences without a space.
_LATIN = "\u024f"
_REMEMBERED_WORDS = 200_000
# (words, known ones, letters of another script)
_Count = tuple[int, int, int]


class Understanding:
    """The words that are known: those that taught the ear, and those that the lists ask for.

    ``in_lists`` says of a word whether a list knows it. Where nothing was learned nothing can
    be told: the lists alone are too short to know a language by.
    """

    def __init__(self, learned: Learned | None, in_lists: Callable[[str], bool]) -> None:
        phrases: Iterable[str] = learned.phrases if learned else ()
        self._known = {phrase for phrase in phrases if " " not in phrase}
        self._in_lists = in_lists
        self._counts: dict[str, _Count] = {}

    def understands(self, raws: Sequence[str]) -> bool | None:
        """Return whether most words of a text are known; None: it is too short to tell.

        ``raws`` are its tokens as written.
        """
        if not self._known:
            return None
        words = known = foreign = 0
        counts = self._counts
        for raw in raws:
            count = counts.get(raw) or self._count(raw)
            words += count[0]
            known += count[1]
            foreign += count[2]
        if words < LEAST_WORDS and foreign < LEAST_WORDS:
            return None
        return known >= UNDERSTOOD_FROM * words

    def _count(self, raw: str) -> _Count:
        if len(self._counts) >= _REMEMBERED_WORDS:
            self._counts.clear()
        words = [word for word in written_out(raw) if word[0].isalpha()]
        known = [word for word in words if term(word) in self._known or self._in_lists(word)]
        foreign = sum(letter > _LATIN for word in words for letter in word)
        self._counts[raw] = found = (len(words), len(known), foreign)
        return found
