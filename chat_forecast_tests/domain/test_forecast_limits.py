import numpy as np
import pandas as pd
import pytest

from chat_forecast.domain.forecast_limits import (
    SANE_FACTOR,
    forecast_faults,
    is_withheld,
    missing_days_before,
    no_forecast_reason,
    withheld_reason,
)
from chat_forecast.domain.forecast_table import FORECAST_COLUMNS
from chat_forecast.domain.local_day import LocalDay
from chat_forecast_tests.factories import make_forecast, make_series

DAY = LocalDay.parse("2026-03-01", "Europe/Moscow")


def make_history(day_total=96, days=60, known=lambda _hour: True):
    """Days before DAY that had as many messages each, all hours alike but one at noon that has twice as many."""
    unit = day_total / 25
    return make_series(
        DAY.plus(-days), days, lambda hour: round(unit * (2 if hour.hour == 12 else 1)) if known(hour) else None
    )


HISTORY = make_history()


def test_a_forecast_like_the_days_before_is_sane():
    assert forecast_faults(make_forecast(DAY, 4.0), DAY, HISTORY) == []
    assert withheld_reason(make_forecast(DAY, 4.0), DAY, HISTORY) == ""


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("expected", np.nan, "expected is not finite"),
        ("q99", np.inf, "q99 is not finite"),
        ("q01", -1.0, "q01 is negative"),
        ("q10", 9.0, "quantiles out of order in 1 hours"),
    ],
)
def test_values_that_no_forecast_has_are_found(column, value, words):
    forecast = make_forecast(DAY)
    forecast.loc[3, column] = value
    assert any(words in fault for fault in forecast_faults(forecast, DAY, HISTORY))
    assert is_withheld(forecast, DAY, HISTORY)


def test_hours_of_another_day_are_found():
    assert "24 hours absent" in forecast_faults(make_forecast(DAY), DAY.plus(1), HISTORY)[0]


def test_a_total_far_above_the_busiest_day_is_withheld_and_says_why():
    history = make_history().assign(messages=lambda table: table["messages"].where(table.index % 24 != 5, 90))
    forecast = make_forecast(DAY, 28_373 / 24)
    words = withheld_reason(forecast, DAY, history)
    assert words.startswith("withheld: 28,373 messages are expected, the busiest of the last 56 known days had 186; ")
    assert is_withheld(forecast, DAY, history)


def test_one_impossible_hour_is_enough():
    forecast = make_forecast(DAY)
    forecast.loc[3, ["expected", "q90", "q99"]] = [40.0, 60.0, 90.0]
    assert forecast_faults(forecast, DAY, HISTORY) == [
        "40 messages are expected at 03:00, the busiest hour of the last 56 known days had 8",
        "60 messages lie in the interval at 03:00, the busiest hour of the last 56 known days had 8",
    ]


def test_the_limit_is_the_factor_times_the_greatest():
    def total(expected):
        return [fault for fault in forecast_faults(make_forecast(DAY, expected), DAY, HISTORY) if "busiest of" in fault]

    greatest = 25 * 4
    assert total(SANE_FACTOR * greatest / 24 - 0.1) == []
    assert total(SANE_FACTOR * greatest / 24 + 0.1)


def test_next_to_nothing_for_a_busy_chat_is_withheld():
    busy = make_history(day_total=2500)
    forecast = make_forecast(DAY, 100.0)
    forecast[list(FORECAST_COLUMNS[1:])] = 0.0
    assert forecast_faults(forecast, DAY, busy) == [
        "0 messages at most lie in the interval, the quietest of the last 56 known days had 2,500"
    ]


def test_a_chat_that_has_just_begun_or_is_all_but_silent_is_not_suspected():
    assert forecast_faults(make_forecast(DAY, 300.0), DAY, make_history(days=3)) == []
    silent = make_series(DAY.plus(-60), 60, lambda _: 0)
    assert forecast_faults(make_forecast(DAY, 0.4), DAY, silent) == []
    assert forecast_faults(make_forecast(DAY, 4.0), DAY, silent)


def test_only_the_last_56_known_days_are_compared_with():
    longer = pd.concat([make_series(DAY.plus(-300), 100, lambda _: 5000), make_history()], ignore_index=True)
    assert is_withheld(make_forecast(DAY, 1000.0), DAY, longer)
    unread = make_history(known=lambda hour: hour < DAY.plus(-20).start)
    earlier = pd.concat([make_series(DAY.plus(-90), 30, lambda _: 1000), unread], ignore_index=True)
    assert not is_withheld(make_forecast(DAY, 1000.0), DAY, earlier)


def test_a_day_that_is_partly_known_is_not_the_quietest():
    partly = make_history(2500, known=lambda hour: hour < DAY.plus(-1).start or hour.hour == 3)
    forecast = make_forecast(DAY, 100.0)
    forecast[list(FORECAST_COLUMNS[1:])] = 0.0
    assert is_withheld(forecast, DAY, partly)


def test_no_forecast_is_no_fault():
    assert forecast_faults(make_forecast(DAY).iloc[:0], DAY, HISTORY) == []
    assert not is_withheld(make_forecast(DAY).iloc[:0], DAY, HISTORY)


@pytest.mark.parametrize(("missing", "reason"), [(0, ""), (1, ""), (28, ""), (29, "the last known hour is 29 days old")])
def test_after_28_days_without_a_known_hour_there_is_no_forecast(missing, reason):
    series = make_history(known=lambda hour: hour < DAY.plus(-missing).start)
    assert missing_days_before(series, DAY) == missing
    assert no_forecast_reason(series, DAY) == reason
    stored_only = series[series["messages"].notna()]
    assert no_forecast_reason(stored_only, DAY) == reason


def test_one_known_hour_of_yesterday_is_enough():
    series = make_history(known=lambda hour: hour < DAY.plus(-40).start or hour == DAY.plus(-1).hours[2])
    assert missing_days_before(series, DAY) == 0


def test_of_what_was_never_known_nothing_can_be_forecast():
    never = make_history(known=lambda _: False)
    assert missing_days_before(never, DAY) is None
    assert no_forecast_reason(never, DAY) == no_forecast_reason(never.iloc[:0], DAY) == "no hour of the series is known"
