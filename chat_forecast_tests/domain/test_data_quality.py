import numpy as np
import pandas as pd

from chat_forecast.domain.data_quality import missing_hours, repeated_ids, wrong_counts, wrong_hours
from chat_forecast.domain.hourly_series import count_by_hour
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.message_arrays import MessageArrays
from chat_forecast.domain.messages import MessageBatch
from chat_forecast_tests.factories import make_message_batch

DAY = LocalDay.parse("2026-01-01", "Europe/Moscow")


def test_a_sound_day_has_no_faults():
    batch = make_message_batch(DAY, [1, 100])
    series = count_by_hour(batch, DAY)
    faults = repeated_ids(batch.messages["message_id"].to_numpy()), wrong_counts(series, MessageArrays.of(batch), DAY)
    assert (*faults, wrong_hours(series, DAY), missing_hours(series)) == ([], [], [], [])


def test_a_repeated_id_is_found():
    assert repeated_ids(np.array([7, 5, 7, 6, 7])) == ["2 messages repeat an id"]


def test_absent_repeated_and_foreign_hours_are_found():
    series = count_by_hour(make_message_batch(DAY), DAY)
    assert "1 hours absent" in wrong_hours(series.iloc[1:], DAY)[0]
    assert "1 hours repeated" in wrong_hours(pd.concat([series, series.iloc[:1]]), DAY)[0]
    assert any("not of this day" in fault for fault in wrong_hours(series, DAY.plus(1)))


def test_counts_that_do_not_add_up_are_found():
    batch = make_message_batch(DAY, [1, 2])
    series = count_by_hour(batch, DAY)
    series.loc[0, "messages"] = 5
    assert wrong_counts(series, MessageArrays.of(batch), DAY) == ["the hours add up to 5, stored are 2 messages"]


def test_a_missing_day_is_told_from_missing_hours():
    assert missing_hours(count_by_hour(MessageBatch(), DAY)) == ["missing day: nothing of it was read"]
    series = count_by_hour(make_message_batch(DAY), DAY)
    series.loc[[0, 5], "messages"] = pd.NA
    assert missing_hours(series) == ["2 of 24 hours were not read: 00:00, 05:00"]
