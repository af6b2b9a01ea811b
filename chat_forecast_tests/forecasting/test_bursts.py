import numpy as np
import pandas as pd
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting import train
from chat_forecast.forecasting.bursts import cap_bursts, cap_for_training
from chat_forecast.forecasting.same_hour import fit_same_hour
from chat_forecast_tests.factories import make_series
from chat_forecast_tests.forecasting.test_training import after, make_chat

FIRST = LocalDay.parse("2026-01-01", "UTC")


def slow_cap(series):
    """Hour by hour, looking back over all hours of the 56 days before."""
    dates = [hour.date() for hour in series["hour"]]
    counts = [np.nan if pd.isna(count) else float(count) for count in series["messages"]]
    for place, date in enumerate(dates):
        before = [k for k in range(place) if 0 < (date - dates[k]).days <= 56 and not np.isnan(counts[k])]
        if len({dates[k] for k in before}) >= 3:
            counts[place] = min(counts[place], max(5, 1.5 * max(counts[k] for k in before)))
    return counts


def test_the_cap_is_that_of_a_slow_search():
    chat = make_chat(days=80)
    loud = chat.assign(messages=chat["messages"].mask(chat.index % 97 == 3, 400))
    np.testing.assert_array_equal(cap_bursts(loud)["messages"], slow_cap(loud))


def test_a_burst_is_cut_down_to_half_as_much_again_as_ever_before():
    chat = make_series(FIRST, 30, lambda hour: 1000 if hour == FIRST.plus(29).hours[20] else 8)
    assert cap_bursts(chat)["messages"].max() == 12


def test_small_counts_and_the_first_days_are_never_cut():
    quiet = make_series(FIRST, 30, lambda hour: 5 if hour == FIRST.plus(29).hours[20] else 0)
    assert cap_bursts(quiet)["messages"].tolist() == quiet["messages"].astype(float).tolist()
    young = make_series(FIRST, 3, lambda hour: 1000 if hour == FIRST.plus(2).hours[20] else 8)
    assert cap_bursts(young)["messages"].max() == 1000


def test_a_new_level_is_reached_within_days():
    chat = make_series(FIRST, 40, lambda hour: 80 if hour >= FIRST.plus(30).start else 8)
    by_day = cap_bursts(chat).groupby(chat["hour"].dt.date)["messages"].max().tolist()
    assert by_day[29:38] == [8, 12, 18, 27, 40.5, 60.75, 80, 80, 80]


def test_missing_hours_stay_missing_and_what_follows_changes_nothing():
    chat = make_chat(days=60, missing=0.1)
    assert cap_bursts(chat)["messages"].isna().tolist() == chat["messages"].isna().tolist()
    longer = pd.concat([chat, make_series(LocalDay.parse("2026-02-01", "Europe/Moscow"), 3, lambda _: 999)])
    assert cap_bursts(longer)["messages"].head(len(chat)).equals(cap_bursts(chat)["messages"])


def test_the_series_itself_is_left_as_it_is():
    chat = make_chat(days=30).assign(messages=lambda table: table["messages"].astype(float))
    before = chat.copy()
    cap_bursts(chat)
    pd.testing.assert_frame_equal(chat, before)


def test_a_series_without_hours_has_none_to_cap():
    assert cap_bursts(make_chat(days=2).iloc[:0]).empty


def test_a_burst_of_the_first_days_is_cut_for_training_by_the_days_after_it():
    chat = make_series(FIRST, 60, lambda hour: 1000 if hour == FIRST.plus(1).hours[20] else 8)
    assert cap_bursts(chat)["messages"].max() == 1000
    assert cap_for_training(chat)["messages"].max() == 12


def test_a_day_of_bursts_is_cut_for_training_and_two_busy_days_are_not():
    def busy(days):
        begin, end = FIRST.plus(40).start, FIRST.plus(40 + days).start
        return make_series(FIRST, 60, lambda hour: 12 if begin <= hour < end else 8 * (hour.hour > 7))

    by_day = cap_for_training(busy(1)).groupby(busy(1)["hour"].dt.date)["messages"].sum().tolist()
    assert by_day[40] == pytest.approx(1.2 * 16 * 8)
    assert cap_for_training(busy(2))["messages"].max() == 12


def make_steady(days=100, level=60, seed=3):
    rng = np.random.default_rng(seed)
    return make_series(FIRST, days, lambda hour: int(rng.poisson(level / 24 * (1 + 0.8 * np.sin(hour.hour / 24 * 6.28)))))


def burst_on_the_last_day(chat, hours, extra):
    is_burst = (chat.index >= len(chat) - 24) & chat["hour"].dt.hour.isin(hours)
    return chat.assign(messages=chat["messages"] + is_burst.astype(int) * extra)


