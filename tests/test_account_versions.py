"""Which version of an account counts: of those known, the one that holds from the latest day."""

from pathlib import Path

import pandas as pd
import pytest

from command import Command
from measuring import SHIPPED, measure
from risk_model.catalogue import Catalogue
from risk_model.engines.duckdb import DuckDBEngine
from risk_model.errors import ConfigError
from risk_model.features.snapshots import snapshots_on
from risk_model.tables import Tables, open_tables, tables_from_frames
from risk_model.timeline import day_number
from small_company import AS_OF, Row, account, day, desk, write_tables

NOW = day_number(AS_OF)
OF_ACCOUNTS = Catalogue(
    features=tuple(feature for feature in SHIPPED.features if feature.source == "accounts")
)
CURRENT = account(
    "A", csm="Ann", arr=5000, contract_end=day(-300), valid_from=day(60), recorded_at=day(60)
)
# A contract of years ago, its end and its owner, filled in three days before the list.
HISTORY = account(
    "A", csm="Old", arr=70, contract_end=day(20), valid_from=day(500), recorded_at=day(3)
)


def versions(*rows: Row) -> dict[str, pd.DataFrame]:
    """Return the tables of a company of which A has these versions."""
    plain = account("B", contract_end="", csm="Bo", valid_from="", recorded_at="")
    rows = (*rows, plain)
    return {
        "accounts": pd.DataFrame([{name: str(row[name]) for name in plain} for row in rows]),
        "tickets": pd.DataFrame([*desk("A", 160), *desk("B")]),
    }


def snapshots_of(tables: Tables, ago: int) -> pd.DataFrame:
    return snapshots_on(DuckDBEngine(tables.connection), tables.present, [NOW - ago])


def seen(*rows: Row, ago: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """Return the snapshots of a day, and A's features."""
    with tables_from_frames(versions(*rows)) as tables:
        report = tables.report.tables["accounts"]
        assert (report.refused, report.kept) == (0, len(rows) + 1)
        snapshots = snapshots_of(tables, ago)
        features = measure(tables, snapshots[["account_id", "as_of"]], OF_ACCOUNTS)
    return snapshots, features.iloc[0]


def csm_of(*rows: Row, ago: int = 0) -> object:
    """Return whose account A is on a day."""
    with tables_from_frames(versions(*rows)) as tables:
        return snapshots_of(tables, ago).set_index("account_id").loc["A", "csm"]


def test_history_that_is_filled_in_takes_nobody_off_the_list(
    command: Command, tmp_path: Path
) -> None:
    tables = {"tickets": [*desk("A", 160), *desk("B")], "accounts": [CURRENT, account("B")]}
    filled_in = {**tables, "accounts": [CURRENT, HISTORY, account("B")]}
    lists = [
        command.score(
            write_tables(tmp_path / name, **told), "--model", "rules", out=f"{name}.csv"
        ).rows
        for name, told in (("before", tables), ("after", filled_in))
    ]
    for listed in lists:
        row = listed.set_index("account_id").loc["A"]
        assert (row["csm"], float(row["arr"])) == ("Ann", 5000)
    assert sorted(lists[0]["account_id"]) == sorted(lists[1]["account_id"]) == ["A", "B"]


def test_history_that_is_filled_in_moves_no_feature() -> None:
    for ago in (0, 2, 10):
        for expected, found in zip(
            seen(CURRENT, ago=ago), seen(HISTORY, CURRENT, ago=ago), strict=True
        ):
            assert expected.equals(found)


def test_no_owner_has_changed_where_history_names_another() -> None:
    # Without the rule Old takes over three days ago, and Ann again yesterday.
    again = CURRENT | {"arr": 5100, "valid_from": day(1), "recorded_at": day(1)}
    before = CURRENT | {"csm": "Cy", "valid_from": day(90), "recorded_at": day(90)}
    snapshots, features = seen(before, CURRENT, HISTORY, again)
    assert features["days_since_csm_change"] == 60
    assert features["arr"] == 5100
    assert snapshots["is_customer"].all()


def test_a_version_counts_once_it_is_known_and_in_force() -> None:
    announced = CURRENT | {"csm": "New", "valid_from": day(-5), "recorded_at": day(9)}
    told_late = CURRENT | {"csm": "New", "valid_from": day(9), "recorded_at": day(5)}
    for later, first in ((announced, -5), (told_late, 5)):
        # History that comes in before the later version is in force or known is nothing either.
        assert csm_of(CURRENT, HISTORY, later, ago=first) == "Ann"
        assert csm_of(CURRENT, HISTORY, later, ago=first - 1) == "New"
    assert seen(CURRENT, told_late, ago=5)[1].equals(seen(CURRENT, ago=5)[1])


def test_what_is_filled_in_stands_until_then_where_nothing_later_is_known() -> None:
    late = CURRENT | {"recorded_at": day(1)}
    running = HISTORY | {"contract_end": day(-9)}
    assert [csm_of(running, late, ago=ago) for ago in (2, 1, 0)] == ["Old", "Old", "Ann"]


@pytest.mark.parametrize("since", [day(500), "1995-06-01", ""])
def test_of_a_history_that_came_in_at_once_the_last_version_counts(since: str) -> None:
    # Texts of dates before 1997 would sort behind those of today.
    history = HISTORY | {"valid_from": since, "recorded_at": day(60)}
    assert csm_of(CURRENT, history) == "Ann"


def test_a_mapping_says_of_a_whole_version_from_when_it_is_known(tmp_path: Path) -> None:
    write_tables(tmp_path, accounts=[CURRENT], tickets=desk("A"))
    mapping = "tables:\n  accounts: {file: accounts.csv, known_at: {valid_from: recorded_at}}\n"
    (tmp_path / "sources.yaml").write_text(mapping)
    with pytest.raises(ConfigError) as caught:
        open_tables(tmp_path)
    (mistake,) = caught.value.mistakes
    assert mistake.endswith(":2: say 'row' instead, for a version is known as a whole.")
