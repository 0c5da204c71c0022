"""One message: who writes how, and what it says, from the phrase grammar."""

from __future__ import annotations

from dataclasses import dataclass

from risk_model.sample.wording import Dice, Phrases


@dataclass(frozen=True)
class Letter:
    """What the messages of one thread have in common."""

    ours: bool
    topic: str | None
    force: float
    sharp: bool
    sender: int  # 0 executive, 1 admin, 2 user
    channel: str
    to: str


def _once(lines: list[str]) -> str:
    """Join sentences; one that begins as an earlier one did is the same phrase again, and goes."""
    kept: dict[str, str] = {}
    for line in lines:
        kept.setdefault(line[:12], line)
    return " ".join(kept.values())


class Writer:
    """Writes messages of 25 to 90 words or so; chats and public posts are shorter."""

    def __init__(self, phrases: Phrases, dice: Dice) -> None:
        self.phrases, self.dice = phrases, dice

    def letter(
        self, ours: bool, topic: str | None, force: float, sender: int, temper: float
    ) -> Letter:
        """Choose channel, addressee and tone of a thread; tone is the writer's, not danger's."""
        dice = self.dice
        draw = dice.roll()
        channel = "email" if draw < 0.7 else "call" if draw < 0.85 else "chat"
        if topic and not ours and dice.chance(0.012 + 0.03 * temper):
            channel = "social"
        to = "csm" if dice.chance(0.68) else "support"
        if sender == 0 and not ours and dice.chance(0.4):
            to = "ceo" if dice.chance(0.25) else "executive"
        sharp = dice.chance(0.05 + 0.85 * temper if topic else 0.12 * temper)
        return Letter(ours, topic, force, sharp, sender, channel, to)

    def write(self, letter: Letter, turn: int, ours: bool, quoted: str | None) -> str:
        """Return the text of one turn; an e-mail may carry a signature and quote the last one."""
        body = self._ours(letter, turn) if ours else self._theirs(letter, turn)
        if letter.channel == "social":
            return body
        if letter.channel == "call":
            said = "" if ours else f"{self._say('call_reports')} "
            return f"{self._say('calls')} {said}{body}"
        if letter.channel == "chat":
            return body
        text = f"{self._say('greetings')}\n{body}\n{self._say('closings')}{self._signature(ours)}"
        if quoted and self.dice.chance(0.45):
            text += self._quote(quoted)
        return text

    def _say(self, group: str) -> str:
        return self.phrases.say(group, self.dice)

    def _signature(self, ours: bool) -> str:
        if ours or not self.dice.chance(0.45):
            return ""
        end = f"\n{self._say('titles')}"
        return f"{end}\n{self._say('disclaimers')}" if self.dice.chance(0.4) else end

    def _quote(self, quoted: str) -> str:
        lines = [line for line in quoted.split("\n") if line and not line.startswith(">")][:4]
        head = "\n\nOn " + self._weekday() + " they wrote:\n" if self.dice.chance(0.5) else "\n\n"
        return head + "\n".join(f"> {line}" for line in lines)

    def _weekday(self) -> str:
        return ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")[self.dice.below(5)]

    def _ours(self, letter: Letter, turn: int) -> str:
        group = "checkins" if letter.ours and turn == 0 else "answers"
        lines = [self._say(group) for _ in range(1 + self.dice.below(3))]
        return _once([*lines, self._say("hints")])

    def _theirs(self, letter: Letter, turn: int) -> str:
        dice = self.dice
        lines = [self._say("openers.sharp" if letter.sharp else "openers.calm")]
        if letter.topic is None or (turn > 0 and dice.chance(0.4)):
            lines += [self._say("routine") for _ in range(1 + dice.below(3))]
            if dice.chance(0.22):
                lines.append(self._say("praise"))
        else:
            lines += self._complaint(letter)
        if dice.chance(0.5):
            lines.append(self._say("context"))
        if dice.chance(0.7):
            lines.append(self._say("sharp_tails" if letter.sharp else "calm_tails"))
        return _once(lines)

    def _complaint(self, letter: Letter) -> list[str]:
        dice = self.dice
        lines = []
        for _ in range(1 + dice.below(3)):
            felt = letter.force + 0.7 * (dice.roll() - 0.5)
            level = "mild" if felt < 0.75 else "clear" if felt < 1.6 else "hard"
            lines.append(self._say(f"trouble.{letter.topic}.{level}"))
        if dice.chance(0.45):
            lines.append(self._say("routine"))
        if dice.chance(0.16 if letter.sharp else 0.03 + 0.04 * (letter.force > 1.6)):
            lines.append(self._say("threats"))
        return lines
