"""What a ticket or an escalation is about: the same matter in other words is the same matter.

A subject is reduced to the stems of its words, without stop words, numbers, ids and words for
*something is wrong*. Row by row, in the order in which they came to be known, a row joins the
earliest matter of its account whose first subject is nearly the same (Jaccard index of the stems
at least ``NEAR``), or begins a matter of its own. So no matter hangs on a row that comes later. A
ticket of a single stem ("Login") also wants the same category; where a subject says nothing, the
category is the matter. A row has no matter before all that decides on it is known: what may still
become known would change it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, reduce
from itertools import groupby
from operator import and_, itemgetter
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_model.catalogue import Catalogue
from risk_model.engines import Engine
from risk_model.features.extremes import greatest
from risk_model.features.sources import MATTERS, Source
from risk_model.tables.contract import CONTRACT
from risk_model.text.words import normal, raw_tokens, stem, word_set, written_out

Frame = nw.LazyFrame[Any]
NEAR = 0.6
AT_ONCE = 2_000_000
"""Rows that are looked at together: no matter spans accounts, so these come span by span."""

_EMPTY = word_set("""
    a about after again all also an and any are as asap at be because been before but by can could
    day do does done during each every for from get got had has have he hello help her here hi how
    i if in into is it its just kind know last later like me more most much my need needed new no
    none nor not now of off on once one only or other our out over own please pls question re
    regarding request same she should since so some still such team than thank thanks that the
    their them then there these they this those through to today together too until up urgent us
    very via was we were what when where which while who why will with would yesterday you your
    fw fwd aw wg ticket case ref id no monday tuesday wednesday thursday friday saturday sunday
    january february march april may june july august september october november december
    bug bugs broke broken error errors fail failed failing fails failure failures issue issues
    problem problems trouble work worked working works wrongly
""")


class Row(NamedTuple):
    """One ticket or escalation: from when its words are known, and what they are."""

    key: str
    known: int
    stems: frozenset[str]
    category: str | None
    alone: int = 2


@lru_cache(maxsize=200_000)
def stems_of(subject: str) -> frozenset[str]:
    """Return the stems of a subject's words that say what it is about."""
    words = (word for raw in raw_tokens(normal(subject)) for word in written_out(raw))
    told = (word for word in words if word.isalpha() and word not in _EMPTY)
    return frozenset(stem(word) for word in told)


def is_near(one: Row, other: Row) -> bool:
    """Say whether two rows are about the same matter."""
    both = len(one.stems & other.stems)
    if not both or both < NEAR * len(one.stems | other.stems):
        return False
    enough = min(len(one.stems), len(other.stems)) >= one.alone
    return enough or one.category == other.category


def matters(rows: Iterable[Row]) -> dict[str, str]:
    """Return the matter of each row of one account by its key; rows that say nothing have none."""
    found: dict[str, str] = {}
    first: list[Row] = []
    by_stem: dict[str, list[int]] = defaultdict(list)
    # Matters are only added at the end, so the same words find the same matter each time.
    again: dict[tuple[frozenset[str], str | None], str] = {}
    for row in sorted(rows, key=lambda row: (row.known, row.key)):
        if not row.stems:
            if row.category:
                found[row.key] = _of_category(row.category)
            continue
        said = (row.stems, row.category)
        if said not in again:
            places = sorted({place for word in row.stems for place in by_stem[word]})
            place = next((place for place in places if is_near(first[place], row)), None)
            if place is None:
                place = len(first)
                first.append(row)
                for word in row.stems:
                    by_stem[word].append(place)
            again[said] = first[place].key
        found[row.key] = again[said]
    return found


