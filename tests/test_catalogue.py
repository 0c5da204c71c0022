"""The catalogue: what ships, and every mistake at once with its place and a remedy."""

import pytest

from measuring import FOLDER, SHIPPED
from risk_model.catalogue import Catalogue, Condition, Feature, load_catalogue
from risk_model.catalogue.sentences import figures_in
from risk_model.errors import ConfigError
from risk_model.features.sources import late_columns, source_columns

TABLES = {
    "usage",
    "tickets",
    "surveys",
    "messages",
    "meetings",
    "tasks",
    "renewals",
    "health_scores",
    "incidents",
    "escalations",
}


def mistakes_in(folder, **files):
    folder = folder / "features"
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_catalogue(folder, source_columns())
    return caught.value.mistakes


def test_what_ships_measures_every_table_of_the_contract():
    assert len(SHIPPED.features) >= 80
    assert {feature.source for feature in SHIPPED.features} >= TABLES
    assert len({feature.fingerprint for feature in SHIPPED.features}) == len(SHIPPED.features)


def test_every_feature_tells_its_story():
    for feature in SHIPPED.features:
        assert len(feature.means) > 8, feature.name
        assert feature.family
        # A direction that a model is held to, or that is notable, is one that a list can say.
        assert feature.says or feature.notable is None, feature.name
        for word, _ in figures_in(feature.says or ""):
            assert word == "value" or word in SHIPPED.by_name
    assert len({feature.means for feature in SHIPPED.features}) == len(SHIPPED.features)


@pytest.mark.practice("no-forced-direction")
def test_no_direction_is_forced_on_disengagement():
    directions = SHIPPED.directions
    assert set(directions.values()) == {-1, 0, 1}
    for feature in SHIPPED.features:
        if feature.family == "usage":
            assert directions[feature.name] == 0, feature.name


def test_all_mistakes_of_all_files_come_at_once_with_line_and_remedy(tmp_path):
    usage = """family: usage
source: usage
features:
  - name: one
    sum: actions
    windw: 7d
    means: "a"
  - {name: two, sum: actions, means: "b"}
  - {name: three, count: true, sum: actions, window: 7d, means: "c"}
  - {name: four, slope: actions, window: 10d, means: "d"}
  - {name: five, count: true, window: 7d}
"""
    tickets = """family: tickets
source: tickets
features:
  - {name: six, count: true, window: 7d, means: "a", worse: more}
"""
    told = mistakes_in(tmp_path, usage=usage, tickets=tickets)
    wanted = [
        ("features/tickets.yaml:4: ", "'higher', 'lower' or 'none'"),
        ("features/usage.yaml:6: unknown key 'windw'.", " Did you mean 'window'?"),
        ("features/usage.yaml:8: ", "'two': 'sum' needs 'window'"),
        ("features/usage.yaml:9: ", "exactly one verb"),
        ("features/usage.yaml:10: ", "whole weeks"),
        ("features/usage.yaml:11: ", "'means' is missing"),
    ]
    for place, remedy in wanted:
        assert any(line.startswith(place) and remedy in line for line in told), (place, told)


def test_what_points_to_nothing_is_named_with_what_was_meant(tmp_path):
    text = """family: usage
features:
  - {name: one, source: ticket, count: true, window: 7d, means: "a"}
  - {name: two, source: tickets, count: true, window: 7d, where: {prioritty: P1}, means: "b"}
  - name: three
    ratio: {of: one, to: too}
    means: "c"
    says: "{valu} of {one}"
  - {name: four, source: usage, sum: actoins, window: 7d, means: "d"}
"""
    assert mistakes_in(tmp_path, usage=text) == [
        "features/usage.yaml:3: unknown source 'ticket'. Did you mean 'tickets'?",
        "features/usage.yaml:4: 'tickets' has no column 'prioritty'. Did you mean 'priority'?",
        "features/usage.yaml:5: unknown feature 'too'. Did you mean 'two'?",
        "features/usage.yaml:5: unknown feature 'valu' in says. Did you mean 'value'?",
        "features/usage.yaml:9: 'usage' has no column 'actoins'. Did you mean 'actions'?",
    ]


