"""A company's own thresholds lie apart, in one file, and change the list without Python."""

from __future__ import annotations

import inspect
import re
from itertools import pairwise
from pathlib import Path

import pytest

from command import Command
from risk_model.blend import Blend
from risk_model.errors import ConfigError
from risk_model.pipelines.recipe import LEARNERS
from risk_model.settings import COMPANY, WORDS, lay_down, load_settings
from small_company import SETTINGS, account, desk, moment, ticket, write_tables

SHIPPED = SETTINGS


def ours(folder: Path, text: str) -> Path:
    """Write a company's file into a folder that holds nothing else."""
    folder.mkdir(exist_ok=True)
    (folder / COMPANY).write_text(text, encoding="utf-8")
    return folder


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_settings(ours(folder, text))
    return caught.value.mistakes


@pytest.mark.slow
@pytest.mark.practice("own-thresholds")
def test_a_threshold_in_the_companys_file_changes_the_list(command: Command) -> None:
    data = write_tables(
        command.cwd / "data",
        accounts=[account("loud"), account("calm")],
        tickets=[*desk("calm"), *(ticket(n, "loud", moment(3, n)) for n in range(5))],
    )
    own = ours(command.cwd / "ours", "# nothing yet\n")
    before = command.score(data, "--model", "rules", "--config", own).row("loud")
    assert "ticket-burst" in before["rules_fired"].split(";")
    ours(own, "rules:\n  ticket-burst: {when: {tickets_7d: {above: 5}}}\n")
    after = command.score(data, "--model", "rules", "--config", own).row("loud")
    assert "ticket-burst" not in after["rules_fired"].split(";")
    assert float(after["escalation_probability"]) < float(before["escalation_probability"])
    assert after["model_version"] != before["model_version"]


def test_nothing_written_changes_nothing(tmp_path: Path) -> None:
    empty = load_settings(ours(tmp_path / "ours", "# only a comment\n"))
    assert empty.version == SHIPPED.version
    assert empty.response == SHIPPED.response


def test_a_rule_can_be_changed_or_switched_off_and_the_others_stay(tmp_path: Path) -> None:
    text = """
rules:
  usage-drop: {when: {usage_change: {below: -0.5}}, grade: strong, says: "Usage {usage_change}"}
  nps-passive: {use: false}
  several-red-flags: {kinds: {at_least: 4}}
  asks-for-higher: {tier: 3}
points: {strong: 5}
flags: [strong]
"""
    rules = load_settings(ours(tmp_path / "ours", text)).rules
    drop = rules.by_id["usage-drop"]
    (changed,) = [case.when["usage_change"] for case in drop.any_of if "usage_change" in case.when]
    assert (changed.below, drop.grade) == (-0.5, "strong")
    assert drop.says == "Usage {usage_change}"
    assert drop.do == SHIPPED.rules.by_id["usage-drop"].do
    assert "nps-passive" not in rules.by_id
    several = rules.by_id["several-red-flags"].kinds
    assert several is not None
    assert several.at_least == 4
    assert {case.tier for case in rules.by_id["asks-for-higher"].as_cases} == {3}, "every case"
    assert (rules.points["strong"], rules.points["mild"], rules.flags) == (5, 1, ("strong",))
    same = [rule.id for rule in rules.rules if rule == SHIPPED.rules.by_id[rule.id]]
    assert len(same) == len(SHIPPED.rules.rules) - 4


def test_a_condition_is_replaced_wherever_the_rule_has_it(tmp_path: Path) -> None:
    text = "rules:\n  ticket-past-sla: {when: {past_sla: {at_least: 3}}}\n"
    rule = load_settings(ours(tmp_path / "ours", text)).rules.by_id["ticket-past-sla"]
    (changed,) = [case.when["past_sla"] for case in rule.any_of if "past_sla" in case.when]
    assert (changed.at_least, changed.above) == (3, None), "a loosened threshold is not held back"


@pytest.mark.practice("own-thresholds")
def test_other_files_can_be_changed_part_by_part(tmp_path: Path) -> None:
    text = """
response: {capacity: 40, severities: {SEV-3: {owner: "anybody"}}}
score: {top: 3}
backtest: {folds: 7}
"""
    settings = load_settings(ours(tmp_path / "ours", text))
    assert (settings.response.capacity, settings.score.top, settings.backtest.folds) == (40, 3, 7)
    assert settings.response.severities["SEV-3"].owner == "anybody"
    assert settings.response.severities["SEV-2"] == SHIPPED.response.severities["SEV-2"]
    assert settings.response.large_arr == SHIPPED.response.large_arr


