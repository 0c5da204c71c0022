"""The simulated company: valid, repeatable, and giving nothing away."""

from __future__ import annotations

import ast
import datetime as dt
import os
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from risk_model.errors import RiskModelError, UsageError
from risk_model.sample import company as company_module
from risk_model.sample import make_company, write_company
from risk_model.sample.mechanism import load_of
from risk_model.sample.own_files import MARK
from risk_model.sample.wording import Phrases
from risk_model.sample.world import World
from risk_model.tables.contract import CONTRACT, SURVEY_RANGES

pytestmark = pytest.mark.slow

Tables = dict[str, pd.DataFrame]
END = pd.Timestamp("2026-06-29", tz="UTC")
# These speak of days ahead by their nature.
AHEAD = {"sla_due_at", "promised_for", "due_at"}


@pytest.fixture(scope="module")
def company() -> Tables:
    return make_company(160, 60, 7)


@pytest.fixture(scope="module")
def small() -> Tables:
    return make_company(40, 30, 3)


@pytest.fixture(scope="module")
def large() -> World:
    """What really went on at 1,500 accounts over 78 weeks; no tables, so it is quick."""
    return company_module.make_world(1500, 78, company_module._chance(1), None)


def moments(cells: pd.Series) -> pd.Series:
    return pd.to_datetime(cells, utc=True, format="ISO8601")


def days_before_end(cells: pd.Series) -> np.ndarray:
    return ((END - moments(cells)) / pd.Timedelta(days=1)).to_numpy()


def all_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# --- repeatable -----------------------------------------------------------------------------


