"""Training: nothing known later is read, chance is told from signal, and every run is on record."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from command import Command
from conftest import Trained
from part_of_sample import MODEL, decisions, few_accounts
from remembered import FOLDER
from risk_model.errors import RiskModelError
from risk_model.pipelines.train import train
from small_company import account, desk, moment, write_tables

pytestmark = pytest.mark.slow
DAY = "2026-03-16"


@pytest.fixture
def registry(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """MLflow's own client on the store of the trained company."""
    import mlflow

    uri = trained.command.env["MLFLOW_TRACKING_URI"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(trained.folder)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    yield mlflow.MlflowClient()
    mlflow.set_tracking_uri(before)


def champion(registry: Any, name: str) -> str | None:
    aliases = registry.search_registered_models(f"name='{name}'")[0].aliases
    return str(aliases["champion"]) if "champion" in aliases else None


def run_of(registry: Any, name: str, version: str = "1") -> Any:
    return registry.get_run(registry.get_model_version(name, version).run_id)


def test_the_first_model_with_signal_is_champion_and_it_is_said(
    trained: Trained, registry: Any
) -> None:
    assert "Verdict: signal" in trained.done.said
    assert "model version 1: champion" in trained.done.said
    for member in ("blend", "logistic", "boosting", "rules", "tickets in 4 weeks"):
        assert member in trained.done.out
    assert champion(registry, MODEL) == "1"
    tags = registry.get_model_version(MODEL, "1").tags
    assert tags["promoted_because"] == "the first model with signal"


def test_a_run_holds_what_it_takes_to_judge_and_repeat_it(trained: Trained, registry: Any) -> None:
    run = run_of(registry, MODEL)
    assert run.info.status == "FINISHED"
    assert {
        "as_of", "horizon_days", "snapshots", "accounts", "followed_by_escalation",
        "features_used", "catalogue_version", "lexicons_version", "rules_version",
        "data_fingerprint", "risk_model_version", "weights", "weights_because", "calibration",
    } <= set(run.data.params)  # fmt: skip
    assert run.data.params["as_of"] == "2026-06-29"
    for member in ("blend", "rules", "logistic", "boosting"):
        assert 0 <= run.data.metrics[f"{member}.auroc"] <= 1
    assert run.data.tags["verdict"] == "signal"
    assert run.data.tags["data_fingerprint"] == run.data.params["data_fingerprint"]
    assert re.fullmatch(r"[0-9a-f]{64}", run.data.tags["data_fingerprint"])
    names = {item.path for item in registry.list_artifacts(run.info.run_id)}
    assert {"calibration.png", "ranking.png", "backtest.json", "decisions"} <= names
    kept = {item.path for item in registry.list_artifacts(run.info.run_id, "decisions/models")}
    assert "decisions/models/rules.yaml" in kept


def test_the_model_has_a_signature_and_is_stored_as_data(trained: Trained, registry: Any) -> None:
    import mlflow

    info = mlflow.models.get_model_info(f"models:/{MODEL}/1")
    assert info.flavors["sklearn"]["serialization_format"] == "skops"
    facts = mlflow.artifacts.load_dict(f"runs:/{info.run_id}/model_facts.json")
    assert info.signature.inputs.input_names() == list(facts["features"])
    own = [path for path in trained.folder.rglob("*") if str(info.model_id) in str(path)]
    assert any(path.suffix == ".skops" for path in own)
    assert not any(path.suffix == ".pkl" for path in own)


def test_no_account_name_or_message_is_in_anything_that_is_kept(
    trained: Trained, sample_folder: Path
) -> None:
    accounts = pd.read_csv(sample_folder / "accounts.csv", dtype=str)
    texts = pd.read_csv(sample_folder / "messages.csv.gz", dtype=str)["text"].dropna()
    lines = {line.strip() for text in texts for line in text.splitlines()}
    longest = sorted(lines, key=len)[-400:]
    tickets = pd.read_csv(sample_folder / "tickets.csv.gz", dtype=str)
    secrets = [*accounts["account_id"].unique(), *accounts["name"].unique(), *longest]
    secrets += [*accounts["csm"].dropna().unique(), *tickets["description"].dropna().head(300)]
    anything = re.compile(b"|".join(re.escape(secret.encode()) for secret in secrets))
    assert anything.search((sample_folder / "accounts.csv").read_bytes()), "the search is blind"
    looked = 0
    for path in [trained.folder / "mlflow.db", *sorted((trained.folder / "mlruns").rglob("*"))]:
        if path.is_file():
            for content in _contents(path):
                looked += 1
                found = anything.search(content)
                assert not found, f"{path.name} holds {found and found[0]!r}"
    assert looked > 30


def _contents(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes and, for an archive, those of what is in it."""
    yield path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield archive.read(name)


# What of each table is known at a moment: the row's own times, and columns known at another's.
KNOWN: dict[str, tuple[str, dict[str, list[str]]]] = {
    "accounts": ("valid_from", {}),
    "usage": ("date", {}),
    "tickets": (
        "opened_at",
        {
            "first_response_at": ["first_response_at"],
            "resolved_at": ["resolved_at", "users_affected", "reassignments", "reopens"],
            "rated_at": ["rated_at", "csat"],
            "promise_made_at": ["promise_made_at", "promised_for"],
        },
    ),
    "ticket_events": ("occurred_at", {}),
    "surveys": (
        "sent_at",
        {"responded_at": ["responded_at", "score", "comment", "respondent_role"]},
    ),
    "messages": ("sent_at", {}),
    "meetings": ("scheduled_at", {}),
    "tasks": ("created_at", {"done_at": ["done_at"]}),
    "renewals": ("recorded_at", {"confirmed_at": ["confirmed_at"]}),
    "health_scores": ("scored_at", {}),
    "incidents": (
        "started_at",
        {"ended_at": ["ended_at", "users_affected"], "announced_at": ["announced_at"]},
    ),
    "escalations": (
        "opened_at",
        {
            "closed_at": ["closed_at", "cause"],
            "acknowledged_at": ["acknowledged_at"],
            "last_update_at": ["last_update_at"],
        },
    ),
    "outcomes": ("as_of", {}),
}


def cut_away(source: Path, target: Path, as_of: str) -> Path:
    """Write the tables as they could have been exported on a day's midnight."""
    target.mkdir()
    for name, (row_time, later) in KNOWN.items():
        path = next(path for path in source.iterdir() if path.name.split(".")[0] == name)
        table = pd.read_csv(path, dtype=str)
        table = table[table[row_time].isna() | (table[row_time] < as_of)]
        for time, columns in later.items():
            unknown = table[time].isna() | (table[time] >= as_of)
            table.loc[unknown, columns] = None
        table.to_csv(target / path.name, index=False)
    return target


def test_a_later_training_stays_behind_the_champion_and_reads_nothing_known_after_its_day(
    trained: Trained, registry: Any, sample_folder: Path, tmp_path: Path
) -> None:
    import mlflow

    from risk_model.tracking import load_champion

    cut_files = cut_away(sample_folder, tmp_path / "cut", DAY)
    for data, name in ((sample_folder, MODEL), (cut_files, "of-the-cut-files")):
        config = decisions(tmp_path / name, name, every_days=28, resamples=100)
        done = trained.command("train", "--data", data, "--config", config, "--as-of", DAY)
        assert done.code == 0, done.err
        assert ("version 1 stays champion" in done.said) == (name == MODEL)
    assert champion(registry, MODEL) == "1"
    whole, cut = load_champion(MODEL, "2"), load_champion("of-the-cut-files", "1")
    assert whole is not None
    assert cut is not None
    ours, theirs = (
        mlflow.artifacts.load_dict(f"runs:/{one.run_id}/backtest.json") for one in (whole, cut)
    )
    assert_near(ours, theirs)
    params = [
        {**run_of(registry, *one).data.params, "data_fingerprint": "its own"}
        for one in ((MODEL, "2"), ("of-the-cut-files", "1"))
    ]
    assert params[0] == params[1]
    rng = np.random.default_rng(0)
    names = [str(name) for name in whole.model.feature_names_in_]
    assert names == [str(name) for name in cut.model.feature_names_in_]
    table = pd.DataFrame(rng.normal(2, 3, (500, len(names))), columns=names)
    table = table.mask(rng.random(table.shape) < 0.2)
    np.testing.assert_allclose(
        whole.model.predict_proba(table), cut.model.predict_proba(table), rtol=1e-9
    )


def assert_near(ours: Any, theirs: Any, at: str = "") -> None:
    """Compare two JSON documents; sums run in another order where the tables are smaller."""
    if isinstance(ours, dict):
        assert list(ours) == list(theirs), at
        for name in ours:
            assert_near(ours[name], theirs[name], f"{at}.{name}")
    elif isinstance(ours, list):
        assert len(ours) == len(theirs), at
        for mine, other in zip(ours, theirs, strict=True):
            assert_near(mine, other, at)
    else:
        wanted = pytest.approx(ours, rel=1e-6) if isinstance(ours, float) else ours
        assert theirs == wanted, at


@pytest.fixture(scope="module")
def of_few(sample_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company with few accounts, eight of them with an escalation."""
    escalations = pd.read_csv(sample_folder / "escalations.csv")
    unlucky = escalations["account_id"].drop_duplicates().head(8)
    everybody = pd.read_csv(sample_folder / "accounts.csv")["account_id"].drop_duplicates()
    folder = tmp_path_factory.mktemp("of-few") / "data"
    return few_accounts(sample_folder, folder, {*unlucky, *everybody.head(30)})


@pytest.fixture
def remembers(text_cache: Path) -> dict[str, str]:
    """What lets two trainings on the same past measure it, and learn from it, once."""
    return {FOLDER: str(text_cache.parent)}


def test_without_an_address_runs_go_to_a_file_in_the_working_folder(
    command: Command, of_few: Path, remembers: dict[str, str], tmp_path: Path
) -> None:
    config = decisions(tmp_path / "config", "at-home", every_days=28, resamples=50)
    (tmp_path / "home").mkdir()
    home = command.at(tmp_path / "home")
    asked = ("train", "--data", of_few, "--config", config)
    done = home(*asked, MLFLOW_TRACKING_URI=None, **remembers)
    assert done.code == 0, done.err
    made = {path.name for path in home.cwd.iterdir() if not path.name.startswith(".")}
    assert made == {"mlflow.db", "mlruns"}
    assert "model version 1: " in done.said


@pytest.fixture(scope="module")
def by_chance(sample_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company with its escalations given to accounts at random."""
    everybody = set(pd.read_csv(sample_folder / "accounts.csv")["account_id"])
    folder = tmp_path_factory.mktemp("by-chance") / "data"
    return few_accounts(sample_folder, folder, everybody, shuffle=True)


def test_labels_by_chance_make_no_champion(
    trained: Trained,
    registry: Any,
    by_chance: Path,
    remembers: dict[str, str],
    tmp_path: Path,
) -> None:
    data = by_chance
    config = decisions(tmp_path / "config", "by-chance", every_days=28, resamples=100)
    done = trained.command("train", "--data", data, "--config", config, **remembers)
    assert done.code == 0, done.err
    assert "no usable signal" in done.said
    assert "model version 1: registered" in done.said
    assert champion(registry, "by-chance") is None
    assert run_of(registry, "by-chance").data.tags["verdict"] == "no-usable-signal"

    refused = trained.command("promote", "1", "--because", "a try", "--config", config)
    assert (refused.code, "has shown no usable signal" in refused.err) == (2, True)
    assert champion(registry, "by-chance") is None
    forced = ("promote", "1", "--because", "a try", "--config", config, "--force")
    assert trained.command(*forced).code == 0
    assert "champion by force" in trained.command("models", "--config", config).said
    scored = trained.command.score(data, "--config", config, out="chance.csv")
    assert scored.run["calibrated"] is False
    assert "by-chance/1 has shown no usable signal" in str(scored.run["notes"])


def test_a_training_that_is_forced_makes_a_champion_without_signal_and_every_list_says_so(
    trained: Trained,
    registry: Any,
    by_chance: Path,
    remembers: dict[str, str],
    tmp_path: Path,
) -> None:
    config = decisions(tmp_path / "config", "forced", every_days=28, resamples=100)
    asked = ("train", "--data", by_chance, "--config", config)
    done = trained.command(*asked, "--force", "the board wants one", USER="ann", **remembers)
    assert done.code == 0, done.err
    assert "no usable signal" in done.said
    assert "model version 1: champion" in done.said
    assert champion(registry, "forced") == "1"
    tags = registry.get_model_version("forced", "1").tags
    why = "forced (the board wants one); else: no usable signal"
    assert tags["promoted_because"].startswith(why)
    assert tags["promoted_by_force"] == "true"
    assert tags["promoted_by"]
    run = run_of(registry, "forced").data.tags
    assert run["verdict"] == "no-usable-signal"
    assert run["decision"].startswith(why)
    assert "champion by force" in trained.command("models", "--config", config).said
    scored = trained.command.score(by_chance, "--config", config, out="forced.csv")
    assert scored.run["calibrated"] is False
    assert "forced/1 has shown no usable signal" in str(scored.run["notes"])


def test_few_escalations_lean_on_the_rules_and_say_so(
    trained: Trained, registry: Any, of_few: Path, remembers: dict[str, str], tmp_path: Path
) -> None:
    config = decisions(tmp_path / "config", "of-few", every_days=28, resamples=100)
    done = trained.command("train", "--data", of_few, "--config", config, **remembers)
    assert done.code == 0, done.err
    alike = r"rules and logistic count alike: (\d+) escalations to learn from, 30 wanted"
    count = re.search(alike, done.said)
    assert count, done.said
    assert 10 <= int(count[1]) < 30
    weights = run_of(registry, "of-few").data.params["weights"]
    assert "'logistic': 0.5, 'boosting': 0.0" in weights
    assert re.search(r"'rules': 0?\.[1-9]", weights)
    scored = trained.command.score(
        of_few, "--config", config, "--model", 1, "--top", 0, out="few.csv"
    )
    assert scored.run["calibrated"] is False


def test_where_nothing_could_be_judged_the_model_is_kept_and_is_no_champion(
    command: Command, tmp_path: Path
) -> None:
    names = [f"A{number:02d}" for number in range(12)]
    tickets = [row for number, name in enumerate(names) for row in desk(name, 10 * number)]
    tickets.append({**desk("A00", 900)[0], "opened_at": moment(120), "resolved_at": moment(119)})
    opened = {"escalation_id": "E1", "account_id": "A03", "opened_at": moment(40)}
    data = write_tables(
        tmp_path / "data",
        accounts=[account(name) for name in names],
        tickets=tickets,
        escalations=[{**opened, "closed_at": moment(30)}],
    )
    done = command("train", "--data", data)
    assert done.code == 0, done.err
    assert "nothing could be judged" in done.said
    assert "risk-model-escalation/1" not in command("models").said
    card = command("models", "--card", 1)
    assert "Nobody knows: nothing could be judged" in card.said


def test_without_escalations_there_is_nothing_to_learn_from(
    command: Command, tmp_path: Path
) -> None:
    accounts, tickets = [account("one")], desk("one")
    none = write_tables(tmp_path / "none", accounts=accounts, tickets=tickets)
    done = command("train", "--data", none)
    assert (done.code, "--model rules" in done.err) == (3, True)
    assert "there is no escalations table" in done.err
    yesterday = {"escalation_id": "E1", "account_id": "one", "opened_at": "2023-01-01T00:00:00Z"}
    old = write_tables(
        tmp_path / "old", accounts=accounts, tickets=tickets, escalations=[yesterday]
    )
    for verb in ("train", "backtest"):
        done = command(verb, "--data", old)
        assert done.code == 3, done.said
        assert "no escalation falls into the horizon" in done.err
        assert "Traceback" not in done.err
    assert not (tmp_path / "mlruns").exists()


def test_a_registry_that_does_not_answer_is_told_before_any_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(_: str) -> None:
        raise RiskModelError("database is locked")

    monkeypatch.setattr("risk_model.pipelines.train.champion_version", away)
    plan = SimpleNamespace(train=SimpleNamespace(model="m"))
    line: Any = SimpleNamespace(day_of=lambda _: 20_000, settings=plan)
    with pytest.raises(RiskModelError, match="database is locked"):
        train(line)


def test_a_history_that_is_too_short_is_said(command: Command, tmp_path: Path) -> None:
    tickets = desk("one")[1:]
    one = {"escalation_id": "E1", "account_id": "one", "opened_at": "2026-03-29T00:00:00Z"}
    data = write_tables(
        tmp_path / "young", accounts=[account("one")], tickets=tickets, escalations=[one]
    )
    done = command("train", "--data", data)
    assert done.code == 3
    assert "history is too short" in done.err
