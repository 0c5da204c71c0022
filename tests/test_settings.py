"""Decisions are YAML: a changed word changes the list; mistakes come at once, with places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from command import Command
from risk_model.errors import ConfigError
from risk_model.settings import PARTS, load_settings
from small_company import account, desk, moment, ticket, write_tables


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One account with five tickets in a week, and one without."""
    tickets = [*desk("calm"), *(ticket(n, "loud", moment(3, n)) for n in range(5))]
    return write_tables(
        tmp_path / "data", accounts=[account("loud"), account("calm")], tickets=tickets
    )


def edit(file: Path, old: str, new: str) -> int:
    """Change a word in a file, as a person would; return its line."""
    text = file.read_text()
    assert text.count(old) == 1, f"{old} stands {text.count(old)} times in {file.name}"
    file.write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1


@pytest.mark.slow
def test_a_threshold_changed_in_yaml_changes_the_list(command: Command, data: Path) -> None:
    assert command("init", "ours").code == 0
    ours = command.cwd / "ours"
    before = command.score(data, "--model", "rules", "--config", ours).row("loud")
    assert "ticket-burst" in before["rules_fired"].split(";")
    edit(ours / "models/rules.yaml", "tickets_7d: {above: 3}", "tickets_7d: {above: 5}")
    after = command.score(data, "--model", "rules", "--config", ours).row("loud")
    assert "ticket-burst" not in after["rules_fired"].split(";")
    assert float(after["escalation_probability"]) < float(before["escalation_probability"])
    assert after["model_version"] != before["model_version"]


@pytest.mark.slow
def test_words_clocks_and_policy_are_the_companys_own(command: Command, data: Path) -> None:
    assert command("init", ".").code == 0
    # Without --config the working folder's decisions count.
    edit(
        command.cwd / "models/rules.yaml",
        '"{tickets_7d} (ticket|tickets) in one week, the last on {tickets_7d:date}"',
        '"Flood: {tickets_7d}"',
    )
    edit(
        command.cwd / "models/response.yaml", "acknowledge_minutes: 1440", "acknowledge_minutes: 30"
    )
    edit(command.cwd / "pipelines/score.yaml", "policy: probability", "policy: arr-at-risk")
    edit(command.cwd / "pipelines/score.yaml", "top: 15", "top: 0")
    listed = command.score(data, "--model", "rules")
    assert "Flood: 5" in [listed.row("loud")[f"reason_{n}"] for n in (1, 2, 3)]
    assert listed.row("calm")["acknowledge_by"].endswith("T09:30:00Z"), "30 minutes after nine"
    assert "Watchlist" not in listed.done.out
    assert listed.rows["arr_at_risk"].astype(float).is_monotonic_decreasing


@pytest.mark.slow
def test_init_lays_down_everything_and_nothing_over_what_is_there(command: Command) -> None:
    assert command("init", "ours").code == 0
    ours, root = load_settings(command.cwd / "ours"), load_settings(Path(__file__).parents[1])
    assert (ours.version, ours.response, ours.recipe) == (root.version, root.response, root.recipe)
    assert (ours.train, ours.backtest, ours.score) == (root.train, root.backtest, root.score)
    mine = command.cwd / "ours/models/rules.yaml"
    mine.write_text("rules: []\n")
    again = command("init", "ours")
    assert again.code == 2
    assert "Choose another folder" in again.err
    assert mine.read_text() == "rules: []\n"


def test_all_mistakes_come_at_once_with_file_line_and_remedy(command: Command, data: Path) -> None:
    command("init", "ours")
    ours = command.cwd / "ours"
    rules, response = ours / "models/rules.yaml", ours / "models/response.yaml"
    tickets, score = ours / "features/tickets.yaml", ours / "pipelines/score.yaml"
    wanted = [
        (
            "rules.yaml",
            edit(rules, "tickets_7d: {above: 3}", "tickets_7: {above: 3}"),
            "Did you mean 'tickets_7d'",
        ),
        (
            "rules.yaml",
            edit(rules, "{detractor_answers_28d: {above: 0}}", "{detractors: {above: 0}}"),
            "unknown feature 'detractors'",
        ),
        (
            "rules.yaml",
            edit(rules, '{tickets_7d:date}"', '{tickets_7d:dat}"'),
            "'tickets' has no column 'dat' to tell in says. Did you mean 'date'",
        ),
        ("response.yaml", edit(response, "capacity: 25", "capcity: 25"), "Did you mean 'capacity'"),
        ("score.yaml", edit(score, "top: 15", "top: many"), "integer"),
    ]
    done = command("score", "--data", data, "--config", ours, "--out", "x.csv", "--model", "rules")
    assert done.code == 2
    for file, line, remedy in wanted:
        assert re.search(rf"{re.escape(file)}:{line}: .*{remedy}", done.err), done.err
    line = edit(tickets, "source: tickets\nfeatures", "source: tickts\nfeatures")
    done = command("score", "--data", data, "--config", ours, "--out", "x.csv", "--model", "rules")
    assert re.search(
        r"tickets\.yaml:\d+: unknown source 'tickts'. Did you mean 'tickets'", done.err
    ), line
    for file in ("response.yaml", "rules.yaml"):
        assert file in done.err, "the others are still told"
    assert "Traceback" not in done.err