def test_what_is_only_ever_known_is_not_asked_for_as_unknown(tmp_path):
    text = """family: tickets
features:
  - {name: one, source: tickets, count: true, window: 7d, where: {resolved_at: {known: false}},
     means: "a"}
  - {name: two, source: tickets, count: true, window: 7d, where: {category: {known: false}},
     means: "b"}
  - {name: three, source: tickets, count: true, window: 7d, where: {csat: {known: true}},
     means: "c"}
  - {name: four, source: surveys, count: true, window: 7d, at: sent_at,
     where: {complaint: {known: false}}, means: "d"}
"""
    folder = tmp_path / "features"
    folder.mkdir()
    (folder / "tickets.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_catalogue(folder, source_columns(), late_columns())
    told = (
        "features/tickets.yaml:{}: '{}' is known from '{}' on, and a row waits for what it is "
        "asked about, so 'known: false' never holds. Count what is open: `open` with an interval "
        "until '{}'."
    )
    assert caught.value.mistakes == [
        told.format(3, "resolved_at", "resolved_at", "resolved_at"),
        told.format(9, "complaint", "responded_at", "responded_at"),
    ]


def test_a_name_stands_only_once_over_all_files(tmp_path):
    line = '  - {name: one, source: usage, count: true, window: 7d, means: "a"}\n'
    head = "family: x\nfeatures:\n"
    told = mistakes_in(tmp_path, a=head + line, b=head + line)
    assert told == ["features/b.yaml:3: 'one' stands already at features/a.yaml:3."]


def test_a_key_written_twice_and_bad_yaml_are_told_by_line(tmp_path):
    twice = "family: x\nfamily: y\nfeatures: []\n"
    broken = "family: x\nfeatures: [\n"
    told = mistakes_in(tmp_path, a=twice, b=broken)
    assert told[0] == "features/a.yaml:2: 'family' is written twice."
    assert told[1].startswith("features/b.yaml:3: ")


def test_what_is_notable_of_a_figure_is_a_figure(tmp_path):
    feature = "{name: one, count: true, source: usage, window: 7, means: a, notable: {in: [high]}}"
    (told,) = mistakes_in(tmp_path, x=f"family: x\nfeatures:\n  - {feature}\n")
    assert told.startswith("features/x.yaml:3: notable: a feature is a figure and never 'high'")


def test_features_that_go_in_a_circle_are_refused(tmp_path):
    text = """family: x
features:
  - {name: one, add: [two], means: "a"}
  - {name: two, add: [one], means: "b"}
"""
    assert "one > two > one" in mistakes_in(tmp_path, x=text)[0]


def test_yaml_makes_no_objects(tmp_path):
    told = mistakes_in(tmp_path, x="family: !!python/object/apply:os.getcwd []\n")
    assert told[0].startswith("features/x.yaml:1: ")


def test_an_empty_folder_is_told(tmp_path):
    assert "no catalogue here" in mistakes_in(tmp_path)[0]


def test_the_fingerprint_follows_what_is_computed_and_not_the_story():
    one = Feature(name="one", means="a", source="usage", sum="actions", window=7)
    assert one.fingerprint == one.model_copy(update={"means": "b", "says": "c"}).fingerprint
    for update in ({"window": 8}, {"lag": 1}, {"source": "tickets"}, {"sum": "logins"}):
        assert one.fingerprint != one.model_copy(update=update).fingerprint
    assert Catalogue(features=(one,)).version != SHIPPED.version


def test_a_part_of_the_catalogue_keeps_what_it_is_made_of():
    part = SHIPPED.only({"usage_change"})
    assert {"actions_change", "actions_28d", "actions_28d_before"} <= set(part.names)
    assert "tickets_7d" not in part.names
    made = [feature.name for feature in SHIPPED.in_order_of_making()]
    for feature in SHIPPED.features:
        assert all(made.index(part) < made.index(feature.name) for part in feature.parts)


@pytest.mark.parametrize(
    ("written", "value", "holds"),
    [
        (True, 1, True),
        (False, 1, False),
        ("P1", "P1", True),
        (["P1", "P2"], "P3", False),
        ([1, 2], 2.0, True),
        ([1, 2], 2, True),
        ([1, 2], "2", True),
        ([1, 2.5], 2.5, True),
        ([1, 2], 3.0, False),
        ({"in": [1, 2]}, 1.0, True),
        ([True], 1, True),
        (3, 3, True),
        (3, 3.0, True),
        (3, 4.0, False),
        ({"above": 3}, 3, False),
        ({"at_least": 3}, 3, True),
        ({"below": 3, "above": 1}, 2, True),
        ({"at_most": 3}, None, False),
        ({"at_most": 3}, float("nan"), False),
        ({"known": False}, None, True),
        ({"known": False}, 1, False),
        ({"known": True}, 1, True),
    ],
)
def test_a_condition_holds_as_it_reads(written, value, holds):
    assert Condition.model_validate(written).holds(value) is holds


def test_the_catalogue_is_read_from_the_folder_that_ships():
    assert load_catalogue(FOLDER, source_columns()).version == SHIPPED.version
