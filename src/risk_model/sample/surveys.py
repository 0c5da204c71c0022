"""Survey requests and what came back: scores, comments, and mostly silence."""

from __future__ import annotations

import numpy as np
import pandas as pd

from risk_model.sample.stamps import (
    Floats,
    Ints,
    before_end,
    iso_times,
    office_seconds,
    whole_numbers,
)
from risk_model.sample.traits import KINDS
from risk_model.sample.wording import Dice, Phrases
from risk_model.sample.world import SURVEYS, World, numbered
from risk_model.timeline import DAY

_ROLES = ("executive", "admin", "user")


def _waves(world: World, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Days, accounts and kinds (0 NPS, 1 CSAT, 2 CES) of survey requests; some are never asked."""
    asked = rng.random(world.accounts) < 0.82
    phase = rng.integers(0, 90, world.accounts)
    days = np.arange(world.period.days)[:, None]
    nps = ((days + phase) % 91 == 0) & asked
    csat = (rng.random((world.period.days, world.accounts)) < 1 / 130) & asked
    age = world.day_numbers()[:, None] - world.traits.start_day
    ces = ((age == 45) | (rng.random(csat.shape) < 1 / 420)) & asked
    found = [np.nonzero(table & world.history.customer) for table in (nps, csat, ces)]
    kind = np.concatenate([np.full(len(day), k) for k, (day, _) in enumerate(found)])
    day = np.concatenate([day for day, _ in found])
    account = np.concatenate([account for _, account in found])
    order = np.lexsort((kind, account, day))
    return day[order], account[order], kind[order]


def _scores(mood: Floats, kind: Ints) -> Ints:
    """Turn a mood (0 content … 6 furious, may be below 0) into the scale of each kind."""
    top = np.array([9.3, 4.7, 6.2])[kind]
    step = np.array([1.05, 0.42, 0.6])[kind]
    low, high = np.array([0, 1, 1])[kind], np.array([10, 5, 7])[kind]
    return np.clip(np.round(top - step * mood), low, high).astype(np.int64)


def surveys_table(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """Return the table ``surveys``; more than half of the requests stay without an answer."""
    day, account, kind = _waves(world, rng)
    count, traits = len(day), world.traits
    trouble = world.lagged(SURVEYS, (0.7, 0.75, 0.8, 0.55, 0.75))[day, account]
    taste = rng.normal(0, 0.8, world.accounts)[account]
    mood = np.minimum(trouble, 6) + 0.7 * world.faded(SURVEYS)[day, account] + taste
    mood += 0.8 * (traits.temper[account] - 0.4) + rng.normal(0, 0.9, count)
    sent = office_seconds(day + world.period.first, rng)
    replies = 0.26 + 0.4 * traits.voice[account] - 0.25 * world.faded(SURVEYS)[day, account]
    back = np.where(rng.random(count) < replies, sent + rng.exponential(2.2 * DAY, count), np.nan)
    back = before_end(back + 300, world.period)
    score = _scores(mood, kind)
    speaks = (rng.random(count) < 0.45) & ~np.isnan(back)
    lead = np.argmax(world.history.trouble[day, account] + rng.random((count, 5)), axis=1)
    phrases, dice = Phrases.load(), Dice(rng)
    comments = [
        phrases.comment(KINDS[k], float(m), dice) if said else None
        for k, m, said in zip(lead, mood, speaks, strict=True)
    ]
    role = rng.choice(3, count, p=[0.12, 0.4, 0.48])
    silent = np.isnan(back)
    return pd.DataFrame(
        {
            "survey_id": numbered("S", count),
            "account_id": world.ids(account),
            "kind": [("NPS", "CSAT", "CES")[k] for k in kind],
            "sent_at": iso_times(sent),
            "responded_at": iso_times(back),
            "score": whole_numbers(np.where(silent, np.nan, score)),
            "comment": comments,
            "respondent_role": [
                None if s else _ROLES[r] for s, r in zip(silent, role, strict=True)
            ],
        }
    )
