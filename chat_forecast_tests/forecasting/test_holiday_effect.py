import json

import numpy as np
import pandas as pd
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting import load, train
from chat_forecast.forecasting.holiday_effect import NO_EFFECT, HolidayEffect, find_effect, is_holiday
from chat_forecast_tests.forecasting.test_training import make_chat

FIRST = LocalDay.parse("2025-11-20", "Europe/Moscow")  # the Russian new year's holidays follow: 31 December to 8 January


def test_the_holidays_of_a_country_are_known_by_local_day():
    hours = pd.date_range("2025-07-03 20:00", periods=32, freq="h", tz="America/New_York")
    assert is_holiday(hours, "US").sum() == 24
    assert not is_holiday(hours, "RU").any()


def test_quiet_holidays_are_found_and_used():
    effect, why = find_effect("RU", [50, 55, 45, 50], [100, 100, 100, 100])
    assert effect.country == "RU"
    assert effect.factor == pytest.approx((200 + 200) / (400 + 200))
    assert "0.67 times" in why


def test_an_effect_that_would_not_have_helped_is_left_out():
    effect, why = find_effect("RU", [50, 150, 50, 150], [100, 100, 100, 100])
    assert effect == NO_EFFECT
    assert "would not have helped" in why


def test_few_holidays_are_not_enough():
    assert find_effect("RU", [1, 1], [100, 100])[0] == NO_EFFECT


def test_nothing_is_left_of_an_effect_without_holidays():
    hours = pd.date_range("2026-03-02", periods=24, freq="h", tz="Europe/Moscow")
    assert HolidayEffect("RU", 0.5).factors(hours).tolist() == [1.0] * 24
    assert HolidayEffect().factors(hours).tolist() == [1.0] * 24


def test_a_chat_that_keeps_holidays_is_forecast_quieter_on_the_next_one():
    chat = make_chat(days=95, first=FIRST, missing=0)
    quiet = is_holiday(pd.DatetimeIndex(chat["hour"]), "RU")
    counts = chat["messages"].to_numpy(dtype=float)
    chat["messages"] = pd.array(np.where(quiet, counts // 4, counts).astype(int), dtype="Int64")
    chat = chat[chat["hour"] < LocalDay.parse("2026-02-23", FIRST.timezone).start]
    holiday = LocalDay.parse("2026-02-23", FIRST.timezone)
    with_country, without = train(chat, "RU"), train(chat)
    assert "holidays of RU have 0." in with_country.why
    totals = [load(json.loads(json.dumps(each.fitted.to_dict()))).forecast(chat, holiday.hours)["expected"].sum()
              for each in (with_country, without)]  # fmt: skip
    assert totals[0] < 0.6 * totals[1]
