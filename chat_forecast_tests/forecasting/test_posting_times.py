import numpy as np
import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting.holiday_effect import holiday_names
from chat_forecast.forecasting.posting_times import busiest_windows, quietest_clock

FIRST = LocalDay.parse("2026-05-11", "Europe/Moscow")
HOURS = pd.DatetimeIndex([hour for day in FIRST.until(FIRST.plus(6)) for hour in day.hours])


def test_the_busiest_windows_are_of_different_days_and_within_them():
    expected = np.ones(len(HOURS))
    expected[[19, 20, 21, 23, 24, 67, 68]] = [9, 9, 8, 10, 10, 5, 5]  # 23 and 24 o'clock are two days
    windows = busiest_windows(HOURS, expected)
    assert [(f"{each.start:%a %H}", f"{each.end:%H}", each.expected) for each in windows] == [
        ("Mon 19", "21", 18.0),
        ("Tue 00", "02", 11.0),
        ("Wed 19", "21", 10.0),
    ]


def test_a_silent_chat_has_no_busiest_hour():
    assert busiest_windows(HOURS, np.zeros(len(HOURS))) == []


def test_the_quietest_hours_may_pass_midnight():
    assert quietest_clock(HOURS, np.where(np.isin(HOURS.hour, [22, 23, 0, 1]), 0.1, 3.0)) == (22, 2)


def test_holidays_are_named():
    days = [FIRST.plus(number).date for number in (-2, 0)]
    assert holiday_names(days, "RU") == ["Victory Day", ""] or holiday_names(days, "RU")[0]
    assert holiday_names(days, None) == ["", ""]
