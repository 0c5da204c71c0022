"""CSV text is what pandas and Python's csv write, whatever the cells hold."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_model import csv_text as writing
from risk_model.csv_text import csv_text

# Python 3.11 leaves a lone carriage return without quotes, which RFC 4180 does not.
WORDS = st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]))
CELLS = st.none() | WORDS | st.sampled_from(["a,b", '"', 'say "no"', "two\nlines", ""])
NUMBERS = st.none() | st.floats(allow_nan=False) | st.integers(-(2**53), 2**53).map(float)


@pytest.mark.slow
@given(st.lists(st.tuples(CELLS, NUMBERS, st.integers(-(2**60), 2**60), st.booleans()), max_size=9))
def test_a_frame_is_written_as_pandas_writes_it(rows: list[tuple[object, ...]]) -> None:
    frame = pd.DataFrame(rows, columns=["words, in rows", "number", "whole", "is"])
    frame["words, in rows"] = frame["words, in rows"].astype("str")
    for chosen in (frame, frame.astype({"words, in rows": object}), frame[["words, in rows"]]):
        expected = chosen.to_csv(index=False, lineterminator="\n", na_rep="")
        assert csv_text(chosen).decode() == expected


def test_whole_numbers_may_be_missing_and_a_carriage_return_is_quoted() -> None:
    frame = pd.DataFrame({"rank": pd.array([3, None], dtype="Int64"), "name": ["a\rb", None]})
    assert csv_text(frame).decode() == 'rank,name\n3,"a\rb"\n,\n'
    read = list(csv.reader(io.StringIO(csv_text(frame).decode(), newline="")))
    assert read == [["rank", "name"], ["3", "a\rb"], ["", ""]]


def test_many_rows_are_written_slice_by_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"a": range(7), "b": [f"{n}, {n}" for n in range(7)]})
    whole = csv_text(frame)
    monkeypatch.setattr(writing, "SLICE", 2)
    assert csv_text(frame) == whole == frame.to_csv(index=False, lineterminator="\n").encode()
