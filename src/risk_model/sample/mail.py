"""The correspondence: threads of messages between customers and us, with all their noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from risk_model.sample.letter import Letter, Writer
from risk_model.sample.people import names
from risk_model.sample.stamps import Floats, Ints, iso_times, office_seconds
from risk_model.sample.traits import KINDS
from risk_model.sample.wording import Dice, Phrases
from risk_model.sample.world import MESSAGES, World, numbered, pick_by, scatter
from risk_model.timeline import DAY

_ROLES = ("executive", "admin", "user")


@dataclass(frozen=True)
class Threads:
    """One entry a thread, by its first message."""

    account: Ints
    day: Ints
    opened: Floats
    ours: Ints  # 1: we began it
    kind: Ints  # the trouble spoken of, -1 for none
    force: Floats  # how bad it is put: up to 1 mild, up to 2 clear, above it hard


def _rates(world: World, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats]:
    """Threads a day: routine, of trouble, gripes without danger, and ours."""
    traits = world.traits
    size = np.array([1.5, 1.0, 0.6])[traits.segment]
    there = world.history.customer * (world.workdays() * 1.35 + 0.05)[:, None]
    near = 1 - 0.85 * world.faded(MESSAGES)
    chatty = size * rng.gamma(4, 1 / 4, world.accounts)
    spoken = world.lagged(MESSAGES, (1.0, 1.0, 1.0, 0.8, 1.0)) * traits.voice
    gripes = 0.0022 + 0.006 * traits.temper * traits.voice + 0.018 * traits.loud
    return (
        np.asarray(0.011 * chatty * near * there),
        np.asarray(0.034 * spoken * np.sqrt(size) * near * there),
        np.asarray(gripes * near * there),
        np.asarray(0.0095 * size * there),
    )


def _spoken_kind(world: World, day: Ints, account: Ints, rng: np.random.Generator) -> Ints:
    weight = world.history.trouble[day, account].astype(np.float64) + 0.05
    return pick_by(weight, rng)


def draw_threads(world: World, rng: np.random.Generator) -> Threads:
    """Draw the threads of the period, in time order."""
    found = [scatter(rates, rng) for rates in _rates(world, rng)]
    origin = np.concatenate([np.full(len(day), n) for n, (day, _) in enumerate(found)])
    day = np.concatenate([day for day, _ in found])
    account = np.concatenate([account for _, account in found])
    opened = office_seconds(day + world.period.first, rng)
    order = np.lexsort((account, opened))
    origin, day, account, opened = origin[order], day[order], account[order], opened[order]
    kind = np.where(origin == 1, _spoken_kind(world, day, account, rng), -1)
    kind = np.where(origin == 2, rng.integers(0, 5, len(day)), kind)
    hidden = world.history.trouble[day, account, np.maximum(kind, 0)]
    force = np.where(origin == 1, 0.4 * np.minimum(hidden, 4) + 0.3, 0.95)
    force = force + rng.normal(0, 0.5, len(day))
    return Threads(account, day, opened, (origin == 3).astype(np.int64), kind, force)


def _senders(world: World, threads: Threads, rng: np.random.Generator) -> Ints:
    """Executives write seldom; a little more often where it fades or is put hard."""
    faded = world.history.fading[threads.day, threads.account]
    lean = 0.05 + 0.05 * (threads.force > 1.4) + 0.07 * faded
    draw = rng.random(len(threads.day))
    return np.where(draw < lean, 0, np.where(draw < 0.5 + lean / 2, 1, 2))


def _reply_days(world: World, threads: Threads, rng: np.random.Generator) -> Floats:
    """Days until we answer: hours as a rule, days where support or experience is in trouble."""
    strain = world.history.trouble[threads.day, threads.account][:, [1, 4]].sum(axis=1)
    care = world.traits.csm_care[world.traits.csm[threads.account]]
    slow = 0.36 * np.minimum(strain, 4) + rng.normal(0, 0.9, len(strain))
    return np.asarray(0.45 * np.exp(slow) / care)


class _Box:
    """Collects the messages of all threads as rows."""

    def __init__(self, world: World, rng: np.random.Generator) -> None:
        self.world = world
        self.dice = Dice(rng)
        self.writer = Writer(Phrases.load(), self.dice)
        self.rows: list[
            tuple[float, int, str, str, str | None, str | None, int, str | None, str]
        ] = []
        size = (world.accounts, 4)
        self.contacts = rng.integers(0, len(names().first), size).tolist()
        self.csms = rng.integers(0, len(names().first), len(world.traits.csm_care)).tolist()

    def thread(self, number: int, account: int, at: float, letter: Letter, wait: float) -> None:
        """Write a thread: its opening, and replies to and fro while the period lasts."""
        dice, ours = self.dice, letter.ours
        more = 0 if letter.channel == "social" else _length(dice)
        quoted: str | None = None
        for turn in range(1 + more):
            text = self.writer.write(letter, turn, ours, quoted)
            self._add(number, account, at, letter, ours, text)
            quoted = text
            if ours:
                # They answer when they care to.
                at += (0.1 + 3.0 * dice.roll() * dice.roll()) * DAY
            else:
                at += wait * (0.6 + dice.roll()) * DAY
                if dice.chance(0.07):
                    return
            ours = not ours
            if at >= self.world.period.end:
                return

    def _add(
        self, number: int, account: int, at: float, letter: Letter, ours: bool, text: str
    ) -> None:
        direction = "outbound" if ours else "inbound"
        csm = int(self.world.traits.csm[account])
        pick = self.csms[csm] if ours else self.contacts[account][letter.sender + 1]
        author = None if letter.channel == "social" and not ours else names().first[pick]
        sender = None if ours else _ROLES[letter.sender]
        to = None if ours or letter.channel == "social" else letter.to
        self.rows.append((at, account, letter.channel, direction, sender, to, number, author, text))


def _length(dice: Dice) -> int:
    draw = dice.roll()
    return 0 if draw < 0.42 else 1 if draw < 0.78 else 2 if draw < 0.92 else 3


def messages_table(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """Return the table ``messages`` in time order."""
    threads = draw_threads(world, rng)
    box = _Box(world, rng)
    temper = world.traits.temper
    columns = zip(
        threads.account.tolist(),
        threads.opened.tolist(),
        threads.ours.tolist(),
        threads.kind.tolist(),
        threads.force.tolist(),
        _senders(world, threads, rng).tolist(),
        _reply_days(world, threads, rng).tolist(),
        strict=True,
    )
    for number, (account, at, ours, kind, force, sender, wait) in enumerate(columns):
        topic = KINDS[kind] if kind >= 0 else None
        letter = box.writer.letter(bool(ours), topic, force, sender, float(temper[account]))
        box.thread(number, account, at, letter, wait)
    rows = sorted(box.rows, key=lambda row: (row[0], row[6]))
    at = np.floor(np.array([row[0] for row in rows], dtype=np.float64))
    return pd.DataFrame(
        {
            "message_id": numbered("N", len(rows)),
            "account_id": world.ids(np.array([row[1] for row in rows], dtype=np.int64)),
            "sent_at": iso_times(at),
            "channel": [row[2] for row in rows],
            "direction": [row[3] for row in rows],
            "sender_role": [row[4] for row in rows],
            "recipient_role": [row[5] for row in rows],
            "thread_id": [f"H{row[6] + 1:06d}" for row in rows],
            "author": [row[7] for row in rows],
            "text": [row[8] for row in rows],
        }
    )