def matters_of_escalations(cases: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the matter of each of one account's escalations by its id, as the features have it.

    One whose issue says nothing goes by its cause, and has no matter where that is not known.
    """
    alone = MATTERS["escalations"][2]

    def text(value: object) -> str:
        return "" if value is None or value != value else str(value)  # noqa: PLR0124  (NaN)

    return matters(
        Row(
            str(case["escalation_id"]),
            int(case.get("row_known", case["opened_at"])),
            stems_of(text(case.get("issue"))),
            text(case.get("cause")) or None,
            alone,
        )
        for case in cases
    )


def _of_category(category: str) -> str:
    return f"category {category}"


def matters_of(
    engine: Engine, present: Mapping[str, frozenset[str]], catalogue: Catalogue
) -> dict[str, Frame]:
    """Return, as ``TABLE.matter``, (key, matter, matter_known) of the tables that are asked for.

    Where a table has no column of words its category is the matter: see ``with_categories``.
    """
    frames = {}
    for table, (text, _, _) in MATTERS.items():
        asked = any(f.source == table and "matter" in f.columns for f in catalogue.features)
        if asked and text in present.get(table, frozenset()):
            pieces = (_found(_read(engine, table, *span), table) for span in _spans(engine, table))
            frames[f"{table}.matter"] = engine.gathered(pieces)
    return frames


def _spans(engine: Engine, table: str) -> list[tuple[str | None, str | None]]:
    """Return spans of accounts, from one up to the next, with not too many rows between them."""
    every = int(engine.pandas(engine.table(table).select(every=nw.len()))["every"].iloc[0])
    parts = -(-every // AT_ONCE)
    if parts < 2:
        return [(None, None)]
    found = engine.pandas(engine.table(table).select("account_id").unique())
    accounts = sorted(found["account_id"])
    begins = [accounts[len(accounts) * part // parts] for part in range(1, parts)]
    return list(zip([None, *begins], [*begins, None], strict=True))


def with_matters(source: Source, frame: Frame | None) -> Source:
    """Add ``matter`` to a source; it is missing where nobody looked, or there was nothing."""
    if frame is None:
        return replace(source, missing=source.missing | {"matter"})
    key = CONTRACT[source.table].key[0]
    frame = source.frame.join(frame, on=key, how="left")
    return replace(source, frame=frame, known=_known(source))


def with_categories(source: Source) -> Source:
    """Add ``matter`` to a source whose rows have no words: the category of each."""
    category = MATTERS[source.table][1]
    decides = list(_moments(source.frame.collect_schema().names(), source.table).values())
    is_told = reduce(and_, (~one.is_null() for one in (*decides, nw.col(category))))
    matter = nw.concat_str(nw.lit(_of_category("")), nw.col(category).cast(nw.String))
    frame = source.frame.with_columns(
        matter=nw.when(is_told).then(matter),
        matter_known=nw.when(is_told).then(greatest(*decides)),
    )
    return replace(source, frame=frame, known=_known(source))


def _known(source: Source) -> dict[str, str]:
    """Return from when the columns of a source with matters are known."""
    is_late = any(name in source.known for name in MATTERS[source.table][:2])
    return {**source.known, **({"matter": "matter_known"} if is_late else {})}


def _read(engine: Engine, table: str, first: str | None, end: str | None) -> pd.DataFrame:
    """Return account, key, texts, and from when each of the texts is known (NaN: never).

    Of the accounts from ``first`` on and before ``end``.
    """
    frame = engine.table(table)
    if first is not None:
        frame = frame.filter(nw.col("account_id") >= first)
    if end is not None:
        frame = frame.filter(nw.col("account_id") < end)
    moments = _moments(frame.collect_schema().names(), table)
    times = {f"{name}_time": moment for name, moment in moments.items()}
    key = CONTRACT[table].key[0]
    return engine.pandas(frame.select(key, "account_id", *MATTERS[table][:2], **times))


def _moments(there: Sequence[str], table: str) -> dict[str, nw.Expr]:
    """Return from when a row's words and its category are known, by column; null: never."""
    contract = CONTRACT[table]
    times = {}
    for name in MATTERS[table][:2]:
        own = f"known__{name}" if f"known__{name}" in there else contract.by_name[name].known_at
        later = f"known__{own}" if f"known__{own}" in there else own
        moments = dict.fromkeys([t for t in (own, later) if t])
        known = [nw.col(moment).is_null() for moment in moments]
        latest = greatest("row_known", *moments)
        for unknown in known:
            latest = nw.when(~unknown).then(latest)
        times[name] = latest
    return times


def _found(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return (key, matter, matter_known) of the rows of all accounts."""
    rows = _told(frame, table)
    few = rows["words"] == 0
    quiet = rows[few & rows["category"].notna()]
    silent = quiet.assign(matter=_of_category("") + quiet["category"].astype("str"))
    told = rows[~few].sort_values(["account_id", "known", "key"])
    is_alone = ~told.duplicated("account_id", keep=False)
    lone = told[is_alone].assign(matter=told["key"][is_alone])
    several = told[~is_alone]
    several = several.assign(matter=list(_one_by_one(several, MATTERS[table][2])))
    every = pd.concat([part[["key", "matter", "known"]] for part in (silent, lone, several)])
    every.columns = pd.Index([CONTRACT[table].key[0], "matter", "matter_known"])
    types = {every.columns[0]: "str", "matter": "str", "matter_known": "int64"}
    return every.astype(types)


def _told(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return account, key, stems, how many, category and from when that is known.

    Rows are left out of which what decides on their matter never gets known.
    """
    text, category, alone = MATTERS[table]
    codes, subjects = pd.factorize(frame[text])
    stems: NDArray[np.object_] = np.empty(len(subjects) + 1, dtype=object)
    stems[:] = [*(stems_of(str(subject)) for subject in subjects), frozenset()]
    words = np.array([len(of) for of in stems])[codes]
    by_words = words >= alone
    latest = frame[[f"{text}_time", f"{category}_time"]].max(axis=1, skipna=False)
    rows = pd.DataFrame(
        {
            "account_id": frame["account_id"],
            "key": frame[CONTRACT[table].key[0]],
            "stems": stems[codes],
            "words": words,
            "category": frame[category].mask(by_words),
            "known": frame[f"{text}_time"].where(by_words, latest),
        }
    )
    return rows[rows["known"].notna()]


def _one_by_one(told: pd.DataFrame, alone: int) -> Iterator[str]:
    """Yield the matter of each row, in the order given: by account, then as they got known."""
    category = told["category"].astype(object).where(told["category"].notna(), None)
    columns = (told["account_id"], told["key"], told["known"], told["stems"], category)
    for _, rows in groupby(zip(*columns, strict=True), itemgetter(0)):
        of_account = [Row(key, known, stems, said, alone) for _, key, known, stems, said in rows]
        found = matters(of_account)
        yield from (found[row.key] for row in of_account)
