import numpy as np
import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting.bursts import cap_bursts
from chat_forecast_tests.factories import make_series
from chat_forecast_tests.forecasting.test_training import make_chat

FIRST = LocalDay.parse("2026-01-01", "UTC")


def slow_cap(series):
    """Hour by hour, looking back over all hours of the 56 days before."""
    dates = [hour.date() for hour in series["hour"]]
    counts = [np.nan if pd.isna(count) else float(count) for count in series["messages"]]
    for place, date in enumerate(dates):
        before = [k for k in range(place) if 0 < (date - dates[k]).days <= 56 and not np.isnan(counts[k])]
        if len({dates[k] for k in before}) >= 14:
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
    young = make_series(FIRST, 14, lambda hour: 1000 if hour == FIRST.plus(13).hours[20] else 8)
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
