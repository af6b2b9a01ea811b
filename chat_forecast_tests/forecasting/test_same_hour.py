import numpy as np
import pandas as pd
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting.same_hour import fit_same_hour, same_hour_counts
from chat_forecast.forecasting.seasonal_naive import seasonal_naive
from chat_forecast_tests.factories import make_series

FIRST = LocalDay.parse("2026-01-01", "Europe/Moscow")


def test_each_hour_sees_its_own_last_28_days():
    series = make_series(FIRST, 60, lambda hour: 100 if hour < FIRST.plus(32).start else hour.hour)
    for clock, counts in enumerate(same_hour_counts(series)):
        assert counts.tolist() == [clock] * 28


def test_missing_hours_are_left_out():
    series = make_series(FIRST, 28, lambda hour: None if hour.day % 2 else 5)
    assert {tuple(counts) for counts in same_hour_counts(series)} == {(5.0,) * 14}


def test_an_hour_with_few_counts_takes_in_its_neighbours():
    series = make_series(FIRST, 1, lambda hour: hour.hour)
    assert sorted(same_hour_counts(series)[12]) == [9, 10, 11, 12, 13, 14, 15]
    assert sorted(same_hour_counts(series)[0]) == [0, 1, 2, 3, 21, 22, 23]


def test_one_known_hour_is_enough_for_a_forecast():
    series = make_series(FIRST, 1, lambda hour: 3 if hour.hour == 9 else None)
    table = fit_same_hour(series).forecast(series, FIRST.plus(1).hours)
    assert table["expected"].tolist() == [3.0] * 24


def test_a_model_still_forecasts_when_nothing_is_known_any_more():
    series = make_series(FIRST, 28, lambda hour: hour.hour)
    fitted = fit_same_hour(series)
    unread = make_series(FIRST.plus(100), 50, lambda _: None)
    for nothing in (unread, unread.iloc[:0]):
        table = fitted.forecast(nothing, FIRST.plus(150).hours)
        assert table["median"].tolist() == list(range(24))


def test_the_seasonal_naive_looks_back_168_hours():
    series = make_series(FIRST, 8, lambda hour: None if hour.hour == 5 else hour.hour + 100 * hour.day)
    values = seasonal_naive(series, FIRST.plus(8).hours)
    assert values[4] == 4 + 100 * FIRST.plus(1).date.day
    assert np.isnan(values[5])
    assert np.isnan(seasonal_naive(series, FIRST.plus(30).hours)).all()
    assert len(seasonal_naive(series, pd.DatetimeIndex(FIRST.plus(8).hours[:3]))) == 3


@pytest.mark.parametrize("change", ["2026-04-05", "2026-10-04"])
def test_where_clocks_change_by_half_an_hour_the_baseline_is_the_same_wall_hour(change):
    first = LocalDay.parse(change, "Australia/Lord_Howe").plus(-9)
    series = make_series(first, 30, counts=lambda hour: 100 * hour.day + hour.hour)
    for day in first.plus(7).until(first.plus(25)):
        expected = [100 * day.plus(-7).date.day + hour.hour for hour in day.hours]
        assert seasonal_naive(series, day.hours).tolist() == expected


def test_where_clocks_change_by_an_hour_the_baseline_is_168_hours_before():
    change = LocalDay.parse("2026-10-25", "Europe/Berlin")
    series = make_series(change.plus(-7), 9, counts=lambda hour: hour.hour)
    assert seasonal_naive(series, change.plus(1).hours).tolist() == [1, *range(2, 24), 0]
