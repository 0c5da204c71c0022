"""Weekly figures: what the tables cover, and nothing where they cover nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from risk_model.pipelines.line import Line
from risk_model.settings import load_settings
from risk_model.timeline import day_number
from risk_model.weekly import weekly_series
from small_company import AS_OF, account, day, desk, moment, ticket, write_tables

WEEKS = 10


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """Usage of one account for four weeks, until three weeks before the day."""
    usage = [{"account_id": "one", "date": day(ago), "actions": 10} for ago in range(22, 50)]
    theirs, ours = (
        {
            "message_id": side,
            "account_id": "one",
            "channel": "email",
            "direction": side,
            "text": "Fine.",
        }
        for side in ("inbound", "outbound")
    )
    folder = write_tables(
        Path(tmp_path_factory.mktemp("weekly")),
        accounts=[account("one"), account("two")],
        usage=usage,
        tickets=[*desk("two"), ticket(9, "one", moment(10))],
        messages=[theirs | {"sent_at": moment(12)}, ours | {"sent_at": moment(1)}],
    )
    with Line.open(folder, load_settings()) as line:
        return weekly_series(
            line.engine, line.tables.present, ["one", "two"], day_number(AS_OF), WEEKS
        )


def test_a_feed_that_stopped_is_no_customer_who_stopped(series: dict[str, pd.DataFrame]) -> None:
    unknown, used = [np.nan] * 3, [70.0] * 4
    # Before the table begins nothing was measured either.
    assert_same(series["usage"].loc["one"], [*unknown, *used, *unknown])
    assert_same(series["usage"].loc["two"], [*unknown, *[0.0] * 4, *unknown])


def test_where_the_table_goes_on_no_row_is_nothing(series: dict[str, pd.DataFrame]) -> None:
    assert_same(series["tickets"].loc["one"], [0.0] * 8 + [1.0, 0.0])
    # Our own words say that messages are still exported, and are none of theirs.
    assert_same(series["messages"].loc["one"], [np.nan] * 8 + [1.0, 0.0])


def assert_same(found: pd.Series[float], wanted: list[float]) -> None:
    np.testing.assert_array_equal(found.to_numpy(float), wanted)