def test_mistakes_in_the_rules_are_told_before_those_in_the_features_are_mended(
    tmp_path: Path,
) -> None:
    from risk_model.settings import lay_down

    lay_down(tmp_path)
    line = edit(tmp_path / "models/rules.yaml", "tickets_7d: {above: 3}", "tickets_7: {above: 3}")
    edit(tmp_path / "features/tickets.yaml", "source: tickets\nfeatures", "source: tick\nfeatures")
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path)
    in_rules = [told for told in caught.value.mistakes if told.startswith("models/rules.yaml")]
    assert in_rules == [
        f"models/rules.yaml:{line}: unknown feature 'tickets_7' in rule 'ticket-burst'. Did you "
        "mean 'tickets_7d'?"
    ]
    assert any(told.startswith("features/tickets.yaml") for told in caught.value.mistakes)
    # names that nobody can read are no reason to call every rule wrong
    edit(tmp_path / "features/usage.yaml", "family: usage", "family: [usage")
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path)
    assert not [told for told in caught.value.mistakes if told.startswith("models/rules.yaml")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "{of: actions_28d, to: actions_84d, at_least",
            "{of: actions_28, to: actions_84d, at_least",
            "'actions_28'",
        ),
        (
            "{of: actions_28d, to: actions_84d, at_least",
            "{of: actions_share_of_quarter, to: actions_84d, at_least",
            "in a circle: actions_share_of_quarter",
        ),
    ],
)
def test_features_that_cannot_be_made_stop_no_other_check(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    from risk_model.settings import lay_down

    lay_down(tmp_path)
    edit(tmp_path / "features/usage.yaml", old, new)
    edit(tmp_path / "models/response.yaml", "capacity: 25", "capcity: 25")
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path)
    in_features, *others = caught.value.mistakes
    assert told in in_features
    assert any("unknown key 'capcity'. Did you mean 'capacity'?" in other for other in others)
    assert all(other.startswith("models/response.yaml") for other in others)


MISTAKES: list[tuple[str, str, str, str]] = [
    ("models/rules.yaml", "points: {strong: 3,", "points: {strong: three,", "number"),
    ("models/rules.yaml", "kinds: 3", "kinds: 1", "greater than or equal to 2"),
    ("models/response.yaml", "stale_after_days: 15", "stale_after_days: 0", "greater than 0"),
    ("models/response.yaml", "share_of_arr: 0.01", "share_of_arr: 1.5", "less than or equal to 1"),
    ("pipelines/train.yaml", "every_days: 7", "every_days: 0", "greater than 0"),
    ("pipelines/backtest.yaml", "folds: 4", "folds: 1", "greater than or equal to 2"),
    ("models/response.yaml", "capacity: 25", "capacity: 0", "greater than 0"),
    ("pipelines/score.yaml", "policy: probability", "policy: fear", "arr-at-risk"),
    ("pipelines/score.yaml", "top: 15", "top: 15\ntop: 16", "written twice"),
    ("pipelines/score.yaml", "top: 15", "top: [15", "expected"),
    ("models/escalation.yaml", "blend:", "!!python/object:os.system blend:", ""),
]


@pytest.mark.slow
@pytest.mark.parametrize(("file", "old", "new", "told"), MISTAKES)
def test_each_mistake_has_its_place(
    command: Command, file: str, old: str, new: str, told: str
) -> None:
    from risk_model.settings import lay_down

    lay_down(command.cwd)
    edit(command.cwd / file, old, new)
    with pytest.raises(ConfigError) as caught:
        load_settings(command.cwd)
    assert len(caught.value.mistakes) == 1
    assert re.match(rf"{re.escape(file)}:\d+: ", caught.value.mistakes[0])
    assert told in caught.value.mistakes[0]


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_part_is_named_with_the_remedy(command: Command, part: str) -> None:
    import shutil

    from risk_model.settings import lay_down

    lay_down(command.cwd / "ours")
    shutil.rmtree(command.cwd / "ours" / part)
    with pytest.raises(ConfigError) as caught:
        load_settings(command.cwd / "ours")
    assert f"ours/{part}/: missing" in str(caught.value)
    assert "risk-model init" in str(caught.value)


@pytest.mark.slow
def test_the_fingerprint_changes_with_what_is_computed_and_with_nothing_else(
    tmp_path: Path,
) -> None:
    from risk_model.settings import lay_down

    lay_down(tmp_path)
    before = load_settings(tmp_path).version
    edit(tmp_path / "pipelines/score.yaml", "top: 15", "top: 3")
    assert load_settings(tmp_path).version == before
    edit(tmp_path / "models/rules.yaml", "tickets_7d: {above: 3}", "tickets_7d: {above: 4}")
    after = load_settings(tmp_path).version
    assert after != before
    first = tmp_path / "features/usage.yaml"
    edit(
        first,
        "{name: actions_28d, sum: actions, window: 28d,",
        "{name: actions_28d, sum: actions, window: 27d,",
    )
    assert load_settings(tmp_path).version not in (before, after)
