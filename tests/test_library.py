"""The package in a notebook: days as people have them at hand, and mistakes in plain words."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

import risk_model as rm
from risk_model.errors import UsageError
from risk_model.library import Company, Day, features_at
from small_company import AS_OF, account, desk, moment, ticket, write_tables

MIDNIGHTS = (
    str(AS_OF),
    pytest.param(pd.Timestamp(AS_OF), marks=pytest.mark.slow),
    pytest.param(pd.Timestamp(AS_OF, tz="UTC"), marks=pytest.mark.slow),
    pytest.param(dt.datetime(AS_OF.year, AS_OF.month, AS_OF.day), marks=pytest.mark.slow),
    pytest.param(np.datetime64(AS_OF), marks=pytest.mark.slow),
    pytest.param(np.datetime64(AS_OF, "ns"), marks=pytest.mark.slow),
)
NO_DAYS = ("29.06.2026", "2026-13-01", 20_542, pd.NaT, np.datetime64("NaT"))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    data = write_tables(
        tmp_path_factory.mktemp("library") / "data",
        accounts=[account("busy"), account("calm")],
        tickets=[*desk("calm"), *(ticket(n, "busy", moment(3, n)) for n in range(5))],
    )
    with rm.open_tables(data, progress=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def measured(company: Company) -> pd.DataFrame:
    return features_at(company, AS_OF)


@pytest.mark.parametrize("day", MIDNIGHTS, ids=repr)
def test_a_day_is_a_day_in_whatever_kind_it_comes(
    company: Company, measured: pd.DataFrame, day: Day
) -> None:
    pd.testing.assert_frame_equal(rm.features_at(company, day), measured)


@pytest.mark.slow
def test_features_are_measured_on_what_their_own_index_returns(
    company: Company, measured: pd.DataFrame
) -> None:
    days = measured.index.get_level_values("as_of")
    for asked in (pd.date_range(AS_OF, periods=1), days, days.to_numpy(), pd.Series(days)):
        assert rm.features_at(company, asked).loc["busy", "tickets_7d"].tolist() == [5.0]


@pytest.mark.slow
def test_a_list_takes_the_days_of_pandas(company: Company) -> None:
    listed = rm.score(company, pd.Timestamp(AS_OF), model="rules")
    assert set(listed.ranked["as_of"]) == {str(AS_OF)}


@pytest.mark.parametrize(
    "time",
    [pd.Timestamp(f"{AS_OF} 08:30"), pd.Timestamp(AS_OF, tz="Europe/Berlin")],
    ids=["in the morning", "a midnight elsewhere"],
)
def test_a_time_of_a_day_is_refused_since_days_are_meant(company: Company, time: Day) -> None:
    with pytest.raises(UsageError, match="Days are meant, each from 00:00 UTC: give 2026-03-"):
        rm.features_at(company, time)


@pytest.mark.parametrize("day", NO_DAYS, ids=repr)
def test_what_is_no_day_is_told_as_such(company: Company, day: Day) -> None:
    for asked in (rm.features_at, rm.score, rm.history):
        more = ("busy",) if asked is rm.history else ()
        with pytest.raises(UsageError, match=r"not a da(te|y).* as YYYY-MM-DD"):
            asked(company, *more, day)


def test_what_may_be_chosen_is_told_where_something_else_is_asked_for(company: Company) -> None:
    with pytest.raises(UsageError, match="policy foo: choose probability or arr-at-risk"):
        rm.score(company, AS_OF, model="rules", policy="foo")
    with pytest.raises(UsageError, match="kind bogus: choose one of email, tracking, executive"):
        rm.brief_of(company, "busy", "bogus", AS_OF)


def test_a_table_that_the_company_does_not_have_is_told_with_those_that_it_has(
    company: Company,
) -> None:
    assert len(company.table("tickets")) == 7
    with pytest.raises(UsageError, match=r"'tasks': this company has none\. It has accounts, tick"):
        company.table("tasks")
    with pytest.raises(UsageError, match="Did you mean 'tickets'"):
        company.table("ticket")


def test_somebody_who_was_no_customer_is_told_with_the_date(company: Company) -> None:
    with pytest.raises(UsageError, match=rf"nobody .* 13 weeks before {AS_OF}"):
        rm.history(company, "nobody", AS_OF)


def test_measuring_a_day_without_customers_warns_of_nothing(
    company: Company, measured: pd.DataFrame
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nobody = rm.features_at(company, "2019-01-01")
    assert nobody.empty
    assert list(nobody.columns) == list(measured.columns)
    assert set(nobody.dtypes) == {np.dtype(float)}