def test_mistakes_in_it_come_at_once_with_file_line_and_remedy(tmp_path: Path) -> None:
    text = """rules:
  usage-dorp: {use: false}
  ticket-burst: {when: {ticket_7d: {above: 5}}}
  nps-passive: {says: "NPS {npss}"}
  several-red-flags: {when: {tickets_7d: {above: 5}}}
respons: {capacity: 3}
score: {top: many}
"""
    told = mistakes(tmp_path / "ours", text)
    wanted = [
        ("ours/company.yaml:2: there is no rule 'usage-dorp'.", "Did you mean 'usage-drop'?"),
        ("ours/company.yaml:3: rule 'ticket-burst' has no condition on 'ticket_7d'.", "tickets_7d"),
        ("ours/company.yaml:4: rule 'nps-passive': unknown feature 'npss'", "Did you mean 'nps'?"),
        ("ours/company.yaml:5: rule 'several-red-flags' has no condition", "It counts kinds."),
        ("ours/company.yaml:6: unknown part 'respons'.", "Did you mean 'response'?"),
        ("ours/company.yaml:7: ", "integer"),
    ]
    assert len(told) == len(wanted)
    for place, remedy in wanted:
        assert any(line.startswith(place) and remedy in line for line in told), (place, told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "rules:\n  usage-drop: {grade: loud}\n",
            r"company.yaml:2: .*'strong', 'warning' or 'mild'",
        ),
        ("rules:\n  usage-drop: {whn: {}}\n", r"company.yaml:2: unknown key 'whn'.*'when'"),
        ("rules:\n  - usage-drop\n", r"company.yaml:\d: .*dictionary"),
        ("- usage-drop\n", r"company.yaml:1: not a mapping"),
        ("rules: {a: [}\n", r"company.yaml:1: "),
        (
            "rules:\n  usage-drop: {when: {usage_change: {below: -0,4}}}\n",
            r"company.yaml:2: '-0,4' is no number: a comma parts two entries. Write -0.4\.$",
        ),
        (
            "rules:\n  usage-drop:\n    when:\n      usage_change:\n        below: -0,4\n",
            r"company.yaml:5: '-0,4' is no number; write -0.4\.$",
        ),
        ("score:\n  top: 2026-02-30\n", r"company.yaml:2: '2026-02-30' is no date\. Mend it, or"),
        ("score: {top: !!int abc}\n", r"company.yaml:1: 'abc' is no whole number\."),
        (f"score: {{top: {'9' * 5000}}}\n", r"company.yaml:1: '9{40}' is no whole number\."),
        ("score: {top: !!bool maybe}\n", r"company.yaml:1: 'maybe' is no yes or no\."),
        ("rules: &r\n  usage-drop: *r\n", r"company.yaml:\d: nested too deeply, or aliases"),
        pytest.param(
            *("rules: " + "[" * 5000, r"company.yaml:1: nested too deeply"),
            marks=pytest.mark.slow,
        ),
        (
            "a: &a [x, x, x, x, x, x, x, x]\n"
            + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 8)}]\n" for a, b in pairwise("abcdefg")),
            r"company.yaml:1: nested too deeply, or aliases \(\*\) without end",
        ),
        ("escalation:\n  logistic: {c: 3}\n", r"company.yaml:2: 'logistic' has no 'c'\."),
        (
            "escalation:\n  blend:\n    n_fold: 3\n",
            r"company.yaml:[23]: 'blend' has no 'n_fold'\. Did you mean 'n_folds'",
        ),
        (
            "escalation: {choose: {boosting: {rate: [1]}}}\n",
            r"company.yaml:1: 'boosting' has no 'rate'",
        ),
        (
            "rules:\n  usage-drop: {when: {usage_change: {in: [high]}}}\n",
            r"company.yaml:2: a feature is a figure and never 'high'",
        ),
        (
            "severity:\n  floors:\n    - severity: 1\n      says: x\n"
            "      any_of: [{open_p1: {in: [high]}}]\n",
            r"company.yaml:5: a feature is a figure and never 'high'",
        ),
        (
            "response:\n  causes:\n    contract:\n      signs: [arr]\n",
            r"company.yaml:4: 'arr' is never a sign: give it 'says' and 'notable'",
        ),
        (
            "response:\n  turn: {says: 'Waits {days}'}\n",
            r"company.yaml:2: only \{waited\} and \{hours\} can be filled in",
        ),
        ("points: {strong: -3}\n", r"company.yaml:1: .*greater than or equal to 0"),
    ],
)
def test_a_mistake_is_told_at_home(tmp_path: Path, text: str, told: str) -> None:
    (line,) = mistakes(tmp_path / "ours", text)
    assert re.search(told, line), line


def test_a_folder_with_some_parts_only_is_told_what_is_missing(tmp_path: Path) -> None:
    own = ours(tmp_path / "ours", "# mine\n")
    (own / "models").mkdir()
    with pytest.raises(ConfigError, match="ours/features/: missing"):
        load_settings(own)


@pytest.mark.slow
def test_what_init_lays_down_has_the_file_with_examples_that_hold(tmp_path: Path) -> None:
    lay_down(tmp_path / "ours")
    text = (tmp_path / "ours" / COMPANY).read_text(encoding="utf-8")
    assert load_settings(tmp_path / "ours").version == SHIPPED.version
    examples = re.sub(r"^# ?(?=\s*\w[\w-]*: )", "", text, flags=re.MULTILINE)
    settings = load_settings(ours(tmp_path / "taken", examples))
    assert settings.version != SHIPPED.version
    assert "nps-passive" not in settings.rules.by_id
    assert (settings.response.capacity, settings.score.top) == (40, 25)


def test_it_is_used_without_being_asked_for_where_it_lies_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings().score.top == 15
    ours(tmp_path, "score: {top: 3}")
    assert load_settings().score.top == 3
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert load_settings(ours(elsewhere, "score: {top: 4}")).score.top == 4
    (tmp_path / "models").mkdir()
    with pytest.raises(ConfigError, match="features/: missing"):
        load_settings()


def test_no_flags_are_no_flags_and_kinds_may_be_a_number(tmp_path: Path) -> None:
    settings = load_settings(ours(tmp_path, "flags: []\nrules: {several-red-flags: {kinds: 5}}\n"))
    assert settings.rules.flags == ()
    kinds = settings.rules.by_id["several-red-flags"].kinds
    assert kinds is not None
    assert kinds.at_least == 5


def test_what_can_be_set_of_the_learners_is_what_they_take() -> None:
    given = {"self", "directions", "without", "rules", "learners", "horizon", "gap"}
    for name, made in {**LEARNERS, "blend": Blend}.items():
        assert set(inspect.signature(made.__init__).parameters) - given == set(WORDS[name])
