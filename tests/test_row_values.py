"""Rows as mappings say what pandas says of them."""

import pandas as pd

from risk_model.row_values import rows_of


def test_a_row_holds_what_pandas_gives_as_a_record() -> None:
    frame = pd.DataFrame(
        {"who": ["a", None], "often": [1, 2], "rate": [0.5, float("nan")], "is_on": [True, False]},
        index=[7, 3],
    )
    rows = rows_of(frame)
    assert [list(row) for row in rows] == [list(frame.columns)] * 2
    for row, record in zip(rows, frame.to_dict("records"), strict=True):
        assert len(row) == len(record)
        assert [repr(row[name]) for name in row] == [repr(value) for value in record.values()]
        assert [type(row[name]) for name in row] == [type(value) for value in record.values()]
    assert rows[0].get("nothing") is None