@pytest.fixture(scope="module")
def steady():
    chat = make_steady()
    return chat, train(chat).fitted


@pytest.mark.parametrize("extra", [10, 100, 1000, 100_000])
@pytest.mark.parametrize("hours", [[3], [13], [23], list(range(24))], ids=["night", "day", "midnight", "all day"])
def test_a_burst_of_any_size_moves_the_day_after_by_at_most_a_quarter(steady, hours, extra):
    chat, fitted = steady
    usual, moved = (
        fitted.forecast(each, after(chat).hours)["expected"].sum()
        for each in (chat, burst_on_the_last_day(chat, hours, extra))
    )
    assert 0.8 * usual <= moved <= 1.25 * usual


@pytest.mark.parametrize("hours", [[13], list(range(24))], ids=["an hour", "all day"])
def test_a_training_with_a_burst_in_it_moves_the_day_after_by_at_most_a_quarter(steady, hours):
    chat, fitted = steady
    loud = burst_on_the_last_day(chat, hours, 1000)
    usual = fitted.forecast(chat, after(chat).hours)["expected"].sum()
    moved = train(loud).fitted.forecast(loud, after(chat).hours)["expected"].sum()
    assert 0.8 * usual <= moved <= 1.25 * usual


def expect(chat, *, fitted=None):
    """Messages expected on the day after a chat, by a model of its own unless one is given."""
    return (fitted or train(chat).fitted).forecast(chat, after(chat).hours)["expected"].sum()


@pytest.mark.parametrize("is_trained_nightly", [False, True], ids=["no training", "a training a night"])
def test_the_days_after_a_thousand_messages_in_an_hour_are_forecast_as_ever(is_trained_nightly):
    chat = make_steady(days=106, level=25)
    burst = chat["hour"] == FIRST.plus(99).hours[13]
    chat["messages"] += 1000 * burst.astype(int)
    model = train(chat[: 99 * 24]).fitted
    for days in range(100, 106, 2):
        seen = chat[: days * 24]
        assert 20 <= expect(seen, fitted=None if is_trained_nightly else model) <= 33


def test_a_burst_in_a_quiet_chat_moves_the_day_after_by_less_than_a_message():
    chat = make_steady(level=2)
    fitted = train(chat).fitted
    for hours in ([13], [23], list(range(24))):
        loud = burst_on_the_last_day(chat, hours, 500)
        assert abs(expect(loud, fitted=fitted) - expect(chat, fitted=fitted)) < 1
        assert abs(expect(loud) - expect(chat)) < 1


@pytest.mark.parametrize("hidden", [slice(-48, -24), slice(-30, -20), slice(-10, -4), slice(-24 * 8, -24)])
def test_a_burst_beside_missing_hours_moves_the_day_after_by_at_most_a_quarter(steady, hidden):
    chat, fitted = steady
    chat = chat.assign(messages=chat["messages"].mask(chat.index.isin(chat.index[hidden])))
    for hours in ([22], list(range(24))):
        loud = burst_on_the_last_day(chat, hours, 5000)
        assert expect(loud, fitted=fitted) <= 1.25 * expect(chat, fitted=fitted)


def test_two_bursts_a_week_apart_move_the_day_after_by_at_most_a_quarter(steady):
    chat, fitted = steady
    a_week_before = (chat.index >= len(chat) - 8 * 24) & (chat.index < len(chat) - 7 * 24)
    loud = burst_on_the_last_day(chat, list(range(24)), 500)
    loud["messages"] += a_week_before.astype(int) * 500
    assert expect(loud, fitted=fitted) <= 1.25 * expect(chat, fitted=fitted)
    assert expect(loud) <= 1.25 * expect(chat)


def test_a_burst_on_the_first_days_leaves_no_trace_in_the_forecast():
    chat = make_steady(days=60)
    loud = chat.assign(messages=chat["messages"] + 5000 * (chat["hour"] == FIRST.plus(2).hours[13]).astype(int))
    assert expect(loud) == pytest.approx(expect(chat), rel=0.03)


def test_a_burst_without_a_model_moves_the_same_hour_s_mean_by_at_most_a_quarter():
    chat = make_steady(days=40)
    fitted = fit_same_hour(chat)
    for hours in ([13], list(range(24))):
        assert expect(burst_on_the_last_day(chat, hours, 5000), fitted=fitted) <= 1.25 * expect(chat, fitted=fitted)


@pytest.mark.parametrize("days", [5, 10, 16])
def test_a_burst_in_a_young_chat_moves_the_day_after_by_at_most_a_quarter(days):
    chat = make_steady(days=days, level=25)
    loud = burst_on_the_last_day(chat, [13], 1000)
    assert expect(loud, fitted=train(chat).fitted) <= 1.25 * expect(chat)
    assert expect(loud) <= 1.25 * expect(chat)
