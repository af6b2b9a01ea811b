import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_forecast.domain.data_quality import wrong_counts, wrong_hours
from chat_forecast.domain.hourly_series import count_by_hour, is_missing_day
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.message_arrays import MessageArrays
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast_tests.domain.test_local_day import DAYS, ZONES
from chat_forecast_tests.factories import make_message_batch


@given(DAYS, ZONES, st.lists(st.floats(0, 0.999999), max_size=50))
def test_counts_add_up_on_every_day_of_every_zone(date, zone, moments):
    day = LocalDay(date, zone)
    minutes = [(day.end - day.start) * moment / pd.Timedelta("1min") for moment in moments]
    batch = make_message_batch(day, minutes)
    series = count_by_hour(batch, day)
    assert series["messages"].sum() == len(moments)
    assert wrong_hours(series, day) == []
    assert wrong_counts(series, MessageArrays.of(batch), day) == []


def test_messages_fall_into_their_hour_in_both_passages_of_a_repeated_hour():
    day = LocalDay.parse("2026-10-25", "Europe/Berlin")
    series = count_by_hour(make_message_batch(day, [120, 130, 185]), day)
    at_two = series[series["hour"].dt.strftime("%H") == "02"]
    assert at_two["messages"].tolist() == [2, 1]


def test_missing_day_is_not_counted_as_zero():
    day = LocalDay.parse("2026-01-01", "Europe/Moscow")
    series = count_by_hour(MessageBatch(), day)
    assert series["messages"].isna().all()
    assert is_missing_day(series)


def test_quiet_hours_are_zero_and_hours_not_read_from_end_to_end_are_missing():
    day = LocalDay.parse("2026-01-01", "Europe/Moscow")
    from_09_17 = ReadIntervals.of((day.start + pd.Timedelta("9h17min"), day.end))
    series = count_by_hour(make_message_batch(day, [9 * 60 + 17, 12 * 60 + 5], read_intervals=from_09_17), day)
    assert series["messages"].isna().tolist() == [True] * 10 + [False] * 14
    assert series["messages"].tolist()[10:] == [0, 0, 1] + [0] * 11


def test_senders_are_counted_once_an_hour():
    day = LocalDay.parse("2026-01-01", "UTC")
    series = count_by_hour(make_message_batch(day, [1, 2, 3, 61]), day)
    assert series["senders"].tolist()[:3] == [2, 1, 0]


def test_messages_of_another_day_are_refused():
    day = LocalDay.parse("2026-01-01", "UTC")
    with pytest.raises(ValueError, match="do not all lie in 2026-01-01"):
        count_by_hour(make_message_batch(day, [1440]), day)