def test_the_same_arguments_give_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        write_company(tmp_path / name, 25, 20, seed)
    one, two, other = (all_bytes(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two
    assert all(one[name] != other[name] for name in one)


def test_packed_files_carry_neither_a_time_nor_a_name(tmp_path: Path) -> None:
    write_company(tmp_path, 20, 12, 1)
    packed = sorted(tmp_path.glob("*.gz"))
    assert [path.name for path in packed] == [
        "messages.csv.gz",
        "ticket_events.csv.gz",
        "tickets.csv.gz",
        "usage.csv.gz",
    ]
    for path in packed:
        head = path.read_bytes()[:10]
        assert head[3] == 0, "flags: no file name, no comment"
        assert head[4:8] == bytes(4), "no time"


def test_written_files_read_back_as_the_tables_with_the_rows_told(tmp_path: Path) -> None:
    rows = write_company(tmp_path, 20, 12, 1)
    tables = make_company(20, 12, 1)
    assert set(rows) == set(CONTRACT)
    for name, table in tables.items():
        (path,) = tmp_path.glob(f"{name}.csv*")
        again = pd.read_csv(path, dtype=str, keep_default_na=False)
        assert list(again.columns) == list(table.columns)
        assert len(again) == rows[name] == len(table)
        cells = table.astype(object).where(table.notna(), "").astype(str)
        assert (again.to_numpy() == cells.to_numpy()).all(), name
    assert len(list(tmp_path.iterdir())) == len(CONTRACT) + 1, "no half-written file is left"
    assert (tmp_path / MARK).is_file()


def test_a_start_moves_the_whole_period() -> None:
    tables = make_company(15, 10, 1, start=dt.date(2024, 1, 1))
    assert tables["usage"]["date"].min() == "2024-01-01"
    assert tables["usage"]["date"].max() == "2024-03-10"


@pytest.mark.parametrize(("accounts", "weeks", "seed"), [(3, 30, 1), (40, 2, 1), (40, 30, -1)])
def test_a_company_too_small_is_refused_with_what_to_ask_for(
    accounts: int, weeks: int, seed: int
) -> None:
    with pytest.raises(UsageError, match="at least 10 accounts"):
        make_company(accounts, weeks, seed)


@pytest.mark.parametrize("name", ["accounts.csv", "tickets.csv", "Usage.parquet", "usage.csv.gz"])
def test_tables_that_the_sample_did_not_write_are_never_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"account_id\nreal\n")
    (tmp_path / "notes.csv").write_bytes(b"of no table")
    before = all_bytes(tmp_path)
    with pytest.raises(UsageError, match=f"did not write: {name}. Name another folder"):
        write_company(tmp_path, 15, 10, 1)
    assert all_bytes(tmp_path) == before
    (tmp_path / name).unlink()
    write_company(tmp_path, 15, 10, 1)
    (tmp_path / name).write_bytes(b"account_id\nreal\n")
    with pytest.raises(UsageError, match=name):
        write_company(tmp_path, 15, 10, 1)


def test_the_sample_replaces_what_it_wrote_itself_also_after_being_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in (1, 2):
        write_company(tmp_path / "again", 15, 10, seed)
    write_company(tmp_path / "fresh", 15, 10, 2)
    assert all_bytes(tmp_path / "again") == all_bytes(tmp_path / "fresh")
    (tmp_path / "fresh" / MARK).unlink()
    write_company(tmp_path / "fresh", 15, 10, 2)
    assert (tmp_path / "fresh" / MARK).is_file(), "the same rows are no loss"

    real, done = os.replace, []

    def cut_off(source: Path, target: Path) -> None:
        real(source, target)
        done.append(target)
        if len(done) == 8:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", cut_off)
    with pytest.raises(KeyboardInterrupt):
        write_company(tmp_path / "fresh", 15, 10, 3)
    monkeypatch.undo()
    write_company(tmp_path / "fresh", 15, 10, 4)


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    with pytest.raises(RiskModelError, match="taken"):
        write_company(taken, 15, 10, 1)


# --- valid ----------------------------------------------------------------------------------


def test_every_table_has_the_columns_of_the_contract_and_no_others(company: Tables) -> None:
    assert list(company) == list(CONTRACT)
    for name, table in company.items():
        assert list(table.columns) == [column.name for column in CONTRACT[name].columns]


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_no_table_is_empty_even_in_a_small_company(seed: int) -> None:
    tables = make_company(40, 30, seed)
    assert {name for name, table in tables.items() if table.empty} == set()


def test_an_outage_in_the_last_days_stays_within_the_period() -> None:
    # With these arguments the last outage was drawn past the end.
    incidents = make_company(60, 40, 3)["incidents"]
    assert pd.to_datetime(incidents["started_at"], utc=True).max() < END


def test_keys_are_filled_and_unique(company: Tables, small: Tables) -> None:
    for tables in (company, small):
        for name, table in tables.items():
            key = list(CONTRACT[name].key)
            assert not table.duplicated(key).any(), name
            must = [column.name for column in CONTRACT[name].columns if column.required]
            assert table[must].notna().all(axis=None), name


def test_cells_keep_to_the_values_and_bounds_of_the_contract(company: Tables) -> None:
    for name, table in company.items():
        for column in CONTRACT[name].columns:
            cells = table[column.name].dropna()
            if column.values:
                assert set(cells) <= set(column.values), (name, column.name)
            if column.low is not None:
                assert (cells >= column.low).all(), (name, column.name)
            if column.high is not None:
                assert (cells <= column.high).all(), (name, column.name)
            if column.kind == "time":
                assert cells.str.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").all()
            if column.kind == "date":
                assert cells.str.fullmatch(r"\d{4}-\d\d-\d\d").all()


def test_every_event_belongs_to_an_account_or_a_ticket_that_exists(company: Tables) -> None:
    accounts = set(company["accounts"]["account_id"])
    for name, table in company.items():
        if "account_id" in table:
            assert set(table["account_id"]) <= accounts, name
    assert set(company["ticket_events"]["ticket_id"]) <= set(company["tickets"]["ticket_id"])


def test_every_event_lies_within_the_period(company: Tables) -> None:
    start = END - pd.Timedelta(weeks=60)
    for name, table in company.items():
        for column in CONTRACT[name].columns:
            if column.kind != "time" or column.name in AHEAD:
                continue
            times = moments(table[column.name].dropna())
            assert (times < END).all(), (name, column.name)
            if CONTRACT[name].is_event:
                assert (times >= start).all(), (name, column.name)


def test_usage_has_a_row_for_each_day_of_each_customer_and_none_besides(company: Tables) -> None:
    start = END - pd.Timedelta(weeks=60)
    last = company["accounts"].drop_duplicates("account_id", keep="last").set_index("account_id")
    since = moments(last["contract_start"]).clip(lower=start)
    until = moments(last["contract_end"]).fillna(END).clip(upper=END)
    expected = ((until - since) / pd.Timedelta(days=1)).clip(lower=0)
    found = company["usage"].groupby("account_id").size()
    assert found.reindex(expected.index, fill_value=0).to_dict() == expected.to_dict()
    assert (company["usage"]["actions"] == 0).any(), "idle days are told as zero"


def test_no_contract_end_is_known_before_the_notice(company: Tables) -> None:
    accounts = company["accounts"]
    ends = accounts[accounts["contract_end"].notna()]
    assert len(ends) >= 5
    assert (moments(ends["valid_from"]) < moments(ends["contract_end"])).all()
    first = accounts.drop_duplicates("account_id", keep="first")
    assert first["contract_end"].isna().all()


def test_some_accounts_have_two_or_three_versions_in_order(company: Tables) -> None:
    accounts = company["accounts"]
    sizes = accounts.groupby("account_id").size()
    assert {1, 2, 3} <= set(sizes)
    for _, versions in accounts[accounts["account_id"].isin(sizes[sizes > 1].index)].groupby(
        "account_id"
    ):
        assert versions["valid_from"].notna().all()
        assert versions["valid_from"].is_monotonic_increasing
    single = accounts[accounts["account_id"].isin(sizes[sizes == 1].index)]
    assert single["valid_from"].isna().all()


def test_a_ticket_runs_in_the_order_of_time(company: Tables) -> None:
    tickets = company["tickets"]
    steps = ["opened_at", "first_response_at", "resolved_at", "rated_at"]
    times = tickets[steps].apply(moments)
    for earlier, later in pairwise(steps):
        both = times[[earlier, later]].dropna()
        assert (both[earlier] < both[later]).all(), (earlier, later)
    promised = tickets[tickets["promised_for"].notna()]
    assert (moments(promised["promise_made_at"]) < moments(promised["promised_for"])).all()
    kept = moments(promised["resolved_at"]) <= moments(promised["promised_for"])
    assert 0.15 < kept.mean() < 0.85, "promises are kept and broken"


def test_the_log_of_a_ticket_says_what_the_ticket_says(company: Tables) -> None:
    tickets, log = company["tickets"].set_index("ticket_id"), company["ticket_events"]
    counts = log.groupby(["ticket_id", "kind"]).size().unstack(fill_value=0)
    counts = counts.reindex(tickets.index, fill_value=0)
    assert (counts["assigned"] - 1 == tickets["reassignments"]).mean() > 0.995
    assert (counts["reopened"] == tickets["reopens"]).mean() > 0.995
    replies = log[log["kind"] == "public_reply"].groupby("ticket_id")["occurred_at"].min()
    assert replies.to_dict() == tickets["first_response_at"].dropna().to_dict()
    done = log[(log["kind"] == "status") & (log["value"] == "resolved")]
    done = done.groupby("ticket_id")["occurred_at"].max()
    assert done.to_dict() == tickets["resolved_at"].dropna().to_dict()
    raised = log[log["kind"] == "priority"].groupby("ticket_id")["value"].last()
    assert (raised == tickets["priority"].reindex(raised.index)).all()
    opened = moments(tickets["opened_at"]).reindex(log["ticket_id"]).to_numpy()
    assert (moments(log["occurred_at"]).to_numpy() >= opened).all()


def test_surveys_keep_to_the_scale_of_their_kind_and_many_stay_unanswered(company: Tables) -> None:
    surveys = company["surveys"]
    for kind, (low, high) in SURVEY_RANGES.items():
        scores = surveys.loc[surveys["kind"] == kind, "score"].dropna()
        assert scores.between(low, high).all()
        assert scores.nunique() >= 4
    silent = surveys["responded_at"].isna()
    assert 0.35 < silent.mean() < 0.75
    assert surveys.loc[silent, ["score", "comment", "respondent_role"]].isna().all(axis=None)


def test_escalations_of_an_account_never_overlap_and_last_three_to_twenty_five_days(
    company: Tables,
) -> None:
    cases = company["escalations"].assign(
        opened=lambda t: moments(t["opened_at"]), closed=lambda t: moments(t["closed_at"])
    )
    length = (cases["closed"] - cases["opened"]) / pd.Timedelta(days=1)
    assert length.dropna().between(2, 26).all()
    assert (length > 15).any()
    assert cases["closed"].isna().any(), "some are still open"
    assert (moments(cases["acknowledged_at"]) > cases["opened"]).sum() > 0.9 * len(cases)
    for _, mine in cases.groupby("account_id"):
        before = mine["closed"].shift()
        assert not (before.isna() & (np.arange(len(mine)) > 0)).any()
        assert not (mine["opened"] <= before).any()
    assert set(cases["severity"]) == {1, 2, 3, 4}
    assert cases["cause"].nunique() == 5


def test_feeds_have_gaps_as_a_company_has_them(company: Tables) -> None:
    accounts = set(company["accounts"]["account_id"])
    assert len(set(company["surveys"]["account_id"])) < 0.95 * len(accounts)
    assert len(set(company["health_scores"]["account_id"])) < 0.9 * len(accounts)
    for name, column in (("accounts", "timezone"), ("usage", "limit"), ("tickets", "sla_due_at")):
        assert 0.01 < company[name][column].isna().mean() < 0.9, (name, column)


@pytest.mark.slow
def test_the_committed_company_is_small_and_what_the_command_writes(
    tmp_path: Path, sample_folder: Path
) -> None:
    write_company(tmp_path, 160, 60, 7)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2_500_000
    made, kept = (
        {path.name: pd.read_csv(path, dtype=str) for path in folder.glob("*.csv*")}
        for folder in (tmp_path, sample_folder)
    )
    assert made.keys() == kept.keys()
    for name, table in made.items():
        pd.testing.assert_frame_equal(table, kept[name], obj=name)


def test_every_slot_of_a_phrase_is_filled() -> None:
    parts = [part for lines in Phrases.load()._groups.values() for line in lines for part in line]
    texts = [text for part in parts for text in ([part] if isinstance(part, str) else part)]
    assert len(texts) > 1000
    assert [text for text in texts if "{" in text or "}" in text] == []


# --- honest ---------------------------------------------------------------------------------


def test_the_simulator_knows_nothing_of_the_product() -> None:
    files = "risk_model.whole_files"
    allowed = {"risk_model.errors", "risk_model.timeline", "risk_model.tables.contract", files}
    folder = Path(company_module.__file__).parent
    found = set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found |= {name for name in names if name.startswith("risk_model")}
    outside = {name for name in found if not name.startswith("risk_model.sample")}
    assert outside <= allowed
    assert outside, "the search found the imports"


def test_escalations_are_as_common_as_they_should_be(company: Tables, large: World) -> None:
    assert 60 <= len(company["escalations"]) <= 160
    cases = large.history.escalations
    assert 900 <= len(cases.day) <= 1600
    started = np.zeros(large.history.open_case.shape, dtype=bool)
    started[cases.day, cases.account] = True
    shares = []
    for day in range(30, large.period.days - 30, 14):
        there = large.history.customer[day] & ~large.history.open_case[day - 1]
        shares.append(started[day : day + 30].any(axis=0)[there].mean())
    assert 0.025 <= np.mean(shares) <= 0.055


def test_several_troubles_together_weigh_more_than_their_sum(large: World) -> None:
    one, other = np.array([2.0, 0, 0, 0, 0]), np.array([0, 2.0, 0, 0, 0])
    together = np.stack([one + other, one, other, 2 * one])
    both, first, second, double = load_of(together)
    assert both > first + second + 0.1
    assert double == pytest.approx(2 * first)
    assert large.history.trouble.max() > 3


def test_tone_of_voice_says_next_to_nothing_about_danger(large: World) -> None:
    counts = np.bincount(large.history.escalations.account, minlength=large.accounts)
    assert abs(np.corrcoef(large.traits.temper, counts > 0)[0, 1]) < 0.09
    escalated = counts > 0
    assert (large.traits.temper[escalated] < 0.3).mean() > 0.2, "calm ones escalate"
    assert (large.traits.temper[~escalated] > 0.6).mean() > 0.15, "angry ones do not"


def test_loud_and_harmless_accounts_exist_and_so_do_silent_leavers(
    company: Tables, large: World
) -> None:
    escalated = set(company["escalations"]["account_id"])
    inbound = company["messages"].query("direction == 'inbound'")["account_id"].value_counts()
    loudest = inbound.head(32).index
    assert sum(account not in escalated for account in loudest) >= 6
    history, traits = large.history, large.traits
    left = np.isfinite(history.end_day)
    counts = np.bincount(history.escalations.account, minlength=large.accounts)
    assert (left & (counts == 0)).sum() >= 30, "many leave without an escalation"
    assert (left & (traits.silent == 1) & (counts == 0)).sum() >= 10
    assert ((traits.silent == 1) & (counts > 0)).sum() >= 20, "a minority escalates"
    assert (counts[traits.loud == 1] == 0).mean() > 0.7


def _soon(company: Tables, accounts: pd.Series, at: np.ndarray) -> np.ndarray:
    """Say whether an escalation opened in the 30 days from ``at`` (days before the end)."""
    cases = company["escalations"]
    opened = pd.Series(days_before_end(cases["opened_at"])).groupby(cases["account_id"].to_numpy())
    by_account = {account: group.to_numpy() for account, group in opened}
    none = np.array([])
    return np.array(
        [
            ((by_account.get(a, none) <= t) & (by_account.get(a, none) > t - 30)).any()
            for a, t in zip(accounts, at, strict=True)
        ]
    )


def test_no_word_gives_the_label_away(company: Tables) -> None:
    inbound = company["messages"].query("direction == 'inbound'")
    positive = _soon(company, inbound["account_id"], days_before_end(inbound["sent_at"]))
    assert 0.05 < positive.mean() < 0.3
    seen: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for text, soon in zip(inbound["text"], positive, strict=True):
        tokens = set(re.findall(r"[a-z']+", text.lower()))
        seen.update(tokens)
        if soon:
            hits.update(tokens)
    assert len([token for token, count in seen.items() if count >= 20]) > 500
    worst = max((hits[token] / count, token) for token, count in seen.items() if count >= 20)
    assert worst[0] <= 0.6, worst


def _auroc(value: np.ndarray, positive: np.ndarray) -> float:
    ranks = pd.Series(value).rank().to_numpy()
    count = positive.sum()
    area = (ranks[positive].sum() - count * (count + 1) / 2) / (count * (~positive).sum())
    return float(max(area, 1 - area))


def _aggregates(tables: Tables, weeks: int) -> pd.DataFrame:
    """Plain 28-day counts at weekly snapshots of accounts that are customers and not escalated."""
    messages, tickets, usage = tables["messages"], tables["tickets"], tables["usage"]
    inbound = messages[messages["direction"] == "inbound"]
    sources = {
        "tickets": (tickets, "opened_at", None),
        "urgent": (tickets[tickets["priority"].isin(["P1", "P2"])], "opened_at", None),
        "inbound": (inbound, "sent_at", None),
        "waits": (inbound[inbound["text"].str.contains("waiting|nobody|fail")], "sent_at", None),
        "threats": (inbound[inbound["text"].str.contains("cancel|alternative")], "sent_at", None),
        "actions": (usage, "date", "actions"),
        "days": (usage, "date", None),
        "missed": (tables["meetings"].query("status != 'held'"), "scheduled_at", None),
        "low": (tables["surveys"].query("score <= 4"), "responded_at", None),
        "incidents": (tables["incidents"], "started_at", None),
        "past": (tables["escalations"], "opened_at", None),
    }
    cases = tables["escalations"]
    opened, closed = days_before_end(cases["opened_at"]), days_before_end(cases["closed_at"])
    closed = np.nan_to_num(closed, nan=-1.0)
    accounts = pd.Index(sorted(tables["accounts"]["account_id"].unique()))
    timed = {name: (days_before_end(t[c]), t, v) for name, (t, c, v) in sources.items()}
    rows = []
    for at in range(7 * weeks - 84, 29, -7):
        row = pd.DataFrame({"at": at}, index=accounts)
        for name, (left, table, value) in timed.items():
            for label, low, high in (("", at, at + 28), ("_before", at + 28, at + 84)):
                inside = table[(left > low) & (left <= high)]
                grouped = inside.groupby("account_id")
                counted = grouped.size() if value is None else grouped[value].sum()
                row[name + label] = counted.reindex(accounts, fill_value=0)
        row["change"] = np.log((2 * row["actions"] + 5) / (row["actions_before"] + 5))
        row["soon"] = accounts.isin(cases["account_id"][(opened <= at) & (opened > at - 30)])
        busy = accounts.isin(cases["account_id"][(opened > at) & (closed <= at)])
        rows.append(row[(row["days"] > 27) & ~busy])
    return pd.concat(rows)


@pytest.mark.slow
def test_no_plain_count_gives_the_label_away(company: Tables) -> None:
    table = _aggregates(company, 60)
    positive = table.pop("soon").to_numpy()
    table = table.drop(columns="at")
    areas = {name: _auroc(table[name].to_numpy(), positive) for name in table}
    assert max(areas.values()) < 0.9, areas
    assert max(areas.values()) > 0.55, "and the signs are not all noise"


def test_texts_are_varied_and_carry_the_traps(company: Tables) -> None:
    messages = company["messages"]
    mails = messages[(messages["channel"] == "email") & (messages["direction"] == "inbound")]
    words = mails["text"].str.split().str.len()
    assert words.quantile(0.05) >= 15
    assert 30 <= words.median() <= 70
    assert words.quantile(0.95) <= 110
    assert messages["text"].nunique() > 0.97 * len(messages)
    for trap in (
        r"cancel my meeting",
        r"cancelled (?:an )?orders?",
        r"not going to cancel",
        r"legally privileged",
        r"\n> ",
        r"\nOn \w+day they wrote:",
        r"used to work with",
    ):
        assert mails["text"].str.contains(trap).sum() >= 3, trap


def test_threats_stand_in_calm_accounts_and_are_missing_in_many_that_escalate(
    company: Tables,
) -> None:
    inbound = company["messages"].query("direction == 'inbound'")
    threat = inbound["text"].str.contains(r"cancelling|we will cancel|alternatives|termination")
    threatened = inbound[threat]
    escalated = set(company["escalations"]["account_id"])
    assert (~threatened["account_id"].isin(escalated)).sum() >= 10
    left = days_before_end(threatened["sent_at"])
    cases = company["escalations"]
    warned = [
        ((threatened["account_id"].to_numpy() == a) & (left > t) & (left < t + 30)).any()
        for a, t in zip(cases["account_id"], days_before_end(cases["opened_at"]), strict=True)
    ]
    assert 0.02 < np.mean(warned) < 0.6


@pytest.mark.slow
def test_a_plain_model_is_neither_hopeless_nor_perfect_forward_in_time() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table = _aggregates(make_company(700, 70, 11), 70)
    names = [name for name in table if name not in ("soon", "at")]
    table[names] = np.sign(table[names]) * np.log1p(table[names].abs())
    cut = 7 * 24
    train, test = table[table["at"] >= cut + 30], table[table["at"] < cut]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.05))
    model.fit(train[names], train["soon"])
    score = model.predict_proba(test[names])[:, 1]
    found = _auroc(score, test["soon"].to_numpy())
    assert 0.7 < found < 0.88
    alone = _auroc(test["tickets"].to_numpy(), test["soon"].to_numpy())
    assert 0.58 < alone < 0.74
    assert found > alone + 0.02
